"""Standardized liver volume: what a patient of this size has, from the body surface."""

from dataclasses import dataclass

from sirtdose.data.load import table
from sirtdose.model.bounds import require_positive
from sirtdose.planning.bsa import body_surface_m2, require_adult

FORMULAS = ("vauthey", "urata")


@dataclass(frozen=True)
class StandardLiver:
    """A standardized liver volume, and what it follows from.

    `called` is the formula's author; `surface_formula` that of the body surface.
    """

    volume_ml: float
    formula: str
    called: str
    body_surface_m2: float
    surface_formula: str
    source: str
    verified: bool


def standard_volume_ml(formula: str, surface_m2: float) -> float:
    r"""Standardized liver volume of a body surface.

    .. math:: V = a S + b

    Parameters
    ----------
    formula : {"vauthey", "urata"}
    surface_m2 : float, > 0

    Examples
    --------
    1267.28 x 1.8 - 794.41, and 706.2 x 1.8 + 2.4.

    >>> round(standard_volume_ml("vauthey", 1.8), 1)
    1486.7
    >>> round(standard_volume_ml("urata", 1.8), 1)
    1273.6
    """
    require_positive(body_surface_m2=surface_m2)
    entry = table("remnant")["standard_liver"][formula]
    return float(entry["ml_per_m2"] * surface_m2 + entry["ml"])


def standard_liver(
    formula: str, *, height_cm: float, weight_kg: float
) -> StandardLiver:
    """The standardized liver volume of an adult, by a named formula.

    Raises
    ------
    InputError
        No adult's height or weight.

    Examples
    --------
    >>> found = standard_liver("urata", height_cm=175, weight_kg=70)
    >>> round(found.volume_ml), round(found.body_surface_m2, 3), found.surface_formula
    (1308, 1.848, 'dubois')
    """
    require_adult(height_cm, weight_kg)
    entry = table("remnant")["standard_liver"][formula]
    surface_formula = table("remnant")["body_surface"]["formula"]
    surface_m2 = body_surface_m2(
        height_cm=height_cm, weight_kg=weight_kg, formula=surface_formula
    )
    return StandardLiver(
        volume_ml=standard_volume_ml(formula, surface_m2),
        formula=formula,
        called=entry["called"],
        body_surface_m2=surface_m2,
        surface_formula=surface_formula,
        source=entry["source"],
        verified=entry["verified"],
    )
