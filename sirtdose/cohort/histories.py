"""Lesions through time, of `sirtdose lesions`, as tables of doses and of outcomes."""

import json
from collections.abc import Iterable, Sequence
from pathlib import Path

from sirtdose.errors import InputError
from sirtdose.io.output.unfinished import finish
from sirtdose.io.tables.csv import Line, read_table

_FILE, _DOCUMENT = "lesions.csv", "lesions.json"
_SCHEMA = "sirtdose.lesions/1"
_KEYS = ("case_id", "lesion")
_OWN = (*_KEYS, "first_seen", "mean_gy", "mean_of")


def is_history(path: Path) -> bool:
    """Whether a path is the --out of `sirtdose lesions`, or its lesions.csv."""
    if path.is_dir():
        return (path / _FILE).is_file() and not (path / "cases.csv").exists()
    try:
        with path.open(encoding="utf-8-sig") as file:
            header = file.readline()
    except (OSError, UnicodeDecodeError):
        return False
    return header.startswith(",".join(_OWN))


def history_lines(paths: Iterable[Path], what: str) -> list[Line]:
    """Lesions of several patients below each other: their doses, or all else.

    A lesion's doses and its responses are in one file, of which each table has a part.

    Raises
    ------
    InputError
        A folder of another version, or a table that cannot be read.
    """
    lines = [line for path in paths for line in _lines(path)]
    columns = list(dict.fromkeys(name for line in lines for name in line.cells))
    kept = [
        name
        for name in columns
        if name in _KEYS or name.endswith("_gy") == (what == "doses")
    ]
    return [
        Line(line.where, {name: line.cells.get(name, "") for name in kept})
        for line in lines
    ]


def _lines(path: Path) -> Sequence[Line]:
    if path.is_dir():
        finish(path)
        _require_version(path)
        path = path / _FILE
    return read_table(path, required=_OWN, what="lesions through time")


def _require_version(folder: Path) -> None:
    try:
        document = json.loads((folder / _DOCUMENT).read_text("utf-8"))
        schema = document.get("schema") if isinstance(document, dict) else None
    except (OSError, ValueError):
        schema = None
    if schema != _SCHEMA:
        raise InputError(
            f"{folder.name} has no {_DOCUMENT} of this version ({_SCHEMA}): run "
            "`sirtdose lesions` again"
        )
