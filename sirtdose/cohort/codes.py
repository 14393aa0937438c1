"""Codes of outcomes as people write them: responses, events, grades, yes and no."""

import re

from sirtdose.errors import InputError
from sirtdose.io.tables.csv import Line

RESPONSES = (
    *("CR", "PR", "SD", "PD", "non-CR/non-PD"),
    *("CMR", "PMR", "SMD", "PMD"),
)
_NOT_EVALUABLE = ("ne", "not evaluable")
_SEEN = ("dead", "died", "death", "progressed", "progression", "event")
_NOT_SEEN = ("alive", "censored", "lost", "no event")
_UNITS = ("days", "weeks", "months", "years")


def event_of(
    line: Line, column: str, *, yes: tuple[str, ...], toxic_from: int = 3
) -> bool | None:
    """Whether an outcome is a yes: None where it is missing or not evaluable.

    A column that ends in ``_grade`` holds grades 0 to 5; any other yes or no, or
    responses, of which those in `yes` count.

    Raises
    ------
    InputError
        A code that is not known, with its line and column.
    """
    cell = line.text(column)
    if not cell or cell.casefold() in _NOT_EVALUABLE:
        return None
    if column.endswith("_grade"):
        if not re.fullmatch("[0-5]", cell):
            raise InputError(
                f"{line.at(column)}: '{cell[:40]}' is no grade: write 0 to 5, or leave "
                "the cell empty"
            )
        return int(cell) >= toxic_from
    for response in RESPONSES:
        if cell.casefold() == response.casefold():
            return response in yes
    return _yes_or_no(line, column, f"{', '.join(RESPONSES)}, NE, ")


def seen_of(line: Line, column: str) -> bool | None:
    """Whether the event of a time was seen (dead, 1) or not until then (alive, 0)."""
    cell = line.text(column).casefold()
    if cell in _SEEN or cell in _NOT_SEEN:
        return cell in _SEEN
    return _yes_or_no(line, column, "dead, alive, ")


def _yes_or_no(line: Line, column: str, others: str) -> bool | None:
    cell = line.text(column)
    try:
        return line.flag(column)
    except InputError:
        hint = (
            ": a table with 1 and 2 is to be coded anew, 1 seen and 0 not"
            if cell == "2"
            else ""
        )
        raise InputError(
            f"{line.at(column)}: the code '{cell[:40]}' is not known: use {others}yes, "
            f"no, 1 or 0{hint}"
        ) from None


def unit_of_time(column: str) -> str:
    """Read the unit of a column of times off its name.

    >>> unit_of_time("survival_months")
    'months'
    """
    unit = column.rpartition("_")[2]
    if unit not in _UNITS:
        raise InputError(
            f"column '{column}' does not say the unit of its times: let its name end "
            f"in _{', _'.join(_UNITS)}"
        )
    return unit
