"""What is searched for or fetched: dates, modalities, and identifiers from files."""

import csv
import json
import re
import sys
from collections.abc import Collection, Iterator, Sequence
from dataclasses import dataclass
from datetime import date
from pathlib import Path
from typing import Any

import click

from sirtdose.errors import InputError
from sirtdose.network.archive.query import key_of
from sirtdose.network.files import is_study_name

_UID = re.compile(r"[0-9]+(\.[0-9]+)+")
_LONGEST_UID = 64
_STANDARD_INPUT = "-"


class Days(click.ParamType):  # type: ignore[type-arg]
    """A day, or a first and a last one with two dots between; either may be open."""

    name = "DATE"

    def convert(
        self, value: Any, param: click.Parameter | None, ctx: click.Context | None
    ) -> tuple[date | None, date | None]:
        """Read it."""
        if isinstance(value, tuple):
            return value
        first, dots, last = str(value).partition("..")
        try:
            days = [
                date.fromisoformat(one.strip()) if one.strip() else None
                for one in (first, last if dots else first)
            ]
        except ValueError:
            days = [None, None]
        if days == [None, None]:
            self.fail(
                f"'{value}' is not a date: write 2026-03-02, 2026-03-01..2026-03-31 "
                "or 2026-03-01..",
                param,
                ctx,
            )
        return days[0], days[1]


class Modalities(click.ParamType):  # type: ignore[type-arg]
    """Codes of modalities, with commas between."""

    name = "NM,PT,..."

    def convert(
        self, value: Any, param: click.Parameter | None, ctx: click.Context | None
    ) -> tuple[str, ...]:
        """Read them in capitals; PET is PT."""
        if isinstance(value, tuple):
            return value
        codes = [one.strip().upper() for one in str(value).split(",") if one.strip()]
        if not codes or not all(
            re.fullmatch(r"[A-Z0-9_ ]{1,16}", one) for one in codes
        ):
            self.fail(
                f"'{value}' has no codes of modalities: write NM, PT, CT, with commas "
                "between",
                param,
                ctx,
            )
        codes = [
            "NM" if one == "SPECT" else "PT" if one == "PET" else one for one in codes
        ]
        return tuple(dict.fromkeys(codes))


@dataclass(frozen=True)
class Row:
    """A line of a list, or of a table by its columns."""

    text: str
    cells: dict[str, str]


def patients_in(source: str) -> list[str]:
    """Patient identifiers of a file or standard input.

    One a line, or a table with a column patient_id.

    Raises
    ------
    InputError
        No such file, or none in it.
    """
    rows = list(_rows(source, "--patients", ("patient_id", "patientid", "patient id")))
    found = [row.text for row in rows if row.text]
    if not found:
        raise InputError("--patients: there is no patient ID in the file")
    return list(dict.fromkeys(found))


def studies_in(sources: Sequence[str], only: Collection[str]) -> list[str]:
    """StudyInstanceUIDs as typed, of files that `find` wrote, or of standard input.

    `only` are numbers or keys of studies in such files; all of them where it is empty.

    Raises
    ------
    InputError
        Neither a UID nor a file; a number or key that no file has.
    """
    found: list[str] = []
    named: dict[str, set[str]] = {}
    for source in sources:
        if _is_uid(source):
            found.append(source)
            continue
        for row in _studies_of(source):
            names = {row.cells.get("number"), row.cells.get("key")} & set(only)
            for name in names:
                named.setdefault(str(name), set()).add(row.text)
            if not only or names:
                found.append(row.text)
    several = sorted(name for name, uids in named.items() if len(uids) > 1)
    if several:
        raise InputError(
            f"--only: more than one study has the number {', '.join(several)}: give "
            "their keys"
        )
    unknown = sorted(set(only) - named.keys())
    if unknown:
        raise InputError(
            f"--only: no study has the number or key {', '.join(unknown)}: give those "
            "of studies.csv"
        )
    if not found:
        raise InputError("STUDY: the file lists no study")
    return list(dict.fromkeys(found))


def require_uids(uids: Sequence[str], option: str) -> None:
    """Refuse what is no UID.

    Raises
    ------
    InputError
    """
    if not all(_is_uid(one) for one in uids):
        raise InputError(
            f"{option}: a UID has digits and dots, such as 1.2.840.10008.1"
        )


def _is_uid(text: str) -> bool:
    return len(text) <= _LONGEST_UID and _UID.fullmatch(text) is not None


def _studies_of(source: str) -> Iterator[Row]:
    names = ("study_instance_uid", "studyinstanceuid")
    for row in _rows(source, "STUDY", names):
        if not _is_uid(row.text):
            name = "standard input" if source == _STANDARD_INPUT else Path(source).name
            raise InputError(
                f"STUDY: {name} is not a list of studies: give the studies.csv or "
                "find.json of `sirtdose find`, or a StudyInstanceUID on each line"
            )
        key = row.cells.get("key", "")
        if is_study_name(key) and key != key_of(row.text):
            # Sorted by one column alone, a table names other studies by its numbers.
            raise InputError(
                f"STUDY: the study of key {key} has a UID of another one: the file was "
                "changed; write it again with `sirtdose find --out`"
            )
        yield row


def _rows(source: str, option: str, columns: Sequence[str]) -> Iterator[Row]:
    """Lines of a list, rows of a table with one of these columns, or of find.json."""
    text = _text(source, option)
    if text.lstrip().startswith("{"):
        yield from _of_json(text, option)
        return
    lines = [one for one in text.splitlines() if one.strip()]
    delimiter = next((one for one in ";\t," if lines and one in lines[0]), ",")
    try:
        table = list(csv.reader(lines, delimiter=delimiter))
    except csv.Error:
        raise InputError(f"{option}: this is neither a list nor a table") from None
    header = [one.strip().casefold() for one in table[0]] if table else []
    column = next((one for one in columns if one in header), None)
    if column is None:
        if len(header) > 1:
            raise InputError(f"{option}: the table has no column {columns[0]}")
        for line in lines:
            yield Row(line.strip(), {})
        return
    for cells in table[1:]:
        row = dict(zip(header, (one.strip() for one in cells), strict=False))
        yield Row(row.get(column, ""), row)


def _of_json(text: str, option: str) -> Iterator[Row]:
    try:
        document = json.loads(text)
        studies = document["studies"] if "find" in document["schema"] else []
        for one in studies:
            cells = {key: str(one[key]) for key in ("number", "key")}
            yield Row(str(one["study_instance_uid"]), cells)
    except (ValueError, KeyError, TypeError, RecursionError):
        raise InputError(
            f"{option}: this JSON is not the find.json of `sirtdose find`"
        ) from None


def _text(source: str, option: str) -> str:
    if source == _STANDARD_INPUT:
        try:
            return sys.stdin.read().removeprefix("\ufeff")
        except UnicodeDecodeError:
            raise InputError(f"{option}: standard input is not UTF-8 text") from None
    path = Path(source)
    try:
        return path.read_text("utf-8-sig")
    except FileNotFoundError:
        uid = ", nor is it a StudyInstanceUID" if option == "STUDY" else ""
        raise InputError(f"{option}: there is no file '{path.name}'{uid}") from None
    except UnicodeDecodeError:
        raise InputError(f"{option}: {path.name} is not UTF-8 text") from None
    except IsADirectoryError:
        raise InputError(
            f"{option}: {path.name} is a folder: give a file"
            + (f", such as {path.name}/studies.csv" if option == "STUDY" else "")
        ) from None
    except OSError as error:
        raise InputError(
            f"{option}: cannot read {path.name}: {error.strerror}"
        ) from None
