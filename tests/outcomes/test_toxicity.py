"""Every boundary of CTCAE 5.0 at, below and above: the bound is the milder grade's."""

import pytest

from sirtdose.errors import InputError, RangeError
from sirtdose.outcomes.toxicity import grades_of, laboratory_grade, terms

# term, limits, then (value, grade); retyped from the text of CTCAE 5.0.
HIGH = [
    ("ALT", {"uln": 40}, [(40, 0), (40.1, 1), (120, 1), (120.4, 2), (200, 2)]),
    ("ALT", {"uln": 40}, [(200.1, 3), (800, 3), (800.1, 4)]),
    ("AST", {"uln": 35}, [(35, 0), (105, 1), (105.1, 2), (700, 3), (701, 4)]),
    ("ALP", {"uln": 100}, [(100, 0), (250, 1), (250.1, 2), (500, 2), (500.1, 3)]),
    ("GGT", {"uln": 60}, [(60.1, 1), (150, 1), (151, 2), (1200, 3), (1201, 4)]),
    ("bilirubin", {"uln": 20}, [(20, 0), (30, 1), (30.1, 2), (60, 2), (60.1, 3)]),
    ("bilirubin", {"uln": 20}, [(200, 3), (200.1, 4)]),
    ("creatinine", {"uln": 100}, [(100, 0), (150, 1), (151, 2), (300, 2), (301, 3)]),
    ("creatinine", {"uln": 100}, [(600, 3), (601, 4)]),
    ("INR", {}, [(1.2, 0), (1.21, 1), (1.5, 1), (1.51, 2), (2.5, 2), (2.51, 3)]),
]
LOW = [
    ("hemoglobin", 120, [(120, 0), (119, 1), (100, 1), (99, 2), (80, 2), (79, 3)]),
    ("platelets", 150, [(150, 0), (149, 1), (75, 1), (74.9, 2), (50, 2), (49.9, 3)]),
    ("platelets", 150, [(25, 3), (24.9, 4)]),
    ("leukocytes", 4, [(4, 0), (3.9, 1), (3, 1), (2.9, 2), (2, 2), (1.9, 3), (0.9, 4)]),
    ("neutrophils", 2, [(1.5, 1), (1.49, 2), (1, 2), (0.99, 3), (0.5, 3), (0.49, 4)]),
    ("lymphocytes", 1.1, [(0.8, 1), (0.79, 2), (0.5, 2), (0.49, 3), (0.2, 3)]),
    ("lymphocytes", 1.1, [(0.19, 4)]),
    ("albumin", 35, [(35, 0), (34.9, 1), (30, 1), (29.9, 2), (20, 2), (19.9, 3)]),
]


@pytest.mark.parametrize(("term", "limits", "values"), HIGH)
def test_above_the_upper_limit(
    term: str, limits: dict[str, float], values: list[tuple[float, int]]
) -> None:
    for value, grade in values:
        found = laboratory_grade(term, value, version="5.0", **limits)
        assert found.grade == grade, (value, found)


@pytest.mark.parametrize(("term", "lln", "values"), LOW)
def test_below_the_lower_limit(
    term: str, lln: float, values: list[tuple[float, int]]
) -> None:
    for value, grade in values:
        found = laboratory_grade(term, value, version="5.0", lln=lln)
        assert found.grade == grade, (value, found)


@pytest.mark.parametrize(
    ("term", "value", "grade"),
    [
        # Baseline 80 at an upper limit of 40: multiples are of 80.
        ("ALT", 119, 0),
        ("ALT", 121, 1),
        ("ALT", 240, 1),
        ("ALT", 241, 2),
        ("ALT", 401, 3),
        ("ALT", 1601, 4),
        ("ALP", 159, 0),
        ("ALP", 200, 1),
        ("ALP", 201, 2),
        ("bilirubin", 80, 0),
        ("bilirubin", 81, 1),
        ("bilirubin", 121, 2),
        ("bilirubin", 241, 3),
        ("bilirubin", 801, 4),
    ],
)
def test_an_abnormal_baseline_is_what_is_multiplied(
    term: str, value: float, grade: int
) -> None:
    found = laboratory_grade(term, value, version="5.0", uln=40, baseline=80)
    assert found.grade == grade, found
    # A normal one changes nothing.
    normal = laboratory_grade(term, value, version="5.0", uln=40, baseline=39)
    assert normal == laboratory_grade(term, value, version="5.0", uln=40)


def test_creatinine_counts_multiples_of_both() -> None:
    # 1.6 times a baseline of 60 is within normal, and grade 2 all the same.
    found = laboratory_grade("creatinine", 96, version="5.0", uln=100, baseline=60)
    assert (found.grade, found.rule) == (2, "above 1.5 x baseline (60)")
    assert (
        laboratory_grade("creatinine", 181, version="5.0", uln=100, baseline=60).grade
        == 3
    )


def test_the_last_bit_of_a_product_decides_nothing() -> None:
    # 3 x 0.1 is 0.30000000000000004.
    assert laboratory_grade("ALT", 0.3, version="5.0", uln=0.1).grade == 1
    assert laboratory_grade("ALT", 3 * 0.1, version="5.0", uln=0.1).grade == 1


def test_without_its_limit_a_value_is_not_graded() -> None:
    for term in ("ALT", "bilirubin", "creatinine"):
        assert laboratory_grade(term, 1e4, version="5.0").grade is None
    # 181 is above 3 times a baseline of 60: grade 3, or 4 by a limit that is not known.
    found = laboratory_grade("creatinine", 181, version="5.0", baseline=60)
    assert (found.grade, found.rule) == (
        None,
        "needs the upper limit of normal: grade 3 or more, above 3 x baseline (60)",
    )


# Bounds of CTCAE 5.0 that are absolute: none of them needs the lower limit of normal.
@pytest.mark.parametrize(
    ("term", "values"),
    [
        ("platelets", [(75, None), (74.9, 2), (50, 2), (49.9, 3), (24.9, 4)]),
        ("leukocytes", [(3, None), (2.9, 2), (1.9, 3), (0.9, 4)]),
        ("neutrophils", [(1.5, None), (1.49, 2), (0.99, 3), (0.49, 4)]),
        ("lymphocytes", [(0.8, None), (0.79, 2), (0.49, 3), (0.19, 4)]),
        ("hemoglobin", [(100, None), (99, 2), (79, 3)]),
        ("albumin", [(30, None), (29.9, 2), (19.9, 3)]),
    ],
)
def test_without_a_lower_limit_only_grades_0_and_1_are_open(
    term: str, values: list[tuple[float, int | None]]
) -> None:
    for value, grade in values:
        found = laboratory_grade(term, value, version="5.0")
        assert found.grade == grade, (value, found)
    assert laboratory_grade(term, 999, version="5.0").rule == (
        "needs the lower limit of normal: grade 0 or 1"
    )


@pytest.mark.parametrize(
    ("baseline", "baseline_uln", "uln", "value", "grade"),
    [
        # mg/dL. 1.5 of 1.2 was abnormal: 4.6 is 3.07 times it, whatever comes later.
        (1.5, 1.2, 1.6, 4.6, 3),
        (1.5, 1.2, None, 4.6, 3),
        # 1.5 of 1.6 was normal: 4.6 is 2.9 times a later limit of 1.6, 3.8 times 1.2.
        (1.5, 1.6, 1.6, 4.6, 2),
        (1.5, 1.6, 1.2, 4.6, 3),
        # A normal baseline and no limit of the value: nothing to multiply.
        (1.5, 1.6, None, 4.6, None),
    ],
)
def test_a_baseline_is_abnormal_by_its_own_limit(
    baseline: float,
    baseline_uln: float,
    uln: float | None,
    value: float,
    grade: int | None,
) -> None:
    found = laboratory_grade(
        "bilirubin",
        value,
        version="5.0",
        uln=uln,
        baseline=baseline,
        baseline_uln=baseline_uln,
    )
    assert found.grade == grade, found


@pytest.mark.parametrize(
    ("value", "grade"),
    [
        # Baseline 2.4, on an anticoagulant: multiples of it, 3.6 and 6.
        (2.4, 0),
        (2.41, 1),
        (3.6, 1),
        (3.61, 2),
        (6.0, 2),
        (6.01, 3),
    ],
)
def test_inr_of_the_anticoagulated_is_by_baseline(value: float, grade: int) -> None:
    found = laboratory_grade(
        "INR", value, version="5.0", baseline=2.4, anticoagulated=True
    )
    assert found.grade == grade
    # Of others the baseline changes nothing.
    plain = laboratory_grade("INR", value, version="5.0", baseline=2.4)
    assert plain == laboratory_grade("INR", value, version="5.0")


def test_inr_of_the_anticoagulated_needs_its_baseline() -> None:
    found = laboratory_grade("INR", 2.0, version="5.0", anticoagulated=True)
    assert (found.grade, found.rule) == (
        None,
        "needs the baseline, because the patient was anticoagulated",
    )


def test_hemoglobin_in_millimoles_has_its_printed_bounds() -> None:
    # 6.2 mmol/L is printed for 100 g/L, and is 99.9: no grade 2.
    for value, grade in ((7.5, 0), (7.4, 1), (6.2, 1), (6.19, 2), (4.9, 2), (4.89, 3)):
        found = laboratory_grade(
            "hemoglobin", value, version="5.0", lln=7.5, unit="mmol/L"
        )
        assert found.grade == grade, value


def test_the_grades_that_a_term_has() -> None:
    assert grades_of("5.0", "ALT") == (0, 1, 2, 3, 4)
    assert grades_of("5.0", "fatigue") == (0, 1, 2, 3)
    assert grades_of("5.0", "albumin") == (0, 1, 2, 3, 4, 5)
    assert grades_of("5.0", "gastrointestinal ulcer") == (0, 1, 2, 3, 4, 5)


def test_refusals() -> None:
    with pytest.raises(InputError, match=r"CTCAE 6\.0 is not available: use 5\.0"):
        terms("6.0")
    with pytest.raises(InputError, match="'sodium' is not a laboratory term"):
        laboratory_grade("sodium", 1, version="5.0")
    with pytest.raises(RangeError, match="value is -1"):
        laboratory_grade("ALT", -1, version="5.0", uln=40)
    with pytest.raises(RangeError, match="uln is nan"):
        laboratory_grade("ALT", 1, version="5.0", uln=float("nan"))
