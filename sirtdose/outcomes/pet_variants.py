"""PERCIST and its variants over the same PETs, by region: what each would answer."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import date
from typing import Any

from sirtdose.outcomes.percist import (
    PetScan,
    assess_pets,
    best_metabolic,
    unmeasurable,
)
from sirtdose.outcomes.response import Best, TimePoint

WHOLE, HEPATIC, TARGETED = "whole", "hepatic", "targeted"
UNTARGETED, EXTRAHEPATIC = "hepatic, not targeted", "extrahepatic"


@dataclass(frozen=True)
class PetLesion:
    """A lesion at one PET.

    Parameters
    ----------
    name : str
        The same at every PET.
    organ : str
        ``liver``, or another.
    peaks : mapping of str to float
        SUL by definition: anywhere, at_maximum, between, max; g/mL. All 0 where it is
        not seen any more.
    size_mm, short_mm : float, optional
        Longest diameter, and short axis, between outer corners of voxels.
    size_centers_mm, short_centers_mm : float, optional
        The same between their centers.
    glycolysis : float
        SUL times volume, by the threshold of the table.
    new : bool
        Not there at baseline.
    """

    name: str
    organ: str
    peaks: Mapping[str, float]
    size_mm: float | None = None
    short_mm: float | None = None
    glycolysis: float = 0.0
    new: bool = False
    size_centers_mm: float | None = None
    short_centers_mm: float | None = None


@dataclass(frozen=True)
class MeasuredPet:
    """One PET with all its lesions, and the normal liver in SUL.

    `unmeasured` says why it cannot be compared. A diseased liver is replaced by another
    `tissue`, with `least`, the SULpeak that can be followed by it, and its rule.
    """

    day: date
    lesions: tuple[PetLesion, ...]
    liver_mean: float
    liver_sd: float
    unmeasured: str = ""
    tissue: str = "normal liver"
    least: float | None = None
    least_rule: str = ""


@dataclass(frozen=True)
class Variant:
    """How uptake is summed and judged.

    Parameters
    ----------
    key, name, source : str
    peak : str
        Which definition of a lesion's uptake.
    lesions_max, per_organ_max : int
        The hottest that are summed.
    by_liver : bool
        Whether uptake is divided by that of normal liver.
    least_change : float
        Below it a change of 30 % is none, SUL.
    verified : bool
    """

    key: str
    name: str
    peak: str
    lesions_max: int
    per_organ_max: int
    by_liver: bool
    least_change: float
    source: str
    verified: bool

    @classmethod
    def of(cls, key: str, rule: Mapping[str, Any]) -> "Variant":
        """One of ``data/uptake.json``."""
        return cls(key, **rule)


@dataclass(frozen=True)
class Answer:
    """The response of one region by one variant."""

    region: str
    variant: Variant
    baseline: float | None
    lesions: tuple[str, ...]
    timepoints: tuple[TimePoint, ...]
    best: Best
    unmeasurable: str = ""


@dataclass(frozen=True)
class Regions:
    """Which lesions each region has; of those named as targeted, and of the liver."""

    targeted: frozenset[str] = field(default_factory=frozenset)

    def names(self) -> tuple[str, ...]:
        """The regions, the whole patient first."""
        more = (TARGETED, UNTARGETED) if self.targeted else ()
        return (WHOLE, HEPATIC, *more, EXTRAHEPATIC)

    def holds(self, region: str, lesion: PetLesion) -> bool:
        """Whether a lesion is of a region.

        Examples
        --------
        >>> regions = Regions(frozenset({"T1"}))
        >>> lesion = PetLesion("T2", "liver", {})
        >>> [one for one in regions.names() if regions.holds(one, lesion)]
        ['whole', 'hepatic', 'hepatic, not targeted']
        """
        hepatic, own = lesion.organ == "liver", lesion.name in self.targeted
        return {
            WHOLE: True,
            HEPATIC: hepatic,
            TARGETED: own,
            UNTARGETED: hepatic and not own,
            EXTRAHEPATIC: not hepatic,
        }[region]


def answers(
    pets: Sequence[MeasuredPet], variants: Sequence[Variant], regions: Regions
) -> list[Answer]:
    """What each variant answers of each region that has a lesion at baseline or later.

    Parameters
    ----------
    pets : sequence of MeasuredPet
        Baseline first, in order of their days.
    variants : sequence of Variant
    regions : Regions

    Examples
    --------
    One lesion falls from 9 to 6.2: by a third by its hottest sphere, by less around its
    maximum.

    >>> before = PetLesion("T1", "liver", {"anywhere": 9.0, "at_maximum": 8.0})
    >>> after = PetLesion("T1", "liver", {"anywhere": 6.2, "at_maximum": 5.7})
    >>> pets = [MeasuredPet(date(2026, 3, 1), (before,), 2.0, 0.2),
    ...         MeasuredPet(date(2026, 5, 1), (after,), 2.0, 0.2)]
    >>> two = [Variant(one, one, one, 1, 1, False, 0.8, "", True)
    ...        for one in ("anywhere", "at_maximum")]
    >>> [one.best.response for one in answers(pets, two, Regions())
    ...  if one.region == "whole"]
    ['PMR', 'SMD']
    """
    found = []
    if any(pet.tissue != "normal liver" for pet in pets):
        # Over another tissue than normal liver it would be another variant.
        variants = [one for one in variants if not one.by_liver]
    for region in regions.names():
        own = [within(pet, region, regions) for pet in pets]
        if any(pet.lesions for pet in own):
            found += [_answer(own, region, variant) for variant in variants]
    return found


def within(pet: MeasuredPet, region: str, regions: Regions) -> MeasuredPet:
    """The same PET with the lesions of a region."""
    lesions = tuple(one for one in pet.lesions if regions.holds(region, one))
    return replace(pet, lesions=lesions)


def _answer(pets: Sequence[MeasuredPet], region: str, variant: Variant) -> Answer:
    scans = [pet_scan(pet, variant) for pet in pets]
    first, most = scans[0], variant.lesions_max
    reason = unmeasurable(first) if first.sul else "no lesion there at baseline"
    points: list[TimePoint] = []
    best = Best("NE", reason)
    if not reason:
        points = assess_pets(scans, lesions_max=most, least_change=variant.least_change)
        best = best_metabolic(points)
    return Answer(
        region,
        variant,
        sum(first.sul[:most]) if first.sul else None,
        tuple(one.name for one in pets[0].lesions),
        tuple(points),
        best,
        reason,
    )


def pet_scan(pet: MeasuredPet, variant: Variant) -> PetScan:
    """One PET as a variant sees it: the hottest lesions, at most so many of an organ.

    Examples
    --------
    >>> lesions = tuple(PetLesion(f"T{n}", "liver", {"anywhere": v})
    ...                 for n, v in enumerate((4.0, 9.0, 6.0)))
    >>> pet = MeasuredPet(date(2026, 3, 1), lesions, 2.0, 0.2)
    >>> five = Variant("five", "", "anywhere", 5, 2, False, 0.8, "", True)
    >>> pet_scan(pet, five).sul
    (9.0, 6.0)
    """
    scale = pet.liver_mean if variant.by_liver and pet.liver_mean else 1.0
    values = {one.name: one.peaks[variant.peak] / scale for one in pet.lesions}
    hottest = sorted(pet.lesions, key=lambda one: -values[one.name])
    taken: list[float] = []
    organs: list[str] = []
    for one in hottest:
        if organs.count(one.organ) < variant.per_organ_max:
            organs.append(one.organ)
            taken.append(values[one.name])
    hottest_first = hottest[:5]
    found = PetScan(
        day=pet.day,
        sul=tuple(taken),
        liver_mean=pet.liver_mean / scale,
        liver_sd=pet.liver_sd / scale,
        tlg=sum(one.glycolysis for one in hottest_first),
        new_lesion=any(one.new and values[one.name] > 0 for one in pet.lesions),
        by_lesion={one.name: values[one.name] for one in pet.lesions},
        sizes_mm={
            one.name: one.size_mm for one in pet.lesions if one.size_mm is not None
        },
        unmeasured=pet.unmeasured,
        tissue=pet.tissue,
    )
    if pet.least is None:
        return found
    return replace(found, least=pet.least / scale, least_rule=pet.least_rule)
