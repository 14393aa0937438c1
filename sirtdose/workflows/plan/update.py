"""Predict a plan again for the activities, residual and lung shunt of the day."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import datetime
from pathlib import Path
from typing import TYPE_CHECKING, Any

from sirtdose.checks.again import (
    no_longer_said,
    not_repeated_findings,
    said_before,
)
from sirtdose.checks.documented import nuclide_of
from sirtdose.checks.patient import patient_findings
from sirtdose.checks.residual import measured_residual_findings
from sirtdose.checks.updated import (
    day_findings,
    draft_findings,
    map_findings,
    update_findings,
)
from sirtdose.errors import InputError
from sirtdose.model.acceptance import Acceptance
from sirtdose.model.device import Device
from sirtdose.model.finding import Finding, distinct
from sirtdose.model.nuclide import Nuclide
from sirtdose.model.self_test import SelfTest
from sirtdose.model.site import SiteUsed
from sirtdose.planning.case_plan import plan_of
from sirtdose.planning.documented_case import (
    documented_case,
    documented_remnant,
    documented_scout,
    planned_activities,
)
from sirtdose.planning.limits import lung_rules, rule_of
from sirtdose.planning.partition_case import Case
from sirtdose.planning.perturbed_case import with_shunts
from sirtdose.planning.result import Plan
from sirtdose.planning.scout_dose import with_scout
from sirtdose.report.plan.rows import names_of
from sirtdose.workflows.plan.changed import (
    Injected,
    changed_inputs,
    changes,
    foci_at,
    growth,
    shunt_findings,
    what_moved,
)
from sirtdose.workflows.plan.numbers import PlanRequest, accepted, judged
from sirtdose.workflows.plan.remnant import with_remnant
from sirtdose.workflows.plan.updated_goals import goals_of_the_day

if TYPE_CHECKING:
    from sirtdose.workflows.plan.updated_map import UpdatedMap

# What an activity was computed from, which no longer is what is injected.
_OF_THE_FORMULA = (
    *("prescribed_dose_gy", "convention", "formula_dose_constant_gy_kg_per_gbq"),
    *("maximize_rule", "maximize_order"),
)


@dataclass(frozen=True)
class Update:
    """What is other than planned on the day of treatment.

    Parameters
    ----------
    drawn_gbq : mapping
        Activity in the vial at the time of use, by injection.
    residual_fraction : mapping
        What of it is not delivered, by injection.
    residual_method : str, optional
        How that was measured.
    lung_shunt_fraction : float, optional
        Of every injection.
    lung_shunt_source : str
        The plan's, or not known, where it is empty.
    same_catheter : bool, optional
        Whether the catheter is where it was for the scout.
    patient_key : str, optional
        Must be that of the plan.
    at : datetime, optional
        When it is used.
    folder : Path, optional
        Where the plan is, with its dose maps.
    """

    drawn_gbq: Mapping[str, float] = field(default_factory=dict)
    residual_fraction: Mapping[str, float] = field(default_factory=dict)
    residual_method: str | None = None
    lung_shunt_fraction: float | None = None
    lung_shunt_source: str = ""
    same_catheter: bool | None = None
    patient_key: str | None = None
    at: datetime | None = None
    folder: Path | None = None
    self_test: SelfTest | None = None
    site: SiteUsed | None = None
    acceptances: tuple[Acceptance, ...] = ()


@dataclass(frozen=True)
class Updated:
    """A plan as it is on the day.

    `change` is what plan.json keeps of it; `grown` by how much the scout's map has.
    `maps` are its dose maps, as far as those of the plan were found.
    """

    plan: Plan
    change: dict[str, Any]
    grown: float
    maps: tuple["UpdatedMap", ...] = ()


def updated_plan(document: Mapping[str, Any], update: Update) -> Updated:
    """A plan as it is on the day, for what is other than planned.

    Doses follow the plan's own doses per GBq; limits and checks are judged anew. A
    scout of the same microspheres lies as the treatment: another lung shunt moves its
    dose too.

    Raises
    ------
    InputError
        Nothing that changes, or a plan that lists too little.
    SafetyStop
        Another patient, a plan that is not approved, or another check that asks.
    """
    _require_change(update)
    injections = _injections(document, update)
    alone = _as_drawn(documented_case(document), document)
    scout = documented_scout(document)
    gbq = tuple(one.activity_gbq for one in injections)
    request = _request(document, update, injections)
    planned = with_scout(alone, request, scout)
    case = with_scout(_with_shunt(alone, update.lung_shunt_fraction), request, scout)
    before = _plan(document, planned)
    goals, unknown = goals_of_the_day(document, planned, case, gbq)
    plan = plan_of(
        gbq,
        case,
        request,
        method=document["method"],
        assumptions=_assumptions(document, injections, case),
        one_density=document["assumptions"]["density_g_per_ml"] is not None,
        goals=goals,
    )
    grown = growth(document, planned, case, gbq)
    plan = replace(plan, foci_gy=foci_at(document, grown))
    maps, no_map = _maps(document, update.folder, planned, case, gbq=gbq)
    own = [
        *map_findings(no_map),
        *patient_findings(
            document["inputs"].get("patient_key"),
            update.patient_key,
            than="the update",
        ),
        *draft_findings(document["status"]),
        *day_findings(document, update.at),
        *update_findings(
            planned_gbq=planned_activities(document),
            now_gbq=dict(zip(case.injections, gbq, strict=True)),
            method=document["method"],
            same_catheter=update.same_catheter,
            not_predicted=unknown,
        ),
        *_residual_findings(injections, update, document["device"]),
    ]
    _, of_remnant = with_remnant(
        before, request.remnant, limit_table=request.limit_table
    )
    own += shunt_findings(document, update.lung_shunt_fraction)
    said = said_before(
        document,
        [*judged(before, request), *of_remnant],
        [*own, *judged(plan, request)],
        what_moved(document, case, gbq),
    )
    own += not_repeated_findings(said.left_out, document["method"])
    request = replace(request, acceptances=(*update.acceptances, *said.given))
    plan = accepted(plan, request, [*own, *said.kept])
    change = changes(document, injections, case)
    change["residual_method"] = update.residual_method
    change["no_longer_said"] = no_longer_said(document, plan.findings, said.left_out)
    return Updated(plan, change, grown, maps)


def _maps(
    document: Mapping[str, Any],
    folder: Path | None,
    planned: Case,
    case: Case,
    *,
    gbq: Sequence[float],
) -> tuple[tuple["UpdatedMap", ...], str]:
    """The dose maps of the day, and why there are none of a plan by an image."""
    if folder is None or document["method"] != "image":
        return (), ""
    from sirtdose.workflows.plan.updated_map import updated_maps

    # Another lung shunt is as another activity.
    shunts = zip(case.lung_shunt_fractions, planned.lung_shunt_fractions, strict=True)
    brought = [
        own * (1 - now) / (1 - then)
        for own, (now, then) in zip(gbq, shunts, strict=True)
    ]
    return updated_maps(folder, document, planned_activities(document), brought)


def _as_drawn(case: Case, document: Mapping[str, Any]) -> Case:
    """The case with what its parts were drawn as, by which they may be accepted."""
    names = names_of(document)
    regions = [replace(one, drawn=names.get(one.name, "")) for one in case.regions]
    return replace(case, regions=tuple(regions))


def _injections(document: Mapping[str, Any], update: Update) -> list[Injected]:
    assumed = document["assumptions"]
    listed = assumed.get("injections") or [
        {
            "name": next(iter(planned_activities(document))),
            "draw_activity_gbq": document["draw_activity_gbq"],
        }
    ]
    usual = assumed.get("residual_fraction") or 0.0
    return [
        Injected(
            one["name"],
            update.drawn_gbq.get(one["name"], float(one["draw_activity_gbq"])),
            update.residual_fraction.get(
                one["name"], one.get("residual_fraction", usual)
            ),
        )
        for one in listed
    ]


def _residual_findings(
    injections: Sequence[Injected], update: Update, device: str | None
) -> list[Finding]:
    """What is said of the residuals that were given on the day."""
    given = [one for one in injections if one.name in update.residual_fraction]
    return distinct(
        finding
        for one in given
        for finding in measured_residual_findings(
            one.residual_fraction,
            method=update.residual_method,
            device=device,
            drawn_gbq=one.drawn_gbq,
            subject=one.name,
        )
    )


def _require_change(update: Update) -> None:
    typed = (update.lung_shunt_fraction, update.same_catheter)
    if not (update.drawn_gbq or update.residual_fraction) and typed == (None, None):
        raise InputError(
            "nothing is other than planned: give --drawn, --residual, --lung-shunt or "
            "--catheter"
        )


def _with_shunt(case: Case, shunt: float | None) -> Case:
    if shunt is None:
        return case
    changed = with_shunts(case, (shunt,) * len(case.injections))
    return replace(changed, shunt_known=True)


def _request(
    document: Mapping[str, Any],
    update: Update,
    injections: Sequence[Injected],
) -> PlanRequest:
    assumed, lungs = document["assumptions"], document["lungs"]
    listed = lung_rules()
    rules = dict.fromkeys(map(rule_of, document["limits"]))
    drawn = sum(one.drawn_gbq for one in injections)
    delivered = sum(one.activity_gbq for one in injections)
    typed = update.lung_shunt_fraction
    return PlanRequest(
        nuclide=documented_nuclide(document),
        device=Device.named(document["device"]) if document["device"] else None,
        density_g_per_ml=assumed["density_g_per_ml"] or 1.0,
        residual_fraction=1 - delivered / drawn,
        lung_shunt_fraction=lungs["shunt_fraction"] if typed is None else typed,
        lung_shunt_source=update.lung_shunt_source
        or (lungs["shunt_source"] if typed is None else "unknown"),
        lung_mass_kg=lungs["mass_kg"],
        lung_mass_source=lungs["mass_source"],
        prior_lung_dose_gy=assumed.get("prior_lung_dose_gy") or 0.0,
        prior_liver_dose_gy=assumed.get("prior_liver_dose_gy") or 0.0,
        bilirubin_mg_per_dl=assumed.get("bilirubin_mg_per_dl"),
        rules=tuple(
            one for one in rules if not _is_listed(one.volume, one.given, listed)
        ),
        limit_table=document["inputs"].get("limit_table") or "",
        remnant=documented_remnant(document),
        self_test=update.self_test,
        site=update.site,
        acceptances=update.acceptances,
        inputs=changed_inputs(
            document,
            {one.name: one.residual_fraction for one in injections},
            lung_shunt_fraction=typed,
            lung_shunt_source=update.lung_shunt_source,
            same_catheter=update.same_catheter,
        ),
    )


def _is_listed(volume: str, given: bool, listed: Sequence[Any]) -> bool:
    """Whether a limit is one that every plan lists by itself."""
    return not given and volume in [one.volume for one in listed]


def documented_nuclide(document: Mapping[str, Any]) -> Nuclide:
    """The nuclide of a plan, with the half-life and the constant that it used."""
    return nuclide_of(document["nuclide"], by_image=document["method"] == "image")


def _plan(document: Mapping[str, Any], case: Case) -> Plan:
    """The plan as it was, for what the checks said of it."""
    plan = plan_of(
        tuple(planned_activities(document).values()),
        case,
        _request(document, Update(), _injections(document, Update())),
        method=document["method"],
        assumptions=dict(document["assumptions"]),
        one_density=document["assumptions"]["density_g_per_ml"] is not None,
    )
    return replace(plan, foci_gy=foci_at(document, 1.0))


def _assumptions(
    document: Mapping[str, Any], injections: Sequence[Injected], case: Case
) -> dict[str, Any]:
    """What the plan assumed, with the activities of the day."""
    own = ("residual_fraction", "density_g_per_ml", "scout", *_OF_THE_FORMULA)
    kept = {k: v for k, v in document["assumptions"].items() if k not in own}
    if not kept.get("injections"):
        return kept
    shunts = case.lung_shunt_fractions
    kept["injections"] = [
        {
            **row,
            "goal": "activity",
            "value": one.activity_gbq,
            "aims": [],
            "activity_gbq": one.activity_gbq,
            "draw_activity_gbq": one.drawn_gbq,
            "residual_fraction": one.residual_fraction,
            "lung_shunt_fraction": shunts[i] if case.shunt_known else None,
        }
        for i, (row, one) in enumerate(zip(kept["injections"], injections, strict=True))
    ]
    return kept
