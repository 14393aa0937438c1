"""Survival curves of all and by group, and log-rank tests between groups."""

from collections import Counter
from collections.abc import Sequence
from dataclasses import asdict
from math import floor, log10
from typing import Any

from sirtdose.cohort.columns import Covariate, any_of, covariate, outcomes_of
from sirtdose.cohort.join import Level
from sirtdose.cohort.request import CohortRequest
from sirtdose.errors import InputError
from sirtdose.io.tables.csv import Line
from sirtdose.outcomes.survival import (
    Interval,
    LogRank,
    at_risk,
    kaplan_meier,
    log_rank,
)

_TICKS = 7

Followed = Sequence[tuple[float, bool]]
Groups = Sequence[str | None]


def groups_of(
    level: Level, request: CohortRequest, dose: str | None
) -> dict[str, list[str | None]]:
    """What curves are drawn by: groups of columns, and sides of a known dose.

    Raises
    ------
    InputError
        A column that is not there or holds numbers, or a group of one patient.
    """
    # By any of its columns, the toxicity of all of them.
    toxicity = " or ".join(request.toxicity)
    groups = {
        toxicity if one in request.toxicity else one: _named(level, request, one)
        for one in request.by
    }
    if not groups and request.response is not None and level.has(request.response):
        groups = {request.response: _by_outcome(level, request, request.response)}
    if request.threshold_gy is not None and dose is not None:
        given = level.column(dose, lambda line, name: line.number(name, least=0))
        groups[dose] = [
            None
            if one is None
            else f"{'below' if one < request.threshold_gy else 'at or above'} "
            f"{request.threshold_gy:g} Gy"
            for one in given
        ]
    return groups


def strata_of(level: Level, request: CohortRequest) -> list[str | None] | None:
    """The stratum of each row, None where one of its columns is missing."""
    if not request.strata:
        return None
    columns = [_categories(level, one, "--stratum") for one in request.strata]
    read = [one.of(level) for one in columns]
    for one, values in zip(columns, read, strict=True):
        if one.failed and len({*values} - {None}) < 2:
            raise InputError(f"--stratum {one.column} divides nothing: {one.failed}")
    return [
        None if None in row else ", ".join(map(str, row))
        for row in zip(*read, strict=True)
    ]


def _named(level: Level, request: CohortRequest, column: str) -> list[str | None]:
    if column == request.response or column in request.toxicity:
        found = _by_outcome(level, request, column)
    else:
        found = [
            None if one is None else str(one)
            for one in _categories(level, column, "--by").of(level)
        ]
    alone = [name for name, count in Counter(found).items() if name and count == 1]
    if alone:
        where = level.column(column, Line.at)[found.index(alone[0])]
        raise InputError(
            f"{where}: '{alone[0]}' is a group of one patient with a time, but "
            f"--by {column} compares groups of at least 2: join it with another group "
            "in the table, or leave the cell empty"
        )
    return found


def _by_outcome(level: Level, request: CohortRequest, column: str) -> list[str | None]:
    is_response = column == request.response
    columns = (column,) if is_response else request.toxicity
    word = "response" if is_response else "toxicity"
    return [
        None if one is None else word if one else f"no {word}"
        for one in any_of(outcomes_of(level, request, columns))
    ]


def _categories(level: Level, column: str, option: str) -> Covariate:
    if not level.has(column):
        raise InputError(
            f"no table of {level.name}s has the column '{column}' given for {option}: "
            f"the columns are {level.columns}"
        )
    found = covariate(level, column)
    if not found.categories and not found.failed:
        raise InputError(
            f"column '{column}' contains numbers, but {option} needs categories, such "
            "as yes and no"
        )
    return found


def curve_document(
    known: Followed, interval: Interval, *, ticks: Sequence[float] = ()
) -> dict[str, Any]:
    """A curve with its median, who is at risk at each tick, and who is censored."""
    times = [time for time, _ in known]
    curve = kaplan_meier(times, [event for _, event in known], interval=interval)
    ticks = ticks or ticks_to(max(times))
    return asdict(curve) | {
        "risk_times": list(ticks),
        "at_risk": at_risk(times, ticks),
        "censored": sorted(time for time, event in known if not event),
    }


def ticks_to(end: float) -> list[float]:
    """Round times for the numbers at risk."""
    if end <= 0:
        return [0.0]

    rough = end / (_TICKS - 1)
    power = 10.0 ** floor(log10(rough))
    step = next(one * power for one in (1, 2, 2.5, 3, 5, 6, 10) if one * power >= rough)
    return [n * step for n in range(_TICKS + 1) if n * step <= end * (1 + 1e-9)]


def group_document(
    known: Followed,
    name: str,
    own: Groups,
    *,
    strata: Groups | None,
    landmark: float,
    interval: Interval,
) -> dict[str, Any]:
    """Curves by group from a landmark on, and the log-rank test between them."""
    placed = [
        (group, time, event, stratum)
        for group, (time, event), stratum in zip(own, known, strata or own, strict=True)
        if group is not None
    ]
    # Who dies on the landmark is not at risk after it.
    kept = [
        (group, (time - landmark, event), stratum)
        for group, time, event, stratum in placed
        if landmark <= 0 or time > landmark
    ]
    document = {
        "by": name,
        "landmark": landmark,
        "n": len(kept),
        "missing": len(known) - len(placed),
        "before_landmark": len(placed) - len(kept),
    }
    names = sorted({group for group, _, _ in kept})
    if len(names) < 2:
        return document | {"failed": "fewer than two groups are left"}
    times, events = zip(*(pair for _, pair, _ in kept), strict=True)
    ticks = ticks_to(max(times))
    curves = {
        group: curve_document(
            [pair for g, pair, _ in kept if g == group], interval, ticks=ticks
        )
        for group in names
    }
    if not any(events):
        return document | {"curves": curves, "failed": "no events"}
    found = log_rank(times, events, [group for group, _, _ in kept])
    stratified = None if strata is None else _stratified(kept)
    return document | {
        "curves": curves,
        "log_rank": asdict(found),
        "stratified": stratified,
    }


def _stratified(
    kept: Sequence[tuple[str, tuple[float, bool], str | None]],
) -> dict[str, Any]:
    """The test of those whose stratum is known, or why there is none."""
    within = [(*pair, group, own) for group, pair, own in kept if own is not None]
    document = {"n": len(within), "missing": len(kept) - len(within)}
    try:
        times, events, groups, strata = zip(*within, strict=True)
        found: LogRank | None = log_rank(times, events, groups, strata=strata)
        failed = None
    except ValueError:
        found, failed = None, "no patient has a stratum"
    except InputError as error:
        found, failed = None, str(error)
    return document | {
        "log_rank": None if found is None else asdict(found),
        "failed": failed,
    }
