"""Which treatment a value counts for, and n of N, by hand."""

from datetime import date

import pytest

from sirtdose.outcomes.adverse_events import (
    Graded,
    Hepatotoxicity,
    OfArm,
    OfWindow,
    PatientToxicity,
    Treatment,
    Window,
    worst_grades,
)
from sirtdose.outcomes.arms import Study, counts, treatment_of

FIRST, SECOND = date(2026, 3, 2), date(2026, 4, 27)
GIVEN = (Treatment(FIRST, "SIRT"), Treatment(SECOND, "D"))


@pytest.mark.parametrize(
    ("day", "same_day", "arm"),
    [
        # Before all of them a value is of the first.
        (date(2026, 2, 1), False, "SIRT"),
        (FIRST, False, "SIRT"),
        (date(2026, 4, 26), True, "SIRT"),
        (SECOND, False, "SIRT"),
        (SECOND, True, "D"),
        (date(2026, 4, 28), False, "D"),
        (date(2027, 1, 1), False, "D"),
    ],
)
def test_the_last_treatment_before_a_value(day: date, same_day: bool, arm: str) -> None:
    found = treatment_of(GIVEN, day, same_day=same_day)
    assert found is not None
    assert found.arm == arm
    assert treatment_of((), day, same_day=same_day) is None


def patient(case_id: str, *grades: int) -> PatientToxicity:
    graded = [
        Graded("pain", date(2026, 3, 3 + n), 1 + n, grade, "", by_user=True)
        for n, grade in enumerate(grades)
    ]
    worst = tuple(worst_grades(graded, Window("0-30d", 0, 30)))
    window = OfWindow("0-30d", worst, Hepatotoxicity(present=None, why=""))
    arms = (OfArm("SIRT", (FIRST,), (window,), window),)
    return PatientToxicity(case_id, GIVEN[:1], tuple(graded), (), window, {}, (), arms)


def test_a_patient_counts_once_by_the_worst_grade() -> None:
    # Worst 2, 2 and 1; p4 was treated without a value, p5 allocated and not treated,
    # p3 treated and not allocated.
    patients = [patient("p1", 1, 2, 2), patient("p2", 2), patient("p3", 1)]
    study = Study(
        {"SIRT": frozenset(("p1", "p2", "p3", "p4"))},
        {"SIRT": frozenset(("p1", "p2", "p4", "p5"))},
    )
    found = {
        one.grade: (one.treated_n, one.allocated_n)
        for one in counts(patients, study, version="5.0")
        if one.term == "pain"
    }
    # Pain has no grade above 3.
    assert found == {
        "0": (0, 0),
        "1": (1, 0),
        "2": (2, 2),
        "3": (0, 0),
        "not gradable": (0, 0),
        "no value": (1, 1),
        "not treated": (0, 1),
    }
