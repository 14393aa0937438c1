"""RTSTRUCT: contours in patient coordinates to structures."""

from collections import defaultdict
from collections.abc import Sequence
from dataclasses import dataclass, replace
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from sirtdose.errors import MissingTagError, StructureError
from sirtdose.io.dicom.bare import Dataset, undecoded
from sirtdose.io.dicom.contour_fill import Frame, common_frame, fill
from sirtdose.io.dicom.header import (
    as_text,
    frame_of_reference,
    read_dataset,
    reading_dicom,
    required,
    whole_number,
)
from sirtdose.io.dicom.property_codes import declared_by_type
from sirtdose.model.bounds import printable
from sirtdose.model.grid import Grid
from sirtdose.model.patient_link import StructureSet
from sirtdose.model.role import Declared, Role
from sirtdose.model.structure import Structure

SOP_CLASS_UID = "1.2.840.10008.5.1.4.1.1.481.3"

_CONTOUR_DATA = 0x30060050


@dataclass(frozen=True, eq=False)
class Roi:
    """One region as drawn: closed contours (n, 3) in mm; or points and lines only."""

    name: str
    contours: tuple[NDArray[np.float64], ...]
    frame_of_reference_uid: str | None
    remarks: tuple[str, ...] = ()
    marks_only: bool = False
    declared: Declared | None = None


def read_rtstruct(path: Path, *, apart: bool = False) -> list[Structure]:
    """Read every region of an RTSTRUCT, sampled at half a millimeter in plane.

    A file that spans little is sampled every 0.25 mm. Regions that stay `apart` have
    points of their own, from 0.25 to 1 mm by their size, and cannot be combined.

    A region without contours is returned empty: the reader cannot know whether
    it matters. So is one whose contours cannot be filled, with the reason as its
    remark; points and lines alone have no role. Regions drawn in other planes than
    the rest (sagittal beside axial) are sampled in planes of their own.

    Raises
    ------
    MissingTagError
        No regions at all.
    FileFormatError
        Damaged.
    StructureError
        Nothing that has a volume.
    """
    rois = read_rois(path)
    drawn = [roi for roi in rois if roi.contours]
    if not drawn:
        why = "".join(f"; {remark}" for roi in rois for remark in roi.remarks)
        raise StructureError(
            f"{path.name} contains no closed contour (ContourData (3006,0050)){why}"
        )
    try:
        frame = common_frame([c for roi in drawn for c in roi.contours], path.name)
    except StructureError:
        frame = None
    structures = [_filled(roi, frame, apart=apart) for roi in rois]
    if all(structure.empty for structure in structures):
        raise StructureError(
            f"{path.name} contains no volume: "
            + "; ".join(remark for one in structures for remark in one.remarks)
        )
    return structures


def _filled(roi: Roi, frame: Frame | None, *, apart: bool) -> Structure:
    if not roi.contours:
        return _empty(roi)
    try:
        own = frame or common_frame(roi.contours, f"structure '{roi.name}'")
        mask, grid, remarks = fill(
            roi.contours,
            own.fine_enough(roi.contours) if apart else own,
            name=roi.name,
            frame_of_reference_uid=roi.frame_of_reference_uid,
        )
    except StructureError as error:
        # One region that nobody needs must not stop the others.
        return replace(_empty(roi), remarks=(*roi.remarks, str(error)))
    structure = Structure.named(roi.name, mask, grid, declared=roi.declared).cropped()
    return replace(structure, remarks=(*roi.remarks, *remarks))


def read_rois(path: Path) -> list[Roi]:
    """Read the regions of an RTSTRUCT as drawn, in the file's order."""
    try:
        return _read_rois(path)
    except MissingTagError as error:
        # What is written in one go ends in the middle of an item where it was cut.
        raise MissingTagError(
            f"{error}: the file may be truncated; copy or export it again"
        ) from None


def _read_rois(path: Path) -> list[Roi]:
    with reading_dicom(path):
        dataset = read_dataset(path)
        items = required(dataset, "StructureSetROISequence", path)
        drawn: defaultdict[int, list[Dataset]] = defaultdict(list)
        for item in dataset.get("ROIContourSequence") or []:
            number = whole_number(item, "ReferencedROINumber", path)
            drawn[number] += item.get("ContourSequence") or []
        observed = {
            whole_number(item, "ReferencedROINumber", path): item
            for item in dataset.get("RTROIObservationsSequence") or []
            if item.get("ReferencedROINumber") is not None
        }
        rois = []
        for item in items:
            number = whole_number(item, "ROINumber", path)
            uid = str(item.get("ReferencedFrameOfReferenceUID", "") or "").strip()
            contours, remarks, marks = _contours(drawn[number], path)
            rois.append(
                Roi(
                    _name(item) or f"region {number}",
                    tuple(contours),
                    uid or _only_frame_of_reference(dataset),
                    tuple(remarks),
                    marks_only=marks,
                    declared=declared_by_type(observed.get(number)),
                )
            )
    return rois


def read_structure_set(path: Path) -> StructureSet:
    """What a dose names an RTSTRUCT by: its UID, and its regions' numbers."""
    with reading_dicom(path):
        dataset = read_dataset(path)
        numbers = {
            printable(_name(item)): whole_number(item, "ROINumber", path)
            for item in required(dataset, "StructureSetROISequence", path)
        }
        return StructureSet(str(required(dataset, "SOPInstanceUID", path)), numbers)


def _name(item: Dataset) -> str:
    """A region's name; a backslash in it parts it in two for DICOM."""
    return as_text(item.get("ROIName", "") or "").strip()


def _only_frame_of_reference(dataset: Dataset) -> str | None:
    """What the file as a whole refers to, where that is one frame."""
    named = {
        str(item.get("FrameOfReferenceUID", "") or "").strip()
        for item in dataset.get("ReferencedFrameOfReferenceSequence") or []
    } - {""}
    if not named:
        return frame_of_reference(dataset)
    return named.pop() if len(named) == 1 else None


def _contours(
    items: Sequence[Dataset], path: Path
) -> tuple[Sequence[NDArray[np.float64]], Sequence[str], bool]:
    """Closed contours, what was assumed, and whether there are but points and lines."""
    contours, points = [], 0
    for contour in items:
        kind = str(contour.get("ContourGeometricType", "CLOSED_PLANAR"))
        data = _coordinates(contour)
        if data.size % 3 or not np.isfinite(data).all():
            return (
                [],
                [
                    f"{path.name} has ContourData (3006,0050) that are not triplets "
                    "of finite numbers: export it again"
                ],
                False,
            )
        # Points and lines enclose nothing.
        if kind.startswith("CLOSED") and data.size >= 9:
            contours.append(data.reshape(-1, 3))
        else:
            points += 1
    said = f"{points} contours are points or open lines, which enclose no area"
    return contours, [said] if points else [], bool(points and not contours)


def _coordinates(contour: Dataset) -> NDArray[np.float64]:
    """A contour's numbers; one that is none where they are no numbers.

    Taken from the text as it stands: pydicom makes an object of each of them, which
    takes most of the time that reading contours does.
    """
    value = undecoded(contour, _CONTOUR_DATA)
    if isinstance(value, bytes):
        text = value.decode("latin-1").strip("\0 ")
        value = text.split("\\") if text else []
    try:
        return np.asarray([] if value is None else value, dtype=np.float64).ravel()
    except ValueError:
        return np.full(1, np.nan)


def _empty(roi: Roi) -> Structure:
    grid = Grid.regular(
        (1, 1, 1),
        spacing_mm=(1.0, 1.0, 1.0),
        frame_of_reference_uid=roi.frame_of_reference_uid,
    )
    empty = Structure.named(
        roi.name, np.zeros((1, 1, 1), bool), grid, declared=roi.declared
    )
    # A point named after a tumor is no tumor without a volume.
    return replace(
        empty, role=Role.OTHER if roi.marks_only else empty.role, remarks=roi.remarks
    )
