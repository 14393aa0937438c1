"""A worklist: each treatment with its numbers and scans, and what is in its way."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime
from enum import StrEnum

from sirtdose.model.acceptance import Acceptance
from sirtdose.model.finding import Finding
from sirtdose.model.imaging_study import ImagingStudy
from sirtdose.model.treatment_record import Stated, TreatmentRecord


class State(StrEnum):
    """Whether a treatment can be assessed."""

    READY = "ready"
    MISSING = "missing"
    CONTRADICTS = "contradicts"


@dataclass(frozen=True)
class Disagreement:
    """What two logs say of one administration.

    There is no `first` where that log does not have the administration at all.
    """

    what: str
    first: Stated | None
    other: Stated


@dataclass(frozen=True)
class Session:
    """The administrations of one patient on one day.

    Parameters
    ----------
    key : str
        Names it wherever the patient is not named: digest and day.
    records : sequence of TreatmentRecord
        One for each vial, merged of all logs.
    is_scout : bool
        Of a nuclide, or an activity, that treats nobody.
    disagreements : sequence of Disagreement
    unread : sequence of str
        Lines of the patient that cannot be read, and why.
    """

    key: str
    records: Sequence[TreatmentRecord]
    is_scout: bool = False
    disagreements: Sequence[Disagreement] = ()
    unread: Sequence[str] = ()

    @property
    def patient(self) -> str:
        """Digest of the PatientID."""
        return self.records[0].patient

    @property
    def day(self) -> date:
        """The day of the treatment."""
        return self.records[0].day

    @property
    def nuclide(self) -> str:
        """The nuclide that was given, empty if no log says it."""
        return next((one.nuclide for one in self.records if one.nuclide), "")

    @property
    def at(self) -> datetime | None:
        """When the first vial was given."""
        return min((one.at for one in self.records if one.at), default=None)

    @property
    def study(self) -> str:
        """Digest of the study that a log names, empty for none."""
        uids = (one.text("study_uid") for one in self.records)
        return next((one for one in uids if one), "")


@dataclass(frozen=True)
class Choice:
    """An option of `sirtdose post`: its text, and the places that it was written in."""

    text: str
    places: tuple[str, ...]


@dataclass(frozen=True)
class Entry:
    """A treatment of the worklist.

    Parameters
    ----------
    session : Session
    scans : sequence of ImagingStudy
        The first is the one to assess, the others are further scans of it.
    options : mapping of str to Choice
        By the columns of a manifest.
    missing : sequence of str
    findings : sequence of Finding
    accepted : sequence of Acceptance
    state : State
    """

    session: Session
    scans: Sequence[ImagingStudy]
    options: Mapping[str, Choice]
    missing: Sequence[str]
    findings: Sequence[Finding]
    accepted: Sequence[Acceptance]
    state: State


@dataclass(frozen=True)
class Worklist:
    """All treatments, and the studies that belong to none.

    `remarks` are what of logs and folders was not used, `unread` the lines that cannot
    be read of patients who have no other.
    """

    entries: Sequence[Entry]
    scouts: Sequence[Session] = ()
    unmatched: Sequence[ImagingStudy] = ()
    other_studies: int = 0
    logs: Sequence[str] = ()
    remarks: Sequence[str] = ()
    unread: Sequence[str] = ()
