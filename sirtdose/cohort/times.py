"""Times to an event: as they are written, or counted between dates."""

from dataclasses import dataclass
from datetime import date

from sirtdose.cohort.columns import seen_of, unit_of_time
from sirtdose.cohort.join import Level
from sirtdose.cohort.request import CohortRequest
from sirtdose.errors import InputError
from sirtdose.io.tables.csv import Line

# A year of 365.25 days, by twelve.
DAYS_PER_MONTH = 30.4375


@dataclass(frozen=True)
class Times:
    """Times to an event, by row; None where one is missing.

    `time` and `event` say which columns they are of, `days_per_month` how dates were
    counted.
    """

    time: str
    event: str
    unit: str
    rows: tuple[tuple[float, bool] | None, ...]
    days_per_month: float | None = None


def times_of(level: Level, request: CohortRequest) -> Times:
    """Read times and events.

    Raises
    ------
    InputError
        Options that do not go together, columns that are not there, codes that are not
        known, dates out of order: with line and column.
    RangeError
        A time below 0.
    """
    if request.start is not None or request.end:
        return _between_dates(level, request)
    if request.time is None or request.event is None:
        raise InputError("survival needs both --time and --event")
    unit = unit_of_time(request.time)
    times = level.column(request.time, lambda line, name: line.number(name, least=0))
    seen = level.column(request.event, seen_of)
    return Times(
        request.time,
        request.event,
        unit,
        tuple(
            None if time is None or event is None else (time, event)
            for time, event in zip(times, seen, strict=True)
        ),
    )


def _between_dates(level: Level, request: CohortRequest) -> Times:
    start, event = request.start, request.event
    if request.time is not None:
        raise InputError("give either --time or --from and --to, not both")
    if start is None or not request.end:
        raise InputError("survival between dates needs both --from and --to")
    if len(request.end) > 2:
        raise InputError(
            "--to takes one column, or two: the date of the event and that of the last "
            "contact, e.g. --to 'death_date|last_seen'"
        )
    if len(request.end) == 1 and event is None:
        raise InputError(
            f"--to {request.end[0]} does not say who had the event: give --event, or "
            "two columns, that of the event's date first, e.g. --to "
            "'death_date|last_seen'"
        )
    begun = level.column(start, _Day)
    ends = [level.column(one, _Day) for one in request.end]
    seen = [None] * len(begun) if event is None else level.column(event, _seen)
    rows = tuple(
        _counted(*row) for row in zip(begun, seen, zip(*ends, strict=True), strict=True)
    )
    return Times(
        f"{start} to {' or '.join(request.end)}",
        event or request.end[0],
        "months",
        rows,
        DAYS_PER_MONTH,
    )


class _Day:
    """A cell with a date, and where it stands."""

    def __init__(self, line: Line, column: str) -> None:
        self.where, self.column = line.at(column) if line.where else "", column
        self.on: date | None = line.day(column)

    def require_from(self, other: "_Day") -> None:
        """Refuse one before another."""
        if self.on and other.on and self.on < other.on:
            raise InputError(
                f"{self.where} is {self.on}, before {other.column}, {other.on} "
                f"({other.where}): correct one of the two dates"
            )


def _seen(line: Line, column: str) -> tuple[bool | None, str]:
    return seen_of(line, column), line.at(column)


def _counted(
    begun: _Day, seen: tuple[bool | None, str] | None, ends: tuple[_Day, ...]
) -> tuple[float, bool] | None:
    """Months from one date to another, and whether the event was seen."""
    for one in ends:
        one.require_from(begun)
    first, last = ends[0], ends[-1]
    if len(ends) == 1:
        event = None if seen is None else seen[0]
    else:
        first.require_from(last)
        event = first.on is not None
        if seen is not None and seen[0] is not None and seen[0] is not event:
            raise InputError(
                f"{seen[1]} says that the event was {'' if seen[0] else 'not '}seen, "
                f"but {first.column} is {first.on or 'empty'}: correct one of the two"
            )
    end = first.on or last.on
    if begun.on is None or end is None or event is None:
        return None
    return (end - begun.on).days / DAYS_PER_MONTH, event
