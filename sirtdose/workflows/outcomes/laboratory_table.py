"""Laboratory values and grades of patients, from a table, in the units used inside."""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import date
from pathlib import Path
from typing import Any

from sirtdose.data.load import table
from sirtdose.errors import InputError, RangeError, said_at
from sirtdose.io.tables.csv import Line, read_table
from sirtdose.outcomes.laboratory import canonical, factor, require_possible
from sirtdose.outcomes.toxicity import clinical_terms, grades_of
from sirtdose.workflows.outcomes.case_lines import by_case, day_of, measured

# Names of the column of arms: one of them.
ARMS = ("arm", "treatment")
REQUIRED = ("case_id", "date", "term")
_MEASURED = ("value", "unit")
OPTIONAL = (
    *_MEASURED,
    *("uln", "lln", "baseline", "baseline_uln", "treated", "grade"),
    *("anticoagulated", *ARMS),
)
_VALUES = ("value", "uln", "lln", "baseline", "baseline_uln")
_MOST = 1e7
_CHILD_PUGH_WORDS = {
    "ascites": ("none", "slight", "moderate"),
    "encephalopathy": ("none", "1-2", "3-4"),
}
# Baselines of one case and term are one, but for how they are rounded.
_SAME = 5e-3


@dataclass(frozen=True)
class Row:
    """A line of the table: a value in the unit inside, a grade, or a word.

    `printed` is the unit as written, `factor` None where there is no unit.
    """

    line: Line
    day: date
    term: str
    value: float | None = None
    factor: float | None = None
    uln: float | None = None
    lln: float | None = None
    baseline: float | None = None
    baseline_uln: float | None = None
    grade: int | None = None
    anticoagulated: bool = False
    word: str = ""
    treated: date | None = None

    @property
    def printed(self) -> str:
        """The unit as it was written."""
        return self.line.text("unit")


def laboratory_cases(path: Path, version: str) -> dict[str, list[Row]]:
    """Rows by case, in the order of the table and of their days.

    Raises
    ------
    InputError
        Terms, units or values that are not known, contradict each other, or are there
        twice, with their line and column.
    """
    lines = read_table(
        path,
        required=REQUIRED,
        optional=OPTIONAL,
        what="a table of laboratory values",
        extra=True,
    )
    missing = [column for column in _MEASURED if column not in lines[0].cells]
    if missing and "grade" not in lines[0].cells:
        raise InputError(
            f"{path.name}, line 1 lacks the column{'s' * (len(missing) > 1)} "
            f"{', '.join(missing)}: a table of laboratory values has the columns "
            f"{', '.join((*REQUIRED, *_MEASURED))}; one of grades has a column grade"
        )
    found = {}
    for case_id, days in by_case(lines, item="term").items():
        rows = [
            _row(line, day, version) for day, of_day in days.items() for line in of_day
        ]
        _require_once(rows)
        found[case_id] = rows
    return found


def _row(line: Line, day: date, version: str) -> Row:
    written = line.required("term")
    term = canonical(written)
    if term is None:
        held = table("laboratory")
        known = [
            *(name for name, rule in held["terms"].items() if rule.get("graded", True)),
            *clinical_terms(version),
            *held["child_pugh_terms"],
        ]
        raise InputError(
            f"{line.at('term')}: '{written[:40]}' is not known: use {', '.join(known)}"
        )
    treated = day_of(line, "treated") if line.text("treated") else None
    row = Row(line, day, term, treated=treated)
    if term in table("laboratory")["child_pugh_terms"]:
        return replace(row, word=_word(line, term))
    row = replace(row, grade=_grade(line, term, version))
    return row if term in clinical_terms(version) else _laboratory(row)


def _word(line: Line, term: str) -> str:
    known = _CHILD_PUGH_WORDS[table("laboratory")["child_pugh_terms"][term]]
    # "none" is an answer here, and no missing value.
    word = line.cells.get("value", "").casefold()
    if word not in known:
        raise InputError(
            f"{line.at('value')} is '{word[:40]}', but {term} is {', '.join(known)}"
        )
    return word


def _grade(line: Line, term: str, version: str) -> int | None:
    grade = line.number("grade")
    if grade is None:
        return None
    known = grades_of(version, term)
    if grade not in known:
        raise RangeError(
            f"{line.at('grade')} is {line.text('grade')}, but {term} has the grades "
            f"{', '.join(str(one) for one in known)} in CTCAE {version}"
        )
    return int(grade)


def _laboratory(row: Row) -> Row:
    """The row with its value, limits of normal and baseline, in the unit inside."""
    line, unit = row.line, row.printed
    times = None
    # A ratio needs no unit; without one anything else is not gradable.
    if unit or row.term == "INR":
        with said_at(line.at("unit")):
            times = factor(row.term, unit)
    found: dict[str, Any] = {
        column: _converted(row, column, times) for column in _VALUES
    }
    uln, lln = found["uln"], found["lln"]
    if found["baseline_uln"] is not None and found["baseline"] is None:
        raise InputError(
            f"{line.at('baseline_uln')} is {line.text('baseline_uln')}, but the line "
            "has no baseline: write the baseline too, or leave this empty"
        )
    if uln is not None and lln is not None and lln > uln:
        raise RangeError(
            f"{line.at('lln')} is {line.text('lln')}, above the upper limit of "
            f"normal, {line.text('uln')}: are they swapped?"
        )
    return replace(
        row, factor=times, anticoagulated=bool(line.flag("anticoagulated")), **found
    )


def _converted(row: Row, column: str, times: float | None) -> float | None:
    line, unit = row.line, row.printed
    value = measured(line, column, most=_MOST, unit=unit)
    if value is None or times is None:
        return None
    if column != "value" and value == 0:
        raise RangeError(f"{line.at(column)} is 0: it must be above 0, or left empty")
    with said_at(line.at(column)):
        require_possible(row.term, value * times, given=f"{value:g} {unit}".strip())
    return value * times


def _require_once(rows: Sequence[Row]) -> None:
    """One row of a term a day, by whatever name; one baseline of a term."""
    seen: dict[tuple[date, str], Row] = {}
    for row in rows:
        before = seen.setdefault((row.day, row.term), row)
        if before is not row:
            raise InputError(
                f"{row.line.at('term')}: {row.term} of case "
                f"'{row.line.text('case_id')}' on {row.day} is already in "
                f"{before.line.where.rpartition(', ')[2]}: keep only the worst"
            )
    for column in ("baseline", "baseline_uln"):
        _require_one(rows, column)


def _require_one(rows: Sequence[Row], column: str) -> None:
    known: dict[str, float] = {}
    for row in rows:
        value: float | None = getattr(row, column)
        if value is not None and not is_same(value, known.setdefault(row.term, value)):
            raise InputError(
                f"{row.line.at(column)} is {row.line.text(column)} {row.printed}, but "
                f"another line of the same case and term has a different {column}: "
                "write one value for all"
            )


def is_same(value: float, other: float) -> bool:
    """Whether two values in the unit inside are one, but for how they are rounded.

    Examples
    --------
    >>> is_same(15.39, 15.3936), is_same(15, 16)
    (True, False)
    """
    return abs(value - other) <= _SAME * other
