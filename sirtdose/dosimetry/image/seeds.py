"""Seeds of region growing: points in the patient, found among the voxels."""

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

from sirtdose.errors import RangeError
from sirtdose.model.grid import Grid, three
from sirtdose.model.structure import Structure


def seed_index(
    seed_mm: Sequence[float],
    grid: Grid,
    inside: NDArray[np.bool_],
    *,
    named: Structure | None,
) -> tuple[int, int, int]:
    """The voxel that a point in mm lies in.

    Raises
    ------
    RangeError
        It lies outside the image, or outside of what is searched.

    Examples
    --------
    >>> grid = Grid.regular((2, 3, 4), spacing_mm=(5.0, 4.0, 4.0))
    >>> seed_index((8.5, 4.0, 5.0), grid, np.ones(grid.shape, bool), named=None)
    (1, 1, 2)
    """
    place = ",".join(f"{x:g}" for x in seed_mm)
    index = grid.index(np.asarray(seed_mm, float))
    at = np.rint(index).astype(int)
    if (at < 0).any() or (at >= grid.shape).any():
        corners = grid.corners_mm()
        low, high = corners.min(axis=0), corners.max(axis=0)
        reach = ", ".join(
            f"{axis} {a:.0f} to {b:.0f}"
            for axis, a, b in zip("xyz", low, high, strict=True)
        )
        raise RangeError(
            f"the seed {place} mm lies outside the image, which reaches over {reach} "
            "mm: give it in the patient's mm, x to the left, y to the back, z to the "
            "head"
        )
    found = three(at.tolist())
    if not inside[found] and named is not None:
        raise RangeError(
            f"the seed {place} mm lies outside '{named.name}', in which tumors are "
            "looked for: give a seed inside"
        )
    return found
