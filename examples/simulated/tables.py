"""Tables of patients who do not exist: each row says so."""

import csv
from collections.abc import Mapping, Sequence
from pathlib import Path

Row = dict[str, str]


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
    """Pages, and tables with a row, that do not say that they are simulated."""
    files = (*folder.rglob("*.html"), *folder.rglob("*.csv"))
    return sorted(one for one in files if not _marked(one))


def _marked(path: Path) -> bool:
    text = path.read_text("utf-8").casefold()
    return "simulated" in text
