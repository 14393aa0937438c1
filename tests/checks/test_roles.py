"""What a structure's uptake and place say of the role that its name gave it."""

import numpy as np
import pytest

from sirtdose.checks.calibration import fallback_findings
from sirtdose.checks.maps import map_findings
from sirtdose.checks.roles import (
    missing_findings,
    no_tumor_findings,
    role_findings,
)
from sirtdose.checks.structures import reading_findings
from sirtdose.dosimetry.image.calibrate import CalibrationRequest, calibrate
from sirtdose.model.finding import Severity
from sirtdose.model.grid import Grid
from sirtdose.model.ledger import Ledger
from sirtdose.model.nuclide import Nuclide
from sirtdose.model.role import Declared, Role
from sirtdose.model.structure import Structure, with_given_roles
from sirtdose.model.volume import Quantity, Volume

GRID = Grid.regular((4, 10, 12), spacing_mm=(5.0, 4.0, 4.0))


def block(name: str, x: slice, y: slice = slice(0, 10)) -> Structure:
    mask = np.zeros(GRID.shape, bool)
    mask[:, y, x] = True
    return Structure.named(name, mask, GRID).cropped()


def image(hot: float, x: slice, y: slice = slice(0, 10), rest: float = 2.0) -> Volume:
    data = np.full(GRID.shape, rest, np.float32)
    data[:, y, x] = hot
    return Volume(data, GRID, Quantity.COUNTS)


LIVER, LUMP = block("Liver", slice(0, 8)), block("A7", slice(1, 3), slice(2, 5))


@pytest.mark.parametrize(("hot", "asks"), [(2.98, False), (3.02, True), (20.0, True)])
def test_uptake_of_half_again_as_much_asks(hot: float, asks: bool) -> None:
    """2 counts a voxel in the liver: 3 is 1.5 times the rest of it."""
    found = role_findings([LIVER, LUMP], image(hot, slice(1, 3), slice(2, 5)))
    assert [one.severity for one in found] == [Severity.ASK] * asks
    for one in found:
        assert f"has {hot / 2:.3g} times the uptake" in one.message
        assert "--role 'A7=tumor'" in one.message


def test_a_known_tumor_does_not_hide_another() -> None:
    """Beside a tumor of 100, a lump of 10 in a liver of 2 is 5 times the rest."""
    tumor = block("Tumor", slice(4, 8))
    data = image(100, slice(4, 8)).data.copy()
    data[:, 2:5, 1:3] = 10
    both = Volume(data, GRID, Quantity.COUNTS)
    [one] = role_findings([LIVER, tumor, LUMP], both)
    assert "has 5 times" in one.message


@pytest.mark.parametrize(
    "name", ["Liver_Seg4", "Segment 4", "Right lobe", "S4", "Tumor 1", "Gallbladder"]
)
def test_segments_lobes_and_known_structures_are_not_asked_about(name: str) -> None:
    part = block(name, slice(1, 3), slice(2, 5))
    assert role_findings([LIVER, part], image(9, slice(1, 3), slice(2, 5))) == []


@pytest.mark.parametrize("name", ["PVTT", "Hematoma", "Segment_1", "VOI1", "label 3"])
def test_others_are(name: str) -> None:
    part = block(name, slice(1, 3), slice(2, 5))
    assert role_findings([LIVER, part], image(9, slice(1, 3), slice(2, 5)))


def test_what_a_person_said_is_not_asked_about() -> None:
    hot = image(9, slice(1, 3), slice(2, 5))
    assert role_findings([LIVER, LUMP], hot, given={"A7": Role.OTHER}) == []


def test_what_lies_outside_or_leaves_no_rest_is_not_asked_about() -> None:
    outside = block("A7", slice(6, 12))
    around = block("Liver_PRV03", slice(0, 10))
    everywhere = image(9, slice(0, 12))
    assert role_findings([LIVER, outside, around], everywhere) == []
    assert role_findings([LUMP], everywhere) == []


def test_a_liver_without_counts_around_a_hot_structure_asks() -> None:
    hot = image(9, slice(1, 3), slice(2, 5), rest=0.0)
    assert role_findings([LIVER, LUMP], hot)


def test_a_tumor_outside_that_lies_in_the_liver_asks() -> None:
    inside, outside = (block("GTVn", slice(*x)) for x in ((6, 9), (8, 11)))
    [one] = role_findings([LIVER, inside], image(2, slice(0, 1)))
    assert "67% of it lies in 'Liver'" in one.message
    assert role_findings([LIVER, outside], image(2, slice(0, 1))) == []


def test_questions_say_which_role_is_used_when_accepted() -> None:
    hot = image(9, slice(1, 3), slice(2, 5))
    other = ". If accepted, it counts as other: neither tumor nor perfused"
    [lump] = role_findings([LIVER, LUMP], hot)
    assert lump.message.endswith(other)
    [target] = reading_findings([block("PTV", slice(1, 3))])
    assert target.message.endswith(other)
    [node] = role_findings([LIVER, block("GTVn", slice(6, 9))], image(2, slice(0, 1)))
    assert node.message.endswith(
        ". If accepted, it is a tumor outside of the liver, as its name says"
    )
    [looked] = map_findings([block("PTV", slice(1, 3))])
    assert looked.severity is Severity.WARN
    assert "ccepted" not in looked.message
    assert looked.message.endswith(
        ". Until then, it counts as other: neither tumor nor perfused"
    )


def test_a_tumor_of_the_liver_that_is_most_of_it_asks() -> None:
    """5 of the liver's 8 columns are 62 %; 4 are half, which may be."""
    even = image(2, slice(0, 1))
    large, half = (block("GTV_liver", slice(0, n)) for n in (5, 4))
    [one] = role_findings([LIVER, large], even)
    assert one.severity is Severity.ASK
    # 4 planes of 10 by 5 voxels of 0.08 mL.
    assert one.message == (
        "'GTV_liver' (16 mL) is a tumor by its name, but occupies 62% of 'Liver': "
        "give --role 'GTV_liver=tumor', --role 'GTV_liver=normal_given' or --role "
        "'GTV_liver=liver'. If accepted, it is a tumor, as its name says"
    )
    assert role_findings([LIVER, half], even) == []
    assert role_findings([LIVER, block("Tumor 1", slice(0, 5))], even) == []
    assert role_findings([LIVER, large], even, given={"GTV_liver"}) == []


def test_what_lies_in_a_known_tumor_is_not_asked_about() -> None:
    hot = image(9, slice(1, 3), slice(2, 5))
    tumor = block("Tumor", slice(1, 3), slice(2, 5))
    helper = block("zGTVp", slice(1, 3), slice(2, 5))
    assert role_findings([LIVER, tumor, helper], hot) == []
    assert role_findings([LIVER, helper], hot)


def test_volumes_and_ratios_are_written_out() -> None:
    """1040 mL, not 1.04e+03; 1234 times, not 1.23e+03."""
    grid = Grid.regular((4, 10, 12), spacing_mm=(100.0, 40.0, 40.0))
    mask = np.zeros(grid.shape, bool)
    liver = Structure.named("Liver", ~mask, grid)
    mask.ravel()[:7] = True
    data = np.where(mask, 1234.0, 1.0).astype(np.float32)
    volume = Volume(data, grid, Quantity.COUNTS)
    [one] = role_findings([liver, Structure.named("A7", mask, grid)], volume)
    # 7 voxels of 160 mL.
    assert "'A7' (1120 mL, role other)" in one.message
    assert "has 1234 times the uptake" in one.message
    dark = Volume(np.where(mask, 5.0, 0.0).astype(np.float32), grid, Quantity.COUNTS)
    [one] = role_findings([liver, Structure.named("A7", mask, grid)], dark)
    assert "has uptake per mL, where the rest of it has none" in one.message


def test_that_no_liver_was_found_is_said_with_the_names() -> None:
    read = [block("Organ1", slice(0, 8)), block("Bulk", slice(1, 3))]
    [said] = missing_findings(read)
    assert (said.code, said.severity) == ("H19", Severity.WARN)
    assert "no structure has the role liver or perfused, and none the role tumor" in (
        said.message
    )
    assert "Structures found: 'Organ1', 'Bulk'" in said.message
    assert "--role 'NAME=liver'" in said.message
    [said] = missing_findings([block("Tumor 1", slice(1, 3))])
    assert "none the role tumor" not in said.message
    for name in ("Liver", "Perfused lobe"):
        assert missing_findings([block(name, slice(1, 3))]) == []


@pytest.mark.parametrize(("over", "said"), [(None, True), ("fov", False)])
def test_a_calibration_that_falls_back_to_the_field_of_view_says_so(
    over: str | None, said: bool
) -> None:
    request = CalibrationRequest("administered", over=over)
    used = calibrate(
        image(9, slice(1, 3)),
        {},
        request=request,
        ledger=Ledger(1.0),
        nuclide=Nuclide.named("Y-90"),
        lungs_covered=0.0,
    )
    found = fallback_findings(request, used.over)
    warned = [one for one in found if "distributed over the whole field" in one.message]
    assert [one.severity for one in warned] == [Severity.WARN] * said
    assert all("--calibrate-over fov" in one.message for one in warned)


@pytest.mark.parametrize(
    ("name", "declared", "asks"),
    [
        ("PTV", None, False),
        ("VOI 1", None, False),
        ("Spleen", Declared(Role.TUMOR, "type GTV"), False),
        ("Liver", Declared(Role.TUMOR, "type GTV"), True),
        ("Lung_L", Declared(Role.TUMOR, "type GTV"), True),
        ("Tumor 1", Declared(Role.LIVER, "code Liver"), True),
        ("liver_seg", None, True),
    ],
)
def test_a_shunt_asks_of_lungs_and_liver_only(
    name: str, declared: Declared | None, asks: bool
) -> None:
    mask = np.ones(GRID.shape, bool)
    one = Structure.named(name, mask, GRID, declared=declared)
    assert bool(reading_findings([one], for_doses=False)) == asks
    assert reading_findings([one])


def test_that_no_tumor_was_found_is_said() -> None:
    [said] = no_tumor_findings([LIVER, block("GTVn", slice(8, 11))])
    assert (said.code, said.severity) == ("H18", Severity.WARN)
    assert no_tumor_findings([LIVER, block("GTVp", slice(1, 2))]) == []


def test_a_doubt_asks_until_a_role_is_given() -> None:
    target = block("PTV", slice(1, 3))
    [asked] = reading_findings([LIVER, target])
    assert (asked.code, asked.severity) == ("H19", Severity.ASK)
    given = with_given_roles([LIVER, target], {"PTV": Role.PERFUSED})
    assert [one.role for one in given] == [Role.LIVER, Role.PERFUSED]
    assert reading_findings(given) == []


def test_an_empty_structure_is_not_asked_about() -> None:
    empty = Structure.named("PTV", np.zeros(GRID.shape, bool), GRID)
    assert [one.severity for one in reading_findings([empty])] == [Severity.NOTE]


def test_a_contradiction_keeps_the_role_of_the_name() -> None:
    mask = np.ones(GRID.shape, bool)
    liver = Structure.named(
        "Liver", mask, GRID, declared=Declared(Role.TUMOR, "type GTV")
    )
    assert liver.role is Role.LIVER
    [asked] = reading_findings([liver])
    assert asked.message == (
        "'Liver': its name says liver, but its type GTV: give --role 'Liver=liver' or "
        "--role 'Liver=tumor'. If accepted, it is the liver, as its name says"
    )
