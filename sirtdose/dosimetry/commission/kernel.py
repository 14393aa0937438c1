"""A camera's blur: a core, edges that overshoot, and a wide tail of some form."""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from sirtdose.dosimetry.commission.transform import PER_MM2, blurred

Array = NDArray[np.float64]
FORMS = ("gaussian", "exponential", "power")
# The width at half of the highest point of (1 + r^2)^-2.
_POWER_WIDTH = 2 * float(np.sqrt(np.sqrt(2) - 1))


def tail_transfer(
    form: str, squared: NDArray[np.floating], fwhm_mm: float
) -> NDArray[np.floating]:
    r"""What a tail leaves of each frequency.

    By the width (FWHM) of a Gaussian of its variance; a power of the distance,
    :math:`(1 + (r/a)^2)^{-2}`, has none, and its own width counts, 1.287 a.

    Examples
    --------
    >>> [round(float(tail_transfer(f, np.array([1e-5]), 60.0)[0]), 3) for f in FORMS]
    [0.88, 0.883, 0.396]
    """
    if form == "gaussian":
        return np.asarray(np.exp(-PER_MM2 * fwhm_mm**2 * squared))
    if form == "exponential":
        return np.asarray((1 + PER_MM2 / 2 * fwhm_mm**2 * squared) ** -2.0)
    return np.asarray(np.exp(-2 * np.pi * fwhm_mm / _POWER_WIDTH * np.sqrt(squared)))


@dataclass(frozen=True)
class Kernel:
    """A blur: a core, edges that overshoot, and a tail of some form."""

    in_plane_mm: float
    axial_mm: float
    edge: float = 0.0
    sharp: int = 0
    tail_fraction: float = 0.0
    tail_fwhm_mm: float = 55.0
    form: str = "gaussian"

    def transfer(self, frequency: Array) -> Array:
        """What is left of each frequency (3, n), 1/mm."""
        core = blurred(frequency, self.in_plane_mm, self.axial_mm)
        if self.sharp:
            core = core * (1 + self.edge * (1 - core**self.sharp))
        tail = tail_transfer(self.form, (frequency**2).sum(axis=0), self.tail_fwhm_mm)
        return np.asarray((1 - self.tail_fraction) * core + self.tail_fraction * tail)


def narrowed(edge: float, sharp: int) -> float:
    """The width of a core that overshoots, over that of its Gaussian."""
    from scipy.optimize import brentq

    if not sharp or not edge:
        return 1.0
    wide = 1 + sharp
    around = edge * wide**-1.5

    def above_half(x: float) -> float:
        own = (1 + edge) * 2.0 ** -(x**2) - around * 2.0 ** -(x**2 / wide)
        return float(own - (1 + edge - around) / 2)

    return float(brentq(above_half, 0.2, 2.0))
