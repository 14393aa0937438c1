"""Dose that only one of two maps has: what structures and gamma do not see."""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from sirtdose.dosimetry.compare.dose_pair import DosePair

# How far around a place the other map is looked at, and what it has to have there.
AROUND_MM = 10.0
LEAST_PART = 0.5
# Less than this may be noise.
LEAST_ML = 1.0


@dataclass(frozen=True)
class LoneDose:
    """Where one map has dose and the other, near it, less than half of that.

    `greatest_gy` is the hottest of these voxels, at `at_mm` (x, y, z), and `other_gy`
    the most that the other map has around it.
    """

    whose: str
    volume_ml: float
    greatest_gy: float
    other_gy: float
    at_mm: tuple[float, float, float]


def lone_doses(pair: DosePair) -> list[LoneDose]:
    """Dose from the cutoff on that theirs alone has, and that ours alone has.

    Gamma is asked for where ours has dose, and counts voxels: it passes with 2 mL of
    300 Gy in a stomach that ours leaves at 0 Gy.

    Examples
    --------
    >>> from sirtdose.model.grid import Grid
    >>> from sirtdose.model.volume import Quantity, Volume
    >>> ours = np.zeros((9, 20, 20))
    >>> ours[4, 3:6, 3:6] = 100.0
    >>> theirs = ours.copy()
    >>> theirs[4, 14:17, 15] = 60.0
    >>> grid = Grid.regular(ours.shape, spacing_mm=(10.0, 10.0, 10.0))
    >>> ours, theirs = (Volume(one, grid, Quantity.DOSE) for one in (ours, theirs))
    >>> [found] = lone_doses(DosePair(ours, theirs))
    >>> found.whose, found.volume_ml, found.greatest_gy, found.at_mm
    ('theirs', 3.0, 60.0, (150.0, 140.0, 40.0))
    """
    ours = np.asarray(pair.ours.data)
    theirs = np.asarray(pair.theirs_on_ours.data)
    found = (_lone("theirs", theirs, ours, pair), _lone("ours", ours, theirs, pair))
    return [one for one in found if one is not None]


def _lone(
    whose: str, dose: NDArray[np.floating], other: NDArray[np.floating], pair: DosePair
) -> LoneDose | None:
    from scipy.ndimage import maximum_filter

    grid = pair.ours.grid
    size = [2 * int(np.ceil(AROUND_MM / step)) + 1 for step in grid.spacing_mm]
    around = maximum_filter(other, size=size, mode="nearest")
    # `compared` leaves out what theirs does not cover.
    lone = pair.compared & (dose >= pair.cutoff_gy) & (around < LEAST_PART * dose)
    volume = float(lone.sum()) * grid.voxel_volume_ml
    if volume < LEAST_ML:
        return None
    hottest = np.unravel_index(int(np.where(lone, dose, -1).argmax()), dose.shape)
    x, y, z = (float(one) for one in grid.world_mm(np.array(hottest, float)))
    return LoneDose(
        whose, volume, float(dose[hottest]), float(around[hottest]), (x, y, z)
    )
