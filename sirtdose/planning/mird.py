"""Single compartment (MIRD): one mean dose to the perfused volume."""

from collections.abc import Mapping
from typing import Literal

from sirtdose.data.load import table
from sirtdose.errors import InputError
from sirtdose.model.bounds import (
    require_fraction,
    require_not_negative,
    require_positive,
)
from sirtdose.model.device import Device
from sirtdose.model.nuclide import Nuclide
from sirtdose.planning.lung_shunt import lungs
from sirtdose.planning.one_compartment import one_compartment, usual_findings
from sirtdose.planning.result import Plan

Convention = Literal["delivered", "label"]


def activity_gbq(
    *,
    dose_gy: float,
    mass_kg: float,
    dose_constant_gy_kg_per_gbq: float,
    lung_shunt_fraction: float = 0.0,
) -> float:
    r"""Activity to inject so that the perfused tissue gets a mean dose.

    .. math:: A = \frac{D\,M}{K\,(1 - L)}

    Parameters
    ----------
    dose_gy : float, > 0
        Prescribed mean dose to the perfused volume, tumors included.
    mass_kg : float, > 0
        Mass of the perfused volume, tumors included.
    dose_constant_gy_kg_per_gbq : float, > 0
        K: dose when 1 GBq decays away in 1 kg, from
        :class:`~sirtdose.model.nuclide.Nuclide`.
    lung_shunt_fraction : float, 0 to below 1
        Fraction of the injected activity that reaches the lungs.

    Returns
    -------
    float
        Activity at the time of injection, GBq. What to draw up is more: see
        :func:`draw_activity_gbq`.

    Raises
    ------
    RangeError
        A value is outside its range.

    Notes
    -----
    Every decay's energy stays in the compartment; nothing leaves by biology. The
    glass label's own formula has no (1 - L): ``convention="label"`` of
    :func:`plan`.

    References
    ----------
    EANM procedure guideline 2022, doi:10.1007/s00259-021-05600-z.

    Examples
    --------
    100 Gy to 1.03 kg, 10 % to the lungs: 100 * 1.03 / (49.67 * 0.9) = 2.304 GBq.

    >>> round(activity_gbq(dose_gy=100, mass_kg=1.03,
    ...                    dose_constant_gy_kg_per_gbq=49.67,
    ...                    lung_shunt_fraction=0.1), 3)
    2.304
    """
    require_positive(
        dose_gy=dose_gy,
        mass_kg=mass_kg,
        dose_constant_gy_kg_per_gbq=dose_constant_gy_kg_per_gbq,
    )
    require_fraction(lung_shunt_fraction=lung_shunt_fraction)
    treated_fraction = 1 - lung_shunt_fraction
    return dose_gy * mass_kg / (dose_constant_gy_kg_per_gbq * treated_fraction)


def delivered_dose_gy(
    *,
    activity_gbq: float,
    mass_kg: float,
    dose_constant_gy_kg_per_gbq: float,
    lung_shunt_fraction: float = 0.0,
) -> float:
    r"""Mean dose that an injected activity really gives the perfused tissue.

    .. math:: D = \frac{K\,A\,(1 - L)}{M}

    Parameters are those of :func:`activity_gbq`, with `activity_gbq` injected.

    Raises
    ------
    RangeError
        A value is outside its range.

    Examples
    --------
    120 Gy by the label formula to 1 kg is 2.4 GBq; at 5 % shunt and K 50 the
    tissue gets 50 * 2.4 * 0.95 = 114 Gy.

    >>> round(delivered_dose_gy(activity_gbq=2.4, mass_kg=1.0,
    ...       dose_constant_gy_kg_per_gbq=50, lung_shunt_fraction=0.05), 1)
    114.0
    """
    require_not_negative(activity_gbq=activity_gbq)
    require_positive(
        mass_kg=mass_kg, dose_constant_gy_kg_per_gbq=dose_constant_gy_kg_per_gbq
    )
    require_fraction(lung_shunt_fraction=lung_shunt_fraction)
    treated_gbq = activity_gbq * (1 - lung_shunt_fraction)
    return dose_constant_gy_kg_per_gbq * treated_gbq / mass_kg


def draw_activity_gbq(*, activity_gbq: float, residual_fraction: float) -> float:
    r"""Activity to draw up so that, with a residual left behind, `A` is injected.

    .. math:: A_{draw} = \frac{A}{1 - R}

    Parameters
    ----------
    activity_gbq : float, >= 0
        To be injected.
    residual_fraction : float, 0 to below 1
        Expected residual over what is drawn up.

    Raises
    ------
    RangeError
        A value is outside its range.

    Examples
    --------
    2.304 GBq with 10 % residual: 2.304 / 0.9 = 2.56 GBq.

    >>> round(draw_activity_gbq(activity_gbq=2.304, residual_fraction=0.1), 2)
    2.56
    """
    require_not_negative(activity_gbq=activity_gbq)
    require_fraction(residual_fraction=residual_fraction)
    return activity_gbq / (1 - residual_fraction)


def plan(
    *,
    dose_gy: float,
    perfused_volume_ml: float,
    density_g_per_ml: float = 1.05,
    lung_shunt_fraction: float | None = None,
    residual_fraction: float = 0.0,
    convention: Convention = "delivered",
    nuclide: Nuclide | None = None,
    device: Device | None = None,
    lung_mass_kg: float = 1.0,
    lung_mass_source: str = "default",
    lung_shunt_source: str = "unknown",
    prior_lung_dose_gy: float = 0.0,
    prior_liver_dose_gy: float = 0.0,
    limits_gy: Mapping[str, float] | None = None,
) -> Plan:
    """Plan a mean dose to the perfused volume, tumors included.

    Parameters
    ----------
    dose_gy, perfused_volume_ml, density_g_per_ml : float, > 0
    lung_shunt_fraction : float, 0 to below 1, optional
        None where it was not measured: no shunt is assumed, and said to be.
    residual_fraction : float, 0 to below 1
    convention : {"delivered", "label"}
        ``"label"`` computes the activity with K = 50 and without (1 - L), as the
        glass label does; the doses shown are those really delivered.
    nuclide : Nuclide, optional
        The device's, else Y-90.
    limits_gy : mapping, optional
        Limits to hold, by ``perfused`` (with earlier treatments' dose), ``lungs`` or
        ``lungs_cumulative``.

    Raises
    ------
    RangeError
        A value is outside its range.
    InputError
        A device that carries another nuclide, or no label constant for it.
    PlanningError
        A limit of `limits_gy` is not met.
    """
    nuclide = nuclide or Nuclide.named(device.nuclide_name if device else "Y-90")
    if device and device.nuclide_name != nuclide.name:
        raise InputError(
            f"{device.product} carry {device.nuclide_name}, not {nuclide.name}"
        )
    require_positive(
        perfused_volume_ml=perfused_volume_ml, density_g_per_ml=density_g_per_ml
    )
    require_not_negative(prior_liver_dose_gy=prior_liver_dose_gy)
    mass_kg = perfused_volume_ml * density_g_per_ml / 1000
    formula_constant = (
        label_constant(nuclide)
        if convention == "label"
        else nuclide.dose_constant_gy_kg_per_gbq
    )
    shunt = lung_shunt_fraction or 0.0
    injected = activity_gbq(
        dose_gy=dose_gy,
        mass_kg=mass_kg,
        dose_constant_gy_kg_per_gbq=formula_constant,
        lung_shunt_fraction=0.0 if convention == "label" else shunt,
    )
    delivered = delivered_dose_gy(
        activity_gbq=injected,
        mass_kg=mass_kg,
        dose_constant_gy_kg_per_gbq=nuclide.dose_constant_gy_kg_per_gbq,
        lung_shunt_fraction=shunt,
    )
    lung = lungs(
        activity_gbq=injected,
        lung_shunt_fraction=lung_shunt_fraction,
        lung_mass_kg=lung_mass_kg,
        lung_mass_source=lung_mass_source,
        lung_shunt_source=lung_shunt_source,
        prior_lung_dose_gy=prior_lung_dose_gy,
        dose_constant_gy_kg_per_gbq=nuclide.dose_constant_gy_kg_per_gbq,
    )
    perfused, limits = one_compartment(
        name="perfused volume",
        activity_gbq=injected,
        volume_ml=perfused_volume_ml,
        mass_kg=mass_kg,
        dose_gy=delivered,
        lung=lung,
        prior_lung_dose_gy=prior_lung_dose_gy,
        prior_liver_dose_gy=prior_liver_dose_gy,
        limits_gy=limits_gy,
    )
    return Plan(
        method="mird",
        nuclide=nuclide,
        device=device,
        activity_gbq=injected,
        draw_activity_gbq=draw_activity_gbq(
            activity_gbq=injected, residual_fraction=residual_fraction
        ),
        compartments=(perfused,),
        lungs=lung,
        limits=tuple(limits),
        assumptions={
            "convention": convention,
            "formula_dose_constant_gy_kg_per_gbq": formula_constant,
            "density_g_per_ml": density_g_per_ml,
            "residual_fraction": residual_fraction,
            "prescribed_dose_gy": dose_gy,
            "prior_lung_dose_gy": prior_lung_dose_gy,
            "prior_liver_dose_gy": prior_liver_dose_gy,
        },
        findings=tuple(usual_findings(limits, lung, nuclide, density_g_per_ml)),
    )


def label_constant(nuclide: Nuclide) -> float:
    """The dose constant in the device label's own formula.

    >>> label_constant(Nuclide.named("Y-90"))
    50.0
    """
    presets = table("nuclides")[nuclide.name]["dose_constants_gy_kg_per_gbq"]
    return float(presets["label"]["value"])
