"""What is asked by C-FIND, and its answers read (DICOM PS3.4, C.6.2)."""

from collections.abc import Iterator, Sequence
from datetime import date, datetime
from itertools import product
from typing import TYPE_CHECKING, Any

from sirtdose.network.archive.query import (
    FoundInstance,
    FoundPatient,
    FoundSeries,
    FoundStudy,
    Query,
)

if TYPE_CHECKING:
    from pydicom import Dataset

# An archive may take few UIDs at a time.
_UIDS_AT_ONCE = 20
_RETURNED = {
    "STUDY": (
        *("StudyInstanceUID", "StudyDate", "StudyTime", "StudyDescription"),
        *("AccessionNumber", "PatientName", "PatientID", "PatientBirthDate"),
        *("ModalitiesInStudy", "NumberOfStudyRelatedSeries"),
        "NumberOfStudyRelatedInstances",
    ),
    "SERIES": (
        *("StudyInstanceUID", "SeriesInstanceUID", "Modality", "SeriesNumber"),
        *("SeriesDescription", "NumberOfSeriesRelatedInstances"),
    ),
    "IMAGE": (
        *("StudyInstanceUID", "SeriesInstanceUID", "SOPInstanceUID", "SOPClassUID"),
        "InstanceNumber",
    ),
}
# Matching keys that an archive need not know.
_OPTIONAL = ("ModalitiesInStudy", "StudyDescription")
# An integer as text has 12 digits (DICOM PS3.5, 6.2).
_LONGEST_COUNT = 12
_UNICODE = "ISO_IR 192"


def identifier(level: str, **keys: str | Sequence[str]) -> "Dataset":
    """What is asked at a level: some keys to match, the others to be returned."""
    from pydicom import Dataset

    asked = Dataset()
    asked.QueryRetrieveLevel = level
    for keyword in _RETURNED[level]:
        value = keys.get(keyword, "")
        setattr(asked, keyword, value if isinstance(value, str) else list(value))
    if not all(str(one).isascii() for one in keys.values()):
        asked.SpecificCharacterSet = _UNICODE
    return asked


def study_identifiers(query: Query) -> Iterator["Dataset"]:
    """One request for each patient ID, accession number, modality and group of UIDs."""
    uids: list[str | list[str]] = [
        list(query.study_uids[at : at + _UIDS_AT_ONCE])
        for at in range(0, len(query.study_uids), _UIDS_AT_ONCE)
    ]
    for patient, number, modality, some in product(
        query.patient_ids or ("",),
        query.accession_numbers or ("",),
        query.modalities or ("",),
        uids or [""],
    ):
        yield identifier(
            "STUDY",
            PatientID=patient,
            AccessionNumber=number,
            ModalitiesInStudy=modality,
            StudyInstanceUID=some,
            StudyDate=date_range(query.dates),
            StudyDescription=query.description,
        )


def without_optional(asked: "Dataset") -> "Dataset | None":
    """The same without keys that an archive need not know; None if it has none."""
    from copy import deepcopy

    if not any(asked.get(keyword) for keyword in _OPTIONAL):
        return None
    plain = deepcopy(asked)
    for keyword in _OPTIONAL:
        setattr(plain, keyword, "")
    return plain


def date_range(dates: tuple[date | None, date | None]) -> str:
    """Days as a key to match.

    >>> date_range((date(2026, 3, 1), date(2026, 3, 31)))
    '20260301-20260331'
    >>> date_range((date(2026, 3, 1), None)), date_range((None, None))
    ('20260301-', '')
    """
    first, last = (f"{one:%Y%m%d}" if one else "" for one in dates)
    return first if first == last else f"{first}-{last}"


def study_of(answer: "Dataset") -> FoundStudy:
    """A study, of an answer at its level."""
    return FoundStudy(
        text_of(answer, "StudyInstanceUID"),
        day_of(text_of(answer, "StudyDate")),
        text_of(answer, "StudyTime").partition(".")[0],
        tuple(sorted(set(texts_of(answer, "ModalitiesInStudy")))),
        text_of(answer, "StudyDescription"),
        count_of(answer, "NumberOfStudyRelatedSeries"),
        count_of(answer, "NumberOfStudyRelatedInstances"),
        text_of(answer, "AccessionNumber"),
        FoundPatient(
            text_of(answer, "PatientName"),
            text_of(answer, "PatientID"),
            day_of(text_of(answer, "PatientBirthDate")),
        ),
    )


def series_of(answer: "Dataset") -> FoundSeries:
    """A series, of an answer at its level."""
    return FoundSeries(
        text_of(answer, "SeriesInstanceUID"),
        text_of(answer, "Modality"),
        count_of(answer, "SeriesNumber"),
        text_of(answer, "SeriesDescription"),
        count_of(answer, "NumberOfSeriesRelatedInstances"),
    )


def instance_of(answer: "Dataset") -> FoundInstance:
    """An object, of an answer at its level."""
    return FoundInstance(
        text_of(answer, "SOPInstanceUID"), text_of(answer, "SOPClassUID")
    )


def texts_of(answer: "Dataset", keyword: str) -> list[str]:
    """The values of an element, as far as they can be read and printed."""
    try:
        value: Any = answer.get(keyword)
    except (ValueError, TypeError, LookupError, NotImplementedError):
        return []
    if value is None:
        return []
    several = not isinstance(value, (str, bytes)) and isinstance(value, Sequence)
    found = (
        "".join(c for c in str(one) if c.isprintable()).strip()
        for one in (value if several else [value])
    )
    return [one for one in found if one]


def text_of(answer: "Dataset", keyword: str) -> str:
    """An element's text; empty where there is none."""
    return " ".join(texts_of(answer, keyword))


def count_of(answer: "Dataset", keyword: str) -> int | None:
    """A number that is none or more; None where the archive does not say it."""
    text = text_of(answer, keyword)
    return int(text) if text.isdecimal() and len(text) <= _LONGEST_COUNT else None


def day_of(text: str) -> date | None:
    """A DICOM date; None for what is none.

    >>> day_of("20260302"), day_of("2026302"), day_of("x")
    (datetime.date(2026, 3, 2), None, None)
    >>> day_of("2026.03.02") == day_of("2026-03-02") == day_of("20260302")
    True
    """
    digits = text.replace(".", "").replace("-", "")
    if len(digits) != len("20260302"):
        return None
    try:
        return datetime.strptime(digits, "%Y%m%d").date()
    except ValueError:
        return None
