"""Plan resin microspheres by body surface area, or by the empirical table."""

from collections.abc import Sequence
from dataclasses import replace
from typing import Literal

from sirtdose.data.load import table
from sirtdose.errors import InputError
from sirtdose.model.bounds import require_fraction, require_positive
from sirtdose.planning import bsa
from sirtdose.planning.case_plan import one_compartment, plan_of
from sirtdose.planning.result import Plan
from sirtdose.planning.terms import Terms

Rule = Literal["bsa", "empirical"]


def lung_shunt_reduction(
    lung_shunt_fraction: float,
    bands: Sequence[tuple[float, float]] | None = None,
) -> float:
    """Part by which the activity is reduced for a lung shunt.

    Parameters
    ----------
    lung_shunt_fraction : float, 0 to below 1
    bands : sequence of (from, reduction), optional
        Shunt from which on a reduction holds; those of ``data/bsa.json``, which are
        not verified, where not given.

    Examples
    --------
    >>> lung_shunt_reduction(0.12), lung_shunt_reduction(0.09)
    (0.2, 0.0)
    """
    require_fraction(lung_shunt_fraction=lung_shunt_fraction)
    used = known_reductions() if bands is None else bands
    return max(
        (cut for start, cut in used if lung_shunt_fraction >= start), default=0.0
    )


def known_reductions() -> list[tuple[float, float]]:
    """The bands of ``data/bsa.json``: (shunt from which on, reduction)."""
    return [
        (band["from_fraction"], band["reduction"])
        for band in table("bsa")["lung_shunt_reductions"]["bands"]
    ]


def empirical_activity_gbq(involvement_fraction: float) -> float:
    """Activity by tumor involvement alone, from ``data/bsa.json``; not verified.

    >>> empirical_activity_gbq(0.2), empirical_activity_gbq(0.25)
    (2.0, 2.5)
    """
    require_fraction(involvement_fraction=involvement_fraction)
    return float(
        max(
            band["activity_gbq"]
            for band in table("bsa")["empirical"]["bands"]
            if involvement_fraction >= band["from_fraction"]
        )
    )


def not_resin(terms: Terms) -> str:
    """Microspheres that the method is not for; empty for those of resin with Y-90.

    >>> from sirtdose.model.device import Device
    >>> not_resin(Terms()), not_resin(Terms(device=Device.named("glass")))
    ('', 'glass microspheres')
    """
    device, nuclide = terms.device, terms.nuclide
    if (device is None or device.name == "resin") and nuclide.name == "Y-90":
        return ""
    return device.product if device else f"{nuclide.name} microspheres"


def plan(
    terms: Terms,
    *,
    liver_volume_ml: float,
    tumor_volume_ml: float,
    height_cm: float | None = None,
    weight_kg: float | None = None,
    treated_volume_ml: float | None = None,
    rule: Rule = "bsa",
    surface_formula: str = "dubois",
    reductions: Sequence[tuple[float, float]] | None = None,
) -> Plan:
    """Plan resin microspheres by the patient's size and the tumors' part of the liver.

    Parameters
    ----------
    terms : Terms
        Limits go by ``perfused`` (the treated volume), ``liver``, ``lungs``,
        ``lungs_cumulative``.
    liver_volume_ml, tumor_volume_ml, treated_volume_ml : float
        Of :func:`sirtdose.planning.bsa.activity_gbq`.
    height_cm, weight_kg : float, optional
        Needed but for the empirical table.
    rule : {"bsa", "empirical"}
    surface_formula : {"dubois", "mosteller"}
        The method is defined with DuBois.
    reductions : sequence of (from, reduction), optional
        Instead of the unverified bands of ``data/bsa.json``; empty for none.

    Raises
    ------
    RangeError
        A value is outside its range.
    InputError
        Microspheres that are not resin, or no height and weight.
    """
    other = not_resin(terms)
    if other:
        raise InputError(
            f"the BSA method is for resin microspheres with Y-90, not for {other}: "
            "plan these with `sirtdose plan mird` or `sirtdose plan partition`"
        )
    treated_ml = liver_volume_ml if treated_volume_ml is None else treated_volume_ml
    surface = None
    if rule == "bsa":
        if height_cm is None or weight_kg is None:
            raise InputError(
                "the BSA method needs the patient's height and weight: "
                "give --height and --weight"
            )
        bsa.require_adult(height_cm, weight_kg)
        surface = bsa.body_surface_m2(
            height_cm=height_cm, weight_kg=weight_kg, formula=surface_formula
        )
        formula_gbq = bsa.activity_gbq(
            body_surface_m2=surface,
            tumor_volume_ml=tumor_volume_ml,
            liver_volume_ml=liver_volume_ml,
            treated_volume_ml=treated_volume_ml,
        )
    else:
        require_positive(liver_volume_ml=liver_volume_ml)
        if treated_volume_ml is not None:
            raise InputError(
                "the empirical table is for the whole liver: leave --treated-volume out"
            )
        formula_gbq = empirical_activity_gbq(tumor_volume_ml / liver_volume_ml)
    reduction = lung_shunt_reduction(terms.lung_shunt_fraction or 0.0, reductions)
    if not reduction < 1:
        raise InputError(
            f"the activity is reduced by {reduction:.0%} for the lung shunt, so no "
            "activity is left: give a smaller reduction, or do not treat"
        )
    return plan_of(
        [formula_gbq * (1 - reduction)],
        replace(
            one_compartment(
                "treated volume", treated_ml, terms, liver_volume_ml=liver_volume_ml
            ),
            tumors_ml=tumor_volume_ml,
        ),
        terms,
        method=rule,
        assumptions={
            "body_surface_m2": surface,
            "body_surface_formula": surface_formula if surface else None,
            "tumor_involvement_fraction": tumor_volume_ml / liver_volume_ml,
            "formula_activity_gbq": formula_gbq,
            "lung_shunt_reduction": reduction,
        },
    )
