"""The doses of a plan by an image again, from the counts and activities it lists."""

import math
from collections.abc import Iterator, Mapping
from typing import Any

from sirtdose.planning.hand_number import ROUNDING, HandNumber

Plan = Mapping[str, Any]
# How far from the border of a sphere another method than local deposition may bring
# energy in or out: an absorbed fraction of 0.8 in 1 g, 0.92 in 20 g are 0.5 mm.
_MOVED_MM = 1.5
# Structures are cut on the lattice they were drawn on, and measured on the image's.
_SAMPLED = 1e-3


def readings(part: Plan) -> list[Plan]:
    """A part by what is injected and, where that is another dose, by all counts."""
    more = part.get("all_counts")
    return [part] if more is None else [part, more]


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
        volume_ml, mass_kg = part["volume_ml"], part["mass_kg"]
        if density is not None:
            mass_kg = volume_ml * density / 1000
        radius_mm = (3000 * volume_ml / (4 * math.pi)) ** (1 / 3)
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
