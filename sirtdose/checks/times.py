"""Implausible times and UTC offsets of a treatment."""

from collections.abc import Mapping
from datetime import datetime, time, timedelta
from datetime import timezone as fixed_zone
from typing import Any

from sirtdose.model.finding import Finding, Severity
from sirtdose.model.nuclide import Nuclide
from sirtdose.model.units import clocks_of_one_place, offset_in
from sirtdose.model.volume import Source

# Two notes of one moment agree to this.
_SAME_TIME_H = 0.25


def time_doubts(
    *,
    source: Source | None,
    scan_at: datetime | None,
    administered_at: datetime | None,
    timezone: str | None,
) -> list[Finding]:
    """Typed time or UTC offset that differs from the image header (H09, H10)."""
    start = source.scan_start if source else None
    if source is None or start is None:
        return []
    if scan_at is None:
        # An administration's own moment is held against the one typed instead.
        if source.decay_correction == "ADMIN":
            return []
        return offset_doubts(
            start=start,
            stated=source.clock_offset,
            administered_at=administered_at,
            timezone=timezone,
        )
    if start.tzinfo is None:
        start = start.replace(tzinfo=scan_at.tzinfo)
    apart_h = (scan_at - start).total_seconds() / 3600
    if abs(apart_h) <= _SAME_TIME_H:
        return []
    return [
        Finding.of(
            "H10",
            f"--scan-at {scan_at.isoformat()} is used, but the header says "
            f"{start.isoformat()}, {apart_h:+.2f} h from it: which one is right?",
            severity=Severity.WARN,
        )
    ]


def elapsed_doubts(
    *, what: str, elapsed_h: float, least_h: float = 0.0, most_h: float
) -> list[Finding]:
    """Measurement at an implausible time after administration (H09)."""
    if least_h <= elapsed_h <= most_h:
        return []
    return [
        Finding.of(
            "H09",
            f"{what} {elapsed_h:.1f} h after administration, outside the plausible "
            f"{least_h:.0f} to {most_h:.0f} h: check dates and offsets",
            accepted="the times are used as given",
        )
    ]


def offset_doubts(
    *,
    start: datetime,
    stated: fixed_zone | None,
    administered_at: datetime | None,
    timezone: str | None,
) -> list[Finding]:
    """UTC offset in the header that differs from that of the typed times (H09).

    A time with its own offset is unambiguous, whichever offset it is written in: the
    doubt concerns the scanner's clock.
    """
    if stated is None or start.tzinfo is None:
        return []
    start = start.astimezone(stated)
    if timezone is not None:
        own = start.astimezone(fixed_zone(offset_in(start, timezone)))
        typed = f"--timezone {timezone} is {_offset(own)} then"
        agrees = own.utcoffset() == start.utcoffset()
    elif administered_at is not None and administered_at.tzinfo is not None:
        own = start.astimezone(administered_at.tzinfo)
        typed = f"the administration is {_offset(administered_at)}"
        agrees = clocks_of_one_place(administered_at, start)
    else:
        return []
    if agrees:
        return []
    other = start.replace(tzinfo=own.tzinfo)
    # A clock that was not changed with the season is off by this.
    an_hour = abs(other - start) == timedelta(hours=1)
    why = (
        "one hour apart: was the scanner's clock not set for daylight saving time?"
        if an_hour
        else "and daylight saving time does not explain it"
    )
    return [
        Finding.of(
            "H09",
            f"the image's offset from UTC (TimezoneOffsetFromUTC (0008,0201)) is "
            f"{_offset(start)}, {typed}, {why}",
            accepted=f"the image's own time is used, {start.isoformat()}"
            f"{_after(start, administered_at)}; if its clock showed your time, give "
            f"--scan-at {other.isoformat()}{_after(other, administered_at)}",
        )
    ]


def administration_doubts(
    *, written: datetime, typed: datetime, nuclide: Nuclide
) -> list[Finding]:
    """PET decay-corrected to another administration time than typed (H09)."""
    elapsed_h = (written - typed).total_seconds() / 3600
    if abs(elapsed_h) <= _SAME_TIME_H:
        return []
    undone = 1 / nuclide.decay_factor(elapsed_h)
    return [
        Finding.of(
            "H09",
            "the image is decay-corrected to the header's administration, "
            f"{written.isoformat()}, {elapsed_h:+.2f} h from --administered-at "
            f"{typed.isoformat()}: which one is right?",
            accepted="both are used: the image's activity is multiplied by "
            f"{undone:.4g} for the decay between them. If the scanner corrected to the "
            f"time you typed, give --scan-at {typed.isoformat()}; if the header is "
            "right, type its time as --administered-at",
        )
    ]


def clock_doubts(
    *, clock: time | None, typed: datetime, timezone: str | None
) -> list[Finding]:
    """Administration time in the header that differs from the typed one (H09).

    The header has a time of day only, without a date.
    """
    if clock is None:
        return []
    if clock.tzinfo is not None:
        there = typed.astimezone(clock.tzinfo)
    elif timezone is not None:
        there = typed.astimezone(fixed_zone(offset_in(typed, timezone)))
    else:
        there = typed
    apart_h = (_hour_of(clock) - _hour_of(there.time()) + 12) % 24 - 12
    if abs(apart_h) <= _SAME_TIME_H:
        return []
    return [
        Finding.of(
            "H09",
            f"the header says {clock:%H:%M} for the administration, without a day "
            "(RadiopharmaceuticalStartTime (0018,1072)), but --administered-at says "
            f"{there:%H:%M}: which one is right?",
            accepted="the image is assumed to be decay-corrected to "
            f"--administered-at, {typed.isoformat()}; for another time give --scan-at",
        )
    ]


def treated_day_findings(
    plan: Mapping[str, Any], administered_at: datetime | None
) -> list[Finding]:
    """Treatment on another day than the plan's (H09).

    A plan's time with an offset is compared on the calendar of the treatment.

    >>> at = datetime.fromisoformat("2026-03-02T10:00+01:00")
    >>> late = {"inputs": {"treatment_at": "2026-03-01T23:30Z"}}
    >>> treated_day_findings(late, at)
    []
    >>> other = {"inputs": {"treatment_date": "2026-03-10"}}
    >>> treated_day_findings(other, at)[0].message.partition(":")[0]
    'the plan is for 2026-03-10, but the treatment was given on 2026-03-02'
    """
    inputs = plan.get("inputs") or {}
    typed = inputs.get("treatment_at") or inputs.get("treatment_date")
    if not typed:
        return []
    if administered_at is None:
        return [
            Finding.not_checked("H09", "day of the plan", needs="--administered-at")
        ]
    day = datetime.fromisoformat(typed.strip())
    if day.tzinfo is not None and administered_at.tzinfo is not None:
        day = day.astimezone(administered_at.tzinfo)
    if day.date() == administered_at.date():
        return []
    return [
        Finding.of(
            "H09",
            f"the plan is for {day:%Y-%m-%d}, but the treatment was given on "
            f"{administered_at:%Y-%m-%d}",
            subject="day of treatment",
            remedy="correct --administered-at, or give the plan of this treatment",
            accepted="doses are compared with this plan",
        )
    ]


def _offset(moment: datetime) -> str:
    return moment.isoformat()[-6:]


def _hour_of(clock: time) -> float:
    return clock.hour + clock.minute / 60 + clock.second / 3600


def _after(moment: datetime, typed: datetime | None) -> str:
    if typed is None:
        return ""
    hours = (moment - typed).total_seconds() / 3600
    return f", {hours:.1f} h after the administration"
