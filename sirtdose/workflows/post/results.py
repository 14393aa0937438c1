"""Assess a treatment and keep its results in a folder, whole or not at all."""

from collections.abc import Mapping
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING, Any

from sirtdose.errors import InputError
from sirtdose.io.output.folder import claimed, require_free
from sirtdose.model.finding import acceptances_used, require_accepted
from sirtdose.model.request import PostRequest
from sirtdose.report.documents import rounded
from sirtdose.report.post.deidentified import kept_texts
from sirtdose.report.post.document import post_document
from sirtdose.report.post.files import post_replaces, write_post
from sirtdose.report.run_record import write_run_record
from sirtdose.workflows.image.kept_names import kept_name_findings
from sirtdose.workflows.post.assess import assess_dose

if TYPE_CHECKING:
    from sirtdose.dosimetry.results import Assessment


@dataclass(frozen=True)
class Wanted:
    """What is written besides numbers, tables and dose maps.

    `report` is the page with its data, `dicom` RTDOSE, RTPLAN and SEG of a DICOM image,
    `named` the patient on the page, `thumbnail` a small picture of the page's first.
    """

    report: bool = True
    dicom: bool = True
    named: bool = False
    thumbnail: bool = False


@dataclass(frozen=True)
class Kept:
    """What an assessment said, and the names of the files it was written to."""

    document: dict[str, Any]
    names: tuple[str, ...]


def assess_into(
    request: PostRequest,
    folder: Path,
    wanted: Wanted,
    *,
    force: bool = False,
    asked: Mapping[str, Any] | None = None,
    fingerprint: str | None = None,
) -> Kept:
    """Assess, and write post.json, tables, maps, pages and DICOM to a folder.

    Parameters
    ----------
    request : PostRequest
    folder : Path
        Made if need be; files appear in it when all of them are written.
    wanted : Wanted
    force : bool
        Replace results that are there.
    asked : mapping, optional
        `source` and `options` as they were typed, files as Path: kept in run.json, so
        that the run can be repeated, but not where results are to name nobody.
    fingerprint : str, optional
        Of inputs and options, by which a batch knows that nothing changed.

    Raises
    ------
    InputError
        Whatever cannot be used or trusted.
    OutputError
        Something would be overwritten, or could not be written, or another run writes
        to the folder.
    """
    with claimed(folder) as claim:
        require_free(folder, post_replaces(), force=force)
        started = datetime.now(UTC)
        assessment = assess_dose(request)
        if wanted.named and assessment.link is None:
            raise InputError(
                "--show-patient: the image is no DICOM and names nobody; leave it out"
            )
        # What is printed and what is written are the same digits.
        document = rounded(post_document(assessment))
        if request.privacy.site_key is not None:
            assessment = _names_compared(assessment, request, document, folder)
            document = rounded(post_document(assessment))
        with claim.writing(post_replaces(), force=force) as aside:
            write_post(
                assessment,
                document,
                aside,
                report=wanted.report,
                dicom=wanted.dicom,
                named=wanted.named,
                thumbnail=wanted.thumbnail,
            )
            nameless = request.privacy.site_key is not None
            write_run_record(
                aside,
                started=started,
                asked=None if nameless else asked,
                fingerprint=fingerprint,
                kept_in=folder,
            )
            names = tuple(sorted(path.name for path in aside.iterdir()))
    return Kept(document, names)


def _names_compared(
    assessment: "Assessment",
    request: PostRequest,
    document: Mapping[str, Any],
    folder: Path,
) -> "Assessment":
    """The assessment with what is said of names that its results keep (H33).

    Raises
    ------
    SafetyStop
        One of them is the patient's, and nobody accepted it.
    """
    texts = [*kept_texts(document), ("the folder's name", folder.name)]
    said = kept_name_findings(texts, assessment.people)
    require_accepted(said, request.judge.acceptances)
    findings = (*assessment.findings, *said)
    return replace(
        assessment,
        findings=findings,
        accepted=acceptances_used(findings, request.judge.acceptances),
    )
