"""What doses and covariates say of survival: curves, log-rank, Cox models."""

from collections.abc import Sequence
from dataclasses import asdict
from math import floor, log10
from typing import Any

from sirtdose.cohort.columns import (
    Covariate,
    covariate,
    event_of,
    seen_of,
    unit_of_time,
)
from sirtdose.cohort.join import Level
from sirtdose.cohort.request import CohortRequest
from sirtdose.errors import InputError
from sirtdose.outcomes.hazards_over_time import Ties
from sirtdose.outcomes.proportional_hazards import cox
from sirtdose.outcomes.survival import (
    Interval,
    at_risk,
    follow_up,
    kaplan_meier,
    log_rank,
)

_TICKS = 7
# Fewer events than this for each covariate, and a model is not to be trusted.
_EVENTS_PER_COVARIATE = 10

Times = Sequence[tuple[float, bool]]


def survival_document(
    level: Level, request: CohortRequest, *, dose: str | None
) -> dict[str, Any]:
    """All that is said of time to an event, by patient.

    Of those who have a dose in any column, a time and an event. Where there is none,
    `failed` says so.

    Raises
    ------
    InputError
        A column that is not there, or codes that are not known.
    RangeError
        A time below 0.
    """
    if request.time is None or request.event is None:
        raise InputError("survival needs both --time and --event")
    unit = unit_of_time(request.time)
    everybody = len(level.rows)
    level = level.only(not row.no_dose for row in level.rows)
    times = level.column(request.time, lambda line, name: line.number(name, least=0))
    seen = level.column(request.event, seen_of)
    # What it is compared by, of nobody else.
    level = level.only(
        time is not None and event is not None
        for time, event in zip(times, seen, strict=True)
    )
    known = [
        (time, event)
        for time, event in zip(times, seen, strict=True)
        if time is not None and event is not None
    ]
    document: dict[str, Any] = {
        "time": request.time,
        "event": request.event,
        "unit": unit,
        "n": len(known),
        "events": sum(event for _, event in known),
        "missing": len(times) - len(known),
        "without_dose": everybody - len(times),
        "failed": None,
    }
    if not known:
        said = (
            f"no {level.name} with a dose has both a time in '{request.time}' and an "
            f"event in '{request.event}'"
        )
        nothing = dict.fromkeys(("overall", "follow_up", "cox"))
        return document | nothing | {"groups": [], "failed": said}
    groups = _groups(level, request, dose)
    return document | {
        "overall": _curve(known, request.interval),
        "follow_up": asdict(
            follow_up(
                [time for time, _ in known],
                [event for _, event in known],
                interval=request.interval,
            )
        ),
        "groups": [
            # A dose was known from the beginning.
            _by_group(
                known,
                name,
                own,
                landmark=0.0 if name == dose else request.landmark,
                interval=request.interval,
            )
            for name, own in groups.items()
        ],
        "cox": _models(level, known, request) if request.covariates else None,
    }


def _groups(
    level: Level, request: CohortRequest, dose: str | None
) -> dict[str, list[str | None]]:
    """What curves are drawn by: a column's groups, and sides of a known dose."""
    groups: dict[str, list[str | None]] = {}
    if request.by is not None:
        by = covariate(level, request.by)
        if not by.categories and not by.failed:
            raise InputError(
                f"column '{request.by}' contains numbers, but curves need categories, "
                "such as yes and no"
            )
        groups[request.by] = [None if one is None else str(one) for one in by.of(level)]
    elif request.response is not None and level.has(request.response):
        had = level.column(
            request.response,
            lambda line, name: event_of(line, name, yes=request.responders),
        )
        groups[request.response] = [
            None if one is None else "response" if one else "no response" for one in had
        ]
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


def _curve(known: Times, interval: Interval, *, ticks: Sequence[float] = ()) -> Any:
    times = [time for time, _ in known]
    curve = kaplan_meier(times, [event for _, event in known], interval=interval)
    ticks = ticks or _ticks(max(times))
    return asdict(curve) | {
        "risk_times": list(ticks),
        "at_risk": at_risk(times, ticks),
        "censored": sorted(time for time, event in known if not event),
    }


def _ticks(end: float) -> list[float]:
    """Round times for the numbers at risk."""
    if end <= 0:
        return [0.0]

    rough = end / (_TICKS - 1)
    power = 10.0 ** floor(log10(rough))
    step = next(one * power for one in (1, 2, 2.5, 3, 5, 6, 10) if one * power >= rough)
    return [n * step for n in range(_TICKS + 1) if n * step <= end * (1 + 1e-9)]


def _by_group(
    known: Times,
    name: str,
    own: Sequence[str | None],
    *,
    landmark: float,
    interval: Interval,
) -> dict[str, Any]:
    placed = [
        (group, time, event)
        for group, (time, event) in zip(own, known, strict=True)
        if group is not None
    ]
    # Who dies on the landmark is not at risk after it.
    kept = [
        (group, (time - landmark, event))
        for group, time, event in placed
        if landmark <= 0 or time > landmark
    ]
    document = {
        "by": name,
        "landmark": landmark,
        "n": len(kept),
        "missing": len(known) - len(placed),
        "before_landmark": len(placed) - len(kept),
    }
    names = sorted({group for group, _ in kept})
    if len(names) < 2:
        return document | {"failed": "fewer than two groups are left"}
    times, events = zip(*(pair for _, pair in kept), strict=True)
    ticks = _ticks(max(times))
    curves = {
        group: _curve([pair for g, pair in kept if g == group], interval, ticks=ticks)
        for group in names
    }
    if not any(events):
        return document | {"curves": curves, "failed": "no events"}
    return document | {
        "curves": curves,
        "log_rank": asdict(log_rank(times, events, [group for group, _ in kept])),
    }


def _models(level: Level, known: Times, request: CohortRequest) -> dict[str, Any]:
    """A Cox model of each covariate, and one of all of them where there are several."""
    covariates = [covariate(level, one) for one in request.covariates]
    values = {one.column: one.of(level) for one in covariates}
    return {
        "univariable": [
            _model(known, [one], values, ties=request.ties) for one in covariates
        ],
        "multivariable": _model(known, covariates, values, ties=request.ties)
        if len(covariates) > 1
        else None,
    }


def _model(
    known: Times,
    covariates: Sequence[Covariate],
    values: dict[str, list[float | str | None]],
    *,
    ties: Ties,
) -> dict[str, Any]:
    """A model of the patients with every covariate; others are counted as missing."""
    used = [
        row
        for row in range(len(known))
        if all(values[own.column][row] is not None for own in covariates)
    ]
    events = [known[row][1] for row in used]
    document: dict[str, Any] = {
        "covariates": [one.column for one in covariates],
        "missing": len(known) - len(used),
        "n": len(used),
        "events": sum(events),
    }
    failed = next((own.failed for own in covariates if own.failed), "")
    if failed or not used:
        return document | {"failed": failed or "no patient has all covariates"}
    columns: dict[str, list[float]] = {}
    for own in covariates:
        given = [
            value for row in used if (value := values[own.column][row]) is not None
        ]
        left = own.among(given)
        if left is None:
            return document | {
                "failed": (
                    f"'{own.column}' is the same for all patients with every covariate"
                )
            }
        columns |= left.coded(given)
    model = asdict(cox([known[row][0] for row in used], events, columns, ties=ties))
    return (
        document
        | model
        | {"few_events": model["events"] < _EVENTS_PER_COVARIATE * len(columns)}
    )
