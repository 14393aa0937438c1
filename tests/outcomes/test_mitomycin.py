"""The study's schedule, cohort by cohort: 6, 12, 24 and 72 mg in all."""

from datetime import date
from itertools import pairwise

import pytest

from sirtdose.errors import InputError, RangeError
from sirtdose.outcomes.mitomycin import schedule

TREATED = date(2026, 3, 2)


@pytest.mark.parametrize(
    ("cohort", "cycles", "in_all_mg"),
    [("A", 1, 6), ("B", 1, 12), ("C", 2, 24), ("D", 6, 72)],
)
def test_cohorts(cohort: str, cycles: int, in_all_mg: float) -> None:
    found = schedule(cohort, treated=TREATED, interval_d=28)
    assert len(found) == cycles
    assert found[-1].cumulative_mg == in_all_mg
    assert found[0].day == date(2026, 4, 27)
    apart = {(b.day - a.day).days for a, b in pairwise(found)}
    assert apart <= {28}


def test_imaging_follows_every_second_cycle_of_d() -> None:
    found = schedule("D", treated=TREATED, interval_d=21)
    imaged = [one.number for one in found if one.imaging_after]
    assert imaged == [2, 4, 6]
    # Of the others the study does not tell.
    for cohort in "ABC":
        found = schedule(cohort, treated=TREATED, interval_d=21)
        assert not any(one.imaging_after for one in found)


def test_gates() -> None:
    counts = [101.0, 100.0, 99.0, None]
    found = schedule("D", treated=TREATED, interval_d=28, platelets=counts)
    # Six are given on eight days.
    assert [bool(one.hold) for one in found] == [False, True, True, *[False] * 5]
    assert [one.number for one in found] == [1, 2, 2, 2, 3, 4, 5, 6]
    assert [one.cumulative_mg for one in found] == [12, 12, 12, 24, 36, 48, 60, 72]
    assert {(b.day - a.day).days for a, b in pairwise(found)} == {28}
    # After the second and fourth that are given.
    assert [n for n, one in enumerate(found) if one.imaging_after] == [3, 5, 7]
    assert "above 100 is needed" in found[1].hold
    stopped = schedule("A", treated=TREATED, interval_d=None, progressed=True)
    assert "untreatable progression" in stopped[0].hold


def test_refusals() -> None:
    with pytest.raises(InputError, match="use A, B, C, D"):
        schedule("E", treated=TREATED, interval_d=28)
    with pytest.raises(InputError, match="the study does not state the days"):
        schedule("C", treated=TREATED, interval_d=None)
    with pytest.raises(RangeError, match="must be 1 d or more"):
        schedule("C", treated=TREATED, interval_d=0)
    with pytest.raises(
        RangeError, match="5 weeks after treatment: the study allowed 6 to"
    ):
        schedule("A", treated=TREATED, interval_d=None, first_after_weeks=5)
    with pytest.raises(RangeError, match="interval is 367 d"):
        schedule("D", treated=TREATED, interval_d=367)
    with pytest.raises(RangeError, match=r"150000 x 10\^9/L: it must be 0 to 5000"):
        schedule("A", treated=TREATED, interval_d=None, platelets=[150000])
    with pytest.raises(RangeError, match="platelets of nan"):
        schedule("A", treated=TREATED, interval_d=None, platelets=[float("nan")])
    with pytest.raises(
        InputError, match="2 platelet counts were given, but cohort B has 1 cycle"
    ):
        schedule("B", treated=TREATED, interval_d=None, platelets=[150, 160])
