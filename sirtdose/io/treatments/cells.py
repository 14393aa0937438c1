"""Cells of a log as options take them: decimal commas, units in headers, dates."""

import re
from dataclasses import dataclass, field
from datetime import date, datetime
from datetime import timezone as fixed_zone
from decimal import Decimal, InvalidOperation
from typing import Final

from sirtdose.errors import InputError, QuantityError
from sirtdose.model.treatment_record import Stated
from sirtdose.model.units import (
    ACTIVITY,
    BODY_MASS,
    FRACTION,
    Measure,
    offset_in,
    parse_time,
)

DAY_FIRST, MONTH_FIRST, YEAR_FIRST = "day-first", "month-first", "year-first"
COMMA, POINT = "comma", "point"
_DAY = re.compile(r"(\d{1,4})[./-](\d{1,2})[./-](\d{1,4})")
_CLOCK = re.compile(r"([01]?\d|2[0-3]):([0-5]\d)(?::([0-5]\d))?")
_NUMBER = re.compile(r"([+-]?[\d.,' \u00a0]*\d)\s*(.*)")
_YEAR_DIGITS = 4
_HOW_DATES: Final = "give --dates day-first or month-first, or write 2026-03-01"


@dataclass(frozen=True)
class LogFormat:
    """How a hospital writes its log.

    `columns` gives a column's name here for the one that the log has; `identifiers` is
    the system that patients' numbers are of, where FHIR has several. `home` is the
    hospital's time zone where a line has its own.
    """

    dates: str = YEAR_FIRST
    decimal: str = POINT
    timezone: str | None = None
    columns: dict[str, str] = field(default_factory=dict)
    identifiers: str | None = None
    home: str | None = None


def day_of(text: str, how: LogFormat) -> date:
    """A day; one with the year last only if it is said which number is the month.

    Raises
    ------
    InputError

    Examples
    --------
    >>> day_of("3.4.2026", LogFormat(dates="day-first")).isoformat()
    '2026-04-03'
    >>> day_of("03/04/2026", LogFormat())
    Traceback (most recent call last):
    ...
    sirtdose.errors.InputError: '03/04/2026' may be 3 April or 4 March: give --dates \
day-first or month-first, or write 2026-03-01
    """
    match = _DAY.fullmatch(text.strip())
    if match is None:
        raise InputError(f"'{text[:40]}' is not a date: write it like 2026-03-01")
    first, second, third = match.groups()
    try:
        if len(first) == _YEAR_DIGITS:
            return date(int(first), int(second), int(third))
        if len(third) != _YEAR_DIGITS:
            raise InputError(f"'{text}' has no year of four digits: {_HOW_DATES}")
        if how.dates == YEAR_FIRST:
            raise InputError(
                f"'{text}' {_doubt(int(first), int(second))}: {_HOW_DATES}"
            )
        month, day = (second, first) if how.dates == DAY_FIRST else (first, second)
        return date(int(third), int(month), int(day))
    except ValueError:
        raise InputError(f"'{text}' is no day of any calendar, {how.dates}") from None


def _doubt(first: int, second: int) -> str:
    try:
        readings = [date(2000, second, first), date(2000, first, second)]
    except ValueError:
        return "does not begin with the year"
    each = [f"{one.day} {one:%B}" for one in readings]
    return f"may be {each[0]} or {each[1]}"


def moment_of(text: str, day: date, how: LogFormat) -> datetime:
    """A moment: a time of day on the treatment's day, or a whole date and time.

    Raises
    ------
    InputError, QuantityError
        No time, or no offset from UTC and no time zone.

    Examples
    --------
    >>> there = LogFormat(timezone="Europe/Rome")
    >>> moment_of("9:05", date(2026, 3, 1), there).isoformat()
    '2026-03-01T09:05:00+01:00'
    >>> moment_of("2026-03-01T23:05Z", date(2026, 3, 1), there).isoformat()
    '2026-03-02T00:05:00+01:00'
    """
    plain = text.strip()
    clock = _CLOCK.fullmatch(plain)
    if clock is not None:
        hour, minute, second = (int(one or 0) for one in clock.groups())
        written = datetime(day.year, day.month, day.day, hour, minute, second)
        return _placed(written.isoformat(), how)
    head, _, rest = plain.partition(" ")
    if rest and _DAY.fullmatch(head):
        return moment_of(rest, day_of(head, how), how)
    if _DAY.fullmatch(plain):
        raise InputError(f"'{plain}' has no time of day: write 2026-03-01T10:30")
    return _placed(plain, how)


def is_clock(text: str) -> bool:
    """Whether it is a time of day alone."""
    return _CLOCK.fullmatch(text.strip()) is not None


def _placed(text: str, how: LogFormat) -> datetime:
    return at_home(parse_time(text, how.timezone), how)


def at_home(at: datetime, how: LogFormat) -> datetime:
    """The same moment on the hospital's clock, whose day is that of the treatment.

    A server may write all times in UTC.
    """
    home = how.home or how.timezone
    return at if home is None else at.astimezone(fixed_zone(offset_in(at, home)))


def quantity_of(
    text: str, measure: Measure, how: LogFormat, *, unit: str = ""
) -> tuple[str, float]:
    """A quantity as an option takes it, and its number.

    `unit` is that of the column's header. Decimal commas are read only where it is said
    that the log has them, and then a point is refused: it may part thousands.

    Raises
    ------
    InputError, QuantityError

    Examples
    --------
    >>> quantity_of("1,68", ACTIVITY, LogFormat(decimal="comma"), unit="GBq")
    ('1.68 GBq', 1.68)
    """
    match = _NUMBER.fullmatch(text.strip())
    if match is None:
        raise InputError(f"'{text[:40]}' is not {measure.article} {measure.name}")
    number, own = match[1], match[2].strip()
    if unit and own and own.casefold() != unit.casefold():
        raise InputError(f"'{text}' stands in a column in {unit}: which unit is right?")
    if how.decimal == COMMA:
        if "." in number:
            raise InputError(
                f"'{text}' has a point, and --decimal comma says that commas are "
                "decimal: write it without separators for thousands"
            )
        number = number.replace(",", ".")
    elif re.fullmatch(r"\d+,\d+", number):
        raise InputError(
            f"'{text}' has a comma: give --decimal comma if the log has decimal commas"
        )
    written = f"{number} {own or unit}".strip()
    if measure is FRACTION:
        written = written.replace(" ", "")
        if not (own or unit) and float(number) >= 1:
            raise QuantityError(f"'{text}' has no unit: for percent write {number}%")
    return written, measure.parse(written)


def plain_number(text: str) -> str:
    """A number of JSON or DICOM without an exponent, its digits kept.

    >>> plain_number("1.680E+3"), plain_number(" 45.0")
    ('1680', '45.0')
    """
    try:
        return format(Decimal(str(text).strip()), "f")
    except InvalidOperation:
        raise InputError(f"'{str(text)[:40]}' is not a number") from None


def stated_quantity(
    text: str, measure: Measure, how: LogFormat, *, unit: str, where: str
) -> Stated:
    """A quantity with its place; what is wrong with it is said there."""
    try:
        written, number = quantity_of(text, measure, how, unit=unit)
    except InputError as error:
        raise InputError(f"{where}: {error}") from None
    return Stated(written, where, number)


def stated_moment(text: str, day: date, how: LogFormat, *, where: str) -> Stated:
    """A moment with its place, written with its offset from UTC."""
    try:
        at = moment_of(text, day, how)
    except InputError as error:
        raise InputError(f"{where}: {error}") from None
    return Stated(at.isoformat(), where, at=at)


# What the columns of quantities hold, and the units that a header may name.
QUANTITIES: Final = {
    "administered": ACTIVITY,
    "assay": ACTIVITY,
    "residual": ACTIVITY,
    "planned_activity": ACTIVITY,
    "lung_shunt": FRACTION,
    "weight": BODY_MASS,
}
UNITS: Final = {
    **{one.casefold(): one for one in (*ACTIVITY.factors, "kg", "lb")},
    **dict.fromkeys(("%", "percent", "pct"), "%"),
}
