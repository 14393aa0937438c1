"""One number by two systems, and whether they are near enough."""

from collections.abc import Mapping
from dataclasses import dataclass

# Doses this near to each other are the same whatever their ratio.
LEAST_GY = 0.5
_ROUNDING = 1e-6


@dataclass(frozen=True)
class Comparison:
    """One number of a structure, ours and theirs; `met` is None where nothing is asked.

    The unit is Gy, mL for ``volume`` and 1 for ``v...``.
    """

    metric: str
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
        if self.metric.startswith("v") and self.metric != "volume":
            return None
        return self.difference / self.ours if self.ours else None


def compared(
    ours: Mapping[str, float],
    theirs: Mapping[str, float],
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
            tolerances.get(metric),
            _met(
                *(metric, value, theirs[metric]),
                allowed=tolerances.get(metric),
                bin_gy=bin_gy,
            ),
        )
        for metric, value in ours.items()
        if metric in theirs
    )


def _met(
    metric: str, ours: float, theirs: float, *, allowed: float | None, bin_gy: float
) -> bool | None:
    if allowed is None:
        return None
    # Numbers of a file end somewhere: what is at a tolerance is within.
    apart = abs(theirs - ours) * (1 - _ROUNDING)
    if metric == "volume":
        return apart <= allowed * ours
    if metric.startswith("v"):
        return apart <= allowed
    return apart <= max(allowed * abs(ours), LEAST_GY, bin_gy)


def difference_words(one: Comparison, other: str = "our") -> str:
    """A difference with its unit and tolerance.

    >>> difference_words(Comparison("mean", 50.0, 52.5, 0.03, False))
    'mean 52.5 Gy against our 50 Gy, +5.0 % (tolerance 3 %)'
    """
    name, allowed = (
        metric_words(one.metric),
        f"tolerance {100 * (one.tolerance or 0):g}",
    )
    if one.relative is None:
        if not one.metric.startswith("v"):
            return f"{name} {one.theirs:.4g} Gy against {other} 0 Gy ({allowed} %)"
        points = 100 * one.difference
        return (
            f"{name} {100 * one.theirs:.1f} % against {other} {100 * one.ours:.1f} %, "
            f"{points:+.1f} points ({allowed} points)"
        )
    unit = "mL" if one.metric == "volume" else "Gy"
    return (
        f"{name} {one.theirs:.4g} {unit} against {other} {one.ours:.4g} {unit}, "
        f"{100 * one.relative:+.1f} % ({allowed} %)"
    )


def metric_words(metric: str) -> str:
    """A number's name as the field writes it.

    >>> metric_words("d70"), metric_words("v100"), metric_words("mean")
    ('D70', 'V100 Gy', 'mean')
    """
    if metric.startswith("v") and metric != "volume":
        return f"V{metric[1:]} Gy"
    return metric.upper() if metric[:1] == "d" else metric
