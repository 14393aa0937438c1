"""What is in a folder, and which of it is the activity image, CT and structures.

Headers only are read. A choice is made where there is one candidate; where there
are several they are listed, and the user chooses.
"""

import gc
import hashlib
import os
from collections import defaultdict
from collections.abc import Iterable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field, replace
from enum import StrEnum
from functools import lru_cache
from pathlib import Path
from typing import TYPE_CHECKING

from sirtdose.errors import FileFormatError, InputError
from sirtdose.io import dicom_nm, dicom_pet, dicom_rtdose, dicom_rtstruct, dicom_seg
from sirtdose.io.dicom_header import deferred_dataset, reading_dicom
from sirtdose.io.image_file import is_image_file, is_segmentation_file
from sirtdose.model.printable import printable

if TYPE_CHECKING:
    from pydicom.dataset import Dataset


class Kind(StrEnum):
    """What one thing in a folder is."""

    SPECT = "SPECT"
    PET = "PET"
    CT = "CT"
    CONTOURS = "RTSTRUCT"
    SEGMENTATION = "SEG"
    DOSE = "RTDOSE"
    IMAGE_FILE = "image file"
    SEGMENTATION_FILE = "segmentation file"
    OTHER = "other DICOM"


# Modalities whose images are one file a slice.
_SLICED = ("CT", "PT", "MR")
_STACKED = (Kind.CT, Kind.PET)
ACTIVITY_IMAGES = (Kind.SPECT, Kind.PET, Kind.IMAGE_FILE)
# Compared undecoded: SOP class, series, rows and columns; then who it is.
_MODALITY, _ORIENTATION = 0x00080060, 0x00200037
_SERIES = (0x00080016, 0x0020000E, 0x00280010, 0x00280011)
_IDENTITY = (0x00100020, 0x00100010, 0x00100030, 0x00100040)
STRUCTURES = (Kind.CONTOURS, Kind.SEGMENTATION, Kind.SEGMENTATION_FILE)


@dataclass(frozen=True)
class Found:
    """One image, series or set of structures.

    `remark` says why something cannot be used; `patient` holds a digest of each
    attribute that names a person (empty where it is), to tell whether two agree.
    `headers` of a series' slices spare its reader a second pass over the files.
    """

    kind: Kind
    paths: tuple[Path, ...]
    modality: str = ""
    size: str = ""
    series_instance_uid: str = ""
    patient: tuple[str, ...] = ()
    remark: str = ""
    headers: "tuple[Dataset, ...]" = field(default=(), repr=False, compare=False)

    @property
    def label(self) -> str:
        """How it is named to a person: the file, or the series without its folder.

        Folders are often named after patients.
        """
        if len(self.paths) == 1:
            return printable(self.paths[0].name)
        return f"{self.kind} series ...{self.series_instance_uid[-6:]}"


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
    try:
        there = root.exists()
    except OSError as error:
        raise FileFormatError(f"cannot look at {root}: {error.strerror}") from None
    if not there:
        raise FileFormatError(f"there is no file or folder {root}")
    series: defaultdict[tuple[str, ...], list[tuple[Path, Dataset]]] = defaultdict(list)
    found: list[Found] = []
    with _no_collection():
        for path in _files(root):
            if is_segmentation_file(path):
                found.append(Found(Kind.SEGMENTATION_FILE, (path,)))
            elif is_image_file(path) and not _is_our_result(path):
                found.append(Found(Kind.IMAGE_FILE, (path,)))
            elif _is_dicom(path, found):
                key, header = _keyed_header(path)
                series[key].append((path, header))
    found += [_found(members) for members in series.values()]
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
    candidates = [f for f in found if f.kind in ACTIVITY_IMAGES]
    spects = [f for f in candidates if f.kind is not Kind.IMAGE_FILE]
    if image is not None:
        activity = _given(image, "--image")
        if activity.kind not in ACTIVITY_IMAGES:
            raise InputError(
                f"--image {activity.label} is no activity image "
                f"({activity.remark or activity.kind}): give a reconstructed SPECT, a "
                "PET, or a NIfTI, NRRD or MetaImage file"
            )
        reasons.append(f"activity image {activity.label}: given by --image")
    else:
        _require_no_better(spects, candidates, found)
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
    if any(set(item.paths) & set(activity.paths) for item in chosen):
        raise InputError(
            f"{activity.label} is given as activity image and as structures: it can be "
            "only one"
        )
    return Choice(activity, chosen_ct, chosen, tuple(reasons))


def patients_in(found: Iterable[Found]) -> int:
    """How many different people the DICOM files name, as far as they say.

    An attribute that a file leaves empty says nothing.
    """
    identities = [item.patient for item in found if any(item.patient)]
    if not identities:
        return 0
    return max(len(set(values) - {""}) for values in zip(*identities, strict=True))


def _given(path: Path, option: str) -> Found:
    items = discover(path)
    if len(items) == 1:
        return items[0]
    names = ", ".join(f"{item.label} ({item.kind})" for item in items)
    raise InputError(f"{option} {path.name} holds {len(items)} things: {names}")


def _require_no_better(
    spects: Sequence[Found], candidates: Sequence[Found], found: Sequence[Found]
) -> None:
    """Do not fall back to an image file while there is an unused SPECT or PET."""
    unused = [
        f for f in found if f.kind is Kind.OTHER and f.modality in ("NM", "PT", "OT")
    ]
    if unused and candidates and not spects:
        raise InputError(
            f"{unused[0].label} cannot be the activity image ("
            f"{unused[0].remark}): to use {candidates[0].label} instead, name it with "
            "--image"
        )


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
    raise InputError(
        f"found no {what}: give {option}; a mask or label image must be named there "
        f"(found {remarks})"
        if option == "--structures"
        else f"found no {what}: give {option} (found {remarks})"
    )


def _files(root: Path) -> Iterator[Path]:
    if root.is_file():
        yield root
        return
    for folder, folders, names in os.walk(root):
        folders.sort()
        for name in sorted(names):
            path = Path(folder) / name
            # A pipe or a socket would never end.
            if not name.startswith(".") and path.is_file():
                yield path


@contextmanager
def _no_collection() -> Iterator[None]:
    """Keep the collector from going through thousands of headers again and again."""
    was_on = gc.isenabled()
    gc.disable()
    try:
        yield
    finally:
        if was_on:
            gc.enable()


def _is_our_result(path: Path) -> bool:
    """A dose map beside its own post.json: never an input by itself."""
    return path.name.startswith("dose_") and path.with_name("post.json").is_file()


def _is_dicom(path: Path, found: list[Found]) -> bool:
    """Whether it is DICOM; what cannot be opened is listed, never passed over."""
    try:
        with path.open("rb") as stream:
            return stream.read(132)[128:] == b"DICM"
    except OSError as error:
        remark = f"cannot be opened: {error.strerror}"
        found.append(Found(Kind.OTHER, (path,), remark=remark))
        return False


def _keyed_header(path: Path) -> tuple[tuple[str, ...], "Dataset"]:
    try:
        with reading_dicom(path):
            header = deferred_dataset(path)
            # Only slices form a volume together; every other file stands alone.
            alone = () if _raw(header, _MODALITY) in _SLICED else (str(path),)
            return (*_series_key(header), *alone), header
    except FileFormatError:
        from pydicom.dataset import Dataset

        # Damaged: an item of its own, without a class.
        return (str(path),), Dataset()


def _series_key(header: "Dataset") -> tuple[str, ...]:
    """What all slices of one volume have in common, undecoded: it is only compared."""
    same = (_raw(header, tag) for tag in _SERIES)
    return (*same, _plane(_raw(header, _ORIENTATION)), *_patient(header))


@lru_cache(maxsize=256)
def _plane(cosines: str) -> str:
    try:
        numbers = [float(one) for one in cosines.split("\\") if one.strip()]
    except ValueError:
        return cosines
    # To three decimals, and 0 is 0 with either sign.
    return ",".join(f"{round(x, 3) + 0.0:.3f}" for x in numbers)


def _raw(header: "Dataset", tag: int) -> str:
    """An element's value as it stands in the file: decoding costs most of the time."""
    item = header.get_item(tag)
    value = None if item is None else item.value
    if isinstance(value, bytes):
        return value.decode("latin-1").strip(" \0")
    return "" if value is None else str(value)


def _patient(header: "Dataset") -> tuple[str, ...]:
    return tuple(_digest(_raw(header, tag)) for tag in _IDENTITY)


@lru_cache(maxsize=256)
def _digest(value: str) -> str:
    name = value.strip(" ^").upper()
    if not name:
        return ""
    return hashlib.sha256(name.encode("utf-8", "replace")).hexdigest()


def _found(members: Sequence[tuple[Path, "Dataset"]]) -> Found:
    try:
        with reading_dicom(members[0][0]):
            return _of_series(members)
    except FileFormatError:
        # An attribute that cannot be decoded, anywhere in the header.
        paths = tuple(path for path, _ in members)
        return Found(Kind.OTHER, paths, remark="its header cannot be read: damaged")


def _of_series(members: Sequence[tuple[Path, "Dataset"]]) -> Found:
    members = sorted(members, key=lambda member: member[0])
    paths = tuple(path for path, _ in members)
    header = members[0][1]
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
    headers = tuple(one for _, one in members) if kind in _STACKED else ()
    return replace(item, kind=kind, remark=remark, headers=headers)


_KINDS = {
    dicom_rtdose.SOP_CLASS_UID: Kind.DOSE,
    dicom_rtstruct.SOP_CLASS_UID: Kind.CONTOURS,
    dicom_pet.SOP_CLASS_UID: Kind.PET,
    **dict.fromkeys(dicom_seg.SOP_CLASS_UIDS, Kind.SEGMENTATION),
}


def _kind(header: "Dataset", item: Found) -> tuple[Kind, str]:
    sop_class = str(header.get("SOPClassUID", ""))
    if not sop_class:
        return Kind.OTHER, "its header cannot be read: damaged"
    if sop_class in _KINDS:
        return _KINDS[sop_class], ""
    if sop_class in dicom_pet.REFUSED_SOP_CLASSES:
        name = dicom_pet.REFUSED_SOP_CLASSES[sop_class]
        return Kind.OTHER, f"{name} is not read: export it as single slices"
    if item.modality == "CT":
        return _kind_of_ct(header, item)
    if sop_class == dicom_nm.SOP_CLASS_UID:
        try:
            dicom_nm.require_recon_tomo(header, item.paths[0])
        except FileFormatError as error:
            return Kind.OTHER, str(error)
        return Kind.SPECT, ""
    return Kind.OTHER, f"DICOM of modality {item.modality or 'unknown'} is not used"


def _kind_of_ct(header: "Dataset", item: Found) -> tuple[Kind, str]:
    kinds = [str(value).upper() for value in header.get("ImageType", None) or ()]
    if "LOCALIZER" in kinds:
        return Kind.OTHER, "a localizer"
    if len(item.paths) == 1:
        return Kind.OTHER, "a single CT image"
    return Kind.CT, ""
