"""What the headers of one study say: whose it is, when, of which nuclide."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, datetime, time
from datetime import timezone as fixed_zone
from pathlib import Path


@dataclass(frozen=True)
class HeaderInjection:
    """What an image's header says of the injection; None where it says nothing.

    `clock` is a time of day without a day.
    """

    activity_gbq: float | None = None
    at: datetime | None = None
    clock: time | None = None


@dataclass(frozen=True)
class ImagingStudy:
    """One study of a patient.

    Parameters
    ----------
    key : str
        Digest of its StudyInstanceUID.
    patient, name, birth, alike : str
        As those of a treatment record.
    shown : str
        The PatientID, for who asks to see it.
    day : datetime.date or None
        Of the acquisition, else of the study.
    study_day : datetime.date or None
        StudyDate, which may differ.
    folder : Path or None
        Where its files are; None for one that is only listed.
    modality : str
        Of its activity image: NM or PT; empty for none.
    nuclides : tuple of str
        Those that the image's header names.
    started : datetime or None
    offset : datetime.timezone or None
        The scanner's offset from UTC, where the header states it.
    weight_kg : float or None
    injection : HeaderInjection
    has_ct, has_structures : bool
    problem : str
        Why `sirtdose post` could not choose among its images.
    """

    key: str
    patient: str
    day: date | None
    modality: str = ""
    nuclides: tuple[str, ...] = ()
    folder: Path | None = None
    name: str = ""
    birth: str = ""
    shown: str = ""
    alike: str = ""
    study_day: date | None = None
    started: datetime | None = None
    offset: fixed_zone | None = None
    weight_kg: float | None = None
    injection: HeaderInjection = HeaderInjection()
    has_ct: bool = False
    has_structures: bool = False
    problem: str = ""

    def is_of(self, nuclide: str) -> bool:
        """Whether its header names that nuclide, or none."""
        return not self.nuclides or nuclide in self.nuclides


@dataclass(frozen=True)
class Studies:
    """The studies of a folder or list, and what of it was not used."""

    found: Sequence[ImagingStudy]
    remarks: Sequence[str] = ()
