"""What a worker does with a patient: the lesions through time, into a folder."""

from collections.abc import Iterable
from dataclasses import dataclass, replace
from pathlib import Path

from sirtdose.batch.work import Outcome, outcome_of
from sirtdose.io.output.folder import output_folder
from sirtdose.report.documents import document_text
from sirtdose.report.lesions.document import LESIONS_FILE, lesions_document
from sirtdose.report.lesions.page import history_pages
from sirtdose.report.post.deidentified import without_dates
from sirtdose.workflows.lesions.request import LesionsRequest
from sirtdose.workflows.lesions.run import follow_lesions
from sirtdose.workflows.post.kept_names import without_names_of


@dataclass(frozen=True)
class Patient:
    """Whose lesions are to be followed, and where the results go."""

    case_id: str
    request: LesionsRequest
    folder: Path
    force: bool = False


def run_patient(patient: Patient) -> Outcome:
    """Follow the lesions of one patient; a refusal is its outcome, not an error.

    Only a bug raises.
    """
    outcome = outcome_of(patient.case_id, lambda: _run(patient))
    if not patient.request.deidentify or not outcome.error:
        return outcome
    error = without_names_of(outcome.error, _files(patient.request))
    return replace(outcome, error=without_dates({"error": error})["error"])


def _files(request: LesionsRequest) -> Iterable[Path]:
    yield from request.results
    yield from (path for _, path in request.follow_ups)
    for some in (request.measurements, request.structures, request.registrations):
        yield from some.values()


def _run(patient: Patient) -> str:
    document = lesions_document(follow_lesions(patient.request))
    files = {LESIONS_FILE: document_text(document), **history_pages(document)}
    with output_folder(patient.folder, files, force=patient.force) as aside:
        for name, text in files.items():
            (aside / name).write_text(text, "utf-8")
    return "done"
