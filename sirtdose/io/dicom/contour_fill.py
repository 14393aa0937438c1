"""Closed planar contours to a mask: even-odd fill, sampled at points.

A point is inside when a ray from it crosses the contours an odd number of times,
so that holes, islands in holes and keyhole contours need no special case.
"""

from collections.abc import Sequence
from dataclasses import dataclass, replace

import numpy as np
from numpy.typing import NDArray

from sirtdose.errors import StructureError
from sirtdose.model.grid import Grid, affine_of

# Distance of the sample points within the contours' planes, and least across them.
_IN_PLANE_STEP_MM = 0.5
_FINE_STEP_MM = 0.25
# A region that is combined with no other may have points of its own, up to here apart.
_ALONE_STEP_MM = 1.0
# Whose contours all lie in a box of fewer fine points is sampled finely.
_FINE_POINTS = 20_000_000
_ACROSS_STEP_MIN_MM = 0.4
# A contour's points may leave their common plane by this much.
_FLAT_MM = 0.1
# Planes closer than this are one plane.
_SAME_PLANE_MM = 0.05
# An off-lattice plane (as a part of the plane distance) asks for finer sampling.
_ON_LATTICE = 0.02
# A gap this many times a structure's usual one is a gap in the structure itself.
_REAL_GAP = 2.6
_WIDE_GAP = 1.5
# Planes farther apart than the file's by more are no usual distance of a structure.
_SPARSE = 4.0
# Nor is a slice of a treatment thicker than this, mm.
_THICK_MM = 12.0
# More sample points than this for one structure are no patient's.
_POINTS_MAX = 2_000_000_000


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
    # Every row is crossed an even number of times: from every second crossing to the
    # next it is inside.
    crossings = np.sort(row * (columns + 1) + column)
    inside = np.arange(crossings.size + 1) % 2 == 1
    lengths = np.diff(crossings, prepend=0, append=rows * (columns + 1))
    filled: NDArray[np.bool_] = np.repeat(inside, lengths).reshape(rows, columns + 1)
    return filled[:, :columns]


@dataclass(frozen=True, eq=False)
class Frame:
    """Common sample points of all contours in one file.

    Because every structure of the file is sampled at the same points, their
    unions and differences are exact on those points. Points lie half a step off
    the planes, so that no slab around a plane ends on one.
    """

    along_row: NDArray[np.float64]
    along_column: NDArray[np.float64]
    normal: NDArray[np.float64]
    first_plane_mm: float
    plane_distance_mm: float
    step_mm: float
    in_plane_step_mm: float

    def to_plane(self, points_mm: NDArray[np.float64]) -> NDArray[np.float64]:
        """Points (n, 3) as (plane, row, column) distances in mm."""
        return points_mm @ self.axes

    def fine_enough(
        self,
        contours: Sequence[NDArray[np.float64]],
        *,
        coarsest_mm: float = _ALONE_STEP_MM,
    ) -> "Frame":
        """The same planes, with the finest points that are not too many."""
        extent = np.ptp(self.to_plane(np.concatenate(contours)), axis=0)
        step = _FINE_STEP_MM
        while step < coarsest_mm and (
            extent.prod() / (self.step_mm * step**2) > _FINE_POINTS
        ):
            step *= 2
        return replace(self, in_plane_step_mm=step)

    @property
    def axes(self) -> NDArray[np.float64]:
        """Unit vectors across planes, along columns and along rows, as columns."""
        return np.stack([self.normal, self.along_column, self.along_row], axis=1)


def common_frame(contours: Sequence[NDArray[np.float64]], what: str) -> Frame:
    """Find the planes in which a file's contours (n, 3 in mm) are drawn.

    Raises
    ------
    StructureError
        Not flat, not parallel to one another, or on one plane only.
    """
    axial = all(np.ptp(contour[:, 2]) <= 2 * _FLAT_MM for contour in contours)
    normal = np.eye(3)[2] if axial else _normal(contours, what)
    if axial:
        along_row, along_column = np.eye(3)[0], np.eye(3)[1]
    else:
        # Any two directions in the plane will do: nothing is stored in them.
        along_row = np.cross(np.eye(3)[int(np.abs(normal).argmin())], normal)
        along_row /= np.linalg.norm(along_row)
        along_column = np.cross(normal, along_row)
    places = []
    for contour in contours:
        depth = contour @ normal
        if np.ptp(depth) > 2 * _FLAT_MM:
            raise StructureError(
                f"{what} has a contour that deviates from its plane by "
                f"{np.ptp(depth) / 2:.2f} mm, or contours in planes that are not "
                "parallel: redraw it in one set of planes"
            )
        places.append(float(depth.mean()))
    planes = _distinct(places)
    if len(planes) < 2:
        raise StructureError(
            f"{what} has contours on one plane only, so their thickness is unknown: "
            "draw it on at least two"
        )
    distance = float(np.median(np.diff(planes)))
    steps = (planes - planes[0]) / distance
    regular = np.abs(steps - np.rint(steps)).max() <= _ON_LATTICE
    step = max(distance / (2 if regular else 6), min(_ACROSS_STEP_MIN_MM, distance / 2))
    frame = Frame(
        *(along_row, along_column, normal),
        *(float(planes[0]), distance, step, _FINE_STEP_MM),
    )
    return frame.fine_enough(contours, coarsest_mm=_IN_PLANE_STEP_MM)


def fill(
    contours: Sequence[NDArray[np.float64]],
    frame: Frame,
    *,
    name: str,
    frame_of_reference_uid: str | None,
) -> tuple[NDArray[np.bool_], Grid, tuple[str, ...]]:
    """Sample one structure's contours: a mask, its grid, and what was assumed.

    Each plane's contours hold half-way to the next plane; past the first and last
    plane, and into a real gap, half the structure's usual plane distance.

    Raises
    ------
    StructureError
        Contours so far apart that no patient can hold them.
    """
    flat = [frame.to_plane(contour) for contour in contours]
    places = np.array([contour[:, 0].mean() for contour in flat])
    planes = _distinct(places)
    bottom, top, remarks = _slabs(planes, frame)
    step = np.array([frame.step_mm, frame.in_plane_step_mm, frame.in_plane_step_mm])
    # Points lie half a step off round numbers, where straight edges often are.
    origin = np.array([frame.first_plane_mm, 0.0, 0.0]) + step / 2
    points = np.concatenate(flat)
    least = np.array([bottom[0], *points[:, 1:].min(axis=0)])
    most = np.array([top[-1], *points[:, 1:].max(axis=0)])
    extent = np.ceil((most - least) / step) + 2
    if extent.prod() > _POINTS_MAX:
        raise StructureError(
            f"structure '{name}' spans "
            f"{' x '.join(f'{x:.0f}' for x in most - least)} mm: its contours "
            "cannot be of one patient: export it again"
        )
    low = np.floor((least - origin) / step).astype(int)
    shape = np.ceil((most - origin) / step).astype(int) + 1 - low
    mask = np.zeros(shape, bool)
    nearest_plane = np.abs(places[:, None] - planes[None]).argmin(axis=1)
    depths = origin[0] + step[0] * (low[0] + np.arange(shape[0]))
    for plane in range(len(planes)):
        layers = (depths >= bottom[plane]) & (depths < top[plane])
        drawn = [
            (flat[i][:, 1:] - origin[1:]) / step[1:] - low[1:]
            for i in np.flatnonzero(nearest_plane == plane)
        ]
        mask[layers] = even_odd_fill(drawn, (int(shape[1]), int(shape[2])))
    affine = affine_of(frame.axes * step, frame.axes @ (origin + step * low))
    k, j, i = (int(n) for n in shape)
    return mask, Grid((k, j, i), affine, frame_of_reference_uid), remarks


def _slabs(
    planes: NDArray[np.float64], frame: Frame
) -> tuple[NDArray[np.float64], NDArray[np.float64], tuple[str, ...]]:
    """From where to where each plane's contours hold, and what that assumes."""
    if len(planes) == 1:
        half = frame.plane_distance_mm / 2
        remark = (
            f"drawn on one plane: {2 * half:.2f} mm thick, the distance between the "
            "file's planes"
        )
        return planes - half, planes + half, (remark,)
    gaps = np.diff(planes)
    # The lower median: of two islands, the distance within them.
    usual = float(np.sort(gaps)[(len(gaps) - 1) // 2])
    remarks = []
    if usual > _SPARSE * frame.plane_distance_mm:
        usual = frame.plane_distance_mm
    elif usual > _WIDE_GAP * frame.plane_distance_mm or usual > _THICK_MM:
        remarks.append(
            f"drawn every {usual:.2f} mm, on planes {frame.plane_distance_mm:.2f} mm "
            "apart: the planes between were filled"
        )
    reach = np.where(gaps <= _REAL_GAP * usual, gaps, usual) / 2
    bottom = planes - np.concatenate([[usual / 2], reach])
    top = planes + np.concatenate([reach, [usual / 2]])
    for at in np.flatnonzero(gaps > _WIDE_GAP * usual):
        done = "filled" if gaps[at] <= _REAL_GAP * usual else "left empty"
        remarks.append(
            f"contours are missing from {planes[at]:.1f} to {planes[at + 1]:.1f} mm "
            f"(usually {usual:.2f} mm apart): the gap was {done}"
        )
    return bottom, top, tuple(remarks)


def _normal(contours: Sequence[NDArray[np.float64]], what: str) -> NDArray[np.float64]:
    """Unit normal of the largest polygon: the sum over edges is good for any shape."""
    areas = [
        np.cross(contour, np.roll(contour, -1, axis=0)).sum(axis=0)
        for contour in contours
    ]
    area = max(areas, key=lambda one: float(np.linalg.norm(one)))
    length = float(np.linalg.norm(area))
    if length == 0:
        raise StructureError(
            f"{what} has contours that enclose no area, so their plane is unknown: "
            "redraw it"
        )
    normal: NDArray[np.float64] = area / length
    return normal if normal[np.abs(normal).argmax()] > 0 else -normal


def _distinct(places: Sequence[float] | NDArray[np.float64]) -> NDArray[np.float64]:
    ordered = np.sort(np.asarray(places, dtype=np.float64))
    return ordered[np.diff(ordered, prepend=-np.inf) > _SAME_PLANE_MM]
