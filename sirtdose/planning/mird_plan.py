"""Plan a mean dose to one compartment, the perfused volume."""

from typing import Literal

from sirtdose.data.load import table
from sirtdose.errors import InputError
from sirtdose.model.bounds import require_positive
from sirtdose.model.nuclide import Nuclide
from sirtdose.planning.case_plan import one_compartment, plan_of
from sirtdose.planning.mird import activity_gbq
from sirtdose.planning.result import Plan
from sirtdose.planning.terms import Terms

Convention = Literal["delivered", "label"]


def plan(
    terms: Terms,
    *,
    dose_gy: float,
    perfused_volume_ml: float,
    liver_volume_ml: float | None = None,
    convention: Convention = "delivered",
) -> Plan:
    """Plan a mean dose to the perfused volume, tumors included.

    Parameters
    ----------
    terms : Terms
        Limits go by ``perfused`` and ``liver`` (with earlier treatments' dose),
        ``lungs`` or ``lungs_cumulative``.
    dose_gy, perfused_volume_ml : float, > 0
    liver_volume_ml : float, optional
        Of the whole liver, with everything in it: gives its dose.
    convention : {"delivered", "label"}
        ``"label"`` computes the activity with K = 50 and without (1 - L), as the
        glass label does; the doses shown are those really delivered.

    Raises
    ------
    RangeError
        A value is outside its range.
    InputError
        No label constant for the nuclide, or a limit for another volume.

    Examples
    --------
    >>> plan(Terms(density_g_per_ml=1.03, lung_shunt_fraction=0.1), dose_gy=100,
    ...      perfused_volume_ml=1000).activity_gbq.__round__(2)
    2.3
    """
    require_positive(
        perfused_volume_ml=perfused_volume_ml, density_g_per_ml=terms.density_g_per_ml
    )
    label = convention == "label"
    formula_constant = (
        label_constant(terms.nuclide)
        if label
        else terms.nuclide.dose_constant_gy_kg_per_gbq
    )
    injected = activity_gbq(
        dose_gy=dose_gy,
        mass_kg=perfused_volume_ml * terms.density_g_per_ml / 1000,
        dose_constant_gy_kg_per_gbq=formula_constant,
        lung_shunt_fraction=0.0 if label else terms.lung_shunt_fraction or 0.0,
    )
    return plan_of(
        [injected],
        one_compartment(
            "perfused volume",
            perfused_volume_ml,
            terms,
            liver_volume_ml=liver_volume_ml,
        ),
        terms,
        method="mird",
        assumptions={
            "convention": convention,
            "formula_dose_constant_gy_kg_per_gbq": formula_constant,
            "prescribed_dose_gy": dose_gy,
        },
    )


def label_constant(nuclide: Nuclide) -> float:
    """The dose constant in the device label's own formula.

    >>> label_constant(Nuclide.named("Y-90"))
    50.0
    """
    entry = table("nuclides").get(nuclide.name, {})
    presets = entry.get("dose_constants_gy_kg_per_gbq", {})
    if "label" not in presets:
        raise InputError(
            f"no device label has a dose constant for {nuclide.name}: plan by the "
            "delivered activity"
        )
    return float(presets["label"]["value"])
