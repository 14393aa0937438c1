"""RTSTRUCT: contours in patient coordinates to structures."""

from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

from sirtdose.errors import FileFormatError, StructureError
from sirtdose.io.contour_fill import common_frame, fill
from sirtdose.io.dicom_header import read_dataset, reading_dicom, required
from sirtdose.model.grid import Grid
from sirtdose.model.structure import Structure

if TYPE_CHECKING:
    from pydicom.dataset import Dataset

SOP_CLASS_UID = "1.2.840.10008.5.1.4.1.1.481.3"


def read_rtstruct(path: Path) -> list[Structure]:
    """Read every region of an RTSTRUCT, sampled at half a millimeter in plane.

    A region without contours is returned empty: the reader cannot know whether
    it matters.

    Raises
    ------
    MissingTagError
        No regions at all.
    FileFormatError
        Damaged, or contour data that are not triplets of numbers.
    StructureError
        Contours that are not flat or not in parallel planes.
    """
    with reading_dicom(path):
        dataset = read_dataset(path)
        rois = required(dataset, "StructureSetROISequence", path)
        drawn = {
            int(item.ReferencedROINumber): _contours(item, path)
            for item in dataset.get("ROIContourSequence") or []
        }
        named = [
            (
                int(roi.ROINumber),
                str(roi.get("ROIName", "") or f"region {roi.ROINumber}").strip(),
                str(roi.get("ReferencedFrameOfReferenceUID", "") or "") or None,
            )
            for roi in rois
        ]
    everything = [contour for contours in drawn.values() for contour in contours]
    if not everything:
        raise StructureError(f"{path.name} holds no closed contour")
    frame = common_frame(everything, path.name)
    structures = []
    for number, name, uid in named:
        contours = drawn.get(number, [])
        if contours:
            mask, grid, remarks = fill(
                contours, frame, name=name, frame_of_reference_uid=uid
            )
        else:
            remarks = ()
            mask = np.zeros((1, 1, 1), bool)
            grid = Grid.regular(
                (1, 1, 1), spacing_mm=(1.0, 1.0, 1.0), frame_of_reference_uid=uid
            )
        structure = Structure.named(name, mask, grid).cropped()
        structures.append(replace(structure, remarks=remarks))
    return structures


def _contours(item: "Dataset", path: Path) -> list[NDArray[np.float64]]:
    contours = []
    for contour in item.get("ContourSequence") or []:
        kind = str(contour.get("ContourGeometricType", "CLOSED_PLANAR"))
        data = np.asarray(contour.get("ContourData") or [], dtype=np.float64)
        if data.size % 3 or not np.isfinite(data).all():
            raise FileFormatError(
                f"{path.name} has ContourData (3006,0050) that are not triplets of "
                "finite numbers"
            )
        # Points and lines enclose nothing.
        if kind.startswith("CLOSED") and data.size >= 9:
            contours.append(data.reshape(-1, 3))
    return contours
