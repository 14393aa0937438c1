"""Uptake of one lesion: its maximum, peaks, mean, and the volume above thresholds."""

from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np

from sirtdose.dosimetry.suv.diameter import Diameters, diameters
from sirtdose.dosimetry.suv.peak import Peaks, peaks, voxels_of
from sirtdose.model.structure import Structure
from sirtdose.model.volume import Volume


@dataclass(frozen=True)
class Above:
    """What of a lesion is at a threshold or above: volume, mean and their product.

    Parameters
    ----------
    threshold : float
        In the image's unit.
    volume_ml : float
        Metabolic tumor volume.
    mean : float
    """

    threshold: float
    volume_ml: float
    mean: float

    @property
    def glycolysis(self) -> float:
        """Total lesion glycolysis: mean times volume."""
        return self.mean * self.volume_ml


@dataclass(frozen=True)
class LesionUptake:
    """Uptake of one lesion, in the image's unit.

    Parameters
    ----------
    name : str
    volume_ml : float
        As drawn.
    voxels : int
        Whose centers are inside.
    maximum, mean : float
        The mean counts voxels by the part of them that is inside.
    peaks : Peaks
    part_in_image : float
        Of its volume as drawn: less than 1 where it reaches over the image's edge.
    above : mapping of str to Above
        By the threshold's name.
    diameters : Diameters
    """

    name: str
    volume_ml: float
    voxels: int
    maximum: float
    mean: float
    peaks: Peaks
    part_in_image: float
    above: Mapping[str, Above]
    diameters: Diameters


def lesion_uptake(
    volume: Volume,
    lesion: Structure,
    *,
    drawn: Structure | None = None,
    fixed: Mapping[str, float],
    relative: Mapping[str, float],
) -> LesionUptake:
    """Measure a lesion on the volume's grid.

    Parameters
    ----------
    volume : Volume
        SUV or SUL, g/mL.
    lesion : Structure
        On (a part of) the volume's grid.
    drawn : Structure, optional
        The same as it was drawn, for diameters and volume.
    fixed, relative : mapping of str to float
        Thresholds by their names: in the image's unit, and as a part of the maximum.

    Raises
    ------
    StructureError
        No voxel's center lies in the lesion.

    Examples
    --------
    >>> from sirtdose.model.grid import Grid
    >>> from sirtdose.model.volume import Quantity
    >>> grid = Grid.regular((8, 8, 8), spacing_mm=(5.0, 5.0, 5.0))
    >>> values = np.ones(grid.shape)
    >>> values[:4] = 6.0
    >>> volume = Volume(values, grid, Quantity.SUV)
    >>> tumor = Structure.named("Tumor", np.ones(grid.shape, bool), grid)
    >>> found = lesion_uptake(volume, tumor, fixed={"4": 4.0}, relative={"41 %": 0.41})
    >>> found.mean, found.above["4"].volume_ml, found.above["4"].glycolysis
    (3.5, 32.0, 192.0)
    """
    own = drawn or lesion
    inside = voxels_of(lesion, volume.grid)
    highest = float(volume.data[tuple(inside.T)].max())
    thresholds = {
        **fixed,
        **{name: part * highest for name, part in relative.items()},
    }
    return LesionUptake(
        name=own.name,
        volume_ml=own.volume_ml,
        voxels=len(inside),
        maximum=highest,
        mean=_mean(volume, lesion),
        peaks=peaks(volume, lesion),
        part_in_image=lesion.volume_ml / own.volume_ml,
        above={
            name: above(volume, lesion, threshold)
            for name, threshold in thresholds.items()
        },
        diameters=diameters(own),
    )


def above(volume: Volume, lesion: Structure, threshold: float) -> Above:
    """The part of a lesion at a threshold or above, voxels by their part inside."""
    values, parts = lesion.values_in(volume)
    kept = np.where(values >= threshold, parts, 0.0)
    total = float(kept.sum())
    mean = float((values * kept).sum()) / total if total else 0.0
    return Above(threshold, total * volume.grid.voxel_volume_ml, mean)


def _mean(volume: Volume, lesion: Structure) -> float:
    values, parts = lesion.values_in(volume)
    return float((values * parts).sum() / parts.sum())
