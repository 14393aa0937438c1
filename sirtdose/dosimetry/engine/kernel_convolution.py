"""Kernel convolution: energy spread around every decay in one medium."""

from typing import Any

import numpy as np
from numpy.typing import NDArray

from sirtdose.dosimetry.engine.convolution import convolve
from sirtdose.dosimetry.engine.kernel import electron_kernel
from sirtdose.dosimetry.engine.photon_tail import photon_tail
from sirtdose.dosimetry.engine.radial_kernel import RadialKernel
from sirtdose.errors import QuantityError
from sirtdose.model.grid import three
from sirtdose.model.structure import bounding_box

# Energy put in and found again agree to this, or there is no dose.
_ENERGY_TOLERANCE = 1e-3
# Where energy goes that is not in the map.
LEFT = "electrons_past_edge"
PHOTONS_OUT = "photons_past_edge"


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
        The convolution lost energy (H29).
    """
    kernel = electron_kernel(radial, three(float(side) for side in spacing_mm))
    data = np.asarray(decays, dtype=np.float32)
    energy = photon_tail(data, kernel.spacing_mm, radial)
    photons = (1 - radial.electron_fraction) * float(data.sum())
    elsewhere = {PHOTONS_OUT: photons - float(energy.sum())}
    active = bounding_box(data != 0)
    if active is None:
        return energy, elsewhere
    box = data[active]
    reach = [n - 1 for n in kernel.octant.shape]
    # What reaches past the image's edges is left out, and said.
    z, y, x = (
        (min(r, side.start), min(r, n - side.stop))
        for r, side, n in zip(reach, active, data.shape, strict=True)
    )
    around, found = convolve(box, kernel.octant, (z, y, x))
    emitted = float(box.sum()) * kernel.energy_recovered
    lost = abs(found - emitted)
    # With negative voxels the total may be small: what they all hold counts.
    if not lost <= _ENERGY_TOLERANCE * emitted and not (
        lost <= _ENERGY_TOLERANCE * kernel.energy_recovered * float(np.abs(box).sum())
    ):
        raise QuantityError(
            f"the convolution changed the energy by {found / emitted - 1:.2e} (H29): "
            "no dose is computed from it"
        )
    if box.min() >= 0:
        # A transform's rounding leaves no negative energy where none was put.
        np.maximum(around, 0, out=around)
    sides = zip((z, y, x), active, strict=True)
    here = tuple(slice(s.start - low, s.stop + high) for (low, high), s in sides)
    energy[here] += around
    elsewhere[LEFT] = emitted - float(around.sum())
    _require_left_from_edge(elsewhere[LEFT], data, reach)
    return energy, elsewhere


def _require_left_from_edge(
    left: float, data: NDArray[np.float32], reach: list[int]
) -> None:
    """Only decays within reach of an edge can lose energy over it."""
    inner = tuple(
        slice(r, max(n - r, r)) for r, n in zip(reach, data.shape, strict=True)
    )
    size = float(np.abs(data).sum())
    at_edge = size - float(np.abs(data[inner]).sum())
    if abs(left) > at_edge + _ENERGY_TOLERANCE * size:
        raise QuantityError(
            f"the convolution lost {left / size:.1e} of the energy inside the image "
            "(H29): no dose is computed from it"
        )
