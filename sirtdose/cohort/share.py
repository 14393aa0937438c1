"""What a center shares of its patients: a score and information, and nobody's row."""

from collections.abc import Mapping
from math import floor, log10
from pathlib import Path
from typing import Any

import numpy as np

from sirtdose import __version__
from sirtdose.cohort.analysis import said_simulated
from sirtdose.cohort.disclosure import require_near, require_safe, told_events
from sirtdose.cohort.join import joined_levels
from sirtdose.cohort.request import CohortRequest
from sirtdose.cohort.shared_file import point_of
from sirtdose.cohort.shared_models import Shared, SharedModel, shared_models
from sirtdose.cohort.used import require_shared_use, require_used
from sirtdose.data.load import table
from sirtdose.errors import InputError, require_extra
from sirtdose.outcomes.slopes import Slope
from sirtdose.report.plan.hash import signed

NO_FIT = "no finite estimate of its own"
_NAME_MOST = 40


def share_document(
    request: CohortRequest, center: str, at: Path | None
) -> tuple[dict[str, Any], Shared, list[str]]:
    """What a center shares in a round, its patients, and why its own fits failed.

    Parameters
    ----------
    request : CohortRequest
    center : str
        A name of its own.
    at : Path or None
        The file of the point at which everybody computes; None in the first round,
        where all coefficients are 0.

    Raises
    ------
    InputError
        Patients who could be told apart, or another model than the point's.
    MissingExtra
        The statistics libraries are not installed.
    """
    require_extra("cohort", "a pooled cohort")
    _require_name(center)
    require_shared_use(request)
    point = None if at is None else point_of(at)
    named = tuple(one for one in (request.dose, request.liver_dose) if one)
    levels = joined_levels(request.doses, request.outcomes, named=named)
    require_used(request, levels)
    if "lesion" in levels or "patient" not in levels:
        raise InputError(
            "what is shared is by patient, since lesions of one patient are "
            "correlated: give --outcomes by case, without a column lesion"
        )
    shared = shared_models(levels["patient"], request)
    require_safe(shared)
    if point is not None:
        _require_fits(shared, center, point)
    fits = [_model(one, point) for one in shared.models]
    document = {
        "schema": "sirtdose.share/1",
        "sirtdose_version": __version__,
        "simulated": said_simulated(levels),
        "center": center,
        "patients": len(shared.rows),
        "at": {
            "round": 1 if point is None else point["round"],
            "point": None if point is None else point["hash"],
            "study": None if point is None else point["study"],
        },
        "models": [own for own, _ in fits],
    }
    said = [f"{own['name']}: {why}" for own, why in fits if why]
    return signed(document), shared, said


def _require_name(center: str) -> None:
    if not center.strip() or len(center) > _NAME_MOST or not center.isprintable():
        raise InputError(
            f"--center must be a name of 1 to {_NAME_MOST} characters, such as "
            "--center Lyon"
        )


def _require_fits(shared: Shared, center: str, point: Mapping[str, Any]) -> None:
    """Refuse a point of other models, or of another center's patients."""
    centers = {one["center"].casefold(): one for one in point["centers"]}
    own = centers.get(center.casefold())
    if own is None:
        raise InputError(
            f"center '{center}' was not in the round before: the centers were "
            f"{', '.join(one['center'] for one in point['centers'])}. Give --center as "
            "in the first round"
        )
    if own["patients"] != len(shared.rows):
        raise InputError(
            f"there are {len(shared.rows)} patients now, but there were "
            f"{own['patients']} in the round before: share the same tables in every "
            "round"
        )
    theirs = {one["name"]: one for one in point["models"]}
    ours = [one.name for one in shared.models]
    if list(theirs) != ours:
        raise InputError(
            f"the models are {', '.join(ours)} here, but {', '.join(theirs)} in the "
            "point: give the same columns as in the round before"
        )
    for one in shared.models:
        other = theirs[one.name]
        if one.definition != other["definition"] or list(one.names) != other["names"]:
            raise InputError(
                f"{one.name} is another model here than in the point: give the same "
                "columns and options as in the round before"
            )


def _model(
    model: SharedModel, point: Mapping[str, Any] | None
) -> tuple[dict[str, Any], str]:
    at: Mapping[str, Any] = {}
    if point is not None:
        at = next(one for one in point["models"] if one["name"] == model.name)
    coefficients = at.get("point", [0.0] * len(model.names))
    require_near(model, coefficients)
    slope = rounded_slope(model.slope(coefficients))
    own = model.own()
    return {
        "name": model.name,
        "kind": model.kind,
        "definition": model.definition,
        "names": list(model.names),
        "n": len(model.had),
        "events": told_events(model),
        "point": list(coefficients),
        "previous": at.get("previous"),
        "score_test": at.get("score_test"),
        "score": slope.score.tolist(),
        "information": slope.information.tolist(),
        "own": {
            "coefficients": None
            if own.failed
            else [_digits(b) for b in own.coefficients],
            "errors": None if own.failed else [_digits(one) for one in own.errors],
            "failed": NO_FIT if own.failed else None,
        },
    }, own.failed


def rounded_slope(slope: Slope) -> Slope:
    """Score and information without their last digits, which tell of single patients.

    Examples
    --------
    >>> found = rounded_slope(Slope(np.array([1 / 3]), np.array([[2 / 3]])))
    >>> float(found.score[0]), float(found.information[0, 0])
    (0.3333333333, 0.666666667)
    """
    digits = table("sharing")["digits"]
    information = np.array(
        [
            [_digits(one, digits["information"]) for one in row]
            for row in slope.information
        ]
    )
    score = [
        round(float(one), digits["score"] - floor(log10(spread))) if spread > 0 else 0.0
        for one, spread in zip(
            slope.score, np.sqrt(np.diag(slope.information)), strict=True
        )
    ]
    return Slope(np.array(score), information)


def _digits(value: float, count: int = 9) -> float:
    return float(f"{value:.{count}g}")
