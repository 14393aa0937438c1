"""Read and write what ties a result to its patient and examination."""

from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING

from sirtdose import __version__
from sirtdose.io.dicom_header import read_dataset, reading_dicom
from sirtdose.model.patient_link import PatientLink, Reference

if TYPE_CHECKING:
    from pydicom.dataset import Dataset

_MANUFACTURER = "sirtdose"


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
                    int(dataset.Rows),
                    int(dataset.Columns),
                )
            )
    assert first is not None
    made_up = str(generate_uid(entropy_srcs=[references[0].sop_instance_uid, "frame"]))

    def text(keyword: str) -> str:
        return str(first.get(keyword, "") or "").strip()

    return PatientLink(
        patient_id=text("PatientID"),
        patient_name=text("PatientName"),
        birth_date=text("PatientBirthDate"),
        sex=text("PatientSex"),
        study_uid=text("StudyInstanceUID"),
        study_id=text("StudyID"),
        study_date=text("StudyDate"),
        study_time=text("StudyTime"),
        accession_number=text("AccessionNumber"),
        frame_of_reference_uid=frame_of_reference_uid or made_up,
        references=tuple(references),
    )
