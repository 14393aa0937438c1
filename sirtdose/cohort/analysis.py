"""The analysis of a cohort, as one document."""

from collections.abc import Iterator
from importlib.metadata import version
from pathlib import Path
from typing import Any

from sirtdose import __version__
from sirtdose.checks.scale import mixed_scale_findings
from sirtdose.cohort.columns import dose_column
from sirtdose.cohort.endpoint import endpoint_document
from sirtdose.cohort.follow_up import survival_document
from sirtdose.cohort.histories import is_history
from sirtdose.cohort.join import Level, alone_words, joined_levels
from sirtdose.cohort.request import CohortRequest
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
    if not (request.response or request.toxicity or request.time):
        raise InputError(
            "no analysis was chosen: give --response, --toxicity, or --time with "
            "--event, each with the name of a column"
        )
    named = (request.dose, request.lesion_dose, request.liver_dose)
    levels = joined_levels(
        request.doses, request.outcomes, named=[one for one in named if one is not None]
    )
    _require_used(request, levels)
    patients = levels.get("patient")
    endpoints = list(_endpoints(levels, request))
    if request.time is not None and patients is None:
        raise InputError(
            "survival is analyzed by patient: give a table of outcomes by case"
        )
    survival = None
    if request.time is not None and patients is not None:
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
        "simulated": request.simulated or _said_simulated(levels),
        "libraries": {name: version(name) for name in _LIBRARIES},
        "request": _request(request),
        "inputs": [_input(path) for path in (*request.doses, *request.outcomes)],
        "join": {name: _join(level) for name, level in levels.items()},
        "endpoints": endpoints,
        "survival": survival,
        "warnings": findings_document(mixed_scale_findings(_scales(levels))),
    }


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
    for kind, column, dosed in (
        ("response", request.response, "tumor"),
        ("toxicity", request.toxicity, "liver"),
    ):
        own = [one for one in levels.values() if column and one.has(column)]
        if column and not own:
            raise InputError(
                (
                    f"no table has the column '{column}' given for --{kind}: the "
                    "columns are "
                )
                + "; ".join(f"by {one.name}: {one.columns}" for one in levels.values())
            )
        for level in own:
            if kind == "toxicity" and level.name == "lesion":
                raise InputError(
                    "toxicity is analyzed by patient: give a table by case"
                )
            yield endpoint_document(
                level,
                kind=kind,
                column=str(column),
                dose=dose_column(level, request, dosed),
                yes=request.responders,
                toxic_from=request.toxic_from,
                threshold_gy=request.threshold_gy if kind == "response" else None,
                covariates=request.covariates if level.name == "patient" else (),
            )


def _require_used(request: CohortRequest, levels: dict[str, Level]) -> None:
    """Refuse what was given and would change nothing.

    Raises
    ------
    InputError
        Says which option, and what it needs.
    """
    timed, dosed = request.time is not None, request.threshold_gy is not None
    needs = {
        "--event": (request.event is not None, timed, "--time"),
        "--by": (request.by is not None, timed, "--time"),
        "--landmark": (request.landmark > 0, timed, "--time"),
        "--liver-dose": (
            request.liver_dose is not None,
            request.toxicity is not None,
            "--toxicity",
        ),
        "--lesion-dose": (
            request.lesion_dose is not None,
            "lesion" in levels and request.response is not None,
            "--response and outcomes by lesion",
        ),
        "--threshold": (
            dosed,
            request.response is not None or timed,
            "--response or --time",
        ),
        "--dose": (
            request.dose is not None,
            "patient" in levels and (request.response is not None or (timed and dosed)),
            "--response by case, or --time with --threshold",
        ),
    }
    for option, (given, used, what) in needs.items():
        if given and not used:
            raise InputError(
                f"{option} has no effect without {what}: give both, or leave it out"
            )


def _said_simulated(levels: dict[str, Level]) -> bool:
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
