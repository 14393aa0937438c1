"""Which files a result is made of, and writing them."""

from collections.abc import Sequence
from pathlib import Path
from typing import Any

from sirtdose.dosimetry.grid.registration import write_transform
from sirtdose.dosimetry.results import Assessment
from sirtdose.io.image_file import write_nifti
from sirtdose.report.documents import document_text
from sirtdose.report.page_data import page_data_text, post_page_data
from sirtdose.report.planes import thumbnail_png
from sirtdose.report.post.dicom_files import (
    PLAN_FILE,
    REPORT_FILE,
    STRUCTURES_FILE,
    write_dicom,
)
from sirtdose.report.post.fhir import OBSERVATIONS_FILE, Subject, observations_text
from sirtdose.report.post.page import post_page
from sirtdose.report.post.readers import READER_FILES, reader_tables
from sirtdose.report.post.uncertainty import (
    UNCERTAINTY_FILES,
    budget_csv,
    uncertainty_csv,
)
from sirtdose.report.run_record import RUN_RECORD
from sirtdose.report.tables import dvh_csv, structures_csv

DOSE_FILES = {
    "local_deposition": "dose_local.nii.gz",
    "kernel": "dose_kernel.nii.gz",
    "collapsed_cone": "dose_collapsed_cone.nii.gz",
}


# Pictures and curves of the page, so that it can be made again.
PAGE_DATA = "report_data.json"
# How structures came from the image they were drawn on.
TRANSFORM = "registration.tfm"
# The first picture of the page, for a list of many cases.
THUMBNAIL = "thumbnail.png"
_BLUR = ("iterative_yang", "gtm", "recovery")
_CORRECTED = ("", *_BLUR, "with_prior", *(f"{one}+with_prior" for one in _BLUR))


def dose_file(method: str) -> str:
    """The name of a method's map; a correction of blur comes behind it.

    >>> dose_file("local_deposition+gtm")
    'dose_local_gtm.nii.gz'
    """
    base, _, correction = method.partition("+")
    name = DOSE_FILES[base]
    tag = correction.replace("+", "_")
    return name.replace(".nii.gz", f"_{tag}.nii.gz") if tag else name


def dicom_file(method: str) -> str:
    """The name of a method's RTDOSE.

    >>> dicom_file("kernel+iterative_yang")
    'dose_kernel_iterative_yang.dcm'
    """
    return dose_file(method).replace(".nii.gz", ".dcm")


def post_files(
    method_names: Sequence[str],
    *,
    report: bool,
    dicom: bool = False,
    registration: bool = False,
) -> list[str]:
    """The names of everything that an assessment writes."""
    names = ["post.json", "structures.csv", "dvh.csv"]
    names += [dose_file(name) for name in method_names]
    if dicom:
        names += [dicom_file(name) for name in method_names if "prior" not in name]
        names += [PLAN_FILE, STRUCTURES_FILE, REPORT_FILE]
    names += [TRANSFORM] if registration else []
    return [*names, PAGE_DATA, "report.html"] if report else names


def post_replaces() -> list[str]:
    """Everything an earlier assessment may have left: replaced as a whole."""
    methods = [
        f"{name}+{correction}" if correction else name
        for name in DOSE_FILES
        for correction in _CORRECTED
    ]
    names = post_files(methods, report=True, dicom=True, registration=True)
    # `sirtdose report` makes the figures.
    names += [*UNCERTAINTY_FILES, *READER_FILES, OBSERVATIONS_FILE]
    return [*names, THUMBNAIL, RUN_RECORD, "figures"]


def write_post(
    assessment: Assessment,
    document: dict[str, Any],
    folder: Path,
    *,
    report: bool,
    dicom: bool = False,
    fhir: bool = False,
    named: bool = False,
    thumbnail: bool = False,
) -> None:
    """Write post.json, tables, dose maps and, if wanted, DICOM, FHIR and the page.

    Only a page that is to be `named` says whom the image is of.
    """
    text = document_text(document)
    (folder / "post.json").write_text(text, "utf-8")
    (folder / "structures.csv").write_text(structures_csv(document), "utf-8")
    (folder / "dvh.csv").write_text(dvh_csv(assessment.structure_doses), "utf-8")
    if document["uncertainty"] is not None:
        pairs = zip(UNCERTAINTY_FILES, (uncertainty_csv, budget_csv), strict=True)
        for name, table in pairs:
            (folder / name).write_text(table(document["uncertainty"]), "utf-8")
    if assessment.observers is not None and assessment.observers.agreement:
        for name, rows in reader_tables(document, assessment.observers).items():
            (folder / name).write_text(rows, "utf-8")
    if assessment.placed.registration is not None:
        write_transform(assessment.placed.registration, folder / TRANSFORM)
    for method, dose in assessment.dosed.doses.items():
        write_nifti(dose.volume, folder / dose_file(method), note=dose.density_note)
    if dicom:
        names = {
            method: dicom_file(method)
            for method in assessment.dosed.doses
            if "prior" not in method
        }
        write_dicom(assessment, document, folder, names)
    if fhir:
        subject = Subject.of(assessment.provenance.link)
        observations = observations_text(document, subject)
        (folder / OBSERVATIONS_FILE).write_text(observations, "utf-8")
    if report:
        _write_page(assessment, text, folder, named=named, thumbnail=thumbnail)


def _write_page(
    assessment: Assessment, text: str, folder: Path, *, named: bool, thumbnail: bool
) -> None:
    """The page of a document's text, with its pictures and curves."""
    data = post_page_data(assessment)
    data_text = page_data_text(text, data, folder / PLAN_FILE)
    (folder / PAGE_DATA).write_text(data_text, "utf-8")
    page = post_page(text, data, assessment.provenance.link if named else None)
    (folder / "report.html").write_text(page, "utf-8")
    if thumbnail:
        dark = {one["name"]: one["dark"] for one in data["outlines"]}
        (folder / THUMBNAIL).write_bytes(thumbnail_png(data["planes"][0], dark))
