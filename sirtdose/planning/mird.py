"""Single compartment (MIRD): one mean dose to the perfused volume."""

from sirtdose.model.bounds import (
    require_fraction,
    require_not_negative,
    require_positive,
)


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
    :func:`sirtdose.planning.mird_plan.plan`.

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
    return dose_gy * mass_kg / (dose_constant_gy_kg_per_gbq * (1 - lung_shunt_fraction))


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
