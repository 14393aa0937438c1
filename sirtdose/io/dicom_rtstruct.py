"""RTSTRUCT: contours in patient coordinates to structures."""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from sirtdose.errors import FileFormatError, GeometryError, StructureError
from sirtdose.io.contour_fill import common_frame, even_odd_fill, fill
from sirtdose.io.dicom_header import read_dataset, reading_dicom, required
from sirtdose.model.grid import Grid
from sirtdose.model.structure import Structure

if TYPE_CHECKING:
    from pydicom.dataset import Dataset

SOP_CLASS_UID = "1.2.840.10008.5.1.4.1.1.481.3"
# A contour this far off a slice, in slice distances, is said; half-way is too far.
_OFF_SLICE_SAID, _OFF_SLICE_MAX = 0.1, 0.5


@dataclass(frozen=True, eq=False)
class Roi:
    """One region as drawn: closed contours (n, 3) in mm."""

    name: str
    contours: tuple[NDArray[np.float64], ...]
    frame_of_reference_uid: str | None
    remarks: tuple[str, ...] = ()


def read_rtstruct(path: Path) -> list[Structure]:
    """Read every region of an RTSTRUCT, sampled at half a millimeter in plane.

    A region without contours is returned empty: the reader cannot know whether
    it matters. Regions drawn in other planes than the rest (sagittal beside
    axial) are sampled in planes of their own.

    Raises
    ------
    MissingTagError
        No regions at all.
    FileFormatError
        Damaged, or contour data that are not triplets of numbers.
    StructureError
        Contours that are not flat or not in parallel planes.
    """
    rois = read_rois(path)
    drawn = [roi for roi in rois if roi.contours]
    if not drawn:
        raise StructureError(f"{path.name} holds no closed contour")
    try:
        frame = common_frame([c for roi in drawn for c in roi.contours], path.name)
        frames = {id(roi): frame for roi in drawn}
    except StructureError:
        frames = {
            id(roi): common_frame(roi.contours, f"{path.name}: structure '{roi.name}'")
            for roi in drawn
        }
    structures = []
    for roi in rois:
        if not roi.contours:
            structures.append(_empty(roi))
            continue
        mask, grid, remarks = fill(
            roi.contours,
            frames[id(roi)],
            name=roi.name,
            frame_of_reference_uid=roi.frame_of_reference_uid,
        )
        structure = Structure.named(roi.name, mask, grid).cropped()
        structures.append(replace(structure, remarks=(*roi.remarks, *remarks)))
    return structures


def read_rtstruct_at_voxel_centers(path: Path, grid: Grid) -> list[Structure]:
    """Read an RTSTRUCT as voxels of a grid whose centers lie inside the contours.

    A slice takes the contours of the plane nearest to it; slices between the
    planes of a structure stay empty.

    Raises
    ------
    GeometryError
        Another frame of reference, contours not parallel to the grid's slices, or
        half-way between two of them.
    """
    structures = []
    for roi in read_rois(path):
        if not roi.contours:
            structures.append(_empty(roi))
            continue
        known = Grid(grid.shape, grid.affine_mm, roi.frame_of_reference_uid)
        grid.require_frame(known, what=f"structure '{roi.name}'")
        structures.append(_at_centers(roi, grid))
    return structures


def _at_centers(roi: Roi, grid: Grid) -> Structure:
    mask = np.zeros(grid.shape, bool)
    slices: dict[int, list[NDArray[np.float64]]] = {}
    farthest = 0.0
    for contour in roi.contours:
        index = grid.index(contour)
        if np.ptp(index[:, 0]) > 0.2:
            raise GeometryError(
                f"structure '{roi.name}' is not drawn in planes parallel to the "
                "image's slices: use fractional occupancy"
            )
        place = float(index[:, 0].mean())
        k = int(np.rint(place))
        off = abs(place - k)
        if off >= _OFF_SLICE_MAX - 1e-6:
            raise GeometryError(
                f"structure '{roi.name}' has a contour half-way between two slices"
            )
        farthest = max(farthest, off)
        if 0 <= k < grid.shape[0]:
            slices.setdefault(k, []).append(index[:, 1:])
    for k, polygons in slices.items():
        mask[k] = even_odd_fill(polygons, grid.shape[1:])
    remarks = roi.remarks
    if farthest > _OFF_SLICE_SAID:
        remarks = (
            *remarks,
            f"contours lie up to {farthest:.2f} of a slice distance off the slices",
        )
    return replace(Structure.named(roi.name, mask, grid), remarks=remarks)


def read_rois(path: Path) -> list[Roi]:
    """Read the regions of an RTSTRUCT as drawn, in the file's order."""
    with reading_dicom(path):
        dataset = read_dataset(path)
        items = required(dataset, "StructureSetROISequence", path)
        drawn = {
            int(item.ReferencedROINumber): _contours(item, path)
            for item in dataset.get("ROIContourSequence") or []
        }
        rois = []
        for item in items:
            contours, remarks = drawn.get(int(item.ROINumber), ((), ()))
            name = str(item.get("ROIName", "") or f"region {item.ROINumber}").strip()
            uid = str(item.get("ReferencedFrameOfReferenceUID", "") or "") or None
            rois.append(Roi(name, tuple(contours), uid, tuple(remarks)))
    return rois


def _contours(
    item: "Dataset", path: Path
) -> tuple[Sequence[NDArray[np.float64]], Sequence[str]]:
    contours, points = [], 0
    for contour in item.get("ContourSequence") or []:
        kind = str(contour.get("ContourGeometricType", "CLOSED_PLANAR"))
        data: NDArray[Any] = np.asarray(
            contour.get("ContourData") or [], dtype=np.float64
        )
        if data.size % 3 or not np.isfinite(data).all():
            raise FileFormatError(
                f"{path.name} has ContourData (3006,0050) that are not triplets of "
                "finite numbers"
            )
        # Points and lines enclose nothing.
        if kind.startswith("CLOSED") and data.size >= 9:
            contours.append(data.reshape(-1, 3))
        else:
            points += 1
    said = f"{points} contours that are points or open lines enclose nothing"
    return contours, [said] if points and contours else []


def _empty(roi: Roi) -> Structure:
    grid = Grid.regular(
        (1, 1, 1),
        spacing_mm=(1.0, 1.0, 1.0),
        frame_of_reference_uid=roi.frame_of_reference_uid,
    )
    return Structure.named(roi.name, np.zeros((1, 1, 1), bool), grid)
