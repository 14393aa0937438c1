"""Borders of structures: where they are, and where they might be."""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from sirtdose.dosimetry.grid.surface import surface_of
from sirtdose.model.structure import bounding_box
from sirtdose.uncertainty.scene import Array, Box, Contour, Scene

# Of more triangles their corners alone lie close enough.
_TRIANGLES_MAX = 300_000
# Borders beyond this many standard uncertainties are as good as there.
_FAR = 4.0
# A point this much further, relative, than the nearest one is as good.
_NEARLY = 0.01
# A spline between exact distances is off by less than this part of a voxel.
_SPLINE_VOXELS = 0.3
# What a cubic spline has at an edge is less than 1e-6 so many voxels further in.
_SPLINE_REACH = 12


def signed_distance_mm(
    occupancy: Array,
    spacing_mm: tuple[float, float, float],
    reach_mm: float,
    *,
    box: Box | None = None,
) -> Array:
    """Distance of each voxel's center to a structure's border: below 0 inside.

    Parameters
    ----------
    occupancy : array
        The part of each voxel in the structure; its border is where half is inside.
    spacing_mm : (float, float, float)
    reach_mm : float
        Beyond it distances are to half a voxel only.
    box : tuple of slice, optional
        Distances of these voxels alone, which hold the structure and one voxel about.

    Examples
    --------
    The border of 6 voxels of 2 mm in a row lies 6 mm from their middle.

    >>> row = np.zeros((20, 20, 12)); row[:, :, 3:9] = 1
    >>> distance = signed_distance_mm(row, (2.0, 2.0, 2.0), 8.0)
    >>> [float(round(mm, 1)) for mm in distance[10, 10, 3:11]]
    [-1.0, -3.0, -5.0, -5.0, -3.0, -1.0, 1.0, 3.0]
    """
    from scipy.ndimage import distance_transform_edt
    from scipy.spatial import cKDTree

    # Of what fills no voxel by half, the inside is where most of it lies.
    box = box or tuple(slice(0, n) for n in occupancy.shape)
    sign = np.where(occupancy[box] >= 0.5 * float(occupancy.max()), -1.0, 1.0)
    roughly = distance_transform_edt(sign > 0, sampling=spacing_mm)
    roughly += distance_transform_edt(sign < 0, sampling=spacing_mm)
    # From center to center: the border lies half a voxel nearer.
    distance: Array = sign * np.maximum(roughly - min(spacing_mm) / 2, 0)
    corners, faces = surface_of(occupancy, spacing_mm)
    near = np.flatnonzero(roughly < reach_mm + max(spacing_mm))
    index = np.stack(np.unravel_index(near, sign.shape), axis=1)
    centers = (index + [one.start for one in box]) * spacing_mm
    # Its worker threads would go on where Ctrl-C has freed what they read and write.
    # Larger leaves than usual are searched in half the time.
    tree = cKDTree(_on_surface(corners, faces), leafsize=64)
    exact, _ = tree.query(centers, eps=_NEARLY)
    distance.ravel()[near] = sign.ravel()[near] * exact
    return distance


def _on_surface(corners: Array, faces: NDArray[np.int64]) -> Array:
    """Corners, thirds of edges and middles: closer than voxels, and each once."""
    if len(faces) > _TRIANGLES_MAX:
        return corners
    count = len(corners)
    ends = np.sort(faces[:, [[0, 1], [1, 2], [2, 0]]].reshape(-1, 2)).astype(np.int64)
    edges = np.unique(ends @ (count, 1))
    one, other = corners[edges // count], corners[edges % count]
    middles = corners[faces].mean(axis=1)
    return np.concatenate(
        [corners, (2 * one + other) / 3, (one + 2 * other) / 3, middles]
    )


@dataclass(frozen=True, eq=False)
class Border:
    """The voxels about a structure's border, which may come to lie on its other side.

    `at` are their indices in the flattened array, `index` those by axis in the box of
    `distances`, `part` how much of each is in the structure, `ramp` what its distance
    alone says of that, `distance_mm`, below 0 inside. `reached` are the voxels of the
    flattened array that are in the structure or may come to be.
    """

    occupancy: Array
    distances: "_Distances"
    spacing_mm: tuple[float, float, float]
    at: NDArray[np.intp]
    index: NDArray[np.int32]
    part: Array
    ramp: Array
    distance_mm: Array
    reached: NDArray[np.intp]

    @classmethod
    def of(
        cls, occupancy: Array, spacing_mm: tuple[float, float, float], reach_mm: float
    ) -> "Border":
        """Find the voxels within a reach of the border."""
        side = _side_mm(spacing_mm)
        far = [int(np.ceil((reach_mm + side) / one)) + 1 for one in spacing_mm]
        # Border voxels may lie `far` out, and be moved from as far again.
        box = _about(occupancy, [2 * one + _SPLINE_REACH for one in far])
        distance = signed_distance_mm(
            occupancy, spacing_mm, reach_mm + 2 * side, box=box
        )
        own = occupancy[box]
        near = (np.abs(distance) < reach_mm + side) | ((own > 0) & (own < 1))
        index = np.stack(np.nonzero(near))
        at = np.ravel_multi_index(
            tuple(index + [[one.start] for one in box]), occupancy.shape
        )
        reached = np.zeros(occupancy.shape, bool)
        reached[box] = near | (own > 0)
        return cls(
            occupancy,
            _Distances.of(distance, max(far)),
            spacing_mm,
            at,
            index.astype(np.int32),
            occupancy.ravel()[at],
            _ramp(distance[near], side),
            distance[near],
            np.flatnonzero(reached),
        )

    def moved(self, outwards_mm: float, shift_mm: Array) -> Array:
        """The part of each voxel, with the border moved outwards and aside.

        Parameters
        ----------
        outwards_mm : float
            Below 0 the structure shrinks.
        shift_mm : array of 3
            Along the array's axes.
        """
        occupancy = self.occupancy.copy()
        at, part = self.changed(outwards_mm, shift_mm)
        occupancy.ravel()[at] = part
        return occupancy

    def changed(
        self, outwards_mm: float, shift_mm: Array
    ) -> tuple[NDArray[np.intp], Array]:
        """Which voxels of the flattened array :meth:`moved` may change, and to what."""
        side = _side_mm(self.spacing_mm)
        # No distance changes by more than the move; a part of a voxel for the spline.
        edge = side / 2 + _SPLINE_VOXELS * max(self.spacing_mm)
        shift = float(np.linalg.norm(shift_mm))
        outside = edge + max(shift + outwards_mm, 0.0)
        inside = edge + max(shift - outwards_mm, 0.0)
        some = np.flatnonzero(
            (self.distance_mm < outside) & (self.distance_mm > -inside)
        )
        index = self.index.take(some, axis=1)
        steps = shift_mm / self.spacing_mm
        # By whole voxels first: what lies farther from there needs no spline.
        roughly, rest = self.distances.roughly(index, steps)
        roughly -= outwards_mm
        ramp = (roughly < 0).astype(float)
        edge += float(np.linalg.norm(rest * self.spacing_mm))
        close = np.flatnonzero(np.abs(roughly) < edge)
        exact = self.distances.at(index.take(close, axis=1) - steps[:, None])
        ramp[close] = _ramp(exact - outwards_mm, side)
        # Differences, so that what is not moved stays what was drawn.
        return self.at[some], np.clip(self.part[some] + ramp - self.ramp[some], 0, 1)


@dataclass(frozen=True, eq=False)
class _Distances:
    """Distances to a border in a box, between voxels too.

    `spline` holds what they are cubic with, `wider` themselves, with a margin of as
    many voxels on each side as they may be moved by.
    """

    spline: Array
    wider: NDArray[np.float32]
    margin: int

    @classmethod
    def of(cls, distance_mm: Array, margin: int) -> "_Distances":
        from scipy.ndimage import spline_filter

        wider = np.pad(distance_mm.astype(np.float32), margin, mode="edge")
        spline = spline_filter(distance_mm, order=3, mode="nearest")
        return cls(spline, wider, margin)

    def at(self, index: Array) -> Array:
        """At points between voxels: a distance is curved, and lines lie above it."""
        from scipy.ndimage import map_coordinates

        found: Array = map_coordinates(
            self.spline, index, order=3, mode="nearest", prefilter=False
        )
        return found

    def roughly(
        self, index: NDArray[np.int32], steps: Array
    ) -> tuple[NDArray[np.float32], Array]:
        """Those to voxels, by the nearest whole steps, and the rest of the steps."""
        whole = np.clip(np.rint(steps), -self.margin, self.margin)
        start = (self.margin - whole).astype(np.int32)
        _, rows, columns = self.wider.shape
        flat = index[0] * np.int32(rows * columns)
        flat += index[1] * np.int32(columns)
        flat += index[2]
        flat += np.int32((start[0] * rows + start[1]) * columns + start[2])
        return self.wider.ravel().take(flat), steps - whole


class Moving:
    """A structure as one realization after the other moves it, in one array."""

    def __init__(self, border: Border) -> None:
        self._border = border
        self._occupancy = border.occupancy.copy()
        self._changed: NDArray[np.intp] = np.empty(0, np.intp)

    def to(self, outwards_mm: float, shift_mm: Array) -> Array:
        """The same as :meth:`Border.moved`, until it is moved again."""
        flat, drawn = self._occupancy.ravel(), self._border.occupancy.ravel()
        flat[self._changed] = drawn[self._changed]
        self._changed, part = self._border.changed(outwards_mm, shift_mm)
        flat[self._changed] = part
        return self._occupancy


def borders_of(scene: Scene) -> dict[str, Border]:
    """The borders of a scene's structures, as far as they may lie off."""
    together = float(np.hypot(scene.registration_mm, scene.motion_mm))
    return {
        name: Border.of(own, scene.spacing_mm, reach_mm(scene.contour(name), together))
        for name, own in scene.drawn.items()
    }


def reach_mm(contour: Contour, together_mm: float) -> float:
    """How far from its place a border is looked for."""
    # Of a shift, each border sees the part along its own normal.
    aside_mm = np.hypot(contour.aside_mm, together_mm)
    return _FAR * float(np.hypot(contour.outwards_mm, aside_mm))


def _about(occupancy: Array, margins: Sequence[int]) -> Box:
    """The box of a structure, and so many voxels more along each axis."""
    held = bounding_box(occupancy) or (slice(0, 0),) * 3
    return tuple(
        slice(max(one.start - margin, 0), min(one.stop + margin, size))
        for one, margin, size in zip(held, margins, occupancy.shape, strict=True)
    )


def _side_mm(spacing_mm: tuple[float, float, float]) -> float:
    return float(np.prod(spacing_mm) ** (1 / 3))


def _ramp(distance_mm: Array, side_mm: float) -> Array:
    """The part of a voxel behind a plane at a distance from its center."""
    return np.clip(0.5 - distance_mm / side_mm, 0, 1)
