"""A histogram as another system writes it: volume at some doses, no voxels."""

from collections.abc import Sequence
from dataclasses import dataclass
from itertools import pairwise

from sirtdose.errors import InputError

_POINTS_LEAST = 5
# A curve that ends above this part of the volume may have been cut off before D2.
_END_MOST = 0.02


@dataclass(frozen=True)
class DoseCurve:
    """The part of a volume that has at least each dose, straight between the points.

    After the last point there is nothing more: a staircase ends at its greatest dose.
    `volume_ml` is None where only parts are told.

    Examples
    --------
    A quarter each from 0 to 10, 10 to 20, 20 to 30 and 30 to 40 Gy.

    >>> curve = DoseCurve.of([0, 10, 20, 30, 40], [1, 0.75, 0.5, 0.25, 0])
    >>> curve.mean_gy, curve.volume_fraction_above(35.0)
    (20.0, 0.125)
    >>> curve.dose_to_volume_fraction_gy(0.75)
    10.0
    """

    doses_gy: tuple[float, ...]
    parts: tuple[float, ...]
    volume_ml: float | None = None

    @classmethod
    def of(
        cls,
        doses_gy: Sequence[float],
        parts: Sequence[float],
        volume_ml: float | None = None,
    ) -> "DoseCurve":
        """Sort the points by dose.

        Raises
        ------
        InputError
            Few points, or a curve that rises or does not begin at the whole volume.
        """
        if len(doses_gy) < _POINTS_LEAST:
            raise InputError(
                f"a histogram of {len(doses_gy)} points is too coarse: give more"
            )
        points = sorted(
            zip(map(float, doses_gy), map(float, parts), strict=True),
            key=lambda one: (one[0], -one[1]),
        )
        doses, heights = zip(*points, strict=True)
        falls = all(after <= before + 1e-6 for before, after in pairwise(heights))
        if not falls or heights[0] < 1 - 1e-3:
            raise InputError(
                "a cumulative histogram starts at 1 and never rises: is this a "
                "differential one?"
            )
        return cls(tuple(doses), tuple(heights), volume_ml)

    @property
    def ends_early(self) -> bool:
        """Whether it may have been cut off: much of the volume is left at its end."""
        return self.parts[-1] > _END_MOST

    @property
    def mean_gy(self) -> float:
        """Mean dose: the area under the curve."""
        steps = zip(pairwise(self.doses_gy), pairwise(self.parts), strict=True)
        area = sum((b - a) * (p + q) / 2 for (a, b), (p, q) in steps)
        return self.doses_gy[0] + area

    def dose_to_volume_fraction_gy(self, fraction: float) -> float:
        """D_x: the least dose in the hottest fraction of the volume."""
        after = next(
            (n for n, one in enumerate(self.parts) if one < fraction),
            len(self.parts) - 1,
        )
        before = max(after - 1, 0)
        fall = self.parts[before] - self.parts[after]
        if fall <= 0:
            return self.doses_gy[before]
        along = (self.parts[before] - fraction) / fall
        first, last = self.doses_gy[before], self.doses_gy[after]
        return first + min(max(along, 0.0), 1.0) * (last - first)

    def volume_fraction_above(self, dose_gy: float) -> float:
        """V_x: the fraction of the volume that has at least a dose."""
        if dose_gy <= self.doses_gy[0]:
            return 1.0
        for (a, b), (p, q) in zip(
            pairwise(self.doses_gy), pairwise(self.parts), strict=True
        ):
            if a < dose_gy <= b:
                return min(max(p + (q - p) * (dose_gy - a) / (b - a), 0.0), 1.0)
        return 0.0
