"""One number by two systems, and whether they are near enough: doses, histograms."""

from collections.abc import Mapping
from dataclasses import dataclass

from sirtdose.model.dose_curve import DoseCurve
from sirtdose.model.metric import MEAN, VOLUME, Metric

# Doses this near to each other are the same whatever their ratio.
LEAST_GY = 0.5
_ROUNDING = 1e-6
_TAG_WITHIN, _BIN_MOST = 0.02, 0.02
_BIN_MOST_GY = 0.25
# A mean by other points of the same dose is nearer than this.
_TAG_OFF = 0.1


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
        known = self.ours and not self.metric.is_part
        return self.difference / self.ours if known else None


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
        return (
            f"{name} {100 * one.theirs:.1f} % against {other} {100 * one.ours:.1f} %, "
            f"{100 * one.difference:+.1f} points ({allowed} points)"
        )
    return (
        f"{name} {one.theirs:.4g} {unit} against {other} {one.ours:.4g} {unit}, "
        f"{100 * one.relative:+.1f} % ({allowed} %)"
    )


@dataclass(frozen=True, eq=False)
class StatedHistogram:
    """A histogram of their RTDOSE, and the same recomputed.

    In `comparisons`, ours is the recomputed number: their dose grid in the contours of
    that name, not our dose. `tag_gy` is the mean that a tag of its own says.
    """

    name: str
    curve: DoseCurve
    comparisons: tuple[Comparison, ...]
    bin_gy: float | None = None
    tag_gy: float | None = None

    @property
    def met(self) -> bool:
        """Whether nothing is beyond its tolerance."""
        return not self.unmet

    @property
    def unmet(self) -> int:
        """How many numbers are beyond their tolerance."""
        return sum(one.met is False for one in self.comparisons)

    @property
    def remarks(self) -> tuple[str, ...]:
        """What its numbers cannot tell, or tell wrongly."""
        mean = self.curve.mean_gy
        said = []
        if self.tag_gy is not None and abs(self.tag_gy - mean) > _TAG_WITHIN * mean:
            said.append(
                f"DVHMeanDose is {self.tag_gy:.4g} Gy, but the mean of its curve is "
                f"{mean:.4g} Gy: the curve is used"
            )
        if self.bin_gy is not None and self.bin_gy > max(
            _BIN_MOST * mean, _BIN_MOST_GY
        ):
            said.append(f"its bins are {self.bin_gy:.3g} Gy wide")
        if self.curve.volume_ml is None:
            said.append("it states no volume in mL")
        return tuple(said)


@dataclass(frozen=True)
class StatedHistograms:
    """Those of a file that were compared, and why others were not, by name."""

    compared: tuple[StatedHistogram, ...]
    left_out: Mapping[str, str]

    @property
    def contradictions(self) -> list[str]:
        """Of a file by itself: each structure whose stated doses are not its map's."""
        said = []
        for one in self.compared:
            map_gy = {number.metric: number.ours for number in one.comparisons}
            mean_gy, tag_gy = map_gy.get(MEAN), one.tag_gy
            if mean_gy and tag_gy and abs(tag_gy / mean_gy - 1) > _TAG_OFF:
                said.append(
                    f"the RTDOSE's own DVHMeanDose (3004,0074) of '{one.name}' is "
                    f"{tag_gy:.4g}, {tag_gy / mean_gy:.3g} times the {mean_gy:.4g} Gy "
                    "of its dose map: is it in percent, or from another dose?"
                )
            off = [
                number
                for number in one.comparisons
                if number.met is False and number.metric.unit == "Gy"
            ]
            if off:
                worst = next((n for n in off if n.metric == MEAN), off[0])
                said.append(
                    f"the RTDOSE's own histogram (DVHSequence) of '{one.name}': "
                    f"{difference_words(worst, 'its dose map,')}: it is from another "
                    "dose or other contours, or was sampled differently"
                )
        return said

    @property
    def findings(self) -> list[str]:
        """Where a histogram and the dose beside it are further apart than allowed."""
        return [
            f"their own histogram of '{one.name}': "
            f"{difference_words(number, 'their dose there,')}: it is from other "
            "contours or another dose, or was sampled differently"
            for one in self.compared
            for number in one.comparisons
            if number.met is False
        ]
