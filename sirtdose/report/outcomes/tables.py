"""Cells, csv files and tables for a terminal that results of outcomes share."""

from collections.abc import Iterable, Mapping, Sequence
from typing import Any

from sirtdose.report.tables import csv_text, name_cell


def cell(value: Any) -> str:
    """A value as a csv holds it: nothing where it is not known, yes or no.

    >>> cell(None), cell(True), cell(0.1), cell(3), cell("=1+1")
    ('', 'yes', '0.1', '3', "'=1+1")
    """
    if value is None:
        return ""
    if isinstance(value, bool):
        return "yes" if value else "no"
    if isinstance(value, float):
        return f"{value:.10g}"
    return name_cell(value) if isinstance(value, str) else str(value)


def rows_csv(columns: Sequence[str], rows: Iterable[Mapping[str, Any]]) -> str:
    r"""Rows by column, under a header, as a file; what a row has not is empty.

    >>> rows_csv(["case_id", "best"], [{"case_id": "c1", "best": "PR"}])
    'case_id,best\nc1,PR\n'
    """
    cells = [[cell(row.get(column)) for column in columns] for row in rows]
    return csv_text(tuple(columns), cells)


def left_table(header: Sequence[str], rows: Sequence[Sequence[str]]) -> str:
    """Align rows of words under a header, all to the left.

    >>> print(left_table(["case", "best"], [["c1", "PR"], ["c22", "SD"]]))
    case  best
    c1    PR
    c22   SD
    """
    lines = [header, *rows]
    widths = [max(len(line[i]) for line in lines) for i in range(len(header))]
    return "\n".join(
        "  ".join(c.ljust(w) for c, w in zip(line, widths, strict=True)).rstrip()
        for line in lines
    )
