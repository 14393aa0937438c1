"""Cox models of a cohort's covariates, each alone and all together."""

from collections.abc import Sequence
from dataclasses import asdict
from typing import Any

from sirtdose.cohort.columns import Covariate, covariate
from sirtdose.cohort.curves import Followed, Groups
from sirtdose.cohort.join import Level
from sirtdose.cohort.request import CohortRequest
from sirtdose.outcomes.hazards_over_time import Ties
from sirtdose.outcomes.proportional_hazards import cox

# Fewer events than this for each covariate, and a model is not to be trusted.
_EVENTS_PER_COVARIATE = 10


def models_document(
    level: Level, known: Followed, request: CohortRequest, strata: Groups | None
) -> dict[str, Any]:
    """A Cox model of each covariate, and one of all of them where there are several."""
    covariates = [covariate(level, one) for one in request.covariates]
    values = {one.column: one.of(level) for one in covariates}
    return {
        "univariable": [
            _model(known, [one], values, ties=request.ties, strata=strata)
            for one in covariates
        ],
        "multivariable": _model(
            known, covariates, values, ties=request.ties, strata=strata
        )
        if len(covariates) > 1
        else None,
    }


def _model(
    known: Followed,
    covariates: Sequence[Covariate],
    values: dict[str, list[float | str | None]],
    *,
    ties: Ties,
    strata: Groups | None,
) -> dict[str, Any]:
    """A model of the patients with every covariate; others are counted as missing."""
    used = [
        row
        for row in range(len(known))
        if all(values[own.column][row] is not None for own in covariates)
        and (strata is None or strata[row] is not None)
    ]
    events = [known[row][1] for row in used]
    document: dict[str, Any] = {
        "covariates": [one.column for one in covariates],
        "missing": len(known) - len(used),
        "n": len(used),
        "events": sum(events),
    }
    failed = next((own.failed for own in covariates if own.failed), "")
    if failed or not used:
        return document | {"failed": failed or "no patient has all covariates"}
    columns: dict[str, list[float]] = {}
    for own in covariates:
        given = [
            value for row in used if (value := values[own.column][row]) is not None
        ]
        left = own.among(given)
        if left is None:
            return document | {
                "failed": (
                    f"'{own.column}' is the same for all patients with every covariate"
                )
            }
        columns |= left.coded(given)
    within = None if strata is None else [str(strata[row]) for row in used]
    times = [known[row][0] for row in used]
    model = asdict(cox(times, events, columns, ties=ties, strata=within))
    return (
        document
        | model
        | {"few_events": model["events"] < _EVENTS_PER_COVARIATE * len(columns)}
    )
