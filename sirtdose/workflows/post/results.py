"""Assess a treatment and keep its results in a folder, whole or not at all."""

import json
from collections.abc import Callable, Mapping
from dataclasses import dataclass, fields, is_dataclass, replace
from datetime import UTC, datetime
from hashlib import sha256
from pathlib import Path
from time import time_ns
from typing import Any

from sirtdose import __version__
from sirtdose.checks.kept_names import kept_name_findings
from sirtdose.dosimetry.results import Assessment
from sirtdose.errors import InputError
from sirtdose.io.hashing import companions, sha256_of, state_of
from sirtdose.io.output.folder import claimed, require_free
from sirtdose.io.output.owners import require_not_of_others
from sirtdose.model.acceptance import Said
from sirtdose.model.commissioned import CameraUsed
from sirtdose.model.request import PostRequest
from sirtdose.report.batch import BATCH_FILES
from sirtdose.report.documents import rounded
from sirtdose.report.pdf import require_pdf
from sirtdose.report.post.deidentified import kept_texts
from sirtdose.report.post.document import post_document
from sirtdose.report.post.files import post_replaces, write_post
from sirtdose.report.run_record import RUN_RECORD, result_names, write_run_record
from sirtdose.workflows.post.assess import assess_dose

_ALWAYS = ("structures.csv", "dvh.csv")
# File systems keep times in steps of up to 2 s.
_YOUNG_NS = 3 * 10**9


@dataclass(frozen=True)
class Wanted:
    """What is written besides numbers, tables and dose maps.

    `report` is the page with its data, `dicom` RTDOSE, RTPLAN, SEG and SR of a DICOM
    image, `fhir` Observations, `named` the patient on the page, `thumbnail` a small
    picture of the page's first. `pdf` is the page as PDF, of a DICOM image as
    Encapsulated PDF too, and `pictures` are key images as Secondary Capture.
    """

    report: bool = True
    dicom: bool = True
    fhir: bool = False
    named: bool = False
    thumbnail: bool = False
    pdf: bool = False
    pictures: bool = False


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
    seen: str | None = None,
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
    seen : str, optional
        The same by sizes and times, which tells it without reading.

    Raises
    ------
    InputError
        Whatever cannot be used or trusted.
    OutputError
        Something would be overwritten, or could not be written, or another run writes
        to the folder.
    """
    if wanted.pdf:
        # Before anything is computed.
        require_pdf("--pdf")
    with claimed(folder) as claim:
        require_not_of_others(folder, _ALWAYS, post_replaces())
        require_free(folder, post_replaces(), force=force)
        started = datetime.now(UTC)
        assessment = assess_dose(request)
        _require_patient(wanted, assessment)
        # What is printed and what is written are the same digits.
        document = rounded(post_document(assessment))
        if request.privacy.nameless:
            assessment = _names_compared(assessment, document, folder)
            document = rounded(post_document(assessment))
        with claim.writing(post_replaces(), force=force) as aside:
            write_post(
                assessment,
                document,
                aside,
                report=wanted.report,
                dicom=wanted.dicom,
                fhir=wanted.fhir,
                named=wanted.named,
                thumbnail=wanted.thumbnail,
                pdf=wanted.pdf,
                pictures=wanted.pictures,
            )
            write_run_record(
                aside,
                started=started,
                asked=None
                if request.privacy.nameless
                else _with_camera(asked, assessment.read.camera),
                fingerprint=fingerprint,
                seen=seen,
                nuclide=document["nuclide"],
                kept_in=folder,
            )
            names = tuple(sorted(path.name for path in aside.iterdir()))
    return Kept(document, names)


def _require_patient(wanted: Wanted, assessment: Assessment) -> None:
    """Refuse what only a DICOM image has: a patient."""
    asked = {"--show-patient": wanted.named, "--key-images": wanted.pictures}
    for option in [name for name, is_wanted in asked.items() if is_wanted]:
        if assessment.provenance.link is None:
            raise InputError(
                f"{option}: the image is not DICOM and has no patient: leave it out"
            )


def _with_camera(
    asked: Mapping[str, Any] | None, used: CameraUsed | None
) -> Mapping[str, Any] | None:
    """The request with the camera that was chosen, so that a rerun uses the same."""
    if asked is None or used is None:
        return asked
    return {**asked, "options": {"camera": used.path.absolute(), **asked["options"]}}


def _names_compared(
    assessment: Assessment, document: Mapping[str, Any], folder: Path
) -> Assessment:
    """The assessment with what is said of names that its results keep (H33).

    Raises
    ------
    SafetyStop
        One of them is the patient's, and nobody accepted it.
    """
    texts = [*kept_texts(document), ("the folder's name", folder.name)]
    said = Said(assessment.request.judge.acceptances)
    said.add(assessment.findings)
    said.add(kept_name_findings(texts, assessment.provenance.people))
    said.gate()
    return replace(assessment, findings=said.findings, accepted=said.accepted)


def fingerprint(asked: Any, source: Path) -> str:
    """A hash of version, options and the content of every file that they name.

    `asked` is a sequence of requests; a Path in them may be seen from the `source`.
    Where files lie does not enter, so results stand when a folder is moved as a whole.
    Everything in the source counts, as a file more may change what is chosen; only
    results and hidden files do not.

    Raises
    ------
    OSError
        A file that cannot be read.
    """
    return _mark(asked, source, _digest)


def seen_mark(asked: Any, source: Path) -> str | None:
    """The same by size and time of every file, which reads none of them.

    None where one was written moments ago: a change that follows might not show.
    """
    try:
        return _mark(asked, source, _seen)
    except _TooYoung:
        return None


class _TooYoung(Exception):
    """A file's time does not tell yet whether it will be changed."""


def _seen(path: Path) -> Any:
    states = [state_of(one) for one in (path, *companions(path))]
    if any(time_ns() - changed_at < _YOUNG_NS for _, changed_at in states):
        raise _TooYoung
    return states


def _digest(path: Path) -> str:
    return sha256_of([path])


def _mark(asked: Any, source: Path, of_file: Callable[[Path], Any]) -> str:
    told = [__version__, *_told(asked, source, of_file)]
    return sha256(json.dumps(told, sort_keys=True).encode()).hexdigest()


def _told(value: Any, source: Path, of_file: Callable[[Path], Any]) -> Any:
    def told(one: Any) -> Any:
        return _told(one, source, of_file)

    if isinstance(value, Path):
        inside = source / value
        there = value if value.exists() or not inside.exists() else inside
        return _content(there, of_file)
    if isinstance(value, bytes):
        return sha256(value).hexdigest()
    if is_dataclass(value) and not isinstance(value, type):
        return {one.name: told(getattr(value, one.name)) for one in fields(value)}
    if isinstance(value, Mapping):
        return {str(key): told(one) for key, one in value.items()}
    if isinstance(value, (list, tuple)):
        return [told(one) for one in value]
    plain = value is None or isinstance(value, (bool, int, float))
    return value if plain else str(value)


def _content(path: Path, of_file: Callable[[Path], Any]) -> Any:
    """What tells of a file, or of every file of a folder by its name in there."""
    if not path.is_dir():
        return of_file(path) if path.is_file() else f"no file: {path.name}"
    results = _results_below(path)
    return [
        [one.relative_to(path).as_posix(), of_file(one)]
        for one in sorted(one for one in path.rglob("*") if one.is_file())
        if one not in results
        and not any(part.startswith(".") for part in one.relative_to(path).parts)
    ]


def _results_below(path: Path) -> set[Path]:
    """The files of results and batches that lie in a folder."""
    return {
        batch.with_name(name)
        for batch in path.rglob("batch.json")
        for name in BATCH_FILES
    } | {
        record.with_name(name)
        for record in path.rglob(RUN_RECORD)
        for name in result_names(record.parent)
    }
