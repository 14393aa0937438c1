"""A plan again by hand: its activity by the method's formula, an image's doses."""

from collections.abc import Iterator
from math import pi, sqrt

from sirtdose.planning.hand_number import ROUNDING, HandNumber, Plan, readings

_LABEL_CONSTANTS = {"Y-90": 50.0, "Ho-166": 15.87}
# How far from the border of a sphere another method than local deposition may bring
# energy in or out: an absorbed fraction of 0.8 in 1 g, 0.92 in 20 g are 0.5 mm.
_MOVED_MM = 1.5
# Structures are cut on the lattice they were drawn on, and measured on the image's.
_SAMPLED = 1e-3


def formula_numbers(plan: Plan) -> Iterator[HandNumber]:
    """What a method's own formula gives: surface, activity, or the goal it meets."""
    if plan.get("update"):
        yield from _by_vial(plan)
        return
    method = plan.get("method")
    if method == "bsa":
        yield from _by_surface(plan)
    if method in ("bsa", "empirical"):
        yield _reduced(plan)
    if method == "mird":
        yield _by_dose(plan)
    if method in ("partition", "image"):
        yield from _goals(plan)


def _by_vial(plan: Plan) -> Iterator[HandNumber]:
    """Activity injected from each vial on the day, after the residual."""
    for one in plan["update"]["injections"]:
        drawn, residual = one["drawn_gbq"], one["residual_fraction"]
        yield HandNumber(
            *(f"activity of {one['name']}", "formula", "GBq"),
            plan=float(one["activity_gbq"]),
            by_hand=drawn * (1 - residual),
            how=f"{drawn:.5g} x (1 - {residual:g})",
        )


def _by_surface(plan: Plan) -> Iterator[HandNumber]:
    """Body surface, and (surface - 0.2) with the tumors' part of the liver."""
    typed, assumed = plan["inputs"], plan["assumptions"]
    height_cm, weight_kg = typed["height_mm"] / 10, typed["weight_kg"]
    if assumed["body_surface_formula"] == "mosteller":
        surface = sqrt(height_cm * weight_kg / 3600)
        how = f"sqrt({height_cm:g} x {weight_kg:g} / 3600)"
    else:
        surface = 0.007184 * height_cm**0.725 * weight_kg**0.425
        how = f"0.007184 x {height_cm:g}^0.725 x {weight_kg:g}^0.425"
    yield HandNumber(
        *("body surface", "formula", "m2", float(assumed["body_surface_m2"])),
        by_hand=surface,
        how=how,
    )
    liver_ml = typed["liver_volume_ml"]
    part = (typed["treated_volume_ml"] or liver_ml) / liver_ml
    tumors = typed["tumor_volume_ml"] / liver_ml
    yield HandNumber(
        *("activity by the formula", "formula", "GBq"),
        plan=float(assumed["formula_activity_gbq"]),
        by_hand=(surface - 0.2) * part + tumors,
        how=f"({surface:.5g} - 0.2) x {part:.5g} + {tumors:.5g}",
    )


def _reduced(plan: Plan) -> HandNumber:
    assumed = plan["assumptions"]
    formula, cut = assumed["formula_activity_gbq"], assumed["lung_shunt_reduction"]
    return HandNumber(
        *("activity less the lung shunt's cut", "formula", "GBq"),
        plan=float(plan["activity_gbq"]),
        by_hand=formula * (1 - cut),
        how=f"{formula:.5g} x (1 - {cut:g})",
    )


def _by_dose(plan: Plan) -> HandNumber:
    """A mean dose to the perfused mass; the label's has its own K and no shunt."""
    assumed = plan["assumptions"]
    [perfused] = [one for one in plan["compartments"] if one["role"] == "perfused"]
    mass_kg = perfused["volume_ml"] * assumed["density_g_per_ml"] / 1000
    dose = assumed["prescribed_dose_gy"]
    label = assumed["convention"] == "label"
    nuclide = plan["nuclide"]
    k = (
        _LABEL_CONSTANTS[nuclide["name"]]
        if label
        else nuclide["dose_constant_gy_kg_per_gbq"]
    )
    shunt = 0.0 if label else plan["lungs"]["shunt_fraction"] or 0.0
    return HandNumber(
        *("activity by the formula", "formula", "GBq", float(plan["activity_gbq"])),
        by_hand=dose * mass_kg / (k * (1 - shunt)),
        how=f"{dose:g} x {mass_kg:.5g} / ({k:g} x (1 - {shunt:g}))",
    )


def _goals(plan: Plan) -> Iterator[HandNumber]:
    """The activity or the dose that each injection was to have.

    Of several tumors the one that gets least has the dose. Goals by a metric are in
    :mod:`sirtdose.planning.hand_goals`.
    """
    for one in plan["assumptions"].get("injections", ()):
        if one["value"] is None or one["goal"] == "aim":
            continue
        by_activity = one["goal"] == "activity"
        found = one["activity_gbq"] if by_activity else _least_gy(plan, one)
        if found is not None:
            yield HandNumber(
                *(f"goal of {one['name']}", "formula", "GBq" if by_activity else "Gy"),
                plan=float(found),
                by_hand=float(one["value"]),
                how=f"{one['goal'].replace('_', ' ')} as typed",
            )


def _least_gy(plan: Plan, one: Plan) -> float | None:
    role = {"tumor_dose": "tumor", "normal_dose": "normal_perfused"}.get(
        one["goal"], "perfused"
    )
    several = len(plan["assumptions"]["injections"]) > 1
    # Of an image's two readings no normal liver is to pass what it was to have.
    pick = max if role == "normal_perfused" else min
    doses = [
        pick(part["dose_gy"], (part.get("all_counts") or part)["dose_gy"])
        for part in plan["compartments"]
        if part["role"] == role
        and (
            part["name"] in one["tumor_to_normal_ratio"]
            if role == "tumor"
            else not several or part["name"].endswith(f" of {one['name']}")
        )
    ]
    return min(doses, default=None)


def imaged_doses(plan: Plan) -> Iterator[HandNumber]:
    """Every part's dose by the activity that is listed for it.

    By another method than local deposition energy crosses borders: what is perfused
    and the liver alone are large enough to be held against it.
    """
    k = plan["nuclide"]["dose_constant_gy_kg_per_gbq"]
    density = plan["assumptions"]["density_g_per_ml"]
    local = plan["assumptions"]["dose_method"] == "local_deposition"
    for part in plan["compartments"]:
        if not local and part["role"] not in ("perfused", "liver"):
            continue
        volume_ml = part["volume_ml"]
        mass_kg = part["mass_kg"] if density is None else volume_ml * density / 1000
        radius_mm = (3000 * volume_ml / (4 * pi)) ** (1 / 3)
        for own in readings(part):
            gbq = own["activity_gbq"]
            yield HandNumber(
                *(str(own["name"]), "dose", "Gy", float(own["dose_gy"])),
                by_hand=k * gbq / mass_kg,
                how=f"{k:g} x {gbq:.5g} / {mass_kg:.5g}",
                agrees_to=ROUNDING if local else 3 * _MOVED_MM / radius_mm,
            )


def imaged_activities(plan: Plan) -> Iterator[HandNumber]:
    """What of each injection is in what it perfuses; with one all counts by its own.

    Of several, a perfused volume has at least its own: what others bring comes on top.
    """
    injections, measured = plan["assumptions"]["injections"], plan["measured"]
    perfused = [one for one in plan["compartments"] if one["role"] == "perfused"]
    alone = len(injections) == 1
    treated = 0.0
    for one, part in zip(injections, perfused, strict=True):
        gbq, shunt = one["activity_gbq"], one["lung_shunt_fraction"] or 0.0
        treated, found = gbq * (1 - shunt), float(part["activity_gbq"])
        yield HandNumber(
            *(f"activity in {part['name']}", "activity", "GBq", found),
            by_hand=treated if alone else max(treated, found),
            how=f"{gbq:.5g} x (1 - {shunt:g})"
            + ("" if alone else ", and what others bring"),
        )
    [whole, *_] = [one["counts"] for one in measured["injections"]]
    counts = {one["name"]: one["counts"] for one in measured["structures"]}
    for part in plan["compartments"] if alone else ():
        for own in readings(part)[1:]:
            yield HandNumber(
                *(f"activity in {own['name']}", "activity", "GBq"),
                plan=float(own["activity_gbq"]),
                by_hand=treated * counts[part["name"]] / whole,
                how=f"{treated:.5g} x {counts[part['name']]:.5g} / {whole:.5g}",
                agrees_to=_SAMPLED,
            )
