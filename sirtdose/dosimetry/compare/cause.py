"""One explanation of what two doses differ by, and what it leaves."""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from sirtdose.dosimetry.compare.dose_pair import rms

# Each parameter has to take away this part of the difference to be worth it.
WORTH = 0.02


@dataclass(frozen=True)
class Cause:
    """An explanation of a difference, and what is left after it.

    `kind` is scale, shift, rigid, blur, method or mirror; `+scale` where a factor goes
    with it. `factor` is theirs over ours; `shift_mm` is where theirs lies from ours
    along x, y and z; `rotation_deg` its turn about these axes, as a vector, around the
    middle of our dose; `fwhm_mm` the blur that theirs has beyond ours (below 0: ours
    beyond theirs).
    """

    kind: str
    rms_before_gy: float
    rms_after_gy: float
    factor: float | None = None
    shift_mm: tuple[float, float, float] | None = None
    rotation_deg: tuple[float, float, float] | None = None
    fwhm_mm: float | None = None
    method: str | None = None
    axis: str | None = None

    @property
    def explained_fraction(self) -> float:
        """Part of the root mean square that it takes away."""
        return 1 - self.rms_after_gy / self.rms_before_gy

    @property
    def rank(self) -> float:
        """Less is better: what is left, and a little for each thing assumed."""
        parts = self.kind.count("+") + (2 if self.rotation_deg else 1)
        return self.rms_after_gy / self.rms_before_gy + WORTH * parts


def plain(
    kind: str,
    model: NDArray[np.float64],
    theirs: NDArray[np.float64],
    before: float,
    **said: object,
) -> Cause:
    """What a model of theirs leaves."""
    return Cause(kind, before, rms(theirs - model), **said)  # type: ignore[arg-type]


def scaled(
    kind: str,
    model: NDArray[np.float64],
    theirs: NDArray[np.float64],
    before: float,
    **said: object,
) -> Cause:
    """With the factor that leaves least.

    >>> found = scaled("scale", np.array([1.0, 2.0]), np.array([3.0, 6.0]), 3.0)
    >>> found.factor, found.rms_after_gy
    (3.0, 0.0)
    """
    factor = best_factor(model, theirs)
    left = rms(theirs - factor * model)
    return Cause(kind, before, left, factor=factor, **said)  # type: ignore[arg-type]


def best_factor(model: NDArray[np.float64], theirs: NDArray[np.float64]) -> float:
    """Least squares through the origin.

    >>> best_factor(np.array([1.0, 2.0]), np.array([3.0, 6.0]))
    3.0
    """
    return float((model * theirs).sum() / max(float((model**2).sum()), 1e-30))
