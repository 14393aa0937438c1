"""Body surface area: the activity of resin microspheres by the patient's size."""

from collections.abc import Callable
from typing import Final

from sirtdose.errors import InputError, RangeError
from sirtdose.model.body_size import dubois_m2
from sirtdose.model.bounds import require_not_negative, require_positive


def mosteller_m2(*, height_cm: float, weight_kg: float) -> float:
    r"""Body surface area by Mosteller.

    .. math:: S = \sqrt{H\, W / 3600}

    References
    ----------
    Mosteller RD. N Engl J Med 1987;317:1098.

    Examples
    --------
    >>> round(mosteller_m2(height_cm=175, weight_kg=70), 2)
    1.84
    """
    require_positive(height_cm=height_cm, weight_kg=weight_kg)
    return float((height_cm * weight_kg / 3600) ** 0.5)


FORMULAS: Final[dict[str, Callable[..., float]]] = {
    "dubois": dubois_m2,
    "mosteller": mosteller_m2,
}


def body_surface_m2(
    *, height_cm: float, weight_kg: float, formula: str = "dubois"
) -> float:
    """Body surface area by a named formula.

    Raises
    ------
    InputError
        An unknown formula.

    Examples
    --------
    >>> round(body_surface_m2(height_cm=175, weight_kg=70), 3)
    1.848
    """
    if formula not in FORMULAS:
        raise InputError(
            f"'{formula}' is not a formula for body surface: use {', '.join(FORMULAS)}"
        )
    return FORMULAS[formula](height_cm=height_cm, weight_kg=weight_kg)


def activity_gbq(
    *,
    body_surface_m2: float,
    tumor_volume_ml: float,
    liver_volume_ml: float,
    treated_volume_ml: float | None = None,
) -> float:
    r"""Activity of resin microspheres by the BSA method.

    .. math:: A = (S - 0.2)\,\frac{V_{treated}}{V_{liver}}
              + \frac{V_{tumor}}{V_{liver}}

    in GBq with `S` in square meters. The whole liver is treated where
    `treated_volume_ml` is not given; lobes and segments are the same formula by
    their volume.

    Parameters
    ----------
    body_surface_m2 : float, > 0.2
    tumor_volume_ml : float, >= 0
        In the treated volume.
    liver_volume_ml : float, > 0
        Of the whole liver, tumors included.
    treated_volume_ml : float, optional
        Tumors included.

    Raises
    ------
    RangeError
        A volume does not fit into the one around it, or another value is outside
        its range.

    Notes
    -----
    The activity follows the body, not the dose: a small liver gets more Gy.

    References
    ----------
    Grosser OS et al. J Vasc Interv Radiol 2015, abstract.

    Examples
    --------
    1.648 m2, 300 of 1500 mL tumor: 1.448 + 0.2 = 1.648 GBq.

    >>> round(activity_gbq(body_surface_m2=1.648, tumor_volume_ml=300,
    ...                    liver_volume_ml=1500), 3)
    1.648
    """
    require_positive(body_surface_m2=body_surface_m2, liver_volume_ml=liver_volume_ml)
    require_not_negative(tumor_volume_ml=tumor_volume_ml)
    treated_ml = liver_volume_ml if treated_volume_ml is None else treated_volume_ml
    require_positive(treated_volume_ml=treated_ml)
    if body_surface_m2 <= 0.2:
        raise RangeError(
            f"the body surface is {body_surface_m2:g} m2, but the method needs more "
            "than 0.2 m2; adults have 1.2 to 2.8 m2: check height and weight"
        )
    if treated_ml > liver_volume_ml:
        raise RangeError(
            f"the treated volume, {treated_ml:g} mL, is larger than the liver, "
            f"{liver_volume_ml:g} mL: check both volumes"
        )
    if tumor_volume_ml > treated_ml:
        raise RangeError(
            f"the tumors, {tumor_volume_ml:g} mL, are larger than the volume around "
            f"them, {treated_ml:g} mL: check both volumes"
        )
    part = treated_ml / liver_volume_ml
    return (body_surface_m2 - 0.2) * part + tumor_volume_ml / liver_volume_ml


def require_adult(height_cm: float, weight_kg: float) -> None:
    """Refuse a height or a weight that is another unit's.

    Raises
    ------
    InputError
        Says which, and what adults have.
    """
    for name, value, low, high, unit in (
        ("height", height_cm, 100.0, 250.0, "cm"),
        ("weight", weight_kg, 25.0, 300.0, "kg"),
    ):
        if not low <= value <= high:
            raise InputError(
                f"{name} is {value:g} {unit}, but adults have {low:g} to {high:g} "
                f"{unit}: check the unit"
            )
