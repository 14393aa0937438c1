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
    batch_page,
    case_document,
)
from sirtdose.report.batch_columns import write_parquet_tables
from sirtdose.report.batch_commands import (
    COMMAND_TABLES,
    case_line,
    write_command_tables,
)
from sirtdose.report.documents import document_text


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
        batch = _document(found, documents, followed, seconds=seconds, jobs=jobs)
        writer.write_document(batch)
        if parquet:
            write_parquet_tables(aside)
    return batch


def write_tables_of(
    command: str,
    outcomes: Sequence[Outcome],
    out: Path,
    *,
    seconds: float | None = None,
    jobs: int | None = None,
    claim: Claim,
) -> dict[str, Any]:
    """The same of a batch of `plan image` or `suv`, whose tables have other names.

    Raises
    ------
    OutputError
        They could not be written.
    """
    of = COMMAND_TABLES[command]
    remove_abandoned(out)
    with claim.writing(BATCH_FILES, force=True) as aside:
        found = [_seen(one, out, of.document) for one in outcomes]
        done = [(one.case_id, out / one.case_id) for one in found if one.has_results]
        folders, lines = dict(done), []
        for one in found:
            state = {
                "case_id": one.case_id,
                "state": "done" if one.has_results else one.state,
                "exit_code": one.exit_code,
                "error": one.error,
            }
            lines.append(case_line(state, folders.get(one.case_id), of))
        tables = [(name, folder / of.table) for name, folder in done]
        write_command_tables(aside, lines, tables, of)
        batch = _document(found, lines, [], seconds=seconds, jobs=jobs)
        batch["command"] = command
        (aside / "batch.json").write_text(document_text(batch), "utf-8")
        for line in lines:
            folder = folders.get(line["case_id"])
            line["picture"] = False
            line["page"] = folder is not None and (folder / of.page).is_file()
        (aside / "index.html").write_text(batch_page(lines, of=of), "utf-8")
    return batch


def _document(
    found: Sequence[Outcome],
    documents: Sequence[dict[str, Any]],
    followed: Sequence[dict[str, Any]],
    *,
    seconds: float | None,
    jobs: int | None,
) -> dict[str, Any]:
    """batch.json; only its `run` differs from run to run."""
    return {
        "schema": "sirtdose.batch/1",
        "sirtdose_version": __version__,
        "cases": [dict(one) for one in documents],
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


def _seen(outcome: Outcome, out: Path, document: str = "post.json") -> Outcome:
    """The same, failed where its results are not where they are expected."""
    there = (out / outcome.case_id / document).is_file()
    if outcome.has_results and not there:
        said = "its results cannot be found here: is --out the same on every worker?"
        return replace(outcome, state="failed", exit_code=5, error=said)
    if outcome.state == "failed" and there:
        return replace(
            outcome, error=f"{outcome.error}; results of an earlier run were kept"
        )
    return outcome
