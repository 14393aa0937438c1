"""The cases of a batch: the rows of a manifest, or the folders below one."""

import os
import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import click

from sirtdose.cli.words.near import require_options
from sirtdose.cli.words.typed import (
    asked_options,
    file_named,
    located,
    options_about,
)
from sirtdose.errors import InputError
from sirtdose.io.tables.csv import SIMULATED, Line, read_table
from sirtdose.io.tables.own_file import read_own_file, require_known

# A case's own options, beside its files.
CASE_FILE = "case.toml"
_OWN = ("case_id", "input")
_CASE_ID = re.compile(r"\w[\w.-]{0,63}")
# Names that the batch itself or Windows keeps for something else.
_TAKEN = {
    *("cases.csv", "summary.csv", "index.html", "batch.json"),
    *("lesions", "lesions.csv", "lesions.parquet"),
    *("cases.parquet", "structures.parquet"),
    *("plans.csv", "plan_structures.csv", "scans.csv", "suv_lesions.csv"),
    *("con", "nul", "aux", "prn"),
    *(f"{port}{n}" for port in ("com", "lpt") for n in range(1, 10)),
}
_FLAGS = {"true": True, "yes": True, "1": True, "false": False, "no": False, "0": False}


@dataclass(frozen=True)
class Row:
    """One case as it was written down: options as typed, by their names.

    `where` it was written down, for messages; `error` says why it cannot be run.
    """

    case_id: str
    source: Path
    options: Mapping[str, Any] = field(default_factory=dict)
    where: str = ""
    error: str = ""


def manifest_rows(path: Path, command: click.Command) -> list[Row]:
    """The cases of a csv file with a header: case_id, input, and options.

    An empty cell is an option that is not given; several values of one that may be
    repeated stand between bars, ``|``.

    Raises
    ------
    FileFormatError
        No csv of text.
    InputError
        Columns that are not known, cases without a name or with another's.
    """
    rows = [
        _row(one, _typed(one, command), command, path.parent)
        for one in _lines(path, command, "a manifest")
    ]
    _require_names(rows)
    return rows


def patient_rows(path: Path, command: click.Command) -> list[Row]:
    """The patients of a table: case_id, input, and options of `sirtdose lesions`.

    Their `input` is a list of results, between bars, so their source is the table; it
    is kept among the options.

    Raises
    ------
    InputError
        As of :func:`manifest_rows`.
    """
    rows = [
        Row(
            one.cells["case_id"],
            path,
            {"input": _parts(one.cells["input"]), **_typed(one, command)},
            one.where,
        )
        for one in _lines(path, command, "a table of patients")
    ]
    _require_names(rows)
    return rows


def _lines(path: Path, command: click.Command, what: str) -> list[Line]:
    lines = read_table(path, required=_OWN, what=what)
    known = (*_OWN, SIMULATED, *asked_options(command))
    require_options(lines[0].cells, known, f"{path.name}, line 1", what)
    return lines


def _typed(line: Line, command: click.Command) -> dict[str, Any]:
    """The options of a line that are given, as typed."""
    options = asked_options(command)
    return {
        name: _value(text, name, options[name], line.where)
        for name, text in line.cells.items()
        if text and name not in (*_OWN, SIMULATED)
    }


def folder_rows(
    root: Path, command: click.Command, *, leave_out: Path, by_name: bool
) -> list[Row]:
    """A case for each folder in a folder, with the options of its own case.toml.

    A folder whose name holds its patient's is refused, unless `by_name`; one that holds
    a batch's results is no case.

    Raises
    ------
    InputError
        No folder in it, or a name that is no case's.
    """
    folders = sorted(
        one
        for one in root.iterdir()
        if one.is_dir()
        and not one.name.startswith(".")
        and not leave_out.resolve().is_relative_to(one.resolve())
        and not (one / "batch.json").is_file()
    )
    if not folders:
        raise InputError(
            f"{root.name} contains no folders: give a folder with one folder for each "
            "case, or a manifest.csv"
        )
    taken = {one.name.lower() for one in folders}
    rows = []
    for number, one in enumerate(folders, 1):
        unnamed = f"folder-{number}"
        while unnamed in taken:
            unnamed += "-unnamed"
        rows.append(_of_folder(one, unnamed, command, by_name=by_name))
    _require_names(rows)
    return rows


def _of_folder(
    folder: Path, unnamed: str, command: click.Command, *, by_name: bool
) -> Row:
    from sirtdose.workflows.inspect import names_its_patient

    if not _is_case_id(folder.name):
        return Row(
            unnamed,
            folder,
            error="the folder's name cannot name a case: use letters, digits, '-', '_' "
            "and '.', at most 64, or write a manifest.csv with a case_id for it",
        )
    if not any(files for _, _, files in os.walk(folder)):
        return Row(folder.name, folder, error="the folder holds no file")
    try:
        if not by_name and names_its_patient(folder):
            return Row(
                unnamed,
                folder,
                error="the folder's name holds the patient's name or ID, which no "
                "result shows: rename it, write a manifest.csv with a case_id, or "
                "allow it with --folder-names",
            )
        own = folder / CASE_FILE
        options = case_options(own, command) if own.is_file() else {}
    except InputError as error:
        return Row(folder.name, folder, error=str(error))
    where = CASE_FILE if own.is_file() else ""
    return Row(folder.name, folder, located(options, (folder,), command), where)


def case_options(path: Path, command: click.Command) -> dict[str, Any]:
    """The [options] of a case.toml.

    Raises
    ------
    InputError
        No file, no TOML, or an option that is not known or not for a file.
    """
    data, _ = read_own_file(path)
    require_known(data, ("options",), path.name, "a case of a batch")
    options = data.get("options", {})
    if not isinstance(options, dict):
        raise InputError(f"{path.name}: options is not a table: write [options]")
    known = list(options_about(command, "case", "secret"))
    require_options(options, known, path.name, f"the options of {command.name}")
    return options


def _row(
    line: Line, values: Mapping[str, Any], command: click.Command, beside: Path
) -> Row:
    given, where = line.cells, line.where
    if not given["input"]:
        raise InputError(f"{where}: input is empty: name the case's folder or file")
    text = given["input"]
    source = file_named(text, (beside,), where) or beside / text
    folders = (folder_of(source), beside)
    return Row(given["case_id"], source, located(values, folders, command), where)


def _value(text: str, name: str, option: click.Option, where: str) -> Any:
    if option.is_flag:
        if text.lower() not in _FLAGS:
            raise InputError(f"{where}: {name} is yes or no, not '{text}'")
        return _FLAGS[text.lower()]
    if option.multiple:
        return _parts(text)
    return text


def _parts(text: str) -> list[str]:
    return [part.strip() for part in text.split("|") if part.strip()]


def folder_of(source: Path) -> Path:
    """Where a case's files lie: the source, or beside it where that is a file."""
    return source.parent if source.is_file() else source


def _is_case_id(name: str) -> bool:
    usable = _CASE_ID.fullmatch(name) is not None and name[-1] != "."
    return usable and name.lower() not in _TAKEN


def _require_names(rows: Sequence[Row]) -> None:
    """Each case has a name of its own that can be a folder's on any system."""
    seen: dict[str, Row] = {}
    for row in rows:
        name = row.case_id
        if not _is_case_id(name):
            raise InputError(
                f"{row.where}: case_id '{name}' cannot be a folder's name: use "
                "letters, digits, '-', '_' and '.', at most 64"
            )
        if name.lower() in seen:
            other = seen[name.lower()].where.rpartition(", ")[2]
            raise InputError(
                f"{row.where or 'a folder'}: case_id '{name}' is also that of "
                f"{other or 'another'}: each case needs its own"
            )
        seen[name.lower()] = row
