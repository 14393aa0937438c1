"""What doses say of a yes-or-no outcome: groups, ROC curve, logistic curve."""

from collections import Counter
from collections.abc import Sequence
from dataclasses import asdict
from typing import Any

from sirtdose.cohort.columns import any_of, covariate, outcomes_of
from sirtdose.cohort.join import Level
from sirtdose.cohort.request import CohortRequest
from sirtdose.errors import RangeError
from sirtdose.io.tables.csv import Line
from sirtdose.model.grade_column import is_grade
from sirtdose.outcomes.dose_response import dose_response
from sirtdose.outcomes.groups import chi_squared, fisher, rank_sum, spread
from sirtdose.outcomes.roc import roc

_LEAST = 2
_MOST_GY = 1e5
# What is null where an endpoint is not compared.
_COMPARED = ("clustering", "groups", "rank_sum", "roc", "dose_response", "threshold")


def dose_of(line: Line, column: str) -> float | None:
    """A dose in Gy: None where it is missing.

    Raises
    ------
    RangeError
        One below 0, or above any.
    """
    dose = line.number(column, least=0)
    if dose is not None and dose > _MOST_GY:
        raise RangeError(
            f"{line.at(column)} is {dose:g} Gy: it must be at most {_MOST_GY:g} Gy"
        )
    return dose


def endpoint_document(
    level: Level,
    request: CohortRequest,
    *,
    kind: str,
    columns: Sequence[str],
    dose: str | None,
) -> dict[str, Any]:
    """All that is said of one outcome at one level.

    Of those who have a dose in the column and an outcome: nothing here is of others.
    Where one group of them has fewer than two, `failed` says so and nothing is
    compared. Without a column of doses it is of everybody with an outcome, and nothing
    is compared by dose.

    Raises
    ------
    InputError
        Codes that are not known.
    """
    each = outcomes_of(level, request, columns)
    outcomes = any_of(each)
    doses: Sequence[float | None] = [0.0] * len(outcomes)
    if dose is not None:
        doses = [
            None if row.no_dose else value
            for value, row in zip(level.column(dose, dose_of), level.rows, strict=True)
        ]
    used = [
        value is not None and event is not None
        for value, event in zip(doses, outcomes, strict=True)
    ]
    pairs = [
        (value, event)
        for value, event in zip(doses, outcomes, strict=True)
        if value is not None and event is not None
    ]
    groups = _by_event(pairs)
    column, graded = " or ".join(columns), [c for c in columns if is_grade(c)]
    failed = _too_few(level, groups, column, dose)
    document: dict[str, Any] = {
        "kind": kind,
        "column": column,
        "level": level.name,
        "dose_column": dose,
        "yes": list(request.responders) if kind == "response" else None,
        "grade_from": request.toxic_from if graded else None,
        "parts": [_part(name, own, used) for name, own in each.items()]
        if len(columns) > 1
        else None,
        "n": len(pairs),
        "events": len(groups["yes"]),
        "missing": {
            "outcome": sum(one is None for one in outcomes),
            "dose": sum(
                one is None and event is not None
                for one, event in zip(doses, outcomes, strict=True)
            ),
        },
        "failed": failed,
        **dict.fromkeys(_COMPARED),
        "covariates": [],
    }
    if failed:
        return document
    population = level.only(used)
    threshold_gy = request.threshold_gy if kind == "response" else None
    if dose is not None:
        document |= _compared_doses(population, pairs, groups, threshold_gy)
    covariates = request.compared if level.name == "patient" else ()
    return document | {
        "covariates": [
            _compared(population, one, [event for _, event in pairs])
            for one in covariates
            if one not in (dose, *columns)
        ],
    }


def _part(
    name: str, outcomes: Sequence[bool | None], used: Sequence[bool]
) -> dict[str, Any]:
    """How many of those who are in it have one of several outcomes."""
    own = [one for one, is_used in zip(outcomes, used, strict=True) if is_used]
    known = [one for one in own if one is not None]
    return {
        "column": name,
        "n": len(known),
        "events": sum(known),
        "missing": len(own) - len(known),
    }


def _too_few(
    level: Level, groups: dict[str, list[float]], column: str, dose: str | None
) -> str | None:
    dosed = "" if dose is None else f" a dose in '{dose}' and"
    for word, values in groups.items():
        if len(values) < _LEAST:
            return (
                f"{level.name}s with{dosed} '{word}' in '{column}': "
                f"only {len(values)}, but at least {_LEAST} are needed in each group"
            )
    return None


def _compared_doses(
    population: Level,
    pairs: Sequence[tuple[float, bool]],
    groups: dict[str, list[float]],
    threshold_gy: float | None,
) -> dict[str, Any]:
    values, events = [value for value, _ in pairs], [event for _, event in pairs]
    cases = [row.case_id for row in population.rows]
    clusters = cases if population.name == "lesion" else None
    return {
        "clustering": _clustering(cases) if clusters else None,
        "groups": {
            word: asdict(spread(own)) | {"values_gy": sorted(own)}
            for word, own in groups.items()
        },
        "rank_sum": asdict(rank_sum(groups["yes"], groups["no"])),
        "roc": asdict(roc(values, events, clusters)),
        "dose_response": asdict(dose_response(values, events, clusters)),
        "threshold": None
        if threshold_gy is None
        else _divided(values, events, threshold_gy),
    }


def _clustering(cases: Sequence[str]) -> dict[str, Any]:
    counts = sorted(Counter(cases).values())
    return {
        "lesions": len(cases),
        "patients": len(counts),
        "most_of_a_patient": counts[-1],
        "median_of_a_patient": spread(counts).median,
        "patients_with_several": sum(one > 1 for one in counts),
    }


def _divided(
    values: Sequence[float], events: Sequence[bool], threshold_gy: float
) -> dict[str, Any]:
    """Counts at and above a dose that was known beforehand, and below it."""
    table = [[0, 0], [0, 0]]
    for value, event in zip(values, events, strict=True):
        table[value < threshold_gy][not event] += 1
    (hit, false), (missed, true) = table
    return {
        "threshold_gy": threshold_gy,
        "at_or_above": {"yes": hit, "no": false},
        "below": {"yes": missed, "no": true},
        "sensitivity": hit / (hit + missed),
        "specificity": true / (true + false),
        "fisher": asdict(fisher(table)),
    }


def _by_event(pairs: Sequence[tuple[Any, bool]]) -> dict[str, list[Any]]:
    return {
        word: [value for value, event in pairs if event is told]
        for word, told in (("yes", True), ("no", False))
    }


def _compared(population: Level, column: str, events: Sequence[bool]) -> dict[str, Any]:
    """A covariate in those with the outcome and those without."""
    own = covariate(population, column)
    pairs = [
        (value, event)
        for value, event in zip(own.of(population), events, strict=True)
        if value is not None
    ]
    document: dict[str, Any] = {
        "column": column,
        "n": len(pairs),
        "missing": len(events) - len(pairs),
    }
    if own.failed:
        return document | {"failed": own.failed}
    groups = _by_event(pairs)
    if not all(groups.values()):
        return document | {"failed": "a group has no values"}
    if own.categories:
        return document | _counted(groups, own.categories)
    numbers = {word: [float(one) for one in some] for word, some in groups.items()}
    return document | {
        "groups": {word: asdict(spread(some)) for word, some in numbers.items()},
        "test": asdict(rank_sum(numbers["yes"], numbers["no"])),
    }


def _counted(
    groups: dict[str, list[Any]], categories: tuple[str, ...]
) -> dict[str, Any]:
    counts = {
        word: {category: own.count(category) for category in categories}
        for word, own in groups.items()
    }
    used = [one for one in categories if any(own[one] for own in counts.values())]
    document: dict[str, Any] = {"counts": counts}
    if len(used) < _LEAST:
        return document | {"failed": "all values are the same"}
    table = [[own[one] for one in used] for own in counts.values()]
    return document | {
        "test": {"name": "Fisher", **asdict(fisher(table))}
        if len(used) == _LEAST
        else asdict(chi_squared(table))
    }
