"""How sure planned doses are."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from sirtdose.model.uncertain import Uncertain


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
        moved = abs(self.blur_loss * self.first_order.value)
        return moved > self.first_order.standard


@dataclass(frozen=True)
class PlannedChance:
    """How probable it is that a limit is met, by each route.

    `first_order` is None where several volumes are held against the limit.
    """

    name: str
    limit_gy: float
    first_order: float | None
    ensemble: float | None


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
