"""A DICOM segmentation as highdicom opens it, or why its encoding is not read."""

from pathlib import Path
from typing import TYPE_CHECKING, Any

from sirtdose.errors import FileFormatError
from sirtdose.io.dicom_header import number_if_any, numbers, read_dataset, required

if TYPE_CHECKING:
    from pydicom.dataset import Dataset

_TYPES = ("BINARY", "FRACTIONAL", "LABELMAP")
_SHOWN = 40


def open_segmentation(path: Path) -> Any:
    """Open a segmentation, with or without the bytes that should begin the file.

    To be called within :func:`sirtdose.io.dicom_header.reading_dicom`.

    Raises
    ------
    FileFormatError
        An encoding or a kind of segmentation that is not read; named.
    """
    import highdicom

    dataset = read_dataset(path)
    _require_encoding(dataset, path)
    _require_kind(dataset, path)
    _require_places(dataset, path)
    return highdicom.seg.Segmentation.from_dataset(dataset, copy=False)


def _require_encoding(dataset: "Dataset", path: Path) -> None:
    from pydicom.pixels.decoders.base import get_decoder

    if not dataset.original_encoding[1]:
        raise FileFormatError(
            f"{path.name} is encoded in big endian (TransferSyntaxUID (0002,0010)), in "
            "which a segmentation is not read: convert it to little endian"
        )
    syntax = required(dataset.file_meta, "TransferSyntaxUID", path)
    if not syntax.is_compressed or syntax.name.startswith("Deflated"):
        return
    try:
        readable = get_decoder(syntax).is_available
    except NotImplementedError:
        readable = False
    if not readable:
        raise FileFormatError(
            f"{path.name} is compressed ({syntax.name}; TransferSyntaxUID "
            "(0002,0010)), which no installed plugin reads: send it uncompressed"
        )


def _require_kind(dataset: "Dataset", path: Path) -> None:
    kind = str(dataset.get("SegmentationType", "") or "BINARY").upper()
    if kind not in _TYPES:
        raise FileFormatError(
            f"{path.name} has SegmentationType (0062,0001) = {kind[:_SHOWN]}: one of "
            f"{', '.join(_TYPES)} is needed"
        )
    if kind == "FRACTIONAL":
        number_if_any(dataset, "MaximumFractionalValue", path, above=0)
    required(dataset, "SegmentSequence", path)


def _require_places(dataset: "Dataset", path: Path) -> None:
    """The numbers that say where frames are, before a library computes with them."""
    shared = required(dataset, "SharedFunctionalGroupsSequence", path)
    frames = required(dataset, "PerFrameFunctionalGroupsSequence", path)
    for group in (*shared, *frames):
        for item in group.get("PixelMeasuresSequence") or ():
            numbers(item, "PixelSpacing", 2, path)
            for keyword in ("SliceThickness", "SpacingBetweenSlices"):
                number_if_any(item, keyword, path)
        for item in group.get("PlaneOrientationSequence") or ():
            numbers(item, "ImageOrientationPatient", 6, path)
        for item in group.get("PlanePositionSequence") or ():
            numbers(item, "ImagePositionPatient", 3, path)
