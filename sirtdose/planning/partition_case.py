"""The regions of a plan, whose doses are linear in the injected activities."""

from collections.abc import Sequence
from dataclasses import dataclass

ROLES = ("normal_perfused", "normal_whole", "perfused", "liver", "tumor")
# Regions that limits name one by one.
_NAMED = ("tumor", "organ")
LUNGS = ("lungs", "lungs_cumulative")


@dataclass(frozen=True)
class Region:
    """A part of the liver with one mean dose, and what each injection gives it.

    `of` names the injections whose goal it counts for; `uptakes` are the parts of
    what each injection brings that end here, `gy_per_gbq` the doses of 1 GBq of each,
    `prior_gy` what earlier treatments gave.
    """

    name: str
    role: str
    volume_ml: float
    mass_kg: float
    of: tuple[str, ...]
    uptakes: tuple[float, ...]
    gy_per_gbq: tuple[float, ...]
    prior_gy: float = 0.0

    def activity_gbq(self, activities: Sequence[float]) -> float:
        """What of the injected activities is here."""
        return sum(u * gbq for u, gbq in zip(self.uptakes, activities, strict=True))

    def doses_gy(self, activities: Sequence[float]) -> tuple[float, ...]:
        """Mean dose by each injection, this session."""
        pairs = zip(self.gy_per_gbq, activities, strict=True)
        return tuple(g * gbq for g, gbq in pairs)

    def dose_gy(self, activities: Sequence[float]) -> float:
        """Mean dose by all injections, this session."""
        return sum(self.doses_gy(activities))


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
    `tumors_ml` is what of the liver is tumor, where no region says it.
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

    def of_injection(self, name: str, *roles: str) -> list[Region]:
        """The regions of some roles that an injection's goal counts."""
        return [one for one in self.regions if name in one.of and one.role in roles]

    def held(self, volume: str) -> list[Region]:
        """The regions that a limit's volume stands for: a role, or a tumor's name."""
        return [
            one
            for one in self.regions
            if volume == one.role or (one.role in _NAMED and volume == one.name)
        ]

    def lines(self, volume: str) -> list[Line]:
        """The doses that a limit of this volume holds for; none where not known."""
        if volume in LUNGS:
            if not self.shunt_known:
                return []
            k_by_mass = self.dose_constant_gy_kg_per_gbq / self.lung_mass_kg
            slopes = tuple(k_by_mass * part for part in self.lung_shunt_fractions)
            prior = self.prior_lung_gy if volume == "lungs_cumulative" else 0.0
            return [Line(volume, prior, slopes)]
        return [
            Line(one.name, one.prior_gy, one.gy_per_gbq) for one in self.held(volume)
        ]

    @property
    def volumes(self) -> list[str]:
        """Every name that a limit can hold for here."""
        known = [role for role in ROLES if self.held(role)]
        named = [one.name for one in self.regions if one.role in _NAMED]
        return [*known, *LUNGS, *named]
