"""Exact dose-volume histogram: sorted doses with the volume of each voxel part."""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from sirtdose.errors import RangeError, StructureError
from sirtdose.model.structure import Structure
from sirtdose.model.volume import Quantity, Volume

# Fewer voxels than this carry no histogram.
FEW_VOXELS = 30


@dataclass(frozen=True, eq=False)
class Dvh:
    """Doses of the voxel parts of a structure, hottest first, and their volumes.

    Nothing is binned: the curve is a staircase through every voxel's dose, exact
    for a dose that is constant within each voxel.

    Examples
    --------
    Three voxels of 1 mL at 10, 20 and 60 Gy and half a voxel at 40 Gy:
    (10 + 20 + 60 + 0.5 * 40) / 3.5 = 31.43 Gy.

    >>> dvh = Dvh.of_values("T", [10, 20, 60, 40], [1, 1, 1, 0.5])
    >>> round(dvh.mean_gy, 2), dvh.volume_ml
    (31.43, 3.5)
    >>> dvh.dose_to_volume_fraction_gy(0.70)
    20.0
    >>> round(dvh.volume_fraction_above(40), 4)
    0.4286
    """

    name: str
    dose_gy: NDArray[np.float64]
    cumulative_ml: NDArray[np.float64]
    voxels: int

    @classmethod
    def of_values(cls, name: str, dose_gy: object, volume_ml: object) -> "Dvh":
        """Sort doses (Gy) with the volume (mL) of each.

        Raises
        ------
        StructureError
            No volume at all.
        """
        dose = np.asarray(dose_gy, dtype=np.float64).ravel()
        order = np.argsort(dose)[::-1]
        cumulative = np.cumsum(np.asarray(volume_ml, dtype=np.float64).ravel()[order])
        if not cumulative.size or not cumulative[-1] > 0:
            raise StructureError(
                f"structure '{name}' has no volume on the dose grid: use finer voxels"
            )
        return cls(name, dose[order], cumulative, dose.size)

    @classmethod
    def of_structure(cls, structure: Structure, dose: Volume) -> "Dvh":
        """The histogram of a dose in a structure that lies on its grid."""
        dose.require(Quantity.DOSE)
        values, part = structure.values_in(dose)
        return cls.of_values(structure.name, values, part * dose.grid.voxel_volume_ml)

    @property
    def volume_ml(self) -> float:
        """Volume of the structure on the dose grid."""
        return float(self.cumulative_ml[-1])

    @property
    def volumes_ml(self) -> NDArray[np.float64]:
        """Volume at each dose, in the order of the doses."""
        return np.diff(self.cumulative_ml, prepend=0.0)

    @property
    def mean_gy(self) -> float:
        """Mean dose."""
        return float((self.volumes_ml * self.dose_gy).sum() / self.volume_ml)

    @property
    def sd_gy(self) -> float:
        """Standard deviation of the dose over the volume (not of the mean)."""
        spread = self.volumes_ml * (self.dose_gy - self.mean_gy) ** 2
        return float(np.sqrt(spread.sum() / self.volume_ml))

    @property
    def min_gy(self) -> float:
        """Least dose of any voxel part."""
        return float(self.dose_gy[-1])

    @property
    def max_gy(self) -> float:
        """Greatest dose of any voxel part."""
        return float(self.dose_gy[0])

    def dose_to_volume_fraction_gy(self, fraction: float) -> float:
        """D_x: the least dose in the hottest fraction of the volume.

        D70 is ``dose_to_volume_fraction_gy(0.70)``.

        Raises
        ------
        RangeError
            The fraction is not above 0 and at most 1.
        """
        if not 0 < fraction <= 1:
            raise RangeError(
                f"D_x of the fraction {fraction} is not defined: give a fraction "
                "above 0 and at most 1 (D70 is 0.70)"
            )
        # Rounding in the sum must not push D_100 past the last voxel.
        wanted = fraction * self.volume_ml * (1 - 1e-12)
        at = int(np.searchsorted(self.cumulative_ml, wanted))
        return float(self.dose_gy[min(at, self.dose_gy.size - 1)])

    def volume_fraction_above(self, dose_gy: float) -> float:
        """V_x: the fraction of the volume that gets at least a dose."""
        count = int(np.searchsorted(-self.dose_gy, -dose_gy, side="right"))
        return float(self.cumulative_ml[count - 1] / self.volume_ml) if count else 0.0

    def staircase(
        self, step: float = 0.002
    ) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
        """The corners of the cumulative histogram, from 0 Gy and the whole volume.

        Doses that differ by more than a part `step` have corners of their own: a D_x
        read from the lines between them is the exact one to that part.

        Parameters
        ----------
        step : float, above 0

        Returns
        -------
        dose_gy, volume_ml : ndarray
            Doses never fall, volumes never rise; the last volume is 0. Two corners at
            one dose are a step down.

        Examples
        --------
        >>> dvh = Dvh.of_values("T", [10, 20, 20], [1, 1, 1])
        >>> [one.tolist() for one in dvh.staircase()]
        [[0.0, 10.0, 10.0, 20.0, 20.0], [3.0, 3.0, 2.0, 2.0, 0.0]]
        """
        rising, at_least = self.dose_gy[::-1], self.cumulative_ml[::-1]
        # The logarithm of a dose of 0 is -inf, which is a step of its own.
        with np.errstate(divide="ignore"):
            steps = np.floor(np.log(np.abs(rising)) / np.log1p(step))
        begins = np.ones(rising.size, bool)
        begins[1:] = (np.diff(np.sign(rising)) != 0) | (steps[1:] != steps[:-1])
        first = np.flatnonzero(begins)
        last = np.append(first[1:], rising.size) - 1
        # Voxels of the same dose count from the first of them.
        doses = np.column_stack([rising[first], rising[last]]).ravel()
        volumes = np.append(at_least[first], 0.0)
        volumes = np.column_stack([volumes[:-1], volumes[1:]]).ravel()
        begin = min(0.0, float(doses[0]))
        if begin == doses[0]:
            return doses, volumes
        return np.append(begin, doses), np.append(self.volume_ml, volumes)

    def curve(self, dose_gy: NDArray[np.float64]) -> NDArray[np.float64]:
        """Volume (mL) that gets at least each of the doses."""
        count = np.searchsorted(-self.dose_gy, -np.asarray(dose_gy), side="right")
        return np.concatenate([[0.0], self.cumulative_ml])[count]
