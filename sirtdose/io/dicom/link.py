"""Read and write what ties a result to its patient and examination."""

import re
from collections.abc import Callable, Sequence
from dataclasses import replace
from itertools import zip_longest
from pathlib import Path
from typing import Any

from sirtdose import __version__
from sirtdose.io.dicom.bare import Dataset
from sirtdose.io.dicom.header import read_dataset, reading_dicom, whole_number
from sirtdose.io.dicom.time import parse_date
from sirtdose.model.patient_link import PatientLink, Reference


def _is_date(text: str) -> bool:
    return len(text) == 8 and parse_date(text) is not None


def _of_length(most: int) -> Callable[[str], bool]:
    return lambda text: len(text) <= most and "\\" not in text and text.isprintable()


def _matches(pattern: str) -> Callable[[str], bool]:
    return lambda text: re.fullmatch(pattern, text) is not None


# What is taken over of patient and study: its attribute, and which values DICOM allows.
_TEXTS: dict[str, tuple[str, Callable[[str], bool]]] = {
    "patient_id": ("PatientID", _of_length(64)),
    "patient_name": ("PatientName", _of_length(64)),
    "birth_date": ("PatientBirthDate", _is_date),
    "sex": ("PatientSex", _matches("[MFO]")),
    "study_uid": ("StudyInstanceUID", _matches(r"[0-9.]{1,64}")),
    "study_id": ("StudyID", _of_length(16)),
    "study_date": ("StudyDate", _is_date),
    "study_time": (
        "StudyTime",
        _matches(r"([01]\d|2[0-3])([0-5]\d([0-5]\d(\.\d{1,6})?)?)?"),
    ),
    "accession_number": ("AccessionNumber", _of_length(16)),
}


def result_uid(link: PatientLink, *what: str) -> str:
    """A UID of a result, by the images it is of and what it holds."""
    from pydicom.uid import generate_uid

    of = [one.sop_instance_uid for one in link.references]
    return str(generate_uid(entropy_srcs=[link.study_uid, *of, *what]))


def tracking_uid(link: PatientLink, name: str) -> str:
    """A UID of one structure of an examination, however often it is measured."""
    return result_uid(link, "tracking", name)


def attributes_of(link: PatientLink) -> dict[str, Any]:
    """The attributes of patient and study, with nobody else's name."""
    hidden = {
        "PatientIdentityRemoved": "YES",
        "DeidentificationMethod": f"sirtdose {__version__}: new data set",
        "LongitudinalTemporalInformationModified": "MODIFIED",
    }
    return {
        **{name: getattr(link, field) for field, (name, _) in _TEXTS.items()},
        "FrameOfReferenceUID": link.frame_of_reference_uid,
        "SoftwareVersions": __version__,
        **(hidden if link.shifted_d else {}),
    }


def read_link(paths: Sequence[Path], frame_of_reference_uid: str | None) -> PatientLink:
    """Whom and what an image is of, from its headers.

    A value that its attribute does not allow is left out: no archive would take it.
    `frame_of_reference_uid` is the image's; where it has none a frame is made up, as
    one that no other file shares.
    """
    from pydicom.uid import generate_uid

    references = _references(paths, ())
    made_up = str(generate_uid(entropy_srcs=[references[0].sop_instance_uid, "frame"]))
    return replace(
        read_patient(paths[0]),
        frame_of_reference_uid=frame_of_reference_uid or made_up,
        references=references,
    )


def read_series_link(
    paths: Sequence[Path], headers: Sequence[Dataset] = ()
) -> PatientLink:
    """Whom a series is of, and its files; their `headers` spare a second pass."""
    return replace(read_patient(paths[0]), references=_references(paths, headers))


def _references(
    paths: Sequence[Path], headers: Sequence[Dataset]
) -> tuple[Reference, ...]:
    found = []
    for path, known in zip_longest(paths, headers[: len(paths)]):
        with reading_dicom(path):
            dataset = read_dataset(path) if known is None else known
            found.append(
                Reference(
                    str(dataset.SOPClassUID),
                    str(dataset.SOPInstanceUID),
                    str(dataset.SeriesInstanceUID),
                    str(dataset.Modality),
                    whole_number(dataset, "Rows", path),
                    whole_number(dataset, "Columns", path),
                )
            )
    return tuple(found)


def read_patient(path: Path) -> PatientLink:
    """Whom one file is of: patient and study, referring to nothing."""
    found: dict[str, Any] = {}
    with reading_dicom(path):
        dataset = read_dataset(path)
        for field, (name, is_allowed) in _TEXTS.items():
            text = str(dataset.get(name, "") or "").strip()
            found[field] = text if is_allowed(text) else ""
    return PatientLink(**found, frame_of_reference_uid="", references=())
