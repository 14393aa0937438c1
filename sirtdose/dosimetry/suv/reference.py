"""Tissue that lesions are compared with: a sphere of normal liver, and blood."""

from collections.abc import Sequence
from dataclasses import dataclass, field, replace
from math import ceil

import numpy as np
from numpy.typing import NDArray

from sirtdose.dosimetry.grid.resample import occupancy_on
from sirtdose.dosimetry.suv.peak import sphere_steps, voxels_of
from sirtdose.model.grid import Box, Grid, three
from sirtdose.model.role import Role
from sirtdose.model.structure import Structure, bounding_box
from sirtdose.model.volume import Volume

LIVER_RADIUS_MM = 15.0
# Uptake of a lesion spills so far into the liver.
MARGIN_MM = 10.0


@dataclass(frozen=True)
class ReferenceTissue:
    """Mean and standard deviation of uptake in normal tissue.

    Parameters
    ----------
    name : str
    mean, sd : float
        Over voxels; the deviation is that of a sample.
    voxels : int
    region : Structure
        The voxels that were measured, or the tissue as it was drawn.
    center_mm : tuple of float, optional
        Of a sphere that was placed; None of one that was drawn.
    """

    name: str
    mean: float
    sd: float
    voxels: int
    region: Structure = field(repr=False, compare=False)
    center_mm: tuple[float, float, float] | None = None

    def scaled(self, factor: float) -> "ReferenceTissue":
        """The same in another unit."""
        return replace(self, mean=self.mean * factor, sd=self.sd * factor)


def drawn_reference(volume: Volume, structure: Structure) -> ReferenceTissue:
    """Uptake in a structure that a person drew in normal tissue.

    Raises
    ------
    StructureError
        No voxel's center lies in it.
    """
    values = volume.data[tuple(voxels_of(structure, volume.grid).T)]
    return _tissue(values, structure)


def placed_liver(
    volume: Volume, liver: Structure, away_from: Sequence[Structure]
) -> ReferenceTissue | None:
    """Uptake in a sphere of 3 cm, as deep in normal liver as it can be.

    Its center is the place of the right half of the liver that is farthest from the
    surface, and from lesions and treated volume with a margin of 1 cm; of the whole
    liver where the right half has no room.

    Returns
    -------
    ReferenceTissue or None
        None where no sphere of 3 cm fits.

    References
    ----------
    Wahl et al., J Nucl Med 2009;50(Suppl 1):122S: a sphere of 3 cm in the right lobe of
    the liver.
    """
    from scipy.ndimage import distance_transform_edt

    on = occupancy_on(liver, volume.grid)
    inside = _whole(on.occupancy >= 0.5, on, volume.grid)
    box = bounding_box(inside)
    if box is None:
        return None
    spacing = volume.grid.spacing_mm
    # Lesions beside the liver count too, as far as their margin reaches into it.
    box = _widened(box, volume.grid, LIVER_RADIUS_MM + MARGIN_MM)
    # A voxel more on each side: what touches the edge of the box is a surface too.
    room = distance_transform_edt(np.pad(inside[box], 1), sampling=spacing)
    room = room[1:-1, 1:-1, 1:-1]
    taken = np.zeros(volume.grid.shape, bool)
    for one in away_from:
        lesion = occupancy_on(one, volume.grid)
        taken |= _whole(lesion.occupancy > 0, lesion, volume.grid)
    if taken[box].any():
        apart = distance_transform_edt(~taken[box], sampling=spacing) - MARGIN_MM
        room = np.minimum(room, apart)
    starts = np.array([side.start for side in box])
    fits = np.argwhere(room >= LIVER_RADIUS_MM)
    if not len(fits):
        return None
    places = volume.grid.world_mm(fits + starts)
    # In LPS the patient's right is toward smaller x.
    middle = volume.grid.world_mm(np.argwhere(inside[box]) + starts)[:, 0].mean()
    right = places[:, 0] <= middle
    chosen = fits[right] if right.any() else fits
    depth = room[tuple(chosen.T)]
    center = chosen[int(np.argmax(depth))] + starts
    sphere = np.zeros(volume.grid.shape, bool)
    sphere[tuple(_sphere(center, volume.grid).T)] = True
    where = three(volume.grid.world_mm(center.astype(float)))
    placed = Structure("liver, sphere of 3 cm", Role.LIVER, sphere, volume.grid)
    return _tissue(volume.data[sphere], placed.cropped(), where)


def _widened(box: Box, grid: Grid, by_mm: float) -> Box:
    """A box that is wider on each side, within the grid."""
    more = [ceil(by_mm / step) for step in grid.spacing_mm]
    return three(
        slice(max(side.start - n, 0), min(side.stop + n, size))
        for side, n, size in zip(box, more, grid.shape, strict=True)
    )


def _tissue(
    values: NDArray[np.floating],
    region: Structure,
    center_mm: tuple[float, float, float] | None = None,
) -> ReferenceTissue:
    values = values.astype(float)
    sd = float(values.std(ddof=1)) if len(values) > 1 else 0.0
    return ReferenceTissue(
        region.name, float(values.mean()), sd, len(values), region, center_mm
    )


def _whole(
    part: NDArray[np.bool_], structure: Structure, grid: Grid
) -> NDArray[np.bool_]:
    """A mask of the whole grid."""
    whole = np.zeros(grid.shape, bool)
    box = structure.box_on(grid)
    if box is not None:
        whole[box] = part
    return whole


def _sphere(center: NDArray[np.intp], grid: Grid) -> NDArray[np.intp]:
    places = center + sphere_steps(grid, LIVER_RADIUS_MM)
    kept = ((places >= 0) & (places < np.array(grid.shape))).all(axis=1)
    return np.asarray(places[kept])
