"""RECIST and mRECIST from contours on PETs: by region, of both kinds of diameter."""

from collections.abc import Collection, Sequence
from dataclasses import replace
from typing import cast

from sirtdose.data.load import table
from sirtdose.outcomes.pet_variants import (
    Answer,
    MeasuredPet,
    PetLesion,
    Regions,
    Variant,
    within,
)
from sirtdose.outcomes.recist import (
    NODE_GONE_MM,
    PROGRESS,
    PROGRESS_MM,
    Criteria,
    Lesion,
    Scan,
    assess_scans,
    best_overall,
    least_mm,
)
from sirtdose.outcomes.response import Best

CORNERS, CENTERS = "outer corners", "voxel centers"


def diameter_answers(
    pets: Sequence[MeasuredPet],
    regions: Regions,
    *,
    criteria: str,
    nodes: Collection[str],
    targets_max: int | None,
) -> tuple[list[Answer], list[tuple[str, float, float]]]:
    """What RECIST answers of each region, and non-targets of the whole that grew.

    Diameters are between outer corners first, then between centers of voxels.

    Parameters
    ----------
    pets : sequence of MeasuredPet
        Baseline first, in order of their days.
    regions : Regions
    criteria : str
        A key of ``data/response_criteria.json``.
    nodes : collection of str
        Lymph nodes, measured by their short axis.
    targets_max : int, optional
        That of the criteria where not given.
    """
    rules = table("response_criteria")[criteria]
    most = targets_max or rules["targets_max"]
    found = []
    for region in regions.names():
        own = [within(pet, region, regions) for pet in pets]
        if any(pet.lesions for pet in own):
            found += [
                _answer(
                    own,
                    region,
                    Variant(
                        key,
                        f"{rules['name']} between {key}",
                        key,
                        most,
                        rules["targets_per_organ_max"],
                        by_liver=False,
                        least_change=0.0,
                        source=rules["source"],
                        verified=rules["verified"],
                    ),
                    (cast("Criteria", rules["name"]), nodes),
                )
                for key in (CORNERS, CENTERS)
            ]
    return found, _grown(pets, found[0].lesions, nodes)


def _answer(
    pets: Sequence[MeasuredPet],
    region: str,
    variant: Variant,
    by: tuple[Criteria, Collection[str]],
) -> Answer:
    criteria, nodes = by
    if variant.key == CENTERS:
        pets = [
            replace(pet, lesions=tuple(map(_between_centers, pet.lesions)))
            for pet in pets
        ]
    targets = _targets(pets[0].lesions, nodes, variant)
    scans = [_scan(pet, targets, pets[0], nodes) for pet in pets[1:]]
    reason = "" if targets else "no lesion is large enough at baseline to be a target"
    points = (
        []
        if reason
        else assess_scans(
            targets, scans, criteria=criteria, targets_max=variant.lesions_max
        )
    )
    return Answer(
        region,
        variant,
        sum(one.baseline_mm for one in targets) if targets else None,
        tuple(one.name for one in targets),
        tuple(points),
        Best("NE", reason) if reason else best_overall(points),
        reason,
    )


def _between_centers(lesion: PetLesion) -> PetLesion:
    return replace(
        lesion, size_mm=lesion.size_centers_mm, short_mm=lesion.short_centers_mm
    )


def _targets(
    lesions: Sequence[PetLesion], nodes: Collection[str], variant: Variant
) -> list[Lesion]:
    """The largest lesions that can be targets, at most so many of an organ."""
    found: list[Lesion] = []
    sized = [(one, _size_mm(one, nodes)) for one in lesions]
    for one, mm in sorted(sized, key=lambda pair: -pair[1]):
        lesion = Lesion(one.name, one.organ, mm, node=one.name in nodes)
        of_organ = [other for other in found if other.organ == one.organ]
        if (
            len(found) < variant.lesions_max
            and len(of_organ) < variant.per_organ_max
            and mm >= least_mm(lesion)
        ):
            found.append(lesion)
    return found


def _size_mm(lesion: PetLesion, nodes: Collection[str]) -> float:
    return (lesion.short_mm if lesion.name in nodes else lesion.size_mm) or 0.0


def _is_left(lesion: PetLesion, nodes: Collection[str]) -> bool:
    """Whether it is there; a node under 10 mm is a normal one."""
    mm = _size_mm(lesion, nodes)
    return mm >= NODE_GONE_MM if lesion.name in nodes else mm > 0


def _scan(
    pet: MeasuredPet,
    targets: Sequence[Lesion],
    first: MeasuredPet,
    nodes: Collection[str],
) -> Scan:
    names = {one.name for one in targets}
    here = {one.name: one for one in pet.lesions}
    others = _non_targets(first, names, nodes)
    left = [one for one in others if _is_left(here[one.name], nodes)]
    return Scan(
        pet.day,
        {name: _size_mm(here[name], nodes) for name in names},
        non_targets="none" if not others else "present" if left else "absent",
        new_lesions=any(one.new and (one.size_mm or 0) > 0 for one in pet.lesions),
    )


def _non_targets(
    first: MeasuredPet, targets: Collection[str], nodes: Collection[str]
) -> list[PetLesion]:
    return [
        one for one in first.lesions if one.name not in targets and _is_left(one, nodes)
    ]


def _grown(
    pets: Sequence[MeasuredPet], targets: Collection[str], nodes: Collection[str]
) -> list[tuple[str, float, float]]:
    """Non-targets that grew as much as targets may not; before and largest, mm."""
    found = []
    for one in _non_targets(pets[0], targets, nodes):
        before = _size_mm(one, nodes)
        after = max(
            _size_mm(other, nodes)
            for pet in pets
            for other in pet.lesions
            if other.name == one.name
        )
        # What RECIST asks of an increase, here of a non-target that is said.
        if after >= PROGRESS * before and after - before >= PROGRESS_MM:
            found.append((one.name, before, after))
    return found
