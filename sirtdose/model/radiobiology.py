"""What dose does to tissue: its parameters, models fitted on it, and whom they fit."""

from collections.abc import Mapping
from dataclasses import dataclass, fields

from sirtdose.data.load import table
from sirtdose.model.activity_scale import Scale
from sirtdose.model.role import Role

# The parameters of each form.
FORMS = {
    "logistic": ("d50_gy", "gamma50"),
    "logit": ("b0", "b1_per_gy"),
    "lyman": ("d50_gy", "m"),
}
# What a study and a case are compared by.
CONDITIONS = ("nuclide", "device", "disease", "imaging", "method")
# Not liver and perfused volume: they hold tumors too.
_OF_LIVER = (Role.NORMAL_GIVEN, Role.NORMAL_WHOLE, Role.NORMAL_PERFUSED)


@dataclass(frozen=True)
class ResponseModel:
    """A named model with its parameters and what it was fitted on.

    Parameters
    ----------
    kind : {"tcp", "ntcp"}
    name : str
    form : {"logistic", "logit", "lyman"}
    metric : str
        Which dose of the structure it takes: the key of a `Metric` in Gy.
    parameters : mapping of str to float
        Those of its form, see `FORMS`.
    roles : tuple of Role
        Structures it holds for.
    conditions : mapping of str to str
        ``nuclide``, ``device``, ``disease``, ``imaging`` and ``method`` it was fitted
        on, as far as stated.
    source, endpoint : str
    scale : {"declared", "absolute", "unknown"}
        Of the doses it was fitted to.
    """

    kind: str
    name: str
    form: str
    metric: str
    parameters: Mapping[str, float]
    roles: tuple[Role, ...]
    conditions: Mapping[str, str]
    source: str
    endpoint: str = ""
    scale: Scale = "unknown"


@dataclass(frozen=True)
class Match:
    """What differs between a study and a case, and what one of them leaves open."""

    differs: tuple[str, ...]
    unstated: tuple[str, ...]

    @property
    def holds(self) -> bool:
        """Whether nothing that both state differs."""
        return not self.differs


def match(study: Mapping[str, str | None], case: Mapping[str, str | None]) -> Match:
    """Compare a study's conditions with a case's.

    Examples
    --------
    >>> found = match({"device": "glass", "imaging": "MAA"},
    ...               {"device": "glass", "imaging": "PET"})
    >>> found.differs, found.unstated
    (('imaging: MAA, but here PET',), ('nuclide', 'disease', 'method'))
    """
    pairs = {key: (study.get(key), case.get(key)) for key in CONDITIONS}
    stated = {key: pair for key, pair in pairs.items() if None not in pair}
    return Match(
        differs=tuple(
            f"{key}: {theirs}, but here {ours}"
            for key, (theirs, ours) in stated.items()
            if theirs != ours
        ),
        unstated=tuple(key for key in pairs if key not in stated),
    )


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
    if role in (Role.TUMOR, Role.ALL_TUMORS):
        return "tumor"
    return "normal liver" if role in _OF_LIVER else None
