"""A plan as plan.json lists it, judged as any case is."""

from collections.abc import Mapping
from typing import Any

from sirtdose.checks.judge import Wanted, judge_plan
from sirtdose.data.load import table
from sirtdose.model.device import Device
from sirtdose.model.finding import Finding
from sirtdose.model.ledger import NOT_GIVEN, Lungs
from sirtdose.model.limit import Limit
from sirtdose.model.nuclide import Nuclide
from sirtdose.model.treatment import Injected, Part, Treatment
from sirtdose.planning.result import prescribed_gy

_RESIN_ALONE = ("bsa", "empirical")
_ALONE = "the injection"
_LIMIT = (
    *("name", "volume", "sense", "limit_gy", "upper_gy", "strict", "value_gy"),
    *("binding", "activity_needed_gbq", "verified", "source"),
)


def judged_document(plan: Mapping[str, Any]) -> list[Finding]:
    """What the checks say of plan.json, from the numbers that it lists alone."""
    return judge_plan(treatment_of(plan), wanted_of(plan))


def wanted_of(plan: Mapping[str, Any]) -> Wanted:
    """The limits of plan.json, and what it takes for the residual."""
    return Wanted(
        limits=tuple(_limit(row) for row in plan["limits"]),
        in_order=bool(plan["assumptions"].get("maximize_order")),
        residual_fraction=plan["assumptions"].get("residual_fraction") or 0.0,
        disease=(plan.get("treats") or {}).get("disease") or "",
    )


def _limit(row: Mapping[str, Any]) -> Limit:
    told: dict[str, Any] = {name: row[name] for name in _LIMIT}
    for name in ("condition", "value_of", "activity_of"):
        told[name] = row[name] or ""
    told["at_most_gbq"] = row.get("at_most_gbq", {})
    told["injection"] = row.get("injection") or ""
    told["given_by_user"] = row.get("given_by_user", False)
    told["scale"] = row.get("scale", "unknown")
    return Limit(**told)


def treatment_of(plan: Mapping[str, Any]) -> Treatment:
    """The treatment that plan.json lists."""
    injections = _injections(plan)
    everyone = tuple(one.name for one in injections)
    foci = {
        name: spot["peak_gy"]
        for spot in (plan.get("extrahepatic") or {"hot_spots": ()})["hot_spots"]
        for name in spot["reaches"]
    }
    livers_ml = [p["volume_ml"] for p in plan["compartments"] if p["role"] == "liver"]
    device = "resin" if plan["method"] in _RESIN_ALONE else plan["device"]
    return Treatment(
        injections=injections,
        parts=tuple(
            Part(
                name=one["name"],
                role=one["role"],
                volume_ml=one["volume_ml"],
                mass_kg=one["mass_kg"],
                doses_gy=_doses_gy(one, injections),
                prior_gy=one["cumulative_dose_gy"] - one["dose_gy"],
                of=tuple(each) or everyone,
                all_counts_gy=_doses_gy(one["all_counts"], injections)
                if one.get("all_counts")
                else (),
                focus_gy=foci.get(one["name"], 0.0),
            )
            for one in plan["compartments"]
            for each in [one.get("dose_by_injection_gy") or {}]
        ),
        lungs=_lungs(plan["lungs"]),
        nuclide=nuclide_of(plan["nuclide"], by_image=plan["method"] == "image"),
        device=None if device is None else Device.named(device),
        prescribed_gy=prescribed_gy(plan["assumptions"]),
        by_formula=plan["method"] in _RESIN_ALONE,
        bilirubin_mg_per_dl=plan["assumptions"].get("bilirubin_mg_per_dl"),
        typed_tumors_ml=sum(livers_ml[:1])
        * plan["assumptions"].get("tumor_involvement_fraction", 0.0),
    )


def _injections(plan: Mapping[str, Any]) -> tuple[Injected, ...]:
    return tuple(
        Injected(one["name"], one["activity_gbq"], one["lung_shunt_fraction"])
        for one in plan["assumptions"].get("injections") or []
    ) or (Injected(_ALONE, plan["activity_gbq"], plan["lungs"]["shunt_fraction"]),)


def _doses_gy(
    part: Mapping[str, Any], injections: tuple[Injected, ...]
) -> tuple[float, ...]:
    """What each injection gives a part; one sum where a plan does not list that.

    >>> _doses_gy({"dose_gy": 60.0, "dose_gy_per_gbq": {"right": 20.0, "left": 10.0}},
    ...           (Injected("right", 2.5), Injected("left", 1.0)))
    (50.0, 10.0)
    """
    per_gbq = part.get("dose_gy_per_gbq") or {}
    parts = [per_gbq.get(one.name, 0.0) * one.activity_gbq for one in injections]
    if not sum(parts) > 0:
        return (part["dose_gy"],)
    return tuple(part["dose_gy"] * one / sum(parts) for one in parts)


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


def nuclide_of(nuclide: Mapping[str, Any], *, by_image: bool) -> Nuclide:
    """A nuclide as the plan lists it, beside what the shipped table says of it."""
    usual = (
        Nuclide.named(nuclide["name"]) if nuclide["name"] in table("nuclides") else None
    )
    usual = usual.for_energy(emitted=False) if usual and by_image else usual
    return Nuclide(
        name=nuclide["name"],
        half_life_h=nuclide["half_life_h"],
        dose_constant_gy_kg_per_gbq=nuclide["dose_constant_gy_kg_per_gbq"],
        dose_constant_name=nuclide["dose_constant_name"],
        half_life_source=nuclide["half_life_source"],
        dose_constant_source=nuclide["dose_constant_source"],
        dose_constant_meaning=nuclide.get("dose_constant_meaning") or "",
        usual_half_life_h=usual.half_life_h if usual else None,
        usual_dose_constant_gy_kg_per_gbq=usual.dose_constant_gy_kg_per_gbq
        if usual
        else None,
    )
