"""Borders of structures: where they are, and where they might be."""

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


def signed_distance_mm(
    occupancy: Array, spacing_mm: tuple[float, float, float], reach_mm: float
) -> Array:
    """Distance of each voxel's center to a structure's border: below 0 inside.

    Parameters
    ----------
    occupancy : array
        The part of each voxel in the structure; its border is where half is inside.
    spacing_mm : (float, float, float)
    reach_mm : float
        Beyond it distances are to half a voxel only.

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
    sign = np.where(occupancy >= 0.5 * float(occupancy.max()), -1.0, 1.0)
    roughly = distance_transform_edt(sign > 0, sampling=spacing_mm)
    roughly += distance_transform_edt(sign < 0, sampling=spacing_mm)
    # From center to center: the border lies half a voxel nearer.
    distance: Array = sign * np.maximum(roughly - min(spacing_mm) / 2, 0)
    corners, faces = surface_of(occupancy, spacing_mm)
    near = np.flatnonzero(roughly < reach_mm + max(spacing_mm))
    centers = np.stack(np.unravel_index(near, occupancy.shape), axis=1) * spacing_mm
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

    `spline` holds distances to it, `at` are their indices in the flattened array,
    `index` the same by axis, `part` how much of each is in the structure, `ramp` what
    its distance alone says of that, `distance_mm`, below 0 inside. `box` holds the
    voxels that are in the structure or may come to be.
    """

    occupancy: Array
    spline: Array
    spacing_mm: tuple[float, float, float]
    at: NDArray[np.intp]
    index: Array
    part: Array
    ramp: Array
    distance_mm: Array
    box: Box

    @classmethod
    def of(
        cls, occupancy: Array, spacing_mm: tuple[float, float, float], reach_mm: float
    ) -> "Border":
        """Find the voxels within a reach of the border."""
        from scipy.ndimage import spline_filter

        side = _side_mm(spacing_mm)
        distance = signed_distance_mm(occupancy, spacing_mm, reach_mm + 2 * side)
        near = (np.abs(distance) < reach_mm + side) | (
            (occupancy > 0) & (occupancy < 1)
        )
        at = np.flatnonzero(near)
        return cls(
            occupancy,
            spline_filter(distance, order=3, mode="nearest"),
            spacing_mm,
            at,
            np.stack(np.unravel_index(at, occupancy.shape)).astype(float),
            occupancy.ravel()[at],
            _ramp(distance.ravel()[at], side),
            distance.ravel()[at],
            bounding_box(near | (occupancy > 0)) or (slice(0, 0),) * 3,
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
        from scipy.ndimage import map_coordinates

        side = _side_mm(self.spacing_mm)
        # No distance changes by more than the move; a part of a voxel for the spline.
        edge = side / 2 + _SPLINE_VOXELS * max(self.spacing_mm)
        shift = float(np.linalg.norm(shift_mm))
        outside = edge + max(shift + outwards_mm, 0.0)
        inside = edge + max(shift - outwards_mm, 0.0)
        some = np.flatnonzero(
            (self.distance_mm < outside) & (self.distance_mm > -inside)
        )
        steps = (shift_mm / self.spacing_mm)[:, None]
        # Cubic: between voxels a distance is curved, and lines would lie above it.
        distance = map_coordinates(
            self.spline,
            self.index[:, some] - steps,
            order=3,
            mode="nearest",
            prefilter=False,
        )
        ramp = _ramp(distance - outwards_mm, side)
        # Differences, so that what is not moved stays what was drawn.
        return self.at[some], np.clip(self.part[some] + ramp - self.ramp[some], 0, 1)


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


def _side_mm(spacing_mm: tuple[float, float, float]) -> float:
    return float(np.prod(spacing_mm) ** (1 / 3))


def _ramp(distance_mm: Array, side_mm: float) -> Array:
    """The part of a voxel behind a plane at a distance from its center."""
    return np.clip(0.5 - distance_mm / side_mm, 0, 1)
