"""The future liver remnant: what of the liver is not treated, and how much it is."""

from dataclasses import dataclass
from typing import Literal

from sirtdose.data.load import table
from sirtdose.errors import InputError
from sirtdose.model.bounds import require_positive
from sirtdose.model.guard_rails import rail
from sirtdose.model.limit import below
from sirtdose.planning.partition_case import Case
from sirtdose.planning.standard_liver import StandardLiver, standard_liver

Underlying = Literal["normal", "chemotherapy", "cirrhosis"]
UNDERLYING: tuple[Underlying, ...] = ("normal", "chemotherapy", "cirrhosis")
WHOLE, NORMAL = "whole liver", "liver without tumors"
_SAME = 1e-9


@dataclass(frozen=True)
class RemnantAsked:
    """What a person gave of the remnant.

    Parameters
    ----------
    volume_ml : float, > 0, optional
        Instead of the liver less all that is perfused.
    formula : {"", "vauthey", "urata"}
        Of the standardized liver volume.
    underlying : {"", "normal", "chemotherapy", "cirrhosis"}
        Which minimum holds.
    height_cm, weight_kg : float, optional

    Raises
    ------
    InputError
        A formula without height or weight.
    """

    volume_ml: float | None = None
    formula: str = ""
    underlying: str = ""
    height_cm: float | None = None
    weight_kg: float | None = None

    def __post_init__(self) -> None:
        if self.volume_ml is not None:
            require_positive(remnant_ml=self.volume_ml)
        given = {"height": self.height_cm, "weight": self.weight_kg}
        missing = [name for name, value in given.items() if value is None]
        if self.formula and missing:
            raise InputError(
                f"--slv {self.formula} needs the patient's {' and '.join(missing)}: "
                f"give {' and '.join(f'--{name}' for name in missing)}"
            )

    def __bool__(self) -> bool:
        """Whether anything of the remnant was asked for."""
        return bool(self.volume_ml or self.formula or self.underlying)

    @property
    def standard(self) -> StandardLiver | None:
        """The standardized liver volume, where a formula was named."""
        if not self.formula or self.height_cm is None or self.weight_kg is None:
            return None
        return standard_liver(
            self.formula, height_cm=self.height_cm, weight_kg=self.weight_kg
        )


@dataclass(frozen=True)
class Share:
    """The remnant as a fraction of a volume, and of which."""

    of: str
    of_ml: float
    fraction: float


@dataclass(frozen=True)
class Minimum:
    """The least remnant before a resection; `strict` leaves the bound itself out."""

    fraction: float
    strict: bool
    words: str
    source: str
    verified: bool

    @classmethod
    def of(cls, underlying: str) -> "Minimum":
        """The minimum with an underlying liver.

        >>> Minimum.of("cirrhosis").fraction, Minimum.of("normal").strict
        (0.4, False)
        """
        data = table("remnant")
        entry = data["minimum"][underlying]
        return cls(
            fraction=entry["fraction"],
            strict=entry["strict"],
            words=entry["words"],
            source=data["minimum_source"],
            verified=data["minimum_verified"],
        )

    def missed_by(self, share: Share) -> bool:
        """Whether a remnant is too small.

        >>> fifth = Share(WHOLE, 1500.0, 0.2)
        >>> Minimum.of("normal").missed_by(fifth)
        False
        """
        return below(share.fraction, self.fraction, strict=self.strict)


@dataclass(frozen=True)
class Remnant:
    """What of the liver is not treated.

    Parameters
    ----------
    volume_ml : float
        Of the remnant; tumors in it do not count, where they are known.
    source : str
        How it is known.
    treated_ml, liver_ml, normal_ml : float, optional
        What of the liver is perfused, the whole liver, and the liver without tumors,
        as far as they are known.
    standard : StandardLiver, optional
    underlying : str
        Which minimum holds; empty where nobody said.
    asked : bool
        Whether a person asked for it.

    Examples
    --------
    >>> lobe = Remnant(500.0, "typed", 1000.0, 1500.0, 1300.0)
    >>> [(one.of, round(one.fraction, 3)) for one in lobe.shares]
    [('whole liver', 0.333), ('liver without tumors', 0.385)]
    """

    volume_ml: float
    source: str
    treated_ml: float | None = None
    liver_ml: float | None = None
    normal_ml: float | None = None
    standard: StandardLiver | None = None
    underlying: str = ""
    asked: bool = False

    @property
    def treated_fraction(self) -> float | None:
        """Fraction of the whole liver that is treated."""
        if self.treated_ml is None or not self.liver_ml:
            return None
        return self.treated_ml / self.liver_ml

    @property
    def shares(self) -> list[Share]:
        """The remnant as a fraction of every volume that is known."""
        standard = self.standard
        volumes = [
            (WHOLE, self.liver_ml),
            (NORMAL, self.normal_ml),
            (
                f"standardized liver volume by {standard.called}" if standard else "",
                standard.volume_ml if standard else None,
            ),
        ]
        return [Share(of, ml, self.volume_ml / ml) for of, ml in volumes if ml]

    @property
    def judged(self) -> list[Share]:
        """What a minimum is compared with: tumors count only where nothing else is.

        >>> [one.of for one in Remnant(500.0, "typed", liver_ml=1500.0).judged]
        ['whole liver']
        """
        shares = self.shares
        return [one for one in shares if one.of != WHOLE] or shares

    @property
    def minimum(self) -> Minimum | None:
        """The minimum that holds, where the underlying liver is known."""
        return Minimum.of(self.underlying) if self.underlying else None


def remnant_of(case: Case, asked: RemnantAsked) -> Remnant | None:
    """The remnant of a plan; None where neither it nor the whole liver is known.

    Raises
    ------
    InputError
        A typed remnant that is larger than what is not treated.
    """
    liver_ml = sum(one.volume_ml for one in case.held("liver")) or None
    outside_ml, normal_outside_ml = _outside_ml(case, liver_ml)
    if asked.volume_ml is not None:
        _require_room(asked.volume_ml, outside_ml, case)
    volume_ml = normal_outside_ml if asked.volume_ml is None else asked.volume_ml
    if volume_ml is None:
        return None
    known = liver_ml is not None and outside_ml is not None
    return Remnant(
        volume_ml=volume_ml,
        source=_source(case, asked),
        treated_ml=(liver_ml or 0.0) - (outside_ml or 0.0) if known else None,
        liver_ml=liver_ml,
        normal_ml=_normal_ml(case, liver_ml),
        standard=asked.standard,
        underlying=asked.underlying,
        asked=bool(asked),
    )


def _outside_ml(
    case: Case, liver_ml: float | None
) -> tuple[float | None, float | None]:
    """What is not perfused: all of it, and without tumors where they are known."""
    if case.measured or liver_ml is None:
        return case.untreated_ml, case.untreated_normal_ml
    perfused_ml = sum(one.volume_ml for one in case.held("perfused"))
    rest_ml = max(liver_ml - perfused_ml, 0.0)
    return rest_ml, rest_ml


def _normal_ml(case: Case, liver_ml: float | None) -> float | None:
    normal = case.held("normal_whole")
    if normal:
        return sum(one.volume_ml for one in normal)
    return liver_ml - case.tumors_ml if liver_ml and case.tumors_ml else None


def _source(case: Case, asked: RemnantAsked) -> str:
    if asked.volume_ml is not None:
        return "typed"
    if case.measured:
        return "the drawn liver less perfused volumes and tumors"
    return "the liver less perfused volumes; tumors in it are not known"


def _require_room(volume_ml: float, outside_ml: float | None, case: Case) -> None:
    """Refuse a remnant that would reach into what is treated."""
    slack = rail("typed_volume") if case.measured else _SAME
    if outside_ml is not None and volume_ml > outside_ml * (1 + slack):
        raise InputError(
            f"--remnant is {volume_ml:g} mL, but {outside_ml:.4g} mL of the liver are "
            "not perfused: check the volumes of remnant, liver and perfused liver"
        )
