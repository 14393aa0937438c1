"""Time-integrated activity to absorbed dose."""

from dataclasses import dataclass
from typing import Literal

from sirtdose.errors import InputError, QuantityError
from sirtdose.model.bounds import require_positive
from sirtdose.model.nuclide import Nuclide
from sirtdose.model.volume import Quantity, Volume

Method = Literal["local"]
METHODS: dict[str, str] = {"local": "local_deposition"}


@dataclass(frozen=True, eq=False)
class Dose:
    """An absorbed dose and how it was computed.

    `energy_recovered` is the energy in the dose map over the energy of all the
    decays: 1 where nothing is lost.
    """

    volume: Volume
    method: str
    nuclide: Nuclide
    density_g_per_ml: float
    energy_recovered: float


def compute_dose(
    tia: Volume,
    *,
    nuclide: Nuclide,
    density_g_per_ml: float,
    method: str = "local",
) -> Dose:
    r"""Absorbed dose of each voxel.

    Local deposition, the EANM 2021 consensus method: every decay's energy stays
    in its voxel,

    .. math:: D_i = \frac{K \ln 2}{T_{1/2}} \frac{\tilde A_i}{\rho V}

    Parameters
    ----------
    tia : Volume
        Time-integrated activity of each voxel, GBq h.
    nuclide : Nuclide
    density_g_per_ml : float, > 0
    method : {"local"}

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
    )
