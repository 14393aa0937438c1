"""Diameters of a lesion in the image's plane, as RECIST measures them."""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from sirtdose.errors import StructureError
from sirtdose.model.structure import Structure


@dataclass(frozen=True)
class Diameters:
    """Longest diameter in a plane, and the short axis across it there, mm.

    Parameters
    ----------
    longest_mm, short_mm : float
        Between outer corners of voxels.
    longest_centers_mm, short_centers_mm : float
        Between their centers: less by about a voxel.
    plane : int
        Index of the slice, along the first axis.
    """

    longest_mm: float
    short_mm: float
    longest_centers_mm: float
    short_centers_mm: float
    plane: int


def diameters(structure: Structure) -> Diameters:
    """Diameters in the slice in which the longest of them is.

    Voxels filled by half or more are inside. The short axis is the longest line across
    the longest diameter, at a right angle, in the same slice.

    Raises
    ------
    StructureError
        No voxel is filled by half.

    References
    ----------
    Eisenhauer et al., Eur J Cancer 2009;45:228 (RECIST 1.1): longest diameter of a
    target lesion, short axis of a node, both in the plane of measurement.

    Examples
    --------
    A row of 5 voxels of 2 mm: 10 mm long and 2 mm wide from corner to corner, along
    the diagonal 10.2 mm.

    >>> from sirtdose.model.grid import Grid
    >>> grid = Grid.regular((1, 3, 7), spacing_mm=(3.0, 2.0, 2.0))
    >>> row = np.zeros(grid.shape, bool)
    >>> row[0, 1, 1:6] = True
    >>> found = diameters(Structure.named("Tumor", row, grid))
    >>> round(found.longest_mm, 1), found.longest_centers_mm
    (10.2, 8.0)
    """
    inside = structure.occupancy >= 0.5
    across = np.array(structure.grid.spacing_mm[1:])
    best: Diameters | None = None
    for plane in np.flatnonzero(inside.any(axis=(1, 2))):
        centers = _ends(inside[plane]) * across
        offsets = np.array([(-0.5, -0.5), (-0.5, 0.5), (0.5, -0.5), (0.5, 0.5)])
        corners = (centers[:, None] + (offsets * across)[None]).reshape(-1, 2)
        longest, short = _axes(corners)
        if best is None or longest > best.longest_mm:
            best = Diameters(longest, short, *_axes(centers), plane=int(plane))
    if best is None:
        raise StructureError(
            f"structure '{structure.name}' ({structure.volume_ml:.2g} mL) fills no "
            "voxel by half: it has no diameter"
        )
    return best


def _ends(inside: NDArray[np.bool_]) -> NDArray[np.int64]:
    """The first and the last voxel of each row: no other is a corner of the hull.

    >>> _ends(np.array([[False, True, True, True], [False] * 4])).tolist()
    [[0, 1], [0, 3]]
    """
    rows = np.flatnonzero(inside.any(axis=1))
    first = inside[rows].argmax(axis=1)
    last = inside.shape[1] - 1 - inside[rows, ::-1].argmax(axis=1)
    return np.stack([np.tile(rows, 2), np.concatenate([first, last])], axis=1)


def _axes(points: NDArray[np.float64]) -> tuple[float, float]:
    """The longest distance of points in a plane, and the longest line across it."""
    hull = _hull(points)
    apart = hull[:, None] - hull[None]
    lengths = np.linalg.norm(apart, axis=2)
    first, last = np.unravel_index(np.argmax(lengths), lengths.shape)
    longest = float(lengths[first, last])
    if longest == 0:
        return 0.0, 0.0
    along = apart[first, last] / longest
    across = np.array([-along[1], along[0]])
    return longest, _widest(np.stack([hull @ along, hull @ across], axis=1))


def _widest(polygon: NDArray[np.float64]) -> float:
    """The longest vertical line in a convex polygon: it is at one of its corners."""
    (x0, y0), (x1, y1) = polygon.T, np.roll(polygon, -1, axis=0).T
    # A line at each corner, and where it meets each side.
    x = polygon[:, :1]
    met = (np.minimum(x0, x1) - 1e-9 <= x) & (x <= np.maximum(x0, x1) + 1e-9)
    upright = np.abs(x1 - x0) < 1e-12
    share = np.where(upright, 0.0, (x - x0) / np.where(upright, 1.0, x1 - x0))
    at = y0 + share * (y1 - y0)
    ends = np.where(upright, y1, at)
    high = np.where(met, np.maximum(at, ends), -np.inf).max(axis=1)
    low = np.where(met, np.minimum(at, ends), np.inf).min(axis=1)
    return float((high - low).max())


def _hull(points: NDArray[np.float64]) -> NDArray[np.float64]:
    """The corners of the convex hull, in order; the ends of points on a line."""
    ordered = np.unique(np.round(points, 9), axis=0)
    if len(ordered) < 3:
        return ordered
    halves: list[list[NDArray[np.float64]]] = []
    for some in (ordered, ordered[::-1]):
        half: list[NDArray[np.float64]] = []
        for point in some:
            while len(half) > 1 and _turn(half[-2], half[-1], point) <= 1e-12:
                half.pop()
            half.append(point)
        halves.append(half[:-1])
    return np.array(halves[0] + halves[1])


def _turn(
    a: NDArray[np.float64], b: NDArray[np.float64], c: NDArray[np.float64]
) -> float:
    return float((b[0] - a[0]) * (c[1] - a[1]) - (b[1] - a[1]) * (c[0] - a[0]))
