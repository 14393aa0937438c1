"""Mitomycin C after radioembolization as one study gave it: a schedule, no advice."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, timedelta

from sirtdose.data.load import table
from sirtdose.errors import InputError, RangeError

_INTERVAL_MAX_D = 366
# 10^9/L: what is above was written per microliter.
_PLATELETS_MAX = 5000.0


@dataclass(frozen=True)
class Cycle:
    """One day of the schedule; `hold` says why its infusion would not be given.

    A cycle that is held adds nothing to `cumulative_mg`, and has another day later,
    with the same `number`.
    """

    number: int
    day: date
    dose_mg: float
    cumulative_mg: float
    imaging_after: bool
    hold: str = ""


def schedule(
    cohort: str,
    *,
    treated: date,
    interval_d: int | None,
    first_after_weeks: float = 8,
    platelets: Sequence[float | None] = (),
    progressed: bool = False,
) -> list[Cycle]:
    """Days, doses and gates of a cohort's cycles.

    A cycle that is held is tried again an interval later, and those after it move.

    Parameters
    ----------
    cohort : {"A", "B", "C", "D"}
    treated : date
        Of radioembolization.
    interval_d : int or None
        Days between cycles: the study does not state it; None where there is one cycle.
    first_after_weeks : float
        6 to 10 in the study, 8 planned.
    platelets : sequence of float or None
        10^9/L on each day of the schedule as far as known; at 100 and below its cycle
        is held.
    progressed : bool
        Untreatable progression by RECIST 1.1: no cycle is given.

    Raises
    ------
    InputError
        Another cohort, or an interval that is missing.
    RangeError
        A first cycle outside the study's window, an interval that is no number of days.

    Examples
    --------
    >>> [one.day.isoformat() for one in schedule(
    ...     "C", treated=date(2026, 3, 2), interval_d=28)]
    ['2026-04-27', '2026-05-25']

    The second is held, and given 28 days later:

    >>> [(one.number, one.day.isoformat(), one.cumulative_mg) for one in schedule(
    ...     "C", treated=date(2026, 3, 2), interval_d=28, platelets=[150, 90])]
    [(1, '2026-04-27', 12), (2, '2026-05-25', 12), (2, '2026-06-22', 24)]
    """
    protocol = table("mitomycin")
    if cohort not in protocol["cohorts"]:
        raise InputError(
            f"there is no cohort '{cohort}': use {', '.join(protocol['cohorts'])}"
        )
    own = protocol["cohorts"][cohort]
    if own["cycles"] > 1 and interval_d is None:
        raise InputError(
            f"cohort {cohort} has {own['cycles']} cycles, but the study does not "
            "state the days between them: give an interval"
        )
    if interval_d is not None and not 1 <= interval_d <= _INTERVAL_MAX_D:
        raise RangeError(
            f"interval is {interval_d} d: it must be 1 d or more, up to "
            f"{_INTERVAL_MAX_D} d"
        )
    _require_counts(platelets)
    earliest, _, latest = protocol["first_after_weeks"]
    if not earliest <= first_after_weeks <= latest:
        raise RangeError(
            f"first cycle {first_after_weeks:g} weeks after treatment: the study "
            f"allowed {earliest} to {latest}; check the dates"
        )
    first = treated + timedelta(days=round(7 * first_after_weeks))
    cycles: list[Cycle] = []
    given, days = 0, own["cycles"] + (0 if progressed else len(platelets))
    while given < own["cycles"] and len(cycles) < days:
        tried = len(cycles)
        if tried and interval_d is None:
            break
        count = platelets[tried] if tried < len(platelets) else None
        hold = _hold(count, protocol["platelets_above"], progressed=progressed)
        number = (tried if progressed else given) + 1
        given += not hold
        cycles.append(
            Cycle(
                number=number,
                day=first + timedelta(days=(interval_d or 0) * tried),
                dose_mg=own["dose_mg"],
                cumulative_mg=own["dose_mg"] * given,
                # Stated for one cohort only.
                imaging_after=not hold
                and "image_every" in own
                and number % own["image_every"] == 0,
                hold=hold,
            )
        )
    _require_used(platelets, cycles, cohort)
    return cycles


def _require_used(
    platelets: Sequence[float | None], cycles: Sequence[Cycle], cohort: str
) -> None:
    """Refuse counts of days that the schedule does not have."""
    if len(platelets) <= len(cycles):
        return
    last = cycles[-1]
    if last.hold:
        raise InputError(
            f"{len(platelets)} platelet counts: cycle {last.number} is on hold at "
            f"count {len(cycles)}, and the study does not state the days to the next: "
            "give an interval"
        )
    raise InputError(
        f"{len(platelets)} platelet counts were given, but cohort {cohort} has "
        f"{last.number} cycle{'s' * (last.number > 1)}, on {len(cycles)} "
        f"day{'s' * (len(cycles) > 1)}"
    )


def _require_counts(platelets: Sequence[float | None]) -> None:
    for count in platelets:
        if count is not None and not 0 <= count <= _PLATELETS_MAX:
            raise RangeError(
                f"platelets of {count:g} x 10^9/L: it must be 0 to "
                f"{_PLATELETS_MAX:g}, such as 150 for 150000/uL"
            )


def _hold(platelets: float | None, least: float, *, progressed: bool) -> str:
    if progressed:
        return "untreatable progression (RECIST 1.1)"
    if platelets is not None and platelets <= least:
        return f"platelets {platelets:g} x 10^9/L, but above {least:g} is needed"
    return ""
