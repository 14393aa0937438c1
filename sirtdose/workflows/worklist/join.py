"""Treatments and the scans of them: by patient and day, nuclide and time."""

from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import datetime

from sirtdose.model.guard_rails import rail
from sirtdose.model.imaging_study import ImagingStudy
from sirtdose.model.worklist import Session
from sirtdose.workflows.worklist.merge import therapy_nuclides

_LONGEST = "Ho-166"


@dataclass
class Joined:
    """A treatment with its scans, and what of their joining is to be asked.

    `shared` are scans that show the activity of another treatment too; `near` is what
    was not joined and may be meant.
    """

    session: Session
    scans: list[ImagingStudy] = field(default_factory=list)
    shared: dict[str, Session] = field(default_factory=dict)
    near: str = ""


def joined(
    sessions: Sequence[Session], studies: Sequence[ImagingStudy]
) -> tuple[list[Joined], list[ImagingStudy]]:
    """Each treatment with its scans, the one to assess first; and the other studies."""
    found = {one.key: Joined(one) for one in sessions}
    left = []
    for study in studies:
        fitting = [one for one in sessions if _fits(one, study)]
        own = _latest(fitting, study)
        if own is None:
            left.append(study)
            continue
        found[own.key].scans.append(study)
        others = [one for one in fitting if one is not own and not one.is_scout]
        if others and not own.is_scout:
            found[own.key].shared[study.key] = others[-1]
    for one in found.values():
        left = _with_other_nuclide(one, left)
        one.scans.sort(key=_order)
        if not one.scans:
            one.near = _near(one.session, left)
    return list(found.values()), left


def _order(study: ImagingStudy) -> tuple[object, ...]:
    """Those with files first, PET before SPECT, then by time."""
    clock = study.started.isoformat() if study.started else ""
    return (study.folder is None, study.modality != "PT", str(study.day), clock)


def window_d(nuclide: str) -> int:
    """How many days after an injection its scan may be."""
    return int(rail("imaging_window_d", nuclide or _LONGEST))


def _fits(session: Session, study: ImagingStudy) -> bool:
    """Whether a study may be a scan of a treatment.

    >>> from datetime import date
    >>> from sirtdose.model.treatment_record import TreatmentRecord
    >>> given = TreatmentRecord("p", date(2026, 3, 2), "log", "log, line 2", {}, "Y-90")
    >>> [_fits(Session("k", [given]), ImagingStudy("s", "p", date(2026, 3, day), "PT",
    ...  (nuclide,))) for day, nuclide in ((3, "Y-90"), (5, "Y-90"), (3, "F-18"))]
    [True, False, False]
    """
    if session.study:
        return session.study == study.key and bool(study.modality)
    if not _is_within(session, study):
        return False
    if not study.nuclides:
        # Of what is not known, a scan before it is one of something else.
        return not is_before(study, session.at)
    wanted = {session.nuclide} if session.nuclide else therapy_nuclides()
    return bool(wanted & {*study.nuclides})


def _is_within(session: Session, study: ImagingStudy) -> bool:
    if session.patient != study.patient or not study.modality or study.day is None:
        return False
    known = session.nuclide if not session.is_scout else _LONGEST
    days = (study.day - session.day).days
    return 0 <= days <= window_d(known)


def _latest(fitting: Sequence[Session], study: ImagingStudy) -> Session | None:
    """The last one before a scan; of those after it, which contradict, the last."""
    before = [one for one in fitting if not is_before(study, one.at)]
    found = before or fitting
    return found[-1] if found else None


def is_before(study: ImagingStudy, at: datetime | None) -> bool:
    """Whether a scan began before a moment, by the wall where it has no offset."""
    if study.started is None or at is None:
        return False
    started = study.started
    if started.tzinfo is None:
        started = started.replace(tzinfo=at.tzinfo)
    return started < at


def _with_other_nuclide(one: Joined, left: list[ImagingStudy]) -> list[ImagingStudy]:
    """A PET after a treatment with another nuclide set may be its scan all the same."""
    if one.scans or one.session.is_scout or one.session.study:
        return left
    taken = [
        study
        for study in left
        if study.modality == "PT"
        and _is_within(one.session, study)
        and not is_before(study, one.session.at)
    ]
    if len(taken) != 1:
        return left
    one.scans += taken
    return [study for study in left if study is not taken[0]]


def _near(session: Session, left: Sequence[ImagingStudy]) -> str:
    """Why a scan that may be meant was not joined: another day, or another ID."""
    own = [
        (abs((one.day - session.day).days), one)
        for one in left
        if one.patient == session.patient
        and one.modality
        and one.day is not None
        and session.nuclide in one.nuclides
    ]
    if own:
        _, study = min(own, key=lambda one: one[0])
        assert study.day is not None
        days = (study.day - session.day).days
        when = f"{abs(days)} d {'after' if days > 0 else 'before'} it"
        if days == 0:
            when = "on that day, before it"
        return f"one of this patient is {when}: is the date right?"
    first = session.records[0]
    if any(one.alike == first.alike and one.patient != first.patient for one in left):
        return (
            "there is one whose PatientID differs only by zeros in front: were they "
            "lost in a spreadsheet?"
        )
    return ""
