"""What is in a folder, and which of it is the activity image, CT and structures.

Headers only are read. A choice is made where there is one candidate; where there
are several they are listed, and the user chooses.
"""

import hashlib
import os
from collections import defaultdict
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, replace
from enum import StrEnum
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np

from sirtdose.errors import FileFormatError, InputError
from sirtdose.io import dicom_nm, dicom_rtstruct, dicom_seg
from sirtdose.io.dicom_header import read_dataset, reading_dicom
from sirtdose.io.image_file import is_image_file, is_segmentation_file

if TYPE_CHECKING:
    from pydicom.dataset import Dataset

_HEADER = (
    "SOPClassUID",
    "Modality",
    "ImageType",
    "SeriesInstanceUID",
    "ImageOrientationPatient",
    "Rows",
    "Columns",
    "NumberOfFrames",
    "PatientID",
    "PatientName",
    "PatientBirthDate",
    "PatientSex",
)


class Kind(StrEnum):
    """What one thing in a folder is."""

    SPECT = "SPECT"
    CT = "CT"
    CONTOURS = "RTSTRUCT"
    SEGMENTATION = "SEG"
    IMAGE_FILE = "image file"
    SEGMENTATION_FILE = "segmentation file"
    OTHER = "other DICOM"


STRUCTURES = (Kind.CONTOURS, Kind.SEGMENTATION, Kind.SEGMENTATION_FILE)


@dataclass(frozen=True)
class Found:
    """One image, series or set of structures.

    `remark` says why something cannot be used; `patient` is a digest that only
    tells whether two are of one person.
    """

    kind: Kind
    paths: tuple[Path, ...]
    modality: str = ""
    size: str = ""
    series_instance_uid: str = ""
    patient: str = ""
    remark: str = ""

    @property
    def label(self) -> str:
        """How it is named to a person: the file, or the folder of a series."""
        first = self.paths[0]
        return first.name if len(self.paths) == 1 else f"{first.parent.name}/"


@dataclass(frozen=True)
class Choice:
    """What will be used, and why."""

    image: Found
    ct: Found | None
    structures: tuple[Found, ...]
    reasons: tuple[str, ...]


def discover(root: Path) -> list[Found]:
    """Walk a file or folder and say what is there, in a fixed order.

    Files that are neither DICOM nor a known image format are passed over.

    Raises
    ------
    FileFormatError
        Nothing at the path, or nothing that is read.
    """
    if not root.exists():
        raise FileFormatError(f"there is no file or folder {root}")
    series: defaultdict[tuple[str, ...], list[tuple[Path, Dataset]]] = defaultdict(list)
    found: list[Found] = []
    for path in _files(root):
        if is_segmentation_file(path):
            found.append(Found(Kind.SEGMENTATION_FILE, (path,)))
        elif is_image_file(path):
            found.append(Found(Kind.IMAGE_FILE, (path,)))
        elif _is_dicom(path):
            key, header = _keyed_header(path)
            series[key].append((path, header))
    found += [_of_series(members) for members in series.values()]
    if not found:
        raise FileFormatError(
            f"{root.name} holds nothing that is read: DICOM, NIfTI, NRRD or MetaImage "
            "is needed"
        )
    return sorted(found, key=lambda item: (item.kind, str(item.paths[0])))


def choose(
    found: Sequence[Found],
    *,
    image: Path | None = None,
    ct: Path | None = None,
    structures: Sequence[Path] = (),
) -> Choice:
    """Pick activity image, CT and structures, or say why that is not possible.

    Paths given by the user win.

    Raises
    ------
    InputError
        No candidate, or several; the message lists them and names the option.
    """
    reasons = []
    candidates = [f for f in found if f.kind in (Kind.SPECT, Kind.IMAGE_FILE)]
    spects = [f for f in candidates if f.kind is Kind.SPECT]
    if image is not None:
        activity = _given(image, "--image")
        reasons.append(f"activity image {activity.label}: given by --image")
    else:
        activity = _only(spects or candidates, found, "activity image", "--image")
        reasons.append(f"activity image {activity.label}: the only {activity.kind}")
    if ct is not None:
        chosen_ct: Found | None = _given(ct, "--ct")
        reasons.append("CT: given by --ct")
    else:
        series = [f for f in found if f.kind is Kind.CT]
        chosen_ct = series[0] if len(series) == 1 else None
        if chosen_ct:
            reasons.append(f"CT {chosen_ct.label}: the only CT series")
        elif series:
            reasons.append(f"CT: none, as there are {len(series)} (give --ct)")
    if structures:
        chosen = tuple(_given(path, "--structures") for path in structures)
        reasons.append("structures: given by --structures")
    else:
        sets = [f for f in found if f.kind in STRUCTURES]
        chosen = (_only(sets, found, "structures", "--structures"),)
        reasons.append(f"structures {chosen[0].label}: the only {chosen[0].kind}")
    return Choice(activity, chosen_ct, chosen, tuple(reasons))


def patients_in(found: Iterable[Found]) -> int:
    """How many different people the DICOM files name."""
    return len({item.patient for item in found if item.patient})


def _given(path: Path, option: str) -> Found:
    items = discover(path)
    if len(items) == 1:
        return items[0]
    names = ", ".join(f"{item.label} ({item.kind})" for item in items)
    raise InputError(f"{option} {path.name} holds {len(items)} things: {names}")


def _only(
    candidates: Sequence[Found], found: Sequence[Found], what: str, option: str
) -> Found:
    if len(candidates) == 1:
        return candidates[0]
    if candidates:
        names = ", ".join(f"{f.paths[0]} ({f.kind})" for f in candidates)
        raise InputError(
            f"there are {len(candidates)} candidates for {what}: choose one with "
            f"{option}: {names}"
        )
    remarks = "; ".join(f"{f.label}: {f.remark or f.kind}" for f in found)
    raise InputError(f"there is no {what}: give {option} (found {remarks})")


def _files(root: Path) -> Iterator[Path]:
    if root.is_file():
        yield root
        return
    for folder, folders, names in os.walk(root):
        folders.sort()
        for name in sorted(names):
            if not name.startswith("."):
                yield Path(folder) / name


def _is_dicom(path: Path) -> bool:
    try:
        with path.open("rb") as stream:
            return stream.read(132)[128:] == b"DICM"
    except OSError:
        return False


def _keyed_header(path: Path) -> tuple[tuple[str, ...], "Dataset"]:
    try:
        header = read_dataset(path, pixels=False, keywords=_HEADER)
        with reading_dicom(path):
            return _series_key(header), header
    except FileFormatError:
        from pydicom.dataset import Dataset

        # Damaged: an item of its own, without a class.
        return (str(path),), Dataset()


def _series_key(header: "Dataset") -> tuple[str, ...]:
    cosines = header.get("ImageOrientationPatient") or ()
    plane = ",".join(f"{float(x):.3f}" for x in np.atleast_1d(cosines))
    return (
        str(header.get("SeriesInstanceUID", "")),
        str(header.get("SOPClassUID", "")),
        plane,
        f"{header.get('Rows', '')}x{header.get('Columns', '')}",
        _patient(header),
    )


def _patient(header: "Dataset") -> str:
    identity = [
        str(header.get(keyword, "") or "").strip().upper()
        for keyword in ("PatientID", "PatientName", "PatientBirthDate", "PatientSex")
    ]
    if not any(identity):
        return ""
    return hashlib.sha256("\0".join(identity).encode()).hexdigest()


def _of_series(members: Sequence[tuple[Path, "Dataset"]]) -> Found:
    header = members[0][1]
    paths = tuple(sorted(path for path, _ in members))
    rows, columns = header.get("Rows"), header.get("Columns")
    frames = header.get("NumberOfFrames") or len(paths)
    item = Found(
        Kind.OTHER,
        paths,
        modality=str(header.get("Modality", "")),
        size=f"{columns} x {rows} x {frames}" if rows else "",
        series_instance_uid=str(header.get("SeriesInstanceUID", "")),
        patient=_patient(header),
    )
    kind, remark = _kind(header, item)
    return replace(item, kind=kind, remark=remark)


def _kind(header: "Dataset", item: Found) -> tuple[Kind, str]:
    sop_class = str(header.get("SOPClassUID", ""))
    if not sop_class:
        return Kind.OTHER, "its header cannot be read: damaged"
    if sop_class == dicom_rtstruct.SOP_CLASS_UID:
        return Kind.CONTOURS, ""
    if sop_class in dicom_seg.SOP_CLASS_UIDS:
        return Kind.SEGMENTATION, ""
    if item.modality == "CT":
        if len(item.paths) == 1:
            return Kind.OTHER, "a single CT image"
        return Kind.CT, ""
    if sop_class == dicom_nm.SOP_CLASS_UID:
        try:
            dicom_nm.require_recon_tomo(header, item.paths[0])
        except FileFormatError as error:
            return Kind.OTHER, str(error)
        return Kind.SPECT, ""
    return Kind.OTHER, f"DICOM of modality {item.modality or 'unknown'} is not used"
