"""What treatment logs say of one treatment, and where they contradict (H05 to H50)."""

from collections.abc import Iterable, Sequence
from dataclasses import replace

from sirtdose.checks.activity import mixed_units_finding, unit_findings
from sirtdose.model.device import Device
from sirtdose.model.finding import Finding, Severity
from sirtdose.model.guard_rails import rail
from sirtdose.model.nuclide import Nuclide
from sirtdose.model.treatment_record import TreatmentRecord
from sirtdose.model.worklist import Disagreement, Session


def log_findings(session: Session) -> list[Finding]:
    """All that the logs of one treatment contradict by themselves."""
    return [
        *disagreement_findings(session.disagreements, subject=session.key),
        *(
            found
            for one in session.records
            for found in (
                *residual_above_findings(one, subject=session.key),
                *residual_time_findings(one, subject=session.key),
                *device_findings(one, subject=session.key),
                *one_activity_findings(one, subject=session.key),
            )
        ),
        *nuclides_findings(session),
        *size_findings(session),
    ]


def disagreement_findings(
    disagreements: Iterable[Disagreement], *, subject: str
) -> list[Finding]:
    """Two logs that differ about one administration (H05, H50)."""
    found = []
    for one in disagreements:
        about = f"{subject} {one.what}"
        if one.first is None:
            said = (
                f"{one.other.where} has an administration of that day that no other "
                "log has"
            )
            used = "the log with most administrations is used"
            found.append(Finding.of("H50", said, subject=about, accepted=used))
            continue
        if one.first.amount and one.other.amount:
            mixed = mixed_units_finding(
                one.first.amount,
                one.other.amount,
                f"{one.first.where} and {one.other.where}",
                subject=about,
            )
            if mixed:
                found.append(mixed)
                continue
        values = [
            f"{each.text} ({each.where})" if each.text else each.where
            for each in (one.first, one.other)
        ]
        said = f"two logs have another {one.what}: {values[0]} and {values[1]}"
        used = f"{one.first.text or 'the first'} is used"
        found.append(Finding.of("H50", said, subject=about, accepted=used))
    return found


def residual_above_findings(record: TreatmentRecord, *, subject: str) -> list[Finding]:
    """A residual that is not below the activity it is left of (H08)."""
    residual = record.amount("residual")
    given = record.given_gbq
    if not residual or not given or residual < given:
        return []
    return [
        Finding.of(
            "H08",
            f"the residual, {record.text('residual')} "
            f"({record.values['residual'].where}), is not below the activity, "
            f"{given:.4g} GBq",
            severity=Severity.STOP,
            subject=f"{subject} residual",
            remedy="correct the log",
        )
    ]


def residual_time_findings(record: TreatmentRecord, *, subject: str) -> list[Finding]:
    """A residual that was measured before anything was given (H09)."""
    at, measured = record.at, record.values.get("residual_at")
    if at is None or measured is None or measured.at is None or measured.at >= at:
        return []
    if not record.amount("residual"):
        return []
    before_h = (at - measured.at).total_seconds() / 3600
    return [
        Finding.of(
            "H09",
            f"the residual was measured {before_h:.1f} h before the administration "
            f"({measured.where}): is a date or a time wrong?",
            severity=Severity.STOP,
            subject=f"{subject} residual time",
            remedy="correct the log",
        )
    ]


def device_findings(record: TreatmentRecord, *, subject: str) -> list[Finding]:
    """Microspheres of another nuclide than the log names (H11).

    >>> from datetime import date
    >>> from sirtdose.model.treatment_record import Stated
    >>> given = {"device": Stated("resin", "log, line 2"),
    ...          "nuclide": Stated("Ho-166", "log, line 2")}
    >>> one = TreatmentRecord("p", date(2026, 3, 1), "log", "log, line 2", given)
    >>> device_findings(one, subject="k")[0].message
    'resin carries Y-90, but log, line 2 says Ho-166: correct the log'
    """
    device, nuclide = record.text("device"), record.text("nuclide")
    if not device or not nuclide:
        return []
    own = Device.named(device).nuclide_name
    if own == nuclide:
        return []
    return [
        Finding.of(
            "H11",
            f"{device} carries {own}, but {record.values['nuclide'].where} says "
            f"{nuclide}",
            subject=f"{subject} nuclide",
            remedy="correct the log",
        )
    ]


def one_activity_findings(record: TreatmentRecord, *, subject: str) -> list[Finding]:
    """One administration whose activities do not follow from each other (H05, H50).

    The assay decayed to the administration, and what was delivered with its residual,
    are compared with the activity that was given.
    """
    given, assay = record.amount("administered"), record.values.get("assay")
    at, measured = record.at, record.values.get("assay_at")
    nuclide = record.nuclide
    if (
        assay is not None
        and assay.amount
        and measured is not None
        and measured.at is not None
        and at is not None
        and nuclide
    ):
        hours = (at - measured.at).total_seconds() / 3600
        then = assay.amount * Nuclide.named(nuclide).decay_factor(hours)
        if given:
            what = f"{record.where}: administered, and the assay decayed to then,"
            return _apart(given, then, what, subject=subject)
        given = then
    delivered, residual = record.amount("delivered"), record.amount("residual")
    if not (given and delivered and residual is not None):
        return []
    what = f"{record.where}: delivered, and the activity without the residual,"
    return _apart(delivered, max(given - residual, 1e-9), what, subject=subject)


def _apart(one: float, other: float, what: str, *, subject: str) -> list[Finding]:
    """Activities of one administration that differ by more than rounding (H05, H50)."""
    about = f"{subject} activity"
    mixed = mixed_units_finding(one, other, what, subject=about)
    if mixed:
        return [mixed]
    if abs(one - other) <= rail("log_agreement", "header") * max(one, other):
        return []
    return [
        Finding.of(
            "H50",
            f"{what} differ: {one:.4g} and {other:.4g} GBq",
            subject=about,
            value=one / other,
            accepted="both are kept as they are, and the first is used",
        )
    ]


def nuclides_findings(session: Session) -> list[Finding]:
    """Several nuclides given to one patient on one day (H11)."""
    names = sorted({one.nuclide for one in session.records if one.nuclide})
    if len(names) < 2:
        return []
    return [
        Finding.of(
            "H11",
            f"{' and '.join(names)} were given on one day, and one image does not tell "
            "them apart",
            subject=f"{session.key} nuclide",
            remedy="correct the log, or assess it by hand",
        )
    ]


def size_findings(session: Session) -> list[Finding]:
    """An activity of no treatment's size: in another unit (H05)."""
    total = sum(one.given_gbq or 0.0 for one in session.records)
    if not total or not session.nuclide:
        return []
    return [
        replace(one, subject=f"{session.key} size")
        for one in unit_findings(total, nuclide_name=session.nuclide)
        if one.severity is Severity.ASK
    ]


def identity_findings(
    names: Sequence[str], births: Sequence[str], *, subject: str
) -> list[Finding]:
    """One PatientID with several birth dates or names (H01).

    Names and dates are digests, of logs and headers; empty ones say nothing.

    >>> [one.severity.value for one in identity_findings(["a", "b"], ["c", ""],
    ...                                                  subject="k")]
    ['ask']
    """
    if len({*births} - {""}) > 1:
        return [
            Finding.of(
                "H01",
                "logs and headers have several birth dates for one PatientID: whose "
                "treatment and whose scan is it?",
                subject=f"{subject} patient",
            )
        ]
    if len({*names} - {""}) > 1:
        return [
            Finding.of(
                "H01",
                "logs and headers have several names for one PatientID: one patient "
                "whose name is written in two ways?",
                severity=Severity.ASK,
                subject=f"{subject} patient",
                accepted="they are one patient",
            )
        ]
    return []
