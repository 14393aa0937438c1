"""What a worker does that only looks: one folder, and what would be used of it."""

from dataclasses import dataclass
from pathlib import Path

from sirtdose.batch.case import Outcome
from sirtdose.batch.work import outcome_of
from sirtdose.io.output.folder import output_folder
from sirtdose.report.documents import document_text
from sirtdose.report.inspection import inspection_document
from sirtdose.workflows.inspect import inspect_folder

INSPECTION_FILE = "inspection.json"


@dataclass(frozen=True)
class Look:
    """What is to be looked at, under which name, and where to write what was seen."""

    case_id: str
    source: Path
    folder: Path


def run_look(look: Look) -> Outcome:
    """Write inspection.json of a folder, as `sirtdose inspect --json` prints it.

    Only a bug raises.
    """
    return outcome_of(look.case_id, lambda: _look(look))


def _look(look: Look) -> str:
    text = document_text(inspection_document(inspect_folder(look.source), paths=False))
    with output_folder(look.folder, [INSPECTION_FILE]) as aside:
        (aside / INSPECTION_FILE).write_text(text, "utf-8")
    return "done"
