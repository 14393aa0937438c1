"""The roster of a study: every case with the arms to which it was allocated."""

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

from sirtdose.errors import InputError
from sirtdose.io.tables.csv import Line, extra_columns, read_table
from sirtdose.workflows.outcomes.laboratory_table import ARMS

_BETWEEN = "|"


@dataclass(frozen=True)
class Roster:
    """The arms of each case, with their lines; `column` is the one that has them."""

    file: str
    column: str
    arms: Mapping[str, tuple[str, ...]]
    lines: Mapping[str, Line]
    not_used: list[str]


def arm_column(line: Line) -> str:
    """The column of arms of a line's table; empty where there is none.

    Raises
    ------
    InputError
        Both names are there.
    """
    found = [name for name in ARMS if name in line.cells]
    if len(found) > 1:
        file = line.where.rpartition(", ")[0]
        raise InputError(
            f"{file}, line 1 has the columns {' and '.join(ARMS)}, which mean the "
            "same: keep one of them"
        )
    return found[0] if found else ""


def allocated_arms(path: Path) -> Roster:
    """Read a roster: a line a case; several arms are separated by |.

    Raises
    ------
    InputError
        No column of arms, a case or its arm that is missing or there twice.
    """
    lines = read_table(
        path, required=("case_id",), optional=ARMS, what="a roster", extra=True
    )
    column = arm_column(lines[0])
    if not column:
        raise InputError(
            f"{path.name}, line 1 lacks the column arm: a roster has the columns "
            "case_id, arm"
        )
    arms: dict[str, tuple[str, ...]] = {}
    by_case: dict[str, Line] = {}
    for line in lines:
        case_id = line.required("case_id")
        if case_id in arms:
            raise InputError(
                f"{line.at('case_id')}: '{case_id}' is already in "
                f"{by_case[case_id].where.rpartition(', ')[2]}: keep one line for each "
                f"case; several arms of a case are written as A{_BETWEEN}B"
            )
        own = tuple(one.strip() for one in line.required(column).split(_BETWEEN))
        plain = {one.casefold() for one in own}
        if "" in plain or len(plain) < len(own):
            raise InputError(
                f"{line.at(column)} is '{line.text(column)[:40]}': write each arm "
                f"once, as in A{_BETWEEN}B"
            )
        arms[case_id], by_case[case_id] = own, line
    not_used = extra_columns(lines[0], ("case_id", *ARMS))
    return Roster(path.name, column, arms, by_case, not_used)
