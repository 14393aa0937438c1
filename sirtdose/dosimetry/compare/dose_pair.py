"""Another system's dose beside ours, on our grid, and how far they are apart."""

from dataclasses import dataclass
from functools import cached_property

import numpy as np
from numpy.typing import NDArray

from sirtdose.dosimetry.grid.resample import trilinear
from sirtdose.errors import GeometryError, QuantityError
from sirtdose.model.grid import Grid, three
from sirtdose.model.volume import Quantity, Volume

# More points than these say no more about what two doses differ by.
_POINTS_MAX = 60_000
# A hundred times what any voxel gets, in cGy: beyond is no dose.
_GY_MOST = 1e8
# How far around a place the other map is looked at, and what it has to have there.
AROUND_MM = 10.0
LEAST_PART = 0.5
# Less than this may be noise.
LEAST_ML = 1.0


def interpolated_on(
    volume: Volume, grid: Grid
) -> tuple[NDArray[np.float64], NDArray[np.bool_]]:
    """An image at the points of another grid, trilinear, and which of them it covers.

    Up to half a voxel beyond its outermost points it is as there, farther out 0.

    Examples
    --------
    >>> from sirtdose.model.grid import Grid
    >>> coarse = Grid.regular((1, 1, 2), spacing_mm=(4.0, 4.0, 4.0))
    >>> fine = Grid.regular((1, 1, 4), spacing_mm=(4.0, 4.0, 2.0))
    >>> dose = Volume(np.array([[[10.0, 20.0]]]), coarse, Quantity.DOSE)
    >>> values, covered = interpolated_on(dose, fine)
    >>> values.ravel().tolist(), covered.ravel().tolist()
    ([10.0, 15.0, 20.0, 20.0], [True, True, True, True])
    """
    if volume.grid.matches(grid):
        return volume.data.astype(np.float64), np.ones(grid.shape, bool)
    values = np.zeros(grid.shape)
    covered = np.zeros(grid.shape, bool)
    rows, columns = np.indices(grid.shape[1:])
    # A slice at a time: indices of a whole grid are six times its doses.
    for k in range(grid.shape[0]):
        index = np.stack([np.full(rows.shape, k), rows, columns], axis=-1)
        found, inside = sampled_at(volume, grid.world_mm(index.reshape(-1, 3)))
        values[k] = found.reshape(rows.shape)
        covered[k] = inside.reshape(rows.shape)
    return values, covered


def sampled_at(
    volume: Volume, world_mm: NDArray[np.float64]
) -> tuple[NDArray[np.float64], NDArray[np.bool_]]:
    """An image at places (n, 3) in mm, trilinear, and whether it covers them."""
    index = volume.grid.index(world_mm)
    last = np.array(volume.grid.shape) - 1.0
    near = (index >= -0.5 - 1e-6) & (index <= last + 0.5 + 1e-6)
    within = np.asarray(near.all(axis=1), bool)
    return np.where(within, trilinear(volume.data, index), 0.0), within


@dataclass(frozen=True, eq=False)
class DosePair:
    """Two doses to compare, in Gy, in one frame of reference.

    They are compared at the points of our grid that both cover, where either has at
    least `cutoff_fraction` of our maximum dose.
    """

    ours: Volume
    theirs: Volume
    cutoff_fraction: float = 0.1

    def __post_init__(self) -> None:
        """Refuse doses that do not overlap or are not in one frame of reference."""
        for volume in (self.ours, self.theirs):
            volume.require(Quantity.DOSE)
            if not volume.data.max() > 0:
                raise QuantityError(
                    "a dose of 0 Gy everywhere cannot be compared: give another dose"
                )
            if volume.data.max() > _GY_MOST:
                raise QuantityError(
                    f"the highest dose is {volume.data.max():.3g} Gy: is it scaled as "
                    "its file says (DoseGridScaling of an RTDOSE)?"
                )
        self.ours.grid.require_frame(self.theirs.grid, what="their dose")
        if not self.compared.any():
            raise GeometryError(
                "the two doses do not overlap where there is dose (H15): give doses "
                "of one patient and scan, or register them first"
            )

    @cached_property
    def _on_ours(self) -> tuple[NDArray[np.float64], NDArray[np.bool_]]:
        return interpolated_on(self.theirs, self.ours.grid)

    @property
    def theirs_on_ours(self) -> Volume:
        """Their dose at our points, 0 where it is not known."""
        return self.ours.with_data(self._on_ours[0])

    @property
    def same_points(self) -> bool:
        """Whether both doses have the same voxels."""
        return self.theirs.grid.matches(self.ours.grid)

    @property
    def difference(self) -> Volume:
        """Theirs minus ours, Gy, 0 where theirs is not known."""
        values, covered = self._on_ours
        return self.ours.with_data(
            np.where(covered, values - self.ours.data, 0.0).astype(np.float32)
        )

    @property
    def cutoff_gy(self) -> float:
        """Doses from here on are compared."""
        return self.cutoff_fraction * float(self.ours.data.max())

    @cached_property
    def compared(self) -> NDArray[np.bool_]:
        """Points of our grid that are compared."""
        values, covered = self._on_ours
        return np.asarray(
            covered & (np.maximum(values, self.ours.data) >= self.cutoff_gy), bool
        )

    @property
    def covered_fraction(self) -> float:
        """Part of our points above the cutoff that lie inside their grid."""
        return float(self._on_ours[1][self.ours.data >= self.cutoff_gy].mean())

    @property
    def total_ratio(self) -> float:
        """Their dose over ours, summed over the points compared.

        Neither blur nor a shift changes it much: it is the ratio of calibrations.
        """
        theirs = float(self._on_ours[0][self.compared].sum())
        return theirs / float(self.ours.data[self.compared].sum(dtype=float))

    @property
    def rms_gy(self) -> float:
        """Root mean square of the difference over the points compared."""
        return rms(self._on_ours[0][self.compared] - self.ours.data[self.compared])

    @cached_property
    def points(self) -> NDArray[np.intp]:
        """Indices (n, 3) of the points compared, evenly thinned where they are many."""
        every = np.argwhere(self.compared)
        return every[:: -(-len(every) // _POINTS_MAX)]

    @property
    def at_points(self) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
        """Our and their doses at :attr:`points`."""
        at = tuple(self.points.T)
        return self.ours.data[at].astype(np.float64), self._on_ours[0][at]


def rms(apart: NDArray[np.float64]) -> float:
    """Root mean square.

    >>> rms(np.array([3.0, -4.0, 0.0, 0.0]))
    2.5
    """
    return float(np.sqrt((apart**2).mean()))


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
    return [
        one
        for one in (
            _lone("theirs", theirs, ours, pair),
            _lone("ours", ours, theirs, pair),
        )
        if one is not None
    ]


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
    return LoneDose(
        whose,
        volume,
        float(dose[hottest]),
        float(around[hottest]),
        three(grid.world_mm(np.array(hottest, float)).tolist()),
    )
