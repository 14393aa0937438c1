"""What is in a folder, by headers only."""

import hashlib
import os
import re
import unicodedata
from collections import defaultdict
from collections.abc import Iterator, Sequence
from dataclasses import replace
from functools import lru_cache
from pathlib import Path

from sirtdose.errors import FileFormatError, InputError
from sirtdose.io.collection import no_collection
from sirtdose.io.dicom import nm as dicom_nm
from sirtdose.io.dicom import pet as dicom_pet
from sirtdose.io.dicom import rtdose as dicom_rtdose
from sirtdose.io.dicom import rtstruct as dicom_rtstruct
from sirtdose.io.dicom import seg as dicom_seg
from sirtdose.io.dicom.bare import Dataset, is_dicom_file, undecoded
from sirtdose.io.dicom.documents import document_words
from sirtdose.io.dicom.enhanced_pet import SOP_CLASSES as ENHANCED_PET
from sirtdose.io.dicom.enhanced_pet import is_enhanced
from sirtdose.io.dicom.header import deferred_dataset, reading_dicom
from sirtdose.io.found import Found, Kind, Passed
from sirtdose.io.image_file import image_size, is_image_file, is_segmentation_file
from sirtdose.io.output.unfinished import PREFIX
from sirtdose.model.bounds import printable
from sirtdose.model.progress import counted

# Modalities whose images are one file a slice.
_SLICED = ("CT", "PT", "MR")
_CT_CLASS = "1.2.840.10008.5.1.4.1.1.2"
_SLICED_CLASSES = (_CT_CLASS, dicom_pet.SOP_CLASS_UID)
_DIRECTORY_CLASS = "1.2.840.10008.1.3.10"
_OUR_RESULT = "a result of sirtdose"
_DAMAGED = "its header cannot be read: damaged"
_HEAD_BYTES = 4096
_BESIDE = {"candidates.dcm": "review.json", "accepted.dcm": "accepted.json"}
_READ = "DICOM, NIfTI, NRRD or MetaImage"
_STACKED = (Kind.CT, Kind.PET)
# Compared undecoded: SOP class, series, rows and columns; then who it is.
_MODALITY, _ORIENTATION = 0x00080060, 0x00200037
_SERIES = (0x00080016, 0x0020000E, 0x00280010, 0x00280011)
_IDENTITY = (0x00100020, 0x00100010, 0x00100030, 0x00100040)


def discover(root: Path) -> list[Found]:
    """Walk a file or folder and say what is there, in a fixed order.

    Files that are neither DICOM nor a known image format are passed over.

    Raises
    ------
    FileFormatError
        Nothing at the path, or nothing that is read.
    """
    return survey(root)[0]


def require_there(path: Path, option: str) -> None:
    """Refuse a path that an option names, and that is nowhere.

    >>> require_there(Path("nowhere/ct"), "--drawn-on")
    Traceback (most recent call last):
    ...
    sirtdose.errors.InputError: --drawn-on: there is no file or folder ct
    """
    if not path.exists():
        raise InputError(f"{option}: there is no file or folder {printable(path.name)}")


def survey(root: Path) -> tuple[list[Found], tuple[Passed, ...]]:
    """What :func:`discover` finds, and every file that it passes over, with the reason.

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
    passed: list[Passed] = []
    with no_collection():
        for path in counted("reading headers", list(_files(root, found))):
            item = _no_dicom(path, root)
            if isinstance(item, Passed):
                passed.append(item)
            elif item is not None:
                found.append(item)
            else:
                key, header = _keyed_header(path)
                series[key].append((path, header))
    found += [_found(members) for members in series.values()]
    if not found:
        _require_foreign(passed, root)
        raise FileFormatError(_unreadable(passed, root))
    broken = [
        *(one.path for one in passed if one.broken),
        *(path for one in found for path in one.unread),
    ]
    found = [_with_unread(item, broken) for item in found]
    found.sort(key=lambda item: (item.kind, str(item.paths[0])))
    return found, tuple(passed)


def _unreadable(passed: Sequence[Passed], root: Path) -> str:
    """Why nothing is read of a file, or of a folder."""
    if len(passed) != 1:
        return f"{root.name} contains no file that can be read: give a {_READ} file"
    [one] = passed
    held = "" if one.path == root else f"{root.name} contains only "
    said = f"{held}{one.path.name}, which is" if held else f"{root.name} is"
    return f"{said} {one.why}" + ("" if _READ in one.why else f": give a {_READ} file")


def _require_foreign(passed: Sequence[Passed], root: Path) -> None:
    """Say what of a folder of results can be named, where there is nothing else."""
    own = [one.path.relative_to(root) for one in passed if one.why == _OUR_RESULT]
    if not own:
        return
    others = ", ".join(str(one) for one in own[1:])
    raise FileFormatError(
        f"{root.name or 'the folder'} contains results of sirtdose, not scans: give "
        f"the folder of the scans. To use a result, name it: {Path(root.name, own[0])}"
        + (f" (or, in the same folder, {others})" if others else "")
    )


def _with_unread(item: Found, broken: Sequence[Path]) -> Found:
    """A series knows the damaged files beside its slices."""
    if item.kind not in _STACKED or not broken:
        return item
    folders = {path.parent for path in item.paths}
    return replace(
        item, unread=tuple(path for path in broken if path.parent in folders)
    )


def _passed(path: Path) -> Passed:
    """Why a file is nothing known."""
    with path.open("rb") as stream:
        head = stream.read(_HEAD_BYTES)
    if not head:
        return Passed(path, "empty (0 bytes)", broken=True)
    if not any(head):
        return Passed(path, "nothing but zeros", broken=True)
    return Passed(path, f"not a {_READ} file")


def first_dicom(root: Path) -> Path | None:
    """The first DICOM file below a folder, in the order they are looked at."""
    return next((one for one in _files(root, []) if _no_dicom(one, root) is None), None)


def _files(root: Path, found: list[Found]) -> Iterator[Path]:
    """Every file, sorted; what cannot be entered is listed, never passed over."""
    if root.is_file():
        yield root
        return

    def closed(error: OSError) -> None:
        found.append(_unopened(Path(error.filename), error))

    for folder, folders, names in os.walk(root, onerror=closed):
        # Half of a result, of this run or another.
        folders[:] = sorted(one for one in folders if not one.startswith(PREFIX))
        remark = "a link to a folder is not followed: give the folder itself"
        found += [
            Found(Kind.OTHER, (path,), remark=remark)
            for path in (Path(folder, name) for name in folders)
            if path.is_symlink()
        ]
        for name in sorted(names):
            path = Path(folder) / name
            try:
                # A pipe or a socket would never end.
                usable = not name.startswith(".") and path.is_file()
            except OSError as error:
                closed(error)
                continue
            if usable:
                yield path


def _no_dicom(path: Path, root: Path) -> Found | Passed | None:
    """What a file is that is no DICOM; None of DICOM."""
    if path != root and _is_result(path):
        return Passed(path, _OUR_RESULT)
    if is_image_file(path):
        return _found_file(path)
    if path != root and path.suffix.lower() == ".zip":
        return Found(
            Kind.OTHER,
            (path,),
            remark="a zip inside the folder is not opened: unpack it",
        )
    try:
        return None if is_dicom_file(path) else _passed(path)
    except OSError as error:
        return replace(_unopened(path, error), unread=(path,))


def _is_result(path: Path) -> bool:
    """Whether it lies beside its own document: never an input unless named."""
    document = _BESIDE.get(path.name, "post.json" * path.name.startswith("dose_"))
    return bool(document) and path.with_name(document).is_file()


def _unopened(path: Path, error: OSError) -> Found:
    return Found(Kind.OTHER, (path,), remark=f"cannot be opened: {error.strerror}")


def _found_file(path: Path) -> Found:
    kind = Kind.SEGMENTATION_FILE if is_segmentation_file(path) else Kind.IMAGE_FILE
    try:
        return Found(kind, (path,), size=" x ".join(map(str, image_size(path))))
    except InputError as error:
        # No candidate for anything: what can be read is used without it.
        return Found(Kind.OTHER, (path,), remark=str(error), unread=(path,))


def _keyed_header(path: Path) -> tuple[tuple[str, ...], Dataset]:
    try:
        with reading_dicom(path):
            header = deferred_dataset(path)
            # Only slices form a volume together; every other file stands alone.
            sliced = (
                _raw(header, _MODALITY) in _SLICED
                or _raw(header, _SERIES[0]) in _SLICED_CLASSES
            )
            alone = () if sliced else (str(path),)
            return (*_series_key(header), *alone), header
    except InputError:
        from pydicom.dataset import Dataset

        # Damaged: an item of its own, without a class.
        return (str(path),), Dataset()


def _series_key(header: Dataset) -> tuple[str, ...]:
    """What all slices of one volume have in common, undecoded: it is only compared."""
    return (
        *(_raw(header, tag) for tag in (*_SERIES, *_IDENTITY)),
        _plane(_raw(header, _ORIENTATION)),
    )


@lru_cache(maxsize=256)
def _plane(cosines: str) -> str:
    try:
        numbers = [float(one) for one in cosines.split("\\") if one.strip()]
    except ValueError:
        return cosines
    # To three decimals, and 0 is 0 with either sign.
    return ",".join(f"{round(x, 3) + 0.0:.3f}" for x in numbers)


def _raw(header: Dataset, tag: int) -> str:
    """An element's value as it stands in the file: decoding costs most of the time."""
    value = undecoded(header, tag)
    if isinstance(value, bytes):
        return value.decode("latin-1").strip(" \0")
    return "" if value is None else str(value)


def _patient(header: Dataset) -> tuple[str, ...]:
    values = (header[tag].value if tag in header else "" for tag in _IDENTITY)
    return tuple(_digest(str(value or "")) for value in values)


@lru_cache(maxsize=256)
def _digest(value: str) -> str:
    """Of the letters and digits alone: systems differ in accents and separators."""
    plain = unicodedata.normalize("NFKD", value).upper()
    name = " ".join(sorted(re.findall(r"\w+", re.sub(r"[\u0300-\u036f]", "", plain))))
    return hashlib.sha256(name.encode("utf-8", "replace")).hexdigest() if name else ""


def _found(members: Sequence[tuple[Path, Dataset]]) -> Found:
    try:
        with reading_dicom(members[0][0]):
            return _of_series(members)
    except InputError as error:
        # An attribute that cannot be decoded, anywhere in the header.
        paths = tuple(path for path, _ in members)
        return Found(Kind.OTHER, paths, remark=str(error), unread=paths)


def _of_series(members: Sequence[tuple[Path, Dataset]]) -> Found:
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
        frames_of_reference=_frames_of_reference(header),
        enhanced_pet=is_enhanced(header),
    )
    kind, remark = _kind(header, item)
    headers = tuple(one for _, one in members) if kind in _STACKED else ()
    return replace(
        item,
        kind=kind,
        remark=remark,
        headers=headers,
        unread=paths if remark == _DAMAGED else (),
    )


def _frames_of_reference(header: Dataset) -> tuple[str, ...]:
    frames = {
        str(one.get(keyword, "") or "")
        for one in header.get("StructureSetROISequence") or [header]
        for keyword in ("FrameOfReferenceUID", "ReferencedFrameOfReferenceUID")
    }
    return tuple(sorted(frames - {""}))


_KINDS = {
    dicom_rtdose.SOP_CLASS_UID: Kind.DOSE,
    dicom_rtstruct.SOP_CLASS_UID: Kind.CONTOURS,
    dicom_pet.SOP_CLASS_UID: Kind.PET,
    **dict.fromkeys(dicom_seg.SOP_CLASS_UIDS, Kind.SEGMENTATION),
}


def _kind(header: Dataset, item: Found) -> tuple[Kind, str]:
    sop_class = str(header.get("SOPClassUID", ""))
    if (
        getattr(header, "file_meta", {}).get("MediaStorageSOPClassUID")
        == _DIRECTORY_CLASS
    ):
        return Kind.OTHER, "a DICOMDIR, not needed: the files are found without it"
    if not sop_class:
        return Kind.OTHER, _DAMAGED
    if sop_class in _KINDS:
        return _KINDS[sop_class], ""
    if item.enhanced_pet:
        return Kind.OTHER, (
            f"{ENHANCED_PET[sop_class]} is not supported for doses: export it as "
            "single slices"
        )
    words = document_words(sop_class)
    if words:
        return Kind.OTHER, f"{words}, not an image to compute with"
    modality = item.modality or "unknown"
    if modality == "CT":
        return _kind_of_ct(header, item, sop_class)
    if sop_class == dicom_nm.SOP_CLASS_UID:
        try:
            dicom_nm.require_recon_tomo(header, item.paths[0])
        except FileFormatError as error:
            return Kind.OTHER, str(error)
        return Kind.SPECT, ""
    return Kind.OTHER, f"DICOM of modality {modality} is not used"


def _kind_of_ct(header: Dataset, item: Found, sop_class: str) -> tuple[Kind, str]:
    if sop_class != _CT_CLASS:
        return Kind.OTHER, "not a single-slice CT (enhanced or a secondary capture)"
    kinds = [str(value).upper() for value in header.get("ImageType", None) or ()]
    if "LOCALIZER" in kinds:
        return Kind.OTHER, "a localizer"
    return (Kind.OTHER, "a single CT image") if len(item.paths) == 1 else (Kind.CT, "")
