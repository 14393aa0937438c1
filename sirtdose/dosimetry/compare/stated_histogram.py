"""What another system's own histogram says, against its dose in the same contours."""

from collections.abc import Mapping
from dataclasses import dataclass

from sirtdose.dosimetry.compare.comparison import Comparison, difference_words
from sirtdose.model.dose_curve import DoseCurve
from sirtdose.model.metric import MEAN

_TAG_WITHIN, _BIN_MOST = 0.02, 0.02
_BIN_MOST_GY = 0.25
# A mean by other points of the same dose is nearer than this.
_TAG_OFF = 0.1


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
                f"its DVHMeanDose says {self.tag_gy:.4g}, its curve {mean:.4g} Gy: the "
                "curve is taken"
            )
        if self.bin_gy is not None and self.bin_gy > max(
            _BIN_MOST * mean, _BIN_MOST_GY
        ):
            said.append(f"its bins are {self.bin_gy:.3g} Gy wide")
        if self.curve.volume_ml is None:
            said.append("it tells no volume in mL")
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
                    f"{difference_words(worst, 'its dose map,')}: of another dose, of "
                    "other contours, or sampled otherwise"
                )
        return said

    @property
    def findings(self) -> list[str]:
        """Where a histogram and the dose beside it are further apart than allowed."""
        return [
            f"their own histogram of '{one.name}': "
            f"{difference_words(number, 'their dose there,')}: it is of other "
            "contours, of another dose, or sampled otherwise"
            for one in self.compared
            for number in one.comparisons
            if number.met is False
        ]
