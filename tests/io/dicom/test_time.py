"""DA, TM and DT by the examples and rules of DICOM PS3.5, section 6.2."""

from datetime import UTC, datetime, time, timedelta, timezone

import pytest
from pydicom.dataset import Dataset

from sirtdose.io.dicom.time import (
    acquired_at,
    moment,
    parse_date,
    parse_moment,
    parse_offset,
    parse_time_of_day,
)


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("19930822", (1993, 8, 22)),
        ("1993.08.22", (1993, 8, 22)),
        (" 20260302 ", (2026, 3, 2)),
        ("20240229", (2024, 2, 29)),
        ("20260229", None),
        ("00010101", None),
        ("00000000", None),
        ("202603", None),
        ("2026-03-02", None),
        ("", None),
    ],
)
def test_dates(text: str, expected: tuple[int, int, int] | None) -> None:
    found = parse_date(text)
    assert (found and (found.year, found.month, found.day)) == expected


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("070907.0705", time(7, 9, 7, 70500)),
        ("1010", time(10, 10)),
        ("07", time(7)),
        ("23:30:15", time(23, 30, 15)),
        ("235959.1234567", time(23, 59, 59, 123456)),
        ("235960", time(23, 59, 59)),
        ("000000", time(0)),
        ("240000", None),
        ("021", None),
        ("1030pm", None),
        ("", None),
    ],
)
def test_times_of_day(text: str, expected: time | None) -> None:
    assert parse_time_of_day(text) == expected


@pytest.mark.parametrize(
    ("text", "hours"),
    [("+0100", 1), ("-0500", -5), ("+0545", 5.75), ("+1400", 14), ("+01:00", 1)],
)
def test_offsets(text: str, hours: float) -> None:
    zone = parse_offset(text)
    assert zone is not None
    assert zone.utcoffset(None) == timedelta(hours=hours)


@pytest.mark.parametrize("text", ["+1500", "-1300", "+0160", "0100", "CET", ""])
def test_no_offsets(text: str) -> None:
    assert parse_offset(text) is None


def test_a_moment_keeps_its_own_offset() -> None:
    found = parse_moment("20260302233000.00-0500")
    assert found == datetime(2026, 3, 3, 4, 30, tzinfo=UTC)
    plain = parse_moment("20260302233000.00")
    assert plain == datetime(2026, 3, 2, 23, 30)
    assert parse_moment("202603022330+0100") == datetime(2026, 3, 2, 22, 30, tzinfo=UTC)


@pytest.mark.parametrize(
    "text", ["20260302", "20260302+0100", "20260302233000+9900", "later", ""]
)
def test_a_moment_without_a_time_of_day_is_none(text: str) -> None:
    assert parse_moment(text) is None


def header(**values: str) -> Dataset:
    dataset = Dataset()
    for keyword, value in values.items():
        setattr(dataset, keyword, value)
    return dataset


def test_the_headers_offset_is_of_what_has_none_itself() -> None:
    dataset = header(
        AcquisitionDate="20260302",
        AcquisitionTime="233000",
        TimezoneOffsetFromUTC="-0800",
    )
    found = moment(dataset, "AcquisitionDate", "AcquisitionTime")
    assert found == datetime(2026, 3, 2, 23, 30, tzinfo=timezone(timedelta(hours=-8)))
    # An offset that cannot be read leaves the moment open.
    dataset.TimezoneOffsetFromUTC = "+9900"
    assert moment(dataset, "AcquisitionDate", "AcquisitionTime") is None


def test_acquisition_in_one_attribute() -> None:
    dataset = header(
        AcquisitionDateTime="20260302233000+0100", TimezoneOffsetFromUTC="-0800"
    )
    found, origin = acquired_at(dataset)
    assert found == datetime(2026, 3, 2, 22, 30, tzinfo=UTC)
    assert origin == "AcquisitionDateTime"
