"""The tables of many cases: cases.csv, summary.csv, index.html and batch.json."""

import csv
import json
from collections.abc import Iterable, Mapping, Sequence
from contextlib import ExitStack
from pathlib import Path
from typing import Any, Self

from sirtdose import __version__
from sirtdose.model.role import Role
from sirtdose.report.batch_columns import PARQUET_FILES
from sirtdose.report.batch_commands import COMMAND_TABLES, CommandTables, grave_codes
from sirtdose.report.documents import document_text
from sirtdose.report.page_head import PageHead, made_today
from sirtdose.report.post.files import THUMBNAIL
from sirtdose.report.render import case_hash, render
from sirtdose.report.tables import cell, structure_columns
from sirtdose.report.wording import significant

# The lesions of its patients through time: a folder for each in the one, all in the
# other.
LESIONS_FOLDER, LESIONS_TABLE = "lesions", "lesions.csv"
BATCH_FILES = (
    *("cases.csv", "summary.csv", "index.html", "batch.json"),
    LESIONS_TABLE,
    *PARQUET_FILES,
    *(name for one in COMMAND_TABLES.values() for name in (one.cases, one.rows)),
)
CASE_COLUMNS = (
    *("case_id", "state", "exit_code", "error", "nuclide", "device", "method"),
    *("delivered_gbq", "treated_gbq", "lung_shunt_fraction", "lungs_gy"),
    *("tumors", "tumors_ml", "tumors_mean_gy", "normal_whole_mean_gy"),
    *("warnings", "scale"),
)
_NOTE = (
    "Doses are means of each case's first method; tumors' over the volume of all of "
    "them."
)


def case_document(
    case_id: str, *, state: str, exit_code: int, error: str, result: Path | None
) -> dict[str, Any]:
    """What the tables say of one case: null where it has no results.

    `result` is its post.json. Tumors' mean is over the volume of all of them, of the
    first method.
    """
    document = dict.fromkeys(CASE_COLUMNS) | {
        "case_id": case_id,
        "state": state,
        "exit_code": exit_code,
        "error": error,
    }
    return document if result is None else document | _numbers(result)


def _numbers(result: Path) -> dict[str, Any]:
    post = json.loads(result.read_text("utf-8"))
    method, dose = next(iter(post["doses"].items()))
    tumors = [one for one in dose["structures"] if one["role"] == Role.TUMOR]
    volume = sum(one["volume_ml"] for one in tumors)
    whole = [
        one["dose_gy"]["mean"]
        for one in dose["structures"]
        if one["role"] == Role.NORMAL_WHOLE
    ]
    ledger = post["ledger"]
    return {
        "nuclide": post["nuclide"]["name"],
        "device": post["device"],
        "method": method,
        "delivered_gbq": ledger["delivered_gbq"],
        "treated_gbq": ledger["treated_gbq"],
        "lung_shunt_fraction": ledger["lung_shunt_fraction"]
        if ledger["lung_shunt_given"]
        else None,
        "lungs_gy": post["lungs"]["dose_gy"],
        "tumors": len(tumors),
        "tumors_ml": volume,
        "tumors_mean_gy": sum(
            one["dose_gy"]["mean"] * one["volume_ml"] for one in tumors
        )
        / volume
        if tumors
        else None,
        "normal_whole_mean_gy": whole[0] if whole else None,
        "warnings": grave_codes(post),
        "scale": (post.get("scale") or {}).get("doses"),
    }


class BatchWriter:
    """Writes a line as each case comes: memory does not grow with their number.

    `tables` are the structures.csv to come, each with the columns that it was asked.
    """

    def __init__(self, folder: Path, tables: Iterable[Path] = ()) -> None:
        self._folder = folder
        columns = dict.fromkeys(structure_columns())
        for one in tables:
            with one.open(encoding="utf-8", newline="") as stream:
                columns |= dict.fromkeys(next(csv.reader(stream)))
        self._cases: list[Mapping[str, Any]] = []
        self._patients: list[Mapping[str, Any]] = []
        self._open = ExitStack()
        self._case_table = self._table("cases.csv", CASE_COLUMNS)
        self._row_table = self._table("summary.csv", ("case_id", *columns))

    def _table(self, name: str, columns: Sequence[str]) -> "csv.DictWriter[str]":
        stream = (self._folder / name).open("w", encoding="utf-8", newline="")
        self._open.enter_context(stream)
        table = csv.DictWriter(stream, columns, restval="", lineterminator="\n")
        table.writeheader()
        return table

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self._open.close()

    def add(self, case: Mapping[str, Any], folder: Path | None) -> None:
        """Write a case's line, and a row of each structure of its structures.csv."""
        self._case_table.writerow({name: cell(case[name]) for name in CASE_COLUMNS})
        picture = folder is not None and (folder / THUMBNAIL).is_file()
        page = folder is not None and (folder / "report.html").is_file()
        self._cases.append({**case, "picture": picture, "page": page})
        if folder is None:
            return
        with (folder / "structures.csv").open(encoding="utf-8", newline="") as stream:
            self._row_table.writerows(
                {"case_id": case["case_id"], **row} for row in csv.DictReader(stream)
            )

    def add_patients(
        self, patients: Sequence[Mapping[str, Any]], tables: Sequence[Path]
    ) -> None:
        """Write the lesions of patients below each other; `tables` are their own."""
        self._patients += patients
        lines: list[dict[str, str]] = []
        for one in tables:
            with one.open(encoding="utf-8", newline="") as stream:
                lines += csv.DictReader(stream)
        columns = dict.fromkeys(name for line in lines for name in line)
        if lines:
            self._table(LESIONS_TABLE, list(columns)).writerows(lines)

    def write_document(self, document: Mapping[str, Any]) -> None:
        """Write batch.json and the page that lists the cases."""
        (self._folder / "batch.json").write_text(document_text(dict(document)), "utf-8")
        (self._folder / "index.html").write_text(
            batch_page(self._cases, self._patients), "utf-8"
        )


def state_counts(cases: Sequence[Mapping[str, Any]]) -> dict[str, int]:
    """How many cases are in which state, in the order they come.

    >>> state_counts([{"state": "done"}, {"state": "failed"}, {"state": "done"}])
    {'done': 2, 'failed': 1}
    """
    states = [one["state"] for one in cases]
    return {state: states.count(state) for state in dict.fromkeys(states)}


_DOSES = {
    "delivered_gbq": "delivered GBq",
    "lung_shunt_fraction": "lung shunt",
    "lungs_gy": "lungs Gy",
    "tumors": "tumors",
    "tumors_ml": "tumors mL",
    "tumors_mean_gy": "tumors Gy",
    "normal_whole_mean_gy": "normal whole liver Gy",
}


def batch_page(
    cases: Sequence[Mapping[str, Any]],
    patients: Sequence[Mapping[str, Any]] = (),
    of: CommandTables | None = None,
) -> str:
    """The list of many cases, which can be sorted by every column.

    Below it stand the patients whose lesions were followed. The cases are `of` another
    command than `sirtdose post`, where it is given.
    """
    numbers = of.numbers if of else _DOSES
    return render(
        "batch.html",
        {},
        ("sort.js",),
        head=PageHead(
            f"{of.title if of else 'Doses'} of {len(cases)} cases",
            _digest([*cases, *patients]),
            key=f"batch of {len(cases)} cases",
            treated="",
            made=made_today(),
        ),
        cases=cases,
        patients=patients,
        page=of.page if of else "report.html",
        note=of.note if of else _NOTE,
        version=__version__,
        counts=state_counts(cases),
        numbers=list(numbers),
        shown=_case_number,
        columns=[
            ("case", "text"),
            ("state", "text"),
            *((name, "number") for name in numbers.values()),
            ("warnings", "text"),
            ("what was wrong", "text"),
        ],
    )


def _digest(cases: Sequence[Mapping[str, Any]]) -> str:
    """Of all that the list shows."""
    return case_hash(json.dumps(list(cases), default=str), digits=64)


def _case_number(value: float | None, key: str) -> str:
    if value is None:
        return ""
    if key.endswith("_fraction"):
        return f"{value:.1%}"
    return str(value) if isinstance(value, int) else significant(value)
