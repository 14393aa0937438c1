"""Doses joined with outcomes, by case and, where both tell them apart, by lesion."""

from collections.abc import Callable, Container, Iterable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TypeVar

from sirtdose.errors import InputError
from sirtdose.io.csv_table import Line, read_table
from sirtdose.io.unfinished import finish
from sirtdose.model.role import Role

T = TypeVar("T")
Key = tuple[str, str]
Table = dict[Key, Line]


@dataclass(frozen=True)
class Row:
    """A patient, or a lesion of one, with its line of each table of the level.

    A line is empty where a table does not have it.
    """

    case_id: str
    lesion: str
    lines: tuple[Line, ...]


@dataclass(frozen=True)
class Level:
    """Patients, or lesions, that have both doses and outcomes.

    `tables` are the columns of each table; `doses_alone` and `outcomes_alone` are how
    many have the one without the other, `lines_alone` where their lines stand.
    """

    name: str
    tables: tuple[tuple[str, ...], ...]
    rows: tuple[Row, ...]
    doses_alone: int
    outcomes_alone: int
    lines_alone: tuple[str, ...]

    @property
    def patients(self) -> int:
        """Of how many patients the rows are."""
        return len({row.case_id for row in self.rows})

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
                f"no table of {self.name}s has a column '{name}': they have "
                f"{self.columns}"
            )
        if len(having) > 1:
            raise InputError(
                f"column '{name}' stands in {len(having)} tables of {self.name}s: "
                "rename it in all but one"
            )
        return [read(row.lines[having[0]], name) for row in self.rows]


def joined_levels(doses: Sequence[Path], outcomes: Sequence[Path]) -> dict[str, Level]:
    """Patients and lesions, as far as there are outcomes of them.

    Parameters
    ----------
    doses, outcomes : sequence of Path
        Tables by case or by lesion; several of a kind are put beside each other. A
        batch's folder has both.

    Raises
    ------
    InputError
        Cases or lesions that stand twice, outcomes without doses, nothing in common.
    """
    dosed, known = _tables(doses, "doses"), _tables(outcomes, "outcomes")
    levels = {}
    for name, tables in known.items():
        if name not in dosed:
            raise InputError(
                f"there are outcomes by {name}, but no doses by {name}: give a table "
                f"of doses with the columns case_id"
                f"{' and lesion' if name == 'lesion' else ''}"
            )
        levels[name] = _joined(name, dosed[name], tables)
    return levels


def _tables(paths: Sequence[Path], what: str) -> dict[str, list[Table]]:
    tables: dict[str, list[Table]] = {}
    for path in paths:
        own = _batch(path) if path.is_dir() else _table(path, what)
        for name, one in own.items():
            tables.setdefault(name, []).append(one)
    return tables


def _joined(name: str, doses: list[Table], outcomes: list[Table]) -> Level:
    dosed, known = (
        dict.fromkeys(key for one in some for key in one) for some in (doses, outcomes)
    )
    both = [key for key in dosed if key in known]
    if not both:
        raise InputError(
            f"no {name} with an outcome is among the doses: is case_id"
            f"{' and lesion' if name == 'lesion' else ''} written alike in both?"
        )
    tables = (*doses, *outcomes)
    nothing = Line("", {})
    return Level(
        name,
        tuple(tuple(next(iter(one.values())).cells) for one in tables),
        tuple(
            Row(*key, tuple(one.get(key, nothing) for one in tables)) for key in both
        ),
        sum(key not in known for key in dosed),
        sum(key not in dosed for key in known),
        _alone(doses, known) + _alone(outcomes, dosed),
    )


def _alone(tables: list[Table], others: Container[Key]) -> tuple[str, ...]:
    return tuple(
        line.where
        for table in tables
        for key, line in table.items()
        if key not in others
    )


def _table(path: Path, what: str) -> dict[str, Table]:
    lines = read_table(path, required=["case_id"], what=f"a table of {what}")
    level = "lesion" if "lesion" in lines[0].cells else "patient"
    return {level: _by_key(lines, level)}


def _batch(folder: Path) -> dict[str, Table]:
    finish(folder)
    for name in ("cases.csv", "summary.csv"):
        if not (folder / name).is_file():
            raise InputError(
                f"{folder.name} holds no {name}: give the --out of `sirtdose batch`, "
                "or a csv with a column case_id"
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
                f"{line.where}: this {level} stands on {first} already (column "
                f"case_id{' and lesion' if level == 'lesion' else ''}): each stands "
                "once; a table by lesion has a column lesion"
            )
        found[key] = line
    return found
