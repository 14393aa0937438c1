"""CT numbers to mass density."""

import numpy as np

from sirtdose.data.load import table
from sirtdose.errors import InputError
from sirtdose.model.volume import Quantity, Volume


def density_of_ct(ct: Volume, curve: str = "TOPAS_Schneider") -> Volume:
    """Mass density of every CT voxel by a named curve.

    Parameters
    ----------
    ct : Volume
        CT numbers, HU. Under -1000 counts as -1000, lungs stay lungs.
    curve : {"TOPAS_Schneider", "GEMINI"}
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
    array([0.0012, 1.018 , 1.0731], dtype=float32)
    """
    curves = table("density_curves")
    if curve not in curves:
        raise InputError(
            f"'{curve}' is no density curve known here: use {', '.join(curves)}"
        )
    hu = ct.require(Quantity.CT_NUMBER)
    points, values = np.array(curves[curve]["points_hu_g_per_ml"]).T
    density = np.empty(hu.shape, np.float32)
    # A slice at a time: interpolation works in double precision.
    for k, plane in enumerate(hu):
        density[k] = np.interp(plane, points, values)
    return ct.with_data(density, Quantity.DENSITY)
