"""When vials are calibrated, and which of them can be had for a treatment."""

from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta, tzinfo
from zoneinfo import ZoneInfo

from sirtdose.model.vial_product import SITE_ZONE, WEEKDAYS, Schedule, VialProduct

_WEEK_H = 168.0
_ONE_DAY = timedelta(days=1)


def hours_between(start: datetime, end: datetime) -> float:
    """Hours that pass, whatever clocks show: daylight saving changes nothing.

    >>> zone = ZoneInfo("America/New_York")
    >>> hours_between(datetime(2026, 3, 7, 12, tzinfo=zone),
    ...               datetime(2026, 3, 8, 12, tzinfo=zone))
    23.0
    """
    return (end.astimezone(UTC) - start.astimezone(UTC)).total_seconds() / 3600


def hours_after(at: datetime, hours: float) -> datetime:
    """A time after another, or before it, on the same place's clock.

    >>> at = datetime(2027, 3, 28, 10, tzinfo=ZoneInfo("Europe/Brussels"))
    >>> at.isoformat(timespec="minutes"), hours_after(at, -24.0).isoformat()
    ('2027-03-28T10:00+02:00', '2027-03-27T09:00:00+01:00')
    """
    there = (at.astimezone(UTC) + timedelta(hours=hours)).astimezone(at.tzinfo)
    return datetime.fromisoformat(there.isoformat())


@dataclass(frozen=True)
class Calibration:
    """A calibration of vials that can be had, and how it lies to the treatment.

    `delivered` is the latest day on which the vial arrives, where a delivery may come
    before the calibration.
    """

    at: datetime
    hours_before_use: float
    zone: str = ""
    delivered: date | None = None

    @property
    def week(self) -> int:
        """The week after calibration in which it is used, from 1; 0 before it.

        >>> at = datetime(2026, 11, 29, 12, tzinfo=UTC)
        >>> [Calibration(at, hours).week for hours in (-8.0, 70.0, 168.0, 238.0)]
        [0, 1, 2, 2]
        """
        hours = self.hours_before_use
        return 0 if hours < 0 else 1 + int(hours // _WEEK_H)


def zone_of(schedule: Schedule, site: tzinfo) -> tzinfo:
    """The zone of a schedule's clock; `site` is the hospital's own."""
    return site if schedule.zone == SITE_ZONE else ZoneInfo(schedule.zone)


def calibrations_for(
    product: VialProduct, at: datetime, site: tzinfo | None = None
) -> tuple[Calibration, ...]:
    """The calibrations whose vials can be had at a time, the earliest first.

    A vial is used within its shelf life. It is used before its calibration only where
    a delivery comes so early.

    Parameters
    ----------
    product : VialProduct
    at : datetime
        Of use, with its offset from UTC.
    site : tzinfo, optional
        The hospital's zone; else the offset of `at`.

    Examples
    --------
    Wednesday in Boston: the last two Sundays, 70 and 238 h before.

    >>> from sirtdose.model.device import Device
    >>> at = datetime.fromisoformat("2026-12-09T10:00-05:00")
    >>> [(one.at.isoformat(), one.hours_before_use)
    ...  for one in calibrations_for(Device.named("glass").vials, at)]
    [('2026-11-29T12:00:00-05:00', 238.0), ('2026-12-06T12:00:00-05:00', 70.0)]
    """
    found = {
        one
        for schedule in product.schedules
        for one in _of_schedule(
            schedule, at, zone_of(schedule, site or at.tzinfo or UTC), product
        )
    }
    return tuple(sorted(found, key=lambda one: -one.hours_before_use))


def _of_schedule(
    schedule: Schedule, at: datetime, zone: tzinfo, product: VialProduct
) -> list[Calibration]:
    shelf_life_h = product.shelf_life_h
    today = at.astimezone(zone).date()
    day = today - timedelta(days=int(shelf_life_h // 24) + 1)
    last = today + timedelta(days=max(schedule.days_before, default=0))
    found = []
    while day <= last:
        calibration = on_day(schedule, day, at=at, zone=zone)
        if calibration is not None and calibration.hours_before_use <= shelf_life_h:
            found.append(calibration)
        day += _ONE_DAY
    return found


def on_day(
    schedule: Schedule, day: date, *, at: datetime, zone: tzinfo
) -> Calibration | None:
    """A schedule's calibration on a day; None where its vial cannot be had by then."""
    if WEEKDAYS[day.weekday()] not in schedule.weekdays:
        return None
    calibrated = datetime.combine(day, schedule.clock, tzinfo=zone)
    hours = hours_between(calibrated, at)
    today = at.astimezone(zone).date()
    delivered = None
    if schedule.days_before:
        arrive = [day - timedelta(days=n) for n in schedule.days_before]
        in_time = [one for one in arrive if one <= today]
        if not in_time:
            return None
        delivered = max(in_time)
    elif hours < 0:
        return None
    fixed = datetime.fromisoformat(calibrated.isoformat())
    name = "" if schedule.zone == SITE_ZONE else schedule.zone
    return Calibration(fixed, hours, name, delivered)


def not_on_schedule(product: VialProduct, calibrated_at: datetime, site: tzinfo) -> str:
    """When vials are calibrated, where not at this time; empty where they are.

    `site` is the hospital's zone, or that of the treatment's time: the offset that a
    calibration is typed with says nothing of either.

    Examples
    --------
    >>> from sirtdose.model.device import Device
    >>> glass = Device.named("glass").vials
    >>> not_on_schedule(glass, datetime.fromisoformat("2026-12-06T18:00+01:00"), UTC)
    ''
    >>> not_on_schedule(glass, datetime.fromisoformat("2026-12-07T12:00-05:00"), UTC)
    'calibration Sunday 12:00, America/New_York'
    """
    for schedule in product.schedules:
        local = calibrated_at.astimezone(zone_of(schedule, site))
        day = WEEKDAYS[local.weekday()]
        if day in schedule.weekdays and local.time() == schedule.clock:
            return ""
    return "; ".join(one.fact.says for one in product.schedules)
