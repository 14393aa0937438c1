"""Read a transform that a person gives, whatever it is to move."""

from pathlib import Path
from typing import TYPE_CHECKING

from sirtdose.dosimetry.grid import registration as rules
from sirtdose.errors import InputError
from sirtdose.io.dicom.bare import is_dicom_file
from sirtdose.io.dicom.reg import read_registration

if TYPE_CHECKING:
    from sirtdose.dosimetry.grid.registration import Registration
    from sirtdose.model.grid import Grid


def transform_of(path: Path, grid: "Grid", *, source: str | None) -> "Registration":
    """An ITK transform or a DICOM registration, from a file.

    Parameters
    ----------
    path : Path
    grid : Grid
        Of the image that something is brought to.
    source : str or None
        Frame of reference of what is brought over, where it is known.

    Raises
    ------
    InputError
        No file, or none that can be used.
    """
    import numpy as np

    if not path.is_file():
        raise InputError(f"there is no transform file {path.name}")
    if not is_dicom_file(path):
        return rules.read_transform(path, grid)

    matrix = read_registration(
        path, to_frame=grid.frame_of_reference_uid, from_frame=source
    )
    return rules.of_matrix(np.asarray(matrix), grid)
