"""Grades of adverse events by laboratory value: CTCAE, in the version that is named."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import lru_cache
from typing import Any

from sirtdose.data.load import table
from sirtdose.errors import InputError, RangeError

VERSIONS = ("5.0",)
# Values and bounds are products: 3 x 0.1 is above 0.3 by its last bit alone.
_DIGITS = 12


@dataclass(frozen=True)
class Grade:
    """A grade, 0 to 4, and the rule that decided; None where it cannot be graded.

    `rule` says in words which bound was passed, or what is missing.
    """

    grade: int | None
    rule: str


def terms(version: str) -> dict[str, Any]:
    """The laboratory terms of a version of CTCAE.

    Raises
    ------
    InputError
        A version that is not held here.
    """
    if version not in VERSIONS:
        raise InputError(
            f"CTCAE {version} is not available: use {' or '.join(VERSIONS)}; versions "
            "grade the same value differently"
        )
    return dict(table(f"ctcae_{version}")["laboratory"])


def clinical_terms(version: str) -> dict[str, Any]:
    """The terms of a version of CTCAE that a person grades, not a value.

    Examples
    --------
    >>> clinical_terms("5.0")["nausea"]["grades"]
    [1, 2, 3]
    """
    terms(version)
    return dict(table(f"ctcae_{version}")["clinical"])


@lru_cache(1024)
def grades_of(version: str, term: str) -> tuple[int, ...]:
    """The grades that a term has, 0 included.

    Examples
    --------
    >>> grades_of("5.0", "INR"), grades_of("5.0", "hemoglobin")
    ((0, 1, 2, 3), (0, 1, 2, 3, 4, 5))
    """
    clinical = clinical_terms(version)
    if term in clinical:
        return (0, *clinical[term]["grades"])
    rule = terms(version)[term]
    bounds = next(rule[key] for key in ("below", "above", "uln_above") if key in rule)
    return tuple(sorted({*range(len(bounds) + 1), *rule.get("by_user", ())}))


def laboratory_grade(
    term: str,
    value: float,
    *,
    version: str,
    uln: float | None = None,
    lln: float | None = None,
    baseline: float | None = None,
    baseline_uln: float | None = None,
    anticoagulated: bool = False,
    unit: str | None = None,
) -> Grade:
    """CTCAE grade of a laboratory value.

    A bound belongs to the milder grade: 3.0 x ULN of ALT is grade 1, 3.01 grade 2.
    Where the baseline was above the upper limit, multiples are of the baseline.
    Without a lower limit of normal only grades 0 and 1 cannot be told apart.

    Parameters
    ----------
    term : str
        Such as ``"ALT"``; see :func:`terms`.
    value, uln, lln, baseline : float
        In one unit: that of the term's absolute bounds where it has any.
    baseline_uln : float, optional
        Upper limit of normal of the laboratory that measured the baseline, by which it
        was normal or not; `uln`, that of the value, where it is not given.
    version : str
        ``"5.0"``.
    anticoagulated : bool
        INR is graded by multiples of the baseline then.
    unit : str, optional
        Where the values are in another unit that CTCAE prints bounds in, as hemoglobin
        in ``"mmol/L"``: those bounds are not conversions of each other.

    Returns
    -------
    Grade
        With None where a limit that decides is not given.

    Raises
    ------
    InputError
        A version or term that is not held here.
    RangeError
        A value below 0.

    Examples
    --------
    ALT of 121 U/L at an upper limit of 40 is 3.025 times that:

    >>> laboratory_grade("ALT", 121, version="5.0", uln=40)
    Grade(grade=2, rule='above 3 x ULN (40)')
    >>> laboratory_grade("ALT", 120, version="5.0", uln=40).grade
    1
    >>> laboratory_grade("platelets", 75, version="5.0", lln=150).grade
    1

    A baseline of 1.5 mg/dL was abnormal where the limit is 1.2, and 4.6 is 3.07 times
    that, whatever the limit of a later laboratory:

    >>> laboratory_grade("bilirubin", 4.6, version="5.0", uln=1.6, baseline=1.5,
    ...                  baseline_uln=1.2)
    Grade(grade=3, rule='above 3 x baseline (1.5)')
    """
    known = terms(version)
    if term not in known:
        raise InputError(
            f"'{term}' is not a laboratory term here: use {', '.join(known)}"
        )
    given = {
        "value": value,
        "uln": uln,
        "lln": lln,
        "baseline": baseline,
        "baseline_uln": baseline_uln,
    }
    for name, number in given.items():
        if number is not None and not number >= 0:
            raise RangeError(f"{term}: {name} is {number:g}: it must be 0 or more")
    rule = known[term]
    if "below" in rule:
        return _below(
            rule["below"] if unit is None else rule["below_in"][unit], value, lln
        )
    if anticoagulated and "anticoagulated_baseline_above" in rule:
        if baseline is None:
            return Grade(
                None, "needs the baseline, because the patient was anticoagulated"
            )
        return _worst(
            value, _of("baseline", baseline, rule["anticoagulated_baseline_above"])
        )
    if "above" in rule:
        return _worst(value, [(bound, f"{bound:g}") for bound in rule["above"]])
    return _multiples(
        rule, value, uln=uln, baseline=baseline, baseline_uln=baseline_uln
    )


def _below(bounds: Sequence[Any], value: float, lln: float | None) -> Grade:
    found = (
        Grade(None, "needs the lower limit of normal: grade 0 or 1")
        if lln is None
        else Grade(0, f"not below LLN ({lln:g})")
    )
    for number, bound in enumerate(bounds, 1):
        limit = lln if bound == "lln" else bound
        if limit is not None and _less(value, limit):
            found = Grade(number, f"below {'LLN ' * (bound == 'lln')}{limit:g}")
    return found


def is_abnormal(
    baseline: float | None, *, uln: float | None, baseline_uln: float | None
) -> bool:
    """Whether a baseline was above its own limit, or `uln` where it has none.

    Examples
    --------
    >>> is_abnormal(1.5, uln=1.6, baseline_uln=1.2)
    True
    >>> is_abnormal(1.5, uln=1.6, baseline_uln=None)
    False
    """
    limit = uln if baseline_uln is None else baseline_uln
    return baseline is not None and limit is not None and _less(limit, baseline)


def _multiples(
    rule: Mapping[str, Any],
    value: float,
    *,
    uln: float | None,
    baseline: float | None,
    baseline_uln: float | None,
) -> Grade:
    abnormal = is_abnormal(baseline, uln=uln, baseline_uln=baseline_uln)
    if abnormal and baseline is not None and "baseline_above" in rule:
        found = _worst(value, _of("baseline", baseline, rule["baseline_above"]))
        lowest = rule.get("baseline_from")
        if found.grade == 0 and lowest and not _less(value, lowest * baseline):
            return Grade(1, f"{lowest:g} x baseline ({baseline:g}) or more")
        return found
    own = Grade(0, "")
    if baseline is not None and "also_baseline_above" in rule:
        own = _worst(value, _of("baseline", baseline, rule["also_baseline_above"]))
    if uln is None:
        least = f": grade {own.grade} or more, {own.rule}" if own.grade else ""
        return Grade(None, f"needs the upper limit of normal{least}")
    found = _worst(value, _of("ULN", uln, rule["uln_above"]))
    return max(found, own, key=lambda one: one.grade or 0)


def _of(
    name: str, limit: float, multiples: list[float | None]
) -> list[tuple[float | None, str]]:
    return [
        (None if times is None else times * limit, f"{times} x {name} ({limit:g})")
        for times in multiples
    ]


def _worst(value: float, bounds: list[tuple[float | None, str]]) -> Grade:
    """The grade of the last bound that the value is above."""
    first = next(said for bound, said in bounds if bound is not None)
    grade, rule = 0, f"not above {first}"
    for number, (bound, said) in enumerate(bounds, 1):
        if bound is not None and _less(bound, value):
            grade, rule = number, f"above {said}"
    return Grade(grade, rule)


def _less(a: float, b: float) -> bool:
    return float(f"{a:.{_DIGITS}g}") < float(f"{b:.{_DIGITS}g}")
