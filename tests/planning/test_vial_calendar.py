"""Which calibrations can be had on which day, a month of days, in two time zones.

Decay by hand: published factors at 64.1 h for whole days, and elsewhere e ** -(ln 2 t /
T) from clock times of the time-zone database by hand: 12:00 in New York is 17:00 UTC in
winter and 16:00 UTC in summer.
"""

from dataclasses import replace
from datetime import UTC, date, datetime, timedelta, timezone
from math import exp, log

import pytest

from sirtdose.model.device import Device
from sirtdose.model.nuclide import Nuclide
from sirtdose.planning.vial import Asked, shared_vials, vials_for
from sirtdose.planning.vial_calendar import calibrations_for, not_on_schedule
from sirtdose.planning.vial_choice import Want

GLASS, RESIN = Device.named("glass"), Device.named("resin")
Y90 = Nuclide.named("Y-90").with_half_life(64.1)
# US clocks go forward on Mar 8, 2026, and back on Nov 1; European ones on Mar 29.
US_SUMMER = date(2026, 3, 8), date(2026, 11, 1)


def sundays_utc(at: datetime) -> list[datetime]:
    """Sunday noon in New York, as UTC, in the 288 h before a time."""
    days = [date(2026, 2, 22) + timedelta(weeks=n) for n in range(44)]
    noons = [
        datetime(day.year, day.month, day.day, 16 if summer else 17, tzinfo=UTC)
        for day in days
        for summer in [US_SUMMER[0] <= day < US_SUMMER[1]]
    ]
    return [one for one in noons if 0 <= (at - one).total_seconds() / 3600 <= 288]


MONTH = [datetime(2026, 11, 23, 15, tzinfo=UTC) + timedelta(days=n) for n in range(30)]
SPRING = [datetime(2026, 3, 2, 15, tzinfo=UTC) + timedelta(days=n) for n in range(33)]


@pytest.mark.parametrize("at", [*MONTH, *SPRING], ids=lambda at: f"{at:%m-%d}")
@pytest.mark.parametrize("offset", [-5, 1], ids=["Boston", "Brussels"])
def test_glass_of_every_day(at: datetime, offset: int) -> None:
    """One or two Sundays; what 10 GBq of them hold, wherever the hospital is."""
    local = at.astimezone(timezone(timedelta(hours=offset)))
    found = vials_for(Want("right", 2.5, local), GLASS, Y90)
    held = {
        one.vials[0].calibration.at.astimezone(UTC): one.at_use_gbq
        for one in found.choices
        if one.vials[0].calibration_gbq == 10
    }
    sundays = sundays_utc(at)
    assert sorted(held) == sundays
    assert 1 <= len(sundays) <= 2
    for sunday, gbq in held.items():
        hours = (at - sunday).total_seconds() / 3600
        assert gbq == pytest.approx(10 * exp(-log(2) * hours / 64.1), rel=1e-9)
        assert hours <= 288


@pytest.mark.parametrize(
    ("at", "sunday", "factor"),
    [
        # Whole days after Sunday noon, by the table of decay factors.
        ("2026-12-07T12:00-05:00", "2026-12-06T12:00-05:00", 0.7714),
        ("2026-12-13T12:00-05:00", "2026-12-06T12:00-05:00", 0.1626),
        ("2026-12-14T12:00-05:00", "2026-12-06T12:00-05:00", 0.1254),
        ("2026-12-17T12:00-05:00", "2026-12-06T12:00-05:00", 0.0576),
        ("2026-12-18T12:00-05:00", "2026-12-06T12:00-05:00", 0.0444),
        # 12:00 in New York is 18:00 in Brussels, but 17:00 in the weeks between.
        ("2026-12-07T18:00+01:00", "2026-12-06T12:00-05:00", 0.7714),
        ("2026-03-16T17:00+01:00", "2026-03-15T12:00-04:00", 0.7714),
        # The Sunday on which US clocks change: noon is an hour earlier in UTC.
        ("2026-03-09T12:00-04:00", "2026-03-08T12:00-04:00", 0.7714),
        ("2026-03-08T12:00-04:00", "2026-03-01T12:00-05:00", 0.1643),
    ],
)
def test_glass_on_anchor_days(at: str, sunday: str, factor: float) -> None:
    """167 h across the change: 2 ** -(167 / 64.1) = .1643, not .1626."""
    found = vials_for(Want("right", 1.0, datetime.fromisoformat(at)), GLASS, Y90)
    [one] = [
        own
        for own in found.choices
        if own.vials[0].calibration_gbq == 20
        and own.vials[0].calibration.at == datetime.fromisoformat(sunday)
    ]
    assert one.at_use_gbq / 20 == pytest.approx(factor, abs=5e-5)


def test_what_is_past_its_shelf_life_is_not_offered() -> None:
    """12 days after Sunday noon is Friday noon: an hour later it is gone."""
    friday = datetime.fromisoformat("2026-12-11T12:00-05:00")
    assert len(calibrations_for(GLASS.vials, friday)) == 2
    later = calibrations_for(GLASS.vials, friday + timedelta(minutes=1))
    assert [one.at.day for one in later] == [6]
    # Before noon of a Sunday its vial cannot be had.
    sunday = datetime.fromisoformat("2026-12-06T11:59-05:00")
    assert [one.at.day for one in calibrations_for(GLASS.vials, sunday)] == [29]


@pytest.mark.parametrize("day", range(23, 31))
def test_resin_of_every_day(day: int) -> None:
    """At 9:00: 18:00 and 23:00 of the day before, of this one and of the next three."""
    at = datetime.fromisoformat(f"2026-11-{day:02}T09:00+01:00")
    found = calibrations_for(RESIN.vials, at)
    hours = [one.hours_before_use for one in found]
    assert hours == [15, 10, -9, -14, -33, -38, -57, -62, -81, -86]
    assert {one.delivered for one in found[2:]} == {at.date()}
    vials = vials_for(Want("right", 2.0, at), RESIN, Y90).choices
    held = [one.at_use_gbq for one in vials]
    assert held == pytest.approx([3 * exp(-log(2) * h / 64.1) for h in hours])


def test_resin_follows_the_hospitals_clock() -> None:
    """Clocks in Brussels go forward on Mar 29, 2026: one hour less to 18:00."""
    from zoneinfo import ZoneInfo

    at = datetime.fromisoformat("2026-03-28T18:00+01:00")
    own = {
        one.at.isoformat(): one.hours_before_use
        for one in calibrations_for(RESIN.vials, at, ZoneInfo("Europe/Brussels"))
    }
    assert own["2026-03-29T18:00:00+02:00"] == -23
    fixed = {one.hours_before_use for one in calibrations_for(RESIN.vials, at)}
    assert -24 in fixed


def test_a_calibration_of_another_day_or_time() -> None:
    for wrong in ("2026-12-07T12:00-05:00", "2026-12-06T18:00-05:00"):
        assert not_on_schedule(GLASS.vials, datetime.fromisoformat(wrong), UTC)
    assert not not_on_schedule(GLASS.vials, datetime(2026, 12, 6, 17, tzinfo=UTC), UTC)
    holmium = Device.named("ho166").vials
    assert not not_on_schedule(holmium, datetime(2026, 12, 7, tzinfo=UTC), UTC)


def test_pairs_are_of_one_time_of_calibration() -> None:
    """No hospital has vials of 18:00 and of 23:00."""
    at = datetime.fromisoformat("2026-12-09T10:00-05:00")
    found = vials_for(Want("right", 9.0, at), RESIN, Y90, Asked(pairs=True))
    assert found.pairs
    for one in found.pairs:
        assert len({vial.calibration.at.time() for vial in one.vials}) == 1
        assert one.at_use_gbq >= 0.9 * 9.0


def test_a_pair_of_two_weeks() -> None:
    """10 GBq of week 1 with 5 GBq of week 2, or the same sizes the other way."""
    at = datetime.fromisoformat("2026-12-09T12:00-05:00")
    two = replace(GLASS, vials=GLASS.vials.with_sizes([5.0, 10.0]))
    found = vials_for(Want("right", 4.87, at), two, Y90, Asked(pairs=True))
    sums = {
        tuple(vial.calibration_gbq for vial in one.vials): one.at_use_gbq
        for one in found.pairs
    }
    # 72 h: .4591; 240 h: .0746. 4.591 + 0.373.
    assert sums[5.0, 10.0] == pytest.approx(4.964, abs=2e-3)


def test_two_resin_vials_where_no_one_suffices() -> None:
    """3 GBq of Dec 10 23:00, 37 h before: 4.47593 GBq; 8.5 GBq are 0.949 of two."""
    from sirtdose.checks.vials import shared_findings

    at = datetime.fromisoformat("2026-12-09T10:00-05:00")
    found = shared_vials(
        [Want("right", 4.5, at), Want("left", 4.0, at)], RESIN, Y90, Asked()
    )
    fitting = [one for one in found if one.fits]
    assert {len(one.vials) for one in fitting} == {2}
    [one] = [
        one
        for one in fitting
        if {own.calibration.at.isoformat() for own in one.vials}
        == {"2026-12-10T23:00:00-05:00"}
    ]
    assert one.parts == pytest.approx((4.5 / 8.95185, 4.0 / 8.95185), rel=1e-5)
    assert one.drawn_gbq(one.vials[0]) == pytest.approx((2.25, 2.0))
    # What leaves least in the vials comes first, of one delivery.
    assert [own.left for own in fitting] == sorted(own.left for own in fitting)
    assert shared_findings(found) == []


def test_no_resin_vial_for_so_much() -> None:
    from sirtdose.checks.vials import shared_findings

    at = datetime.fromisoformat("2026-12-09T10:00-05:00")
    wants = [Want("right", 9.0, at), Want("left", 8.0, at)]
    found = shared_vials(wants, RESIN, Y90, Asked())
    assert not any(one.fits for one in found)
    [said] = shared_findings(found)
    assert (said.code, str(said.severity)) == ("H03", "note")
    # 3 GBq of Dec 12 23:00, 85 h before: 7.522 GBq; 17 / 7.522.
    assert "together they need 2.26 vials of 3 GBq" in said.message
    assert shared_vials(wants[:1], RESIN, Y90, Asked()) == []
    assert shared_vials(wants, GLASS, Y90, Asked()) == []
    assert shared_findings([]) == []
