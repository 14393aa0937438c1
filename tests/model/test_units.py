from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from sirtdose.errors import QuantityError
from sirtdose.model import units


@pytest.mark.parametrize(
    ("measure", "text", "value"),
    [
        (units.ACTIVITY, "1.68 GBq", 1.68),
        (units.ACTIVITY, "45mCi", 1.665),
        (units.ACTIVITY, "50 MBq", 0.05),
        (units.ACTIVITY, "1e3kBq", 1e-3),
        (units.DOSE, "120Gy", 120),
        (units.DOSE, "5000 cGy", 50),
        (units.VOLUME, "1.5L", 1500),
        (units.VOLUME, ".5cc", 0.5),
        (units.MASS, "900g", 0.9),
        (units.DENSITY, "1050 kg/m3", 1.05),
        (units.LENGTH, "1.5cm", 15),
        (units.BODY_MASS, "180lb", 81.6466266),
        (units.BODY_HEIGHT, "69in", 1752.6),
        (units.DURATION, "20min", 1 / 3),
        (units.DURATION, "64.05h", 64.05),
        (units.FRACTION, "4.2%", 0.042),
        (units.FRACTION, "0.042", 0.042),
        (units.FRACTION, "0", 0),
        (units.CAMERA_FACTOR, "12.3 cps/MBq", 12.3),
        (units.DOSE_CONSTANT, "49.67 Gy kg/GBq", 49.67),
    ],
)
def test_reads_a_number_with_its_unit(
    measure: units.Measure, text: str, value: float
) -> None:
    assert measure.parse(text) == pytest.approx(value, rel=1e-12)


@pytest.mark.parametrize(
    ("measure", "text", "says"),
    [
        (units.ACTIVITY, "1.68", "no unit"),
        (units.ACTIVITY, "1.68 mGbq", "unknown unit"),
        (units.ACTIVITY, "-1GBq", "0 or more"),
        (units.ACTIVITY, "nan GBq", "is not a"),
        (units.ACTIVITY, "1e999GBq", "too large"),
        (units.ACTIVITY, "1,68GBq", "is written 1.68GBq: use a point for decimals"),
        (units.VOLUME, "1,000mL", "can mean 1000mL or 1.000mL"),
        (units.VOLUME, "1,000 mL", "can mean 1000 mL or 1.000 mL"),
        (units.VOLUME, "1.000,5 mL", "is written 1000.5 mL"),
        (units.VOLUME, "1,000.5mL", "is written 1000.5mL"),
        (units.VOLUME, "1 000mL", "is written 1000mL"),
        (units.VOLUME, "1.000.000mL", "is written 1000000mL"),
        (units.FRACTION, "4,2%", "is written 4.2%"),
        (units.ACTIVITY, "1.5Gbq", "'Gbq', which is written GBq: 1.5GBq"),
        (units.ACTIVITY, "500mBq", "millibecquerel: for megabecquerel write 500MBq"),
        (units.ACTIVITY, "500mbq", "'mbq', which is written MBq: 500MBq"),
        (units.ACTIVITY, "2GBQ", "'GBQ', which is written GBq: 2GBq"),
        (units.ACTIVITY, "45Mci", "'Mci', which is written mCi: 45mCi"),
        (units.ACTIVITY, "45 MCi", "megacurie: for millicurie write 45 mCi"),
        (units.DOSE, "120gy", "'gy', which is written Gy: 120Gy"),
        (units.DOSE, "10MGy", "megagray: for milligray write 10mGy"),
        (units.VOLUME, "900ML", "'ML', which is written mL: 900mL"),
        (units.MASS, "70KG", "'KG', which is written kg: 70kg"),
        (units.BILIRUBIN, "1mg/DL", "'mg/DL', which is written mg/dL: 1mg/dL"),
        (units.ACTIVITY, "", "is not a"),
        (units.DOSE, "120mgy", "'mgy', which is written mGy: 120mGy"),
        (units.VOLUME, "0mL", "above 0"),
        (units.MASS, "-2kg", "above 0"),
        (units.FRACTION, "8", "write 8%"),
        (units.FRACTION, "108%", "outside 0 to 100 %"),
        (units.FRACTION, "4Gy", "unknown unit"),
    ],
)
def test_refuses_with_what_would_do(
    measure: units.Measure, text: str, says: str
) -> None:
    with pytest.raises(QuantityError, match=says):
        measure.parse(text)


@given(st.floats(1e-6, 1e6))
def test_activity_units_agree_with_each_other(value: float) -> None:
    gbq = units.ACTIVITY.parse(f"{value!r} GBq")
    assert units.ACTIVITY.parse(f"{value!r} Ci") == pytest.approx(37 * gbq)
    assert units.ACTIVITY.parse(f"{value!r} MBq") == pytest.approx(gbq / 1000)
    assert gbq * units.MCI_PER_GBQ * 0.037 == pytest.approx(gbq)


def test_time_with_an_offset_or_a_zone() -> None:
    time = units.parse_time("2026-03-01T10:30+01:00")
    assert time.astimezone(UTC) == datetime(2026, 3, 1, 9, 30, tzinfo=UTC)
    assert units.parse_time("2026-03-01T10:30", "Europe/Brussels") == time


def test_elapsed_time_across_daylight_saving_counts_real_hours() -> None:
    before = units.parse_time("2026-03-28T12:00", "Europe/Brussels")
    after = units.parse_time("2026-03-29T12:00", "Europe/Brussels")
    elapsed = after.astimezone(UTC) - before.astimezone(UTC)
    assert elapsed == timedelta(hours=23)


@pytest.mark.parametrize(
    ("text", "zone", "says"),
    [
        ("2026-03-01T10:30", None, "no offset"),
        ("2026-03-01", "Europe/Brussels", "without a time of day"),
        ("yesterday", None, "is not a time"),
        ("2026-03-01T10:30", "Belgium/Ghent", "not a time zone"),
        ("2026-03-29T02:30", "Europe/Brussels", "does not exist once"),
        ("2026-10-25T02:30", "Europe/Brussels", "does not exist once"),
    ],
)
def test_time_is_refused_where_it_is_not_clear(
    text: str, zone: str | None, says: str
) -> None:
    with pytest.raises(QuantityError, match=says):
        units.parse_time(text, zone)


def test_hours_across_a_change_of_daylight_saving() -> None:
    start = units.parse_time("2026-03-28T12:00", "Europe/Brussels")
    end = units.parse_time("2026-03-29T12:00", "Europe/Brussels")
    assert (end - start).total_seconds() / 3600 == 23
    assert end.isoformat() == "2026-03-29T12:00:00+02:00"
