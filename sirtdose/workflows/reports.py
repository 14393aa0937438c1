"""Find structured reports in a folder, and read them."""

import os
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

from sirtdose.errors import FileFormatError, InputError
from sirtdose.io.dicom.bare import is_dicom_file
from sirtdose.io.dicom.link import read_patient
from sirtdose.io.dicom.read_report import OtherReport, is_report, read_report
from sirtdose.io.found import listed
from sirtdose.model.bounds import printable
from sirtdose.model.dose_report import DoseReport

_NAMED_MAX = 5


@dataclass(frozen=True)
class Reports:
    """Reports by how they are named, and what was passed over, with the reason."""

    read: tuple[tuple[str, DoseReport], ...]
    passed: tuple[tuple[str, str], ...] = ()


def read_reports(path: Path) -> Reports:
    """Read one report, or all in a folder and the folders below it.

    A folder's reports are named by their place in it, without parts that name their
    patient. A report of other makers that measures nothing is passed over, and so is a
    second copy; one that is damaged or was changed stops all: a table without it would
    look complete.

    Raises
    ------
    FileFormatError
        No report there, or one that cannot be trusted.
    """
    if not path.exists():
        raise FileFormatError(f"there is no file or folder {printable(path.name)}")
    if path.is_dir():
        return _in_folder(path)
    if not is_dicom_file(path):
        raise FileFormatError(
            f"{printable(path.name)} is not DICOM: --csv reads structured reports, as "
            "dose_report.dcm, which `sirtdose post` writes for DICOM images"
        )
    return Reports(((printable(path.name), read_report(path)),))


def _in_folder(folder: Path) -> Reports:
    read: dict[str, DoseReport] = {}
    passed: list[tuple[str, str]] = []
    refused: list[str] = []
    known: dict[str, str] = {}
    for file in _files(folder):
        try:
            label = _free(_label(file, folder), read)
            report = read_report(file)
        except OtherReport:
            passed.append((label, "not a report of measurements (TID 1500)"))
            continue
        except InputError as error:
            refused.append(str(error))
            continue
        if report.uid in known:
            passed.append((label, f"the same report as {known[report.uid]}"))
        elif not any(one.measured for one in report.groups):
            passed.append((label, "it holds no measurements"))
        else:
            read[label], known[report.uid] = report, label
    _require_usable(refused, len(read))
    if not read:
        others = f": {listed([one for one, _ in passed], _NAMED_MAX)}" if passed else ""
        raise FileFormatError(
            f"{printable(folder.name)} contains no structured report of measurements"
            f"{others}. `sirtdose post` writes dose_report.dcm for DICOM images"
        )
    return Reports(tuple(read.items()), tuple(passed))


def _require_usable(refused: Sequence[str], usable: int) -> None:
    if not refused:
        return
    more = len(refused) - _NAMED_MAX
    raise FileFormatError(
        f"{len(refused)} of {len(refused) + usable} reports cannot be used: "
        f"{'; '.join(refused[:_NAMED_MAX])}"
        + (f"; and {more} more" if more > 0 else "")
        + ". Take them out of the folder to read the others"
    )


def _files(root: Path) -> Iterator[Path]:
    for folder, folders, names in os.walk(root):
        folders[:] = sorted(one for one in folders if not one.startswith("."))
        for name in sorted(names):
            file = Path(folder, name)
            usable = not name.startswith(".") and file.is_file()
            if usable and is_report(file):
                yield file


def _label(file: Path, root: Path) -> str:
    whose = read_patient(file)
    parts = file.relative_to(root).parts
    return printable("/".join("..." if whose.names(one) else one for one in parts))


def _free(label: str, taken: dict[str, DoseReport]) -> str:
    """A label that no other report has."""
    number, found = 1, label
    while found in taken:
        number += 1
        found = f"{label} ({number})"
    return found
