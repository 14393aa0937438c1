"""The analysis of a cohort, as one document."""

from collections.abc import Iterator, Sequence
from importlib.metadata import version
from pathlib import Path
from typing import Any

from sirtdose import __version__
from sirtdose.checks.scale import mixed_scale_findings
from sirtdose.cohort.characteristics import characteristics
from sirtdose.cohort.columns import dose_column
from sirtdose.cohort.endpoint import endpoint_document
from sirtdose.cohort.follow_up import survival_document
from sirtdose.cohort.histories import is_history
from sirtdose.cohort.join import Level, alone_words, joined_levels
from sirtdose.cohort.request import CohortRequest
from sirtdose.cohort.used import require_used
from sirtdose.errors import InputError, require_extra
from sirtdose.io.hashing import sha256_of
from sirtdose.model.activity_scale import SCALES
from sirtdose.report.documents import findings_document

_LIBRARIES = ("scipy", "statsmodels", "lifelines", "numpy", "pandas")


def analyze_cohort(request: CohortRequest) -> dict[str, Any]:
    """Join doses with outcomes, and say what follows from them.

    Raises
    ------
    InputError
        Tables, columns or codes that cannot be used, with line and column; or why
        nothing at all could be compared.
    MissingExtra
        The statistics libraries are not installed.
    """
    require_extra("cohort", "an analysis of a cohort")
    if not (request.response or request.toxicity or request.timed):
        raise InputError(
            "no analysis was chosen: give --response, --toxicity, or --time with "
            "--event, each with the name of a column"
        )
    named = (request.dose, request.lesion_dose, request.liver_dose)
    levels = joined_levels(
        request.doses, request.outcomes, named=[one for one in named if one is not None]
    )
    require_used(request, levels)
    patients = levels.get("patient")
    endpoints = list(_endpoints(levels, request))
    if request.timed and patients is None:
        raise InputError(
            "survival is analyzed by patient: give a table of outcomes by case"
        )
    survival = None
    if request.timed and patients is not None:
        survival = survival_document(
            patients,
            request,
            dose=None
            if request.threshold_gy is None
            else dose_column(patients, request, "tumor"),
        )
    asked = [*endpoints, *([] if survival is None else [survival])]
    if all(one["failed"] for one in asked):
        raise InputError(str(asked[0]["failed"]))
    return {
        "schema": "sirtdose.cohort/1",
        "sirtdose_version": __version__,
        "simulated": request.simulated or said_simulated(levels),
        "libraries": {name: version(name) for name in _LIBRARIES},
        "request": _request(request),
        "inputs": [_input(path) for path in (*request.doses, *request.outcomes)],
        "join": {name: _join(level) for name, level in levels.items()},
        "characteristics": None
        if patients is None
        else characteristics(patients, request, _doses(endpoints)),
        "endpoints": endpoints,
        "survival": survival,
        "warnings": findings_document(mixed_scale_findings(_scales(levels))),
    }


def _doses(endpoints: Sequence[dict[str, Any]]) -> list[str]:
    """The columns of doses that patients' outcomes are compared with."""
    return [
        one["dose_column"]
        for one in endpoints
        if one["level"] == "patient" and one["dose_column"]
    ]


def _scales(levels: dict[str, Level]) -> dict[str, str]:
    """The scale of each case's doses, where a table says it."""
    return {
        row.case_id: line.text("scale")
        for level in levels.values()
        for row in level.joined
        for line in row.lines
        if line.text("scale") in SCALES
    }


def _endpoints(
    levels: dict[str, Level], request: CohortRequest
) -> Iterator[dict[str, Any]]:
    responses = () if request.response is None else (request.response,)
    for kind, columns, dosed in (
        ("response", responses, "tumor"),
        ("toxicity", request.toxicity, "liver"),
    ):
        for column in columns:
            _require_column(levels, kind, column)
        own = [
            one for one in levels.values() if any(one.has(column) for column in columns)
        ]
        for level in own:
            if kind == "toxicity" and level.name == "lesion":
                raise InputError(
                    "toxicity is analyzed by patient: give a table by case"
                )
            yield endpoint_document(
                level,
                request,
                kind=kind,
                columns=columns,
                dose=_dose(level, request, dosed),
            )


def _require_column(levels: dict[str, Level], kind: str, column: str) -> None:
    if not any(one.has(column) for one in levels.values()):
        raise InputError(
            f"no table has the column '{column}' given for --{kind}: the columns are "
            + "; ".join(f"by {one.name}: {one.columns}" for one in levels.values())
        )


def _dose(level: Level, request: CohortRequest, dosed: str) -> str | None:
    """The column of doses, None where neither tables nor options have any."""
    of_tumor = request.dose if level.name == "patient" else request.lesion_dose
    named = of_tumor if dosed == "tumor" else request.liver_dose
    is_divided = dosed == "tumor" and request.threshold_gy is not None
    if request.doses or named is not None or is_divided:
        return dose_column(level, request, dosed)
    return None


def said_simulated(levels: dict[str, Level]) -> bool:
    """Tables that were made up say so in a column."""
    return any(
        line.text("simulated").casefold() in ("yes", "1", "true")
        for level in levels.values()
        for row in level.rows
        for line in row.lines
    )


def _join(level: Level) -> dict[str, Any]:
    return {
        "joined": len(level.joined),
        "patients": level.patients,
        "doses_without_outcome": sum(one.has == "dose" for one in level.alone),
        "outcomes_without_dose": sum(one.has == "outcome" for one in level.alone),
        "lines_without_the_other": [one.where for one in level.alone],
        "without_partner": [
            {
                "has": one.has,
                "line": one.where,
                "case_id": one.case_id,
                "lesion": one.lesion or None,
                "nearest": one.nearest,
                "words": alone_words(one),
            }
            for one in level.alone
        ],
        "without_dose": [
            {"case_id": row.case_id, "lesion": row.lesion or None, "why": row.no_dose}
            for row in level.rows
            if row.no_dose
        ],
    }


def _request(request: CohortRequest) -> dict[str, Any]:
    """What was asked, files by their names."""
    return {
        name: [one.name for one in value]
        if name in ("doses", "outcomes")
        else list(value)
        if isinstance(value, tuple)
        else value
        for name, value in vars(request).items()
        if name != "simulated"
    }


def _input(path: Path) -> dict[str, str]:
    """SHA-256 of what was read, by its name."""
    names = ("lesions.csv",) if is_history(path) else ("cases.csv", "summary.csv")
    files = [path / one for one in names] if path.is_dir() else [path]
    return {one.name: sha256_of([one]) for one in files}
