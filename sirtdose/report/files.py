"""Which files a result is made of, and writing them."""

from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

from sirtdose.report.documents import document_text

if TYPE_CHECKING:
    from sirtdose.dosimetry.assessment import Assessment

DOSE_FILES = {
    "local_deposition": "dose_local.nii.gz",
    "kernel": "dose_kernel.nii.gz",
    "collapsed_cone": "dose_collapsed_cone.nii.gz",
}


def post_files(method_names: Sequence[str], *, report: bool) -> list[str]:
    """The names of everything that an assessment writes."""
    names = ["post.json", "structures.csv", "dvh.csv"]
    names += [DOSE_FILES[name] for name in method_names]
    return [*names, "report.html"] if report else names


def post_replaces() -> list[str]:
    """Everything an earlier assessment may have left: replaced as a whole."""
    return post_files(list(DOSE_FILES), report=True)


def write_plan(document: dict[str, Any], folder: Path) -> None:
    """Write plan.json."""
    (folder / "plan.json").write_text(document_text(document), "utf-8")


def write_post(
    assessment: "Assessment", document: dict[str, Any], folder: Path, *, report: bool
) -> None:
    """Write post.json, the tables, the dose maps and, if wanted, the page."""
    from sirtdose.io.image_file import write_nifti
    from sirtdose.report.page import post_page
    from sirtdose.report.tables import dvh_csv, structures_csv

    (folder / "post.json").write_text(document_text(document), "utf-8")
    (folder / "structures.csv").write_text(structures_csv(document), "utf-8")
    (folder / "dvh.csv").write_text(dvh_csv(assessment.structure_doses), "utf-8")
    for method, dose in assessment.doses.items():
        write_nifti(dose.volume, folder / DOSE_FILES[method])
    if report:
        page = post_page(assessment, document)
        (folder / "report.html").write_text(page, "utf-8")
