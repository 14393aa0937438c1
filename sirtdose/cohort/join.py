"""Doses joined with outcomes, by case and, where both tell them apart, by lesion."""

import re
from collections.abc import Callable, Collection, Iterable, Sequence
from dataclasses import dataclass, replace
from difflib import SequenceMatcher
from functools import cache
from pathlib import Path
from typing import TypeVar

from sirtdose.cohort.histories import history_lines, is_history
from sirtdose.errors import InputError
from sirtdose.io.output.unfinished import finish
from sirtdose.io.tables.csv import Line, read_table
from sirtdose.model.names import alike
from sirtdose.model.role import Role

T = TypeVar("T")
Key = tuple[str, str]
Table = dict[Key, Line]

FAILED, _EMPTY = "failed in its batch", "no dose"
# So much of two names has to be the same for one to be taken for the other.
_ALIKE = 0.6
# Among more names than this only those that are the same but for signs are looked for.
_MANY = 200


@dataclass(frozen=True)
class Row:
    """A patient, or a lesion of one, with its line of each table of the level.

    A line is empty where a table does not have it. `no_dose` says why it has no dose
    in any column of doses, and is empty where it has one.
    """

    case_id: str
    lesion: str
    lines: tuple[Line, ...]
    no_dose: str = ""


@dataclass(frozen=True)
class Alone:
    """A line with only a dose, or only an outcome, and the name it may be meant for.

    `nearest` is a case, or a lesion where the case has its partner; None where no name
    without a partner is like it.
    """

    has: str
    where: str
    case_id: str
    lesion: str
    nearest: str | None


@dataclass(frozen=True)
class Level:
    """Patients, or lesions, with a line of doses and one of outcomes.

    `tables` are the columns of each table, `alone` the lines that have the one without
    the other.
    """

    name: str
    tables: tuple[tuple[str, ...], ...]
    rows: tuple[Row, ...]
    alone: tuple[Alone, ...] = ()

    @property
    def joined(self) -> tuple[Row, ...]:
        """The rows but those whose case failed in its batch."""
        return tuple(row for row in self.rows if row.no_dose != FAILED)

    @property
    def patients(self) -> int:
        """Of how many patients the joined rows are."""
        return len({row.case_id for row in self.joined})

    def only(self, kept: Iterable[bool]) -> "Level":
        """The same with some of its rows."""
        return replace(
            self,
            rows=tuple(row for row, keep in zip(self.rows, kept, strict=True) if keep),
        )

    @property
    def columns(self) -> str:
        """The names of all tables' columns."""
        return ", ".join(dict.fromkeys(one for own in self.tables for one in own))

    def has(self, column: str) -> bool:
        """Whether any table has a column."""
        return any(column in own for own in self.tables)

    def column(self, name: str, read: Callable[[Line, str], T]) -> list[T]:
        """Read a column by a function of a line and the column's name.

        Raises
        ------
        InputError
            No such column, or one in several tables.
        """
        having = [number for number, own in enumerate(self.tables) if name in own]
        if not having:
            raise InputError(
                f"no table of {self.name}s has a column '{name}': the columns are "
                f"{self.columns}"
            )
        if len(having) > 1:
            raise InputError(
                f"column '{name}' is in {len(having)} tables of {self.name}s: rename "
                "it in all but one"
            )
        return [read(row.lines[having[0]], name) for row in self.rows]


def joined_levels(
    doses: Sequence[Path], outcomes: Sequence[Path], *, named: Collection[str] = ()
) -> dict[str, Level]:
    """Patients and lesions, as far as there are outcomes of them.

    Parameters
    ----------
    doses, outcomes : sequence of Path
        Tables by case or by lesion; several of a kind are put beside each other. A
        batch's folder has both. Lesions through time of several patients are one table.
        Without any of doses, everybody with an outcome is in.
    named : collection of str
        Columns that hold doses, beside those of doses whose names end in ``_gy``.

    Raises
    ------
    InputError
        Cases or lesions that stand twice, outcomes without doses, nothing in common.
    """
    dosed, known = _tables(doses, "doses"), _tables(outcomes, "outcomes")
    if not doses:
        return {name: _undosed(name, tables) for name, tables in known.items()}
    levels = {}
    for name, tables in known.items():
        if name not in dosed:
            raise InputError(
                f"there are outcomes by {name}, but no doses by {name}: give a table "
                f"of doses with the columns case_id"
                f"{' and lesion' if name == 'lesion' else ''}"
            )
        levels[name] = _joined(name, dosed[name], tables, named)
    _require_joined(levels)
    return levels


def _require_joined(levels: dict[str, Level]) -> None:
    """Refuse where nothing is joined, by case or by lesion.

    Raises
    ------
    InputError
        Names the first line that may be meant for another.
    """
    if any(level.rows for level in levels.values()):
        return
    name, level = next(iter(levels.items()))
    first = next((one for one in level.alone if one.nearest), None)
    meant = "" if first is None else f"; {first.where}: {alone_words(first)}"
    raise InputError(
        f"no {name} with an outcome has a dose: is "
        f"case_id{' and lesion' if name == 'lesion' else ''} spelled alike in both "
        f"tables?{meant}"
    )


def _tables(paths: Sequence[Path], what: str) -> dict[str, list[Table]]:
    tables: dict[str, list[Table]] = {}
    histories = [path for path in paths if is_history(path)]
    if histories:
        lines = history_lines(histories, what)
        tables["lesion"] = [_by_key(lines, "lesion")]
    for path in (one for one in paths if one not in histories):
        own = _batch(path) if path.is_dir() else _table(path, what)
        for name, one in own.items():
            tables.setdefault(name, []).append(one)
    return tables


def _joined(
    name: str, doses: list[Table], outcomes: list[Table], named: Collection[str]
) -> Level:
    order = dict.fromkeys(key for one in doses for key in one)
    outcomes = [_spelled_as(order, one) for one in outcomes]
    dosed, known = (
        {key: one[key].where for one in reversed(some) for key in one}
        for some in (doses, outcomes)
    )
    failed = {key for one in doses for key, line in one.items() if _has_failed(line)}
    alone = (
        # One that failed has no dose either.
        *(
            one
            for one in _alone("dose", dosed, known)
            if (one.case_id, one.lesion) not in failed
        ),
        *_alone("outcome", known, dosed),
    )
    tables = (*doses, *outcomes)
    nothing = Line("", {})
    columns = [tuple(next(iter(one.values())).cells) for one in tables]
    holds_dose = {
        *(one for own in columns[: len(doses)] for one in own if one.endswith("_gy")),
        *(one for own in columns for one in own if one in named),
    }
    rows = tuple(
        Row(*key, lines, _no_dose(lines, holds_dose))
        for key in order
        if key in known
        for lines in [tuple(one.get(key, nothing) for one in tables)]
    )
    return Level(name, tuple(columns), rows, alone)


def _undosed(name: str, tables: list[Table]) -> Level:
    """Everybody of any table, of whom no dose is asked."""
    order = dict.fromkeys(key for one in tables for key in one)
    nothing = Line("", {})
    return Level(
        name,
        tuple(tuple(next(iter(one.values())).cells) for one in tables),
        tuple(
            Row(*key, tuple(one.get(key, nothing) for one in tables)) for key in order
        ),
    )


def _spelled_as(known: Iterable[Key], table: Table) -> Table:
    """A table with its lesions as others spell them, where only one can be meant."""
    lesions: dict[str, list[str]] = {}
    for case_id, lesion in known:
        lesions.setdefault(case_id, []).append(lesion)
    found: Table = {}
    for key, line in table.items():
        same = alike(key[1], lesions.get(key[0], ()))
        own = (key[0], same[0]) if len(same) == 1 else key
        found[key if own in table or own in found else own] = line
    return found


def _no_dose(lines: Collection[Line], columns: Collection[str]) -> str:
    """Why a row has no dose; empty where it has one."""
    good = [line for line in lines if not _has_failed(line)]
    if any(line.text(one) for line in good for one in columns):
        return ""
    if len(good) < len(lines):
        return FAILED
    return _EMPTY if columns else ""


def _has_failed(line: Line) -> bool:
    """Whether a line is of cases.csv of a batch, of a case without results."""
    return {"state", "exit_code"} <= set(line.cells) and line.text("state") != "done"


def _alone(has: str, own: dict[Key, str], others: dict[Key, str]) -> list[Alone]:
    free = [key for key in others if key not in own]
    cases = {case_id for case_id, _ in others}
    found = []
    for case_id, lesion in (key for key in own if key not in others):
        meant = (
            nearest(lesion, [b for a, b in free if a == case_id])
            if case_id in cases
            else nearest(case_id, list(dict.fromkeys(a for a, _ in free)))
        )
        found.append(Alone(has, own[case_id, lesion], case_id, lesion, meant))
    return found


def alone_words(one: Alone) -> str:
    """Name a line without its partner, and the name it may be meant for.

    >>> alone_words(Alone("outcome", "o.csv, line 5", "p-12", "", "p12"))
    "'p-12' has an outcome but no dose: did you mean p12?"
    """
    name = f"'{one.case_id}'" + (f", lesion '{one.lesion}'," if one.lesion else "")
    has = "a dose but no outcome" if one.has == "dose" else "an outcome but no dose"
    said = f"{name} has {has}"
    return said if one.nearest is None else f"{said}: did you mean {one.nearest}?"


def _table(path: Path, what: str) -> dict[str, Table]:
    lines = read_table(path, required=["case_id"], what=f"a table of {what}")
    level = "lesion" if "lesion" in lines[0].cells else "patient"
    return {level: _by_key(lines, level)}


def _batch(folder: Path) -> dict[str, Table]:
    finish(folder)
    for name in ("cases.csv", "summary.csv"):
        if not (folder / name).is_file():
            raise InputError(
                f"{folder.name} contains no {name}: give the --out of `sirtdose "
                "batch`, or a csv with a column case_id"
            )
    cases = read_table(folder / "cases.csv", required=["case_id", "method"])
    required = ["case_id", "method", "name", "role", "mean_gy"]
    method = {line.text("case_id"): line.text("method") for line in cases}
    tumors = [
        Line(line.where, {**line.cells, "lesion": line.text("name")})
        for line in read_table(folder / "summary.csv", required=required)
        if line.text("role") == Role.TUMOR
        # A case that was run by several methods stands here once, by its first.
        and line.text("method") == method.get(line.text("case_id"))
    ]
    levels = {"patient": _by_key(cases, "patient")}
    return levels | ({"lesion": _by_key(tumors, "lesion")} if tumors else {})


def _by_key(lines: Iterable[Line], level: str) -> Table:
    found: Table = {}
    for line in lines:
        key = (
            line.required("case_id"),
            line.required("lesion") if level == "lesion" else "",
        )
        if key in found:
            first = found[key].where.rpartition(", ")[2]
            raise InputError(
                f"{line.where}: this {level} is already on {first} (column "
                f"case_id{' and lesion' if level == 'lesion' else ''}), but may occur "
                "only once; a table by lesion has a column lesion"
            )
        found[key] = line
    return found


def nearest(name: str, others: Collection[str]) -> str | None:
    """The name among others that is most like it, None where none is.

    Names that differ only in case, signs and leading zeros are the same for it.

    Examples
    --------
    >>> nearest("P-012", ["p11", "p12", "p13"]), nearest("p12", ["liver"])
    ('p12', None)
    """
    plain = {one: _plain(one) for one in (name, *others)}
    likeness = {
        one: 1.0
        if plain[one] == plain[name]
        else SequenceMatcher(None, plain[name], plain[one]).ratio()
        for one in others
        if one != name and (len(others) <= _MANY or plain[one] == plain[name])
    }
    best = max(likeness, key=lambda one: likeness[one], default=None)
    return best if best is not None and likeness[best] >= _ALIKE else None


@cache
def _plain(name: str) -> str:
    return re.sub(r"(?<!\d)0+(?=\d)", "", re.sub(r"[\W_]", "", name.casefold()))
