"""A plan by hand: its numbers again, and its doses judged as any case is."""

from collections.abc import Mapping
from typing import Any

from sirtdose.checks.doses import usual_ceilings
from sirtdose.checks.judge import judge
from sirtdose.data.load import table
from sirtdose.model.device import Device
from sirtdose.model.finding import Finding
from sirtdose.model.ledger import NOT_GIVEN, Lungs
from sirtdose.model.nuclide import Nuclide
from sirtdose.model.treatment import Injected, Part, Treatment

_RESIN_ALONE = ("bsa", "empirical")
_ALONE = "the injection"


def judged_document(plan: Mapping[str, Any]) -> list[Finding]:
    """What the checks say of plan.json, from the numbers that it lists alone."""
    case = _treatment(plan)
    return [*judge(case), *usual_ceilings(case, {})]


def _treatment(plan: Mapping[str, Any]) -> Treatment:
    injections = _injections(plan)
    everyone = tuple(one.name for one in injections)
    foci = {
        name: spot["peak_gy"]
        for spot in (plan.get("extrahepatic") or {"hot_spots": ()})["hot_spots"]
        for name in spot["reaches"]
    }
    device = "resin" if plan["method"] in _RESIN_ALONE else plan["device"]
    return Treatment(
        injections=injections,
        parts=tuple(
            Part(
                name=one["name"],
                role=one["role"],
                volume_ml=one["volume_ml"],
                mass_kg=one["mass_kg"],
                doses_gy=(one["dose_gy"],),
                prior_gy=one["cumulative_dose_gy"] - one["dose_gy"],
                of=tuple(n for n in everyone if one["name"].endswith(f" of {n}"))
                or everyone,
                all_counts_gy=(one["all_counts"]["dose_gy"],)
                if one.get("all_counts")
                else (),
                focus_gy=foci.get(one["name"], 0.0),
            )
            for one in plan["compartments"]
        ),
        lungs=_lungs(plan["lungs"]),
        nuclide=_nuclide(plan["nuclide"]),
        device=None if device is None else Device.named(device),
    )


def _injections(plan: Mapping[str, Any]) -> tuple[Injected, ...]:
    return tuple(
        Injected(one["name"], one["activity_gbq"], one["lung_shunt_fraction"])
        for one in plan["assumptions"].get("injections") or []
    ) or (Injected(_ALONE, plan["activity_gbq"], plan["lungs"]["shunt_fraction"]),)


def _lungs(lungs: Mapping[str, Any]) -> Lungs:
    known = lungs["shunt_fraction"] is not None
    return Lungs(
        shunt_fraction=lungs["shunt_fraction"] or 0.0,
        shunt_source=lungs["shunt_source"] if known else NOT_GIVEN,
        mass_kg=lungs["mass_kg"],
        mass_source=lungs["mass_source"],
        activity_gbq=lungs["activity_gbq"] or 0.0,
        dose_gy=lungs["dose_gy"] or 0.0,
        cumulative_dose_gy=lungs["cumulative_dose_gy"] or 0.0,
    )


def _nuclide(nuclide: Mapping[str, Any]) -> Nuclide:
    """As the plan lists it, beside what the shipped table says of it."""
    usual = (
        Nuclide.named(nuclide["name"]) if nuclide["name"] in table("nuclides") else None
    )
    return Nuclide(
        name=nuclide["name"],
        half_life_h=nuclide["half_life_h"],
        dose_constant_gy_kg_per_gbq=nuclide["dose_constant_gy_kg_per_gbq"],
        dose_constant_name=nuclide["dose_constant_name"],
        half_life_source=nuclide["half_life_source"],
        dose_constant_source=nuclide["dose_constant_source"],
        usual_half_life_h=usual.half_life_h if usual else None,
        usual_dose_constant_gy_kg_per_gbq=usual.dose_constant_gy_kg_per_gbq
        if usual
        else None,
    )
