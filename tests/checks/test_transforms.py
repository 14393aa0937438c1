"""What a transform does to tissue, against scalings and folds worked out by hand."""

import numpy as np
import pytest
import SimpleITK

from sirtdose.checks.header import remark_findings
from sirtdose.checks.transforms import (
    Fit,
    bend_findings,
    change_findings,
    dice_findings,
    direction_findings,
    transform_findings,
    unknown_direction_findings,
)
from sirtdose.dosimetry.grid.bend import Bend, Change, bend_at
from sirtdose.dosimetry.grid.registration import of_transform
from sirtdose.model.finding import Severity
from sirtdose.model.grid import Grid
from sirtdose.model.role import Role
from sirtdose.model.structure import Structure
from sirtdose.model.volume import Source
from sirtdose.workflows.image.registration import measured

GRID = Grid.regular(
    (20, 24, 28), spacing_mm=(5.0,) * 3, origin_mm=(-67.5, -57.5, -47.5)
)


def severities(found: list) -> list[str]:
    return [str(one.severity) for one in found]


def bent(amplitude_mm: float) -> SimpleITK.Transform:
    """x moves by an amplitude times a bump 1 at the middle and 0 at the edges."""
    at = GRID.world_mm(np.stack(np.indices(GRID.shape), axis=-1))
    bump = np.prod(np.cos(np.pi * at / (2 * np.array([72.5, 62.5, 52.5]))), axis=-1)
    field = np.zeros((*GRID.shape, 3))
    field[..., 0] = amplitude_mm * bump
    image = SimpleITK.GetImageFromArray(field, isVector=True)
    image.SetOrigin(GRID.affine_mm[:3, 3].tolist())
    image.SetSpacing((5.0, 5.0, 5.0))
    return SimpleITK.DisplacementFieldTransform(image)


def ball(radius_mm: float, role: Role = Role.LIVER) -> Structure:
    at = GRID.world_mm(np.stack(np.indices(GRID.shape), axis=-1))
    inside = np.linalg.norm(at, axis=-1) <= radius_mm
    return Structure(role.title(), role, inside, GRID)


def test_how_much_it_bends_and_folds() -> None:
    """A shift of a sin(x / L) has the derivative 1 + (a / L) cos(x / L)."""
    points = np.column_stack([np.linspace(-30, 30, 61), np.zeros(61), np.zeros(61)])
    still = SimpleITK.Transform(3, SimpleITK.sitkIdentity)
    found = bend_at(bent(10.0), still, points, region="Liver")
    # Bump along x: cos(pi x / 145); steepest at the ends of the line, 0 in the middle.
    slope = 10 * np.pi / 145 * np.sin(np.pi * 30 / 145)
    assert found.max_mm == pytest.approx(10.0, abs=0.1)
    assert found.jacobian_min == pytest.approx(1 - slope, abs=0.02)
    assert found.jacobian_max == pytest.approx(1 + slope, abs=0.02)
    assert found.folded_fraction == 0
    folded = bend_at(bent(90.0), still, points, region="Liver")
    assert folded.jacobian_min < 0
    assert folded.folded_fraction > 0.1


def test_a_transform_that_bends_is_told_from_one_that_does_not() -> None:
    found = of_transform(bent(6.0), GRID, method="file")
    assert found.start is not None
    assert found.matrix is None
    known = measured(found, [ball(30.0)], [ball(30.0)], GRID)
    assert known.bend is not None
    assert 1 < known.bend.max_mm < 6.5
    [warned] = bend_findings(known)
    assert warned.severity is Severity.WARN
    assert "Jacobian" in warned.message
    straight = of_transform(SimpleITK.TranslationTransform(3), GRID, method="file")
    assert bend_findings(measured(straight, [ball(30.0)], [ball(30.0)], GRID)) == []


@pytest.mark.parametrize(
    ("changed", "said"),
    [
        (
            {"folded_fraction": 0.001, "jacobian_min": -0.1},
            "0.10% of the region is folded",
        ),
        ({"p95_mm": 17.0}, "less than 15 mm"),
        ({"jacobian_p5": 0.4}, "0.6 to 1.67"),
        ({"jacobian_p95": 2.1}, "0.6 to 1.67"),
        ({}, ""),
    ],
)
def test_bounds_of_bending(changed: dict[str, float], said: str) -> None:
    from dataclasses import replace

    usual = Bend("Liver", 3.0, 8.0, 10.0, 0.8, 0.9, 1.1, 1.2, 0.0)
    found = of_transform(bent(6.0), GRID, method="file")
    found = replace(found, bend=replace(usual, **changed))
    asked = [one for one in bend_findings(found) if one.severity is Severity.ASK]
    assert [said in one.message for one in asked] == ([True] if said else [])


def test_a_volume_that_changes_is_named_with_both_volumes() -> None:
    """The case in use: a tumor of 5.92 mL became one of 4.43 mL, the liver kept its."""
    changes = [
        Change("GTV", 5.92, 4.43, affine_ml=5.8, affine_dice=0.6),
        Change("Liver", 1500.0, 1440.0, affine_ml=1490.0, affine_dice=0.97),
    ]
    [asked] = change_findings(changes, voxel_volume_ml=0.01)
    assert asked.severity is Severity.ASK
    assert "'GTV' 5.92 to 4.43 mL (-25%, 5.80 after the affine part)" in asked.message
    assert "Liver" not in asked.message
    # A voxel more or less of a small structure is sampling.
    small = [Change("T", 0.3, 0.36)]
    assert change_findings(small, voxel_volume_ml=0.06) == []


def test_bending_that_gained_nothing_is_asked_about() -> None:
    from dataclasses import replace

    found = of_transform(bent(6.0), GRID, method="file")
    assert found.start is not None
    start = replace(found.start, metric_after=-1.4795)
    found = replace(found, start=start, metric_before=-1.2, metric_after=-1.4762)
    [asked] = bend_findings(found)
    assert asked.severity is Severity.ASK
    assert "deforming gained nothing" in asked.message


def test_how_far_and_which_way() -> None:
    far = SimpleITK.TranslationTransform(3, (12.0, 16.1, 0.0))
    found = of_transform(far, GRID, method="file")
    assert severities(transform_findings(found, what="structures were")) == [
        "note",
        "ask",
    ]
    near = SimpleITK.TranslationTransform(3, (12.0, 15.9, 0.0))
    found = of_transform(near, GRID, method="file")
    assert severities(transform_findings(found, what="structures were")) == ["note"]


@pytest.mark.parametrize(
    ("fits", "shift_mm", "severity", "said"),
    [
        ([(100, 90)], 18, None, ""),
        ([(100, 104)], 4, None, ""),
        ([(100, 104)], 18, "warn", "cannot be verified from x in 'S0'"),
        ([(100, 106)], 4, "ask", "'S0' contains 1.06 times as much of x"),
        ([(0, 5)], 4, "ask", "'S0' contains nothing of x"),
        # A lateral shift: the liver holds as much, what was treated does not.
        ([(100, 101), (50, 80)], 18, "ask", "'S1' contains 1.60 times"),
        ([(100, 101), (80, 50)], 18, None, ""),
        ([(100, 90), (50, 80)], 18, "warn", "cannot be verified from x in 'S0', 'S1'"),
        ([(100, 110), (80, 50)], 18, "ask", "'S0' contains 1.10 times"),
    ],
)
def test_which_way_round(
    fits: list[tuple[float, float]], shift_mm: float, severity: str | None, said: str
) -> None:
    way = SimpleITK.TranslationTransform(3, (shift_mm, 0.0, 0.0))
    found = direction_findings(
        [Fit(f"S{n}", *pair) for n, pair in enumerate(fits)],
        of="x",
        found=of_transform(way, GRID, method="file"),
    )
    assert severities(found) == ([] if severity is None else [severity])
    assert said in "".join(one.message for one in found)


@pytest.mark.parametrize(("dice", "asks"), [(0.85, False), (0.84, True)])
def test_livers_of_both_sides_that_do_not_overlap(dice: float, asks: bool) -> None:
    [found] = dice_findings(dice)
    assert found.severity is (Severity.ASK if asks else Severity.NOTE)
    assert f"a Dice coefficient of {dice:.3f}" in found.message


def test_a_direction_that_nothing_tells_is_said() -> None:
    [found] = unknown_direction_findings("the transform", needs="in what it moves")
    assert (found.code, found.severity) == ("H16", Severity.NOTE)
    assert found.message.endswith("a liver or perfused volume in what it moves")


def test_what_a_reader_noticed_is_said_of_the_image_it_is_of() -> None:
    source = Source(modality="CT", remarks=("two slices are tilted",))
    [found] = remark_findings("the CT", source)
    assert (found.code, found.message) == ("H17", "the CT: two slices are tilted")
    assert remark_findings("the CT", None) == []
