"""What the PETs of a patient answer: by region, and by each variant of PERCIST."""

from collections.abc import Mapping, Sequence
from dataclasses import replace
from typing import Any

from sirtdose.data.load import table as data_table
from sirtdose.outcomes.pet_variants import Answer
from sirtdose.report.documents import said_document
from sirtdose.report.outcomes.response import response_document, response_screen
from sirtdose.report.screen import Screen
from sirtdose.report.tables import rows_csv
from sirtdose.report.wording import significant, table

VARIANT_COLUMNS = (
    *("case_id", "region", "variant", "date", "response", "sum", "baseline"),
    *("change_from_baseline", "best_response", "rule"),
)


def scans_document(found: Any, *, criteria: str, settings: dict[str, Any]) -> Any:
    """What response.json holds of measured PETs.

    Parameters
    ----------
    found : ScansResponse
        Of :mod:`sirtdose.workflows.outcomes.scans`.
    criteria : str
    settings : dict
    """
    document = response_document([found.case], criteria=criteria, settings=settings)
    primary = data_table("uptake")["peak"]
    of_uptake = data_table("response_criteria")[criteria]["measures"] == "uptake"
    document["scans"] = {
        "visits": [
            {
                "label": visit.label,
                "folder": visit.folder,
                "sha256": visit.sha256,
                "date": visit.day.isoformat(),
                # 0 where it has no liver, which RECIST does not need.
                "reference": pet.tissue if pet.liver_mean else None,
                "reference_sul_mean": pet.liver_mean or None,
                "reference_sul_sd": pet.liver_sd if pet.liver_mean else None,
                "uptake_time_min": visit.document["scan"]["uptake_time_min"],
                "lesions": [
                    {
                        "name": one.name,
                        "organ": one.organ,
                        "new": one.new,
                        "sul_peak": one.peaks[primary["primary"]],
                        "longest_mm": one.size_mm,
                        "short_axis_mm": one.short_mm,
                    }
                    for one in pet.lesions
                ],
            }
            for visit, pet in zip(found.visits, found.pets, strict=True)
        ],
        "peak": dict(primary) if of_uptake else None,
        "diameters": None
        if of_uptake
        else "longest in the image's plane, of nodes the short axis across it; between "
        "outer corners of voxels, and between their centers apart",
        "answers": [_answer(one) for one in found.answers],
    }
    document["notes"] += _notes(found.answers, of_uptake=of_uptake)
    return {**document, **said_document(found.findings, found.accepted)}


def _answer(one: Answer) -> dict[str, Any]:
    variant = one.variant
    return {
        "region": one.region,
        "variant": {
            "key": variant.key,
            "name": variant.name,
            "peak": variant.peak,
            "lesions_max": variant.lesions_max,
            "per_organ_max": variant.per_organ_max,
            "over_liver": variant.by_liver,
            "least_change_sul": variant.least_change,
            "source": variant.source,
            "verified": variant.verified,
        },
        "baseline": one.baseline,
        "timepoints": [
            {
                "date": point.day.isoformat(),
                "response": point.response,
                "sum": point.sum,
                "change_from_baseline": point.change_from_baseline,
                "rule": point.rule,
            }
            for point in one.timepoints
        ],
        "best": {"response": one.best.response, "rule": one.best.rule},
    }


def _notes(found: Sequence[Answer], *, of_uptake: bool) -> list[str]:
    contours = (
        "diameters are of the contours drawn on the PET's images: of mRECIST they must "
        "hold what takes up contrast in the arterial phase, and no more"
    )
    more = [] if of_uptake else [contours]
    whole = [one for one in found if one.region == found[0].region]
    others = [
        f"{one.variant.name}: {one.best.response}"
        for one in whole[1:]
        if one.best.response != whole[0].best.response
    ]
    if not others:
        return [*more, f"all {len(whole)} variants give {whole[0].best.response}"]
    return [
        *more,
        f"the answer depends on the definition: {whole[0].best.response} by "
        f"{whole[0].variant.name}, but {'; '.join(others)}",
    ]


def variants_csv(document: Mapping[str, Any]) -> str:
    """A row a region, variant and scan."""
    case = document["cases"][0]["case_id"]
    rows = [
        {
            "case_id": case,
            "region": one["region"],
            "variant": one["variant"]["name"],
            "baseline": one["baseline"],
            "best_response": one["best"]["response"],
            **point,
        }
        for one in document["scans"]["answers"]
        for point in one["timepoints"] or [{"rule": one["best"]["rule"]}]
    ]
    return rows_csv(VARIANT_COLUMNS, rows)


def scans_screen(document: Mapping[str, Any]) -> Screen:
    """The response, then each region and variant by its last scan."""
    screen = response_screen(dict(document))
    answers = document["scans"]["answers"]
    rows = [
        [
            one["region"],
            one["variant"]["name"],
            one["best"]["response"],
            _last(one),
        ]
        for one in answers
    ]
    result = list(screen.result)
    if rows:
        header = ["region", "variant", "best", "last change"]
        result += ["", table(header, rows, left=(0, 1, 2))]
    own = Screen.of(document, result, list(screen.details))
    return replace(own, remarks=document["notes"])


def _last(answer: Mapping[str, Any]) -> str:
    points = answer["timepoints"]
    change = points[-1]["change_from_baseline"] if points else None
    if change is None:
        return "-"
    return f"{change:+.1%} to {significant(points[-1]['sum'])}"
