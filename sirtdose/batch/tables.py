"""The tables of a batch, from what stands in its cases' folders, one at a time."""

from collections.abc import Sequence
from pathlib import Path
from typing import Any

from sirtdose import __version__
from sirtdose.batch.case import Outcome
from sirtdose.batch.work import peak_memory_mib
from sirtdose.io.output_folder import output_folder, remove_abandoned
from sirtdose.report.batch_files import BATCH_FILES, BatchWriter, case_document


def write_tables(
    outcomes: Sequence[Outcome],
    out: Path,
    *,
    seconds: float | None = None,
    jobs: int | None = None,
) -> dict[str, Any]:
    """Write cases.csv, summary.csv, index.html and batch.json; returns the last.

    Only batch.json holds what differs from run to run: times and memory; the `seconds`
    of all of them, with so many `jobs`.

    Raises
    ------
    OutputError
        They could not be written.
    """
    documents = []
    remove_abandoned(out)
    with output_folder(out, BATCH_FILES, force=True) as aside:
        with BatchWriter(aside) as writer:
            for outcome in outcomes:
                folder = out / outcome.case_id if outcome.has_results else None
                document = case_document(
                    outcome.case_id,
                    state="done" if folder else outcome.state,
                    exit_code=outcome.exit_code,
                    error=outcome.error,
                    result=folder / "post.json" if folder else None,
                )
                writer.add(document, folder)
                documents.append(document)
        batch = {
            "schema": "sirtdose.batch/1",
            "sirtdose_version": __version__,
            "cases": documents,
            "run": {
                "seconds": seconds,
                "jobs": jobs,
                "peak_memory_mib": peak_memory_mib(),
                "cases": {
                    one.case_id: {
                        "state": one.state,
                        "seconds": round(one.seconds, 3),
                        "peak_memory_mib": one.peak_memory_mib,
                    }
                    for one in outcomes
                },
            },
        }
        writer.write_document(batch)
    return batch
