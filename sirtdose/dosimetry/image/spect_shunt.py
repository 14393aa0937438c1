"""Lung shunt fraction from a SPECT with lungs and liver drawn on it."""

from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from sirtdose.dosimetry.grid.resample import placed_on
from sirtdose.errors import QuantityError, StructureError
from sirtdose.model.grid import Grid
from sirtdose.model.structure import Structure
from sirtdose.model.volume import Volume


@dataclass(frozen=True)
class SpectShunt:
    """Counts of lungs and liver, and what they say of the shunt.

    `lung_counts` are of the whole lungs in view: where a margin at the liver was left
    out, the rest's counts per volume stand for it. `shared_ml` lies in both and
    counts as liver; `negative_fraction` is what clipping added to all counts.
    """

    fraction: float
    lung_counts: float
    liver_counts: float
    lung_volume_ml: float
    shared_ml: float
    margin_mm: float
    margin_ml: float
    negative_fraction: float


def spect_lung_shunt(
    volume: Volume, *, lungs: Structure, liver: Structure, margin_mm: float = 0.0
) -> SpectShunt:
    r"""Lung shunt fraction by the counts of an attenuation-corrected SPECT.

    .. math:: L = \frac{C_{lungs}}{C_{lungs} + C_{liver}}

    What lies in both counts as liver, voxels below 0 count as 0.

    Parameters
    ----------
    volume : Volume
        Counts, or activity per volume.
    lungs, liver : Structure
        On the volume's grid.
    margin_mm : float, >= 0
        Lung nearer to the liver than this is left out, as breathing and blur bring
        the liver's counts there; the mean of the rest stands for it.

    Raises
    ------
    StructureError
        Nothing is left of the lungs.
    QuantityError
        There are no counts in lungs and liver.

    Notes
    -----
    Counts must be corrected for attenuation: lungs attenuate less than the liver.

    Examples
    --------
    A voxel of lung with 5 counts beside one of liver with 95: 5 %.

    >>> from sirtdose.model.role import Role
    >>> from sirtdose.model.volume import Quantity
    >>> grid = Grid.regular((1, 1, 2), spacing_mm=(10.0, 10.0, 10.0))
    >>> image = Volume(np.array([[[5.0, 95.0]]]), grid, Quantity.COUNTS)
    >>> lung = Structure("L", Role.LUNGS, np.array([[[1.0, 0.0]]]), grid)
    >>> liver = Structure("H", Role.LIVER, np.array([[[0.0, 1.0]]]), grid)
    >>> spect_lung_shunt(image, lungs=lung, liver=liver).fraction
    0.05
    """
    counts = np.maximum(volume.data, 0)
    liver_part = placed_on(liver, volume.grid).astype(np.float32)
    drawn = placed_on(lungs, volume.grid).astype(np.float32)
    lung_part = np.minimum(drawn, 1 - liver_part)
    voxel_ml = volume.grid.voxel_volume_ml
    whole_ml = float(lung_part.sum(dtype=float)) * voxel_ml
    kept = (
        np.where(_far_from(liver_part, volume.grid, margin_mm), lung_part, 0)
        if margin_mm > 0
        else lung_part
    )
    kept_ml = float(kept.sum(dtype=float)) * voxel_ml
    if not kept_ml > 0:
        raise StructureError(
            f"no part of '{lungs.name}' lies outside the liver"
            + (f" and more than {margin_mm:g} mm from it" if margin_mm else "")
        )
    lung_counts = float((counts * kept).sum(dtype=float)) * whole_ml / kept_ml
    liver_counts = float((counts * liver_part).sum(dtype=float))
    total = lung_counts + liver_counts
    if not total > 0:
        raise QuantityError("there are no counts in lungs and liver: check the image")
    negative = np.minimum(volume.data, 0)[(lung_part + liver_part) > 0]
    return SpectShunt(
        fraction=lung_counts / total,
        lung_counts=lung_counts,
        liver_counts=liver_counts,
        lung_volume_ml=whole_ml,
        shared_ml=float((drawn - lung_part).sum(dtype=float)) * voxel_ml,
        margin_mm=margin_mm,
        margin_ml=whole_ml - kept_ml,
        negative_fraction=-float(negative.sum(dtype=float)) / total,
    )


def _far_from(part: NDArray[Any], grid: Grid, margin_mm: float) -> NDArray[np.bool_]:
    from scipy.ndimage import distance_transform_edt

    return np.asarray(
        distance_transform_edt(part < 0.5, sampling=grid.spacing_mm) > margin_mm, bool
    )
