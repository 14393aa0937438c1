"""One number by two systems, and whether they are near enough."""

from collections.abc import Mapping
from dataclasses import dataclass

from sirtdose.model.metric import VOLUME, Metric

# Doses this near to each other are the same whatever their ratio.
LEAST_GY = 0.5
_ROUNDING = 1e-6


@dataclass(frozen=True)
class Comparison:
    """One metric of a structure, ours and theirs; `met` is None where nothing is asked.

    Both are in the metric's unit.
    """

    metric: Metric
    ours: float
    theirs: float
    tolerance: float | None
    met: bool | None

    @property
    def difference(self) -> float:
        """Theirs minus ours."""
        return self.theirs - self.ours

    @property
    def relative(self) -> float | None:
        """The same over ours, None where ours is 0 or both are parts of a volume."""
        if self.metric.is_part:
            return None
        return self.difference / self.ours if self.ours else None


def compared(
    ours: Mapping[Metric, float],
    theirs: Mapping[Metric, float],
    tolerances: Mapping[str, float],
    *,
    bin_gy: float = 0.0,
) -> tuple[Comparison, ...]:
    """What both have, in our order, and whether it is within tolerance.

    A histogram tells a dose to a bin's width (`bin_gy`): nearer ones are the same.
    """
    return tuple(
        Comparison(
            metric,
            value,
            theirs[metric],
            tolerances.get(metric.key),
            _met(
                *(metric, value, theirs[metric]),
                allowed=tolerances.get(metric.key),
                bin_gy=bin_gy,
            ),
        )
        for metric, value in ours.items()
        if metric in theirs
    )


def _met(
    metric: Metric, ours: float, theirs: float, *, allowed: float | None, bin_gy: float
) -> bool | None:
    if allowed is None:
        return None
    # Numbers of a file end somewhere: what is at a tolerance is within.
    apart = abs(theirs - ours) * (1 - _ROUNDING)
    if metric == VOLUME:
        return apart <= allowed * ours
    if metric.is_part:
        return apart <= allowed
    return apart <= max(allowed * abs(ours), LEAST_GY, bin_gy)


def difference_words(one: Comparison, other: str = "our") -> str:
    """A difference with its unit and tolerance.

    >>> difference_words(Comparison(Metric("mean"), 50.0, 52.5, 0.03, False))
    'mean 52.5 Gy against our 50 Gy, +5.0 % (tolerance 3 %)'
    """
    name, unit = one.metric.words, one.metric.unit
    allowed = f"tolerance {100 * (one.tolerance or 0):g}"
    if one.relative is None:
        if not one.metric.is_part:
            return f"{name} {one.theirs:.4g} Gy against {other} 0 Gy ({allowed} %)"
        points = 100 * one.difference
        return (
            f"{name} {100 * one.theirs:.1f} % against {other} {100 * one.ours:.1f} %, "
            f"{points:+.1f} points ({allowed} points)"
        )
    return (
        f"{name} {one.theirs:.4g} {unit} against {other} {one.ours:.4g} {unit}, "
        f"{100 * one.relative:+.1f} % ({allowed} %)"
    )
