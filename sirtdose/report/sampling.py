"""Images between their voxels, for pictures: without scipy, which is slow to import."""

from typing import Any

import numpy as np
from numpy.typing import NDArray

from sirtdose.model.grid import Grid

_Floats = NDArray[np.float64]
# Along an axis: the voxel before each point, the one after it, and the part of each.
_Between = tuple[tuple[NDArray[np.intp], _Floats], tuple[NDArray[np.intp], _Floats]]

# An index that moves less along a line does not move.
_STILL = 1e-9


def sampled(
    data: NDArray[Any], grid: Grid, points: Grid, *, outside: float = 0.0
) -> NDArray[np.float32]:
    """Interpolate between voxels at the points of a lattice, slice by slice.

    From the outermost voxels on it goes to `outside`, over one voxel.

    >>> row = Grid.regular((1, 1, 2), spacing_mm=(2.0, 2.0, 2.0))
    >>> finer = Grid.regular((1, 1, 4), spacing_mm=(2.0, 2.0, 1.0))
    >>> sampled(np.array([[[4, 8]]]), row, finer, outside=2).tolist()
    [[[4.0, 6.0, 8.0, 5.0]]]
    """
    part, low = _part(data, grid.index(points.corners_mm()))
    if not part.size:
        return np.full(points.shape, outside, np.float32)
    to_data = np.linalg.inv(grid.affine_mm) @ points.affine_mm
    to_data[:3, 3] -= low
    axes = points.axis_map(grid)
    if axes is None:
        return _oblique(part, to_data, points, outside)
    return _along_axes(part.transpose(axes), to_data[list(axes)], points, outside)


def sample(
    data: NDArray[Any], grid: Grid, points: _Floats, outside: float = 0.0
) -> NDArray[np.float32]:
    """Interpolate at points (rows, columns, 3); `outside` is given off the grid.

    >>> row = Grid.regular((1, 1, 2), spacing_mm=(2.0, 2.0, 2.0))
    >>> x_mm = np.array([0.0, 0.5, 2.0, 2.1])
    >>> points = np.stack([x_mm, 0 * x_mm, 0 * x_mm], axis=-1)[None]
    >>> sample(np.array([[[4, 8]]]), row, points).tolist()
    [[4.0, 5.0, 8.0, 0.0]]
    """
    down, across = grid.index(points[:, 0]), grid.index(points[0])
    order = _axes_of(points, down, across)
    index = grid.index(points) if order is None else np.concatenate([down, across])
    part, low = _part(data, index.reshape(-1, 3))
    if not part.size:
        return np.full(points.shape[:2], outside, np.float32)
    if order is None:
        found, within = _at_points(part, index - low)
    else:
        found, within = _on_lines(
            part.transpose(order), down - low, across - low, order
        )
    return np.where(within, found, outside).astype(np.float32)


def _axes_of(
    points: _Floats, down: _Floats, across: _Floats
) -> tuple[int, int, int] | None:
    """The data's axes through a plane, down it and across it; None if it is oblique."""
    square = all(
        (one == one[:, :1]).all() or (one == one[:1]).all()
        for one in np.moveaxis(points, -1, 0)
    )
    [down_by, across_by] = (
        np.flatnonzero(np.ptp(one, axis=0) > _STILL) for one in (down, across)
    )
    if not square or len(down_by) != 1 or len(across_by) != 1 or down_by == across_by:
        return None
    through = 3 - int(down_by[0]) - int(across_by[0])
    return through, int(down_by[0]), int(across_by[0])


def _on_lines(
    data: NDArray[Any], down: _Floats, across: _Floats, order: tuple[int, int, int]
) -> tuple[_Floats, NDArray[np.bool_]]:
    """Values at the crossings of lines along the data, and which lie within them."""
    through, rows, columns = order
    places = (down[:1, through], down[:, rows], across[:, columns])
    z, y, x = (
        (at >= 0) & (at <= size - 1)
        for at, size in zip(places, data.shape, strict=True)
    )
    slices, lines, others = (
        _between(at, size) for at, size in zip(places, data.shape, strict=True)
    )
    plane = sum(data[at[0]] * part[0] for at, part in slices)
    along = sum(plane[at] * part[:, None] for at, part in lines)
    found = sum(along[:, at] * part for at, part in others)
    return np.asarray(found), np.asarray(z & y[:, None] & x)


def _at_points(part: NDArray[Any], index: _Floats) -> tuple[_Floats, NDArray[np.bool_]]:
    """Values at indices (rows, columns, 3), and which lie within the data."""
    last = np.array(part.shape) - 1
    within = np.asarray(((index >= 0) & (index <= last)).all(axis=-1))
    index = index.clip(0, last)
    # The one before the last voxel, so that there is one after it: the same place.
    before = np.minimum(index.astype(np.intp), np.maximum(last - 1, 0))
    flat = np.ascontiguousarray(part).ravel()
    steps = np.array([part[0].size, part.shape[2], 1])
    # An axis of one voxel has none after it.
    below, beside, next_to = steps * (last > 0)
    start = before @ steps
    z, y, x = np.moveaxis(index - before, -1, 0)

    def along_row(at: NDArray[np.intp]) -> _Floats:
        return np.asarray(flat[at] * (1 - x) + flat[at + next_to] * x)

    def in_plane(at: NDArray[np.intp]) -> _Floats:
        return np.asarray(along_row(at) * (1 - y) + along_row(at + beside) * y)

    return in_plane(start) * (1 - z) + in_plane(start + below) * z, within


def blurred(values: NDArray[np.float32], sigma: float) -> NDArray[np.float32]:
    """Blur by a Gaussian of `sigma` voxels, cut off at three; mirrored at the edges.

    >>> soft = blurred(np.array([[[0, 0, 1, 0, 0]]], np.float32), 0.5)
    >>> [f"{value:.3f}" for value in soft.ravel()]
    ['0.000', '0.106', '0.787', '0.106', '0.000']
    """
    reach = int(3.0 * sigma + 0.5)
    weights = np.exp(-0.5 / sigma**2 * np.arange(-reach, reach + 1) ** 2)
    weights = (weights / weights.sum())[reach:]
    for axis in range(3):
        values = _blurred_along(values, axis, weights)
    return values


def _blurred_along(
    values: NDArray[np.float32], axis: int, weights: _Floats
) -> NDArray[np.float32]:
    reach, size = len(weights) - 1, values.shape[axis]
    sides = [(reach, reach) if one == axis else (0, 0) for one in range(3)]
    wide = np.moveaxis(np.pad(values.astype(np.float64), sides, "symmetric"), axis, 0)
    total = wide[reach : reach + size] * weights[0]
    # From far to near, as the small ones should be summed first.
    for step in range(reach, 0, -1):
        near, far = reach - step, reach + step
        total += (wide[near : near + size] + wide[far : far + size]) * weights[step]
    return np.moveaxis(total.astype(np.float32), 0, axis)


def _along_axes(
    data: NDArray[Any], to_data: _Floats, points: Grid, outside: float
) -> NDArray[np.float32]:
    """Where the points run along the data: an axis after the other."""
    slices, rows, columns = (
        _between(to_data[axis, axis] * np.arange(n) + to_data[axis, 3], size)
        for axis, (n, size) in enumerate(zip(points.shape, data.shape, strict=True))
    )
    found = np.full(points.shape, outside, np.float32)
    for k in range(points.shape[0]):
        near = [(data[at[k]], part[k]) for at, part in slices if part[k] > 0]
        if near:
            plane = sum((one.astype(float) - outside) * part for one, part in near)
            across = sum(plane[at] * part[:, None] for at, part in rows)
            found[k] += sum(across[:, at] * part for at, part in columns)
    return found


def _between(places: _Floats, size: int) -> _Between:
    """The voxels around places along an axis; those off it have no part."""
    first = np.floor(places).astype(np.intp)
    later = places - first
    before, after = (
        (
            np.clip(at, 0, size - 1),
            np.where((at >= 0) & (at < size), part, 0.0),
        )
        for at, part in ((first, 1 - later), (first + 1, later))
    )
    return before, after


def _oblique(
    part: NDArray[Any], to_data: _Floats, points: Grid, outside: float
) -> NDArray[np.float32]:
    from scipy.ndimage import affine_transform

    found: NDArray[np.float32] = affine_transform(
        part.astype(np.float32),
        to_data[:3, :3],
        offset=to_data[:3, 3],
        output_shape=points.shape,
        order=1,
        mode="grid-constant",
        cval=outside,
    )
    return found


def _part(data: NDArray[Any], index: _Floats) -> tuple[NDArray[Any], NDArray[np.int_]]:
    """The voxels around some places, and the first one's index: only they are read."""
    low = np.clip(np.floor(index.min(axis=0)).astype(int) - 1, 0, None)
    high = np.ceil(index.max(axis=0)).astype(int) + 2
    box = tuple(slice(a, max(b, a)) for a, b in zip(low, high, strict=True))
    return data[box], low
