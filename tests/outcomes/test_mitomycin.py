"""The study's schedule, cohort by cohort: 6, 12, 24 and 72 mg in all."""

from datetime import date
from itertools import pairwise

import pytest

from sirtdose.errors import InputError, RangeError
from sirtdose.outcomes.mitomycin import Known, schedule

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


# The first cycle needs more than 100, later ones are full at 100 and reduced below.
# By hand: 12 (101), 12 (100), 8 (99, the physician's), 12, 12, 12 make 68 mg.
def test_platelets() -> None:
    known = Known(platelets=[90, 100, 101, 100, 99, None], reduced_mg=[8])
    found = schedule("D", treated=TREATED, interval_d=28, known=known)
    assert [bool(one.hold) for one in found] == [True, True, *[False] * 6]
    assert [one.number for one in found] == [1, 1, 1, 2, 3, 4, 5, 6]
    assert [one.dose_mg for one in found[2:]] == [12, 12, 8, 12, 12, 12]
    assert [one.reduced for one in found] == [False] * 4 + [True] + [False] * 3
    assert [one.cumulative_mg for one in found] == [0, 0, 12, 24, 32, 44, 56, 68]
    assert {(b.day - a.day).days for a, b in pairwise(found)} == {28}
    # After the second, fourth and sixth that are given.
    assert [n for n, one in enumerate(found) if one.imaging_after] == [3, 5, 7]
    assert "above 100 is needed" in found[0].hold


def test_the_physician_holds_a_later_cycle() -> None:
    known = Known(platelets=[150, 90, 80], reduced_mg=[0, 6])
    found = schedule("C", treated=TREATED, interval_d=28, known=known)
    assert [one.cumulative_mg for one in found] == [12, 12, 18]
    assert found[1].hold == "platelets 90 x 10^9/L, below 100: held by the physician"


def test_two_cycles_of_d_wait_for_an_imaging() -> None:
    known = Known(responses=["SD", "PD"])
    found = schedule("D", treated=TREATED, interval_d=28, known=known)
    assert [one.waits_for for one in found] == [None, None, 2, None, 4, None]
    assert [one.response for one in found] == [None, None, "SD", None, "PD", None]
    # Four are given: 48 mg, and none after the progression.
    assert [bool(one.hold) for one in found] == [False] * 4 + [True, True]
    assert found[-1].hold == "PD at the imaging after cycle 4"
    assert found[-1].cumulative_mg == 48
    assert [one.number for one in found if one.imaging_after] == [2, 4]
    stopped = schedule(
        "A", treated=TREATED, interval_d=None, known=Known(progressed=True)
    )
    assert "untreatable progression" in stopped[0].hold


def test_later_days_move() -> None:
    # 2026-04-27 was planned; 3 days later, and 28 days from there.
    known = Known(days=[date(2026, 4, 30), None, date(2026, 7, 1)])
    found = schedule("D", treated=TREATED, interval_d=28, known=known)
    assert [one.day.isoformat() for one in found[:4]] == [
        *("2026-04-30", "2026-05-28", "2026-07-01", "2026-07-29"),
    ]
    assert [str(one.planned) for one in found[:3]] == [
        *("2026-04-27", "2026-05-28", "2026-06-25"),
    ]


@pytest.mark.parametrize(
    ("cohort", "known", "message"),
    [
        ("A", Known(platelets=[150000]), r"150000 x 10\^9/L: it must be 0 to 5000"),
        ("A", Known(platelets=[float("nan")]), "platelets of nan"),
        ("B", Known(platelets=[150, 160]), "2 platelet counts were given, but cohort"),
        ("C", Known(platelets=[150, 99]), "cycle 2, day 2 of the schedule: platelets"),
        ("C", Known(platelets=[150, 99], reduced_mg=[12]), "below the 12 mg of cohort"),
        ("C", Known(reduced_mg=[8]), "1 reduced doses were given, but the schedule"),
        ("C", Known(responses=["SD"]), "for cohort D, and not for cohort C"),
        ("D", Known(responses=["NE"]), "'NE' is not a response by RECIST 1.1: use CR"),
        ("D", Known(responses=["SD"] * 3), "3 responses were given, but the schedule"),
        ("A", Known(days=[TREATED]), "not after radioembolization, 2026-03-02: give"),
        (
            "C",
            Known(days=[date(2026, 4, 30), date(2026, 4, 29)]),
            "day 2 of the schedule is 2026-04-29, not after the day before it, 2026-04",
        ),
        ("B", Known(days=[None, None]), "2 actual days were given, but cohort B"),
    ],
)
def test_what_is_known_is_refused(cohort: str, known: Known, message: str) -> None:
    with pytest.raises(InputError, match=message):
        schedule(cohort, treated=TREATED, interval_d=28, known=known)


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
