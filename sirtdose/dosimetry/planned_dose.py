"""What was planned beside what was delivered."""

from dataclasses import dataclass
from typing import Any


@dataclass(frozen=True)
class PlannedDose:
    """A part of the liver with its planned and its delivered mean dose.

    D70, the least dose in the hottest 70 %, where the plan is by an image.
    """

    name: str
    role: str
    planned_gy: float
    delivered_gy: float
    planned_d70_gy: float | None = None
    delivered_d70_gy: float | None = None

    @property
    def ratio(self) -> float | None:
        """Delivered over planned."""
        return self.delivered_gy / self.planned_gy if self.planned_gy else None


@dataclass(frozen=True)
class PlanCompared:
    """A plan, and what became of it; `method` is of the delivered doses."""

    hash: str
    approval: dict[str, Any]
    method: str
    planned_gbq: float
    delivered_gbq: float
    rows: tuple[PlannedDose, ...]
