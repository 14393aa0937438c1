"""Closed planar contours to a mask: even-odd fill, sampled at points.

A point is inside when a ray from it crosses the contours an odd number of times,
so that holes, islands in holes and keyhole contours need no special case.
"""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from sirtdose.errors import StructureError
from sirtdose.model.grid import Grid

# Distance of the sample points within the contours' planes.
IN_PLANE_STEP_MM = 0.5
# A contour's points may leave their common plane by this much.
_FLAT_MM = 0.1
# Planes closer than this are one plane.
_SAME_PLANE_MM = 0.05
# An off-lattice plane (as a part of the plane distance) asks for finer sampling.
_ON_LATTICE = 0.02
_OFF_LATTICE_REFINEMENT = 4


def even_odd_fill(
    polygons: Sequence[NDArray[np.float64]], shape: tuple[int, int]
) -> NDArray[np.bool_]:
    """Which whole-numbered points lie inside closed polygons, by the even-odd rule.

    Parameters
    ----------
    polygons : sequence of arrays of shape (n, 2)
        Vertices as (row, column) in index units, the last joined to the first.
    shape : (rows, columns)

    Returns
    -------
    array of bool of that shape

    Examples
    --------
    A square around the four points (1..2, 1..2):

    >>> square = np.array([[0.5, 0.5], [0.5, 2.5], [2.5, 2.5], [2.5, 0.5]])
    >>> int(even_odd_fill([square], (4, 4)).sum())
    4
    """
    rows, columns = shape
    start = np.concatenate(polygons)
    end = np.concatenate([np.roll(polygon, -1, axis=0) for polygon in polygons])
    low = np.ceil(np.minimum(start[:, 0], end[:, 0])).clip(0, rows).astype(np.int64)
    high = np.ceil(np.maximum(start[:, 0], end[:, 0])).clip(0, rows).astype(np.int64)
    crossed = high - low
    edge = np.repeat(np.arange(len(start)), crossed)
    first = np.repeat(np.cumsum(crossed) - crossed, crossed)
    row = low[edge] + np.arange(edge.size) - first
    slope = (end[edge, 1] - start[edge, 1]) / (end[edge, 0] - start[edge, 0])
    at = start[edge, 1] + (row - start[edge, 0]) * slope
    column = np.ceil(at).clip(0, columns).astype(np.int64)
    toggles = np.bincount(row * (columns + 1) + column, minlength=rows * (columns + 1))
    parity = np.cumsum(toggles.reshape(rows, columns + 1)[:, :columns], axis=1) & 1
    return parity.astype(bool)


@dataclass(frozen=True, eq=False)
class Frame:
    """Common sample points of all contours in one file.

    Because every structure of the file is sampled at the same points, their
    unions and differences are exact on those points.
    """

    along_row: NDArray[np.float64]
    along_column: NDArray[np.float64]
    normal: NDArray[np.float64]
    first_plane_mm: float
    plane_step_mm: float

    def to_plane(self, points_mm: NDArray[np.float64]) -> NDArray[np.float64]:
        """Points (n, 3) as (plane, row, column) distances in mm."""
        axes = np.stack([self.normal, self.along_column, self.along_row])
        moved: NDArray[np.float64] = points_mm @ axes.T
        return moved


def common_frame(contours: Sequence[NDArray[np.float64]], what: str) -> Frame:
    """Find the planes in which a file's contours (n, 3 in mm) are drawn.

    Raises
    ------
    StructureError
        Not flat, not parallel to one another, or on one plane only.
    """
    normal = _normal(max(contours, key=len))
    if abs(normal[2]) > 0.9999:
        along_row, along_column = np.eye(3)[0], np.eye(3)[1]
        normal = np.eye(3)[2]
    else:
        # Any two directions in the plane will do: nothing is stored in them.
        helper = np.eye(3)[int(np.abs(normal).argmin())]
        along_row = np.cross(helper, normal)
        along_row /= np.linalg.norm(along_row)
        along_column = np.cross(normal, along_row)
    places = []
    for contour in contours:
        depth = contour @ normal
        if np.ptp(depth) > 2 * _FLAT_MM:
            raise StructureError(
                f"{what} has a contour that leaves its plane by "
                f"{np.ptp(depth) / 2:.2f} mm, or contours in planes that are not "
                "parallel: redraw it in one set of planes"
            )
        places.append(float(depth.mean()))
    planes = _distinct(places)
    if len(planes) < 2:
        raise StructureError(
            f"{what} has contours on one plane only: their thickness is unknown"
        )
    step = float(np.median(np.diff(planes)))
    off = np.abs((planes - planes[0]) / step - np.rint((planes - planes[0]) / step))
    if off.max() > _ON_LATTICE:
        step /= _OFF_LATTICE_REFINEMENT
    return Frame(along_row, along_column, normal, float(planes[0]), step)


def fill(
    contours: Sequence[NDArray[np.float64]],
    frame: Frame,
    *,
    frame_of_reference_uid: str | None,
) -> tuple[NDArray[np.bool_], Grid]:
    """Sample one structure's contours: a mask and the grid of its points.

    Between planes the nearest contour counts; at the ends a contour reaches half
    the distance of the structure's own planes outward.
    """
    flat = [frame.to_plane(contour) for contour in contours]
    places = np.array([contour[:, 0].mean() for contour in flat])
    planes = _distinct(places)
    gap = float(np.median(np.diff(planes))) if len(planes) > 1 else frame.plane_step_mm
    step = np.array([frame.plane_step_mm, IN_PLANE_STEP_MM, IN_PLANE_STEP_MM])
    # Points lie half a step off round numbers, where straight edges often are.
    origin = np.array([frame.first_plane_mm, step[1] / 2, step[2] / 2])
    reach = np.array([gap / 2, 0.0, 0.0])
    points = np.concatenate(flat)
    low = np.floor((points.min(axis=0) - reach - origin) / step).astype(int)
    high = np.ceil((points.max(axis=0) + reach - origin) / step).astype(int) + 1
    shape = high - low
    mask = np.zeros(shape, bool)
    nearest_plane = np.abs(places[:, None] - planes[None]).argmin(axis=1)
    depths = frame.first_plane_mm + step[0] * np.arange(low[0], high[0])
    for k, depth in enumerate(depths):
        away = np.abs(planes - depth)
        plane = int(away.argmin())
        if away[plane] > gap / 2 * (1 + 1e-6):
            continue
        drawn = [
            (flat[i][:, 1:] - origin[1:]) / step[1:] - low[1:]
            for i in np.flatnonzero(nearest_plane == plane)
        ]
        mask[k] = even_odd_fill(drawn, (int(shape[1]), int(shape[2])))
    affine = np.eye(4)
    axes = np.stack([frame.normal, frame.along_column, frame.along_row], axis=1)
    affine[:3, :3] = axes * step
    affine[:3, 3] = axes @ (origin + step * low)
    k, j, i = (int(n) for n in shape)
    return mask, Grid((k, j, i), affine, frame_of_reference_uid)


def _normal(contour: NDArray[np.float64]) -> NDArray[np.float64]:
    """Unit normal of a closed polygon: the sum over its edges, good for any shape."""
    area = np.cross(contour, np.roll(contour, -1, axis=0)).sum(axis=0)
    length = float(np.linalg.norm(area))
    if length == 0:
        raise StructureError("a contour encloses no area: its plane is unknown")
    normal: NDArray[np.float64] = area / length
    return normal if normal[np.abs(normal).argmax()] > 0 else -normal


def _distinct(places: Sequence[float] | NDArray[np.float64]) -> NDArray[np.float64]:
    ordered = np.sort(np.asarray(places, dtype=np.float64))
    new = np.diff(ordered, prepend=-np.inf) > _SAME_PLANE_MM
    return ordered[new]
