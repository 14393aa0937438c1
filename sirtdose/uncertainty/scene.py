"""A dose map and what its uncertainty rests on, ready to be varied."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

Array = NDArray[np.float64]


@dataclass(frozen=True)
class Part:
    """A row of results as drawn structures: those that add, less those that take."""

    name: str
    role: str
    plus: tuple[str, ...]
    minus: tuple[str, ...] = ()


@dataclass(frozen=True)
class Factor:
    """A relative standard uncertainty that scales every dose alike.

    Parameters
    ----------
    name : str
        Of its component in the budget.
    relative : float, >= 0
        Standard uncertainty of the quantity, relative.
    power : float
        How a relative change of the quantity changes doses: 0.5 where half as much,
        negative where the other way.
    """

    name: str
    relative: float
    power: float

    @property
    def of_dose(self) -> float:
        """Relative standard uncertainty of a dose by this alone."""
        return abs(self.power) * self.relative


@dataclass(frozen=True, eq=False)
class Scene:
    """A dose map in a box of voxels, structures drawn in it, and its budget.

    Parameters
    ----------
    dose_gy : array of shape (slices, rows, columns)
    spacing_mm : (float, float, float)
        In array order.
    drawn : mapping of str to array
        The part of each voxel in each drawn structure.
    occupied : mapping of str to array
        The same for each row of `parts`, as the results have it.
    parts : sequence of Part
    factors : sequence of Factor
    region : tuple of str
        The drawn structures that the treated activity was shared over; empty where it
        was the whole field of view, or another calibration.
    contour_mm, contour_shift_mm, registration_mm : float
        Standard uncertainties of where borders lie.
    noise : float
        Relative standard deviation of a voxel at `noise_at_gy`.
    noise_at_gy : float
    noise_fwhm_mm : float
    blur_step_gy : array or None
        What doses change by where the blur is wider by one standard uncertainty.
    """

    dose_gy: Array
    spacing_mm: tuple[float, float, float]
    drawn: Mapping[str, Array]
    occupied: Mapping[str, Array]
    parts: Sequence[Part]
    factors: Sequence[Factor]
    region: tuple[str, ...]
    contour_mm: float
    contour_shift_mm: float
    registration_mm: float
    noise: float
    noise_at_gy: float
    noise_fwhm_mm: float
    blur_step_gy: Array | None = None

    @property
    def voxel_ml(self) -> float:
        """Volume of a voxel."""
        return float(np.prod(self.spacing_mm)) / 1000

    @property
    def noise_gy(self) -> Array:
        """Standard deviation of each voxel's noise."""
        return self.noise * np.sqrt(self.noise_at_gy * np.clip(self.dose_gy, 0, None))
