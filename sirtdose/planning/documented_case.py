"""A plan as plan.json lists it, as regions that other activities can be put into."""

from collections.abc import Mapping
from dataclasses import replace
from typing import Any

from sirtdose.errors import InputError
from sirtdose.planning.hand_number import Plan
from sirtdose.planning.partition_case import Case, Region
from sirtdose.planning.remnant import RemnantAsked

_ALONE = "injection"
_NO_SCOUT: dict[str, Any] = {"by_injection_gbq": {}, "doses_gy": {}, "lungs_gy": None}


def documented_case(plan: Plan) -> Case:
    """The case of a plan: its doses per GBq, and what was given before its scout.

    Parameters
    ----------
    plan : mapping
        plan.json.

    Raises
    ------
    InputError
        Several injections, and no dose by each of them: a plan of before.

    Notes
    -----
    What of an injection ends in a part follows from its dose per GBq and its mass. By
    another method than local deposition energy crosses borders: these parts are scaled
    so that they add up to the activity that the plan lists. A scout's dose follows the
    doses per GBq too: `with_scout` adds it, by `documented_scout`.

    Examples
    --------
    >>> part = {"name": "p", "role": "perfused", "volume_ml": 1000.0, "mass_kg": 1.05,
    ...         "activity_gbq": 1.9, "dose_gy": 90.0, "cumulative_dose_gy": 100.0,
    ...         "dose_gy_per_gbq": {"injection": 45.0}}
    >>> case = documented_case({
    ...     "method": "mird", "compartments": [part], "activity_gbq": 2.0,
    ...     "nuclide": {"dose_constant_gy_kg_per_gbq": 49.67}, "assumptions": {},
    ...     "lungs": {"mass_kg": 1.0, "shunt_fraction": 0.05, "dose_gy": 5.0,
    ...               "cumulative_dose_gy": 17.0}})
    >>> case.regions[0].prior_gy, case.prior_lung_gy
    (10.0, 12.0)
    """
    activities = planned_activities(plan)
    shunts = planned_shunts(plan)
    assumed, lungs = plan["assumptions"], plan["lungs"]
    known = lungs["dose_gy"] is not None
    of_scout = _scout(plan)
    untreated_ml, untreated_normal_ml = _untreated(plan)
    return Case(
        injections=tuple(activities),
        lung_shunt_fractions=tuple(one or 0.0 for one in shunts.values()),
        regions=tuple(_region(one, plan, activities) for one in plan["compartments"]),
        dose_constant_gy_kg_per_gbq=plan["nuclide"]["dose_constant_gy_kg_per_gbq"],
        lung_mass_kg=lungs["mass_kg"],
        prior_lung_gy=lungs["cumulative_dose_gy"]
        - lungs["dose_gy"]
        - (of_scout["lungs_gy"] or 0.0)
        if known
        else _typed_lungs_gy(plan),
        shunt_known=known,
        measured=plan["method"] == "image",
        tumors_ml=_liver_ml(plan) * assumed.get("tumor_involvement_fraction", 0.0),
        untreated_ml=untreated_ml,
        untreated_normal_ml=untreated_normal_ml,
    )


def documented_scout(plan: Plan) -> list[float]:
    """The activity that a scout of the same microspheres had of each injection.

    >>> scout = {"by_injection_gbq": {"right": 0.25}}
    >>> documented_scout({"assumptions": {"scout": scout, "injections": [
    ...     {"name": "left", "activity_gbq": 1.0},
    ...     {"name": "right", "activity_gbq": 2.0}]}})
    [0.0, 0.25]
    """
    by_injection = _scout(plan)["by_injection_gbq"]
    return [float(by_injection.get(name, 0.0)) for name in planned_activities(plan)]


def _scout(plan: Plan) -> Mapping[str, Any]:
    scout: Mapping[str, Any] = plan["assumptions"].get("scout") or _NO_SCOUT
    return scout


def documented_remnant(plan: Plan) -> RemnantAsked:
    """What was typed of the future liver remnant of a plan."""
    typed = plan["inputs"]
    height_mm = typed.get("height_mm")
    return RemnantAsked(
        volume_ml=typed.get("remnant_ml"),
        formula=typed.get("slv") or "",
        underlying=typed.get("underlying_liver") or "",
        height_cm=None if height_mm is None else height_mm / 10,
        weight_kg=typed.get("weight_kg"),
    )


def _liver_ml(plan: Plan) -> float:
    livers = [p["volume_ml"] for p in plan["compartments"] if p["role"] == "liver"]
    return float(sum(livers[:1]))


def _untreated(plan: Plan) -> tuple[float | None, float | None]:
    """What an image shows of the liver outside of all that is perfused; its normal."""
    remnant = plan.get("remnant")
    if plan["method"] != "image" or not remnant or remnant["treated_ml"] is None:
        return None, None
    return _liver_ml(plan) - remnant["treated_ml"], remnant["volume_ml"]


def planned_activities(plan: Plan) -> dict[str, float]:
    """What a plan injects, by injection; one without a name where there is but one."""
    listed = plan["assumptions"].get("injections") or ()
    return {one["name"]: float(one["activity_gbq"]) for one in listed} or {
        _alone(plan): float(plan["activity_gbq"])
    }


def _alone(plan: Plan) -> str:
    """What doses per GBq call the only injection of a plan that lists none."""
    return next(iter(plan["compartments"][0].get("dose_gy_per_gbq") or ()), _ALONE)


def planned_shunts(plan: Plan) -> dict[str, float | None]:
    """The lung shunt of each injection; None where it is not known."""
    listed = plan["assumptions"].get("injections") or ()
    return {one["name"]: one["lung_shunt_fraction"] for one in listed} or {
        _alone(plan): plan["lungs"]["shunt_fraction"]
    }


def _typed_lungs_gy(plan: Plan) -> float:
    sessions = plan["assumptions"].get("sessions", ())
    typed: float = plan["assumptions"].get("prior_lung_dose_gy") or 0.0
    return typed + sum(one["lungs_gy"] or 0.0 for one in sessions)


def _region(part: Plan, plan: Plan, activities: Mapping[str, float]) -> Region:
    own = dict(part)
    second: dict[str, Any] | None = own.pop("all_counts", None)
    # The injections that a part is listed by; all of them where it is not.
    of = tuple(part.get("dose_by_injection_gy") or ())
    alone = len(activities) == 1
    region = _one_reading(own, plan, activities, tuple(activities) if alone else of)
    if second is None:
        return region
    return replace(
        region, all_counts=_one_reading(own | second, plan, activities, region.of)
    )


def _one_reading(
    part: Plan, plan: Plan, activities: Mapping[str, float], of: tuple[str, ...]
) -> Region:
    each = part.get("dose_gy_per_gbq")
    if not each and len(activities) > 1:
        raise InputError(
            "the plan lists no dose per GBq of each injection: plan again with this "
            "version"
        )
    gbq = tuple(activities.values())
    slopes = tuple(map(float, each.values())) if each else (part["dose_gy"] / gbq[0],)
    k = plan["nuclide"]["dose_constant_gy_kg_per_gbq"]
    uptakes = [slope * part["mass_kg"] / k for slope in slopes]
    total = sum(own * one for own, one in zip(uptakes, gbq, strict=True))
    scale = part["activity_gbq"] / total if total else 0.0
    return Region(
        name=part["name"],
        role=part["role"],
        volume_ml=part["volume_ml"],
        mass_kg=part["mass_kg"],
        of=of,
        uptakes=tuple(scale * own for own in uptakes),
        gy_per_gbq=slopes,
        prior_gy=part["cumulative_dose_gy"]
        - part["dose_gy"]
        - _scout(plan)["doses_gy"].get(part["name"], 0.0),
    )
