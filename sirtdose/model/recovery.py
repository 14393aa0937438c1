"""Recovery coefficients: how much of a lesion's uptake an image shows, by volume."""

from collections.abc import Sequence
from dataclasses import dataclass
from itertools import pairwise
from math import log

from sirtdose.errors import RangeError

# No lesion is larger than a liver; edges that a reconstruction sharpens overshoot by
# some 20 %, and of less than 5 % nothing is left to be corrected.
_MOST_ML, LEAST, _MOST, _FALL = 5000.0, 0.05, 1.2, 0.2


@dataclass(frozen=True)
class RecoveryTable:
    """Recovery by volume, as a department measured it on a phantom.

    Between two volumes it runs straight over the logarithm of volume; above the
    largest it keeps its value, below the smallest it is not known. `standards` are the
    standard uncertainties of the recoveries, where they are known.

    Parameters
    ----------
    volumes_ml, recoveries : sequence of float
        Ascending volumes above 0 and at most 5000 mL; recoveries of 0.05 to 1.2 that
        fall by no more than 0.2 from one volume to a larger one.

    Raises
    ------
    RangeError
        Fewer than two rows, or a value outside its range.

    Examples
    --------
    >>> table = RecoveryTable((1.0, 100.0), (0.4, 0.9))
    >>> round(table.at(10.0), 6), table.at(500.0), table.known(0.5)
    (0.65, 0.9, False)
    """

    volumes_ml: Sequence[float]
    recoveries: Sequence[float]
    standards: Sequence[float] = ()

    def __post_init__(self) -> None:
        pairs = list(zip(self.volumes_ml, self.recoveries, strict=True))
        if len(pairs) < 2:
            raise RangeError(
                f"{len(pairs)} recovery coefficients were given: at least two are "
                "needed"
            )
        for volume, recovery in pairs:
            if not (0 < volume <= _MOST_ML and LEAST <= recovery <= _MOST):
                raise RangeError(
                    f"a recovery of {recovery:g} at {volume:g} mL: volumes are above 0 "
                    f"and at most {_MOST_ML:g} mL, recoveries {LEAST:g} to {_MOST:g} "
                    "(45 % is 0.45)"
                )
        if not all(a < b for a, b in pairwise(self.volumes_ml)):
            raise RangeError("recovery coefficients must be sorted by volume")
        for (low, a), (high, b) in pairwise(pairs):
            if b < a - _FALL:
                raise RangeError(
                    f"the recovery falls from {a:g} at {low:g} mL to {b:g} at "
                    f"{high:g} mL, but a larger lesion loses less: are the columns "
                    "swapped?"
                )

    def known(self, volume_ml: float) -> bool:
        """Whether the table reaches down to a volume."""
        return volume_ml >= self.volumes_ml[0]

    def reaches(self, volume_ml: float) -> bool:
        """Whether the table reaches up to a volume."""
        return volume_ml <= self.volumes_ml[-1]

    def at(self, volume_ml: float) -> float:
        """The recovery of a volume; of the smallest one known below that."""
        return self._at(volume_ml, self.recoveries)

    def standard_at(self, volume_ml: float) -> float:
        """Its standard uncertainty; 0 where none is known.

        >>> RecoveryTable((1.0, 100.0), (0.4, 0.9), (0.03, 0.01)).standard_at(10.0)
        0.02
        """
        return self._at(volume_ml, self.standards) if self.standards else 0.0

    def _at(self, volume_ml: float, values: Sequence[float]) -> float:
        pairs = list(zip(self.volumes_ml, values, strict=True))
        if volume_ml <= pairs[0][0]:
            return pairs[0][1]
        for (low, a), (high, b) in pairwise(pairs):
            if volume_ml <= high:
                return a + log(volume_ml / low) / log(high / low) * (b - a)
        return pairs[-1][1]
