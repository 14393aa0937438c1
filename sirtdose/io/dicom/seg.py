"""DICOM SEG to structures."""

from dataclasses import replace
from pathlib import Path
from typing import Any

from numpy.typing import NDArray

from sirtdose.errors import FileFormatError, StructureError
from sirtdose.io.dicom.header import (
    Dataset,
    as_text,
    number,
    number_if_any,
    numbers,
    read_dataset,
    reading_dicom,
    required,
    tag_of,
    whole_number,
)
from sirtdose.io.dicom.pixels import require_bits, require_length
from sirtdose.io.dicom.property_codes import declared_by_property
from sirtdose.io.dicom.seg_frames import seg_frames
from sirtdose.io.hashing import sha256_of_voxels
from sirtdose.io.reading import reading
from sirtdose.model.accepted import Accepted, short, tells_candidate
from sirtdose.model.role import DERIVED_ROLES, PERFUSED_REST, Role
from sirtdose.model.structure import Structure

SOP_CLASS_UIDS: tuple[str, ...] = (
    "1.2.840.10008.5.1.4.1.1.66.4",
    "1.2.840.10008.5.1.4.1.1.66.7",
)
_TYPES = ("BINARY", "FRACTIONAL", "LABELMAP")
_SHOWN = 40
_FARTHEST_MM = 3000.0
# The numbers that place a frame: in which sequence, and how many there are.
_PLACES = (
    ("PlaneOrientationSequence", "ImageOrientationPatient", 6),
    ("PlanePositionSequence", "ImagePositionPatient", 3),
    ("FrameContentSequence", "DimensionIndexValues", None),
)


def read_seg(
    path: Path, *, probability_threshold: float | None = None
) -> list[Structure]:
    """Read every segment of a DICOM segmentation; segments may overlap.

    A fractional segmentation that states occupancy keeps its fractions; one that
    states probabilities needs a threshold (0 to 1), at and above which a voxel is
    inside.

    Raises
    ------
    FileFormatError
        Damaged, or fractions that are probabilities.
    GeometryError
        Frames that do not form one regular stack.
    StructureError
        No segment.
    """
    with reading(path, "DICOM SEG"), reading_dicom(path):
        return _structures(path, probability_threshold)


def _structures(path: Path, threshold: float | None) -> list[Structure]:
    dataset = open_segmentation(path)
    fractional = str(dataset.get("SegmentationType", "")).upper() == "FRACTIONAL"
    background = dataset.get("PixelPaddingValue")
    segments = [s for s in dataset.SegmentSequence if s.SegmentNumber != background]
    if not segments:
        raise StructureError(f"{path.name} contains no segment: export it again")
    fraction = str(dataset.get("SegmentationFractionalType", "")).upper()
    probable = fractional and fraction != "OCCUPANCY"
    if probable and threshold is None:
        raise FileFormatError(
            f"{path.name} contains probabilities (SegmentationFractionalType "
            "(0062,0010)), not volumes: give a threshold, such as "
            "--probability-threshold 50%"
        )
    frames = seg_frames(dataset, path)
    ours = str(dataset.get("Manufacturer", "")) == "sirtdose"
    structures = []
    # Of this program's files, those that declare no codes of their own are old.
    old = not dataset.get("CodingSchemeIdentificationSequence")
    for segment in segments:
        name = str(segment.get("SegmentLabel", "") or "").strip()
        if ours and name in (*DERIVED_ROLES, PERFUSED_REST):
            # Derived anew from what it was derived from.
            continue
        number = int(segment.SegmentNumber)
        part: NDArray[Any] = (
            frames.fraction_of(number) if fractional else frames.mask_of(number)
        )
        if probable and threshold is not None:
            # Stored in whole steps of the greatest value: half a step of tolerance.
            part = part >= threshold - 1e-6
        declared = declared_by_property(segment)
        made_here = ours or _algorithm(segment).startswith("sirtdose")
        if made_here and old and declared and declared.role is Role.LIVER:
            # So those declare what is perfused, too.
            declared = None
        found = Structure.named(name, part, frames.grid, declared=declared).cropped()
        structures.append(_with_acceptance(found, segment))
    return structures


def _algorithm(segment: Dataset) -> str:
    return str(segment.get("SegmentAlgorithmName", "") or "").strip()


def _with_acceptance(structure: Structure, segment: Dataset) -> Structure:
    """The structure with who accepted it, and whether it is still that one.

    Whatever program wrote the file: an editor puts its own name in place of ours.
    """
    description = str(segment.get("SegmentDescription", "") or "")
    if tells_candidate(description, _algorithm(segment)):
        return replace(structure, unaccepted=True)
    found = Accepted.told_by(description, _algorithm(segment))
    if found is None:
        return structure
    same = short(sha256_of_voxels(structure)) == found.voxels
    return replace(
        structure, accepted=replace(found, unchanged=same), definition=found.how
    )


def open_segmentation(path: Path) -> Dataset:
    """Open a segmentation, with or without the bytes that should begin the file.

    To be called within :func:`sirtdose.io.dicom.header.reading_dicom`.

    Raises
    ------
    FileFormatError
        An encoding or a kind of segmentation that is not read; named.
    """
    dataset = read_dataset(path)
    _require_encoding(dataset, path)
    _require_kind(dataset, path)
    _require_pixels(dataset, path)
    _require_places(dataset, path)
    return dataset


def _require_encoding(dataset: Dataset, path: Path) -> None:
    from pydicom.pixels.decoders.base import get_decoder

    if not dataset.original_encoding[1]:
        raise FileFormatError(
            f"{path.name} is encoded in big endian (TransferSyntaxUID (0002,0010)), "
            "which is not supported for a segmentation: convert it to little endian"
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


def _require_kind(dataset: Dataset, path: Path) -> None:
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


def _require_pixels(dataset: Dataset, path: Path) -> None:
    for keyword in ("Rows", "Columns", "SamplesPerPixel", "NumberOfFrames"):
        whole_number(dataset, keyword, path, above=0)
    require_bits(dataset, path)
    if not dataset.file_meta.TransferSyntaxUID.is_compressed:
        require_length(dataset, path)


def _require_places(dataset: Dataset, path: Path) -> None:
    """The numbers that say where frames are, before a library computes with them."""
    shared = required(dataset, "SharedFunctionalGroupsSequence", path)
    for group in (
        *shared,
        *required(dataset, "PerFrameFunctionalGroupsSequence", path),
    ):
        for item in group.get("PixelMeasuresSequence") or ():
            numbers(item, "PixelSpacing", 2, path)
            number_if_any(item, "SliceThickness", path)
            if "SpacingBetweenSlices" in item:
                _require_distance(item, path)
        for sequence, keyword, count in _PLACES:
            for item in group.get(sequence) or ():
                numbers(item, keyword, count, path)
        for item in group.get("SegmentIdentificationSequence") or ():
            whole_number(item, "ReferencedSegmentNumber", path)
    for index in dataset.get("DimensionIndexSequence") or ():
        for keyword in ("DimensionIndexPointer", "FunctionalGroupPointer"):
            _require_tag(index, keyword, path)


def _require_distance(item: Dataset, path: Path) -> None:
    apart_mm = number(item, "SpacingBetweenSlices", path, above=0)
    if apart_mm > _FARTHEST_MM:
        raise FileFormatError(
            f"{path.name} has SpacingBetweenSlices (0018,0088) = {apart_mm:g} mm, "
            "longer than any patient: export it again"
        )


def _require_tag(item: Dataset, keyword: str, path: Path) -> None:
    """A pointer to an attribute is a single tag that the dictionary knows."""
    from pydicom.datadict import keyword_for_tag

    if keyword in item and not keyword_for_tag(int(number(item, keyword, path))):
        raise FileFormatError(
            f"{path.name} has a {keyword} {tag_of(keyword)} that points to an unknown "
            "attribute: export it again"
        )
