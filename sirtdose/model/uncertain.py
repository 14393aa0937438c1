"""Numbers that are not sure: what they are known to."""

from collections.abc import Mapping
from dataclasses import dataclass, replace
from math import hypot
from typing import Any, Final

# Of a normal distribution, the standard deviations that hold 95 %.
Z95: Final = 1.959963984540054


@dataclass(frozen=True)
class Uncertain:
    """A value with its standard uncertainty (k = 1) and 95 % interval."""

    value: float
    standard: float
    low: float
    high: float

    def widened(self, relative: float) -> "Uncertain":
        """With one more standard uncertainty, of the value, and nothing below 0.

        10 with 3, and 40 % more: 5, and 1.96 x 5 on both sides.

        >>> one = Uncertain(10.0, 3.0, 10 - 3 * Z95, 10 + 3 * Z95).widened(0.4)
        >>> one.standard, round(one.low, 2), round(one.high, 2)
        (5.0, 0.2, 19.8)
        """
        more = abs(relative * self.value)
        low, high = (
            hypot(one, Z95 * more)
            for one in (self.value - self.low, self.high - self.value)
        )
        return Uncertain(
            self.value,
            hypot(self.standard, more),
            max(self.value - low, min(self.low, 0.0)),
            self.value + high,
        )

    def outweighed_by(self, loss: float) -> bool:
        """Whether a loss, as a part of the value, is more than the uncertainty."""
        return abs(loss * self.value) > self.standard


@dataclass(frozen=True, eq=False)
class RowUncertainty:
    """What is known of one structure's doses by one method.

    `quantities` (``mean_gy``, ``d70_gy``, ``v100``, ``volume_ml``) are by the ensemble,
    `by_first_order` the same by propagation; `parts_gy` the standard uncertainty that
    each component of the budget adds to the mean. `band` is of the histogram: doses,
    and the fractions of volume between which 95 % of the curves lie;
    `first_order_band` such fractions at the same doses. `gone` is the part of the
    realizations in which a contour shrank to nothing. `blur_loss` is how far blur
    that was not undone is estimated to move the mean, as a part of it; where that is
    more than the standard uncertainty the largest error is in none of this, and
    intervals are not shown.
    """

    name: str
    role: str
    quantities: Mapping[str, Uncertain]
    by_first_order: Mapping[str, Uncertain]
    parts_gy: Mapping[str, float]
    band: tuple[tuple[float, ...], tuple[float, ...], tuple[float, ...]]
    first_order_band: tuple[tuple[float, ...], tuple[float, ...]]
    gone: float
    blur_loss: float = 0.0

    def widened(self, relative: float, component: str) -> "RowUncertainty":
        """With one more standard uncertainty, of every dose, as a component by name."""

        def wider(values: Mapping[str, Uncertain]) -> dict[str, Uncertain]:
            return {
                name: one.widened(relative) if name.endswith("_gy") else one
                for name, one in values.items()
            }

        part = relative * self.first_order.value
        return replace(
            self,
            quantities=wider(self.quantities),
            by_first_order=wider(self.by_first_order),
            parts_gy={**self.parts_gy, component: part},
        )

    @property
    def first_order(self) -> Uncertain:
        """The mean by propagation."""
        return self.by_first_order["mean_gy"]

    @property
    def hidden_by_blur(self) -> bool:
        """Whether blur moves the mean by more than all that is in its uncertainty."""
        return self.first_order.outweighed_by(self.blur_loss)


@dataclass(frozen=True)
class LimitChance:
    """How probable it is that a limit is met, of the realizations."""

    name: str
    volume: str
    limit_gy: float
    probability: float


@dataclass(frozen=True, eq=False)
class Uncertainty:
    """All that is known of the doses of an assessment.

    `budget` are the components used, as :mod:`sirtdose.uncertainty.budget` has them;
    `left_out` says what is not in it.
    """

    realizations: int
    seed: int
    rows: Mapping[str, tuple[RowUncertainty, ...]]
    lungs: Uncertain | None
    limits: tuple[LimitChance, ...]
    budget: tuple[Mapping[str, Any], ...]
    left_out: tuple[str, ...]


@dataclass(frozen=True)
class Predicted:
    """What an image after treatment is to show, by how others' images agreed.

    `median_gy` and an interval for 95 % of such doses.
    """

    median_gy: float
    low_gy: float
    high_gy: float


@dataclass(frozen=True)
class PlannedDose:
    """A compartment's mean dose as a plan knows it, by two routes.

    `parts_gy` are standard uncertainties by the component of the budget; `ensemble` is
    None where no realizations were asked for, `predicted` where nothing published says
    how scout and treatment agree. `blur_loss` is how far the scout's blur is estimated
    to move a tumor's mean, as a part of it; where that is more than the standard
    uncertainty no interval is shown.
    """

    name: str
    role: str
    first_order: Uncertain
    parts_gy: Mapping[str, float]
    ensemble: Uncertain | None
    predicted: Predicted | None
    blur_loss: float = 0.0

    @property
    def hidden_by_blur(self) -> bool:
        """Whether blur moves the mean by more than all that is in its uncertainty."""
        return self.first_order.outweighed_by(self.blur_loss)


@dataclass(frozen=True)
class PlannedChance:
    """How probable it is that a volume's dose meets a limit, by each route."""

    name: str
    limit_gy: float
    first_order: float | None
    ensemble: float | None
    sense: str = "at_most"
    upper_gy: float | None = None
    strict: bool = False
    injection: str = ""
    value_of: str = ""


@dataclass(frozen=True, eq=False)
class PlanUncertainty:
    """All that is known of the doses of a plan, and what it rests on."""

    doses: tuple[PlannedDose, ...]
    limits: tuple[PlannedChance, ...]
    realizations: int | None
    seed: int
    budget: tuple[Mapping[str, Any], ...]
    agreement: tuple[Mapping[str, Any], ...]
    widened_by: float
    left_out: tuple[str, ...]
