"""Make a worklist of logs and studies."""

from collections import defaultdict
from collections.abc import Collection, Iterable, Sequence
from dataclasses import dataclass

from sirtdose.checks.treatment_log import identity_findings, log_findings
from sirtdose.checks.treatment_study import shared_scan_findings, study_findings
from sirtdose.model.acceptance import Acceptance, acceptances_used, still_open
from sirtdose.model.finding import Finding, Severity, distinct
from sirtdose.model.imaging_study import ImagingStudy, Studies
from sirtdose.model.treatment_record import TreatmentLog
from sirtdose.model.worklist import Choice, Entry, State, Worklist
from sirtdose.workflows.worklist.join import Joined, joined, window_d
from sirtdose.workflows.worklist.merge import sessions_of, therapy_nuclides
from sirtdose.workflows.worklist.options import STRUCTURES, options_of


@dataclass(frozen=True)
class Wishes:
    """How a worklist is judged.

    `without` are what a treatment may lack: residual, structures. `timezone` is the
    hospital's, if it was given.
    """

    without: Collection[str] = ()
    timezone: str | None = None
    acceptances: Sequence[Acceptance] = ()


def worklist(
    logs: Sequence[TreatmentLog], studies: Sequence[Studies], wishes: Wishes
) -> Worklist:
    """Join treatments with studies, and say what is missing and what contradicts."""
    sessions = sessions_of(logs)
    each = _once(one for part in studies for one in part.found)
    pairs, left = joined(sessions, each)
    people = _people(logs, each)
    entries = [
        entry_of(one, wishes, people.get(one.session.patient, ([], [])))
        for one in pairs
        if not one.session.is_scout
    ]
    therapy = therapy_nuclides()
    unmatched = [
        one
        for one in left
        if one.modality and (not one.nuclides or therapy & {*one.nuclides})
    ]
    known = {one.patient for one in sessions}
    remarks = [
        *(remark for log in logs for remark in log.remarks),
        *(remark for part in studies for remark in part.remarks),
    ]
    unread = [
        problem.said
        for log in logs
        for problem in log.problems
        if problem.patient not in known
    ]
    return Worklist(
        entries,
        [one for one in sessions if one.is_scout],
        unmatched,
        len(left) - len(unmatched),
        [one.name for one in logs],
        remarks,
        unread,
    )


def _once(studies: Iterable[ImagingStudy]) -> list[ImagingStudy]:
    """Each study once: with its files, where a list has it too."""
    found: dict[str, ImagingStudy] = {}
    for one in studies:
        if one.key not in found or found[one.key].folder is None:
            found[one.key] = one
    return list(found.values())


def _people(
    logs: Sequence[TreatmentLog], studies: Sequence[ImagingStudy]
) -> dict[str, tuple[list[str], list[str]]]:
    """Of each PatientID the names and birth dates that anything says."""
    found: defaultdict[str, tuple[list[str], list[str]]]
    found = defaultdict(lambda: ([], []))
    told = [
        *((one.patient, one.name, one.birth) for log in logs for one in log.records),
        *((one.patient, one.name, one.birth) for one in studies),
    ]
    for patient, name, birth in told:
        found[patient][0].append(name)
        found[patient][1].append(birth)
    return dict(found)


def entry_of(
    one: Joined, wishes: Wishes, person: tuple[Sequence[str], Sequence[str]]
) -> Entry:
    """A treatment with its options, what it lacks, and what is asked of it."""
    session = one.session
    scan = one.scans[0] if one.scans else None
    options, missing = options_of(session, without=wishes.without)
    missing += _study_lacks(one, scan, options, wishes.without)
    missing += session.unread
    findings = log_findings(session)
    findings += identity_findings(*person, subject=session.key)
    if scan is not None:
        findings += study_findings(session, scan, timezone=wishes.timezone)
        if scan.key in one.shared:
            findings += shared_scan_findings(session, one.shared[scan.key])
        other = scan.nuclides[:1] if len(scan.nuclides) == 1 else ()
        if session.nuclide and other and not scan.is_of(session.nuclide):
            place = ("header of the PET, as accepted",)
            options["header_nuclide_was"] = Choice(other[0], place)
    findings = distinct(findings)
    return Entry(
        session,
        tuple(one.scans),
        options,
        tuple(missing),
        tuple(findings),
        acceptances_used(findings, wishes.acceptances),
        _state(missing, findings, wishes.acceptances),
    )


def _state(
    missing: Sequence[str], findings: Sequence[Finding], given: Sequence[Acceptance]
) -> State:
    stops = any(one.severity is Severity.STOP for one in findings)
    if stops or still_open(findings, given):
        return State.CONTRADICTS
    return State.MISSING if missing else State.READY


def _study_lacks(
    one: Joined,
    scan: ImagingStudy | None,
    options: dict[str, Choice],
    without: Collection[str],
) -> list[str]:
    """What a scan lacks for `sirtdose post`."""
    session = one.session
    if scan is None:
        what = session.nuclide or "SPECT or PET"
        near = f"; {one.near}" if one.near else ""
        return [f"study: no {what} scan within {window_d(session.nuclide)} days{near}"]
    if scan.folder is None:
        return ["files of the study: get them with `sirtdose fetch`"]
    lacks = []
    if scan.problem:
        lacks.append(f"one image to assess: {scan.problem}")
    if not (scan.has_structures or "structures" in options or STRUCTURES in without):
        lacks.append("structures: the study's folder has none")
    return lacks
