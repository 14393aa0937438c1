"""The energy that photons carry, on a coarse grid."""

from functools import lru_cache

import numpy as np
from numpy.typing import NDArray

from sirtdose.dosimetry.engine.convolution import convolve
from sirtdose.dosimetry.engine.kernel import Kernel, kernel_between
from sirtdose.dosimetry.engine.radial_kernel import RadialKernel
from sirtdose.errors import QuantityError
from sirtdose.model.grid import three

# It is smooth: half a percent of Y-90's energy, over 20 cm.
# Blocks of 8 mm where electrons reach 12 mm.
_BLOCK_OF_RANGE = 2 / 3


def photon_tail(
    decays: NDArray[np.float32],
    spacing_mm: tuple[float, float, float],
    radial: RadialKernel,
    *,
    from_mm: float | None = None,
) -> NDArray[np.float32]:
    """Energy that photons leave in each voxel, per energy of one decay.

    Parameters
    ----------
    decays : ndarray, shape (slices, rows, columns)
        Decays, or anything in proportion to them.
    spacing_mm : tuple of float
    radial : RadialKernel
        At the density of the medium.
    from_mm : float, optional
        How far from the decay they begin; the electrons' range.

    Returns
    -------
    ndarray, of the same shape
        From there to the end of the table. What leaves the image is not in it.

    Notes
    -----
    Sums over blocks of voxels of about 8 mm are convolved, and the result is
    interpolated linearly between the blocks' middles.
    """
    parts = [
        max(1, round(_BLOCK_OF_RANGE * radial.electron_range_mm / side))
        for side in spacing_mm
    ]
    blocks = decays
    for axis, n in enumerate(parts):
        blocks = _added_up(blocks, axis, n)
    sides = tuple(n * side for n, side in zip(parts, spacing_mm, strict=True))
    start = radial.electron_range_mm if from_mm is None else from_mm
    octant = _tail_kernel(radial, sides, start)
    energy, _ = convolve(blocks, octant.octant, ((0, 0), (0, 0), (0, 0)))
    energy = energy * np.float32(1 / np.prod(parts))
    if blocks.min() >= 0:
        np.maximum(energy, 0, out=energy)
    # The last axis first, while there is little: its voxels are not side by side.
    for axis in (2, 1, 0):
        energy = _between_middles(energy, axis, parts[axis], decays.shape[axis])
    _require_possible(energy, blocks, octant)
    return energy


def _require_possible(
    energy: NDArray[np.float32], blocks: NDArray[np.float32], octant: Kernel
) -> None:
    """Photon energy in the image outside the range that its table allows (H29)."""
    size = float(np.abs(blocks).sum())
    most = octant.energy_recovered * size
    least = 0.0 if blocks.min() < 0 else 0.5 * float(octant.octant[0, 0, 0]) * size
    found = float(np.abs(energy).sum() if blocks.min() < 0 else energy.sum())
    # Interpolation may count a block at the edge as a tenth larger.
    if not least <= found <= 1.1 * most:
        raise QuantityError(
            f"photons leave {found / size:.2e} of the energy, but their table "
            f"{octant.energy_recovered:.2e} (H29): no dose was computed"
        )


@lru_cache(maxsize=8)
def _tail_kernel(
    radial: RadialKernel, sides_mm: tuple[float, ...], from_mm: float
) -> Kernel:
    end = float(radial.radius_mm[-1])
    return kernel_between(radial, three(sides_mm), from_mm=from_mm, to_mm=end)


def _added_up(data: NDArray[np.float32], axis: int, parts: int) -> NDArray[np.float32]:
    """Sums over as many neighbors along an axis; the last may be fewer."""
    shape = list(data.shape)
    shape[axis] = -(-shape[axis] // parts)
    total = np.zeros(shape, np.float32)
    along = np.moveaxis(total, axis, 0)
    for k in range(parts):
        some = np.moveaxis(data, axis, 0)[k::parts]
        along[: len(some)] += some
    return total


def _between_middles(
    coarse: NDArray[np.float32], axis: int, parts: int, size: int
) -> NDArray[np.float32]:
    """Linear interpolation to as many voxels a block, held at both ends."""
    shape = list(coarse.shape)
    shape[axis] = size
    fine = np.empty(shape, np.float32)
    blocks, along = np.moveaxis(coarse, axis, 0), np.moveaxis(fine, axis, 0)
    for k in range(parts):
        some = along[k::parts]
        # In block lengths from the middle of the voxel's own block.
        away = (k + 0.5) / parts - 0.5
        np.multiply(blocks[: len(some)], np.float32(1 - abs(away)), out=some)
        other = blocks * np.float32(abs(away))
        if away > 0:
            some[: len(blocks) - 1] += other[1 : len(some) + 1]
            some[len(blocks) - 1 :] += other[-1]
        else:
            some[1:] += other[: len(some) - 1]
            some[:1] += other[:1]
    return fine
