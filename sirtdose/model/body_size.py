"""How large a patient is: body surface, lean body mass, ideal weight."""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Final

from sirtdose.errors import InputError, MissingTagError, RangeError
from sirtdose.model.bounds import require_positive

# Of each formula: the factor of weight, and of (weight / height)^2, men and women.
_JAMES = {"M": (1.10, 128.0), "F": (1.07, 148.0)}
# Of each sex: the constant and the factor of body mass index.
_JANMAHASATIAN = {"M": (6680.0, 216.0), "F": (8780.0, 244.0)}
# Of each sex: weight at 152 cm, and what a centimeter more adds, kg.
_IDEAL = {"M": (48.0, 1.06), "F": (45.5, 0.91)}


def dubois_m2(*, height_cm: float, weight_kg: float) -> float:
    r"""Body surface area by DuBois, which the BSA method is defined with.

    .. math:: S = 0.007184\, H^{0.725}\, W^{0.425}

    Parameters
    ----------
    height_cm, weight_kg : float, > 0

    References
    ----------
    Du Bois D, Du Bois EF. Arch Intern Med 1916;17:863.

    Examples
    --------
    >>> round(dubois_m2(height_cm=181.8, weight_kg=70.7), 4)
    1.908
    """
    require_positive(height_cm=height_cm, weight_kg=weight_kg)
    return float(0.007184 * height_cm**0.725 * weight_kg**0.425)


def james_kg(*, height_cm: float, weight_kg: float, sex: str) -> float:
    r"""Lean body mass by James.

    .. math:: L = a\, W - b\, (W / H)^2

    with a = 1.10 and b = 128 in men, 1.07 and 148 in women.

    Parameters
    ----------
    height_cm, weight_kg : float, > 0
    sex : {"M", "F"}

    Raises
    ------
    RangeError
        A weight past the top of the parabola, from which on the formula would make a
        heavier patient leaner.

    References
    ----------
    James WPT. Research on obesity. London: HMSO, 1976. Some older programs have 120
    for men.

    Examples
    --------
    1.07 x 60 - 148 x (60 / 165)^2 = 64.2 - 19.57

    >>> round(james_kg(height_cm=165, weight_kg=60, sex="F"), 2)
    44.63
    """
    require_positive(height_cm=height_cm, weight_kg=weight_kg)
    per_kg, squared = _of_sex(_JAMES, sex)
    top_kg = per_kg * height_cm**2 / (2 * squared)
    if weight_kg > top_kg:
        raise RangeError(
            f"lean body mass by James falls with weight above {top_kg:.0f} kg at "
            f"{height_cm:g} cm, and the patient weighs {weight_kg:g} kg: use the "
            "formula of Janmahasatian"
        )
    return per_kg * weight_kg - squared * (weight_kg / height_cm) ** 2


def janmahasatian_kg(*, height_cm: float, weight_kg: float, sex: str) -> float:
    r"""Lean body mass by Janmahasatian, which holds for heavy patients too.

    .. math:: L = \frac{9270\, W}{c + d\, BMI}

    with c = 6680 and d = 216 in men, 8780 and 244 in women.

    References
    ----------
    Janmahasatian S et al., Clin Pharmacokinet 2005;44:1051.

    Examples
    --------
    BMI 110 / 1.6^2 = 42.97; 9270 x 110 / (8780 + 244 x 42.97)

    >>> round(janmahasatian_kg(height_cm=160, weight_kg=110, sex="F"), 2)
    52.93
    """
    require_positive(height_cm=height_cm, weight_kg=weight_kg)
    constant, per_bmi = _of_sex(_JANMAHASATIAN, sex)
    bmi = weight_kg / (height_cm / 100) ** 2
    return 9270 * weight_kg / (constant + per_bmi * bmi)


def ideal_weight_kg(*, height_cm: float, sex: str) -> float:
    """Ideal body weight, as an SUV of type IBW is normalized to.

    References
    ----------
    IBSI, manual for the computation of SUV, version 3.0: 48.0 + 1.06 (H - 152) in men,
    45.5 + 0.91 (H - 152) in women.

    Examples
    --------
    >>> round(ideal_weight_kg(height_cm=172, sex="M"), 2)
    69.2
    """
    require_positive(height_cm=height_cm)
    at_152, per_cm = _of_sex(_IDEAL, sex)
    return at_152 + per_cm * (height_cm - 152)


LEAN_MASS: Final[dict[str, Callable[..., float]]] = {
    "janmahasatian": janmahasatian_kg,
    "james": james_kg,
}


def _of_sex(table: dict[str, tuple[float, float]], sex: str) -> tuple[float, float]:
    if sex not in table:
        raise InputError(f"the formula is for sex M or F, not '{sex}'")
    return table[sex]


@dataclass(frozen=True)
class Body:
    """A patient's weight, height and sex, as far as they are known.

    Parameters
    ----------
    weight_kg : float, > 0
    height_cm : float, > 0, optional
    sex : {"M", "F", "O"}, optional
        Of O, another, formulas give the mean of both sexes.
    """

    weight_kg: float | None = None
    height_cm: float | None = None
    sex: str | None = None

    def weight(self) -> float:
        """The weight in kg.

        Raises
        ------
        MissingTagError
            It is not known.
        """
        if self.weight_kg is None:
            raise MissingTagError(
                "the patient's weight is not known (PatientWeight (0010,1030)): give "
                "--weight, for example --weight 72kg"
            )
        return self.weight_kg

    def lean_mass_kg(self, formula: str) -> float:
        """Lean body mass by a named formula, kg.

        Examples
        --------
        >>> round(Body(70, 175, "M").lean_mass_kg("janmahasatian"), 2)
        55.86
        """
        weight_kg = self.weight()
        return self._of_both(
            LEAN_MASS[formula], height_cm=self._height(), weight_kg=weight_kg
        )

    def ideal_weight_kg(self) -> float:
        """Ideal body weight, kg."""
        return self._of_both(ideal_weight_kg, height_cm=self._height())

    def surface_m2(self) -> float:
        """Body surface by DuBois, square meters."""
        return dubois_m2(height_cm=self._height(), weight_kg=self.weight())

    def _height(self) -> float:
        if self.height_cm is None:
            raise MissingTagError(
                "the patient's height is not known (PatientSize (0010,1020)): give "
                "--height, for example --height 170cm"
            )
        return self.height_cm

    def _of_both(self, formula: Callable[..., float], **sizes: float) -> float:
        if self.sex is None:
            raise MissingTagError(
                "the patient's sex is not known (PatientSex (0010,0040)): give --sex "
                "M or F"
            )
        sexes = ("M", "F") if self.sex == "O" else (self.sex,)
        return sum(formula(sex=one, **sizes) for one in sexes) / len(sexes)
