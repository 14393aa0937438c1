"""CT numbers to mass density, and to the mass of the lungs: densitovolumetry."""

from dataclasses import dataclass

import numpy as np

from sirtdose.data.load import table
from sirtdose.dosimetry.engine.assigned_density import Region
from sirtdose.dosimetry.grid.resample import occupancy_by_slabs
from sirtdose.errors import InputError
from sirtdose.model.structure import Structure
from sirtdose.model.usual import LIVER_DENSITY_G_PER_ML
from sirtdose.model.volume import Quantity, Volume

# CT numbers beyond air and soft tissue are noise, metal or contrast.
_LEAST, _MOST = 0.0, 1.1


@dataclass(frozen=True, eq=False)
class TissueDensity:
    """Densities on the dose grid, one value or by voxel, and where they are from.

    `regions` are the liver, its tumors and what somebody typed a density of.
    """

    g_per_ml: float | Volume = LIVER_DENSITY_G_PER_ML
    origin: str = "given"
    source: str = ""
    regions: tuple[Region, ...] = ()


def density_of_ct(ct: Volume, curve: str = "Schneider") -> Volume:
    """Mass density of every CT voxel by a named curve.

    Parameters
    ----------
    ct : Volume
        CT numbers, HU. Under -1000 counts as -1000, lungs stay lungs.
    curve : {"Schneider", "GEMINI"}
        Of ``sirtdose/data/density_curves.json``, with its source.

    Raises
    ------
    InputError
        No such curve.
    QuantityError
        `ct` does not measure CT numbers.

    Examples
    --------
    >>> from sirtdose.model.grid import Grid
    >>> grid = Grid.regular((1, 1, 3), spacing_mm=(1.0, 1.0, 1.0))
    >>> ct = Volume(np.array([[[-3024, 0, 60]]]), grid, Quantity.CT_NUMBER)
    >>> density_of_ct(ct).data.ravel().round(4)
    array([0.0012, 1.018 , 1.0522], dtype=float32)
    """
    curves = table("density_curves")
    if curve not in curves:
        raise InputError(f"'{curve}' is not a density curve: use {', '.join(curves)}")
    hu = ct.require(Quantity.CT_NUMBER)
    points, values = np.array(curves[curve]["points_hu_g_per_ml"]).T
    density = np.empty(hu.shape, np.float32)
    # A slice at a time: interpolation works in double precision.
    for k, plane in enumerate(hu):
        density[k] = np.interp(plane, points, values)
    return ct.with_data(density, Quantity.DENSITY)


def densitovolumetry_kg(ct: Volume, lungs: Structure) -> float:
    r"""Mass of the lungs by the CT numbers inside them.

    .. math:: m = \sum_i f_i\, V\, \frac{\mathrm{HU}_i + 1000}{1000}

    with the density of each voxel held between 0 and 1.1 g/mL.

    Parameters
    ----------
    ct : Volume
        In HU.
    lungs : Structure
        On any grid in the CT's frame of reference.

    Raises
    ------
    GeometryError, StructureError
        Another frame of reference, or lungs wholly outside the CT.

    Notes
    -----
    A CT taken in deep inspiration holds the same mass in a larger volume; blood in
    the lungs counts.

    References
    ----------
    Kao YH et al. EJNMMI Res 2014;4:33, doi:10.1186/s13550-014-0033-7.

    Examples
    --------
    2 voxels of 500 mL at -700 HU: 2 * 500 * 0.3 = 300 g.

    >>> from sirtdose.model.grid import Grid
    >>> from sirtdose.model.role import Role
    >>> grid = Grid.regular((1, 1, 2), spacing_mm=(50.0, 100.0, 100.0))
    >>> ct = Volume(np.full((1, 1, 2), -700.0), grid, Quantity.CT_NUMBER)
    >>> lungs = Structure("Lungs", Role.LUNGS, np.ones((1, 1, 2), bool), grid)
    >>> round(densitovolumetry_kg(ct, lungs), 6)
    0.3
    """
    ct.require(Quantity.CT_NUMBER)
    mass_g = sum(_mass_g(ct, slab) for slab in occupancy_by_slabs(lungs, ct.grid))
    return mass_g / 1000


def _mass_g(ct: Volume, lungs: Structure) -> float:
    values, part = lungs.values_in(ct)
    density = np.clip((values.astype(np.float64) + 1000) / 1000, _LEAST, _MOST)
    return float((density * part).sum()) * ct.grid.voxel_volume_ml
