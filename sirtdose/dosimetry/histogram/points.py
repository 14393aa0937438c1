"""Points that fill a structure evenly, for what is known finer than voxels."""

import numpy as np
from numpy.typing import NDArray

from sirtdose.model.structure import Structure

# What D98 and D2 of a steep dose need.
_POINTS = 100_000
_GOLDEN = (5**0.5 - 1) / 2
# Powers of the root of x^4 = x + 1: the additive sequence that fills a cube evenly
# (Roberts 2018, "The unreasonable effectiveness of quasirandom sequences").
_STRIDES = 1.2207440846057596 ** -np.arange(1, 4)


def points_in(
    structure: Structure, *, count: int = _POINTS
) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    """Points in a structure, and the volume that each stands for.

    Several in each voxel of a small one, in some of the voxels of a large one: always
    the same, and never outside of a voxel that the structure has a part of.

    Parameters
    ----------
    structure : Structure
        On any lattice.
    count : int
        About how many.

    Returns
    -------
    points_mm : ndarray, shape (n, 3)
    volume_ml : ndarray, shape (n,)
        They add up to the structure's.

    Examples
    --------
    >>> from sirtdose.model.grid import Grid
    >>> grid = Grid.regular((2, 2, 2), spacing_mm=(4.0, 3.0, 3.0))
    >>> cube = Structure.named("T", np.ones((2, 2, 2), bool), grid)
    >>> points, volume = points_in(cube, count=800)
    >>> points.mean(axis=0).round(1).tolist(), round(float(volume.sum()), 3)
    ([1.5, 1.5, 2.0], 0.288)
    """
    own = structure.cropped()
    inside = np.flatnonzero(own.occupancy > 0)
    number = np.arange(count)
    if inside.size < count:
        chosen = inside[number * inside.size // number.size]
    else:
        chosen = inside[(number * _GOLDEN % 1 * inside.size).astype(np.intp)]
    along = number[:, None] * _STRIDES
    index = np.stack(np.unravel_index(chosen, own.occupancy.shape), axis=1)
    part = own.occupancy.ravel()[chosen].astype(np.float64)
    points_mm = own.grid.world_mm(index + (along - np.floor(along)) - 0.5)
    return points_mm, structure.volume_ml * part / part.sum()
