"""The border of a mask as a surface of triangles."""

import numpy as np
from numpy.typing import NDArray

Array = NDArray[np.float64]


def surface_of(
    occupancy: Array, spacing_mm: tuple[float, float, float]
) -> tuple[Array, NDArray[np.int64]]:
    """Corners in mm from the first voxel's center, and triangles, of a border."""
    from skimage.measure import marching_cubes

    corners, faces, _, _ = marching_cubes(
        np.pad(occupancy, 1), 0.5 * float(occupancy.max()), spacing=spacing_mm
    )
    return corners - np.asarray(spacing_mm), faces


def triangles_of(corners: Array, faces: NDArray[np.int64]) -> tuple[Array, Array]:
    """The middle of each triangle, in mm, and its area in mm2."""
    a, b, c = (corners[faces[:, n]] for n in range(3))
    areas: Array = np.linalg.norm(np.cross(b - a, c - a), axis=1) / 2
    return (a + b + c) / 3, areas
