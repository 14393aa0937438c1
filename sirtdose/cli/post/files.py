"""Which files `sirtdose post` writes, and what they tell of the patient."""

from pathlib import Path
from typing import TYPE_CHECKING, Any

from sirtdose.cli.words.option import Option, together

if TYPE_CHECKING:
    from sirtdose.workflows.post.results import Wanted

file_options = together(
    Option("no-report", bool, "Do not write report.html."),
    Option("show-patient", bool, "Show the patient's name on report.html."),
    Option(
        "no-dicom", bool, "Do not write RTDOSE, RTPLAN, SEG and SR for DICOM images."
    ),
    Option(
        "pdf",
        bool,
        "Also write the report as report.pdf, and for DICOM images as Encapsulated "
        "PDF.",
    ),
    Option(
        "key-images",
        bool,
        "Also write planes, histograms and an overview as DICOM Secondary Capture.",
    ),
    Option(
        "fhir",
        bool,
        "Also write observations.json: FHIR R4 Observations, with the image's "
        "PatientID as their subject.",
    ),
    Option("deidentify", bool, "Remove patient identifiers, UIDs and dates."),
    Option(
        "site-key",
        Path,
        "File with a secret that gives a patient the same pseudonym in every run; for "
        "--deidentify.",
        metavar="FILE",
    ),
)


def wanted_of(options: dict[str, Any], *, thumbnail: bool = False) -> "Wanted":
    """Which files are asked for."""
    from sirtdose.workflows.post.results import Wanted

    return Wanted(
        report=not options["no_report"],
        dicom=not options["no_dicom"],
        fhir=options["fhir"],
        named=options["show_patient"],
        thumbnail=thumbnail,
        pdf=options["pdf"],
        pictures=options["key_images"],
    )
