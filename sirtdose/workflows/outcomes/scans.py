"""Response from measured PETs: PERCIST and its variants, RECIST from contours."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import cast

from sirtdose.data.load import table
from sirtdose.errors import InputError
from sirtdose.model.acceptance import Acceptance, Said
from sirtdose.model.finding import Finding
from sirtdose.model.names import named
from sirtdose.outcomes.pet_variants import (
    Answer,
    MeasuredPet,
    PetLesion,
    Regions,
    Variant,
    answers,
)
from sirtdose.outcomes.recist import (
    Criteria,
    Lesion,
    Scan,
    assess_scans,
    best_overall,
    least_mm,
)
from sirtdose.outcomes.response import Best, CaseResponse
from sirtdose.workflows.outcomes.pet_visits import (
    PetVisit,
    measured_pets,
    read_visits,
)

_PER_ORGAN_MAX = 2


@dataclass(frozen=True)
class ScansRequest:
    """PETs of one patient, and what a person says of their lesions.

    Parameters
    ----------
    folders : tuple of Path
        The --out folders of `sirtdose suv`, the baseline first.
    criteria : str
        A key of ``data/response_criteria.json``.
    lesions_max, targets_max : int, optional
        Of PERCIST and of RECIST; those of the criteria where not given.
    targeted : tuple of str
        Lesions that were treated, apart from the others.
    nodes : tuple of str
        Lymph nodes, measured by their short axis.
    match : tuple of (str, str)
    new, gone : tuple of str
    organs : mapping of str to str
    """

    folders: tuple[Path, ...]
    criteria: str
    lesions_max: int | None = None
    targets_max: int | None = None
    targeted: tuple[str, ...] = ()
    nodes: tuple[str, ...] = ()
    match: tuple[tuple[str, str], ...] = ()
    new: tuple[str, ...] = ()
    gone: tuple[str, ...] = ()
    organs: Mapping[str, str] = field(default_factory=dict)
    case_label: str | None = None
    acceptances: tuple[Acceptance, ...] = ()


@dataclass(frozen=True)
class ScansResponse:
    """The response of one patient, and what else the same PETs would answer.

    Parameters
    ----------
    case : CaseResponse
        By the criteria that were asked for, of the whole patient.
    answers : tuple of Answer
        By region and variant; of RECIST none.
    visits : tuple of PetVisit
    pets : tuple of MeasuredPet
    """

    case: CaseResponse
    answers: tuple[Answer, ...]
    visits: tuple[PetVisit, ...]
    pets: tuple[MeasuredPet, ...]
    findings: tuple[Finding, ...]
    accepted: tuple[Acceptance, ...]


def response_of_scans(request: ScansRequest) -> ScansResponse:
    """Judge the response of one patient from its measured PETs.

    Raises
    ------
    InputError
        Scans that cannot be read or compared; SafetyStop where a check asks.
    """
    said = Said(request.acceptances)
    visits = read_visits(request.folders)
    pets = said.take(
        measured_pets(
            visits,
            match=request.match,
            new=request.new,
            gone=request.gone,
            organs=request.organs,
        )
    )
    said.gate()
    label = _case_label(request, visits)
    if table("response_criteria")[request.criteria]["measures"] == "diameters":
        case, found = _by_diameters(request, pets, label), []
    else:
        variants = _variants(request)
        targeted = _lesions_named(request.targeted, pets, "--targeted")
        found = answers(pets, variants, Regions(frozenset(targeted)))
        case = _case(label, pets, found[0])
    return ScansResponse(
        case, tuple(found), tuple(visits), tuple(pets), said.findings, said.accepted
    )


def _case_label(request: ScansRequest, visits: Sequence[PetVisit]) -> str:
    label = request.case_label or next(
        (one.document["case_id"] for one in visits if one.document["case_id"]), ""
    )
    if not label:
        raise InputError(
            "give --case-label: it is the case_id of best.csv, by which `sirtdose "
            "cohort` tells patients apart"
        )
    return label


def _variants(request: ScansRequest) -> list[Variant]:
    """The variant of the criteria first, then the others."""
    every = {
        key: Variant.of(key, rule) for key, rule in table("uptake")["variants"].items()
    }
    if request.criteria == "percist":
        return list(every.values())
    most = request.lesions_max
    if most is None:
        raise InputError(
            "mpercist needs --lesions-max: studies differ in the number of lesions "
            "that are summed"
        )
    own = Variant(
        "mpercist",
        f"modified PERCIST: sum of up to {most}",
        "anywhere",
        most,
        most,
        by_liver=False,
        least_change=0.8,
        source=table("response_criteria")["mpercist"]["source"],
        verified=False,
    )
    return [own, *every.values()]


def _case(label: str, pets: Sequence[MeasuredPet], answer: Answer) -> CaseResponse:
    return CaseResponse(
        case_id=label,
        baseline_day=pets[0].day,
        baseline=answer.baseline,
        lesions=answer.lesions,
        timepoints=answer.timepoints,
        best=answer.best,
        unmeasurable=answer.unmeasurable,
    )


def _lesions_named(
    typed: Sequence[str], pets: Sequence[MeasuredPet], option: str
) -> list[str]:
    known = [one.name for one in pets[0].lesions]
    return [
        named(text, known, f"{option} '{text}' names no lesion of the baseline")
        for text in typed
    ]


def _by_diameters(
    request: ScansRequest, pets: Sequence[MeasuredPet], label: str
) -> CaseResponse:
    """RECIST from contours: longest diameters, and short axes of nodes."""
    rules = table("response_criteria")[request.criteria]
    kind = cast("Criteria", rules["name"])
    most = request.targets_max or rules["targets_max"]
    nodes = _lesions_named(request.nodes, pets, "--node")
    targets = _targets(pets[0].lesions, nodes, most)
    scans = [_scan(pet, targets, pets[0]) for pet in pets[1:]]
    reason = "" if targets else "no lesion is large enough at baseline to be a target"
    points = (
        [] if reason else assess_scans(targets, scans, criteria=kind, targets_max=most)
    )
    return CaseResponse(
        case_id=label,
        baseline_day=pets[0].day,
        baseline=sum(one.baseline_mm for one in targets) if targets else None,
        lesions=tuple(one.name for one in targets),
        timepoints=tuple(points),
        best=Best("NE", reason) if reason else best_overall(points),
        unmeasurable=reason,
    )


def _targets(
    lesions: Sequence[PetLesion], nodes: Sequence[str], most: int
) -> list[Lesion]:
    """The largest lesions that can be targets, at most two of an organ."""
    found: list[Lesion] = []
    sized = [(one, _size_mm(one, nodes) or 0.0) for one in lesions]
    for one, mm in sorted(sized, key=lambda pair: -pair[1]):
        lesion = Lesion(one.name, one.organ, mm, node=one.name in nodes)
        of_organ = [other for other in found if other.organ == one.organ]
        if (
            len(found) < most
            and len(of_organ) < _PER_ORGAN_MAX
            and mm >= least_mm(lesion)
        ):
            found.append(lesion)
    return found


def _size_mm(lesion: PetLesion, nodes: Sequence[str]) -> float | None:
    return lesion.short_mm if lesion.name in nodes else lesion.size_mm


def _scan(pet: MeasuredPet, targets: Sequence[Lesion], first: MeasuredPet) -> Scan:
    names = {one.name for one in targets}
    nodes = [one.name for one in targets if one.node]
    others = [one for one in first.lesions if one.name not in names]
    here = {one.name: one for one in pet.lesions}
    left = [one for one in others if (here[one.name].size_mm or 0) > 0]
    return Scan(
        pet.day,
        {name: _size_mm(here[name], nodes) for name in names},
        non_targets="none" if not others else "present" if left else "absent",
        new_lesions=any(one.new and (one.size_mm or 0) > 0 for one in pet.lesions),
    )
