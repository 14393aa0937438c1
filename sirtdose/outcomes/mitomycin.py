"""Mitomycin C after radioembolization as one study gave it: a schedule, no advice."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, timedelta

from sirtdose.data.load import table
from sirtdose.errors import InputError, RangeError


@dataclass(frozen=True)
class Cycle:
    """One infusion of the schedule; `hold` says why it would not be given."""

    number: int
    day: date
    dose_mg: float
    cumulative_mg: float
    imaging_after: bool
    hold: str = ""


def cohorts() -> tuple[str, ...]:
    """The cohorts of the study."""
    return tuple(table("mitomycin")["cohorts"])


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
        10^9/L before each cycle as far as known; at 100 and below it is held.
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
    """
    protocol = table("mitomycin")
    if cohort not in protocol["cohorts"]:
        raise InputError(f"cohort '{cohort}': use {', '.join(protocol['cohorts'])}")
    own = protocol["cohorts"][cohort]
    if own["cycles"] > 1 and interval_d is None:
        raise InputError(
            f"cohort {cohort} has {own['cycles']} cycles, and the study does not state "
            "the days between them: give an interval"
        )
    if interval_d is not None and interval_d < 1:
        raise RangeError(f"interval is {interval_d} d: it must be 1 d or more")
    earliest, _, latest = protocol["first_after_weeks"]
    if not earliest <= first_after_weeks <= latest:
        raise RangeError(
            f"first cycle {first_after_weeks:g} weeks after treatment: the study had "
            f"{earliest} to {latest}"
        )
    first = treated + timedelta(weeks=first_after_weeks)
    cycles = []
    for number in range(1, own["cycles"] + 1):
        count = platelets[number - 1] if number <= len(platelets) else None
        cycles.append(
            Cycle(
                number=number,
                day=first + timedelta(days=(interval_d or 0) * (number - 1)),
                dose_mg=own["dose_mg"],
                cumulative_mg=own["dose_mg"] * number,
                imaging_after=number % own.get("image_every", own["cycles"]) == 0,
                hold=_hold(count, protocol["platelets_above"], progressed=progressed),
            )
        )
    return cycles


def _hold(platelets: float | None, least: float, *, progressed: bool) -> str:
    if progressed:
        return "untreatable progression (RECIST 1.1)"
    if platelets is None:
        return ""
    if platelets <= least:
        return f"platelets {platelets:g} x 10^9/L: above {least:g} is needed"
    return ""
