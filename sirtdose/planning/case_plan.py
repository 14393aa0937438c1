"""From the regions of a case and what is wanted to a plan."""

from collections.abc import Mapping, Sequence
from dataclasses import replace
from math import isclose
from typing import Any

from sirtdose.errors import InputError
from sirtdose.model.goal import Goal
from sirtdose.model.ledger import Lungs
from sirtdose.model.limit import Limit
from sirtdose.planning import limits as limit_rules
from sirtdose.planning.aim import VoxelDoses
from sirtdose.planning.lung_shunt import lungs
from sirtdose.planning.mird import delivered_dose_gy, draw_activity_gbq
from sirtdose.planning.partition_case import LUNGS, ROLES, Case, Region, with_prior
from sirtdose.planning.partition_goal import Wanted, activities_gbq
from sirtdose.planning.result import Compartment, Plan
from sirtdose.planning.scout_dose import scout_document, with_scout
from sirtdose.planning.sessions import sessions_document, with_sessions
from sirtdose.planning.terms import Terms
from sirtdose.planning.whole_liver import whole_liver

# What a plan calls the parts that it derives.
_OWN_NAMES = (
    *("normal", "normal perfused", "normal perfused liver", "normal whole liver"),
    "whole liver",
)


def activities_of(
    wanted: Sequence[Wanted],
    case: Case,
    terms: Terms,
    voxels: VoxelDoses | None = None,
) -> list[float]:
    """What to inject where; see :func:`activities_gbq`."""
    rules = limit_rules.known(terms.all_rules, case)
    if any(one.goal == "maximize" for one in wanted):
        limit_rules.require_checkable(terms.rules, case)
    return activities_gbq(
        wanted, case, rules, order=terms.maximize_order, voxels=voxels
    )


def growth_document(wanted: Sequence[Wanted], terms: Terms) -> dict[str, Any]:
    """By which rule several injections were maximized; nothing where none were."""
    if sum(one.goal == "maximize" for one in wanted) < 2:
        return {}
    order = list(terms.maximize_order)
    return {
        "maximize_rule": "in order" if order else "together",
        "maximize_order": order or None,
    }


def plan_of(
    activities: Sequence[float],
    case: Case,
    terms: Terms,
    *,
    method: str,
    assumptions: Mapping[str, Any],
    maximized: bool = False,
    one_density: bool = True,
    goals: Sequence[Goal] = (),
) -> Plan:
    """The plan that injects these activities.

    `one_density` is False where masses come from densities by voxel; `goals` are what
    the activities reach of what was wanted.

    Raises
    ------
    InputError
        A limit for a volume that is not there.
    """
    rules = limit_rules.known(terms.all_rules, case)
    limits = limit_rules.checked_limits(rules, case, activities)
    if maximized:
        limits = [replace(limit, binding=_binds(limit)) for limit in limits]
    total = sum(activities)
    return Plan(
        method=method,
        nuclide=terms.nuclide,
        device=terms.device,
        activity_gbq=total,
        draw_activity_gbq=draw_activity_gbq(
            activity_gbq=total, residual_fraction=terms.residual_fraction
        ),
        compartments=tuple(compartment(one, activities, case) for one in case.regions),
        lungs=_lungs(activities, case, terms),
        limits=tuple(limits),
        assumptions={
            "density_g_per_ml": terms.density_g_per_ml if one_density else None,
            "residual_fraction": terms.residual_fraction,
            "prior_lung_dose_gy": terms.prior_lung_dose_gy,
            "prior_liver_dose_gy": terms.prior_liver_dose_gy,
            **_known_bilirubin(terms),
            **scout_document(case),
            **sessions_document(case.regions, terms.sessions),
            **assumptions,
        },
        case=case,
        activities_gbq=tuple(activities),
        maximized=maximized,
        goals=tuple(goals),
    )


def _known_bilirubin(terms: Terms) -> dict[str, float]:
    known = terms.bilirubin_mg_per_dl
    return {} if known is None else {"bilirubin_mg_per_dl": known}


def compartment(region: Region, activities: Sequence[float], case: Case) -> Compartment:
    """A region as a plan shows it."""
    dose = region.dose_gy(activities)
    each = zip(case.injections, region.doses_gy(activities), strict=True)
    return Compartment(
        name=region.name,
        role=region.role,
        volume_ml=region.volume_ml,
        mass_kg=region.mass_kg,
        activity_gbq=region.activity_gbq(activities),
        dose_gy=dose,
        cumulative_dose_gy=dose + region.prior_gy,
        by_injection_gy={name: gy for name, gy in each if name in region.of}
        if len(activities) > 1
        else {},
        gy_per_gbq=dict(zip(case.injections, region.gy_per_gbq, strict=True)),
        all_counts=compartment(region.all_counts, activities, case)
        if region.all_counts
        else None,
    )


def one_compartment(
    name: str, volume_ml: float, terms: Terms, *, liver_volume_ml: float | None = None
) -> Case:
    """A perfused volume that an injection fills evenly, but for the lungs' shunt.

    With the whole liver around it, where its volume is known.

    Examples
    --------
    >>> case = one_compartment("right", 1000, Terms(density_g_per_ml=1.0))
    >>> case.regions[0].gy_per_gbq
    (49.67,)
    """
    mass_kg = volume_ml * terms.density_g_per_ml / 1000
    shunt = terms.lung_shunt_fraction or 0.0
    k = terms.nuclide.dose_constant_gy_kg_per_gbq
    per_gbq = delivered_dose_gy(
        activity_gbq=1.0,
        mass_kg=mass_kg,
        dose_constant_gy_kg_per_gbq=k,
        lung_shunt_fraction=shunt,
    )
    regions = [
        Region(
            name=name,
            role="perfused",
            volume_ml=volume_ml,
            mass_kg=mass_kg,
            of=(name,),
            uptakes=(1 - shunt,),
            gy_per_gbq=(per_gbq,),
        )
    ]
    if liver_volume_ml is not None:
        regions += whole_liver(regions, liver_volume_ml=liver_volume_ml, terms=terms)
    case = Case(
        injections=(name,),
        lung_shunt_fractions=(shunt,),
        regions=tuple(
            with_sessions(
                with_prior(regions, {}, terms.prior_liver_dose_gy), terms.sessions
            )
        ),
        dose_constant_gy_kg_per_gbq=k,
        lung_mass_kg=terms.used_lung_mass[0],
        prior_lung_gy=terms.earlier_lung_gy,
        shunt_known=terms.lung_shunt_fraction is not None,
    )
    return with_scout(case, terms)


def require_names(names: Sequence[str]) -> None:
    """Refuse a name that is given twice, or that a limit already means.

    Raises
    ------
    InputError
        Says which.
    """
    for name in names:
        if names.count(name) > 1:
            raise InputError(f"'{name}' names two regions: give each its own name")
        if name in (*ROLES, *LUNGS) or name.casefold() in _OWN_NAMES:
            raise InputError(
                f"'{name}' cannot be a name, because limits use it: give another, "
                f"such as '{name} 1'"
            )


def _lungs(activities: Sequence[float], case: Case, terms: Terms) -> Lungs:
    total = sum(activities)
    pairs = zip(activities, case.lung_shunt_fractions, strict=True)
    shunted = sum(gbq * part for gbq, part in pairs)
    return lungs(
        activity_gbq=total,
        lung_shunt_fraction=shunted / total if case.shunt_known else None,
        lung_mass_kg=case.lung_mass_kg,
        lung_mass_source=terms.used_lung_mass[1],
        lung_shunt_source=terms.lung_shunt_source,
        prior_lung_dose_gy=case.prior_lung_gy,
        dose_constant_gy_kg_per_gbq=case.dose_constant_gy_kg_per_gbq,
    )


def _binds(limit: Limit) -> bool:
    """Whether a limit is what keeps the activity from growing."""
    ceiling = limit.limit_gy if limit.sense == "at_most" else limit.upper_gy
    return (
        limit.value_gy is not None
        and ceiling is not None
        and isclose(limit.value_gy, ceiling, rel_tol=1e-8)
    )
