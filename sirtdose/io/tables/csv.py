"""Tables that people write: csv with a header, by commas, semicolons or tabs."""

import csv
import io
import math
from collections.abc import Collection, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from pathlib import Path

from sirtdose.errors import FileFormatError, InputError, RangeError, nearest_name
from sirtdose.model.recovery import RecoveryTable

# What people write where a value is missing.
_MISSING = ("", "na", "n/a", "nan", "unknown")
# Any table may say of its lines that the patients do not exist.
SIMULATED = "simulated"
_YES = ("yes", "y", "true", "1", "1.0")
_NO = ("no", "n", "false", "0", "0.0")
# So much of two names has to be the same for one to be a slip of the other; a short one
# differs by a letter.
_ALIKE, _ALIKE_SHORT, _SHORT = 0.8, 0.66, 3


@dataclass(frozen=True)
class Line:
    """A line of a table: its cells by column, and where it stands for messages."""

    where: str
    cells: Mapping[str, str]

    def text(self, column: str) -> str:
        """A cell as it is written; empty where it is missing or has no column."""
        cell = self.cells.get(column, "")
        return "" if cell.casefold() in _MISSING else cell

    def required(self, column: str) -> str:
        """A cell that cannot be missing."""
        cell = self.text(column)
        if not cell:
            raise InputError(f"{self.at(column)} is empty: a value is needed")
        return cell

    def number(
        self, column: str, *, least: float = -math.inf, above: bool = False
    ) -> float | None:
        """A number, None where it is missing.

        Raises
        ------
        InputError
            A cell that is no number.
        RangeError
            One below `least`, or, with `above`, not above it.
        """
        cell = self.text(column)
        if not cell:
            return None
        try:
            value = float(cell)
        except ValueError:
            raise InputError(
                f"{self.at(column)}: '{cell[:40]}' is not a number: write one such as "
                "1.5, with a decimal point and no unit, or leave the cell empty"
            ) from None
        if not math.isfinite(value) or value < least or (above and value == least):
            bound = f"{'above' if above else 'at least'} {least:g}"
            raise RangeError(
                f"{self.at(column)} is {cell}: it must be "
                f"{bound if math.isfinite(value) else 'a finite number'}"
            )
        return value

    def flag(self, column: str) -> bool | None:
        """Yes or no (1 or 0, true or false), None where it is missing."""
        cell = self.text(column).casefold()
        if cell in _YES or cell in _NO:
            return cell in _YES
        if cell:
            raise InputError(
                f"{self.at(column)}: '{cell[:40]}' is neither yes nor no (1, 0): "
                "write one of these"
            )
        return None

    def day(self, column: str) -> date | None:
        """A day written as year-month-day, None where it is missing."""
        cell = self.text(column)
        if not cell:
            return None
        try:
            return date.fromisoformat(cell)
        except ValueError:
            raise InputError(
                f"{self.at(column)}: '{cell[:40]}' is not a date: write it like "
                "2026-03-01"
            ) from None

    def at(self, column: str) -> str:
        """Where a cell stands, for messages."""
        return f"{self.where}, column {column}"


def read_table(
    path: Path,
    *,
    required: Collection[str],
    optional: Collection[str] | None = None,
    what: str = "a table",
    extra: bool = False,
) -> list[Line]:
    """Read a csv with a header.

    Parameters
    ----------
    path : Path
    required, optional : collection of str
        Its columns; any others may stand there where `optional` is None.
    what : str
        What it is a table of, for messages.
    extra : bool
        Others may stand there too, but none that may be a slip of one that is not
        there; :func:`extra_columns` names them.

    Raises
    ------
    FileFormatError
        No csv of text.
    InputError
        Columns that are missing, unknown or there twice, or no line below the header.
    """
    lines = csv_lines(path)
    header = header_of(lines[0][1])
    _require_columns(path.name, header, required, what=what)
    if optional is not None:
        known = (*required, *optional, SIMULATED)
        _require_known(path.name, header, known, what=what, extra=extra)
    if len(lines) < 2:
        raise InputError(
            f"{path.name} contains only a header: add one line for each entry"
        )
    return list(_cells(path.name, header, lines[1:]))


def header_of(cells: Sequence[str]) -> list[str]:
    """The names of columns as they are compared, without empty ones at the end."""
    header = [cell.strip().casefold() for cell in cells]
    while header and not header[-1]:
        header.pop()
    return header


def _require_columns(
    name: str,
    header: Sequence[str],
    required: Collection[str],
    *,
    what: str,
) -> None:
    missing = [column for column in required if column not in header]
    if missing:
        raise InputError(
            f"{name}, line 1 lacks the column{'s' * (len(missing) > 1)} "
            f"{', '.join(missing)}: {what} has the columns {', '.join(required)}"
        )
    twice = {column for column in header if header.count(column) > 1}
    if twice:
        raise InputError(
            f"{name}, line 1 has the column {min(twice)!r} more than "
            "once: keep one of them"
        )


def _require_known(
    name: str, header: Sequence[str], known: Collection[str], *, what: str, extra: bool
) -> None:
    absent = [column for column in known if column not in header]
    for column in (one for one in header if one not in known):
        least = _ALIKE_SHORT if len(column) <= _SHORT else _ALIKE
        near = nearest_name(column, absent, least)
        if extra and column and not near:
            continue
        meant = f"was {near} meant? Otherwise " if extra and near else ""
        remedy = (
            f"{meant}give it another name"
            if extra
            else f"its columns are {', '.join(known)}"
        )
        raise InputError(
            f"{name}, line 1: column {column[:40]!r} is not known in {what}: {remedy}"
        )


def extra_columns(line: Line, known: Collection[str]) -> list[str]:
    """The columns of a table, by one of its lines, that nothing here reads.

    Examples
    --------
    >>> extra_columns(Line("labs.csv, line 2", {"term": "ALT", "ward": "3"}), ["term"])
    ['ward']
    """
    return [column for column in line.cells if column not in known]


def columns_not_used(path: Path, known: Collection[str]) -> dict[str, list[str]]:
    """Those of a file that can be read, by its name; empty where there are none."""
    header = header_of(csv_lines(path)[0][1])
    found = [column for column in header if column not in known]
    return {path.name: found} if found else {}


def _cells(
    name: str, header: Sequence[str], lines: Sequence[tuple[int, list[str]]]
) -> Iterator[Line]:
    for number, cells in lines:
        while len(cells) > len(header) and not cells[-1].strip():
            cells.pop()
        where = f"{name}, line {number}"
        require_printable(cells, where)
        if len(cells) != len(header):
            raise InputError(
                f"{where} has {len(cells)} cells, but the header has {len(header)}: "
                "give one for each column, empty if not given"
            )
        yield Line(
            where,
            {key: cell.strip() for key, cell in zip(header, cells, strict=True)},
        )


def require_printable(cells: Sequence[str], where: str) -> None:
    """Refuse line breaks and what cannot be printed within a cell."""
    for number, cell in enumerate(cells, 1):
        if not cell.strip().isprintable():
            raise InputError(
                f"{where}, cell {number} contains a line break or an unprintable "
                "character: retype it"
            )


def csv_lines(path: Path) -> list[tuple[int, list[str]]]:
    """Line numbers and cells, header first; separated by what separates the header.

    Raises
    ------
    FileFormatError
        No csv of text.
    InputError
        Nothing in it.
    """
    try:
        text = path.read_text("utf-8-sig")
    except OSError as error:
        raise FileFormatError(f"cannot read {path.name}: {error.strerror}") from None
    except UnicodeDecodeError:
        raise FileFormatError(
            f"{path.name} is not UTF-8 text: save it as CSV UTF-8"
        ) from None
    skipped = 0
    if text[:4].lower() == "sep=":
        # A spreadsheet's own line, before the header.
        text, skipped = text.partition("\n")[2], 1
    separator = max(",;\t", key=text.partition("\n")[0].count)
    reader = csv.reader(io.StringIO(text, newline=""), delimiter=separator, strict=True)
    try:
        lines = [(reader.line_num + skipped, cells) for cells in reader]
    except csv.Error as error:
        raise FileFormatError(
            f"{path.name}, line {reader.line_num + skipped} is not valid CSV: {error}"
        ) from None
    filled = [(n, cells) for n, cells in lines if any(cell.strip() for cell in cells)]
    if not filled:
        raise InputError(
            f"{path.name} is empty: a header and one line for each entry are needed"
        )
    return filled


def read_recovery(path: Path) -> RecoveryTable:
    """Read recovery coefficients.

    Raises
    ------
    FileFormatError
        No such file, or other columns than ``volume_ml`` and ``rc``.
    RangeError
        A value outside its range.
    """
    try:
        rows = list(csv.DictReader(path.read_text("utf-8-sig").splitlines()))
    except OSError as error:
        raise FileFormatError(f"cannot read {path.name}: {error.strerror}") from None
    except (UnicodeDecodeError, csv.Error) as error:
        raise FileFormatError(f"cannot read {path.name} as a table: {error}") from None
    try:
        pairs = [(float(row["volume_ml"]), float(row["rc"])) for row in rows]
    except (KeyError, TypeError, ValueError):
        raise FileFormatError(
            f"{path.name} is not a table of recovery coefficients: write a header "
            "volume_ml,rc and a row of two numbers for each volume"
        ) from None
    return RecoveryTable([a for a, _ in pairs], [b for _, b in pairs])
