"""What people read of a result, as DICOM: the report's PDF and key images."""

import json
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from sirtdose import __version__
from sirtdose.dosimetry.results import Assessment
from sirtdose.io.dicom.write_document import write_pdf
from sirtdose.io.dicom.write_picture import write_pictures
from sirtdose.model.patient_link import PatientLink
from sirtdose.report.post.key_images import (
    OVERVIEW,
    PLANES,
    histogram_name,
    key_images,
)
from sirtdose.report.render import case_hash

# Names that begin as the maps' do, so that they are never taken for inputs.
PDF_FILE = "dose_pdf.dcm"
_TITLE = "Doses after treatment"


def picture_file(name: str) -> str:
    """The file of a key image.

    >>> picture_file("axial")
    'dose_picture_axial.dcm'
    """
    return f"dose_picture_{name}.dcm"


def document_files(methods: int) -> list[str]:
    """The files of so many methods."""
    names = (*PLANES, *(histogram_name(one + 1) for one in range(methods)))
    return [PDF_FILE, *map(picture_file, (OVERVIEW, *names))]


def write_report_pdf(pdf: bytes, folder: Path, link: PatientLink) -> None:
    """Write the report's PDF as an object of the patient's study."""
    write_pdf(pdf, folder / PDF_FILE, link, title=_TITLE)


def write_key_images(
    assessment: Assessment,
    data: Mapping[str, Any],
    text: str,
    *,
    folder: Path,
    link: PatientLink,
) -> None:
    """Write key images; `text` is post.json, and `data` what its page shows."""
    document, case = json.loads(text), case_hash(text)
    pictures = key_images(assessment, document, data, case=case)
    write_pictures(
        [(folder / picture_file(name), one) for name, one in pictures.items()],
        link,
        derived=f"Absorbed dose drawn by sirtdose {__version__}: not a medical device",
    )
