"""What doses and covariates say of survival: curves, log-rank, Cox models."""

from dataclasses import asdict
from typing import Any

from sirtdose.cohort.curves import (
    Groups,
    curve_document,
    group_document,
    groups_of,
    strata_of,
)
from sirtdose.cohort.hazards import models_document
from sirtdose.cohort.join import Level
from sirtdose.cohort.request import CohortRequest
from sirtdose.cohort.times import Times, times_of
from sirtdose.outcomes.survival import follow_up


def survival_document(
    level: Level, request: CohortRequest, *, dose: str | None
) -> dict[str, Any]:
    """All that is said of time to an event, by patient.

    Of those who have a dose in any column (where there are tables of doses), a time and
    an event. Where there is none, or no event was seen, `failed` says so.

    Raises
    ------
    InputError
        A column that is not there, codes that are not known, dates out of order.
    RangeError
        A time below 0.
    """
    everybody = len(level.rows)
    level = level.only(not row.no_dose for row in level.rows)
    times = times_of(level, request)
    # What it is compared by, of nobody else.
    level = level.only(one is not None for one in times.rows)
    known = [one for one in times.rows if one is not None]
    document: dict[str, Any] = {
        "time": times.time,
        "event": times.event,
        "unit": times.unit,
        "days_per_month": times.days_per_month,
        "strata": list(request.strata),
        "n": len(known),
        "events": sum(event for _, event in known),
        "missing": len(times.rows) - len(known),
        "without_dose": everybody - len(times.rows),
        "failed": _failed(level, times, known, dosed=bool(request.doses)),
    }
    if document["failed"]:
        nothing = dict.fromkeys(("overall", "follow_up", "cox"))
        return document | nothing | {"groups": []}
    groups = groups_of(level, request, dose)
    strata: Groups | None = strata_of(level, request)
    interval = request.interval
    return document | {
        "overall": curve_document(known, interval),
        "follow_up": asdict(
            follow_up(
                [time for time, _ in known],
                [event for _, event in known],
                interval=interval,
            )
        ),
        "groups": [
            # A dose was known from the beginning.
            group_document(
                known,
                name,
                own,
                strata=strata,
                landmark=0.0 if name == dose else request.landmark,
                interval=interval,
            )
            for name, own in groups.items()
        ],
        "cox": models_document(level, known, request, strata)
        if request.covariates
        else None,
    }


def _failed(
    level: Level, times: Times, known: list[tuple[float, bool]], *, dosed: bool
) -> str | None:
    """Why nothing is estimated, None where something is."""
    who = f"{level.name} with a dose" if dosed else level.name
    if not known:
        return (
            f"no {who} has both a time in '{times.time}' and an event in "
            f"'{times.event}'"
        )
    if not any(event for _, event in known):
        return (
            f"column '{times.event}' has no event among {len(known)} {level.name}s "
            "with a time: medians, tests and hazard ratios need one"
        )
    return None
