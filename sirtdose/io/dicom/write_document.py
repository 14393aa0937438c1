"""A result for people to DICOM: its page as an Encapsulated PDF (PS3.3 A.45.1)."""

from hashlib import sha256
from pathlib import Path
from typing import Any

from sirtdose.io.dicom.bare import Dataset
from sirtdose.io.dicom.link import attributes_of, result_uid
from sirtdose.io.dicom.write import file_of, item, save
from sirtdose.model.patient_link import PatientLink

ENCAPSULATED_PDF = "1.2.840.10008.5.1.4.1.1.104.1"
# LOINC, in CID 7000 of PS3.16: titles of diagnostic imaging reports.
_REPORT = ("49118-3", "LN", "Nuclear Medicine Report")


def write_pdf(pdf: bytes, path: Path, link: PatientLink, *, title: str) -> None:
    """Write a PDF as an object of a patient's study, in a series of its own.

    What is encapsulated is the PDF byte for byte; EncapsulatedDocumentLength says where
    it ends, if DICOM's even length adds a byte.
    """
    code, scheme, meaning = _REPORT
    concept = item(CodeValue=code, CodingSchemeDesignator=scheme, CodeMeaning=meaning)
    dataset = file_of(
        ENCAPSULATED_PDF,
        result_uid(link, "pdf", sha256(pdf).hexdigest()),
        **attributes_for_reading(link),
        Modality="DOC",
        SeriesInstanceUID=result_uid(link, "pdf series"),
        SeriesNumber=905,
        SeriesDescription="sirtdose report",
        InstanceNumber=1,
        AcquisitionDateTime="",
        SourceInstanceSequence=sources_of(link),
        DocumentTitle=title,
        ConceptNameCodeSequence=[concept],
        MIMETypeOfEncapsulatedDocument="application/pdf",
        EncapsulatedDocument=pdf + b"\0" * (len(pdf) % 2),
        EncapsulatedDocumentLength=len(pdf),
    )
    del dataset.PositionReferenceIndicator
    save(dataset, path)


def attributes_for_reading(link: PatientLink) -> dict[str, Any]:
    """What documents and pictures have in common: made here, with text in them.

    Their dates are the study's, as the same input must give the same file.
    """
    attributes = attributes_of(link)
    # They have no voxels, so they lie in no frame of reference.
    del attributes["FrameOfReferenceUID"]
    return {
        **attributes,
        **dict.fromkeys(
            ("SeriesDate", "ContentDate", "InstanceCreationDate"),
            link.study_date or "19000101",
        ),
        **dict.fromkeys(
            ("SeriesTime", "ContentTime", "InstanceCreationTime"),
            link.study_time or "000000",
        ),
        "ConversionType": "WSD",
        "BurnedInAnnotation": "YES",
    }


def sources_of(link: PatientLink) -> list[Dataset]:
    """The files of the image that a result was made from."""
    return [
        item(
            ReferencedSOPClassUID=one.sop_class_uid,
            ReferencedSOPInstanceUID=one.sop_instance_uid,
        )
        for one in link.references
    ]
