"""Histogram of a dose that is known at points, such as an RTDOSE of another system."""

from dataclasses import replace
from typing import Any

import numpy as np
from numpy.typing import NDArray

from sirtdose.dosimetry.grid.resample import covered_fraction, trilinear
from sirtdose.dosimetry.histogram.dvh import Dvh
from sirtdose.errors import StructureError
from sirtdose.model.grid import Grid, three
from sirtdose.model.structure import Structure
from sirtdose.model.volume import Quantity, Volume

# Cells that a structure is cut into: what D98 and D2 of a steep dose need.
_CELLS = 100_000
# Points at once: what stays in the cache, in products too small to wait for threads.
_AT_ONCE = 20_000
_COVERED_MIN = 0.999
# Powers of the root of x^4 = x + 1: the additive sequence that fills a cube evenly
# (Roberts 2018, "The unreasonable effectiveness of quasirandom sequences").
_STRIDES = 1.2207440846057596 ** -np.arange(1, 4)


def sampled_dvh(structure: Structure, dose: Volume, *, cells: int = _CELLS) -> Dvh:
    """Dose-volume histogram by trilinear interpolation inside the structure.

    The structure is cut into cells on its own lattice, finer or coarser than its
    voxels, each with the part of it that lies inside; a cell's dose is interpolated
    at its center between the dose grid's points. Where a dose was computed as one
    value a voxel, :meth:`Dvh.of_structure` is exact instead.

    Parameters
    ----------
    structure : Structure
        On any lattice, in the dose's frame of reference.
    dose : Volume
        In Gy. Up to half a voxel beyond its outermost points, it is as there.
    cells : int
        About how many cells the structure is cut into.

    Raises
    ------
    GeometryError
        The two are in different frames of reference.
    StructureError
        Empty, or not wholly inside the dose grid.

    Examples
    --------
    A dose that rises by 1 Gy/mm in a cube of 4 mm around 10 Gy: from 8 to 12 Gy.

    >>> points = Grid.regular((9, 9, 9), spacing_mm=(2.0, 2.0, 2.0))
    >>> ramp = np.broadcast_to(2.0 + 2.0 * np.arange(9), (9, 9, 9))
    >>> at = Grid.regular((2, 2, 2), spacing_mm=(2.0,) * 3, origin_mm=(7.0, 7.0, 7.0))
    >>> cube = Structure.named("T", np.ones((2, 2, 2), bool), at)
    >>> dvh = sampled_dvh(cube, Volume(ramp, points, Quantity.DOSE))
    >>> round(dvh.mean_gy, 6), round(dvh.dose_to_volume_fraction_gy(0.75), 2)
    (10.0, 9.0)
    """
    dose.require(Quantity.DOSE)
    dose.grid.require_frame(structure.grid, what=f"structure '{structure.name}'")
    if structure.empty:
        raise StructureError(
            f"structure '{structure.name}' is empty: draw it or leave it out"
        )
    require_covered(structure, dose)
    cut = _cut(structure.cropped(), cells)
    inside = np.argwhere(cut.occupancy > 0)
    volume = cut.occupancy[tuple(inside.T)] * cut.grid.voxel_volume_ml
    to_dose = np.linalg.inv(dose.grid.affine_mm) @ cut.grid.affine_mm
    values = np.empty(len(inside))
    for start in range(0, len(inside), _AT_ONCE):
        some = slice(start, start + _AT_ONCE)
        points = inside[some] + _scattered(start, len(inside[some]))
        values[some] = trilinear(dose.data, points @ to_dose[:3, :3].T + to_dose[:3, 3])
    return replace(
        Dvh.of_values(structure.name, values, volume),
        voxels=round(structure.volume_ml / dose.grid.voxel_volume_ml),
    )


def _scattered(start: int, count: int) -> NDArray[np.float64]:
    """A place in each cell, evenly scattered from cell to cell.

    At the centers whole layers of cells would share one dose, and the histogram of
    an even gradient would be a staircase.
    """
    at = 0.5 + np.arange(start, start + count, dtype=np.float64)[:, None] * _STRIDES
    return at - np.floor(at) - 0.5


def _cut(structure: Structure, cells: int) -> Structure:
    """The structure on finer or coarser voxels of its own lattice."""
    side_mm = (1000 * structure.volume_ml / cells) ** (1 / 3)
    occupancy, grid = structure.occupancy, structure.grid
    merged = 1
    # Rows first: they are merged in one go, and leave a fraction for the others.
    for axis in (1, 0, 2):
        spacing = grid.spacing_mm[axis]
        finer = max(1, round(spacing / side_mm))
        coarser = max(1, int(side_mm / spacing))
        if finer > 1:
            occupancy = np.repeat(occupancy, finer, axis=axis)
            grid = _rescaled(grid, axis, 1 / finer)
        elif coarser > 1:
            merged *= coarser
            occupancy = _merged(occupancy, axis, coarser, merged)
            grid = _rescaled(grid, axis, coarser)
    if merged > 1:
        occupancy = occupancy / np.float32(merged)
    return replace(structure, occupancy=occupancy, grid=grid)


def _merged(occupancy: NDArray[Any], axis: int, count: int, most: int) -> NDArray[Any]:
    """Sums of `count` voxels along an axis, none of which exceeds `most`."""
    if occupancy.dtype == np.float32:
        first = np.arange(0, occupancy.shape[axis], count)
        return np.add.reduceat(occupancy, first, axis=axis)
    # A body's outline is a hundred million voxels: as many as fit are added at once.
    shape = list(occupancy.shape)
    shape[axis] = -(-shape[axis] // count)
    merged = np.zeros(shape, np.min_scalar_type(most))
    along, into = np.moveaxis(occupancy, axis, 0), np.moveaxis(merged, axis, 0)
    for start in range(count):
        part = along[start::count]
        into[: len(part)] += part
    return merged


def _rescaled(grid: Grid, axis: int, factor: float) -> Grid:
    """Voxels of another size along an axis, from the same outer edge on."""
    affine = grid.affine_mm.copy()
    affine[:3, 3] += affine[:3, axis] * (factor - 1) / 2
    affine[:3, axis] *= factor
    shape = list(grid.shape)
    shape[axis] = int(np.ceil(shape[axis] / factor - 1e-9))
    return Grid(three(shape), affine, grid.frame_of_reference_uid)


def require_covered(structure: Structure, dose: Volume) -> None:
    """Refuse a structure that the dose does not cover.

    Raises
    ------
    StructureError
        A thousandth of its volume and more lies outside of the dose's voxels.
    """
    covered = covered_fraction(structure, dose.grid)
    if covered < _COVERED_MIN:
        raise StructureError(
            f"{1 - covered:.1%} of the volume of '{structure.name}' lies outside the "
            "dose grid, so its histogram is not known: give a dose that covers it"
        )
