"""Doses joined with outcomes, by case and, where both tell them apart, by lesion."""

from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TypeVar

from sirtdose.errors import InputError
from sirtdose.io.csv_table import Line, read_table
from sirtdose.model.role import Role

T = TypeVar("T")
Key = tuple[str, str]


@dataclass(frozen=True)
class Row:
    """A patient, or a lesion of one, with a line of doses and one of outcomes."""

    case_id: str
    lesion: str
    doses: Line
    outcomes: Line


@dataclass(frozen=True)
class Level:
    """Patients, or lesions, whose doses and outcomes are both known.

    `unmatched_doses` and `unmatched_outcomes` say where lines stand without the other.
    """

    name: str
    rows: tuple[Row, ...]
    unmatched_doses: tuple[str, ...]
    unmatched_outcomes: tuple[str, ...]

    @property
    def patients(self) -> int:
        """Of how many patients the rows are."""
        return len({row.case_id for row in self.rows})

    @property
    def columns(self) -> str:
        """The names of both tables' columns."""
        row = self.rows[0]
        return ", ".join(dict.fromkeys((*row.doses.cells, *row.outcomes.cells)))

    def has(self, column: str) -> bool:
        """Whether either table has a column."""
        row = self.rows[0]
        return column in row.doses.cells or column in row.outcomes.cells

    def column(self, name: str, read: Callable[[Line, str], T]) -> list[T]:
        """Read a column by a function of a line and the column's name.

        Raises
        ------
        InputError
            No such column, or one in either table.
        """
        self._require_once(name)
        return [
            read(row.outcomes if name in row.outcomes.cells else row.doses, name)
            for row in self.rows
        ]

    def _require_once(self, name: str) -> None:
        row = self.rows[0]
        doses, outcomes = name in row.doses.cells, name in row.outcomes.cells
        if doses and outcomes:
            raise InputError(
                f"doses and outcomes both have a column '{name}': rename one of them"
            )
        if not doses and not outcomes:
            raise InputError(
                f"no table of {self.name}s has a column '{name}': they have "
                f"{self.columns}"
            )


def joined_levels(doses: Sequence[Path], outcomes: Sequence[Path]) -> dict[str, Level]:
    """Patients and lesions, as far as there are outcomes of them.

    Parameters
    ----------
    doses, outcomes : sequence of Path
        Tables, at most one by case and one by lesion; a batch's folder has both.

    Raises
    ------
    InputError
        Cases or lesions that stand twice, tables of the same kind, nothing in common.
    """
    dosed = _tables(doses, "doses")
    levels = {}
    for name, lines in _tables(outcomes, "outcomes").items():
        if name not in dosed:
            raise InputError(
                f"there are outcomes by {name}, but no doses by {name}: give a table "
                f"of doses with the columns case_id"
                f"{' and lesion' if name == 'lesion' else ''}"
            )
        levels[name] = _joined(name, dosed[name], lines)
    return levels


def _tables(paths: Sequence[Path], what: str) -> dict[str, dict[Key, Line]]:
    tables: dict[str, dict[Key, Line]] = {}
    for path in paths:
        own = _batch(path) if path.is_dir() else _table(path, what)
        twice = [name for name in own if name in tables]
        if twice:
            raise InputError(
                f"{path.name} is another table of {what} by {twice[0]}: put them in one"
            )
        tables |= own
    return tables


def _joined(name: str, doses: dict[Key, Line], outcomes: dict[Key, Line]) -> Level:
    both = [key for key in doses if key in outcomes]
    if not both:
        raise InputError(
            f"no {name} with an outcome is among the doses: is case_id"
            f"{' and lesion' if name == 'lesion' else ''} written alike in both?"
        )
    return Level(
        name,
        tuple(Row(*key, doses[key], outcomes[key]) for key in both),
        tuple(one.where for key, one in doses.items() if key not in outcomes),
        tuple(one.where for key, one in outcomes.items() if key not in doses),
    )


def _table(path: Path, what: str) -> dict[str, dict[Key, Line]]:
    lines = read_table(path, required=["case_id"], what=f"a table of {what}")
    level = "lesion" if "lesion" in lines[0].cells else "patient"
    return {level: _by_key(lines, level)}


def _batch(folder: Path) -> dict[str, dict[Key, Line]]:
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


def _by_key(lines: Iterable[Line], level: str) -> dict[Key, Line]:
    found: dict[Key, Line] = {}
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
