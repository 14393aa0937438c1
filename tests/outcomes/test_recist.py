"""RECIST 1.1 and mRECIST at their bounds, and how time points become one response."""

from collections.abc import Sequence
from datetime import date, timedelta

import pytest

from sirtdose.errors import InputError, RangeError
from sirtdose.outcomes.recist import (
    Lesion,
    NonTargets,
    Scan,
    assess_scans,
    best_overall,
)
from sirtdose.outcomes.response import TimePoint

START = date(2026, 3, 2)
LIVER = Lesion("T1", "liver", 50.0)


def scans(*sums_mm: float | None, every_d: int = 56) -> list[Scan]:
    return [
        Scan(START + timedelta(days=every_d * n), {"T1": mm})
        for n, mm in enumerate(sums_mm, 1)
    ]


def responses(found: Sequence[TimePoint]) -> list[str]:
    return [one.response for one in found]


@pytest.mark.parametrize(
    ("sums", "expected"),
    [
        ([35.0], ["PR"]),
        ([35.1], ["SD"]),
        ([0.0], ["CR"]),
        ([59.9], ["SD"]),
        ([60.0], ["PD"]),
        # From the smallest, not from baseline: 20 % of 25 mm are 5 mm.
        ([25.0, 30.0], ["PR", "PD"]),
        ([25.0, 29.9], ["PR", "PR"]),
        # 20 % of 20 mm are 4 mm: under 5 mm is no progression.
        ([20.0, 24.5], ["PR", "PR"]),
        ([20.0, 25.0], ["PR", "PD"]),
        # After a complete response whatever is seen is progression.
        ([0.0, 3.0], ["CR", "PD"]),
        # Nothing returns from progression.
        ([60.0, 10.0], ["PD", "PD"]),
        ([None, 30.0], ["NE", "PR"]),
    ],
)
def test_targets(sums: list[float | None], expected: list[str]) -> None:
    assert responses(assess_scans([LIVER], scans(*sums))) == expected


def test_mrecist_asks_for_no_five_millimeters() -> None:
    found = assess_scans([LIVER], scans(20.0, 24.0), criteria="mRECIST", targets_max=2)
    assert responses(found) == ["PR", "PD"]


def test_nodes_are_gone_under_ten_millimeters() -> None:
    node = Lesion("N1", "node", 20.0, node=True)
    day = START + timedelta(days=56)
    for short_axis, expected in ((9.9, "CR"), (10.0, "PR")):
        scan = Scan(day, {"T1": 0.0, "N1": short_axis})
        assert responses(assess_scans([LIVER, node], [scan])) == [expected]


@pytest.mark.parametrize(
    ("target_mm", "non_targets", "new", "expected"),
    [
        (0.0, "absent", False, "CR"),
        (0.0, "none", False, "CR"),
        (0.0, "present", False, "PR"),
        (0.0, "not evaluated", False, "PR"),
        (30.0, "present", False, "PR"),
        (50.0, "present", False, "SD"),
        (30.0, "progressed", False, "PD"),
        (0.0, "absent", True, "PD"),
    ],
)
def test_table_1(
    target_mm: float, non_targets: NonTargets, new: bool, expected: str
) -> None:
    scan = Scan(START, {"T1": target_mm}, non_targets, new)
    assert responses(assess_scans([LIVER], [scan])) == [expected]


@pytest.mark.parametrize(
    ("non_targets", "new", "expected"),
    [
        ("absent", False, "CR"),
        ("present", False, "non-CR/non-PD"),
        ("not evaluated", False, "NE"),
        ("progressed", False, "PD"),
        ("present", True, "PD"),
    ],
)
def test_table_2(non_targets: NonTargets, new: bool, expected: str) -> None:
    scan = Scan(START, {}, non_targets, new)
    assert responses(assess_scans([], [scan])) == [expected]


def test_what_returns_after_a_complete_response_is_progression() -> None:
    node = Lesion("N1", "node", 20.0, node=True)
    gone = Scan(START, {"T1": 0.0, "N1": 8.0}, "absent")
    later = START + timedelta(days=56)
    for again in (
        Scan(later, {"T1": 4.0, "N1": 8.0}, "absent"),
        Scan(later, {"T1": 0.0, "N1": 8.0}, "present"),
    ):
        found = assess_scans([LIVER, node], [gone, again])
        assert responses(found) == ["CR", "PD"]
        assert found[1].rule == "seen again after a complete response"
    still = Scan(later, {"T1": 0.0, "N1": 9.0}, "absent")
    assert responses(assess_scans([LIVER, node], [gone, still])) == ["CR", "CR"]


def test_best_overall_and_its_confirmation() -> None:
    found = assess_scans([LIVER], scans(30.0, 48.0))
    assert best_overall(found)[0] == "PR"
    assert best_overall(found).day == START + timedelta(days=56)
    unconfirmed = best_overall(found, confirmed=True)
    assert unconfirmed.response == "SD"
    assert unconfirmed.rule.startswith("PR not confirmed: sum 30 mm is -40.0%")
    later = assess_scans([LIVER], scans(30.0, 29.0, every_d=28))
    assert best_overall(later, confirmed=True)[0] == "PR"
    sooner = assess_scans([LIVER], scans(30.0, 29.0, every_d=27))
    assert best_overall(sooner, confirmed=True)[0] == "SD"
    # What comes after progression does not count.
    after = assess_scans([LIVER], scans(60.0, 10.0))
    assert best_overall(after)[0] == "PD"


def test_stable_disease_needs_its_time() -> None:
    found = assess_scans([LIVER], scans(45.0, 70.0, every_d=42))
    assert best_overall(found, stable_d=42, start=START)[0] == "SD"
    assert best_overall(found, stable_d=43, start=START)[0] == "PD"
    with pytest.raises(InputError, match="the date it starts from"):
        best_overall(found, stable_d=42)


def test_refusals() -> None:
    with pytest.raises(InputError, match="3 target lesions in liver: at most 2"):
        assess_scans([Lesion(f"T{n}", "liver", 20) for n in range(3)], [])
    many = [Lesion(f"T{n}", f"organ {n // 2}", 20) for n in range(6)]
    with pytest.raises(InputError, match=r"6 target lesions, but RECIST 1\.1 here"):
        assess_scans(many, [])
    with pytest.raises(
        RangeError, match="'T1' has 9 mm at baseline, but a target needs 10"
    ):
        assess_scans([Lesion("T1", "liver", 9)], [])
    with pytest.raises(RangeError, match="a node needs 15 mm or more"):
        assess_scans([Lesion("N1", "node", 14, node=True)], [])
    with pytest.raises(InputError, match="'T9' is not a target lesion"):
        assess_scans([LIVER], [Scan(START, {"T9": 3.0})])
    with pytest.raises(InputError, match="order of their dates"):
        assess_scans([LIVER], [*scans(30.0), *scans(30.0)])
    with pytest.raises(RangeError, match="'T1' has -1 mm"):
        assess_scans([LIVER], scans(-1.0))
