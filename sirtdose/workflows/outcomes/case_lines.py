"""Lines of a table in long form, by case and day, with what is said where."""

from collections.abc import Sequence
from datetime import date

from sirtdose.errors import InputError, RangeError
from sirtdose.io.tables.csv import Line
from sirtdose.outcomes.response import CaseResponse

Days = dict[date, list[Line]]

_FIRST_YEAR, _LAST_YEAR = 1950, 2200
# Less than this of anything that is measured here is a slip of the pen.
_LEAST = 1e-4


class UnfollowedError(InputError):
    """Why a scan or a case cannot be judged, while its table can be read."""


def by_case(lines: Sequence[Line], *, item: str) -> dict[str, Days]:
    """Lines by case, in the order of the table, and by day, in the order of days.

    Raises
    ------
    InputError
        No case or day, or the same case, day and `item` twice.
    """
    found: dict[str, Days] = {}
    seen: dict[tuple[str, date, str], str] = {}
    for line in lines:
        case_id, day = line.required("case_id"), day_of(line, "date")
        name = line.required(item)
        key = (case_id, day, name.casefold())
        if key in seen:
            raise InputError(
                f"{line.at(item)}: '{name}' of case '{case_id}' on {day} is already in "
                f"{seen[key]}: keep one of them"
            )
        seen[key] = line.where.rpartition(", ")[2]
        found.setdefault(case_id, {}).setdefault(day, []).append(line)
    return {name: dict(sorted(days.items())) for name, days in found.items()}


def day_of(line: Line, column: str) -> date:
    """A day that cannot be missing, of this time."""
    line.required(column)
    day = line.day(column)
    if day is None or not _FIRST_YEAR <= day.year <= _LAST_YEAR:
        raise RangeError(
            f"{line.at(column)} is {line.text(column)}: give a day from {_FIRST_YEAR} "
            f"to {_LAST_YEAR}"
        )
    return day


def measured(line: Line, column: str, *, most: float, unit: str) -> float | None:
    """A number that can have been measured: 0, or up to `most`; None if missing.

    Raises
    ------
    RangeError
        Below 0, above `most`, or too small to be anything.
    """
    value = line.number(column, least=0)
    if value is None or value == 0 or _LEAST <= value <= most:
        return value
    raise RangeError(
        f"{line.at(column)} is {line.text(column)}: it must be 0, or from "
        f"{_LEAST:g} to {most:g} {unit}".rstrip()
    )


def needed(line: Line, column: str) -> str:
    """A cell without which its scan cannot be judged.

    Raises
    ------
    UnfollowedError
        It is empty.
    """
    cell = line.text(column)
    if not cell:
        raise UnfollowedError(f"{place(line, column)} is empty: a value is needed")
    return cell


def place(line: Line, column: str) -> str:
    """Where a cell stands in its own table."""
    return f"{line.where.rpartition(', ')[2]}, column {column}"


def require_one(places: Sequence[str], found: Sequence[CaseResponse]) -> None:
    """Refuse a table of which nothing can be judged.

    Raises
    ------
    InputError
        Why the first case cannot be followed, where none can.
    """
    reasons = [_refused(one) for one in found]
    if all(reasons):
        raise InputError(f"{places[0]}: {reasons[0]}")


def _refused(case: CaseResponse) -> str:
    """Why nothing of a case can be judged; empty where something can."""
    why = [one.unmeasured if one.response == "NE" else "" for one in case.timepoints]
    return case.unmeasurable or (why[0] if why and all(why) else "")
