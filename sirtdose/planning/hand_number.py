"""A number of a plan beside the same by hand."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

Plan = Mapping[str, Any]

# Numbers of a plan have ten digits: what is farther off is no rounding.
ROUNDING = 1e-6


def readings(part: Plan) -> list[Plan]:
    """A part by what is injected and, where that is another dose, by all counts."""
    more = part.get("all_counts")
    return [part] if more is None else [part, more]


def scout_gbq(plan: Plan) -> Mapping[str, float]:
    """What a scout had of each injection, in their order; empty without one."""
    found = plan["assumptions"].get("scout") or {"by_injection_gbq": {}}
    amounts: Mapping[str, float] = found["by_injection_gbq"]
    return amounts


@dataclass(frozen=True)
class HandNumber:
    """A number of a plan, and the same by hand.

    `how` is the arithmetic, written out; `kind` is dose, cumulative, lungs, mass,
    activity, formula or limit; `agrees_to` is the relative difference up to which both
    are the same.
    """

    name: str
    kind: str
    unit: str
    plan: float
    by_hand: float
    how: str
    agrees_to: float = ROUNDING

    @property
    def difference(self) -> float:
        """The plan's over the one by hand, less 1."""
        return self.plan / self.by_hand - 1 if self.by_hand else float(self.plan != 0)

    @property
    def agrees(self) -> bool:
        """Whether they differ by rounding alone, or by what a method may move."""
        return abs(self.difference) <= self.agrees_to
