"""A region of interest drawn on a planar image, as a mask of its pixels."""

from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from sirtdose.errors import FileFormatError, GeometryError, StructureError
from sirtdose.io.checked_header import nifti_image, nrrd_header
from sirtdose.io.image_file import SUFFIXES
from sirtdose.io.metaimage import read_metaimage, read_metaimage_header
from sirtdose.io.reading import reading


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
    name = path.name.lower()
    if name.endswith((".nii", ".nii.gz")):
        data = _nifti(path)
    elif name.endswith((".nrrd", ".nhdr")):
        data = _nrrd(path)
    elif name.endswith((".mha", ".mhd")):
        data = read_metaimage(read_metaimage_header(path))
    else:
        raise FileFormatError(
            f"{path.name} is no mask known here: use {', '.join(SUFFIXES)}"
        )
    while data.ndim > 2 and data.shape[-1] == 1:
        data = data[..., 0]
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


def _nifti(path: Path) -> NDArray[Any]:
    image = nifti_image(path, whole=True)
    with reading(path, "NIfTI"):
        return np.asanyarray(image.dataobj)


def _nrrd(path: Path) -> NDArray[Any]:
    import nrrd
    from nrrd.errors import NRRDError

    nrrd_header(path, whole=True)
    with reading(path, "NRRD", NRRDError):
        data, _ = nrrd.read(str(path))
        return np.asarray(data)
