"""A plan's doses again, by arithmetic of its own: no planner is used (H07).

One compartment, from the numbers a plan prints: activity, lung shunt, volumes, density.
A mistake that every planner shared would not be repeated here.
"""

import math
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from sirtdose.errors import InputError

# Numbers of a plan have ten digits: what is farther off is no rounding.
ROUNDING = 1e-6
_GBQ_PER_MCI = 0.037
# How far from the border of a sphere another method than local deposition may bring
# energy in or out: an absorbed fraction of 0.8 in 1 g, 0.92 in 20 g are 0.5 mm.
_MOVED_MM = 1.5
# Structures are cut on the lattice they were drawn on, and measured on the image's.
_SAMPLED = 1e-3
Plan = Mapping[str, Any]


@dataclass(frozen=True)
class HandNumber:
    """A number of a plan, and the same by hand.

    `how` is the arithmetic, written out; `kind` is dose, lungs, mass or activity;
    `agrees_to` is the relative difference up to which both are the same.
    """

    name: str
    kind: str
    unit: str
    plan: float
    by_hand: float
    how: str
    agrees_to: float = ROUNDING

    @property
    def difference(self) -> float:
        """The plan's over the one by hand, less 1."""
        return self.plan / self.by_hand - 1 if self.by_hand else float(self.plan != 0)

    @property
    def agrees(self) -> bool:
        """Whether they differ by rounding alone, or by what a method moves."""
        return abs(self.difference) <= self.agrees_to


def hand_check(plan: Plan) -> list[HandNumber]:
    r"""The mean doses of a plan's perfused volumes, liver and lungs again.

    .. math:: D = \frac{K A (1 - L)}{V \rho / 1000}, \quad
              D_\mathrm{lungs} = \frac{K \sum A L}{M_\mathrm{lungs}}

    Parameters
    ----------
    plan : mapping
        plan.json by BSA, MIRD, partition or an image. Of an image, every compartment by
        both of its readings: where energy stays in its voxel (local deposition) they
        are exact; another method carries some over the border of what is perfused.

    Raises
    ------
    InputError
        A plan that lacks what the arithmetic needs.

    Examples
    --------
    120 Gy in 1.05 kg with a shunt of 10 %: 49.67 * 2.8186 * 0.9 / 1.05 = 120.0.

    >>> plan = {
    ...     "nuclide": {"dose_constant_gy_kg_per_gbq": 49.67},
    ...     "activity_gbq": 2.8186, "activity_mci": 76.178,
    ...     "draw_activity_gbq": 2.8186,
    ...     "compartments": [{"name": "perfused", "role": "perfused", "mass_kg": 1.05,
    ...                       "volume_ml": 1000.0, "dose_gy": 120.0}],
    ...     "lungs": {"shunt_fraction": 0.1, "mass_kg": 1.0, "dose_gy": 14.0},
    ...     "assumptions": {"density_g_per_ml": 1.05, "residual_fraction": 0.0},
    ... }
    >>> round(hand_check(plan)[0].by_hand, 2)
    120.0
    """
    try:
        return [
            *(_imaged if plan.get("method") == "image" else _liver_doses)(plan),
            *_lung_dose(plan),
            *_masses(plan),
            *_activities(plan),
        ]
    except (KeyError, TypeError, ZeroDivisionError) as error:
        raise InputError(
            f"the plan has no usable {error}: it is none by bsa, mird, partition or "
            "image"
        ) from None


@dataclass(frozen=True)
class _Injection:
    name: str
    gbq: float
    shunt: float

    @property
    def treated_gbq(self) -> float:
        return self.gbq * (1 - self.shunt)


def _injections(plan: Plan) -> list[_Injection]:
    listed = plan["assumptions"].get("injections") or []
    if listed:
        return [
            _Injection(
                one["name"], one["activity_gbq"], one["lung_shunt_fraction"] or 0.0
            )
            for one in listed
        ]
    shunt = plan["lungs"]["shunt_fraction"] or 0.0
    return [_Injection("", plan["activity_gbq"], shunt)]


def _liver_doses(plan: Plan) -> Iterator[HandNumber]:
    constant = plan["nuclide"]["dose_constant_gy_kg_per_gbq"]
    injections = _injections(plan)
    perfused = [one for one in plan["compartments"] if one["role"] == "perfused"]
    for injection in injections:
        own = _perfused_by(injection, perfused, len(injections))
        if own is not None:
            yield _dose(own, [injection], constant, _mass_kg(plan, own))
    for one in plan["compartments"]:
        if one["role"] == "liver":
            yield _dose(one, injections, constant, _mass_kg(plan, one))


def _imaged(plan: Plan) -> Iterator[HandNumber]:
    """Activities by the counts that the plan prints, and every dose by those."""
    constant = plan["nuclide"]["dose_constant_gy_kg_per_gbq"]
    local = plan["assumptions"]["dose_method"] == "local_deposition"
    for one in plan["compartments"]:
        if not local and one["role"] not in ("perfused", "liver"):
            continue
        mass_kg = _mass_kg(plan, one)
        radius_mm = (3000 * one["volume_ml"] / (4 * math.pi)) ** (1 / 3)
        for own in _readings(one):
            gbq = own["activity_gbq"]
            yield HandNumber(
                *(str(own["name"]), "dose", "Gy", float(own["dose_gy"])),
                by_hand=constant * gbq / mass_kg,
                how=f"{constant:g} x {gbq:.5g} / {mass_kg:.5g}",
                agrees_to=ROUNDING if local else 3 * _MOVED_MM / radius_mm,
            )
    yield from _imaged_activities(plan, _injections(plan))


def _imaged_activities(
    plan: Plan, injections: Sequence[_Injection]
) -> Iterator[HandNumber]:
    """What is injected, where it went; with one injection all counts by its factor."""
    perfused = [one for one in plan["compartments"] if one["role"] == "perfused"]
    for one in injections:
        own = _perfused_by(one, perfused, len(injections))
        if own is None:
            continue
        found = float(own["activity_gbq"])
        # Volumes that overlap have what the others bring as well.
        alone = len(injections) == 1
        yield HandNumber(
            *(f"activity in {own['name']}", "activity", "GBq", found),
            by_hand=one.treated_gbq if alone else max(one.treated_gbq, found),
            how=f"{one.gbq:.5g} x (1 - {one.shunt:g})"
            + ("" if alone else ", and what others bring"),
        )
    if len(injections) > 1:
        return
    treated, measured = injections[0].treated_gbq, plan["measured"]
    counts = {one["name"]: one["counts"] for one in measured["structures"]}
    [whole] = [one["counts"] for one in measured["injections"]]
    for one in plan["compartments"]:
        for own in _readings(one)[1:]:
            yield HandNumber(
                f"activity in {own['name']}",
                *("activity", "GBq", float(own["activity_gbq"])),
                by_hand=treated * counts[one["name"]] / whole,
                how=f"{treated:.5g} x {counts[one['name']]:.5g} / {whole:.5g}",
                agrees_to=_SAMPLED,
            )


def _readings(compartment: Plan) -> list[Plan]:
    """By what is injected, and by all counts where that is another dose."""
    more = compartment.get("all_counts")
    return [compartment] if more is None else [compartment, more]


def _perfused_by(
    injection: _Injection, perfused: Sequence[Plan], injections: int
) -> Plan | None:
    """What an injection perfuses: the only volume, or the one named after it."""
    if injections == 1:
        return perfused[0] if len(perfused) == 1 else None
    named = [
        one
        for one in perfused
        if one["name"] in (injection.name, f"perfused volume of {injection.name}")
    ]
    return named[0] if len(named) == 1 else None


def _dose(
    compartment: Plan, injections: Sequence[_Injection], constant: float, mass_kg: float
) -> HandNumber:
    treated = sum(one.treated_gbq for one in injections)
    activities = " + ".join(
        f"{one.gbq:.5g} x (1 - {one.shunt:g})" for one in injections
    )
    return HandNumber(
        name=str(compartment["name"]),
        kind="dose",
        unit="Gy",
        plan=float(compartment["dose_gy"]),
        by_hand=constant * treated / mass_kg,
        how=f"{constant:g} x ({activities}) / {mass_kg:.5g}",
    )


def _mass_kg(plan: Plan, compartment: Plan) -> float:
    """By volume and density; as measured where density varies."""
    density = plan["assumptions"].get("density_g_per_ml")
    if density is None:
        return float(compartment["mass_kg"])
    return float(compartment["volume_ml"] * density / 1000)


def _lung_dose(plan: Plan) -> Iterator[HandNumber]:
    lungs = plan["lungs"]
    if lungs["dose_gy"] is None:
        return
    constant = plan["nuclide"]["dose_constant_gy_kg_per_gbq"]
    injections = _injections(plan)
    activities = " + ".join(f"{one.gbq:.5g} x {one.shunt:g}" for one in injections)
    shunted = sum(one.gbq * one.shunt for one in injections)
    yield HandNumber(
        name="lungs",
        kind="lungs",
        unit="Gy",
        plan=float(lungs["dose_gy"]),
        by_hand=constant * shunted / lungs["mass_kg"],
        how=f"{constant:g} x ({activities}) / {lungs['mass_kg']:g}",
    )


def _masses(plan: Plan) -> Iterator[HandNumber]:
    density = plan["assumptions"].get("density_g_per_ml")
    for one in plan["compartments"] if density is not None else ():
        yield HandNumber(
            name=str(one["name"]),
            kind="mass",
            unit="kg",
            plan=float(one["mass_kg"]),
            by_hand=one["volume_ml"] * density / 1000,
            how=f"{one['volume_ml']:.5g} x {density:g} / 1000",
        )


def _activities(plan: Plan) -> Iterator[HandNumber]:
    gbq = plan["activity_gbq"]
    yield HandNumber(
        *("activity to inject", "activity", "mCi", float(plan["activity_mci"])),
        by_hand=gbq / _GBQ_PER_MCI,
        how=f"{gbq:.5g} / {_GBQ_PER_MCI:g}",
    )
    residual = plan["assumptions"].get("residual_fraction")
    if residual is not None:
        yield HandNumber(
            *("activity to draw up", "activity", "GBq"),
            plan=float(plan["draw_activity_gbq"]),
            by_hand=gbq / (1 - residual),
            how=f"{gbq:.5g} / (1 - {residual:g})",
        )
