"""How far two contours of one structure agree: Dice, and distances of surfaces."""

from dataclasses import dataclass

import numpy as np

from sirtdose.dosimetry.grid.resample import occupancy_on
from sirtdose.dosimetry.grid.surface import Array, surface_of, triangles_of
from sirtdose.model.grid import Grid, three
from sirtdose.model.structure import Structure

# Surfaces are looked at on so many voxels at most, finer than any dose.
_VOXELS = 200_000
# Stairs of voxels have 9 % more area than the ball they are of; smoothed by so many
# voxels, 1 to 2 %.
_SMOOTHING, _PAD = 0.6, 3


@dataclass(frozen=True)
class Overlap:
    """Two contours of one structure.

    `dice` is twice what both hold over what each does. `mean_mm` and `p95_mm` are of
    the distances from each surface to the other one, both ways, by area.
    """

    name: str
    one: str
    other: str
    dice: float
    mean_mm: float
    p95_mm: float


def dice(one: Structure, other: Structure) -> float:
    """Twice the volume that both hold, over the sum of both volumes.

    Examples
    --------
    >>> grid = Grid.regular((1, 1, 4), spacing_mm=(10.0, 10.0, 10.0))
    >>> a, b = (Structure.named("T", np.array([[row]], bool), grid)
    ...         for row in ([1, 1, 1, 0], [0, 1, 1, 0]))
    >>> dice(a, b)
    0.8
    """
    return 2 * (one & other).volume_ml / (one.volume_ml + other.volume_ml)


class Surface:
    """The border of a structure: points on it with the area that each stands for."""

    def __init__(self, structure: Structure) -> None:
        from scipy.ndimage import gaussian_filter

        grid = _coarse(structure)
        own = structure if grid is None else occupancy_on(structure, grid)
        padded = np.pad(np.asarray(own.occupancy, np.float32), _PAD)
        corners, faces = surface_of(
            gaussian_filter(padded, _SMOOTHING), own.grid.spacing_mm
        )
        corners -= _PAD * np.asarray(own.grid.spacing_mm)
        middles, self.areas = triangles_of(corners, faces)
        self.area_mm2 = float(self.areas.sum())
        self.points_mm: Array = own.grid.world_mm(middles / own.grid.spacing_mm)

    def distances_mm(self, other: "Surface") -> Array:
        """How far each of its points is from the other surface."""
        from scipy.spatial import cKDTree

        found: Array = cKDTree(other.points_mm).query(self.points_mm)[0]
        return found


def overlap(
    one: tuple[str, Structure, Surface], other: tuple[str, Structure, Surface]
) -> Overlap:
    """How far two readers agree: each by name, with the structure and its surface."""
    (name, mask, surface), (other_name, other_mask, other_surface) = one, other
    far = np.concatenate(
        [surface.distances_mm(other_surface), other_surface.distances_mm(surface)]
    )
    areas = np.concatenate([surface.areas, other_surface.areas])
    order = np.argsort(far)
    below = np.cumsum(areas[order])
    at = int(np.searchsorted(below, 0.95 * below[-1]))
    return Overlap(
        mask.name,
        name,
        other_name,
        dice(mask, other_mask),
        float((far * areas).sum() / areas.sum()),
        float(far[order][min(at, far.size - 1)]),
    )


def _coarse(structure: Structure) -> Grid | None:
    """A lattice with fewer voxels; None where the structure's own are few enough."""
    grid = structure.grid
    step = int(np.ceil((np.prod(grid.shape) / _VOXELS) ** (1 / 3)))
    if step <= 1:
        return None
    affine = grid.affine_mm.copy()
    # The first coarse voxel begins where the first fine one does.
    affine[:3, 3] += grid.affine_mm[:3, :3] @ np.full(3, (step - 1) / 2)
    affine[:3, :3] *= step
    shape = three(-(-n // step) for n in grid.shape)
    return Grid(shape, affine, grid.frame_of_reference_uid)
