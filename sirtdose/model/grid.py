"""Where the voxels of an image are."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace
from typing import Any, TypeVar

import numpy as np
from numpy.typing import ArrayLike, NDArray

from sirtdose.errors import GeometryError
from sirtdose.model.shown import Shown

Shape = tuple[int, int, int]
Box = tuple[slice, slice, slice]
_T = TypeVar("_T")

# Two grids are the same when no corner differs by more than this.
SAME_PLACE_MM = 0.01


@dataclass(frozen=True, eq=False, repr=False)
class Grid(Shown):
    """Shape and position of voxels, in DICOM's patient coordinates.

    Parameters
    ----------
    shape : (slices, rows, columns)
        Array axes are (slice, row, column), as pydicom and SimpleITK give them.
    affine_mm : array of shape (4, 4)
        Takes (slice, row, column, 1) of a voxel center to (x, y, z, 1) in mm,
        LPS: x to the patient's left, y to the back, z to the head. Columns are
        the steps along the array axes, then the position of voxel (0, 0, 0); the
        last row is 0, 0, 0, 1. Left-handed step directions are legal.
    frame_of_reference_uid : str, optional
        DICOM's name for the coordinate system. Unknown matches any; two known,
        different ones never match.

    Raises
    ------
    GeometryError
        Not invertible, not finite, axes not at right angles, or an empty shape.

    Examples
    --------
    >>> grid = Grid.regular((40, 64, 80), spacing_mm=(3.0, 2.0, 1.5))
    >>> grid.voxel_volume_ml
    0.009
    >>> [float(x) for x in grid.world_mm((1, 0, 2))]
    [3.0, 0.0, 3.0]
    """

    shape: Shape
    affine_mm: NDArray[np.float64]
    frame_of_reference_uid: str | None = None

    def __post_init__(self) -> None:
        shape = tuple(int(n) for n in self.shape)
        if len(shape) != 3 or min(shape) < 1:
            raise GeometryError(
                "a grid needs three axes of at least one voxel, but the shape is "
                f"{shape}"
            )
        affine = np.array(self.affine_mm, dtype=np.float64)
        if affine.shape != (4, 4) or not np.isfinite(affine).all():
            raise GeometryError("a grid needs a 4 x 4 affine of finite numbers")
        if not np.array_equal(affine[3], [0, 0, 0, 1]):
            raise GeometryError(
                f"the last row of an affine must be 0 0 0 1, but it is {affine[3]}"
            )
        spacing = np.linalg.norm(affine[:3, :3], axis=0)
        if spacing.min() < 1e-6:
            raise GeometryError(
                "voxel spacing along slices, rows and columns is "
                f"{' x '.join(f'{mm:g}' for mm in spacing)} mm: all three must be "
                "above 0"
            )
        directions = affine[:3, :3] / spacing
        skew = np.abs(directions.T @ directions - np.eye(3)).max()
        if skew > 1e-3:
            raise GeometryError(
                "voxel axes are not at right angles (cosine "
                f"{skew:.4f}): a tilted or sheared image must be resampled first"
            )
        affine.flags.writeable = False
        object.__setattr__(self, "shape", shape)
        object.__setattr__(self, "affine_mm", affine)

    def _facts(self) -> dict[str, object]:
        return {
            "shape": self.shape,
            "spacing_mm": self.spacing_mm,
            "origin_mm": three(self.affine_mm[:3, 3].tolist()),
        }

    @classmethod
    def regular(
        cls,
        shape: Shape,
        *,
        spacing_mm: tuple[float, float, float],
        origin_mm: tuple[float, float, float] = (0.0, 0.0, 0.0),
        frame_of_reference_uid: str | None = None,
    ) -> "Grid":
        """Axial grid: slices to the head, rows to the back, columns to the left.

        `spacing_mm` is in array order (slice, row, column); `origin_mm` is the
        (x, y, z) of voxel (0, 0, 0).
        """
        affine = affine_of(np.fliplr(np.diag(spacing_mm[::-1])), origin_mm)
        return cls(shape, affine, frame_of_reference_uid)

    @property
    def spacing_mm(self) -> tuple[float, float, float]:
        """Distance between voxel centers along (slice, row, column)."""
        return three(np.linalg.norm(self.affine_mm[:3, :3], axis=0).tolist())

    @property
    def voxel_volume_ml(self) -> float:
        """Volume of one voxel."""
        z, y, x = self.spacing_mm
        return z * y * x / 1000

    @property
    def right_handed(self) -> bool:
        """Whether column, row and slice steps, in DICOM's order, are right-handed."""
        # The axes here are slice, row, column: DICOM's order turned round.
        return bool(np.linalg.det(self.affine_mm[:3, :3]) < 0)

    def world_mm(self, index: ArrayLike) -> NDArray[np.float64]:
        """Positions (..., 3) in mm of voxel indices (..., 3), fractional or whole."""
        index = np.asarray(index, dtype=np.float64)
        return index @ self.affine_mm[:3, :3].T + self.affine_mm[:3, 3]

    def index(self, world_mm: ArrayLike) -> NDArray[np.float64]:
        """Fractional voxel indices (..., 3) of positions (..., 3) in mm."""
        world = np.asarray(world_mm, dtype=np.float64)
        inverse = np.linalg.inv(self.affine_mm)
        found: NDArray[np.float64] = world @ inverse[:3, :3].T + inverse[:3, 3]
        return found

    def shares_frame(self, other: "Grid") -> bool:
        """Whether both can be in one coordinate system."""
        ours, theirs = self.frame_of_reference_uid, other.frame_of_reference_uid
        return ours is None or theirs is None or ours == theirs

    def require_frame(self, other: "Grid", *, what: str) -> None:
        """Refuse data in a different frame of reference (H15).

        Raises
        ------
        GeometryError
            Both frames are known and differ.
        """
        if not self.shares_frame(other):
            raise GeometryError(
                f"{what} is in another frame of reference (0020,0052) than the image "
                "(H15): give files of one frame of reference; `sirtdose post` and "
                "`sirtdose plan image` can register structures to an image"
            )

    def matches(self, other: "Grid") -> bool:
        """Whether both have the same voxels in the same places."""
        return (
            self.shape == other.shape
            and self.shares_frame(other)
            and self._corners_differ_mm(other, other.affine_mm[:3, 3]) < SAME_PLACE_MM
        )

    def corners_mm(self) -> NDArray[np.float64]:
        """The eight outer corners of the voxels, (x, y, z) in mm: shape (8, 3)."""
        return self.world_mm(self._corners())

    def _corners(self) -> NDArray[np.float64]:
        edges = [(-0.5, n - 0.5) for n in self.shape]
        return np.stack(np.meshgrid(*edges, indexing="ij"), axis=-1).reshape(-1, 3)

    def _corners_differ_mm(self, other: "Grid", first_mm: NDArray[np.float64]) -> float:
        """From the corners of as many voxels of another grid, the first one there."""
        aside = self.affine_mm[:3, 3] - first_mm
        turned = self.affine_mm[:3, :3] - other.affine_mm[:3, :3]
        # Most grids are parts of one another: all their corners are as far apart.
        if turned.any():
            aside = self._corners() @ turned.T + aside
        return float(np.abs(aside).max())

    def moved(self, shift_mm: Sequence[float]) -> "Grid":
        """The same voxels elsewhere: by mm along the patient's x, y and z."""
        affine = self.affine_mm.copy()
        affine[:3, 3] += shift_mm
        return replace(self, affine_mm=affine)

    def crop(self, box: Box) -> "Grid":
        """The part of this lattice inside a box of array indices."""
        z, y, x = box
        affine = self.affine_mm.copy()
        affine[:3, 3] = self.world_mm((z.start, y.start, x.start))
        shape = (z.stop - z.start, y.stop - y.start, x.stop - x.start)
        return Grid(shape, affine, self.frame_of_reference_uid)

    def box_around(self, points_mm: ArrayLike, *, margin_mm: float) -> Box:
        """The voxels of this grid around points in mm, with a margin, one at least.

        Examples
        --------
        >>> grid = Grid.regular((4, 10, 10), spacing_mm=(5.0, 2.0, 2.0))
        >>> grid.box_around([[8.0, 8.0, 5.0]], margin_mm=2.0)
        (slice(0, 3, None), slice(3, 6, None), slice(3, 6, None))
        """
        index = self.index(points_mm)
        margin = margin_mm / np.array(self.spacing_mm)
        low = np.clip(np.floor(index.min(axis=0) - margin), 0, np.array(self.shape) - 1)
        high = np.clip(np.ceil(index.max(axis=0) + margin) + 1, low + 1, self.shape)
        low, size = low.astype(int), (high - low).astype(int)
        return box_at(low.tolist(), size.tolist())

    def offset_in(self, other: "Grid") -> Shape | None:
        """Where voxel (0, 0, 0) is in another grid with the same lattice.

        None when the two do not share one lattice of voxel centers.
        """
        if not self.shares_frame(other):
            return None
        offset = np.rint(other.index(self.affine_mm[:3, 3])).astype(int)
        first_mm = other.world_mm(offset)
        is_elsewhere = self._corners_differ_mm(other, first_mm) >= SAME_PLACE_MM
        return None if is_elsewhere else three(offset.tolist())

    def axis_map(self, other: "Grid") -> Sequence[int] | None:
        """Which of the other's array axes runs along each of ours.

        None when the two grids are oblique to each other.
        """
        across = np.linalg.inv(other.affine_mm[:3, :3]) @ self.affine_mm[:3, :3]
        # How far a step of ours drifts off the axis over the whole grid, in voxels.
        axes = np.abs(across * np.array(other.spacing_mm)[:, None]).argmax(axis=0)
        if sorted(axes.tolist()) != [0, 1, 2]:
            return None
        drift = across.copy()
        drift[axes, np.arange(3)] = 0
        turned = np.abs(drift * np.array(self.shape)).max() > 1e-3
        return None if turned else [int(a) for a in axes]


def three(values: Iterable[_T]) -> tuple[_T, _T, _T]:
    """One value an axis: neither more nor fewer.

    >>> three(n + 1 for n in range(3))
    (1, 2, 3)
    """
    a, b, c = values
    return a, b, c


def box_at(start: Sequence[int], shape: Sequence[int]) -> Box:
    """The box of array indices that begins at `start` and has a shape."""
    return three(slice(a, a + n) for a, n in zip(start, shape, strict=True))


def affine_of(steps_mm: ArrayLike, origin_mm: ArrayLike) -> NDArray[np.float64]:
    """The affine of an image: its voxel steps as columns, and voxel (0, 0, 0).

    >>> affine_of(np.diag([3.0, 2.0, 1.0]), [10, 20, 30])[:3]
    array([[ 3.,  0.,  0., 10.],
           [ 0.,  2.,  0., 20.],
           [ 0.,  0.,  1., 30.]])
    """
    return np.vstack([np.column_stack([steps_mm, origin_mm]), [0.0, 0.0, 0.0, 1.0]])


def to_lps(affine_ijk_mm: ArrayLike, shape_ijk: Sequence[int]) -> tuple[Shape, Any]:
    """Turn a (column, row, slice) affine, already in LPS, into array order."""
    affine = np.asarray(affine_ijk_mm, dtype=np.float64)[:, [2, 1, 0, 3]]
    i, j, k = shape_ijk
    return (k, j, i), affine
