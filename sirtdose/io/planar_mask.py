"""A region of interest drawn on a planar image, as a mask of its pixels."""

from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from sirtdose.errors import FileFormatError, GeometryError, StructureError
from sirtdose.io.image_file import SUFFIXES, stored_voxels, without_unit_axes


def read_planar_mask(path: Path, shape: tuple[int, ...]) -> NDArray[np.bool_]:
    """Read a mask over the anterior view's pixels, as rows and columns.

    Pixels go as the view's own do: columns to the patient's left, rows to the feet.
    A planar image has no place in the patient, so a mask's own is not looked at.

    Parameters
    ----------
    path : Path
        NIfTI, NRRD or MetaImage of one slice, 0 outside.
    shape : (rows, columns)
        Of the view.

    Raises
    ------
    FileFormatError
        Damaged, another kind of file, or more than one slice.
    GeometryError
        Not as many pixels as the view.
    StructureError
        Nothing is inside.
    """
    stored = stored_voxels(path)
    if stored is None:
        raise FileFormatError(
            f"{path.name} is no mask known here: use {', '.join(SUFFIXES)}"
        )
    data = without_unit_axes(stored[0], 2)
    if data.ndim != 2:
        raise FileFormatError(
            f"{path.name} has {data.ndim} dimensions {data.shape}: a mask of one slice "
            "is needed"
        )
    mask: NDArray[np.bool_] = data.T != 0
    if mask.shape != shape:
        raise GeometryError(
            f"{path.name} has {mask.shape[1]} x {mask.shape[0]} pixels, the view "
            f"{shape[1]} x {shape[0]}: draw the region on the view itself"
        )
    if not mask.any():
        raise StructureError(f"{path.name} is empty: draw the region")
    return mask
