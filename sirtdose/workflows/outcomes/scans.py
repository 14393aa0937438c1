"""Response from measured PETs: PERCIST and its variants, RECIST from contours."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path

from sirtdose.checks.pet_visits import non_target_findings
from sirtdose.data.load import table
from sirtdose.errors import InputError
from sirtdose.model.acceptance import Acceptance, Said
from sirtdose.model.finding import Finding
from sirtdose.model.names import named
from sirtdose.outcomes.percist import CHANGE_SUL
from sirtdose.outcomes.pet_variants import (
    Answer,
    MeasuredPet,
    Regions,
    Variant,
    answers,
)
from sirtdose.outcomes.response import CaseResponse
from sirtdose.workflows.outcomes.pet_visits import (
    PetVisit,
    measured_pets,
    read_visits,
    require_reference,
)
from sirtdose.workflows.outcomes.scans_diameters import diameter_answers


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
        By region and variant; of RECIST by where diameters are measured.
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
    measures = table("response_criteria")[request.criteria]["measures"]
    by_uptake = measures == "uptake"
    if by_uptake:
        require_reference(visits)
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
    if not any(pet.lesions for pet in pets):
        raise InputError("no scan has a lesion: give contours to `sirtdose suv`")
    regions = Regions(
        frozenset(_lesions_named(request.targeted, pets, "--targeted")),
    )
    if by_uptake:
        found = answers(pets, _variants(request), regions)
    else:
        nodes = _lesions_named(request.nodes, pets, "--node")
        found, grown = diameter_answers(
            pets,
            regions,
            criteria=request.criteria,
            nodes=nodes,
            targets_max=request.targets_max,
        )
        said.add(non_target_findings(grown))
    return ScansResponse(
        _case(label, pets, found[0]),
        tuple(found),
        tuple(visits),
        tuple(pets),
        said.findings,
        said.accepted,
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
        least_change=CHANGE_SUL,
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
