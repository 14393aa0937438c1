"""Where a structure lies, as seen from the liver: the same in any scan."""

from collections.abc import Sequence

import numpy as np

from sirtdose.dosimetry.derived import union, with_role
from sirtdose.model.role import Role
from sirtdose.model.structure import Structure


def centroid_mm(structure: Structure) -> tuple[float, float, float]:
    """Center of a structure's volume: x, y, z (LPS).

    Examples
    --------
    >>> from sirtdose.model.grid import Grid
    >>> grid = Grid.regular((1, 1, 4), spacing_mm=(2.0, 2.0, 2.0))
    >>> mask = Structure.named("T", np.array([[[0, 1, 1, 0]]], bool), grid)
    >>> centroid_mm(mask)
    (3.0, 0.0, 0.0)
    """
    index = np.argwhere(structure.occupancy > 0)
    weights = structure.occupancy[tuple(index.T)].astype(np.float64)
    center = (index * weights[:, None]).sum(axis=0) / weights.sum()
    x, y, z = (float(v) for v in structure.grid.world_mm(center))
    return x, y, z


def from_liver_mm(structures: Sequence[Structure]) -> dict[str, list[float]]:
    """Each tumor's center less the liver's, by name; empty without a liver."""
    livers = with_role(structures, Role.LIVER)
    if not livers:
        return {}
    # With its tumors, however it was drawn.
    tumors = with_role(structures, Role.TUMOR)
    origin = np.array(centroid_mm(union([*livers, *tumors])))
    return {
        tumor.name: (np.array(centroid_mm(tumor)) - origin).round(2).tolist()
        for tumor in tumors
    }
