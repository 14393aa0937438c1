"""The regions of a plan, whose doses are linear in the injected activities."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace

from sirtdose.model.bounds import require_not_negative
from sirtdose.model.treatment import ALL_COUNTS

ROLES = ("normal_perfused", "normal_whole", "perfused", "liver", "tumor")
# Regions that limits name one by one.
_NAMED = ("tumor", "organ", "vessel")
ALL_LUNGS = "lungs_cumulative"
LUNGS = ("lungs", ALL_LUNGS)
# Volumes that belong to the patient, whatever is injected where.
WHOLE = ("liver", "normal_whole")
# Two readings of an image that agree to this are one.
_SAME_DOSE = 1e-3
# Of a region that belongs to no injection, the parts that injections perfuse.
_PARTS = {"normal_whole": "normal_perfused", "liver": "perfused"}


@dataclass(frozen=True)
class Region:
    """A part of the liver with one mean dose, and what each injection gives it.

    `of` names the injections whose goal it counts for; `uptakes` are the parts of
    what each injection brings that end here, `gy_per_gbq` the doses of 1 GBq of each,
    `prior_gy` what earlier treatments gave. `all_counts` is the same by all counts of
    an image, with those that lie outside of all that is perfused, at the same scale.
    `drawn` is the structure's own name, where that is another.
    """

    name: str
    role: str
    volume_ml: float
    mass_kg: float
    of: tuple[str, ...]
    uptakes: tuple[float, ...]
    gy_per_gbq: tuple[float, ...]
    prior_gy: float = 0.0
    all_counts: "Region | None" = None
    drawn: str = ""

    @property
    def readings(self) -> "tuple[Region, ...]":
        """By what is injected and, where that is another dose, by all counts."""
        return (self,) if self.all_counts is None else (self, self.all_counts)

    def activity_gbq(self, activities: Sequence[float]) -> float:
        """What of the injected activities is here."""
        return sum(u * gbq for u, gbq in zip(self.uptakes, activities, strict=True))

    def doses_gy(self, activities: Sequence[float]) -> tuple[float, ...]:
        """Mean dose by each injection, this session."""
        return tuple(
            slope * gbq for slope, gbq in zip(self.gy_per_gbq, activities, strict=True)
        )

    def dose_gy(self, activities: Sequence[float]) -> float:
        """Mean dose by all injections, this session."""
        return sum(self.doses_gy(activities))


def with_all_counts(
    region: Region, uptakes: Sequence[float], gy_per_gbq: Sequence[float]
) -> Region:
    """The same region, with its dose by all counts where that is another one.

    >>> own = Region("w", "liver", 1500.0, 1.6, (), (1.0,), (31.0,))
    >>> [one.name for one in with_all_counts(own, [1.2], [37.0]).readings]
    ['w', 'w, all counts of the map']
    >>> with_all_counts(own, [1.0001], [31.003]).all_counts is None
    True
    """
    most = max(map(abs, (*gy_per_gbq, *region.gy_per_gbq)))
    pairs = zip(gy_per_gbq, region.gy_per_gbq, strict=True)
    if all(abs(each - own) <= _SAME_DOSE * most for each, own in pairs):
        return region
    return replace(
        region,
        all_counts=replace(
            region,
            name=f"{region.name}, {ALL_COUNTS}",
            uptakes=tuple(uptakes),
            gy_per_gbq=tuple(gy_per_gbq),
        ),
    )


@dataclass(frozen=True)
class Line:
    """A dose that a limit can hold for: what earlier treatments gave, and a slope."""

    name: str
    prior_gy: float
    gy_per_gbq: tuple[float, ...]

    def value_gy(self, activities: Sequence[float]) -> float:
        """The dose with earlier treatments.

        >>> Line("normal", 10.0, (20.0, 5.0)).value_gy([2.0, 1.0])
        55.0
        """
        return self.prior_gy + sum(
            slope * gbq for slope, gbq in zip(self.gy_per_gbq, activities, strict=True)
        )


@dataclass(frozen=True)
class Case:
    """Regions and lungs, what injections do to them, and what was given before.

    `measured` says that uptakes are counts in an image, not T/N that were typed;
    `tumors_ml` is what of the liver is tumor, where no region says it. `untreated_ml`
    is what was drawn of the liver outside of all that is perfused, and
    `untreated_normal_ml` the same without tumors. `scout_gbq` is what a
    scout of the same microspheres left of each injection, whose dose is among the prior
    ones.
    """

    injections: tuple[str, ...]
    lung_shunt_fractions: tuple[float, ...]
    regions: tuple[Region, ...]
    dose_constant_gy_kg_per_gbq: float
    lung_mass_kg: float
    prior_lung_gy: float
    shunt_known: bool
    measured: bool = False
    tumors_ml: float = 0.0
    untreated_ml: float | None = None
    untreated_normal_ml: float | None = None
    scout_gbq: tuple[float, ...] = ()

    def of_injection(self, name: str, *roles: str) -> list[Region]:
        """The regions of some roles that an injection's goal counts."""
        return [one for one in self.regions if name in one.of and one.role in roles]

    def held(self, volume: str, injection: str = "") -> list[Region]:
        """The regions that a limit's volume stands for: a role, or a region's name.

        Of one injection they are those that it perfuses.
        """
        return [
            one
            for one in self.regions
            if volume in (one.role, one.name) and (not injection or injection in one.of)
        ]

    def lines(self, volume: str, injection: str = "") -> list[Line]:
        """The doses that a limit of this volume holds for; none where not known."""
        if volume in LUNGS:
            if not self.shunt_known:
                return []
            k_by_mass = self.dose_constant_gy_kg_per_gbq / self.lung_mass_kg
            slopes = tuple(k_by_mass * part for part in self.lung_shunt_fractions)
            prior = self.prior_lung_gy if volume == "lungs_cumulative" else 0.0
            return [Line(volume, prior, slopes)]
        return [line for lines in self.readings(volume, injection) for line in lines]

    def deciding_lines(
        self,
        volume: str,
        sense: str,
        activities: Sequence[float],
        injection: str = "",
    ) -> list[Line]:
        """The same with one reading of each region: the greater for at most.

        For at least it is the lesser; for a range there are both.
        """
        pick = {"at_most": max, "at_least": min}.get(sense)
        if volume in LUNGS or pick is None:
            return self.lines(volume, injection)
        return [
            pick(lines, key=lambda line: line.value_gy(activities))
            for lines in self.readings(volume, injection)
        ]

    def readings(self, volume: str, injection: str = "") -> list[list[Line]]:
        """The same by the part of the body, each with all its readings."""
        if volume in LUNGS:
            return [[line] for line in self.lines(volume)]
        return [
            [Line(own.name, own.prior_gy, own.gy_per_gbq) for own in one.readings]
            for one in self.held(volume, injection)
        ]

    @property
    def drawn(self) -> dict[str, str]:
        """What regions were drawn as, by their names, where those are others."""
        return {
            own.name: own.drawn
            for one in self.regions
            for own in one.readings
            if own.drawn
        }

    @property
    def volumes(self) -> list[str]:
        """Every name that a limit can hold for here."""
        return [
            *(role for role in ROLES if self.held(role)),
            *LUNGS,
            *(one.name for one in self.regions if one.role in _NAMED),
        ]


def with_prior(
    regions: Sequence[Region], own_gy: Mapping[str, float | None], liver_gy: float
) -> list[Region]:
    """The same regions with what earlier treatments gave them.

    Parameters
    ----------
    regions : sequence of Region
    own_gy : mapping
        By injection, what its perfused volume had; None where it had `liver_gy`.
    liver_gy : float, >= 0
        What all of the liver had. Tumors are not held to have had any.

    Raises
    ------
    RangeError
        A dose below 0.

    Examples
    --------
    40 Gy to 0.8 of 1.6 kg of normal liver are 20 Gy to all of it.

    >>> part = Region("p", "normal_perfused", 762, 0.8, ("right",), (1.0,), (50.0,))
    >>> whole = Region("w", "normal_whole", 1524, 1.6, (), (1.0,), (25.0,))
    >>> [one.prior_gy for one in with_prior([part, whole], {"right": 40.0}, 0.0)]
    [40.0, 20.0]
    """
    require_not_negative(prior_liver_dose_gy=liver_gy)
    more = {name: gy - liver_gy for name, gy in own_gy.items() if gy is not None}
    for name, gy in own_gy.items():
        require_not_negative(**{f"prior dose of {name}": gy or 0.0})
    return [
        replace(
            one,
            prior_gy=prior_gy,
            all_counts=one.all_counts and replace(one.all_counts, prior_gy=prior_gy),
        )
        for one in regions
        for prior_gy in [_prior(one, regions, more, liver_gy)]
    ]


def _prior(
    region: Region,
    regions: Sequence[Region],
    more: Mapping[str, float],
    liver_gy: float,
) -> float:
    if region.role in _PARTS.values():
        return liver_gy + more.get(region.of[0], 0.0)
    if region.role not in _PARTS or not region.mass_kg > 0:
        return 0.0
    shared = sum(
        more.get(part.of[0], 0.0) * part.mass_kg
        for part in regions
        if part.role == _PARTS[region.role]
    )
    return liver_gy + shared / region.mass_kg
