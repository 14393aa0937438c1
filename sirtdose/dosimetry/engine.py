"""Time-integrated activity to absorbed dose."""

from dataclasses import dataclass
from typing import Any, Literal

import numpy as np
from numpy.typing import NDArray

from sirtdose.dosimetry.convolution import convolve
from sirtdose.dosimetry.kernel import voxel_kernel
from sirtdose.dosimetry.photon_tail import photon_tail
from sirtdose.dosimetry.radial_kernel import RadialKernel
from sirtdose.errors import InputError, QuantityError
from sirtdose.model.bounds import require_positive
from sirtdose.model.nuclide import Nuclide
from sirtdose.model.volume import Quantity, Volume

Method = Literal["local", "kernel"]
METHODS: dict[str, str] = {"local": "local_deposition", "kernel": "kernel"}
# Energy put in and found again agree to this, or there is no dose.
_ENERGY_TOLERANCE = 1e-3


@dataclass(frozen=True, eq=False)
class Dose:
    """An absorbed dose and how it was computed.

    `energy_recovered` is the energy in the dose map over the energy of all the
    decays: 1 where nothing is lost. A kernel's rest has left the image or lies
    beyond the kernel's table; `electron_fraction` of it stays within the electrons'
    range, `medium` is the kernel's.
    """

    volume: Volume
    method: str
    nuclide: Nuclide
    density_g_per_ml: float
    energy_recovered: float
    medium: str | None = None
    electron_fraction: float | None = None


def compute_dose(
    tia: Volume,
    *,
    nuclide: Nuclide,
    density_g_per_ml: float,
    method: str = "local",
    medium: str = "soft-tissue",
) -> Dose:
    r"""Absorbed dose of each voxel.

    Local deposition, the EANM 2021 consensus method: every decay's energy stays
    in its voxel,

    .. math:: D_i = \frac{K \ln 2}{T_{1/2}} \frac{\tilde A_i}{\rho V}

    Kernel convolution: a part of it goes to the voxels around, by the radial energy
    of a decay in one medium of one density, photons' long tail included,

    .. math:: D_i = \frac{K \ln 2}{T_{1/2}\, \rho V} \sum_j E_{i-j} \tilde A_j

    Parameters
    ----------
    tia : Volume
        Time-integrated activity of each voxel, GBq h.
    nuclide : Nuclide
    density_g_per_ml : float, > 0
    method : {"local", "kernel"}
    medium : {"soft-tissue", "water"}
        Of the kernel.

    Returns
    -------
    Dose
        In Gy, on the grid of `tia`.

    Raises
    ------
    InputError
        An unknown method.
    QuantityError
        `tia` is not a time-integrated activity, or the dose is not finite (H30).

    References
    ----------
    EANM SOP for radioembolization dosimetry, 2021, doi:10.1186/s40658-021-00394-3.

    Examples
    --------
    1 GBq in 1 kg gives K: a voxel of 1000 mL at 1 g/mL.

    >>> import numpy as np
    >>> from sirtdose.dosimetry.activity import time_integrated_activity
    >>> from sirtdose.model.grid import Grid
    >>> grid = Grid.regular((1, 1, 1), spacing_mm=(100.0, 100.0, 100.0))
    >>> activity = Volume(np.ones((1, 1, 1)), grid, Quantity.ACTIVITY)
    >>> y90 = Nuclide.named("Y-90")
    >>> tia = time_integrated_activity(activity, y90)
    >>> dose = compute_dose(tia, nuclide=y90, density_g_per_ml=1.0)
    >>> round(dose.volume.total(), 2)
    49.67
    """
    if method not in METHODS:
        raise InputError(
            f"'{method}' is not a dose method known here: use {', '.join(METHODS)}"
        )
    require_positive(density_g_per_ml=density_g_per_ml)
    voxel_kg = tia.grid.voxel_volume_ml * density_g_per_ml / 1000
    decays = tia.require(Quantity.TIME_INTEGRATED_ACTIVITY)
    radial = None
    if method == "kernel":
        radial = RadialKernel.named(nuclide.name, medium).at_density(density_g_per_ml)
        decays = spread(decays, tia.grid.spacing_mm, radial)
    dose = decays * (nuclide.dose_gy_kg_per_gbq_h / voxel_kg)
    volume = tia.with_data(dose, Quantity.DOSE)
    emitted = nuclide.dose_gy_kg_per_gbq_h * tia.total()
    if not emitted > 0:
        raise QuantityError("the image holds no activity: there is no dose to compute")
    return Dose(
        volume=volume,
        method=METHODS[method],
        nuclide=nuclide,
        density_g_per_ml=density_g_per_ml,
        energy_recovered=volume.total() * voxel_kg / emitted,
        medium=medium if method == "kernel" else None,
        electron_fraction=radial.electron_fraction if radial else None,
    )


def spread(
    decays: NDArray[np.floating[Any]],
    spacing_mm: tuple[float, float, float],
    radial: RadialKernel,
) -> NDArray[np.float32]:
    """Energy left in each voxel, in units of one decay's, around the decays.

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
    active = np.nonzero(data)
    if not active[0].size:
        return energy
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
    return energy
