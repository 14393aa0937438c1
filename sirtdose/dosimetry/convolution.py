"""Convolve an image with a small symmetric kernel: all cores, bounded memory."""

import os
from functools import lru_cache
from typing import Any

import numpy as np
from numpy.typing import NDArray

# Padded voxels of one transform: 256 MB in single precision.
_VOXELS_MAX = 1 << 26


def convolve(
    data: NDArray[np.float32], octant: NDArray[np.float64]
) -> NDArray[np.float32]:
    """Convolve with a kernel given by its octant; the result reaches beyond the data.

    Parameters
    ----------
    data : ndarray, shape (a, b, c)
    octant : ndarray, shape (k, l, m)
        Kernel at offsets 0, 1, 2, ...; negative offsets mirror them.

    Returns
    -------
    ndarray, shape (a + 2 (k - 1), b + 2 (l - 1), c + 2 (m - 1)), float32
        Its voxel ``(k - 1, l - 1, m - 1)`` lies on the first of `data`. Nothing
        is lost: its sum is the product of the two sums.

    Notes
    -----
    Single precision: values are right to about 1e-6 of the largest. Large images
    are transformed in slabs along their first axis, always the same ones, and the
    overlaps added.

    Examples
    --------
    >>> line = np.ones((1, 1, 3), np.float32)
    >>> convolve(line, np.array([[[0.5, 0.25]]])).round(3).tolist()
    [[[0.25, 0.75, 1.0, 0.75, 0.25]]]
    """
    reach = np.array(octant.shape) - 1
    full_shape = np.array(data.shape) + 2 * reach
    slab = _slab_thickness(full_shape, data.shape[0], int(reach[0]))
    if slab >= data.shape[0]:
        return _convolved(data, octant)
    result = np.zeros(full_shape, np.float32)
    for start in range(0, data.shape[0], slab):
        part = _convolved(data[start : start + slab], octant)
        result[start : start + part.shape[0]] += part
    return result


def _slab_thickness(full_shape: NDArray[np.int64], planes: int, reach: int) -> int:
    per_plane = int(full_shape[1] * full_shape[2])
    # At least as many planes of data as of overlap.
    return min(planes, max(_VOXELS_MAX // per_plane - 2 * reach, 2 * reach, 1))


def _convolved(
    data: NDArray[np.float32], octant: NDArray[np.float64]
) -> NDArray[np.float32]:
    from scipy import fft

    reach = [n - 1 for n in octant.shape]
    shape = [n + 2 * r for n, r in zip(data.shape, reach, strict=True)]
    padded = tuple(fft.next_fast_len(n, real=True) for n in shape)
    workers = os.cpu_count() or 1
    spectrum = fft.rfftn(data, padded, workers=workers)
    spectrum *= _transform(octant.tobytes(), octant.shape, padded)
    result: NDArray[np.float32] = fft.irfftn(
        spectrum, padded, workers=workers, overwrite_x=True
    )
    # The kernel's middle is at the origin: what precedes the data has wrapped around.
    return np.roll(result, reach, (0, 1, 2))[tuple(slice(n) for n in shape)]


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
