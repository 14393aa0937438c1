"""A treatment plan: the activity, what it does to each compartment, the limits."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from sirtdose.model.acceptance import Acceptance, still_open
from sirtdose.model.activity_scale import DoseScale
from sirtdose.model.device import Device
from sirtdose.model.finding import Finding
from sirtdose.model.goal import Goal
from sirtdose.model.ledger import Lungs
from sirtdose.model.limit import Limit
from sirtdose.model.nuclide import Nuclide
from sirtdose.model.self_test import SelfTest
from sirtdose.model.shown import Tabled
from sirtdose.model.treatment import Injected, Part, Treatment
from sirtdose.model.uncertain import PlanUncertainty
from sirtdose.model.units import MCI_PER_GBQ
from sirtdose.planning.partition_case import Case
from sirtdose.planning.published_goals import PublishedGoal, Treated
from sirtdose.planning.remnant import Remnant


@dataclass(frozen=True)
class Compartment:
    """A part of the liver with one mean dose; activity at injection.

    `by_injection_gy` has the dose by each injection into it, where there are several;
    `gy_per_gbq` what 1 GBq of every injection gives it;
    `all_counts` is the same by all counts of an image, where that is another dose.
    """

    name: str
    role: str
    volume_ml: float
    mass_kg: float
    activity_gbq: float
    dose_gy: float
    cumulative_dose_gy: float
    by_injection_gy: Mapping[str, float] = field(default_factory=dict)
    gy_per_gbq: Mapping[str, float] = field(default_factory=dict)
    all_counts: "Compartment | None" = None


@dataclass(frozen=True, repr=False)
class Plan(Tabled):
    """How much activity, by which method, with what assumed.

    `activity_gbq` is injected; `draw_activity_gbq` is what to draw up so that it
    is injected although a residual stays behind. Both at the time of injection.
    `case` and `activities_gbq`, one an injection, are what the doses follow from;
    `maximized` ones grew until a limit bound them. `goals` are what was wanted, with
    what is reached of it. Of an image, `hottest_gy` is what
    the hottest 2 % of organs get at least, and `foci_gy` the peak of a hot spot that
    reaches into one. `remnant` is what of the liver is not treated, `published` are
    published doses beside this plan's, `treats` the disease and the scenario that
    chosen limits name.
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
    maximized: bool = False
    goals: tuple[Goal, ...] = ()
    hottest_gy: Mapping[str, float] = field(default_factory=dict)
    foci_gy: Mapping[str, float] = field(default_factory=dict)
    remnant: Remnant | None = None
    published: tuple[PublishedGoal, ...] = ()
    treats: Treated = field(default_factory=Treated)
    uncertainty: PlanUncertainty | None = None
    self_test: SelfTest | None = None
    findings: tuple[Finding, ...] = ()
    accepted: tuple[Acceptance, ...] = ()
    inputs: dict[str, Any] = field(default_factory=dict)

    def _facts(self) -> dict[str, object]:
        return {
            "method": self.method,
            "nuclide": self.nuclide.name,
            "device": self.device.name if self.device else None,
            "activity_gbq": self.activity_gbq,
            "draw_activity_gbq": self.draw_activity_gbq,
            "findings": len(self.findings),
        }

    def _rows(self) -> dict[str, object]:
        return {one.name: f"{one.dose_gy:.4g} Gy mean" for one in self.compartments}

    @property
    def treatment(self) -> Treatment:
        """The plan as it is judged."""
        case = self.case
        shunts = [
            one if case.shunt_known else None for one in case.lung_shunt_fractions
        ]
        named = zip(case.injections, self.activities_gbq, shunts, strict=True)
        return Treatment(
            injections=tuple(Injected(*one) for one in named),
            parts=tuple(
                Part(
                    name=one.name,
                    role=one.role,
                    volume_ml=one.volume_ml,
                    mass_kg=one.mass_kg,
                    doses_gy=one.doses_gy(self.activities_gbq),
                    prior_gy=one.prior_gy,
                    of=one.of,
                    all_counts_gy=one.readings[-1].doses_gy(self.activities_gbq)
                    if one.all_counts
                    else (),
                    hottest_gy=self.hottest_gy.get(one.name, 0.0),
                    focus_gy=self.foci_gy.get(one.name, 0.0),
                )
                for one in case.regions
            ),
            lungs=self.lungs,
            nuclide=self.nuclide,
            device=self.device,
            typed_tumors_ml=case.tumors_ml,
            prescribed_gy=prescribed_gy(self.assumptions),
            bilirubin_mg_per_dl=self.assumptions.get("bilirubin_mg_per_dl"),
            drawn=case.measured,
        )

    @property
    def scale(self) -> DoseScale:
        """Doses of a plan are by the activity that is declared."""
        return DoseScale("declared", self.device.name if self.device else None)

    @property
    def unaccepted(self) -> list[Finding]:
        """Limits that are not met and that nobody accepted: it cannot be approved."""
        return still_open(self.findings, self.accepted)

    @property
    def activity_mci(self) -> float:
        """Injected activity in mCi."""
        return self.activity_gbq * MCI_PER_GBQ

    @property
    def draw_activity_mci(self) -> float:
        """Activity to draw up in mCi."""
        return self.draw_activity_gbq * MCI_PER_GBQ


def prescribed_gy(assumptions: Mapping[str, Any]) -> float:
    """The highest dose goal of a plan, where every activity comes from one; else 0.

    >>> prescribed_gy({"injections": [{"goal": "tumor_dose", "value": 120.0}]})
    120.0
    >>> prescribed_gy({"injections": [{"goal": "activity", "value": 2.0}]})
    0.0
    """
    goals = assumptions.get("injections") or ()
    if goals and all(str(one["goal"]).endswith("_dose") for one in goals):
        return float(max(one["value"] for one in goals))
    return float(assumptions.get("prescribed_dose_gy") or 0.0)
