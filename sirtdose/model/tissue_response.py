"""How a tissue answers to dose: the parameters of its radiobiology."""

from dataclasses import dataclass, fields

from sirtdose.data.load import table
from sirtdose.model.role import Role

# Not liver and perfused volume: they hold tumors too.
_OF_LIVER = (Role.NORMAL_GIVEN, Role.NORMAL_WHOLE, Role.NORMAL_PERFUSED)


@dataclass(frozen=True)
class TissueResponse:
    """Parameters of the linear-quadratic model and of equivalent uniform doses.

    Parameters
    ----------
    alpha_beta_gy : float
        Dose at which linear and quadratic damage are equal.
    repair_half_time_h : float
        Of sublethal damage.
    alpha_per_gy : float or None
        Of cell survival; None where none is known, and then no EUD by it is given.
    geud_a : float
        Exponent of the generalized EUD: below 0 for tumors, 1 and more for organs.
    source : str
    verified : bool

    Examples
    --------
    >>> TissueResponse.named("tumor").alpha_beta_gy
    10.0
    """

    name: str
    alpha_beta_gy: float
    repair_half_time_h: float
    alpha_per_gy: float | None
    geud_a: float
    source: str
    verified: bool

    @classmethod
    def named(cls, name: str) -> "TissueResponse":
        """One of the table's."""
        return cls(name, **table("radiobiology")[name])

    @classmethod
    def keys(cls) -> tuple[str, ...]:
        """What a file may say of a tissue."""
        return tuple(
            one.name for one in fields(cls) if one.name not in ("name", "verified")
        )


def default_tissues() -> dict[str, TissueResponse]:
    """The table's tissues by name."""
    return {name: TissueResponse.named(name) for name in table("radiobiology")}


def tissue_of(role: Role) -> str | None:
    """Which tissue's parameters hold for a structure; None where none are known.

    >>> tissue_of(Role.NORMAL_WHOLE), tissue_of(Role.LUNGS)
    ('normal liver', None)
    """
    if role is Role.TUMOR:
        return "tumor"
    return "normal liver" if role in _OF_LIVER else None
