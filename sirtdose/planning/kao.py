"""Kao's definitions of tumor uptake and lung shunt, and what they mean here.

His R is a ratio of activities, not of concentrations, and the whole of his TLSF is
tumor and lungs alone: typed into T/N and lung shunt, either gives a wrong dose.
"""

from sirtdose.model.bounds import (
    require_fraction,
    require_positive,
)


def ratio_of_activity_ratio(
    *, tumor_to_normal_activity: float, tumor_mass_kg: float, normal_mass_kg: float
) -> float:
    r"""T/N of Kao's R, which is a ratio of activities, not of concentrations.

    .. math:: r = R\, \frac{M_N}{M_T}

    References
    ----------
    Kao YH et al. Cardiovasc Intervent Radiol 2013, doi:10.1007/s00270-013-0783-z.

    Examples
    --------
    As much activity in 0.2 kg of tumor as in 0.8 kg of normal liver: T/N 4.

    >>> ratio_of_activity_ratio(tumor_to_normal_activity=1.0, tumor_mass_kg=0.2,
    ...                         normal_mass_kg=0.8)
    4.0
    """
    require_positive(
        tumor_to_normal_activity=tumor_to_normal_activity,
        tumor_mass_kg=tumor_mass_kg,
        normal_mass_kg=normal_mass_kg,
    )
    return tumor_to_normal_activity * normal_mass_kg / tumor_mass_kg


def lung_shunt_of_tumor_lung_shunt(
    *, tumor_lung_shunt_fraction: float, tumor_to_normal_activity: float
) -> float:
    r"""Lung shunt fraction of Kao's TLSF, whose whole is tumor and lungs alone.

    .. math:: L = \frac{T A_T}{T A_T + (1 - T)(A_T + A_N)}
              = \frac{T R}{T R + (1 - T)(R + 1)}

    with `T` for TLSF and R = A_T / A_N.

    References
    ----------
    Kao YH et al. Cardiovasc Intervent Radiol 2013, doi:10.1007/s00270-013-0783-z.

    Examples
    --------
    Tumor 60, normal 30, lungs 10 of 100: TLSF is 10 / 70, R is 2, L is 0.1.

    >>> round(lung_shunt_of_tumor_lung_shunt(tumor_lung_shunt_fraction=1 / 7,
    ...                                      tumor_to_normal_activity=2.0), 12)
    0.1
    """
    require_fraction(tumor_lung_shunt_fraction=tumor_lung_shunt_fraction)
    require_positive(tumor_to_normal_activity=tumor_to_normal_activity)
    shunted = tumor_lung_shunt_fraction * tumor_to_normal_activity
    kept = (1 - tumor_lung_shunt_fraction) * (tumor_to_normal_activity + 1)
    return shunted / (shunted + kept)
