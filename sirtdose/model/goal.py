"""A goal of a plan, and what the plan reaches of it."""

from dataclasses import dataclass, replace
from math import isclose
from typing import Literal

from sirtdose.model.metric import Metric

_SAME = 1e-6


@dataclass(frozen=True)
class Goal:
    """A metric of a structure that is wanted, and what is reached.

    `wanted` and `reached` are in Gy, or fractions of the volume where the metric is a
    V; `wanted_gy` and `reached_gy` are that V's dose, and the dose that the wanted part
    of the volume gets. ``"aim"`` is a dose to be hit, not passed. One goal of each
    injection `sets_activity`.

    Examples
    --------
    84 % of a tumor get the 100 Gy that 90 % should get, which get 92 Gy.

    >>> goal = Goal("right", "T1", Metric.parse("V100Gy"), "at_least", 0.9, 0.84,
    ...             wanted_gy=100.0, reached_gy=92.0)
    >>> goal.met, goal.apart_gy, round(goal.apart_percent, 6)
    (False, -8.0, -6.0)
    """

    injection: str
    structure: str
    metric: Metric
    sense: Literal["at_least", "aim"]
    wanted: float
    reached: float | None
    wanted_gy: float
    reached_gy: float | None
    sets_activity: bool = False

    @property
    def met(self) -> bool | None:
        """Whether it is reached; None where there is no such number."""
        if self.reached is None:
            return None
        same = isclose(self.reached, self.wanted, rel_tol=_SAME)
        return same or (self.sense == "at_least" and self.reached > self.wanted)

    @property
    def apart_gy(self) -> float | None:
        """Reached dose less the wanted one."""
        return None if self.reached_gy is None else self.reached_gy - self.wanted_gy

    @property
    def apart_percent(self) -> float | None:
        """The same as a part of the wanted dose; of a V, percent of the volume."""
        if self.reached is None:
            return None
        of = 1.0 if self.metric.is_part else self.wanted
        return 100 * (self.reached - self.wanted) / of

    def setting(self) -> "Goal":
        """The same as the one that sets the activity."""
        return replace(self, sets_activity=True)
