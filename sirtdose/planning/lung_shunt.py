"""What the lungs get of an injection."""

from collections.abc import Mapping

from sirtdose.errors import InputError
from sirtdose.model.bounds import (
    require_fraction,
    require_not_negative,
    require_positive,
)
from sirtdose.model.ledger import NOT_GIVEN, Lungs


def lung_dose_gy(
    *,
    activity_gbq: float,
    lung_shunt_fraction: float,
    lung_mass_kg: float,
    dose_constant_gy_kg_per_gbq: float,
) -> float:
    r"""Mean dose that shunted microspheres give the lungs.

    .. math:: D_L = \frac{K\,A\,L}{m_L}

    Parameters
    ----------
    activity_gbq : float, >= 0
        Injected: what the residual keeps back never reaches the lungs.
    lung_shunt_fraction : float, 0 to below 1
    lung_mass_kg : float, > 0
        1 kg where neither a person nor a CT says it.
    dose_constant_gy_kg_per_gbq : float, > 0

    Returns
    -------
    float
        Gy.

    Raises
    ------
    RangeError
        A value is outside its range.

    Notes
    -----
    All shunted activity stays, evenly spread, in one lung mass.

    References
    ----------
    The glass label's limit of 0.61 GBq to the lungs and its 30 Gy are this
    formula: 49.67 * 0.61 / 1.0 = 30.3.

    Examples
    --------
    >>> round(lung_dose_gy(activity_gbq=6.1, lung_shunt_fraction=0.1,
    ...                    lung_mass_kg=1.0, dose_constant_gy_kg_per_gbq=49.67), 1)
    30.3
    """
    require_not_negative(activity_gbq=activity_gbq)
    require_fraction(lung_shunt_fraction=lung_shunt_fraction)
    require_positive(
        lung_mass_kg=lung_mass_kg,
        dose_constant_gy_kg_per_gbq=dose_constant_gy_kg_per_gbq,
    )
    return (
        dose_constant_gy_kg_per_gbq
        * (activity_gbq * lung_shunt_fraction)
        / lung_mass_kg
    )


def lungs(
    *,
    activity_gbq: float,
    lung_shunt_fraction: float | None,
    lung_mass_kg: float,
    lung_mass_source: str,
    lung_shunt_source: str,
    prior_lung_dose_gy: float,
    dose_constant_gy_kg_per_gbq: float,
) -> Lungs:
    """The lungs of a plan or of a treatment, with earlier sessions' dose added.

    A shunt that is not given (None) is taken as none, and said to be so.
    """
    require_not_negative(prior_lung_dose_gy=prior_lung_dose_gy)
    if lung_shunt_fraction is None:
        lung_shunt_fraction, lung_shunt_source = 0.0, NOT_GIVEN
    dose = lung_dose_gy(
        activity_gbq=activity_gbq,
        lung_shunt_fraction=lung_shunt_fraction,
        lung_mass_kg=lung_mass_kg,
        dose_constant_gy_kg_per_gbq=dose_constant_gy_kg_per_gbq,
    )
    return Lungs(
        shunt_fraction=lung_shunt_fraction,
        shunt_source=lung_shunt_source,
        mass_kg=lung_mass_kg,
        mass_source=lung_mass_source,
        activity_gbq=activity_gbq * lung_shunt_fraction,
        dose_gy=dose,
        cumulative_dose_gy=dose + prior_lung_dose_gy,
    )


def all_shunts_known(shunts: Mapping[str, float | None]) -> bool:
    """Whether every injection's shunt is known.

    Raises
    ------
    InputError
        Some are and some are not: what the lungs get would be taken for known.

    Examples
    --------
    >>> all_shunts_known({"right": 0.05, "left": 0.02})
    True
    """
    missing = [name for name, shunt in shunts.items() if shunt is None]
    if missing and len(missing) < len(shunts):
        raise InputError(
            f"the lung shunt of {', '.join(missing)} is missing: give --lung-shunt, "
            "or the lung shunt of each injection"
        )
    return not missing
