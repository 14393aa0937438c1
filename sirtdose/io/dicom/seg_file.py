"""A DICOM segmentation as highdicom opens it, or why its encoding is not read."""

import sqlite3
from pathlib import Path
from typing import TYPE_CHECKING, Any

from sirtdose.errors import FileFormatError
from sirtdose.io.dicom.header import (
    number,
    number_if_any,
    numbers,
    read_dataset,
    required,
    tag_of,
    whole_number,
)
from sirtdose.io.dicom.numbers import as_text
from sirtdose.io.dicom.pixels import require_bits, require_length

if TYPE_CHECKING:
    from pydicom.dataset import Dataset

_TYPES = ("BINARY", "FRACTIONAL", "LABELMAP")
_SHOWN = 40
_FARTHEST_MM = 3000.0


def open_segmentation(path: Path) -> Any:
    """Open a segmentation, with or without the bytes that should begin the file.

    To be called within :func:`sirtdose.io.dicom.header.reading_dicom`.

    Raises
    ------
    FileFormatError
        An encoding or a kind of segmentation that is not read; named.
    """
    import highdicom

    dataset = read_dataset(path)
    _require_encoding(dataset, path)
    _require_kind(dataset, path)
    _require_pixels(dataset, path)
    _require_places(dataset, path)
    try:
        return highdicom.seg.Segmentation.from_dataset(dataset, copy=False)
    except sqlite3.Error as error:
        raise FileFormatError(
            f"{path.name} has frames that cannot be told apart by DimensionIndexValues "
            "(0020,9157): export it again"
        ) from error


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
    kind = "BINARY"
    if "SegmentationType" in dataset:
        kind = as_text(required(dataset, "SegmentationType", path)).upper()
    if kind not in _TYPES:
        raise FileFormatError(
            f"{path.name} has SegmentationType (0062,0001) = {kind[:_SHOWN]}: one of "
            f"{', '.join(_TYPES)} is needed"
        )
    if kind == "FRACTIONAL":
        number_if_any(dataset, "MaximumFractionalValue", path, above=0)
    for item in required(dataset, "SegmentSequence", path):
        whole_number(item, "SegmentNumber", path, above=-1)


def _require_pixels(dataset: "Dataset", path: Path) -> None:
    for keyword in ("Rows", "Columns", "SamplesPerPixel", "NumberOfFrames"):
        whole_number(dataset, keyword, path, above=0)
    require_bits(dataset, path)
    if not dataset.file_meta.TransferSyntaxUID.is_compressed:
        require_length(dataset, path)


def _require_places(dataset: "Dataset", path: Path) -> None:
    """The numbers that say where frames are, before a library computes with them."""
    shared = required(dataset, "SharedFunctionalGroupsSequence", path)
    frames = required(dataset, "PerFrameFunctionalGroupsSequence", path)
    for group in (*shared, *frames):
        for item in group.get("PixelMeasuresSequence") or ():
            numbers(item, "PixelSpacing", 2, path)
            number_if_any(item, "SliceThickness", path)
            if "SpacingBetweenSlices" in item:
                _require_distance(item, path)
        for item in group.get("PlaneOrientationSequence") or ():
            numbers(item, "ImageOrientationPatient", 6, path)
        for item in group.get("PlanePositionSequence") or ():
            numbers(item, "ImagePositionPatient", 3, path)
        for item in group.get("FrameContentSequence") or ():
            numbers(item, "DimensionIndexValues", None, path)
        for item in group.get("SegmentIdentificationSequence") or ():
            whole_number(item, "ReferencedSegmentNumber", path)
    for index in dataset.get("DimensionIndexSequence") or ():
        for keyword in ("DimensionIndexPointer", "FunctionalGroupPointer"):
            _require_tag(index, keyword, path)


def _require_distance(item: "Dataset", path: Path) -> None:
    apart_mm = number(item, "SpacingBetweenSlices", path, above=0)
    if apart_mm > _FARTHEST_MM:
        raise FileFormatError(
            f"{path.name} has SpacingBetweenSlices (0018,0088) = {apart_mm:g} mm, "
            "farther than a patient is long: export it again"
        )


def _require_tag(item: "Dataset", keyword: str, path: Path) -> None:
    """A pointer to an attribute is a single tag that the dictionary knows."""
    from pydicom.datadict import keyword_for_tag

    if keyword in item and not keyword_for_tag(int(number(item, keyword, path))):
        raise FileFormatError(
            f"{path.name} has a {keyword} {tag_of(keyword)} to an attribute that is "
            "not known: export it again"
        )
