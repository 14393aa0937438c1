"""What is said of a scout: each subject by itself, with its number and its bound."""

from dataclasses import replace
from datetime import UTC, date, datetime

import pytest

from sirtdose.checks.doses import organs_at_risk
from sirtdose.checks.image import (
    cut_off_findings,
    hot_spot_findings,
    outside_findings,
    small_tumor_findings,
)
from sirtdose.checks.scout import (
    interval_findings,
    overlapping_findings,
    same_dose_findings,
    typed_volume_findings,
    unperfused_findings,
    unstated_tracer_findings,
)
from sirtdose.dosimetry.image.hot_spots import Extrahepatic, HotSpot
from sirtdose.model.finding import Finding, Severity
from sirtdose.model.grid import Grid
from sirtdose.model.role import Role
from sirtdose.model.structure import Structure
from sirtdose.model.volume import Source
from tests.treated import part, treated

STOP, ASK, WARN, NOTE = Severity.STOP, Severity.ASK, Severity.WARN, Severity.NOTE


def told(findings: list[Finding]) -> list[tuple[str, float | None, float | None]]:
    """Subject, value and bound of each."""
    return [(one.subject, one.value, one.bound and one.bound.value) for one in findings]


def test_volumes_that_were_typed_are_compared_one_by_one() -> None:
    found = typed_volume_findings(
        typed_ml={"perfused": 900.0, "liver": 1500.0},
        measured_ml={"perfused": 1000.0, "liver": 1250.0},
    )
    assert [one.severity for one in found] == [NOTE, STOP]
    assert told(found) == [
        ("perfused", pytest.approx(-0.1), 0.1),
        ("liver", pytest.approx(0.2), 0.1),
    ]


@pytest.mark.parametrize(
    ("day", "severity"), [(16, None), (17, WARN), (1, ASK), (2, None)]
)
def test_the_age_of_a_scout_by_the_day_of_treatment(
    day: int, severity: Severity | None
) -> None:
    """Taken on March 2; the same day is not before it, whatever the hour."""
    found = interval_findings(
        scan_at=datetime(2026, 3, 2, 12), treatment_at=date(2026, 3, day)
    )
    assert [one.severity for one in found] == ([] if severity is None else [severity])


@pytest.mark.parametrize(
    ("day", "severity"), [(15, None), (16, WARN), (1, ASK), (2, None)]
)
def test_the_age_of_a_scout(day: int, severity: Severity | None) -> None:
    """Taken on March 2 at noon, without a zone: the treatment's is taken."""
    found = interval_findings(
        scan_at=datetime(2026, 3, 2, 12),
        treatment_at=datetime(2026, 3, day, 13, tzinfo=UTC),
    )
    assert [one.severity for one in found] == ([] if severity is None else [severity])
    if severity is not None:
        assert found[0].bound is not None
        assert found[0].bound.unit == "d"


def test_an_image_without_a_tracer_may_be_of_after_the_treatment() -> None:
    silent = Source((), "NM")
    [found] = unstated_tracer_findings(silent)
    assert (found.code, found.severity) == ("H11", Severity.WARN)
    assert "may be a Y-90 image from after a treatment" in found.message
    assert unstated_tracer_findings(replace(silent, nuclide_words=("MAA",))) == []
    assert unstated_tracer_findings(None) == []


def test_each_overlap_and_each_tumor_that_is_missed() -> None:
    found = overlapping_findings(
        shared_ml={("a", "b"): 30.0, ("a", "c"): 1.0, ("b", "c"): 5.0},
        volumes_ml={"a": 500.0, "b": 300.0, "c": 100.0},
    )
    assert told(found) == [("a and b", 30.0, None), ("b and c", 5.0, None)]
    assert all(one.remedy.casefold() in one.message.casefold() for one in found)
    found = unperfused_findings(names=["T1", "T2"])
    assert [one.subject for one in found] == ["T1", "T2"]


@pytest.mark.parametrize(
    ("pairs", "severities"),
    [
        ({"A": (97.1, 100.0)}, [NOTE]),
        ({"A": (96.9, 100.0)}, [STOP]),
        ({"A": (96.9, 100.0), "B": (100.0, 100.0)}, [WARN, NOTE]),
        ({"A": (84.0, 100.0), "B": (100.0, 100.0)}, [STOP, NOTE]),
    ],
)
def test_map_and_formula(
    pairs: dict[str, tuple[float, float]], severities: list[Severity]
) -> None:
    found = same_dose_findings(doses_gy=pairs)
    assert [one.severity for one in found] == severities
    assert [one.subject for one in found] == list(pairs)


def test_counts_outside_and_volumes_that_are_cut_off() -> None:
    assert outside_findings(part=0.2) == []
    [warned], [asked] = outside_findings(part=0.21), outside_findings(part=0.81)
    assert (warned.severity, asked.severity) == (WARN, ASK)
    assert told([warned, asked]) == [
        ("counts outside", 0.21, 0.2),
        ("counts outside", 0.81, 0.8),
    ]
    [cut] = cut_off_findings(seen={"right": 0.8, "left": 0.99, "none": 0.0})
    assert (cut.subject, cut.value) == ("right", 0.8)
    assert "up to 25%" in cut.message


def test_every_small_tumor_has_its_own_size() -> None:
    grid = Grid.regular((30, 30, 30), spacing_mm=(2.0, 2.0, 2.0))

    def cube(name: str, voxels: int) -> Structure:
        mask = grid_mask(grid, voxels)
        return Structure(name, Role.TUMOR, mask, grid).cropped()

    drawn = [cube("T1", 5), cube("T2", 10), cube("T3", 25)]
    found = small_tumor_findings(drawn=drawn, consequence="too low")
    # Cubes of 10, 20 and 50 mm: spheres of 12.4, 24.8 and 62.0 mm, under 45 or not.
    [one] = found
    assert (one.subject, round(one.value or 0, 1)) == ("T1, T2", 12.4)
    assert "'T1' (12 mm), 'T2' (25 mm): smaller than" in one.message
    assert "too low" in one.message
    of_pet = small_tumor_findings(drawn=drawn, consequence="", modality="PT")
    assert [one.subject for one in of_pet] == ["T1"]


def grid_mask(grid: Grid, voxels: int) -> object:
    import numpy as np

    mask = np.zeros(grid.shape, bool)
    mask[:voxels, :voxels, :voxels] = True
    return mask


def test_a_spot_is_told_with_place_size_and_what_is_near() -> None:
    at = (-77.3, -11.0, 1097.8)
    spot = HotSpot(at, 5.9, 173.2, 255.2, 0.82, near=("gallbladder", 4.4))
    [said] = hot_spot_findings(beyond=Extrahepatic(1.0, 1.0, 0.1, 0.1, (spot,)))
    assert said.message.startswith(
        "173.2 Gy in 5.9 mL 4 mm from 'gallbladder', 82% of it outside liver and "
        "lungs (peak 255.2 Gy at x -77, y -11, z 1098 mm)"
    )
    assert (said.value, said.bound and said.bound.value) == (255.2, 20.0)
    [unknown] = hot_spot_findings(beyond=None)
    assert "needs a structure of role liver" in unknown.message


@pytest.mark.parametrize(
    ("mean_gy", "all_counts_gy", "focus_gy", "said"),
    [
        (19.0, 0.0, 0.0, None),
        (21.0, 0.0, 0.0, "'organ' gets 21 Gy on average, D2 90 Gy:"),
        (0.0, 25.0, 0.0, "'organ, all counts of the map' gets 25 Gy on average"),
        (12.0, 0.0, 255.0, "gets 12 Gy on average, D2 90 Gy, and a hot"),
    ],
)
def test_an_organ_whose_mean_hides_what_it_holds(
    mean_gy: float, all_counts_gy: float, focus_gy: float, said: str | None
) -> None:
    organ = part(
        *("organ", 40.0, mean_gy),
        all_counts_gy=(all_counts_gy,) if all_counts_gy else (),
        hottest_gy=90.0,
        focus_gy=focus_gy,
    )
    found = organs_at_risk(treated(organ))
    assert len(found) == (said is not None)
    if said is not None:
        assert said in found[0].message
        assert found[0].subject == "organ"
