"""The tables of a batch, from what stands in its cases' folders, one at a time."""

from collections.abc import Sequence
from contextlib import ExitStack
from dataclasses import replace
from pathlib import Path
from typing import Any

from sirtdose import __version__
from sirtdose.batch.work import Outcome, peak_memory_mib
from sirtdose.io.output.folder import Claim, claimed
from sirtdose.io.output.unfinished import remove_abandoned
from sirtdose.report.batch import (
    BATCH_FILES,
    LESIONS_FOLDER,
    LESIONS_TABLE,
    BatchWriter,
    case_document,
)
from sirtdose.report.batch_columns import write_parquet_tables


def write_tables(
    outcomes: Sequence[Outcome],
    out: Path,
    *,
    seconds: float | None = None,
    jobs: int | None = None,
    claim: Claim | None = None,
    patients: Sequence[Outcome] = (),
    parquet: bool = False,
) -> dict[str, Any]:
    """Write cases.csv, summary.csv, index.html and batch.json; returns the last.

    Of `patients` whose lesions were followed, lesions.csv too; with `parquet`, also
    cases.parquet and structures.parquet.

    Only batch.json holds what differs from run to run: times and memory; the `seconds`
    of all of them, with so many `jobs`. Who has a `claim` to the folder gives it.

    Raises
    ------
    OutputError
        They could not be written, or another run writes to the folder.
    MissingExtra
        pyarrow, for `parquet`, is not installed.
    """
    documents = []
    remove_abandoned(out)
    with ExitStack() as stack:
        claim = claim or stack.enter_context(claimed(out))
        aside = stack.enter_context(claim.writing(BATCH_FILES, force=True))
        found = [_seen(one, out) for one in outcomes]
        done = [out / one.case_id for one in found if one.has_results]
        with BatchWriter(aside, (one / "structures.csv" for one in done)) as writer:
            for seen in found:
                folder = out / seen.case_id if seen.has_results else None
                document = case_document(
                    seen.case_id,
                    state="done" if folder else seen.state,
                    exit_code=seen.exit_code,
                    error=seen.error,
                    result=folder / "post.json" if folder else None,
                )
                writer.add(document, folder)
                documents.append(document)
            followed = [_followed(one, out) for one in patients]
            writer.add_patients(
                followed,
                [
                    out / LESIONS_FOLDER / one["case_id"] / LESIONS_TABLE
                    for one in followed
                    if one["state"] == "done"
                ],
            )
        batch = {
            "schema": "sirtdose.batch/1",
            "sirtdose_version": __version__,
            "cases": documents,
            "patients": followed,
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
                    for one in found
                },
            },
        }
        writer.write_document(batch)
        if parquet:
            write_parquet_tables(aside)
    return batch


def _followed(outcome: Outcome, out: Path) -> dict[str, Any]:
    """What the tables say of a patient; lesions of an earlier run are not in them."""
    earlier = (out / LESIONS_FOLDER / outcome.case_id / LESIONS_TABLE).is_file()
    kept = outcome.state != "done" and earlier
    said = f"{outcome.error}; lesions of an earlier run were kept" if kept else ""
    return {
        "case_id": outcome.case_id,
        "state": outcome.state,
        "exit_code": outcome.exit_code,
        "error": said or outcome.error,
    }


def _seen(outcome: Outcome, out: Path) -> Outcome:
    """The same, failed where its results are not where they are expected."""
    post = out / outcome.case_id / "post.json"
    if outcome.has_results and not post.is_file():
        said = "its results cannot be found here: is --out the same on every worker?"
        return replace(outcome, state="failed", exit_code=5, error=said)
    if outcome.state == "failed" and post.is_file():
        return replace(
            outcome, error=f"{outcome.error}; results of an earlier run were kept"
        )
    return outcome
