"""The energy that photons carry beyond the electrons' range, on a coarse grid."""

from functools import lru_cache

import numpy as np
from numpy.typing import NDArray

from sirtdose.dosimetry.convolution import convolve
from sirtdose.dosimetry.kernel import Kernel, kernel_between
from sirtdose.dosimetry.radial_kernel import RadialKernel

# It is smooth: half a percent of Y-90's energy, over 20 cm.
_COARSE_MM = 8.0


def photon_tail(
    decays: NDArray[np.float32],
    spacing_mm: tuple[float, float, float],
    radial: RadialKernel,
) -> NDArray[np.float32]:
    """Energy that photons leave in each voxel, per energy of one decay.

    Parameters
    ----------
    decays : ndarray, shape (slices, rows, columns)
        Decays, or anything in proportion to them.
    spacing_mm : tuple of float
    radial : RadialKernel
        At the density of the medium.

    Returns
    -------
    ndarray, of the same shape
        From the electrons' range to the end of the table. What leaves the image is
        not in it.

    Notes
    -----
    Sums over blocks of voxels of about 8 mm are convolved, and the result is
    interpolated linearly between the blocks' middles.
    """
    shape = decays.shape
    parts = [max(1, round(_COARSE_MM / side)) for side in spacing_mm]
    blocks = decays
    for axis, n in enumerate(parts):
        starts = np.arange(0, shape[axis], n)
        blocks = np.add.reduceat(blocks, starts, axis=axis)
    sides = tuple(n * side for n, side in zip(parts, spacing_mm, strict=True))
    octant = _tail_kernel(radial.nuclide, radial.medium, radial.density_g_per_ml, sides)
    reach = [n - 1 for n in octant.octant.shape]
    inside = tuple(slice(r, r + n) for r, n in zip(reach, blocks.shape, strict=True))
    energy = convolve(blocks.astype(np.float32), octant.octant)[inside]
    energy = energy / np.float32(np.prod(parts))
    for axis, n in enumerate(parts):
        weights = _between_middles(shape[axis], blocks.shape[axis], n)
        energy = np.moveaxis(np.tensordot(weights, energy, (1, axis)), 0, axis)
    return energy


@lru_cache(maxsize=8)
def _tail_kernel(
    nuclide: str, medium: str, density: float, sides_mm: tuple[float, ...]
) -> Kernel:
    radial = RadialKernel.named(nuclide, medium).at_density(density)
    a, b, c = sides_mm
    end = float(radial.radius_mm[-1])
    return kernel_between(radial, (a, b, c), radial.electron_range_mm, end)


def _between_middles(fine: int, coarse: int, parts: int) -> NDArray[np.float32]:
    """Weights (fine, coarse) of linear interpolation, held at both ends."""
    place = (np.arange(fine) + 0.5) / parts - 0.5
    place = place.clip(0, coarse - 1)
    low = np.minimum(np.floor(place).astype(int), max(coarse - 2, 0))
    upper = place - low
    weights = np.zeros((fine, coarse), np.float32)
    rows = np.arange(fine)
    weights[rows, low] = 1 - upper
    if coarse > 1:
        weights[rows, low + 1] += upper.astype(np.float32)
    return weights
