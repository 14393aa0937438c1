"""A treatment plan: the activity, what it does to each compartment, the limits."""

from dataclasses import dataclass, field
from typing import Any

from sirtdose.model.device import Device
from sirtdose.model.finding import Acceptance, Finding
from sirtdose.model.lungs import Lungs
from sirtdose.model.nuclide import Nuclide
from sirtdose.model.units import MCI_PER_GBQ


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
class Limit:
    """A dose limit, what the plan gives there, and whether that meets it.

    Compared unrounded. A range runs from `limit_gy` to `upper_gy`; `strict` leaves
    the bound itself out. Of several volumes, `value_of` names the one that counts.

    Examples
    --------
    >>> Limit("lungs", "lungs", "at_most", 30.0, 30.001325, "", False, True).met
    False
    """

    name: str
    volume: str
    sense: str
    limit_gy: float
    value_gy: float | None
    source: str
    binding: bool
    verified: bool
    given_by_user: bool = False
    upper_gy: float | None = None
    strict: bool = False
    condition: str = ""
    value_of: str = ""
    activity_needed_gbq: float | None = None

    @property
    def met(self) -> bool | None:
        """Whether the value meets the limit; None where the value is not known."""
        value = self.value_gy
        if value is None:
            return None
        if self.strict and value in (self.limit_gy, self.upper_gy):
            return False
        low = self.limit_gy if self.sense != "at_most" else None
        high = self.limit_gy if self.sense == "at_most" else self.upper_gy
        return (low is None or value >= low) and (high is None or value <= high)


@dataclass(frozen=True)
class Plan:
    """How much activity, by which method, with what assumed.

    `activity_gbq` is injected; `draw_activity_gbq` is what to draw up so that it
    is injected although a residual stays behind. Both at the time of injection.
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
