"""Read a scan without structures and keep what it holds in a folder, whole or not."""

from collections.abc import Mapping
from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from sirtdose.checks.kept_names import kept_name_findings
from sirtdose.io.output.folder import claimed, require_free
from sirtdose.io.output.owners import require_not_of_others
from sirtdose.model.acceptance import Said
from sirtdose.model.request import PostRequest
from sirtdose.report.documents import rounded
from sirtdose.report.run_record import write_run_record
from sirtdose.report.scan.document import SCAN_FILES, Scan, scan_document
from sirtdose.report.scan.page import write_scan
from sirtdose.workflows.post.results import Kept
from sirtdose.workflows.scan import read_scan


def scan_into(
    request: PostRequest,
    folder: Path,
    *,
    report: bool = True,
    force: bool = False,
    asked: Mapping[str, Any] | None = None,
) -> Kept:
    """Read a scan without structures, and write scan.json, its page and run.json.

    Parameters
    ----------
    request : PostRequest
    folder : Path
        Made if need be; files appear in it when all of them are written.
    report : bool
        Whether scan.html is written.
    force : bool
        Replace results that are there.
    asked : mapping, optional
        `source` and `options` as they were typed, files as Path: kept in run.json, but
        not where results are to name nobody.

    Raises
    ------
    InputError
        Whatever cannot be used; SafetyStop where a check asks.
    OutputError
        Something would be overwritten, or could not be written, or another run writes
        to the folder.
    """
    with claimed(folder) as claim:
        require_not_of_others(folder, SCAN_FILES, SCAN_FILES)
        require_free(folder, SCAN_FILES, force=force)
        started = datetime.now(UTC)
        scan = _names_compared(read_scan(request), folder, request)
        document: dict[str, Any] = rounded(scan_document(scan))
        with claim.writing(SCAN_FILES, force=force) as aside:
            write_scan(scan, document, aside, report=report)
            write_run_record(
                aside,
                started=started,
                asked=None if scan.hidden else asked,
                fingerprint=None,
                nuclide=document["nuclide"],
                kept_in=folder,
            )
            names = tuple(sorted(path.name for path in aside.iterdir()))
    return Kept(document, names)


def _names_compared(scan: Scan, folder: Path, request: PostRequest) -> Scan:
    """The scan with what is said of names that its results keep (H33).

    Raises
    ------
    SafetyStop
        One of them is the patient's, and nobody accepted it.
    """
    if scan.hidden is None:
        return scan
    texts = [
        *(("reasons of --accept", one.reason) for one in scan.accepted),
        ("the folder's name", folder.name),
    ]
    nuclide = scan.nuclide
    if nuclide is not None and nuclide.file is not None:
        texts.append(("the nuclide file", nuclide.half_life_source))
    said = Said(request.judge.acceptances)
    said.add(scan.findings)
    said.add(kept_name_findings(texts, scan.hidden.people))
    said.gate()
    return replace(scan, findings=said.findings, accepted=said.accepted)
