"""The tables of a batch, from what stands in its cases' folders, one at a time."""

import json
import os
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

from sirtdose.batch.work import Outcome, peak_memory_mib
from sirtdose.io.output.folder import Claim, claimed
from sirtdose.io.output.unfinished import remove_abandoned
from sirtdose.report.batch import (
    BATCH_FILES,
    LESIONS_FOLDER,
    LESIONS_TABLE,
    BatchWriter,
)
from sirtdose.report.batch_columns import write_parquet_tables
from sirtdose.report.batch_commands import COMMAND_TABLES


@dataclass(frozen=True)
class Written:
    """What the tables say became of the cases, and of the patients."""

    cases: Sequence[Outcome]
    patients: Sequence[Mapping[str, Any]]


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
    cases.parquet, structures.parquet and lesions.parquet.

    Only batch.json holds what differs from run to run: times and memory; the `seconds`
    of all of them, with so many `jobs`. Who has a `claim` to the folder gives it.

    Raises
    ------
    OutputError
        They could not be written, or another run writes to the folder.
    MissingExtra
        pyarrow, for `parquet`, is not installed.
    """
    if claim is None:
        with claimed(out) as own:
            return write_tables(
                outcomes,
                out,
                seconds=seconds,
                jobs=jobs,
                claim=own,
                patients=patients,
                parquet=parquet,
            )
    write_tables_of(
        "post",
        outcomes,
        out,
        seconds=seconds,
        jobs=jobs,
        claim=claim,
        patients=patients,
        parquet=parquet,
    )
    written: dict[str, Any] = json.loads((out / "batch.json").read_text("utf-8"))
    return written


def write_tables_of(
    command: str,
    outcomes: Sequence[Outcome],
    out: Path,
    *,
    seconds: float | None = None,
    jobs: int | None = None,
    claim: Claim,
    patients: Sequence[Outcome] = (),
    parquet: bool = False,
) -> Written:
    """The same of a batch of any `command`; memory does not grow with the tables.

    Raises
    ------
    OutputError
        They could not be written.
    MissingExtra
        pyarrow, for `parquet`, is not installed.
    """
    of = COMMAND_TABLES[command]
    remove_abandoned(out)
    with claim.writing(BATCH_FILES, force=True) as aside:
        found = [_seen(one, out, of.document) for one in outcomes]
        tables = (out / one.case_id / of.table for one in found if one.has_results)
        with BatchWriter(aside, command, tables) as writer:
            for one in found:
                state = {
                    "case_id": one.case_id,
                    "state": "done" if one.has_results else one.state,
                    "exit_code": one.exit_code,
                    "error": one.error,
                }
                writer.add(state, out / one.case_id if one.has_results else None)
            followed = [_followed(one, out) for one in patients]
            names = [one["case_id"] for one in followed if one["state"] == "done"]
            writer.add_patients(
                followed, [out / LESIONS_FOLDER / one / LESIONS_TABLE for one in names]
            )
            run = {
                "seconds": seconds,
                "jobs": jobs,
                "peak_memory_mib": peak_memory_mib(),
            }
            writer.finish(run, _told(found))
        if parquet:
            write_parquet_tables(aside)
    return Written(found, followed)


def left_out(written: Written, command: str, out: Path) -> list[str]:
    """Folders with results of cases that are in the tables no more, by name."""
    known = {one.case_id for one in written.cases}
    document = COMMAND_TABLES[command].document
    with os.scandir(out) as every:
        names = [one.name for one in every if one.name not in known and one.is_dir()]
    return sorted(one for one in names if (out / one / document).is_file())


def _told(found: Sequence[Outcome]) -> Iterator[tuple[str, dict[str, Any]]]:
    """What differs from run to run, by case."""
    for one in found:
        yield (
            one.case_id,
            {
                "state": one.state,
                "seconds": round(one.seconds, 3),
                "peak_memory_mib": one.peak_memory_mib,
            },
        )


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
