"""What the doses of a treatment are held against."""

from collections.abc import Mapping, Sequence
from dataclasses import replace
from typing import Any

from sirtdose.checks.biology import model_findings
from sirtdose.checks.image import (
    hot_spot_findings,
    lung_row_findings,
    lungs_in_image_findings,
)
from sirtdose.checks.judge import judge_given
from sirtdose.checks.limits import delivered_limit_findings, limit_findings
from sirtdose.checks.method import not_a_device_finding
from sirtdose.checks.planned import earlier_findings, plan_doubts
from sirtdose.checks.scale import (
    limits_compared,
    model_scale_findings,
    planned_scale_findings,
    scale_findings,
    thresholds_compared,
)
from sirtdose.checks.sessions import order_findings
from sirtdose.checks.vials import better_than_label_findings
from sirtdose.dosimetry.histogram.structure_dose import StructureDose
from sirtdose.dosimetry.results import (
    Dosed,
    Judged,
    Placed,
    PlanCompared,
    Read,
    by_structure,
)
from sirtdose.model.acceptance import Said
from sirtdose.model.activity_scale import DoseScale
from sirtdose.model.finding import Finding
from sirtdose.model.ledger import Lungs
from sirtdose.model.limit import Limit
from sirtdose.model.names import alike
from sirtdose.model.request import PostRequest
from sirtdose.planning.limits import lung_limits
from sirtdose.planning.partition_case import ALL_LUNGS
from sirtdose.planning.sessions import PERFUSED, WHOLE_LIVER, sessions_at
from sirtdose.workflows.plan.uncertainty import budget_at
from sirtdose.workflows.post.against_plan import compared, earlier_of
from sirtdose.workflows.post.biology import biology_of, thresholds_held
from sirtdose.workflows.post.plan_map import map_compared
from sirtdose.workflows.post.treatment import treatment_of


def judged(
    read: Read, placed: Placed, doses: Dosed, request: PostRequest
) -> tuple[Judged, tuple[Finding, ...]]:
    """Doses held against limits, the plan, models and outcome studies.

    Raises
    ------
    InputError
        A file of a department's own models or uncertainties that cannot be used.
    """
    said = Said()
    tables, lungs = doses.structure_doses, doses.lungs
    rows = next(iter(tables.values()))
    judge, nuclide = request.judge, read.given.nuclide
    said.add(hot_spot_findings(beyond=doses.extrahepatic))
    earlier = earlier_of(read.plan, rows, read.given)
    case = treatment_of(
        read, placed, doses, device=judge.device, earlier_gy=by_structure(earlier)
    )
    said.add(judge_given(case))
    if request.dose.uncertainty is not None:
        budget = budget_at(request.dose.budget, judge.site)
        said.add(better_than_label_findings(budget["administered"]))
    plan = said.take(_against_plan(read, placed, doses, judge.device, earlier=earlier))
    said.add(limit_findings(lung_limits(lungs)))
    said.add(lung_row_findings(tables=tables, lungs=lungs))
    said.add(
        lungs_in_image_findings(
            nuclide=nuclide, lungs=lungs, in_image_gbq=doses.lungs_in_image_gbq
        )
    )
    modality = placed.image.source.modality if placed.image.source else ""
    biology = biology_of(judge, nuclide, modality)
    said.add(model_findings(biology=biology, tables=tables))
    thresholds = said.take(thresholds_held(biology, tables))
    at = read.times.administered_at
    of_plan = limits_of_plan(lungs, read.plan, rows, plan)
    limits = (*lung_limits(lungs), *of_plan)
    said.add(
        earlier_findings(
            plan=read.plan or {},
            typed_lung_gy=judge.prior_lung_dose_gy,
            summed=placed.prior is not None,
            limits=limits,
        )
    )
    said.add(delivered_limit_findings(of_plan))
    said.add(order_findings(sessions_at(read.plan or {}), str(at or "")))
    found = Judged(limits, biology, plan, thresholds)
    said.add(_of_other_scales(doses.scale, found, read.plan))
    said.add([not_a_device_finding()])
    return found, said.findings


def _of_other_scales(
    scale: DoseScale, found: Judged, plan: Mapping[str, Any] | None
) -> list[Finding]:
    """Findings where doses are compared with values on another scale."""
    compared = [
        *thresholds_compared(found.thresholds),
        *limits_compared(found.limits),
    ]
    return [
        *scale_findings(scale, compared),
        *model_scale_findings(scale, found.biology.models),
        *([] if plan is None else planned_scale_findings(scale, plan)),
    ]


def _against_plan(
    read: Read,
    placed: Placed,
    doses: Dosed,
    device: str | None,
    *,
    earlier: Mapping[str, Any],
) -> tuple[PlanCompared | None, Sequence[Finding]]:
    """What became of the plan; nothing without one."""
    if read.plan is None:
        return None, ()
    method, rows = next(iter(doses.structure_doses.items()))
    doubts = plan_doubts(
        plan=read.plan,
        ledger=read.ledger,
        method=method.partition("+")[0],
        device=device,
        lung_shunt_fraction=read.given.lung_shunt_fraction,
    )
    plan, findings = compared(
        read.plan,
        read,
        drawn=placed.drawn,
        tables=doses.structure_doses,
        dosed_with=doses.doses[method].nuclide,
        lungs=doses.lungs,
        earlier=earlier,
    )
    found = map_compared(placed.plan_map, read.plan, doses.doses[method], rows)
    return replace(plan, map=found), [*doubts, *findings]


# What tells one limit of a plan from another; a plan has a row for each volume of one.
_RULE = ("name", "sense", "limit_gy", "upper_gy", "source")


def limits_of_plan(
    lungs: Lungs,
    plan: Mapping[str, Any] | None,
    rows: Sequence[StructureDose],
    compared: PlanCompared | None = None,
) -> tuple[Limit, ...]:
    """Every limit of a plan with what was delivered, a row for each volume.

    With what the plan counts of earlier treatments: as planned, by number. Lung limits
    that hold for every patient are listed without a plan too, and not here.
    """
    limits: list[Limit] = []
    seen = set()
    for one in (plan or {"limits": []})["limits"]:
        own = one.get("injection") or ""
        # Of an injection's own limit the plan names each volume that it holds for.
        of = (one["value_of"] or "") if own else one["volume"]
        rule = (*(one[key] for key in _RULE), own, of)
        if rule in seen:
            continue
        seen.add(rule)
        if one["volume"] == "lungs":
            if one.get("given_by_user", False):
                limits.append(_limit(one, "", _of_lungs(lungs, one["name"])))
            continue
        meant = alike(of, [row.structure.name for row in rows])
        doses: dict[str, float | None] = {
            row.structure.name: _with_earlier(row, compared)
            for row in rows
            if of == row.structure.role or row.structure.name in meant
        }
        limits += [_limit(one, name, gy) for name, gy in (doses or {"": None}).items()]
    return tuple(limits)


def _of_lungs(lungs: Lungs, name: str) -> float | None:
    """The dose that a limit of the lungs holds for; None where no shunt was given."""
    if not lungs.known:
        return None
    return lungs.cumulative_dose_gy if name == ALL_LUNGS else lungs.dose_gy


def _with_earlier(row: StructureDose, compared: PlanCompared | None) -> float | None:
    """A mean dose with all earlier ones of the plan.

    None where the plan divides the liver otherwise: what this part had is not known.
    """
    earlier_gy = compared.earlier_gy if compared else {}
    name, of_liver = row.structure.name, row.structure.role in (*PERFUSED, *WHOLE_LIVER)
    if earlier_gy and of_liver and name not in earlier_gy:
        return None
    return row.mean_by_mass_gy + earlier_gy.get(name, 0.0)


def _limit(one: Mapping[str, Any], name: str, value_gy: float | None) -> Limit:
    return Limit(
        name=one["name"],
        volume=one["volume"],
        sense=one["sense"],
        limit_gy=one["limit_gy"],
        upper_gy=one["upper_gy"],
        strict=one["strict"],
        value_gy=value_gy,
        source=f"of the plan: {one['source']}",
        binding=False,
        verified=one["verified"],
        condition=one["condition"] or "",
        value_of=name,
        injection=one.get("injection") or "",
        scale=one.get("scale", "unknown"),
    )
