"""What an image holds, by regions with the borders that were drawn."""

from dataclasses import dataclass, replace
from functools import cached_property
from typing import Any

import numpy as np
from numpy.typing import NDArray

from sirtdose.dosimetry.grid.regrid import activity_on
from sirtdose.dosimetry.grid.resample import occupancy_on, trilinear
from sirtdose.dosimetry.histogram.points import points_in
from sirtdose.dosimetry.image.uptake_regions import Regions
from sirtdose.errors import StructureError
from sirtdose.model.grid import Grid
from sirtdose.model.structure import Structure
from sirtdose.model.volume import Quantity, Volume

Array = NDArray[np.float32]


@dataclass(frozen=True, eq=False)
class RegionalUptake:
    """Uptake at every point: even across an image's voxels, sharp where regions end.

    `fields` are by region, on the regions' box of the image, what a voxel would hold if
    all of it lay in the region; what is between two voxels is interpolated. Beyond the
    box the image stays as it is.
    """

    image: Volume
    regions: Regions
    fields: tuple[Array, ...]

    @cached_property
    def around(self) -> Volume:
        """The image with what is around the regions wherever one of them is."""
        values = np.array(self.image.data, np.float32)
        values[self.regions.box] = self.fields[-1]
        return self.image.with_data(values)

    def on(self, grid: Grid) -> Volume:
        """The same on a grid, in the image's quantity: each voxel by all that it holds.

        Parameters
        ----------
        grid : Grid
            In the image's frame of reference; finer, coarser or turned.
        """
        around = activity_on(self.around, grid)
        if around.grid.matches(self.image.grid):
            own = np.array(around.data)
            parts = zip(self.regions.parts, self.fields, strict=True)
            own[self.regions.box] = sum(part * field for part, field in parts)
            return around.with_data(own)
        lattice = self.image.grid.crop(self.regions.box)
        smaller = grid.voxel_volume_ml / lattice.voxel_volume_ml
        scale = smaller if around.quantity.adds_up else 1.0
        found = np.array(around.data)
        for structure, field in zip(self.regions.drawn, self.fields, strict=False):
            try:
                part = occupancy_on(structure, grid)
            except StructureError:
                # Nothing is left of it, or it lies beyond this grid.
                continue
            box = part.box_on(grid)
            if box is not None:
                inside = _interpolated(field, lattice, part.grid)
                found[box] += part.occupancy * (scale * inside - around.data[box])
        return around.with_data(found)

    def at(self, points_mm: NDArray[np.float64]) -> NDArray[np.float64]:
        """What a voxel of the image would hold, were it all as at the points (n, 3)."""
        lattice = self.image.grid.crop(self.regions.box)
        index = lattice.index(points_mm)
        left = np.ones(len(points_mm))
        found = np.zeros(len(points_mm))
        for structure, field in zip(self.regions.drawn, self.fields, strict=False):
            part = part_at(structure, points_mm)
            inside = part > 0
            found[inside] += part[inside] * trilinear(field, index[inside])
            left -= part
        rest = left > 0
        elsewhere = self.image.grid.index(points_mm[rest])
        found[rest] += left[rest] * trilinear(self.around.data, elsewhere)
        return found

    def total_in(self, structure: Structure) -> float:
        """What the image's voxels in a structure hold together, by its own border."""
        if structure.empty:
            return 0.0
        points_mm, volume_ml = points_in(structure)
        per_ml = self.at(points_mm) / self.image.grid.voxel_volume_ml
        return float((per_ml * volume_ml).sum())

    def times(self, gain: NDArray[Any], quantity: Quantity) -> "RegionalUptake":
        """The same as another quantity, by what a unit of each voxel is worth."""
        box = gain[self.regions.box]
        return replace(
            self,
            image=self.image.with_data(self.image.data * gain, quantity),
            fields=tuple(one * box for one in self.fields),
        )


def _interpolated(field: Array, lattice: Grid, grid: Grid) -> NDArray[Any]:
    """A field between its voxels, at the middle of each voxel of another grid."""
    from scipy.ndimage import affine_transform

    across = np.linalg.inv(lattice.affine_mm) @ grid.affine_mm
    return np.asarray(
        affine_transform(
            np.ascontiguousarray(field),
            across[:3, :3],
            across[:3, 3],
            output_shape=grid.shape,
            order=1,
            mode="nearest",
        )
    )


def part_at(
    structure: Structure, points_mm: NDArray[np.float64]
) -> NDArray[np.float64]:
    """How much of a structure is at each point: the occupancy of its voxel."""
    index = np.rint(structure.grid.index(points_mm)).astype(np.intp)
    inside = ((index >= 0) & (index < structure.grid.shape)).all(axis=1)
    found = np.zeros(len(points_mm))
    found[inside] = structure.occupancy[tuple(index[inside].T)]
    return found
