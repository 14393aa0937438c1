"""A csv of recovery coefficients: volume_ml, rc."""

import csv
from pathlib import Path

from sirtdose.errors import FileFormatError
from sirtdose.model.recovery import RecoveryTable

_COLUMNS = ("volume_ml", "rc")


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
        pairs = [tuple(float(row[column]) for column in _COLUMNS) for row in rows]
    except (KeyError, TypeError, ValueError):
        raise FileFormatError(
            f"{path.name} is no table of recovery coefficients: write a header "
            "volume_ml,rc and a row of two numbers for each volume"
        ) from None
    return RecoveryTable([a for a, _ in pairs], [b for _, b in pairs])
