"""Days and hours of vials: treatment, calibration, shelf life (H03, H09)."""

from collections.abc import Sequence
from datetime import UTC, date, datetime, tzinfo

from sirtdose.model.device import Device
from sirtdose.model.finding import Bound, Finding, Severity
from sirtdose.planning.ordered_vial import MeasuredVial
from sirtdose.planning.vial_calendar import hours_between, not_on_schedule, zone_of
from sirtdose.planning.vial_choice import Want


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
    whose = f"the vial for {' and '.join(injections)} is " if injections else ""
    bound = Bound(product.shelf_life_h, "h", fact.source, fact.verified)
    return [
        Finding.of(
            "H03",
            f"{whose}used {waits_h:.0f} h after calibration, beyond the shelf life of "
            f"{bound}",
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
    site: tzinfo,
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


def given_calibration_findings(
    calibrated_at: datetime,
    wants: Sequence[Want],
    device: Device,
    site: tzinfo | None = None,
) -> list[Finding]:
    """What is wrong with one calibration that all vials are said to have (H03)."""
    zone = site or wants[0].at.tzinfo or UTC
    return [
        *off_schedule_findings(calibrated_at, device, zone, severity=Severity.WARN),
        *(
            finding
            for one in wants
            for finding in shelf_life_findings(
                calibrated_at,
                one.at,
                device,
                severity=Severity.WARN,
                injections=[one.name] if len(wants) > 1 else (),
            )
        ),
    ]


def used_early_findings(
    calibrated_at: datetime,
    at: datetime,
    device: Device,
    injections: Sequence[str] = (),
    *,
    site: tzinfo,
) -> list[Finding]:
    """A vial that cannot be had by its use: it is calibrated later (H03)."""
    early_h = hours_between(at, calibrated_at)
    rows = device.vials.schedules
    zones = [zone_of(row, site) for row in rows]
    in_time = (
        bool(row.days_before) and _days(at, calibrated_at, zone) <= max(row.days_before)
        for row, zone in zip(rows, zones, strict=True)
    )
    if early_h <= 0 or not rows or any(in_time):
        return []
    said = (
        f"the vial is calibrated {early_h:.1f} h after "
        "its use and cannot be had by then: choose an earlier calibration"
    )
    return [
        Finding.of("H03", said, severity=Severity.STOP, subject=", ".join(injections))
    ]


def measured_late_findings(measured: MeasuredVial) -> list[Finding]:
    """A vial that was measured after its injection, when it was empty (H09).

    >>> from sirtdose.planning.ordered_vial import Reading
    >>> at = datetime.fromisoformat("2026-12-09T10:00-05:00")
    >>> late = Reading(2.0, datetime.fromisoformat("2026-12-10T04:00-05:00"))
    >>> [found] = measured_late_findings(
    ...     MeasuredVial(Want("right", 2.4, at), (late,), 2.43, at))
    >>> found.message.split(": ")[0]
    "the vial for 'right' is measured 18.0 h after its injection"
    """
    name, at = measured.want.name, measured.want.at
    late_h = max(hours_between(at, one.at) for one in measured.readings)
    if late_h <= 0:
        return []
    return [
        Finding.of(
            "H09",
            f"the vial for '{name}' is measured {late_h:.1f} h after its injection",
            severity=Severity.ASK,
            subject=name,
            remedy="correct the time of the measurement, or --at",
            accepted="the activity is taken back to the time of the injection",
        )
    ]


def _days(start: datetime, end: datetime, zone: tzinfo) -> int:
    return (end.astimezone(zone).date() - start.astimezone(zone).date()).days
