"""A treatment plan: the activity, what it does to each compartment, the limits."""

from dataclasses import dataclass, field
from typing import Any

from sirtdose.model.device import Device
from sirtdose.model.finding import Acceptance, Finding
from sirtdose.model.ledger import Lungs
from sirtdose.model.limit import Limit
from sirtdose.model.nuclide import Nuclide
from sirtdose.model.self_test import SelfTest
from sirtdose.model.uncertain import PlanUncertainty
from sirtdose.model.units import MCI_PER_GBQ
from sirtdose.planning.partition_case import Case


@dataclass(frozen=True)
class Compartment:
    """A part of the liver with one mean dose; activity at injection."""

    name: str
    role: str
    volume_ml: float
    mass_kg: float
    activity_gbq: float
    dose_gy: float
    cumulative_dose_gy: float


@dataclass(frozen=True)
class Plan:
    """How much activity, by which method, with what assumed.

    `activity_gbq` is injected; `draw_activity_gbq` is what to draw up so that it
    is injected although a residual stays behind. Both at the time of injection.
    `case` and `activities_gbq`, one an injection, are what the doses follow from.
    """

    method: str
    nuclide: Nuclide
    device: Device | None
    activity_gbq: float
    draw_activity_gbq: float
    compartments: tuple[Compartment, ...]
    lungs: Lungs
    limits: tuple[Limit, ...]
    assumptions: dict[str, Any]
    case: Case
    activities_gbq: tuple[float, ...]
    uncertainty: PlanUncertainty | None = None
    self_test: SelfTest | None = None
    findings: tuple[Finding, ...] = ()
    accepted: tuple[Acceptance, ...] = ()
    inputs: dict[str, Any] = field(default_factory=dict)

    @property
    def activity_mci(self) -> float:
        """Injected activity in mCi."""
        return self.activity_gbq * MCI_PER_GBQ

    @property
    def draw_activity_mci(self) -> float:
        """Activity to draw up in mCi."""
        return self.draw_activity_gbq * MCI_PER_GBQ
