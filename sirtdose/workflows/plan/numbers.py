"""Plan a treatment: numbers to activity."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

from sirtdose.model.device import Device
from sirtdose.model.finding import (
    Acceptance,
    Finding,
    Severity,
    acceptances_used,
    require_accepted,
)
from sirtdose.model.self_test import SelfTest, self_test_findings
from sirtdose.planning import bsa_plan, mird_plan, partition_plan
from sirtdose.planning.comparison import compare
from sirtdose.planning.limit_table import Patient, chosen_limits
from sirtdose.planning.terms import Terms
from sirtdose.uncertainty.planned import Planned, planned_doses
from sirtdose.workflows.plan.uncertainty import (
    budget_at,
    budget_findings,
    planned_uncertainty,
)

if TYPE_CHECKING:
    from sirtdose.model.uncertain import PlannedDose
    from sirtdose.planning.comparison import Compared, ComparedCase
    from sirtdose.planning.limit_table import LiverFunction
    from sirtdose.planning.mird_plan import Convention
    from sirtdose.planning.partition_goal import Injection
    from sirtdose.planning.result import Plan
    from sirtdose.uncertainty.budget import Budget


@dataclass(frozen=True)
class PlanRequest(Terms):
    """What every planning method shares, and what the user accepted.

    `limit_table` names published limits, such as ``"eanm2022:glass:hcc:lobectomy"``;
    bilirubin and liver function decide between them. With `realizations` doses have
    intervals of an ensemble too, drawn with `seed`, by the package's budget or the TOML
    file `budget`. `self_test` is what the program's own comparisons said.
    """

    limit_table: str = ""
    bilirubin_mg_per_dl: float | None = None
    liver_function: "LiverFunction | None" = None
    budget: Path | None = None
    realizations: int | None = None
    seed: int = 0
    self_test: SelfTest | None = None
    acceptances: tuple[Acceptance, ...] = ()
    inputs: Mapping[str, Any] = field(default_factory=dict)

    def with_limits(
        self,
        perfused_volume_ml: float,
        liver_volume_ml: float | None = None,
    ) -> "tuple[PlanRequest, tuple[Finding, ...]]":
        """The same request with the limits of its table, and what is said of them.

        Raises
        ------
        InputError
            No such table, a bilirubin that it leaves open, or microspheres that it
            is not for (H25).
        """
        if not self.limit_table:
            return self, ()

        reserve = 1 - perfused_volume_ml / liver_volume_ml if liver_volume_ml else None
        chosen = chosen_limits(
            self.limit_table,
            Patient(
                bilirubin_mg_per_dl=self.bilirubin_mg_per_dl,
                reserve_fraction=reserve,
                liver_function=self.liver_function,
                treated_before=self.prior_liver_dose_gy > 0,
                liver_known=liver_volume_ml is not None,
            ),
        )
        mismatch = limit_device_findings(chosen.device, self)
        require_accepted(mismatch, self.acceptances)
        return replace(self, rules=chosen.rules), (*mismatch, *chosen.findings)


def limit_device_findings(table_device: str, terms: Terms) -> list[Finding]:
    """Limits of other microspheres than the plan's are not held against it (H25)."""
    limits_for = Device.named(table_device)
    if terms.device is None and limits_for.nuclide_name == terms.nuclide.name:
        said = (
            f"the limits are of {limits_for.product}: --device {table_device} says so"
        )
        return [Finding.of("H25", said)]
    if terms.device is not None and terms.device.name == table_device:
        return []
    given = terms.device.product if terms.device else terms.nuclide.name
    said = f"the limits are of {limits_for.product}, the plan is for {given}"
    return [Finding.of("H25", said, severity=Severity.STOP)]


def plan_mird(
    request: PlanRequest,
    *,
    dose_gy: float,
    perfused_volume_ml: float,
    convention: "Convention" = "delivered",
) -> "Plan":
    """Plan a mean dose to the perfused volume.

    Raises
    ------
    InputError
        A value out of range, or a safety check that was not accepted.
    PlanningError
        A limit the user gave is not met.

    Examples
    --------
    >>> request = PlanRequest(density_g_per_ml=1.03,
    ...                       lung_shunt_fraction=0.1)
    >>> plan = plan_mird(request, dose_gy=100, perfused_volume_ml=1000)
    >>> round(plan.activity_gbq, 2), round(plan.activity_mci, 1)
    (2.3, 62.3)
    """
    limited, said = request.with_limits(perfused_volume_ml)
    plan = mird_plan.plan(
        limited,
        dose_gy=dose_gy,
        perfused_volume_ml=perfused_volume_ml,
        convention=convention,
    )
    return accepted(plan, request, said)


def plan_partition(
    request: PlanRequest,
    injections: "Sequence[Injection]",
    *,
    liver_volume_ml: float | None = None,
) -> "Plan":
    """Plan one or more injections by the partition model.

    Raises
    ------
    InputError
        A value out of range, or a safety check that was not accepted.
    PlanningError
        A limit the user gave is not met, or no activity meets every limit.

    Examples
    --------
    >>> from sirtdose.planning.partition_goal import Injection
    >>> from sirtdose.planning.perfused import Tumor
    >>> request = PlanRequest(density_g_per_ml=1.03)
    >>> tumors = (Tumor("T1", 200, 3.0),)
    >>> right = Injection("right", 1000, tumors, "tumor_dose", 300, 0.1)
    >>> round(plan_partition(request, [right]).activity_gbq, 2)
    3.23
    """
    perfused_ml = sum(one.perfused_volume_ml for one in injections)
    limited, said = request.with_limits(perfused_ml, liver_volume_ml)
    plan = partition_plan.plan(limited, injections, liver_volume_ml=liver_volume_ml)
    return accepted(plan, request, said)


def plan_bsa(request: PlanRequest, **case: Any) -> "Plan":
    """Plan resin microspheres by body surface area.

    `case` is what :func:`sirtdose.planning.bsa_plan.plan` needs beside what all methods
    share.

    Raises
    ------
    InputError
        A value out of range, or a safety check that was not accepted.
    PlanningError
        A limit the user gave is not met.

    Examples
    --------
    1.648 m2 by DuBois: 1.448 GBq, and 0.2 for a fifth of tumor.

    >>> plan = plan_bsa(PlanRequest(), height_cm=165, weight_kg=60,
    ...                 liver_volume_ml=1500, tumor_volume_ml=300)
    >>> round(plan.activity_gbq, 2)
    1.66
    """
    liver_ml = case["liver_volume_ml"]
    limited, said = request.with_limits(
        case.get("treated_volume_ml") or liver_ml, liver_ml
    )
    return accepted(bsa_plan.plan(limited, **case), request, said)


def compare_plans(
    request: PlanRequest, case: "ComparedCase"
) -> "tuple[list[Compared], tuple[Finding, ...]]":
    """One case by every method that it has what for, past all their checks.

    Raises
    ------
    InputError
        Fewer than two methods have what they need, or a check was not accepted.
    PlanningError
        No activity of the partition model meets the limits.
    """
    request, said = request.with_limits(case.perfused_volume_ml, case.liver_volume_ml)
    rows = compare(request, case)
    each = [finding for row in rows for finding in row.plan.findings]
    budget = budget_at(request.budget)
    own = [*self_test_findings(request.self_test), *budget_findings(budget)]
    findings = tuple(dict.fromkeys([*said, *each, *own]))
    require_accepted(findings, request.acceptances)
    unsure = [replace(row, doses=_doses_of(row, request, budget)) for row in rows]
    return unsure, findings


def _doses_of(
    row: "Compared", request: PlanRequest, budget: "Budget"
) -> "tuple[PlannedDose, ...]":
    doses, _ = planned_doses(
        Planned(row.case, row.plan.activities_gbq, request.residual_fraction, ()),
        budget,
        realizations=request.realizations,
        seed=request.seed,
    )
    return tuple(doses)


def accepted(
    plan: "Plan", request: PlanRequest, said: Sequence[Finding] = ()
) -> "Plan":
    """A plan past its checks, with how sure it is, what was accepted and typed.

    Raises
    ------
    SafetyStop
        A check stops, or asks and nobody accepted it.
    """
    budget = budget_at(request.budget)
    findings = (
        *self_test_findings(request.self_test),
        *said,
        *plan.findings,
        *budget_findings(budget),
    )
    require_accepted(findings, request.acceptances)
    return replace(
        plan,
        self_test=request.self_test,
        uncertainty=planned_uncertainty(
            plan, budget, realizations=request.realizations, seed=request.seed
        ),
        findings=findings,
        accepted=acceptances_used(findings, request.acceptances),
        inputs=dict(request.inputs),
    )
