"""Tables of patients who do not exist: each row says so."""

import csv
import sys
from collections.abc import Mapping, Sequence
from pathlib import Path

Row = dict[str, str]


def new_folder(folder: Path) -> None:
    """Make the folder of a study; results of an earlier run are not mixed with it."""
    if folder.exists():
        sys.exit(f"{folder} exists: remove it, or give another folder with --out")
    folder.mkdir(parents=True)


def write_rows(path: Path, rows: Sequence[Mapping[str, object]]) -> Path:
    """Write a csv with the columns of its rows, and `simulated` as the last one."""
    columns = list(dict.fromkeys(name for row in rows for name in row))
    path.parent.mkdir(parents=True, exist_ok=True)
    with path.open("w", encoding="utf-8", newline="") as stream:
        names = [*(one for one in columns if one != "simulated"), "simulated"]
        writer = csv.DictWriter(stream, names, restval="", lineterminator="\n")
        writer.writeheader()
        writer.writerows({**row, "simulated": "yes"} for row in rows)
    return path


def read_rows(path: Path) -> list[Row]:
    """Rows of a csv."""
    with path.open(encoding="utf-8", newline="") as stream:
        return list(csv.DictReader(stream))


def unmarked(folder: Path) -> list[Path]:
    """Pages, and tables by case with any row, that do not say they are simulated."""
    pages = [one for one in folder.rglob("*.html") if not _says(one.read_text("utf-8"))]
    tables = [
        path
        for path in folder.rglob("*.csv")
        for rows in [read_rows(path)]
        if any("case_id" in row and not _says(str(row)) for row in rows)
    ]
    return sorted((*pages, *tables))


def _says(text: str) -> bool:
    return "simulated" in text.casefold()
