"""Read a treatment log of any kind, told by its content."""

from collections.abc import Sequence
from pathlib import Path

from sirtdose.errors import FileFormatError, InputError
from sirtdose.io.dicom.bare import is_dicom_file
from sirtdose.io.treatments.cells import LogFormat
from sirtdose.io.treatments.csv import read_csv_log
from sirtdose.io.treatments.fhir import read_fhir_log
from sirtdose.io.treatments.radiation_dose_sr import is_dose_report, read_dose_report
from sirtdose.model.treatment_record import TreatmentLog

_TEXTS = (".csv", ".json", ".ndjson")


def read_logs(paths: Sequence[Path], how: LogFormat) -> list[TreatmentLog]:
    """Read logs, the files of a folder each by itself.

    Raises
    ------
    FileFormatError
        Nothing at a path, or no log.
    InputError
        A log that cannot be read as a whole, or two of one name.
    """
    files: list[Path] = []
    for path in paths:
        inside = [one for one in sorted(path.rglob("*")) if _is_log(one)]
        files += inside if path.is_dir() else [path]
        if path.is_dir() and not inside:
            raise FileFormatError(f"--log {path.name} contains no treatment log")
    names = [one.name for one in files]
    twice = next((one for one in names if names.count(one) > 1), None)
    if twice is not None:
        raise InputError(
            f"two logs are called {twice}: rename one, so that it is clear which one a "
            "number is from"
        )
    return [_read(one, how) for one in files]


def _is_log(path: Path) -> bool:
    """Whether a file in a folder is a log: studies may be there too."""
    if not path.is_file() or any(one.startswith(".") for one in path.parts):
        return False
    return path.suffix.lower() in _TEXTS or (
        is_dicom_file(path) and is_dose_report(path)
    )


def _read(path: Path, how: LogFormat) -> TreatmentLog:
    try:
        if is_dicom_file(path):
            return read_dose_report(path, how)
        with path.open("rb") as stream:
            head = stream.read(64).lstrip(b"\xef\xbb\xbf \t\r\n")
    except OSError as error:
        raise FileFormatError(f"cannot read {path.name}: {error.strerror}") from None
    return read_fhir_log(path, how) if head[:1] == b"{" else read_csv_log(path, how)
