"""Criteria that a patient has to meet: each one met, failed or not known."""

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from sirtdose.data.load import table
from sirtdose.errors import InputError, said_at
from sirtdose.model.units import FRACTION
from sirtdose.outcomes.laboratory import factor, require_possible, unit_inside, units_of

OPERATORS = ("<", "<=", ">", ">=", "is")
_KINDS = ("inclusion", "exclusion")
_FILE_KEYS = ("title", "source", "verified", "criteria")
_REQUIRED = ("id", "kind", "must_hold", "value", "operator", "bound")
_KEYS = (*_REQUIRED, "unit", "of_uln", "laboratory")
_NUMBER = re.compile(r"\s*([+-]?(?:\d+\.?\d*|\.\d+)(?:[eE][+-]?\d{1,3})?)\s*(.*?)\s*")
_PLAIN_UNITS = ("%", "1")
_MOST = 1e9
# Values and bounds are products: the last bit of them decides nothing.
_ROOM = 1e-9


@dataclass(frozen=True)
class Criterion:
    """What must hold, as words and as a comparison.

    `bound` is in `unit`, or a multiple of the upper limit of normal with `of_uln`.
    """

    id: str
    kind: str
    must_hold: str
    value: str
    operator: str
    bound: float | bool
    unit: str = ""
    of_uln: bool = False
    laboratory: bool = False


@dataclass(frozen=True)
class CriteriaSet:
    """Criteria with their title and source."""

    title: str
    source: str
    verified: bool
    criteria: tuple[Criterion, ...]


@dataclass(frozen=True)
class Given:
    """A value of a patient as written, and in the unit inside; or true or false."""

    written: str
    value: float | bool
    uln_written: str = ""
    uln: float | None = None


@dataclass(frozen=True)
class Judged:
    """A criterion with its answer: met, failed or unknown.

    `value` is in the unit of the criterion, or times the upper limit of normal.
    """

    criterion: Criterion
    answer: str
    why: str
    value: float | bool | None = None
    given: Given | None = None


def criteria_set(data: Mapping[str, Any], where: str) -> CriteriaSet:
    """Criteria as a file holds them, checked.

    Parameters
    ----------
    data : mapping
        With `title`, `source` and `criteria`, each with an id, a kind (inclusion or
        exclusion), what must hold in words, the name of a value, an operator, a bound
        and its unit, or `of_uln`.
    where : str
        The file, for messages.

    Raises
    ------
    InputError
        Keys, operators or units that are not known, or ids that are there twice.

    Examples
    --------
    >>> own = {"id": "shunt", "kind": "exclusion", "must_hold": "at most 10 %",
    ...        "value": "lung_shunt_fraction", "operator": "<=", "bound": 10,
    ...        "unit": "%"}
    >>> criteria_set({"title": "ours", "criteria": [own]}, "own.json").criteria[0].bound
    10.0
    """
    _require_keys(data, _FILE_KEYS, ("title", "criteria"), where)
    listed = data["criteria"]
    if not isinstance(listed, list) or not listed:
        raise InputError(
            f"{where}: criteria must be a list with at least one criterion"
        )
    found = [
        _criterion(one, f"{where}, criterion {n}") for n, one in enumerate(listed, 1)
    ]
    ids = [one.id for one in found]
    for one in ids:
        if ids.count(one) > 1:
            raise InputError(f"{where}: the criterion '{one}' occurs twice")
    for key in ("title", "source"):
        _text(data.get(key, "not stated"), f"{where}: {key}")
    verified = data.get("verified", False)
    if not isinstance(verified, bool):
        raise InputError(f"{where}: verified must be true or false")
    return CriteriaSet(
        data["title"], data.get("source", "not stated"), verified, tuple(found)
    )


def study_criteria() -> CriteriaSet:
    """The criteria that come with the program: one study's, and no recommendation.

    Examples
    --------
    >>> len(study_criteria().criteria)
    17
    """
    return criteria_set(table("eligibility"), "eligibility.json")


def given_values(
    data: Mapping[str, Any], criteria: CriteriaSet, where: str
) -> dict[str, Given]:
    """A patient's values as a file holds them, in the units inside.

    Raises
    ------
    InputError
        Names that are not known, values without a unit or of another kind.

    Examples
    --------
    >>> given_values({"ast": {"value": "1 ukat/L", "uln": "40 U/L"}}, study_criteria(),
    ...              "case.toml")["ast"].value
    60.0
    """
    needed = {
        one.value: one for one in (*study_criteria().criteria, *criteria.criteria)
    }
    unknown = [key for key in data if key not in needed]
    if unknown:
        raise InputError(
            f"{where}: {', '.join(repr(key) for key in unknown)} in [values] is not "
            f"known: use {', '.join(needed)}"
        )
    return {
        key: _given(value, needed[key], f"{where}: {key}")
        for key, value in data.items()
    }


def judge(criteria: CriteriaSet, given: Mapping[str, Given]) -> list[Judged]:
    """Each criterion's answer.

    Parameters
    ----------
    criteria : CriteriaSet
    given : mapping of str to Given
        Values by name; what is not there is not known.

    Examples
    --------
    A bound belongs to what is met: 20 % is at most 20 %.

    >>> own = given_values({"lung_shunt_fraction": "20%"}, study_criteria(), "case")
    >>> [one.answer for one in judge(study_criteria(), own)
    ...  if one.criterion.id == "lung-shunt"]
    ['met']
    """
    return [_judged(one, given.get(one.value)) for one in criteria.criteria]


def overall(judged: Sequence[Judged]) -> str:
    """Eligible, not eligible, or cannot be said.

    Examples
    --------
    >>> overall([])
    'eligible'
    """
    answers = {one.answer for one in judged}
    if "failed" in answers:
        return "not eligible"
    return "cannot be determined" if "unknown" in answers else "eligible"


def _judged(criterion: Criterion, given: Given | None) -> Judged:
    if given is None:
        return Judged(criterion, "unknown", "not given")
    value = given.value
    if isinstance(value, bool):
        met = value is criterion.bound
    elif criterion.of_uln and given.uln is None:
        return Judged(
            criterion, "unknown", "needs the upper limit of normal", None, given
        )
    else:
        value /= (given.uln if criterion.of_uln else _factor(criterion)) or 1.0
        met = _holds(criterion.operator, value, float(criterion.bound))
    return Judged(criterion, "met" if met else "failed", "", value, given)


def _holds(operator: str, value: float, bound: float) -> bool:
    room = _ROOM * max(abs(value), abs(bound))
    above, below = value > bound + room, value < bound - room
    return {"<": below, "<=": not above, ">": above, ">=": not below}[operator]


def _term(value: str) -> str | None:
    """The laboratory term, or other quantity, that a value is of."""
    return {term.casefold(): term for term in table("laboratory")["terms"]}.get(value)


def _factor(criterion: Criterion) -> float:
    term = _term(criterion.value)
    plain = 0.01 if criterion.unit == "%" else 1.0
    return plain if term is None else factor(term, criterion.unit)


def _require_keys(
    data: Any, known: Sequence[str], required: Sequence[str], where: str
) -> None:
    if not isinstance(data, Mapping):
        raise InputError(f"{where} is not a table: write {', '.join(required)}")
    unknown = [key for key in data if key not in known]
    if unknown:
        raise InputError(
            f"{where}: '{unknown[0]}' is not known: use {', '.join(known)}"
        )
    missing = [key for key in required if key not in data]
    if missing:
        raise InputError(f"{where} has no {', '.join(missing)}")


def _text(value: Any, where: str) -> str:
    if not isinstance(value, str) or not value.strip() or not value.isprintable():
        raise InputError(f"{where} is {value!r}: write words in quotes")
    return value


def _criterion(data: Any, where: str) -> Criterion:
    _require_keys(data, _KEYS, _REQUIRED, where)
    for key in ("id", "must_hold", "value"):
        _text(data[key], f"{where}: {key}")
    where = f"{where} ('{data['id']}')"
    for key, known in (("kind", _KINDS), ("operator", OPERATORS)):
        if data[key] not in known:
            raise InputError(f"{where}: {key} is {data[key]!r}: use {', '.join(known)}")
    for key in ("of_uln", "laboratory"):
        if not isinstance(data.get(key, False), bool):
            raise InputError(f"{where}: {key} must be true or false")
    bound, yes_or_no = data["bound"], data["operator"] == "is"
    is_bool = isinstance(bound, bool)
    if yes_or_no is not is_bool or not isinstance(bound, (bool, int, float)):
        raise InputError(
            f"{where}: bound is {bound!r}, but with '{data['operator']}' it must be "
            f"{'true or false' if yes_or_no else 'a number'}"
        )
    if not yes_or_no and not abs(bound) <= _MOST:
        raise InputError(f"{where}: bound is {bound!r}: it must be a finite number")
    found = Criterion(**{**data, "bound": bound if yes_or_no else float(bound)})
    _require_unit(found, where)
    return found


def _require_unit(criterion: Criterion, where: str) -> None:
    if not isinstance(criterion.unit, str):
        raise InputError(f"{where}: unit is {criterion.unit!r}: write it in quotes")
    term = _term(criterion.value)
    if criterion.operator == "is" or criterion.of_uln:
        if criterion.unit:
            raise InputError(f"{where}: the bound has no unit: leave the unit out")
        if criterion.of_uln and (criterion.operator == "is" or term is None):
            raise InputError(
                f"{where}: of_uln can only be used with a laboratory value"
            )
        return
    if term is None and criterion.unit not in _PLAIN_UNITS:
        raise InputError(
            f"{where}: '{criterion.unit}' is not a unit of '{criterion.value}', which "
            f"is not a quantity known here: use {' or '.join(_PLAIN_UNITS)}"
        )
    if term is not None:
        with said_at(where):
            factor(term, criterion.unit)


def _given(value: Any, criterion: Criterion, where: str) -> Given:
    if criterion.operator == "is":
        if not isinstance(value, bool):
            raise InputError(f"{where} is {value!r}: write true or false")
        return Given("yes" if value else "no", value)
    uln = None
    if isinstance(value, Mapping):
        _require_keys(value, ("value", "uln"), ("value",), where)
        value, uln = value["value"], value.get("uln")
    number = _number(value, criterion, where)
    if uln is None:
        return Given(str(value), number)
    limit = _number(uln, criterion, f"{where}: uln")
    if not limit > 0:
        raise InputError(f"{where}: uln is {uln}: it must be above 0")
    return Given(str(value), number, str(uln), limit)


def _number(value: Any, criterion: Criterion, where: str) -> float:
    """A value with its unit, in the unit inside."""
    if isinstance(value, bool) or not isinstance(value, (str, int, float)):
        raise InputError(
            f"{where} is {value!r}: write a number with its unit in quotes"
        )
    text, term = str(value), _term(criterion.value)
    if term == "lung_shunt_fraction" or (term is None and criterion.unit == "%"):
        with said_at(where):
            return FRACTION.parse(text)
    match = _NUMBER.fullmatch(text)
    if match is None or not abs(float(match[1])) <= _MOST:
        raise InputError(
            f"{where} is '{text[:40]}': write a number and its unit, in quotes"
        )
    number, unit = float(match[1]), match[2]
    if term is None:
        if unit:
            raise InputError(
                f"{where} is '{text[:40]}': write it as a number without a unit"
            )
        return number
    if not unit and "" not in units_of(term):
        raise InputError(
            f"{where} is '{text}', without a unit: write it in quotes with one, such "
            f"as '{text} {unit_inside(term)}'"
        )
    with said_at(where):
        inside = number * factor(term, unit)
        require_possible(term, inside, given=text)
    return inside
