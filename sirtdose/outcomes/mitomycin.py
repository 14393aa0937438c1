"""Mitomycin C after radioembolization as one study gave it: a schedule, no advice."""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date, timedelta
from typing import Any

from sirtdose.data.load import table
from sirtdose.errors import InputError, RangeError

_INTERVAL_MAX_D = 366
# 10^9/L: what is above was written per microliter.
_PLATELETS_MAX = 5000.0


@dataclass(frozen=True)
class Known:
    """What is known of the days of a schedule, in their order; None where it is not.

    Parameters
    ----------
    platelets : sequence of float or None
        10^9/L on each day. The first cycle is held at 100 and below; later doses are
        reduced below 100.
    reduced_mg : sequence of float
        The physician's dose for each later cycle below 100, in order; 0 gives none.
    responses : sequence of str or None
        Of each imaging after two cycles, in order: CR, PR, SD or PD.
    days : sequence of date or None
        The day itself where it was another than planned; those after it move.
    progressed : bool
        Untreatable progression by RECIST 1.1: no cycle is given.
    """

    platelets: Sequence[float | None] = ()
    reduced_mg: Sequence[float] = ()
    responses: Sequence[str | None] = ()
    days: Sequence[date | None] = ()
    progressed: bool = False


@dataclass(frozen=True)
class Cycle:
    """One day of the schedule; `hold` says why its infusion would not be given.

    A cycle that is held adds nothing to `cumulative_mg`, and has another day later,
    with the same `number`. `planned` is the day that the one before it leads to;
    `waits_for` is the cycle whose imaging decides whether this one is given.
    """

    number: int
    day: date
    dose_mg: float
    cumulative_mg: float
    imaging_after: bool
    hold: str = ""
    planned: date | None = None
    platelets: float | None = None
    reduced: bool = False
    waits_for: int | None = None
    response: str | None = None


def schedule(
    cohort: str,
    *,
    treated: date,
    interval_d: int | None,
    first_after_weeks: float = 8,
    known: Known | None = None,
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
    known : Known, optional
        Platelets, reduced doses, responses and days so far.

    Raises
    ------
    InputError
        Another cohort, an interval or a reduced dose that is missing, or what belongs
        to no day of the schedule.
    RangeError
        A first cycle outside the study's window, an interval that is no number of days,
        a count or dose that cannot be, days out of order.

    Examples
    --------
    >>> [one.day.isoformat() for one in schedule(
    ...     "C", treated=date(2026, 3, 2), interval_d=28)]
    ['2026-04-27', '2026-05-25']

    The second has the physician's dose, 8 mg, for 90 x 10^9/L platelets:

    >>> low = Known(platelets=[150, 90], reduced_mg=[8])
    >>> [(one.number, one.dose_mg, one.cumulative_mg) for one in schedule(
    ...     "C", treated=date(2026, 3, 2), interval_d=28, known=low)]
    [(1, 12.0, 12.0), (2, 8, 20.0)]
    """
    protocol, known = table("mitomycin"), known or Known()
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
    earliest, _, latest = protocol["first_after_weeks"]
    if not earliest <= first_after_weeks <= latest:
        raise RangeError(
            f"first cycle {first_after_weeks:g} weeks after treatment: the study "
            f"allowed {earliest} to {latest}; check the dates"
        )
    _require_possible(known, own, cohort)
    first = treated + timedelta(days=round(7 * first_after_weeks))
    walk = _Walk(own, known)
    cycles = [
        walk.step(planned, day)
        for planned, day in _days(treated, first, walk, interval_d=interval_d)
    ]
    _require_used(known, walk, cycles, cohort)
    return cycles


@dataclass
class _Walk:
    """How far a schedule has come; each step is a day of it."""

    own: Mapping[str, Any]
    known: Known
    tried: int = 0
    given: int = 0
    missed: int = 0
    reductions: int = 0
    in_all_mg: float = 0.0
    answers: dict[int, str | None] = field(default_factory=dict)

    @property
    def is_over(self) -> bool:
        return bool(self.given + self.missed >= self.own["cycles"])

    def step(self, planned: date, day: date) -> Cycle:
        count = _at(self.known.platelets, self.tried)
        every = self.own.get("image_every", 0)
        waits_for = None
        if every and self.given and not self.missed and self.given % every == 0:
            waits_for = self.given
            response = _at(self.known.responses, self.given // every - 1)
            self.answers[self.given] = response
        number = self.given + self.missed + 1
        hold = self._stop(waits_for)
        self.missed += bool(hold)
        dose = self.own["dose_mg"]
        if not hold:
            dose, hold = self._dose(count, number)
        self.tried += 1
        self.given += not hold
        self.in_all_mg += 0 if hold else dose
        return Cycle(
            number=number,
            day=day,
            dose_mg=dose,
            cumulative_mg=self.in_all_mg,
            # Stated for one cohort only.
            imaging_after=not hold and bool(every) and number % every == 0,
            hold=hold,
            planned=planned,
            platelets=count,
            reduced=not hold and dose < self.own["dose_mg"],
            waits_for=waits_for,
            response=None if waits_for is None else self.answers[waits_for],
        )

    def _stop(self, waits_for: int | None) -> str:
        """Why neither this cycle nor a later one is given."""
        if self.known.progressed:
            return "untreatable progression (RECIST 1.1)"
        stops = table("mitomycin")["response_stops"]
        before = [one for one, answer in self.answers.items() if answer in stops]
        if waits_for in before or (self.missed and before):
            said = self.answers[before[-1]]
            return f"{said} at the imaging after cycle {before[-1]}"
        return ""

    def _dose(self, count: float | None, number: int) -> tuple[float, str]:
        """The dose of a day by its platelets, and why it is not given."""
        protocol, full = table("mitomycin"), float(self.own["dose_mg"])
        least, below = protocol["platelets_above"], protocol["platelets_reduced_below"]
        if count is None:
            return full, ""
        if not self.given:
            short = f"platelets {count:g} x 10^9/L, but above {least:g} is needed"
            return full, short if count <= least else ""
        if count >= below:
            return full, ""
        said = f"platelets {count:g} x 10^9/L, below {below:g}"
        if self.reductions >= len(self.known.reduced_mg):
            raise InputError(
                f"cycle {number}, day {self.tried + 1} of the schedule: {said}, where "
                "the study reduced the dose without stating by how much: give the "
                "physician's dose, e.g. --reduced-dose 9mg, or --reduced-dose hold"
            )
        dose = self.known.reduced_mg[self.reductions]
        self.reductions += 1
        return (dose, "") if dose else (full, f"{said}: held by the physician")


def _days(
    treated: date, first: date, walk: _Walk, *, interval_d: int | None
) -> Iterator[tuple[date, date]]:
    """The planned and actual days of a schedule, until its walk is over."""
    planned, before, tried = first, treated, 0
    while not walk.is_over:
        own = _at(walk.known.days, tried)
        day = own or planned
        if day <= before:
            after = "radioembolization" if before == treated else "the day before it"
            raise RangeError(
                f"day {tried + 1} of the schedule is {day}, not after {after}, "
                f"{before}: give the days in their order"
            )
        yield planned, day
        if interval_d is None:
            return
        planned, before = day + timedelta(days=interval_d), day
        tried += 1


def _at(values: Sequence[Any], n: int) -> Any:
    return values[n] if n < len(values) else None


def _require_possible(known: Known, own: Mapping[str, Any], cohort: str) -> None:
    for count in known.platelets:
        if count is not None and not 0 <= count <= _PLATELETS_MAX:
            raise RangeError(
                f"platelets of {count:g} x 10^9/L: it must be 0 to "
                f"{_PLATELETS_MAX:g}, such as 150 for 150000/uL"
            )
    for dose in known.reduced_mg:
        if not 0 <= dose < own["dose_mg"]:
            raise RangeError(
                f"reduced dose of {dose:g} mg: it must be below the {own['dose_mg']:g} "
                f"mg of cohort {cohort}, and above 0"
            )
    allowed = table("mitomycin")["responses"]
    for response in known.responses:
        if response is not None and response not in allowed:
            raise InputError(
                f"'{response}' is not a response by RECIST 1.1: use "
                f"{', '.join(allowed)}"
            )
    if known.responses and "image_every" not in own:
        raise InputError(
            f"responses were given, but the study states imaging between cycles for "
            f"cohort D, and not for cohort {cohort}"
        )


def _require_used(
    known: Known, walk: _Walk, cycles: Sequence[Cycle], cohort: str
) -> None:
    """Refuse counts, days, doses or responses that the schedule has no use for."""
    last = cycles[-1]
    for name, found in (
        ("platelet counts", known.platelets),
        ("actual days", known.days),
    ):
        if len(found) <= len(cycles):
            continue
        if last.hold and not walk.is_over:
            raise InputError(
                f"{len(found)} {name}: cycle {last.number} is on hold at number "
                f"{len(cycles)}, and the study does not state the days to the next: "
                "give an interval"
            )
        raise InputError(
            f"{len(found)} {name} were given, but cohort {cohort} has "
            f"{last.number} cycle{'s' * (last.number > 1)}, on {len(cycles)} "
            f"day{'s' * (len(cycles) > 1)}"
        )
    for name, count, used in (
        ("reduced doses", len(known.reduced_mg), walk.reductions),
        ("responses", len(known.responses), len(walk.answers)),
    ):
        if count > used:
            needed = {
                "reduced doses": "later cycles with platelets below "
                f"{table('mitomycin')['platelets_reduced_below']:g} x 10^9/L",
                "responses": "cycles that wait for an imaging",
            }[name]
            raise InputError(
                f"{count} {name} were given, but the schedule has {used} {needed}"
            )
