"""What of each voxel lies in a structure whose axes run along the voxel's."""

from collections.abc import Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray

from sirtdose.model.grid import Grid
from sirtdose.model.structure import Structure

# Voxels of a grid that are summed up at once along an axis: each needs a few of the
# mask's alone, and a product this small is not shared out to threads.
_AT_ONCE = 16


def exact_overlap(
    structure: Structure, target: Grid, axes: Sequence[int]
) -> NDArray[Any]:
    """The part of each voxel of a grid that is inside, `axes` by :meth:`Grid.axis_map`.

    >>> fine = Grid.regular((1, 1, 1), spacing_mm=(2.0, 2.0, 2.0))
    >>> coarse = Grid.regular((1, 1, 1), spacing_mm=(4.0, 4.0, 4.0))
    >>> mask = Structure.named("Liver", np.ones((1, 1, 1), bool), fine)
    >>> float(exact_overlap(mask, coarse, (0, 1, 2))[0, 0, 0])
    0.125
    """
    mask = structure.occupancy.transpose(axes)
    weights = overlap_weights(target, structure.grid, axes)
    rows, columns = _bands(weights[1]), _bands(weights[2])
    occupancy = np.zeros(target.shape)
    by_column = np.zeros((mask.shape[1], target.shape[2]))
    summed = np.zeros(target.shape[1:])
    # A plane at a time: a body's outline is a hundred million voxels.
    reached = np.flatnonzero(weights[0].any(axis=0))
    for k in reached:
        plane = mask[k]
        # A contour's planes are sampled more than once.
        if k == reached[0] or not np.array_equal(plane, mask[k - 1]):
            for few, covered, part in columns:
                by_column[:, few] = plane[:, covered].astype(np.float64) @ part.T
            for few, covered, part in rows:
                summed[few] = part @ by_column[covered]
        for a in np.flatnonzero(weights[0][:, k]):
            occupancy[a] += weights[0][a, k] * summed
    # In place: a second array of this size costs more than all of the above.
    return np.clip(occupancy, 0, 1, out=occupancy)


def overlap_weights(
    target: Grid, source: Grid, axes: Sequence[int]
) -> list[NDArray[np.float64]]:
    """Part of each target interval that each source one covers, per array axis."""
    # In the source's index space the target's voxels are boxes along its axes.
    across = np.linalg.inv(source.affine_mm) @ target.affine_mm
    return [
        interval_overlap(
            n_target=target.shape[axis],
            n_source=source.shape[source_axis],
            start=float(across[source_axis, 3]),
            step=float(across[source_axis, axis]),
        )
        for axis, source_axis in enumerate(axes)
    ]


def _bands(
    weights: NDArray[np.float64],
) -> list[tuple[slice, slice, NDArray[np.float64]]]:
    """A few target intervals at a time, the source intervals that they cover, and how.

    All other weights are 0.
    """
    bands = []
    for start in range(0, len(weights), _AT_ONCE):
        few = slice(start, start + _AT_ONCE)
        covered = np.flatnonzero(weights[few].any(axis=0))
        if covered.size:
            source = slice(int(covered[0]), int(covered[-1]) + 1)
            bands.append((few, source, weights[few, source]))
    return bands


def interval_overlap(
    *, n_target: int, n_source: int, start: float, step: float
) -> NDArray[np.float64]:
    """Fraction of each target interval that each source interval covers.

    Source intervals are centered on 0, 1, 2, ... with width 1; target intervals
    on ``start + step * k`` with width ``abs(step)``.
    """
    centers = start + step * np.arange(n_target)
    half = abs(step) / 2
    left = np.arange(n_source) - 0.5
    low = np.maximum((centers - half)[:, None], left)
    high = np.minimum((centers + half)[:, None], left + 1)
    return np.asarray(np.clip(high - low, 0, None) / abs(step))
