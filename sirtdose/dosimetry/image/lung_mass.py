"""Mass of the lungs from a CT: densitovolumetry."""

import numpy as np

from sirtdose.dosimetry.grid.resample import occupancy_on
from sirtdose.model.structure import Structure
from sirtdose.model.volume import Quantity, Volume

# CT numbers beyond air and soft tissue are noise, metal or contrast.
_LEAST, _MOST = 0.0, 1.1


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
    values, part = occupancy_on(lungs, ct.grid).values_in(ct)
    density = np.clip((values.astype(np.float64) + 1000) / 1000, _LEAST, _MOST)
    return float((density * part).sum()) * ct.grid.voxel_volume_ml / 1000
