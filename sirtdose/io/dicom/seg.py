"""DICOM SEG to structures, through highdicom."""

import sqlite3
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from sirtdose.errors import FileFormatError, GeometryError, StructureError
from sirtdose.io.dicom.header import (
    frame_of_reference,
    number_if_any,
    reading_dicom,
)
from sirtdose.io.dicom.property_codes import declared_by_property
from sirtdose.io.dicom.seg_file import open_segmentation
from sirtdose.io.reading import reading
from sirtdose.model.grid import Grid
from sirtdose.model.role import Role
from sirtdose.model.structure import Structure

SOP_CLASS_UIDS: tuple[str, ...] = (
    "1.2.840.10008.5.1.4.1.1.66.4",
    "1.2.840.10008.5.1.4.1.1.66.7",
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
    # highdicom keeps its index of frames in a database, which damage can upset too.
    with reading(path, "DICOM SEG", sqlite3.Error), reading_dicom(path):
        return _structures(path, probability_threshold)


def _structures(path: Path, threshold: float | None) -> list[Structure]:
    segmentation = open_segmentation(path)
    kind = str(segmentation.get("SegmentationType", "BINARY"))
    fraction = str(segmentation.get("SegmentationFractionalType", ""))
    numbers = [int(number) for number in segmentation.segment_numbers]
    if not numbers:
        raise StructureError(f"{path.name} holds no segment")
    probable = kind == "FRACTIONAL" and fraction != "OCCUPANCY"
    if probable and threshold is None:
        raise FileFormatError(
            f"{path.name} holds probabilities (SegmentationFractionalType (0062,0010)),"
            " not volumes: choose with --probability-threshold 50%, or another"
        )
    geometry = segmentation.get_volume_geometry()
    if geometry is None:
        raise GeometryError(
            f"{path.name} has frames that do not form one regular stack of slices "
            "(ImagePositionPatient (0020,0032))"
        )
    affine = _with_slice_distance(segmentation, geometry, path)
    # The geometry of highdicom leaves it out.
    uid = frame_of_reference(segmentation)
    ours = str(segmentation.get("Manufacturer", "")) == "sirtdose"
    structures = []
    for number in numbers:
        described = segmentation.get_segment_description(number)
        # One at a time: a whole body has a hundred segments.
        part = segmentation.get_volume(
            segment_numbers=[number], rescale_fractional=kind == "FRACTIONAL"
        ).array[..., 0]
        grid = Grid(part.shape, affine, uid)
        if probable and threshold is not None:
            # Stored in whole steps of the greatest value: half a step of tolerance.
            mask = part >= threshold - 1e-6
        else:
            mask = part.astype(np.float32) if kind == "FRACTIONAL" else part > 0
        name = str(described.segment_label).strip()
        if ours and name in (Role.NORMAL_WHOLE, Role.NORMAL_PERFUSED):
            # Derived anew from what it was derived from.
            continue
        declared = declared_by_property(described)
        if ours and declared is not None and declared.role is Role.LIVER:
            # So our own files declare what is perfused, too.
            declared = None
        structures.append(
            Structure.named(name, mask, grid, declared=declared).cropped()
        )
    return structures


def _with_slice_distance(
    segmentation: Any, geometry: Any, path: Path
) -> NDArray[np.float64]:
    """The affine, its slice distance stated by the file and not only inferred.

    Empty frames may be left out, so the distance of the frames that are there may
    be a multiple of the slices'.
    """
    affine = np.array(geometry.affine, dtype=np.float64)
    shared = segmentation.SharedFunctionalGroupsSequence[0]
    groups = shared
    if "PixelMeasuresSequence" not in shared:
        groups = segmentation.PerFrameFunctionalGroupsSequence[0]
    measures = groups.PixelMeasuresSequence[0]
    if measures.get("SpacingBetweenSlices") is not None:
        return affine
    thickness = number_if_any(measures, "SliceThickness", path) or 0.0
    inferred = float(np.linalg.norm(affine[:3, 0]))
    if thickness > 0 and geometry.spatial_shape[0] == 1:
        affine[:3, 0] *= thickness / inferred
    elif not 0 < inferred <= 1.01 * thickness:
        raise GeometryError(
            f"{path.name} has no SpacingBetweenSlices (0018,0088), and its frames are "
            f"{inferred:.3g} mm apart where SliceThickness (0018,0050) is "
            f"{thickness:.3g} mm: frames may be left out; export it with the spacing"
        )
    return affine
