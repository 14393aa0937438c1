"""Bring a structure onto another grid, partial voxels by their part."""

from collections.abc import Iterator, Sequence
from dataclasses import replace
from itertools import product
from typing import Any, Literal

import numpy as np
from numpy.typing import NDArray

from sirtdose.dosimetry.grid.exact_overlap import exact_overlap
from sirtdose.errors import StructureError
from sirtdose.model.grid import Box, Grid, box_at
from sirtdose.model.structure import Structure, voxels_in

Sampling = Literal["fraction", "center"]

# Points per voxel along each axis where two grids are oblique to each other.
_POINTS_MIN, _POINTS_MAX = 8, 12
# Slices of a grid that are filled at once where not all are needed at once.
_SLAB = 16
# Voxels whose points are looked up together.
_IN_CACHE = 16_384
_NONE = slice(0, 0)


def occupancy_on(
    structure: Structure, grid: Grid, *, sampling: Sampling = "fraction"
) -> Structure:
    r"""The same structure on another grid: the fraction of each voxel inside it.

    Where the two grids' axes run along each other the fraction is exact: the
    overlap of two boxes is the product of three overlaps of intervals,

    .. math:: f_{abc} = \sum_{ijk} Z_{ai}\, Y_{bj}\, X_{ck}\, m_{ijk}

    so volume and, for voxel values, energy are conserved. Oblique grids are
    sampled at evenly spaced points in each voxel.

    Parameters
    ----------
    structure : Structure
    grid : Grid
        Where to. The result lies on a part of it, cropped to the structure.
    sampling : {"fraction", "center"}
        ``"center"`` counts a voxel in whole or not at all, by its center.

    Raises
    ------
    GeometryError
        The two are in different frames of reference.
    StructureError
        No part of the structure lies inside the grid.

    Examples
    --------
    A mask voxel of 2 mm inside a dose voxel of 4 mm fills an eighth of it.

    >>> fine = Grid.regular((1, 1, 1), spacing_mm=(2.0, 2.0, 2.0))
    >>> coarse = Grid.regular((1, 1, 1), spacing_mm=(4.0, 4.0, 4.0))
    >>> mask = Structure.named("Liver", np.ones((1, 1, 1), bool), fine)
    >>> float(occupancy_on(mask, coarse).occupancy[0, 0, 0])
    0.125
    """
    grid.require_frame(structure.grid, what=f"structure '{structure.name}'")
    structure = structure.cropped()
    if structure.empty:
        raise StructureError(
            f"structure '{structure.name}' is empty: draw it or leave it out"
        )
    if structure.grid.offset_in(grid) == (0, 0, 0) and structure.grid.matches(grid):
        return structure
    box = _covered_box(structure.grid, grid)
    if box is None:
        raise _outside(structure)
    target = grid.crop(box)
    axes = target.axis_map(structure.grid)
    occupancy = (
        _sampled(structure, target, sampling)
        if axes is None or sampling == "center"
        else exact_overlap(structure, target, axes)
    )
    moved = replace(structure, occupancy=occupancy, grid=target).cropped()
    if moved.empty:
        raise _outside(structure)
    return moved


def occupancy_by_slabs(structure: Structure, grid: Grid) -> Iterator[Structure]:
    """The same fractions as of :func:`occupancy_on`, some slices of the grid at a time.

    All of a fine grid at once would take memory, and new memory takes time. Grids that
    are oblique to each other, and those that match, come as one slab.
    """
    grid.require_frame(structure.grid, what=f"structure '{structure.name}'")
    structure = structure.cropped()
    box = _covered_box(structure.grid, grid)
    axes = grid.axis_map(structure.grid)
    if box is None or axes is None or structure.grid.offset_in(grid) is not None:
        yield occupancy_on(structure, grid)
        return
    for start in range(box[0].start, box[0].stop, _SLAB):
        few = slice(start, min(start + _SLAB, box[0].stop))
        target = grid.crop((few, *box[1:]))
        yield replace(
            structure, occupancy=exact_overlap(structure, target, axes), grid=target
        )


def placed_on(structure: Structure, grid: Grid) -> NDArray[Any]:
    """The occupancy of a structure that is on a grid, in all of the grid's voxels.

    Raises
    ------
    StructureError
        It is on another lattice of voxels.
    """
    box = structure.box_on(grid)
    if box is None:
        raise StructureError(f"structure '{structure.name}' is not on the image's grid")
    part = np.zeros(grid.shape)
    part[box] = structure.occupancy
    return part


def trilinear(data: NDArray[Any], index: NDArray[np.float64]) -> NDArray[np.float64]:
    """An image at fractional indices (n, 3); beyond its outermost points as there.

    >>> trilinear(np.array([[[0.0, 10.0]]]), np.array([[0, 0, 0.25], [0, 0, 7]]))
    array([ 2.5, 10. ])
    """
    from scipy.ndimage import map_coordinates

    return np.asarray(
        map_coordinates(data, index.T, output=np.float64, order=1, mode="nearest")
    )


def nearest(data: NDArray[Any], index: NDArray[np.float64]) -> NDArray[np.float64]:
    """An image in the voxel that holds each fractional index (n, 3), or is nearest.

    >>> nearest(np.array([[[0.0, 10.0]]]), np.array([[0, 0, 0.25], [0, 0, 7]]))
    array([ 0., 10.])
    """
    whole = np.clip(np.rint(index), 0, np.array(data.shape) - 1).astype(np.intp)
    return np.asarray(data[tuple(whole.T)], np.float64)


def covered_fraction(structure: Structure, grid: Grid) -> float:
    """Which part of a structure's volume lies inside a grid, by its voxels' centers.

    Examples
    --------
    >>> fine = Grid.regular((1, 1, 4), spacing_mm=(2.0, 2.0, 2.0))
    >>> mask = Structure.named("Liver", np.ones((1, 1, 4), bool), fine)
    >>> covered_fraction(mask, Grid.regular((1, 1, 3), spacing_mm=(2.0, 2.0, 2.0)))
    0.75
    """
    size = np.array(grid.shape) - 0.5
    index = grid.index(structure.grid.corners_mm())
    if (index >= -0.5).all() and (index <= size).all():
        return 1.0
    axes = structure.grid.axis_map(grid)
    if axes is not None:
        inside_box = structure.occupancy[_centers_within(structure.grid, grid, axes)]
        return voxels_in(inside_box) / voxels_in(structure.occupancy)
    within_sum = whole_sum = 0.0
    # A slice at a time: a body's outline is a hundred million voxels.
    for k, plane in enumerate(structure.occupancy):
        inside = np.argwhere(plane > 0)
        part = plane[tuple(inside.T)].astype(np.float64)
        inside = np.insert(inside, 0, k, axis=1)
        index = grid.index(structure.grid.world_mm(inside))
        within = (index >= -0.5).all(axis=1) & (index <= size).all(axis=1)
        within_sum += float(part[within].sum())
        whole_sum += float(part.sum())
    return within_sum / whole_sum


def _centers_within(source: Grid, target: Grid, axes: Sequence[int]) -> Box:
    """The source's voxels whose centers lie in the target, along its own axes."""
    across = np.linalg.inv(target.affine_mm) @ source.affine_mm
    sides = []
    for axis, other in enumerate(axes):
        index = across[other, axis] * np.arange(source.shape[axis]) + across[other, 3]
        found = np.flatnonzero((index >= -0.5) & (index <= target.shape[other] - 0.5))
        sides.append(slice(int(found[0]), int(found[-1]) + 1) if found.size else _NONE)
    return sides[0], sides[1], sides[2]


def overlap(one: Grid, other: Grid) -> bool:
    """Whether two grids share any place, by the boxes around them.

    >>> here = Grid.regular((2, 2, 2), spacing_mm=(1.0, 1.0, 1.0))
    >>> there = Grid.regular((2, 2, 2), spacing_mm=(1.0,) * 3, origin_mm=(9.0, 0, 0))
    >>> overlap(here, here), overlap(here, there)
    (True, False)
    """
    return _covered_box(one, other) is not None


def on_one_lattice(structures: Sequence[Structure]) -> list[Structure]:
    """Masks of all structures on one lattice, so that they can be combined.

    Structures that share a lattice already come back as they are. Else all are
    sampled at the centers of the finest one's voxels, extended over them all.
    """
    if all(one.grid.offset_in(structures[0].grid) is not None for one in structures):
        return list(structures)
    finest = min((s.grid for s in structures), key=lambda grid: grid.voxel_volume_ml)
    index = finest.index(np.concatenate([s.grid.corners_mm() for s in structures]))
    low = np.floor(index.min(axis=0)).astype(int) - 1
    high = np.ceil(index.max(axis=0)).astype(int) + 2
    whole = finest.crop(box_at(low.tolist(), (high - low).tolist()))
    sampled = (occupancy_on(one, whole, sampling="center") for one in structures)
    return [replace(one, occupancy=one.occupancy >= 0.5) for one in sampled]


def _outside(structure: Structure) -> StructureError:
    """Structure that lies completely outside the image (H19)."""
    return StructureError(
        f"structure '{structure.name}' lies completely outside the image (H19): use "
        "structures drawn on this patient's image, or register them to it first"
    )


def _covered_box(source: Grid, target: Grid) -> Box | None:
    """The box of target voxels that the source's outer edges can touch."""
    index = target.index(source.corners_mm())
    first = np.floor(index.min(axis=0) + 0.5 + 1e-6).astype(int)
    end = np.ceil(index.max(axis=0) + 0.5 - 1e-6).astype(int)
    low, high = np.clip([first, end], 0, target.shape)
    if (high <= low).any():
        return None
    return box_at(low.tolist(), (high - low).tolist())


def _sampled(structure: Structure, target: Grid, sampling: Sampling) -> NDArray[Any]:
    mask = np.pad(structure.occupancy, 1)
    across = np.linalg.inv(structure.grid.affine_mm) @ target.affine_mm
    if sampling == "center":
        return _at_centers(mask, across, target)
    # Only a voxel that may hold both needs more than one point.
    least, most = _around(mask, across)
    occupancy = _at_centers(least, across, target).astype(np.float32)
    k, j, i = np.nonzero(occupancy != _at_centers(most, across, target))
    mixed = (k, j, i)
    occupancy[mixed] = _at_many_points(structure.occupancy, across, mixed)
    return occupancy


def _at_many_points(
    mask: NDArray[Any], across: NDArray[np.float64], voxels: tuple[Any, Any, Any]
) -> NDArray[np.float32]:
    """The mean of the mask over evenly spaced points of each voxel."""
    points = _points_per_voxel(across)
    offsets = [(np.arange(n) + 0.5) / n - 0.5 for n in points]
    steps = np.array(list(product(*offsets))) @ across[:3, :3].T
    # So wide that no point of a voxel that is looked at lies beyond.
    reach = np.ceil(np.abs(across[:3, :3]).sum(axis=1) / 2).astype(int) + 1
    wide = np.pad(mask, [(2 * one, 2 * one) for one in reach])
    flat, strides = wide.ravel(), np.array(wide.strides) // wide.itemsize
    centers = [
        np.clip(at, -one, size - 1 + one) + 2 * one
        for at, one, size in zip(
            indices_at(across, voxels),
            reach,
            mask.shape,
            strict=True,
        )
    ]
    total = np.zeros(len(voxels[0]), np.float32)
    for start in range(0, len(total), _IN_CACHE):
        few = slice(start, start + _IN_CACHE)
        near = [one[few] for one in centers]
        for step in steps:
            at = np.rint(near[0] + step[0]) * strides[0]
            at += np.rint(near[1] + step[1]) * strides[1]
            at += np.rint(near[2] + step[2])
            total[few] += flat[at.astype(np.intp)]
    return total / np.float32(len(steps))


def _around(
    mask: NDArray[Any], across: NDArray[np.float64]
) -> tuple[NDArray[Any], NDArray[Any]]:
    """The least and the most of the mask that a new voxel centered there can hold."""
    from scipy.ndimage import maximum_filter, minimum_filter

    reach = np.floor(np.abs(across[:3, :3]).sum(axis=1) / 2 + 1).astype(int)
    values = mask.view(np.uint8) if mask.dtype == bool else mask
    size = tuple(2 * reach + 1)
    return minimum_filter(values, size), maximum_filter(values, size)


def _at_centers(
    mask: NDArray[Any], across: NDArray[np.float64], target: Grid
) -> NDArray[Any]:
    rows, columns = np.indices(target.shape[1:])
    found = np.empty(target.shape, mask.dtype)
    for k in range(target.shape[0]):
        found[k] = _looked_up(mask, across, (k, rows, columns))
    return found


def _looked_up(
    mask: NDArray[Any], across: NDArray[np.float64], position: tuple[Any, Any, Any]
) -> NDArray[Any]:
    """Value of the padded mask's voxel that holds each position."""
    index = [
        np.clip(np.rint(at).astype(np.intp) + 1, 0, size - 1)
        for at, size in zip(indices_at(across, position), mask.shape, strict=True)
    ]
    return np.asarray(mask[tuple(index)])


def indices_at(
    across: NDArray[np.float64], position: tuple[Any, Any, Any]
) -> Iterator[Any]:
    """Places along each axis of another lattice, one axis after the other.

    `position` are indices along the axes of this one, as an open grid where it is
    large; `across` is the affine from these indices to those.
    """
    k, j, i = position
    for row in across[:3]:
        yield row[0] * k + row[1] * j + row[2] * i + row[3]


def _points_per_voxel(across: NDArray[np.float64]) -> list[int]:
    """Enough points that their distance is half a voxel of the finer grid."""
    steps = np.abs(across[:3, :3]).max(axis=0)
    return [int(np.clip(np.ceil(2 * s), _POINTS_MIN, _POINTS_MAX)) for s in steps]
