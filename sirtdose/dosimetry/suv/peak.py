"""The mean of a sphere of 1 mL: around the maximum, and wherever it is highest."""

from dataclasses import dataclass
from math import pi

import numpy as np
from numpy.typing import NDArray

from sirtdose.errors import StructureError
from sirtdose.model.grid import Grid, three
from sirtdose.model.structure import Structure
from sirtdose.model.volume import Volume

# Of a sphere of 1 mL.
RADIUS_MM = 10 * (3 / (4 * pi)) ** (1 / 3)
# Positions between voxels are tried in this part of a voxel, around the best voxels.
_PART = 0.25
_TRIED = 5
# Points of a sphere are this far apart.
_POINT_MM = 1.0


@dataclass(frozen=True)
class Peak:
    """The mean of one sphere, and the center that it has.

    `highest` is the hottest voxel in it, also one outside the structure; None of a
    center between voxels.
    """

    value: float
    center_mm: tuple[float, float, float]
    highest: float | None = None


@dataclass(frozen=True)
class Peaks:
    """The mean of a sphere of 1 mL, by each definition of where its center is.

    Parameters
    ----------
    at_maximum : Peak
        Around the maximum; of several equal maxima the highest mean.
    anywhere : Peak
        Around whichever voxel of the lesion it is highest.
    between : Peak
        The same with centers between voxels and interpolated values.
    """

    at_maximum: Peak
    anywhere: Peak
    between: Peak


def peaks(volume: Volume, structure: Structure) -> Peaks:
    """Find the peaks of a structure on the volume's grid.

    Voxels whose centers lie within the radius of 6.2 mm count, also those outside the
    structure; those outside the image do not.

    Parameters
    ----------
    volume : Volume
    structure : Structure
        On (a part of) the volume's grid.

    Raises
    ------
    StructureError
        No voxel's center lies in the structure.

    References
    ----------
    Wahl et al., J Nucl Med 2009;50(Suppl 1):122S (a sphere of 1 mL). Local and global
    intensity peak of the Image Biomarker Standardisation Initiative,
    doi:10.1148/radiol.2020191145.

    Examples
    --------
    In a uniform image every mean is the same:

    >>> from sirtdose.model.volume import Quantity
    >>> grid = Grid.regular((9, 9, 9), spacing_mm=(4.0, 4.0, 4.0))
    >>> volume = Volume(np.full(grid.shape, 2.5), grid, Quantity.SUV)
    >>> tumor = Structure.named("Tumor", np.ones(grid.shape, bool), grid)
    >>> found = peaks(volume, tumor)
    >>> found.at_maximum.value, found.anywhere.value, round(found.between.value, 6)
    (2.5, 2.5, 2.5)
    """
    inside = voxels_of(structure, volume.grid)
    values = volume.data[tuple(inside.T)]
    means, highest = _spheres(volume, inside)
    hottest = values >= values.max()
    order = np.argsort(-means, kind="stable")
    first = np.flatnonzero(hottest)[np.argmax(means[hottest])]
    around, best = (
        _peak(volume.grid, inside[k], means[k], float(highest[k]))
        for k in (first, order[0])
    )
    return Peaks(around, best, _between(volume, inside[order[:_TRIED]]))


def voxels_of(structure: Structure, grid: Grid) -> NDArray[np.intp]:
    """Indices of the voxels whose centers are inside: those filled by half or more.

    Raises
    ------
    StructureError
        There are none: it is smaller than a voxel.
    """
    box = structure.box_on(grid)
    at_least_half = np.argwhere(structure.occupancy >= 0.5)
    if box is None or not len(at_least_half):
        raise StructureError(
            f"structure '{structure.name}' ({structure.volume_ml:.2g} mL) fills no "
            "voxel of the PET by half: no uptake can be measured in it; leave it out, "
            f"for example with --role '{structure.name}=other'"
        )
    return np.asarray(at_least_half + [one.start for one in box])


def _peak(
    grid: Grid,
    index: NDArray[np.floating | np.integer],
    mean: float,
    highest: float | None = None,
) -> Peak:
    return Peak(float(mean), three(grid.world_mm(np.asarray(index, float))), highest)


def sphere_steps(grid: Grid, radius_mm: float) -> NDArray[np.intp]:
    """Steps from a voxel to all whose centers are within a radius of its own.

    >>> len(sphere_steps(Grid.regular((9, 9, 9), spacing_mm=(4.0, 4.0, 4.0)), 6.2))
    19
    """
    spacing = np.array(grid.spacing_mm)
    reach = np.floor(radius_mm / spacing).astype(int)
    steps = np.stack(
        np.meshgrid(*(np.arange(-r, r + 1) for r in reach), indexing="ij"), axis=-1
    ).reshape(-1, 3)
    near = np.linalg.norm(steps * spacing, axis=1) <= radius_mm
    return np.asarray(steps[near])


def _spheres(
    volume: Volume, centers: NDArray[np.intp]
) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    """The mean of a sphere around each of some voxels, and its hottest voxel."""
    steps = sphere_steps(volume.grid, RADIUS_MM)
    shape = np.array(volume.grid.shape)
    total = np.zeros(len(centers))
    count = np.zeros(len(centers))
    highest = np.full(len(centers), -np.inf)
    for step in steps:
        there = centers + step
        valid = ((there >= 0) & (there < shape)).all(axis=1)
        values = volume.data[tuple(there[valid].T)]
        total[valid] += values
        highest[valid] = np.maximum(highest[valid], values)
        count += valid
    return np.asarray(total / count), highest


def _between(volume: Volume, centers: NDArray[np.intp]) -> Peak:
    """The highest mean around centers within a voxel of some, by interpolation."""
    from scipy.ndimage import map_coordinates

    spacing = np.array(volume.grid.spacing_mm)
    side = np.arange(-RADIUS_MM, RADIUS_MM + _POINT_MM / 2, _POINT_MM)
    points = np.stack(np.meshgrid(side, side, side, indexing="ij"), axis=-1)
    points = points.reshape(-1, 3)
    points = points[np.linalg.norm(points, axis=1) <= RADIUS_MM] / spacing
    moves = np.arange(-2, 3) * _PART
    moved = np.stack(np.meshgrid(moves, moves, moves, indexing="ij"), axis=-1)
    places = (centers[:, None] + moved.reshape(-1, 3)[None]).reshape(-1, 3)
    lowest = np.maximum(np.floor(places.min(axis=0) + points.min(axis=0)), 0)
    lowest = lowest.astype(int)
    highest = np.ceil(places.max(axis=0) + points.max(axis=0)).astype(int) + 1
    part = volume.data[tuple(slice(a, b) for a, b in zip(lowest, highest, strict=True))]
    best, best_place = -np.inf, places[0]
    last = np.array(volume.grid.shape) - 0.5
    for place in places:
        where = place + points
        # What is not in the image does not count.
        where = where[((where >= -0.5) & (where <= last)).all(axis=1)]
        sampled = map_coordinates(part, (where - lowest).T, order=1, mode="nearest")
        mean = float(sampled.mean())
        if mean > best:
            best, best_place = mean, place
    return _peak(volume.grid, best_place, best)
