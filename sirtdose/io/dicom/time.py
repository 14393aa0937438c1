"""Dates, times of day and moments as DICOM writes them: DA, TM, DT and offsets.

The only place that reads them. What cannot be read is None, never a guess.
"""

import re
from datetime import date, datetime, time, timedelta, timezone

from sirtdose.errors import QuantityError
from sirtdose.io.dicom.bare import Dataset

_TIME = re.compile(r"(\d{2})(?:(\d{2})(?:(\d{2})(?:\.(\d+))?)?)?")
_OFFSET = re.compile(r"([+-])(\d{2})(\d{2})")
# Offsets from UTC that DICOM allows (PS3.5, 6.2).
_OFFSET_LEAST, _OFFSET_MOST = timedelta(hours=-12), timedelta(hours=14)


def parse_date(text: str) -> date | None:
    """A DA: eight digits, or with points as of old; None for a placeholder.

    >>> parse_date("20260302"), parse_date("00010101"), parse_date("2026-03-02")
    (datetime.date(2026, 3, 2), None, None)
    """
    digits = text.replace(".", "").strip()
    if not re.fullmatch(r"\d{8}", digits) or digits.startswith("0001"):
        return None
    try:
        return date(int(digits[:4]), int(digits[4:6]), int(digits[6:]))
    except ValueError:
        return None


def parse_time_of_day(text: str) -> time | None:
    """A TM: hour, and as much of minute, second and fraction as is written.

    >>> parse_time_of_day("233015.5"), parse_time_of_day("23:30"), parse_time_of_day("")
    (datetime.time(23, 30, 15, 500000), datetime.time(23, 30), None)
    """
    match = _TIME.fullmatch(text.replace(":", "").strip())
    if match is None:
        return None
    hour, minute, second, fraction = match.groups(default="0")
    # A leap second, 60, is taken as the one before it.
    whole = 59 if second == "60" else int(second)
    try:
        return time(int(hour), int(minute), whole, int(f"{fraction:0<6}"[:6]))
    except ValueError:
        return None


def parse_offset(text: str) -> timezone | None:
    """An offset from UTC such as +0100; None where it is none that DICOM allows.

    >>> parse_offset("-0500").utcoffset(None).total_seconds() / 3600
    -5.0
    >>> parse_offset("+2500"), parse_offset("CET")
    (None, None)
    """
    match = _OFFSET.fullmatch(text.replace(":", "").strip())
    if match is None or int(match[3]) > 59:
        return None
    size = timedelta(hours=int(match[2]), minutes=int(match[3]))
    offset = size if match[1] == "+" else -size
    return timezone(offset) if _OFFSET_LEAST <= offset <= _OFFSET_MOST else None


def parse_moment(text: str) -> datetime | None:
    """A DT with date and time of day; its own offset, where it has one, is kept.

    >>> parse_moment("20260302233000.00-0500").isoformat()
    '2026-03-02T23:30:00-05:00'
    >>> parse_moment("20260302") is None
    True
    """
    match = re.fullmatch(r"(\d{8})(\d[\d.]+)([+-]\d{4})?", text.strip(" \0"))
    if match is None:
        return None
    day, clock = parse_date(match[1]), parse_time_of_day(match[2])
    if day is None or clock is None:
        return None
    if match[3] is None:
        return datetime.combine(day, clock)
    zone = parse_offset(match[3])
    return None if zone is None else datetime.combine(day, clock, zone)


def moment(dataset: Dataset, date_keyword: str, time_keyword: str) -> datetime | None:
    """Date and time of day of a pair of attributes; None when either is unusable.

    The result carries an offset only where the header has
    TimezoneOffsetFromUTC (0008,0201).
    """
    day = parse_date(text_of(dataset, date_keyword))
    clock = parse_time_of_day(text_of(dataset, time_keyword))
    if day is None or clock is None:
        return None
    return on_its_clock(datetime.combine(day, clock), dataset)


def on_its_clock(written: datetime | None, dataset: Dataset) -> datetime | None:
    """A moment with the header's offset, unless it has its own.

    None where the header states an offset that cannot be read: which moment it is
    would be a guess.
    """
    stated = text_of(dataset, "TimezoneOffsetFromUTC")
    if written is None or written.tzinfo is not None or not stated:
        return written
    zone = parse_offset(stated)
    return None if zone is None else written.replace(tzinfo=zone)


def typed_on_its_clock(
    typed: datetime | None, dataset: Dataset, option: str
) -> datetime | None:
    """A moment that a person typed, on the header's clock.

    Raises
    ------
    QuantityError
        It has an offset from UTC, and the header none to compare it with.
    """
    placed = on_its_clock(typed, dataset)
    stated = text_of(dataset, "TimezoneOffsetFromUTC")
    if placed is not None and placed.tzinfo is not None and not stated:
        raise QuantityError(
            f"{option} has an offset from UTC, and the header states none for the "
            "scanner's clock: write it without, as that clock showed it"
        )
    return placed


def acquired_at(dataset: Dataset) -> tuple[datetime | None, str]:
    """When the acquisition began, and the attributes that say so."""
    pair = moment(dataset, "AcquisitionDate", "AcquisitionTime")
    if pair is not None:
        return pair, "AcquisitionDate, AcquisitionTime"
    whole = on_its_clock(parse_moment(text_of(dataset, "AcquisitionDateTime")), dataset)
    return whole, "AcquisitionDateTime" if whole else ""


def text_of(dataset: Dataset, keyword: str) -> str:
    """An attribute as text; empty where it is absent."""
    return str(dataset.get(keyword, "") or "").strip(" \0")
