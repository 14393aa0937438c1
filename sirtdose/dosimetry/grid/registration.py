"""Bring what was drawn on another image into this image's place."""

import os
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from sirtdose.dosimetry.grid.bend import Bend, Change, ends
from sirtdose.dosimetry.grid.outline_fit import OutlineFit
from sirtdose.errors import FileFormatError, GeometryError
from sirtdose.model.grid import Grid, three
from sirtdose.model.structure import Structure

# What a matrix of few decimals may miss a rotation by; a patient keeps their size.
_ORTHOGONAL, _SCALES = 1e-3, (0.5, 2.0)
# Points along each axis that a transform which bends is looked at.
_TICKS = 9


@dataclass(frozen=True, eq=False)
class Registration:
    """Where points of one image lie in another.

    Parameters
    ----------
    method : str
        ``rigid``, ``affine``, ``bspline``, ``outline``, or ``file``.
    transform : SimpleITK.Transform
        From a point of the image (fixed) to the one drawn on (moving), mm, LPS.
    matrix : array of shape (4, 4), optional
        The other way, moving to fixed; None where it is no affine.
    shift_mm : (x, y, z)
        What a point in the middle of the fixed image moves by.
    rotation_deg : float
    metric_before, metric_after : float, optional
        Mutual information, negative: less is better. Of a file it is not known.
    inverse_error_mm : float
        How far there and back ends from where it began, at most.
    pictures : tuple of arrays of shape (rows, columns, 3)
        Middle planes of both images on each other: gray where they agree, green where
        only the fixed one is bright, magenta where the moving one is.
    start : Registration, optional
        Of a transform that bends: the affine one that it bends, or that is nearest.
    bend : Bend, optional
        How much it bends in the liver.
    changes : tuple of Change
        What became of each structure.
    from_frame : str, optional
        Frame of reference of the moving image, where it is known.
    outline : OutlineFit, optional
        Of an activity image that was registered by the liver's outline.
    """

    method: str
    transform: Any
    matrix: NDArray[np.float64] | None
    shift_mm: tuple[float, float, float]
    rotation_deg: float
    metric_before: float | None = None
    metric_after: float | None = None
    inverse_error_mm: float = 0.0
    pictures: tuple[NDArray[np.uint8], ...] = ()
    start: "Registration | None" = None
    bend: Bend | None = None
    changes: tuple[Change, ...] = ()
    from_frame: str | None = None
    outline: OutlineFit | None = None

    @property
    def affine(self) -> "Registration":
        """The transform itself, or the affine one that it bends."""
        return self.start or self


def of_transform(transform: Any, fixed: Grid, *, method: str) -> Registration:
    """A registration by a transform from the fixed to the moving image's points.

    Raises
    ------
    GeometryError
        A matrix that mirrors, or makes a patient twice or half as large.
    """
    matrix = _matrix(transform)
    start = None if matrix is not None else of_matrix(_nearest(transform, fixed), fixed)
    center = fixed.world_mm((np.array(fixed.shape) - 1) / 2)
    [there] = ends(transform, center[None])
    rotation, error = start.rotation_deg if start else 0.0, 0.0
    if matrix is not None:
        cosine = (np.trace(_nearest_rotation(matrix)) - 1) / 2
        rotation = float(np.degrees(np.arccos(np.clip(cosine, -1, 1))))
        corners = fixed.corners_mm()
        again = ends(transform, corners) @ matrix[:3, :3].T + matrix[:3, 3]
        error = float(np.abs(again - corners).max())
    return Registration(
        method=method,
        transform=transform,
        matrix=matrix,
        shift_mm=three((center - there).tolist()),
        rotation_deg=rotation,
        inverse_error_mm=error,
        start=start,
    )


def of_matrix(matrix: NDArray[np.float64], fixed: Grid) -> Registration:
    """A registration by a matrix from the moving to the fixed image's points.

    Raises
    ------
    GeometryError
        As of a transform.
    """
    import SimpleITK

    inverse = _inverse(matrix)
    transform = SimpleITK.AffineTransform(3)
    transform.SetMatrix(inverse[:3, :3].ravel().tolist())
    transform.SetTranslation(inverse[:3, 3].tolist())
    return of_transform(transform, fixed, method="file")


def read_transform(path: Path, fixed: Grid) -> Registration:
    """A transform as ITK writes it: from the image's points to those drawn on.

    Raises
    ------
    FileFormatError
        Damaged, or no transform in three dimensions.
    """
    import SimpleITK

    try:
        with quiet_native_code():
            transform = SimpleITK.ReadTransform(str(path))
    except RuntimeError:
        raise FileFormatError(
            f"{path.name} is not a transform that ITK reads (.tfm, .txt, .h5, .mat), "
            "nor a DICOM registration"
        ) from None
    if transform.GetDimension() != 3:
        raise FileFormatError(
            f"{path.name} is not a transform in three dimensions: give a 3-D one"
        )
    return of_transform(transform, fixed, method="file")


def write_transform(registration: Registration, path: Path) -> None:
    """Save a transform as ITK text: fixed to moving."""
    import SimpleITK

    SimpleITK.WriteTransform(registration.transform, str(path))


def moved(structure: Structure, registration: Registration, fixed: Grid) -> Structure:
    """A structure at its place in the fixed image.

    A rigid transform moves its voxels' own grid, without sampling; another samples the
    structure on the fixed grid's lattice.

    Raises
    ------
    GeometryError
        Nothing of it comes to lie in the fixed image.
    """
    grid = moved_grid(structure.grid, registration, fixed)
    if grid is not None:
        return replace(structure, grid=grid)
    import SimpleITK

    target = SimpleITK.Image(*_size(fixed), SimpleITK.sitkUInt8)
    _place(target, fixed)
    sampled = SimpleITK.Resample(
        itk_image(structure.occupancy.astype(np.float32), structure.grid),
        target,
        registration.transform,
        SimpleITK.sitkLinear,
        0.0,
        SimpleITK.sitkFloat32,
    )
    occupancy = SimpleITK.GetArrayFromImage(sampled) >= 0.5
    if not occupancy.any():
        raise GeometryError(
            f"'{structure.name}' is moved outside the image by this registration: "
            "check the registration"
        )
    return replace(structure, occupancy=occupancy, grid=fixed).cropped()


def moved_grid(grid: Grid, registration: Registration, fixed: Grid) -> Grid | None:
    """A grid at its place in the fixed image; None where its axes would not stay.

    Of a matrix of few decimals it is the nearest rotation that moves it, about the
    middle of the fixed image.
    """
    matrix = registration.matrix
    if matrix is None:
        return None
    turn = matrix[:3, :3]
    if np.abs(turn.T @ turn - np.eye(3)).max() > _ORTHOGONAL:
        return None
    center = fixed.world_mm((np.array(fixed.shape) - 1) / 2)
    there = np.linalg.solve(turn, center - matrix[:3, 3])
    exact = np.eye(4)
    exact[:3, :3] = _nearest_rotation(matrix)
    exact[:3, 3] = center - exact[:3, :3] @ there
    return Grid(grid.shape, exact @ grid.affine_mm, fixed.frame_of_reference_uid)


def _nearest_rotation(matrix: NDArray[np.float64]) -> NDArray[np.float64]:
    left, _, right = np.linalg.svd(matrix[:3, :3])
    return np.asarray(left @ right)


def _nearest(transform: Any, fixed: Grid) -> NDArray[np.float64]:
    """Moving to fixed, by the affine matrix nearest to a transform that bends."""
    ticks = [np.linspace(-0.5, n - 0.5, _TICKS) for n in fixed.shape]
    at = fixed.world_mm(np.stack(np.meshgrid(*ticks, indexing="ij"), -1).reshape(-1, 3))
    known = np.column_stack([at, np.ones(len(at))])
    forward = np.eye(4)
    forward[:3] = np.linalg.lstsq(known, ends(transform, at), rcond=None)[0].T
    return _inverse(forward)


def _inverse(matrix: NDArray[np.float64]) -> NDArray[np.float64]:
    """Registration matrix that mirrors, or scales too much (H16); else its inverse."""
    if not np.isfinite(matrix).all():
        raise GeometryError(
            "the transform's matrix is not finite (H16): export it again"
        )
    scales = np.linalg.svd(matrix[:3, :3], compute_uv=False)
    low, high = _SCALES
    if scales.min() < low or scales.max() > high or np.linalg.det(matrix) < 0:
        raise GeometryError(
            "the transform's matrix mirrors the patient, or scales by "
            f"{scales.min():.3g} to {scales.max():.3g}: a registration scales by "
            f"{low:g} to {high:g} (H16): check its direction and unit"
        )
    return np.asarray(np.linalg.inv(matrix), np.float64)


def _matrix(transform: Any) -> NDArray[np.float64] | None:
    """Moving to fixed, from what the transform does to points; None if it bends."""
    if not transform.IsLinear():
        return None
    origin, *steps = ends(transform, np.vstack([np.zeros(3), np.eye(3)]))
    forward = np.eye(4)
    forward[:3] = np.column_stack([*(step - origin for step in steps), origin])
    return _inverse(forward)


def itk_image(values: NDArray[Any], grid: Grid) -> Any:
    """An array as SimpleITK has it, at its place."""
    import SimpleITK

    image = SimpleITK.GetImageFromArray(np.ascontiguousarray(values))
    _place(image, grid)
    return image


def _size(grid: Grid) -> tuple[int, int, int]:
    slices, rows, columns = grid.shape
    return columns, rows, slices


def _place(image: Any, grid: Grid) -> None:
    spacing = np.array(grid.spacing_mm)
    directions = np.asarray(grid.affine_mm[:3, :3] / spacing)[:, ::-1]
    image.SetOrigin(grid.affine_mm[:3, 3].tolist())
    image.SetSpacing(spacing[::-1].tolist())
    image.SetDirection(directions.ravel().tolist())


@contextmanager
def quiet_native_code() -> Iterator[None]:
    """Send the process's own error stream nowhere, and back.

    ITK's libraries write to it directly, whatever is raised; HDF5 prints 40 lines for a
    damaged file. What Python raises is not touched.
    """
    try:
        kept = os.dup(2)
    except OSError:
        # There is no such stream.
        yield
        return
    nowhere = os.open(os.devnull, os.O_WRONLY)
    try:
        os.dup2(nowhere, 2)
        yield
    finally:
        os.dup2(kept, 2)
        os.close(kept)
        os.close(nowhere)
