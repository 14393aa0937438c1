"""DICOM spatial registration: matrices between frames of reference."""

from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from sirtdose.errors import FileFormatError, GeometryError
from sirtdose.io.dicom.header import (
    Dataset,
    numbers,
    read_dataset,
    reading_dicom,
    required,
    shown,
)

SOP_CLASS_UID = "1.2.840.10008.5.1.4.1.1.66.1"


def read_registration(
    path: Path, *, to_frame: str | None, from_frame: str | None
) -> NDArray[np.float64]:
    """The matrix from one frame of reference to another.

    Every item of a registration takes its own frame to the file's. From the one that
    was drawn in to the image's is through that, there and back.

    Parameters
    ----------
    path : Path
    to_frame, from_frame : str, optional
        Frames of reference of the image and of what was drawn; None where a file
        does not say, which is taken as the other of two.

    Returns
    -------
    array of shape (4, 4)
        Points of `from_frame` to points of `to_frame`, mm, LPS.

    Raises
    ------
    FileFormatError
        No spatial registration, or a deformable one.
    GeometryError
        The frames are not those that it registers.
    """
    with reading_dicom(path):
        dataset = read_dataset(path)
        if str(dataset.get("SOPClassUID", "")) != SOP_CLASS_UID:
            raise FileFormatError(
                f"{path.name} is not a spatial registration (SOPClassUID "
                "(0008,0016)); a deformable one is not supported: give a rigid one"
            )
        matrices = {str(required(dataset, "FrameOfReferenceUID", path)): np.eye(4)}
        for item in required(dataset, "RegistrationSequence", path):
            frame = str(required(item, "FrameOfReferenceUID", path))
            matrices[frame] = _matrix(item, path)
    there, here = (
        matrices[_frame(name, other, matrices, path)]
        for name, other in ((from_frame, to_frame), (to_frame, from_frame))
    )
    try:
        return np.asarray(np.linalg.solve(here, there), np.float64)
    except np.linalg.LinAlgError:
        raise GeometryError(
            f"{path.name} contains a matrix that cannot be inverted (H16): "
            "FrameOfReferenceTransformationMatrix (3006,00C6)"
        ) from None


def _matrix(item: Dataset, path: Path) -> NDArray[np.float64]:
    """The matrices of one registered frame, one after the other."""
    matrix = np.eye(4)
    [registration, *_] = required(item, "MatrixRegistrationSequence", path)
    for part in required(registration, "MatrixSequence", path):
        values = numbers(part, "FrameOfReferenceTransformationMatrix", 16, path)
        if not np.allclose(values[12:], (0, 0, 0, 1)):
            raise GeometryError(
                f"{path.name} has FrameOfReferenceTransformationMatrix (3006,00C6) "
                f"whose last row is {shown(values[12:])}: 0, 0, 0, 1 is needed"
            )
        matrix = values.reshape(4, 4) @ matrix
    return matrix


def _frame(
    name: str | None,
    other: str | None,
    matrices: dict[str, NDArray[np.float64]],
    path: Path,
) -> str:
    """Registration that lacks the frame of the image, or of the structures (H15)."""
    if name in matrices:
        return name
    left = [frame for frame in matrices if frame != other]
    if name is None and len(left) == 1:
        return left[0]
    raise GeometryError(
        f"{path.name} registers {len(matrices)} frames of reference, but not that of "
        "the image or not that of the structures (H15, FrameOfReferenceUID "
        "(0020,0052)): give the registration between these two"
    )
