"""Convolve an image with a small symmetric kernel: all cores, bounded memory."""

import os
from functools import lru_cache
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

from sirtdose.model.grid import three

Pair = tuple[int, int]
Margins = tuple[Pair, Pair, Pair]


class Convolved(NamedTuple):
    """Convolved values, and the sum of all that was computed."""

    values: NDArray[np.float32]
    total: float


# Padded voxels of one transform: 256 MB in single precision.
_VOXELS_MAX = 1 << 26


def convolve(
    data: NDArray[np.float32],
    octant: NDArray[np.float64],
    beyond: Margins | None = None,
) -> Convolved:
    """Convolve with a kernel given by its octant; the result reaches beyond the data.

    Parameters
    ----------
    data : ndarray, shape (a, b, c)
    octant : ndarray, shape (k, l, m)
        Kernel at offsets 0, 1, 2, ...; negative offsets mirror them.
    beyond : three pairs of int, optional
        How many voxels before and after the data are wanted, an axis each; at most
        the kernel's reach, which is what is returned where nothing is given.

    Returns
    -------
    Convolved
        `values`, float32, of the data and the voxels wanted beyond it, and the
        `total` of these and all that was computed but not wanted: the product of the
        two sums, if nothing was lost.

    Notes
    -----
    Single precision: values are right to about 1e-6 of the largest. Large images
    are transformed in slabs along their first axis, always the same ones, and the
    overlaps added.

    Examples
    --------
    >>> line = np.ones((1, 1, 3), np.float32)
    >>> kernel = np.array([[[0.5, 0.25]]])
    >>> convolve(line, kernel).values.round(3).tolist()
    [[[0.25, 0.75, 1.0, 0.75, 0.25]]]
    >>> part = convolve(line, kernel, ((0, 0), (0, 0), (0, 1)))
    >>> part.values.round(3).tolist(), round(part.total, 3)
    ([[[0.75, 1.0, 0.75, 0.25]]], 3.0)
    """
    reach = octant.shape[0] - 1
    if beyond is None:
        beyond = three((n - 1, n - 1) for n in octant.shape)
    slab = _slab_thickness(data.shape, octant.shape)
    if slab >= data.shape[0]:
        return _convolved(data, octant, beyond)
    low, high = beyond[0]
    whole = (
        data.shape[0] + 2 * reach,
        *(n + sum(sides) for n, sides in zip(data.shape[1:], beyond[1:], strict=True)),
    )
    result = np.zeros(whole, np.float32)
    total = 0.0
    for start in range(0, data.shape[0], slab):
        part = _convolved(
            data[start : start + slab], octant, ((reach, reach), *beyond[1:])
        )
        result[start : start + len(part.values)] += part.values
        total += part.total
    return Convolved(result[reach - low : whole[0] - reach + high], total)


def _slab_thickness(shape: tuple[int, ...], octant_shape: tuple[int, ...]) -> int:
    """Planes at once: at least as many of data as of overlap."""
    reach, *others = (n - 1 for n in octant_shape)
    rows, columns = (n + 2 * r for n, r in zip(shape[1:], others, strict=True))
    return min(shape[0], max(_VOXELS_MAX // (rows * columns) - 2 * reach, 2 * reach, 1))


def _convolved(
    data: NDArray[np.float32], octant: NDArray[np.float64], beyond: Margins
) -> Convolved:
    from scipy import fft

    # The transform is periodic: what is not wanted wraps around onto the padding.
    padded = tuple(
        fft.next_fast_len(n + k - 1 + max(sides), real=True)
        for n, k, sides in zip(data.shape, octant.shape, beyond, strict=True)
    )
    workers = os.cpu_count() or 1
    box = np.zeros(padded, np.float32)
    place = zip(beyond, data.shape, strict=True)
    box[tuple(slice(low, low + n) for (low, _), n in place)] = data
    spectrum = fft.rfftn(box, workers=workers)
    spectrum *= _transform(octant.tobytes(), octant.shape, padded)
    result: NDArray[np.float32] = fft.irfftn(
        spectrum, padded, workers=workers, overwrite_x=True
    )
    wanted = (n + sum(sides) for n, sides in zip(data.shape, beyond, strict=True))
    return Convolved(result[tuple(slice(n) for n in wanted)], float(result.sum()))


@lru_cache(maxsize=4)
def _transform(
    octant_bytes: bytes, octant_shape: tuple[int, ...], padded: tuple[int, ...]
) -> NDArray[np.float32]:
    """Transform of the whole kernel, middle at the origin: real, as it is symmetric.

    One axis at a time: a symmetric line's transform is a sum of cosines.
    """
    values: NDArray[Any] = np.frombuffer(octant_bytes).reshape(octant_shape)
    for axis, n in enumerate(padded):
        frequencies = n if axis < 2 else n // 2 + 1
        offsets = np.arange(octant_shape[axis])
        cosines = 2 * np.cos(2 * np.pi / n * np.outer(np.arange(frequencies), offsets))
        cosines[:, 0] = 1
        cosines = cosines.astype(values.dtype)
        values = np.moveaxis(np.tensordot(cosines, values, (1, axis)), 0, axis)
        if axis == 1:
            values = values.astype(np.float32)
    return values.astype(np.float32)
