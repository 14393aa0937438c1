"""Kernel convolution: energy spread around every decay in one medium."""

from typing import Any

import numpy as np
from numpy.typing import NDArray

from sirtdose.dosimetry.convolution import convolve
from sirtdose.dosimetry.kernel import voxel_kernel
from sirtdose.dosimetry.photon_tail import photon_tail
from sirtdose.dosimetry.radial_kernel import RadialKernel
from sirtdose.errors import QuantityError

# Energy put in and found again agree to this, or there is no dose.
_ENERGY_TOLERANCE = 1e-3
# Where energy goes that is not in the map.
LEFT = "left the image"
PHOTONS_OUT = "photons beyond the image"


def spread(
    decays: NDArray[np.floating[Any]],
    spacing_mm: tuple[float, float, float],
    radial: RadialKernel,
) -> tuple[NDArray[np.float32], dict[str, float]]:
    """Energy left in each voxel around the decays, and where the rest went.

    Both in units of one decay's energy.

    Raises
    ------
    QuantityError
        The convolution lost energy (H30).
    """
    a, b, c = spacing_mm
    kernel = voxel_kernel(
        radial.nuclide,
        (float(a), float(b), float(c)),
        medium=radial.medium,
        density_g_per_ml=radial.density_g_per_ml,
    )
    data = np.asarray(decays, dtype=np.float32)
    energy = photon_tail(data, kernel.spacing_mm, radial)
    photons = (1 - radial.electron_fraction) * float(data.sum(dtype=float))
    elsewhere = {PHOTONS_OUT: photons - float(energy.sum(dtype=float))}
    active = np.nonzero(data)
    if not active[0].size:
        return energy, elsewhere
    low = np.array([int(axis.min()) for axis in active])
    high = np.array([int(axis.max()) + 1 for axis in active])
    box = data[tuple(slice(i, j) for i, j in zip(low, high, strict=True))]
    around = convolve(box, kernel.octant)
    expected = float(np.abs(box).sum(dtype=float)) * kernel.energy_recovered
    found = float(around.sum(dtype=float))
    lost = found - float(box.sum(dtype=float)) * kernel.energy_recovered
    if abs(lost) > _ENERGY_TOLERANCE * expected:
        raise QuantityError(
            f"the convolution changed the energy by {lost / expected:.2e} (H30): no "
            "dose is computed from it"
        )
    # What reaches past the image's edges is left out.
    start = low - (np.array(kernel.octant.shape) - 1)
    first = np.maximum(start, 0)
    last = np.minimum(start + around.shape, data.shape)
    here = tuple(slice(i, j) for i, j in zip(first, last, strict=True))
    there = tuple(slice(i, j) for i, j in zip(first - start, last - start, strict=True))
    energy[here] += around[there]
    elsewhere[LEFT] = found - float(around[there].sum(dtype=float))
    return energy, elsewhere
