"""Days and hours of vials: treatment, calibration, shelf life (H03, H09)."""

from collections.abc import Sequence
from datetime import date, datetime, tzinfo

from sirtdose.model.device import Device
from sirtdose.model.finding import Bound, Finding, Severity
from sirtdose.planning.vial_calendar import hours_between, not_on_schedule


def day_findings(
    at: datetime, day: str | None, *, of_plan: bool = False
) -> list[Finding]:
    """Vial for another day than that of its plan (H09).

    >>> at = datetime.fromisoformat("2026-12-04T10:00-05:00")
    >>> day_findings(at, "2026-12-03", of_plan=True)[0].message.split(": ")[0]
    'the plan is for Dec 3, 2026, but the vial is for Dec 4, 2026'
    >>> day_findings(at, "2026-12-04"), day_findings(at, None)
    ([], [])
    """
    if not day or day[:10] == at.date().isoformat():
        return []
    said = "the plan is for" if of_plan else "--treatment-date is"
    return [
        Finding.of(
            "H09",
            f"{said} {_day_words(date.fromisoformat(day[:10]))}, but the vial is for "
            f"{_day_words(at)}",
            subject="day of treatment",
            remedy="correct --at, or plan again"
            if of_plan
            else "correct --at or --treatment-date",
            accepted="the vial is computed for --at",
        )
    ]


def _day_words(day: date) -> str:
    return f"{day:%b} {day.day}, {day.year}"


def shelf_life_findings(
    calibrated_at: datetime,
    at: datetime,
    device: Device,
    *,
    severity: Severity = Severity.ASK,
    injections: Sequence[str] = (),
) -> list[Finding]:
    """Use after the shelf life (H03).

    >>> sunday, friday = map(datetime.fromisoformat, ("2026-11-29T12:00-05:00",
    ...                                               "2026-12-11T13:00-05:00"))
    >>> [found] = shelf_life_findings(sunday, friday, Device.named("glass"))
    >>> found.message.partition(" (")[0]
    'used 289 h after calibration, beyond the shelf life of 288 h'
    """
    product, waits_h = device.vials, hours_between(calibrated_at, at)
    if waits_h <= product.shelf_life_h:
        return []
    fact = product.shelf_life
    bound = Bound(product.shelf_life_h, "h", fact.source, fact.verified)
    return [
        Finding.of(
            "H03",
            f"used {waits_h:.0f} h after calibration, beyond the shelf life of {bound}",
            severity=severity,
            subject=", ".join(injections),
            value=waits_h,
            bound=bound,
            accepted="the vial is used" if severity is Severity.ASK else "",
        )
    ]


def off_schedule_findings(
    at: datetime,
    device: Device,
    site: tzinfo | None = None,
    *,
    severity: Severity = Severity.ASK,
    injections: Sequence[str] = (),
) -> list[Finding]:
    """A time at which these vials are not calibrated (H03)."""
    known = not_on_schedule(device.vials, at, site)
    if not known:
        return []
    return [
        Finding.of(
            "H03",
            f"{device.product} are not calibrated at {at.isoformat(timespec='minutes')}"
            f" ({known}): correct the time of calibration",
            severity=severity,
            subject=", ".join(injections),
            accepted="this time is used" if severity is Severity.ASK else "",
        )
    ]


def used_early_findings(
    calibrated_at: datetime,
    at: datetime,
    device: Device,
    injections: Sequence[str] = (),
) -> list[Finding]:
    """A vial that cannot be had by its use: it is calibrated later (H03)."""
    days = [day for row in device.vials.schedules for day in row.days_before]
    early_h = hours_between(at, calibrated_at)
    local = at.astimezone(calibrated_at.tzinfo).date()
    ahead = (calibrated_at.date() - local).days
    if early_h <= 0 or (days and ahead <= max(days)) or not device.vials.schedules:
        return []
    said = (
        f"the vial is calibrated {early_h:.1f} h after "
        "its use and cannot be had by then: choose an earlier calibration"
    )
    return [
        Finding.of("H03", said, severity=Severity.STOP, subject=", ".join(injections))
    ]
