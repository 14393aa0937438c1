"""The tables of many cases, their list on a page, and batch.json."""

import csv
import json
from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from contextlib import ExitStack
from pathlib import Path
from typing import Any, Self

from sirtdose import __version__
from sirtdose.report.batch_columns import PARQUET_FILES
from sirtdose.report.batch_commands import COMMAND_TABLES, CommandTables, case_line
from sirtdose.report.document_stream import DocumentStream
from sirtdose.report.page_head import PageHead, made_today
from sirtdose.report.post.files import THUMBNAIL
from sirtdose.report.render import case_hash, render
from sirtdose.report.tables import cell
from sirtdose.report.wording import significant

# The lesions of its patients through time: a folder for each in the one, all in the
# other.
LESIONS_FOLDER, LESIONS_TABLE = "lesions", "lesions.csv"
BATCH_FILES = (
    *("index.html", "batch.json", LESIONS_TABLE, *PARQUET_FILES),
    *(name for one in COMMAND_TABLES.values() for name in (one.cases, one.rows)),
)
# A page of more is slow to open and to sort.
LISTED = 1000


class CaseList:
    """The cases that the page lists: of very many, first those that failed."""

    def __init__(self) -> None:
        self.count = 0
        self.states: Counter[str] = Counter()
        self.exit_codes: Counter[int] = Counter()
        self._kept: dict[bool, list[tuple[int, Mapping[str, Any]]]] = {
            True: [],
            False: [],
        }

    def add(self, line: Mapping[str, Any]) -> None:
        """Count a case, and keep it while there is room."""
        self.count += 1
        self.states[line["state"]] += 1
        has_failed = line["state"] == "failed"
        if has_failed:
            self.exit_codes[line["exit_code"]] += 1
        if len(self._kept[has_failed]) < LISTED:
            self._kept[has_failed].append((self.count, line))

    @property
    def lines(self) -> list[Mapping[str, Any]]:
        """In their own order, if all of them are listed."""
        every = [*self._kept[True], *self._kept[False]][:LISTED]
        if self.count <= LISTED:
            every.sort(key=lambda one: one[0])
        return [line for _, line in every]


class BatchWriter:
    """Writes each case as it comes: memory does not grow with their number.

    `tables` are the rows to come, such as each structures.csv with the columns that it
    was asked.
    """

    def __init__(
        self, folder: Path, command: str = "post", tables: Iterable[Path] = ()
    ) -> None:
        self._folder = folder
        self._of = COMMAND_TABLES[command]
        self._listed = CaseList()
        self._patients: list[Mapping[str, Any]] = []
        self._open = ExitStack()
        columns = dict.fromkeys(["case_id", *self._of.row_columns]) | _columns(tables)
        self._case_table = self._table(self._of.cases, self._of.case_columns)
        self._row_table = self._table(self._of.rows, list(columns))
        stream = (folder / "batch.json").open("w", encoding="utf-8")
        document = DocumentStream(self._open.enter_context(stream))
        self._document = self._open.enter_context(document.whole())
        self._document.put("sirtdose.batch/1", "schema")
        self._document.put(__version__, "sirtdose_version")
        self._document.put(command, "command")
        self._cases = ExitStack()
        self._cases.enter_context(self._document.many("cases", "[]"))

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

    def add(self, state: Mapping[str, Any], folder: Path | None) -> None:
        """Write a case's line, and its rows; no `folder` where it has no results.

        `state` has its case_id, state, exit_code and error.
        """
        line = case_line(state, folder, self._of)
        self._case_table.writerow(
            {name: cell(line[name]) for name in self._of.case_columns}
        )
        self._document.put(line)
        picture = folder is not None and (folder / THUMBNAIL).is_file()
        page = folder is not None and (folder / self._of.page).is_file()
        self._listed.add({**line, "picture": picture, "page": page})
        if folder is None:
            return
        with (folder / self._of.table).open(encoding="utf-8", newline="") as stream:
            self._row_table.writerows(
                {**row, "case_id": line["case_id"]} for row in csv.DictReader(stream)
            )

    def add_patients(
        self, patients: Sequence[Mapping[str, Any]], tables: Sequence[Path]
    ) -> None:
        """Write the lesions of patients below each other; `tables` are their own."""
        self._patients += patients
        columns = _columns(tables)
        if not columns:
            return
        every = self._table(LESIONS_TABLE, list(columns))
        for one in tables:
            with one.open(encoding="utf-8", newline="") as stream:
                every.writerows(csv.DictReader(stream))

    def finish(
        self, run: Mapping[str, Any], cases: Iterable[tuple[str, Mapping[str, Any]]]
    ) -> None:
        """Write what batch.json says of the `run` and of its `cases`; and the page."""
        self._cases.close()
        self._document.put(self._patients, "patients")
        with self._document.many("run", "{}"):
            for key, value in run.items():
                self._document.put(value, key)
            with self._document.many("cases", "{}"):
                for name, told in cases:
                    self._document.put(told, name)
        text = batch_page(self._listed, self._patients, self._of)
        (self._folder / "index.html").write_text(text, "utf-8")


def _columns(tables: Iterable[Path]) -> dict[str, None]:
    """The columns of all of some csv files, in the order they come."""
    columns: dict[str, None] = {}
    for one in tables:
        with one.open(encoding="utf-8", newline="") as stream:
            columns |= dict.fromkeys(next(csv.reader(stream)))
    return columns


def batch_page(
    listed: CaseList, patients: Sequence[Mapping[str, Any]], of: CommandTables
) -> str:
    """The list of many cases, which can be sorted by every column.

    Below it stand the patients whose lesions were followed.
    """
    cases = listed.lines
    return render(
        "batch.html",
        {},
        ("sort.js",),
        head=PageHead(
            f"{of.title} of {listed.count} cases",
            _digest([*cases, *patients]),
            key=f"batch of {listed.count} cases",
            treated="",
            made=made_today(),
        ),
        cases=cases,
        count=listed.count,
        patients=patients,
        page=of.page,
        table=of.cases,
        note=of.note,
        version=__version__,
        counts=listed.states,
        exit_codes=sorted(listed.exit_codes.items()),
        numbers=list(of.numbers),
        shown=_case_number,
        columns=[
            ("case", "text"),
            ("state", "text"),
            *((name, "number") for name in of.numbers.values()),
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
