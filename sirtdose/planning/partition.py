"""Partition: one mean dose to each tumor, one to the normal liver around them."""

from collections.abc import Sequence

from sirtdose.errors import RangeError
from sirtdose.model.bounds import (
    require_fraction,
    require_not_negative,
    require_positive,
)


def normal_dose_gy(
    *,
    activity_gbq: float,
    normal_mass_kg: float,
    tumor_masses_kg: Sequence[float],
    tumor_to_normal_ratios: Sequence[float],
    dose_constant_gy_kg_per_gbq: float,
    lung_shunt_fraction: float = 0.0,
) -> float:
    r"""Mean dose to the normal liver of a perfused volume; tumors get ratio times it.

    .. math:: D_N = \frac{K A (1 - L)}{M_N + \sum_k r_k M_k}, \qquad D_k = r_k D_N

    Parameters
    ----------
    activity_gbq : float, >= 0
        Injected.
    normal_mass_kg : float, >= 0
        Perfused, tumors left out.
    tumor_masses_kg : sequence of float, > 0
    tumor_to_normal_ratios : sequence of float, > 0
        T/N of each tumor: its activity per mass over the normal liver's.
    dose_constant_gy_kg_per_gbq : float, > 0
    lung_shunt_fraction : float, 0 to below 1

    Returns
    -------
    float
        Gy.

    Raises
    ------
    RangeError
        A value is outside its range, or masses and ratios are not as many.

    References
    ----------
    Ho S et al. Eur J Nucl Med 1996;23:947.

    Examples
    --------
    3.23 GBq, 0.824 kg normal and 0.206 kg of tumor at T/N 3, shunt 10 %:
    49.67 * 3.23 * 0.9 / (0.824 + 3 * 0.206) = 100.1 Gy, and 300 to the tumor.

    >>> round(normal_dose_gy(activity_gbq=3.23, normal_mass_kg=0.824,
    ...     tumor_masses_kg=[0.206], tumor_to_normal_ratios=[3],
    ...     dose_constant_gy_kg_per_gbq=49.67, lung_shunt_fraction=0.1), 1)
    100.1
    """
    require_not_negative(activity_gbq=activity_gbq)
    require_positive(dose_constant_gy_kg_per_gbq=dose_constant_gy_kg_per_gbq)
    require_fraction(lung_shunt_fraction=lung_shunt_fraction)
    weighted_kg = weighted_mass_kg(
        normal_mass_kg=normal_mass_kg,
        tumor_masses_kg=tumor_masses_kg,
        tumor_to_normal_ratios=tumor_to_normal_ratios,
    )
    treated_gbq = activity_gbq * (1 - lung_shunt_fraction)
    return dose_constant_gy_kg_per_gbq * treated_gbq / weighted_kg


def weighted_mass_kg(
    *,
    normal_mass_kg: float,
    tumor_masses_kg: Sequence[float],
    tumor_to_normal_ratios: Sequence[float],
) -> float:
    r"""The mass of normal liver that would take up as much as a perfused volume.

    .. math:: M = M_N + \sum_k r_k M_k

    Raises
    ------
    RangeError
        A value is outside its range, or masses and ratios are not as many.

    Examples
    --------
    >>> weighted_mass_kg(normal_mass_kg=0.8, tumor_masses_kg=[0.2, 0.05],
    ...                  tumor_to_normal_ratios=[3, 4])
    1.6
    """
    require_not_negative(normal_mass_kg=normal_mass_kg)
    if len(tumor_masses_kg) != len(tumor_to_normal_ratios):
        raise RangeError(
            f"{len(tumor_masses_kg)} tumor masses and {len(tumor_to_normal_ratios)} "
            "ratios were given: give one of both for each tumor"
        )
    weighted = normal_mass_kg
    for mass_kg, ratio in zip(tumor_masses_kg, tumor_to_normal_ratios, strict=True):
        require_positive(tumor_mass_kg=mass_kg, tumor_to_normal_ratio=ratio)
        weighted += ratio * mass_kg
    require_positive(perfused_mass_kg=weighted)
    return weighted


def uptake_fractions(
    *,
    normal_mass_kg: float,
    tumor_masses_kg: Sequence[float],
    tumor_to_normal_ratios: Sequence[float],
    lung_shunt_fraction: float = 0.0,
) -> tuple[float, list[float]]:
    r"""Fractions of the injected activity in normal liver and in each tumor.

    .. math:: F_N = (1 - L)\frac{M_N}{M}, \qquad F_k = (1 - L)\frac{r_k M_k}{M}

    With the lungs' `L` they add up to 1.

    Examples
    --------
    3.5 GBq, T/N 4.2, shunt 5 %, 1234.5 mL and 45.2 mL: 0.823 and 0.127.

    >>> normal, tumors = uptake_fractions(normal_mass_kg=1.2345,
    ...     tumor_masses_kg=[0.0452], tumor_to_normal_ratios=[4.2],
    ...     lung_shunt_fraction=0.05)
    >>> round(normal, 3), round(tumors[0], 3)
    (0.823, 0.127)
    """
    require_fraction(lung_shunt_fraction=lung_shunt_fraction)
    weighted = weighted_mass_kg(
        normal_mass_kg=normal_mass_kg,
        tumor_masses_kg=tumor_masses_kg,
        tumor_to_normal_ratios=tumor_to_normal_ratios,
    )
    treated = 1 - lung_shunt_fraction
    pairs = zip(tumor_masses_kg, tumor_to_normal_ratios, strict=True)
    return (
        treated * normal_mass_kg / weighted,
        [treated * ratio * mass_kg / weighted for mass_kg, ratio in pairs],
    )
