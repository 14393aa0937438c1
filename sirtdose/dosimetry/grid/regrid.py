"""Bring an image onto another grid: means kept for densities, sums for activity."""

from typing import Any

import numpy as np
from numpy.typing import NDArray

from sirtdose.dosimetry.grid.exact_overlap import overlap_weights
from sirtdose.dosimetry.grid.resample import indices_at
from sirtdose.errors import QuantityError
from sirtdose.model.grid import Grid
from sirtdose.model.volume import Volume

# What an activity image may gain or lose where the new grid holds all of it.
_TOTAL_TOLERANCE = 1e-4
_POINTS_MIN, _POINTS_MAX = 4, 12
_POINTS_AT_ONCE = 1 << 21


def activity_on(volume: Volume, grid: Grid) -> Volume:
    """The same activity on another grid, its total kept.

    Every voxel's activity is uniform in its box. Where the axes of the grids run
    along each other, boxes overlap boxes and the sharing is exact; else each
    voxel's activity is shared among the evenly spaced points of the new voxels that
    lie in it, so that no voxel gains or loses.

    Parameters
    ----------
    volume : Volume
        Counts or activity per voxel, or activity per volume.
    grid : Grid
        Where to; what lies outside is left out.

    Returns
    -------
    Volume
        Of the same quantity; `volume` itself where the grids agree.

    Raises
    ------
    GeometryError
        The two are in different frames of reference.
    QuantityError
        The total changed by more than 1e-4 although the new grid holds it all.

    Examples
    --------
    >>> from sirtdose.model.volume import Quantity
    >>> coarse = Grid.regular((1, 1, 1), spacing_mm=(4.0, 4.0, 4.0))
    >>> fine = Grid.regular((2, 2, 2), spacing_mm=(2.0,) * 3, origin_mm=(-1.0,) * 3)
    >>> counts = Volume(np.full((1, 1, 1), 8.0), coarse, Quantity.COUNTS)
    >>> activity_on(counts, fine).data.ravel().tolist()
    [1.0, 1.0, 1.0, 1.0, 1.0, 1.0, 1.0, 1.0]
    """
    grid.require_frame(volume.grid, what="the image to resample")
    if volume.grid.matches(grid):
        return volume
    adds_up = volume.quantity.adds_up
    volume_ratio = grid.voxel_volume_ml / volume.grid.voxel_volume_ml
    axes = grid.axis_map(volume.grid)
    moved: NDArray[Any] = (
        _shared_mean(volume, grid)
        if axes is None
        else _overlap_mean(volume, grid, axes)
    )
    if adds_up:
        moved = moved * volume_ratio
    result = Volume(moved.astype(np.float32), grid, volume.quantity, volume.source)
    before = float(volume.data.sum(dtype=float))
    after = result.total() * (1.0 if adds_up else volume_ratio)
    size = float(np.abs(volume.data).sum(dtype=float))
    if _holds(grid, volume.grid) and abs(after - before) > _TOTAL_TOLERANCE * size:
        raise QuantityError(
            f"resampling changed the total activity by {after / before - 1:.1e} "
            "(H29): no dose was computed"
        )
    return result


def mean_on(
    volume: Volume, grid: Grid
) -> tuple[NDArray[np.float32], NDArray[np.float32]]:
    """Mean of an image in every voxel of another grid, and the part it covers.

    For values per volume, such as a density: mass is conserved. Exact where the axes
    run along each other, else over evenly spaced points.

    Returns
    -------
    mean : ndarray, shape of `grid`
        Over the part of the voxel that the image covers; 0 where it covers none.
    covered : ndarray, shape of `grid`
        0 to 1.
    """
    grid.require_frame(volume.grid, what="the image to resample")
    axes = grid.axis_map(volume.grid)
    total: NDArray[Any]
    if axes is not None:
        total = _overlap_mean(volume, grid, axes)
        weights = overlap_weights(grid, volume.grid, axes)
        parts = [w.sum(axis=1).astype(np.float32) for w in weights]
        covered = parts[0][:, None, None] * parts[1][:, None] * parts[2]
    else:
        total, covered = _sampled_mean(volume, grid)
    mean = np.divide(total, covered, out=np.zeros_like(total), where=covered > 1e-6)
    return mean.astype(np.float32), covered.astype(np.float32)


def _holds(outer: Grid, inner: Grid) -> bool:
    index = outer.index(inner.corners_mm())
    upper = np.array(outer.shape) - 0.5
    return bool((index >= -0.5 - 1e-3).all() and (index <= upper + 1e-3).all())


def _overlap_mean(volume: Volume, grid: Grid, axes: Any) -> NDArray[np.float32]:
    """Integral over each new voxel's box, per its volume."""
    weights = overlap_weights(grid, volume.grid, axes)
    data = volume.data.transpose(axes)
    result = np.zeros(grid.shape, np.float32)
    # A slice at a time: both images may be large.
    for k in range(data.shape[0]):
        rows = np.flatnonzero(weights[0][:, k])
        if rows.size:
            plane = weights[1] @ data[k].astype(np.float64) @ weights[2].T
            result[rows] += weights[0][rows, k][:, None, None] * plane
    return result


def _point_offsets(grid: Grid, source: Grid) -> NDArray[np.float64]:
    """Points in a new voxel, a third of an old one apart where that is possible."""
    across = np.linalg.inv(source.affine_mm) @ grid.affine_mm
    steps = np.abs(across[:3, :3]).max(axis=0)
    parts = [
        (np.arange(n) + 0.5) / n - 0.5
        for n in np.clip(np.ceil(3 * steps), _POINTS_MIN, _POINTS_MAX).astype(int)
    ]
    return np.stack(np.meshgrid(*parts, indexing="ij"), axis=-1).reshape(-1, 3)


def _slabs(grid: Grid) -> list[slice]:
    thick = max(1, _POINTS_AT_ONCE // (grid.shape[1] * grid.shape[2]))
    slices = grid.shape[0]
    return [slice(a, min(a + thick, slices)) for a in range(0, slices, thick)]


def _looked_up(
    grid: Grid, source: Grid, slab: slice, offset: NDArray[np.float64]
) -> tuple[NDArray[np.intp], NDArray[np.bool_]]:
    """Old voxel that holds one point of each new voxel of a slab, and whether any."""
    across = np.linalg.inv(source.affine_mm) @ grid.affine_mm
    k, j, i = np.ogrid[slab, : grid.shape[1], : grid.shape[2]]
    place = (k + offset[0], j + offset[1], i + offset[2])
    flat: Any = np.zeros(1, np.intp)
    inside: Any = np.ones(1, bool)
    for at, size in zip(indices_at(across, place), source.shape, strict=True):
        index = np.floor(at + 0.5).astype(np.intp)
        inside = inside & (index >= 0) & (index < size)
        flat = flat * size + index
    return np.where(inside, flat, 0).ravel(), inside.ravel()


def _sampled_mean(
    volume: Volume, grid: Grid
) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    offsets = _point_offsets(grid, volume.grid)
    values = volume.data.ravel()
    total = np.zeros(grid.shape)
    covered = np.zeros(grid.shape)
    for slab in _slabs(grid):
        for offset in offsets:
            flat, inside = _looked_up(grid, volume.grid, slab, offset)
            shape = total[slab].shape
            total[slab] += np.where(inside, values[flat], 0).reshape(shape)
            covered[slab] += inside.reshape(shape)
    return total / len(offsets), covered / len(offsets)


def _shared_mean(volume: Volume, grid: Grid) -> NDArray[np.float64]:
    """As sampled, every old voxel's points scaled to carry all it has."""
    source = volume.grid
    offsets = _point_offsets(grid, source)
    count = np.zeros(volume.data.size)
    for slab in _slabs(grid):
        for offset in offsets:
            flat, inside = _looked_up(grid, source, slab, offset)
            count += np.bincount(flat[inside], minlength=count.size)
    usual = source.voxel_volume_ml / grid.voxel_volume_ml * len(offsets)
    within = _wholly_within(source, grid).ravel()
    if (within & (count == 0) & (volume.data.ravel() != 0)).any():
        raise QuantityError(
            "the new grid is too coarse for this rotated image: use finer voxels"
        )
    scale = np.where(within, usual / np.maximum(count, 1), 1.0)
    return _sampled_mean(
        Volume(volume.data * scale.reshape(volume.data.shape), source, volume.quantity),
        grid,
    )[0]


def _wholly_within(source: Grid, grid: Grid) -> NDArray[np.bool_]:
    """Old voxels that do not reach over the new grid's edge."""
    across = np.linalg.inv(grid.affine_mm) @ source.affine_mm
    half = np.abs(across[:3, :3]).sum(axis=1) / 2
    k, j, i = np.ogrid[: source.shape[0], : source.shape[1], : source.shape[2]]
    inside = np.ones(source.shape, bool)
    for at, margin, size in zip(
        indices_at(across, (k, j, i)), half, grid.shape, strict=True
    ):
        inside &= (at - margin >= -0.5) & (at + margin <= size - 0.5)
    return inside
