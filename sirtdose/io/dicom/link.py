"""Read and write what ties a result to its patient and examination."""

import re
from collections.abc import Callable, Sequence
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING

from sirtdose import __version__
from sirtdose.io.dicom.header import read_dataset, reading_dicom, whole_number
from sirtdose.io.dicom.time import parse_date
from sirtdose.model.patient_link import PatientLink, Reference

if TYPE_CHECKING:
    from pydicom.dataset import Dataset

_MANUFACTURER = "sirtdose"


def _is_date(text: str) -> bool:
    return len(text) == 8 and parse_date(text) is not None


def _of_length(most: int) -> Callable[[str], bool]:
    return lambda text: len(text) <= most and "\\" not in text and text.isprintable()


def _matches(pattern: str) -> Callable[[str], bool]:
    return lambda text: re.fullmatch(pattern, text) is not None


# What is taken over of patient and study, and which values of it DICOM allows.
_TEXTS: dict[str, Callable[[str], bool]] = {
    "PatientID": _of_length(64),
    "PatientName": _of_length(64),
    "PatientBirthDate": _is_date,
    "PatientSex": _matches("[MFO]"),
    "StudyInstanceUID": _matches(r"[0-9.]{1,64}"),
    "StudyID": _of_length(16),
    "StudyDate": _is_date,
    "StudyTime": _matches(r"([01]\d|2[0-3])([0-5]\d([0-5]\d(\.\d{1,6})?)?)?"),
    "AccessionNumber": _of_length(16),
}


def result_uid(link: PatientLink, *what: str) -> str:
    """A UID of a result, by the images it is of and what it holds."""
    from pydicom.uid import generate_uid

    of = [one.sop_instance_uid for one in link.references]
    return str(generate_uid(entropy_srcs=[link.study_uid, *of, *what]))


def stamp(link: PatientLink, dataset: "Dataset", sop_class: str, sop_uid: str) -> None:
    """Fill in the attributes of patient, study and equipment."""
    from pydicom.dataset import FileMetaDataset
    from pydicom.uid import UID, ExplicitVRLittleEndian

    dataset.SpecificCharacterSet = "ISO_IR 192"
    dataset.SOPClassUID, dataset.SOPInstanceUID = sop_class, sop_uid
    stamp_patient(link, dataset)
    dataset.StudyInstanceUID = link.study_uid
    dataset.Manufacturer = dataset.ManufacturerModelName = _MANUFACTURER
    dataset.SoftwareVersions = __version__
    dataset.DeviceSerialNumber = "0"
    dataset.OperatorsName = ""
    dataset.FrameOfReferenceUID = link.frame_of_reference_uid
    dataset.PositionReferenceIndicator = ""
    dataset.file_meta = FileMetaDataset()
    dataset.file_meta.TransferSyntaxUID = ExplicitVRLittleEndian
    dataset.file_meta.MediaStorageSOPClassUID = UID(sop_class)
    dataset.file_meta.MediaStorageSOPInstanceUID = UID(sop_uid)


def stamp_patient(link: PatientLink, dataset: "Dataset") -> None:
    """Fill in patient and study, with nobody else's name."""
    dataset.PatientName = link.patient_name
    dataset.PatientID = link.patient_id
    dataset.PatientBirthDate = link.birth_date
    dataset.PatientSex = link.sex
    dataset.StudyID = link.study_id
    dataset.StudyDate = link.study_date
    dataset.StudyTime = link.study_time
    dataset.AccessionNumber = link.accession_number
    dataset.ReferringPhysicianName = ""
    if link.shifted_d:
        dataset.PatientIdentityRemoved = "YES"
        dataset.DeidentificationMethod = f"sirtdose {__version__}: new data set"
        dataset.LongitudinalTemporalInformationModified = "MODIFIED"


def read_link(paths: Sequence[Path], frame_of_reference_uid: str | None) -> PatientLink:
    """Whom and what an image is of, from its headers.

    A value that its attribute does not allow is left out: no archive would take it.
    `frame_of_reference_uid` is the image's; where it has none a frame is made up, as
    one that no other file shares.
    """
    from pydicom.uid import generate_uid

    references = []
    first: Dataset | None = None
    for path in paths:
        with reading_dicom(path):
            dataset = read_dataset(path)
            first = dataset if first is None else first
            references.append(
                Reference(
                    str(dataset.SOPClassUID),
                    str(dataset.SOPInstanceUID),
                    str(dataset.SeriesInstanceUID),
                    str(dataset.Modality),
                    whole_number(dataset, "Rows", path),
                    whole_number(dataset, "Columns", path),
                )
            )
    assert first is not None
    made_up = str(generate_uid(entropy_srcs=[references[0].sop_instance_uid, "frame"]))

    return replace(
        _link_of(first, paths[0]),
        frame_of_reference_uid=frame_of_reference_uid or made_up,
        references=tuple(references),
    )


def read_patient(path: Path) -> PatientLink:
    """Whom one file is of: patient and study, referring to nothing."""
    with reading_dicom(path):
        dataset = read_dataset(path)
    return _link_of(dataset, path)


def _link_of(dataset: "Dataset", path: Path) -> PatientLink:
    with reading_dicom(path):
        texts = {
            keyword: str(dataset.get(keyword, "") or "").strip() for keyword in _TEXTS
        }

    def usable(keyword: str) -> str:
        text = texts[keyword]
        return text if _TEXTS[keyword](text) else ""

    return PatientLink(
        patient_id=usable("PatientID"),
        patient_name=usable("PatientName"),
        birth_date=usable("PatientBirthDate"),
        sex=usable("PatientSex"),
        study_uid=usable("StudyInstanceUID"),
        study_id=usable("StudyID"),
        study_date=usable("StudyDate"),
        study_time=usable("StudyTime"),
        accession_number=usable("AccessionNumber"),
        frame_of_reference_uid="",
        references=(),
    )
