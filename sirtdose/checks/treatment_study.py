"""A treatment as logs have it, against the header of its scan (H05, H09, H11, H50)."""

from datetime import datetime, timedelta
from datetime import timezone as fixed_zone

from sirtdose.checks.activity import mixed_units_finding
from sirtdose.model.finding import Finding, Severity
from sirtdose.model.guard_rails import rail
from sirtdose.model.imaging_study import ImagingStudy
from sirtdose.model.units import clocks_of_one_place, offset_in
from sirtdose.model.worklist import Session

_HOUR = 3600.0
# Two clocks that are whole hours apart agree to this.
_WHOLE_HOUR_S = 120.0


def study_findings(
    session: Session, study: ImagingStudy, *, timezone: str | None = None
) -> list[Finding]:
    """All that a scan's header contradicts of its treatment."""
    return [
        *other_patient_findings(session, study),
        *header_activity_findings(session, study),
        *scan_time_findings(session, study),
        *scan_offset_findings(session, study, timezone=timezone),
        *header_injection_findings(session, study),
        *header_nuclide_findings(session, study),
        *header_weight_findings(session, study),
        *header_day_findings(session, study),
    ]


def other_patient_findings(session: Session, study: ImagingStudy) -> list[Finding]:
    """A study that a log names by its UID, of another PatientID (H01).

    >>> from datetime import date
    >>> from sirtdose.model.treatment_record import TreatmentRecord
    >>> given = TreatmentRecord("p", date(2026, 3, 1), "log", "log, line 2", {}, "Y-90")
    >>> scans = [ImagingStudy("s", whose, None, "PT") for whose in ("p", "q")]
    >>> [len(other_patient_findings(Session("k", [given]), one)) for one in scans]
    [0, 1]
    """
    if study.patient == session.patient:
        return []
    return [
        Finding.of(
            "H01",
            f"the study that {session.records[0].where} names has another PatientID "
            "than the log: is it the same patient?",
            severity=Severity.ASK,
            subject=f"{session.key} patient id",
            accepted="they are one patient",
        )
    ]


def header_activity_findings(session: Session, study: ImagingStudy) -> list[Finding]:
    """Activity of the header that is not that of the log (H05, H50).

    It may be the activity with or without the residual.
    """
    written = study.injection.activity_gbq
    each = [one.given_gbq for one in session.records]
    if not written or not all(each):
        return []
    gross = sum(one for one in each if one)
    net = gross - sum(one.amount("residual") or 0.0 for one in session.records)
    most = rail("log_agreement", "header")
    if any(abs(written - one) <= most * max(written, one) for one in (gross, net)):
        return []
    about = f"{session.key} activity"
    what = f"header (RadionuclideTotalDose) and {session.records[0].where}"
    mixed = mixed_units_finding(written, gross, what, subject=about)
    if mixed:
        return [mixed]
    return [
        Finding.of(
            "H50",
            f"the header's RadionuclideTotalDose (0018,1074) is {written:.4g} GBq, but "
            f"{session.records[0].where} has {gross:.4g} GBq: which one is right?",
            subject=about,
            value=written / gross,
            accepted="the log's is used",
        )
    ]


def scan_time_findings(session: Session, study: ImagingStudy) -> list[Finding]:
    """A scan that began before the injection (H09)."""
    at, started = session.at, _on_clock(study.started, session.at)
    if at is None or started is None or started >= at:
        return []
    before_h = (at - started).total_seconds() / _HOUR
    return [
        Finding.of(
            "H09",
            f"the scan began {before_h:.1f} h before the injection that "
            f"{session.records[0].where} has: is a date, a time or a time zone wrong?",
            severity=Severity.STOP,
            subject=f"{session.key} time",
        )
    ]


def scan_offset_findings(
    session: Session, study: ImagingStudy, *, timezone: str | None
) -> list[Finding]:
    """The scanner's offset from UTC against that of the hospital, or the log (H09)."""
    started, at = study.started, session.at
    if started is None or started.tzinfo is None or study.offset is None:
        return []
    if timezone is not None:
        own = started.astimezone(fixed_zone(offset_in(started, timezone)))
        agrees = own.utcoffset() == started.utcoffset()
        other = f"{timezone} has {own.isoformat()[-6:]} then"
    elif at is not None:
        agrees = clocks_of_one_place(at, started)
        other = f"{session.records[0].where} has {at.isoformat()[-6:]}"
    else:
        return []
    if agrees:
        return []
    return [
        Finding.of(
            "H09",
            "the scanner's offset from UTC (TimezoneOffsetFromUTC (0008,0201)) is "
            f"{started.isoformat()[-6:]}, but {other}: was its clock not set to "
            "daylight saving time, or to a different time zone?",
            subject=f"{session.key} offset",
            accepted=f"the scan began at {started.isoformat()}",
        )
    ]


def header_injection_findings(session: Session, study: ImagingStudy) -> list[Finding]:
    """The header's time of the injection against the log's (H09).

    A whole number of hours between them is that of two time zones. A time of day
    without a day is compared on the log's clock.
    """
    at, clock = session.at, study.injection.clock
    if at is None:
        return []
    written = _on_clock(study.injection.at, at)
    if written is None and clock is not None:
        zone = clock.tzinfo or at.tzinfo
        written = datetime.combine(at.astimezone(zone).date(), clock, zone)
    if written is None:
        return []
    apart_h = (written - at).total_seconds() / _HOUR
    if abs(apart_h) <= rail("log_agreement", "hours"):
        return []
    whole = abs(apart_h - round(apart_h)) * _HOUR <= _WHOLE_HOUR_S
    why = " (whole hours: a time zone or daylight saving?)" if whole else ""
    day = "" if study.injection.at else ", without a day of its own"
    return [
        Finding.of(
            "H09",
            f"the header has the injection at {written.isoformat()}{day}, "
            f"{apart_h:+.2f} h from {at.isoformat()} of "
            f"{session.records[0].where}{why}",
            severity=Severity.ASK,
            subject=f"{session.key} injection time",
            accepted="the log's is used",
        )
    ]


def header_nuclide_findings(session: Session, study: ImagingStudy) -> list[Finding]:
    """A PET with another nuclide set than was given (H11).

    >>> from datetime import date
    >>> from sirtdose.model.treatment_record import TreatmentRecord
    >>> given = TreatmentRecord("p", date(2026, 3, 1), "log", "log, line 2", {}, "Y-90")
    >>> scan = ImagingStudy("s", "p", date(2026, 3, 1), "PT", ("F-18",))
    >>> [one] = header_nuclide_findings(Session("k", [given]), scan)
    >>> one.severity.value, one.subject
    ('ask', 'k nuclide')
    """
    if not session.nuclide or study.is_of(session.nuclide):
        return []
    names = ", ".join(study.nuclides)
    return [
        Finding.of(
            "H11",
            f"the PET after the treatment has {names} in its header, but "
            f"{session.nuclide} was given: was the wrong nuclide set on the scanner?",
            severity=Severity.ASK,
            subject=f"{session.key} nuclide",
            accepted=f"{names} is written as header_nuclide_was",
        )
    ]


def header_weight_findings(session: Session, study: ImagingStudy) -> list[Finding]:
    """The header's weight against the log's (H50)."""
    said = next((one.amount("weight") for one in session.records), None)
    if not said or not study.weight_kg:
        return []
    most = rail("log_agreement", "weight") * max(said, study.weight_kg)
    if abs(said - study.weight_kg) <= most:
        return []
    return [
        Finding.of(
            "H50",
            f"the header's PatientWeight (0010,1030) is {study.weight_kg:g} kg, but "
            f"the log has {said:g} kg: is it the same patient?",
            subject=f"{session.key} weight",
            value=study.weight_kg,
            accepted="no dose depends on it",
        )
    ]


def header_day_findings(session: Session, study: ImagingStudy) -> list[Finding]:
    """A study's date that is not that of its acquisition (H09)."""
    if study.day is None or study.study_day is None:
        return []
    if abs(study.day - study.study_day) <= timedelta(days=1):
        return []
    return [
        Finding.of(
            "H09",
            f"StudyDate (0008,0020) is {study.study_day}, but the acquisition was on "
            f"{study.day}: the acquisition's is used",
            severity=Severity.WARN,
            subject=f"{session.key} day",
        )
    ]


def shared_scan_findings(session: Session, other: Session) -> list[Finding]:
    """A scan that shows the activity of two treatments (H50)."""
    days = abs((session.day - other.day).days)
    return [
        Finding.of(
            "H50",
            f"its scan was made after two treatments, {days} d apart: the activity of "
            "both is in the image",
            subject=f"{session.key} two treatments",
            accepted="the numbers of this treatment alone are used",
        )
    ]


def _on_clock(moment: datetime | None, at: datetime | None) -> datetime | None:
    """A moment without an offset on the clock of another that has one."""
    if moment is None or at is None or moment.tzinfo is not None:
        return moment
    return moment.replace(tzinfo=at.tzinfo)
