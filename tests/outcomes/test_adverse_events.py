"""Worst grades by window, and hepatotoxicity: yes, no, or not to be said."""

from datetime import date, timedelta

import pytest

from sirtdose.outcomes.adverse_events import (
    Graded,
    Window,
    hepatotoxicity,
    worst_grades,
)

TREATED = date(2026, 3, 2)


def graded(term: str, days: int, grade: int | None, *, by_user: bool = False) -> Graded:
    day = TREATED + timedelta(days=days)
    return Graded(term, day, days, grade, "", by_user=by_user)


def liver(*values: Graded, ascites_from: int = 3) -> bool | None:
    worst = worst_grades(values, Window("after", 0))
    return hepatotoxicity(worst, version="5.0", ascites_from=ascites_from).present


def test_the_first_of_the_worst_in_a_window() -> None:
    values = [
        graded("ALT", -3, 3),
        graded("ALT", 0, 3),
        graded("ALT", 10, 1),
        graded("ALT", 20, 2),
        graded("ALT", 30, 2),
        graded("ALT", 25, None),
        graded("ALT", 31, 4),
    ]
    [worst] = worst_grades(values, Window("0-30d", 0, 30))
    assert (worst.grade, worst.found.days) == (2, 20)
    assert (worst.values, worst.not_gradable) == (4, 1)
    [later] = worst_grades(values, Window("31d-", 31))
    assert later.grade == 4
    [every] = worst_grades(values, None)
    assert (every.grade, every.values) == (4, 7)


def test_a_person_s_grade_of_the_day_of_treatment_counts() -> None:
    found = worst_grades(
        [graded("pain", 0, 2, by_user=True), graded("AST", 0, 2)],
        Window("0-30d", 0, 30),
    )
    assert [one.term for one in found] == ["pain"]


GOOD = (graded("bilirubin", 9, 2), graded("AST", 9, 2), graded("ALT", 9, 0))


@pytest.mark.parametrize(
    ("values", "expected"),
    [
        (GOOD, False),
        ((*GOOD, graded("bilirubin", 20, 3)), True),
        ((*GOOD, graded("ALT", 20, 4)), True),
        # Not these.
        ((*GOOD, graded("ALP", 20, 4)), False),
        (GOOD[:2], None),
        ((*GOOD, graded("AST", 20, None)), None),
        # What is missing changes nothing once one is reached.
        ((graded("ALT", 20, 3),), True),
        ((*GOOD, graded("ascites", 20, 3, by_user=True)), True),
        ((*GOOD, graded("ascites", 20, 2, by_user=True)), False),
        ((*GOOD, graded("ascites", 20, None, by_user=True)), None),
        ((*GOOD[:2], graded("ALT", -1, 4)), None),
    ],
)
def test_hepatotoxicity(values: tuple[Graded, ...], expected: bool | None) -> None:
    assert liver(*values) is expected


def test_ascites_from_grade_2() -> None:
    ascites = graded("ascites", 20, 2, by_user=True)
    assert liver(*GOOD, ascites, ascites_from=2) is True


def test_what_is_missing_is_said() -> None:
    found = hepatotoxicity(worst_grades(GOOD[:2], None), version="5.0")
    assert found.why == "ALT: no value"
    found = hepatotoxicity(worst_grades(GOOD, None), version="5.0")
    assert found.why == "bilirubin, AST, ALT under grade 3; no ascites recorded"
