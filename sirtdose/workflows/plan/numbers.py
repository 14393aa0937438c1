"""Plan a treatment: numbers to activity."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any

from sirtdose.checks.constants import density_finding
from sirtdose.checks.judge import Wanted as Judged
from sirtdose.checks.judge import judge_plan
from sirtdose.checks.method import (
    bilirubin_findings,
    body_surface_findings,
    chosen_limit_findings,
    injection_limit_findings,
    kao_findings,
    left_out_findings,
    limit_device_findings,
    not_a_device_finding,
)
from sirtdose.checks.self_test import self_test_findings
from sirtdose.checks.sessions import session_findings
from sirtdose.checks.site import site_findings
from sirtdose.checks.vials import better_than_label_findings
from sirtdose.checks.volumes import definition_finding
from sirtdose.model.acceptance import Acceptance, answered, require_accepted
from sirtdose.model.device import Device
from sirtdose.model.finding import Finding, Severity
from sirtdose.model.self_test import SelfTest
from sirtdose.model.site import SiteUsed
from sirtdose.model.uncertain import PlannedDose
from sirtdose.planning import bsa_plan, mird_plan, partition_plan
from sirtdose.planning.comparison import Compared, ComparedCase, compare
from sirtdose.planning.injection_limits import (
    Limited,
    chosen_by_injection,
    joined_rules,
    tables_of,
)
from sirtdose.planning.kao import in_usual_terms
from sirtdose.planning.limit_table import LiverFunction, Patient
from sirtdose.planning.mird_plan import Convention
from sirtdose.planning.partition_case import Case
from sirtdose.planning.partition_goal import Injection
from sirtdose.planning.published_goals import Treated
from sirtdose.planning.remnant import RemnantAsked
from sirtdose.planning.result import Plan
from sirtdose.planning.terms import Terms
from sirtdose.uncertainty.budget import Budget
from sirtdose.uncertainty.planned import Planned, planned_doses
from sirtdose.workflows.plan.remnant import with_remnant
from sirtdose.workflows.plan.uncertainty import budget_at, planned_uncertainty

# Methods that are for resin alone, whatever --device says.
_RESIN_ALONE = ("bsa", "empirical")


@dataclass(frozen=True)
class PlanRequest(Terms):
    """What every planning method shares, and what the user accepted.

    `limit_table` names published limits, such as ``"eanm2022:glass:hcc:lobectomy"``;
    bilirubin and liver function decide between them. With `realizations` doses have
    intervals of an ensemble too, drawn with `seed`, by the package's budget or the TOML
    file `budget`. `remnant` is what was given of the liver that stays untreated.
    `self_test` is what the program's own comparisons said.
    """

    limit_table: str = ""
    liver_function: LiverFunction | None = None
    budget: Path | None = None
    realizations: int | None = None
    seed: int = 0
    remnant: RemnantAsked = field(default_factory=RemnantAsked)
    self_test: SelfTest | None = None
    site: SiteUsed | None = None
    acceptances: tuple[Acceptance, ...] = ()
    inputs: Mapping[str, Any] = field(default_factory=dict)

    def with_limits(
        self,
        perfused_volume_ml: float,
        liver_volume_ml: float | None = None,
        injections: Sequence[Limited] = (),
        *,
        treated_before: bool = False,
    ) -> "tuple[PlanRequest, tuple[Finding, ...]]":
        """Published limits; those for other microspheres ask (H25).

        Added to the request, with the findings on them. What decides between limits is
        the patient's as a whole, whatever each injection's table is.

        Any of the liver that was `treated_before` makes it a repeated treatment, as a
        dose to all of it does.

        Raises
        ------
        InputError
            No such table, a bilirubin that it leaves open, or microspheres that it
            is not for (H25).
        """
        doubts = bilirubin_findings(self.bilirubin_mg_per_dl)
        tables = tables_of(injections, self.limit_table)
        if not tables:
            return self, tuple(doubts)
        chosen = chosen_by_injection(
            tables,
            Patient(
                bilirubin_mg_per_dl=self.bilirubin_mg_per_dl,
                reserve_fraction=1 - perfused_volume_ml / liver_volume_ml
                if liver_volume_ml
                else None,
                liver_function=self.liver_function,
                treated_before=treated_before
                or bool(self.sessions)
                or self.prior_liver_dose_gy > 0,
                liver_known=liver_volume_ml is not None,
            ),
        )
        said = [
            *dict.fromkeys(
                finding
                for one in chosen.values()
                for finding in limit_device_findings(
                    one.device, self.device, self.nuclide
                )
            ),
            *doubts,
        ]
        # Before they bind anything: what they ask for is not this plan's to reach.
        require_accepted(said, self.acceptances)
        rules, differing = joined_rules(chosen)
        without = [one.name for one in injections if not {one.name, ""} & set(chosen)]
        return replace(self, rules=rules), (
            *said,
            *dict.fromkeys(
                finding
                for one in chosen.values()
                for finding in chosen_limit_findings(one)
            ),
            *injection_limit_findings(differing, without),
        )


def plan_mird(
    request: PlanRequest,
    *,
    dose_gy: float,
    perfused_volume_ml: float,
    liver_volume_ml: float | None = None,
    convention: Convention = "delivered",
) -> Plan:
    """Plan a mean dose to the perfused volume.

    Raises
    ------
    InputError
        A value out of range, or a safety check that was not accepted.

    Examples
    --------
    >>> request = PlanRequest(density_g_per_ml=1.03,
    ...                       lung_shunt_fraction=0.1)
    >>> plan = plan_mird(request, dose_gy=100, perfused_volume_ml=1000)
    >>> round(plan.activity_gbq, 2), round(plan.activity_mci, 1)
    (2.3, 62.3)
    """
    limited, said = request.with_limits(perfused_volume_ml, liver_volume_ml)
    return accepted(
        mird_plan.plan(
            limited,
            dose_gy=dose_gy,
            perfused_volume_ml=perfused_volume_ml,
            liver_volume_ml=liver_volume_ml,
            convention=convention,
        ),
        limited,
        said,
    )


def plan_partition(
    request: PlanRequest,
    injections: Sequence[Injection],
    *,
    liver_volume_ml: float | None = None,
) -> Plan:
    """Plan one or more injections by the partition model.

    Raises
    ------
    InputError
        A value out of range, or a safety check that was not accepted.
    PlanningError
        No activity meets the goals, or every limit that bounds them.

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
    limited, said = request.with_limits(
        sum(one.perfused_volume_ml for one in injections),
        liver_volume_ml,
        injections,
        treated_before=any(one.prior_dose_gy for one in injections),
    )
    usual = in_usual_terms(injections)
    plan = partition_plan.plan(limited, usual, liver_volume_ml=liver_volume_ml)
    return accepted(
        plan, limited, [*said, *kao_findings(injections, usual), definition_finding()]
    )


def plan_bsa(request: PlanRequest, **case: Any) -> Plan:
    """Plan resin microspheres by body surface area.

    `case` is what :func:`sirtdose.planning.bsa_plan.plan` needs beside what all methods
    share.

    Raises
    ------
    InputError
        A value out of range, or a safety check that was not accepted.

    Examples
    --------
    1.648 m2 by DuBois: 1.448 GBq, and 0.2 for a fifth of tumor.

    >>> request = PlanRequest(lung_shunt_fraction=0.0)
    >>> plan = plan_bsa(request, height_cm=165, weight_kg=60,
    ...                 liver_volume_ml=1500, tumor_volume_ml=300)
    >>> round(plan.activity_gbq, 2)
    1.66
    """
    liver_ml = case["liver_volume_ml"]
    limited, said = request.with_limits(
        case.get("treated_volume_ml") or liver_ml, liver_ml
    )
    plan = bsa_plan.plan(limited, **case)
    return accepted(plan, limited, [*said, *_body_surface(plan, case)])


def _body_surface(plan: Plan, case: Mapping[str, Any]) -> list[Finding]:
    return body_surface_findings(
        rule=plan.method,
        surface_formula=case.get("surface_formula", "dubois"),
        reduction=plan.assumptions["lung_shunt_reduction"],
        own_reductions=case.get("reductions") is not None,
    )


def compare_plans(
    request: PlanRequest, case: ComparedCase
) -> tuple[list[Compared], tuple[Finding, ...]]:
    """One case by every method that it has what for, past all their checks.

    Raises
    ------
    InputError
        Fewer than two methods have what they need, or a check was not accepted.
    PlanningError
        No activity of the partition model meets the limits.
    """
    request, said = request.with_limits(
        case.perfused_volume_ml, case.liver_volume_ml, case.injections
    )
    rows = compare(request, case)
    usual = in_usual_terms(case.injections)
    each = _by_method(rows, request)
    first, of_remnant = with_remnant(
        replace(rows[0].plan, case=rows[0].case),
        request.remnant,
        limit_table=request.limit_table,
    )
    budget = budget_at(request.budget, request.site)
    own = [
        *self_test_findings(request.self_test),
        *site_findings(request.site),
        *left_out_findings(case, request),
        *_of_sessions(request, rows[0].case),
        *better_than_label_findings(budget["administered"]),
    ]
    findings = tuple(
        dict.fromkeys(
            [*said, *kao_findings(case.injections, usual), *each, *of_remnant, *own]
        )
    )
    require_accepted(findings, request.acceptances)
    unsure = [
        replace(
            row,
            plan=replace(row.plan, remnant=first.remnant),
            doses=_doses_of(row, request, budget),
        )
        for row in rows
    ]
    return unsure, findings


def _by_method(rows: Sequence[Compared], request: PlanRequest) -> list[Finding]:
    """Each method's activity, judged by the case that all of them are held against.

    What is the same of every method is said once.
    """
    each, treats = [], Treated.named(request.limit_table)
    for row in rows:
        findings = judged(replace(row.plan, treats=treats), request)
        if row.plan.method in _RESIN_ALONE:
            findings += _body_surface(row.plan, {})
        # A comparison is no plan that anybody could approve.
        findings = [
            replace(one, severity=Severity.WARN) if one.result_first else one
            for one in findings
        ]
        each.append((row.name, findings))
    alike = [one for one in each[0][1] if all(one in found for _, found in each)]
    return [
        *alike,
        *(one.by(name) for name, found in each for one in found if one not in alike),
    ]


def _doses_of(
    row: Compared, request: PlanRequest, budget: Budget
) -> tuple[PlannedDose, ...]:
    doses, _ = planned_doses(
        Planned(row.plan.case, row.plan.activities_gbq, request.residual_fraction, ()),
        budget,
        realizations=request.realizations,
        seed=request.seed,
    )
    return tuple(doses)


def judged(plan: Plan, terms: Terms) -> list[Finding]:
    """What the checks say of a plan, whatever its method."""
    wanted = Judged(
        limits=plan.limits,
        maximized=plan.maximized,
        in_order=bool(terms.maximize_order),
        residual_fraction=terms.residual_fraction,
        disease=plan.treats.disease,
    )
    case = plan.treatment
    if plan.method in _RESIN_ALONE:
        case = replace(case, device=Device.named("resin"), by_formula=True)
    density = plan.assumptions["density_g_per_ml"]
    return [
        *judge_plan(case, wanted),
        *([] if density is None else [density_finding(density)]),
        not_a_device_finding(),
    ]


def _of_sessions(request: PlanRequest, case: Case) -> list[Finding]:
    return session_findings(request, case.regions, typed=request.inputs)


def accepted(plan: Plan, request: PlanRequest, said: Sequence[Finding] = ()) -> Plan:
    """A plan past its checks, with how sure it is, what was accepted and typed.

    Raises
    ------
    SafetyStop
        A check stops, or asks and nobody accepted it.
    """
    budget = budget_at(request.budget, request.site)
    plan, of_remnant = with_remnant(
        plan, request.remnant, limit_table=request.limit_table
    )
    findings = (
        *self_test_findings(request.self_test),
        *site_findings(request.site),
        *said,
        *_of_sessions(request, plan.case),
        *judged(plan, request),
        *of_remnant,
        *better_than_label_findings(budget["administered"]),
    )
    given = answered(findings, request.acceptances, plan.case.drawn)
    plan = replace(plan, findings=findings)
    return replace(
        plan,
        self_test=request.self_test,
        uncertainty=planned_uncertainty(
            plan, budget, realizations=request.realizations, seed=request.seed
        ),
        accepted=given,
        inputs=dict(request.inputs),
    )
