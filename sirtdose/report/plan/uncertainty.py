"""How sure planned doses are, as a document, columns and lines."""

from collections.abc import Mapping, Sequence
from typing import Any

from sirtdose.model.treatment import ALL_COUNTS
from sirtdose.model.uncertain import PlannedDose, PlanUncertainty
from sirtdose.report.limit_lines import percent_words
from sirtdose.report.post.uncertainty import (
    between_words,
    interval_document,
    interval_notes,
    no_interval_words,
    spread_cells,
)
from sirtdose.report.tables import csv_text, name_cell
from sirtdose.report.wording import significant, spoken

PLAN_UNCERTAINTY_FILE = "uncertainty.csv"
_COLUMNS = (
    *("name", "role", "mean", "standard_uncertainty", "low", "high"),
    *("unit", "by"),
)
_NUMBERS = ("value", "standard_uncertainty", "low", "high")
_ROUTES = (
    ("first order", "dose_by_first_order_gy"),
    ("ensemble", "dose_by_ensemble_gy"),
)
COVERAGE = (
    "u is the standard uncertainty (k = 1) by first order, and the interval holds 95 % "
    "of a log-normal with it; an ensemble's holds 95 % of the realizations"
)
PREDICTION = (
    "range in which a Y-90 image after treatment is expected to find the dose in 95 of "
    "100 cases, from published scout-to-treatment agreement"
)


def plan_uncertainty_document(
    result: PlanUncertainty | None,
) -> dict[str, Any] | None:
    """All of it as plan.json holds it."""
    if result is None:
        return None
    return {
        "coverage": COVERAGE,
        "realizations": result.realizations,
        "seed": result.seed if result.realizations else None,
        "doses": [planned_dose_document(one) for one in result.doses],
        "limits": [
            {
                "name": one.name,
                "value_of": one.value_of,
                "sense": one.sense,
                "limit_gy": one.limit_gy,
                "upper_gy": one.upper_gy,
                "strict": one.strict,
                "injection": one.injection or None,
                "probability_met_first_order": one.first_order,
                "probability_met_ensemble": one.ensemble,
            }
            for one in result.limits
        ],
        "prediction": {
            "of": PREDICTION,
            "sources": [dict(one) for one in result.agreement],
            "widened_by": result.widened_by,
        }
        if result.agreement
        else None,
        "budget": [dict(one) for one in result.budget],
        "left_out": list(result.left_out),
    }


def planned_dose_document(one: PlannedDose) -> dict[str, Any]:
    """One dose with what it is known to."""
    variance = one.first_order.standard**2
    hidden = {"low": None, "high": None} if one.hidden_by_blur else {}
    return {
        "name": one.name,
        "role": one.role,
        "interval_left_out": no_interval_words(one.blur_loss) if hidden else None,
        "dose_by_first_order_gy": interval_document(one.first_order) | hidden,
        "dose_by_ensemble_gy": one.ensemble
        and interval_document(one.ensemble) | hidden,
        "components": {
            name: {
                "standard_gy": part,
                "part_of_variance": part**2 / variance if variance else 0.0,
            }
            for name, part in one.parts_gy.items()
        },
        "predicted_gy": one.predicted
        and {
            "median": one.predicted.median_gy,
            "low": one.predicted.low_gy,
            "high": one.predicted.high_gy,
        },
    }


def plan_uncertainty_csv(document: Mapping[str, Any]) -> str:
    """A row per compartment and route, and what a component adds to its variance."""
    rows = []
    for dose in document["doses"]:
        told = {by: dose[key] for by, key in _ROUTES}
        foretold = dose["predicted_gy"]
        told["prediction"] = foretold and {**foretold, "value": foretold["median"]}
        told |= {
            f"component {name}": {"standard_uncertainty": own["standard_gy"]}
            for name, own in dose["components"].items()
        }
        for by, own in told.items():
            if own is not None:
                numbers = (own.get(one) for one in _NUMBERS)
                cells = ("" if one is None else f"{one:.10g}" for one in numbers)
                rows.append([name_cell(dose["name"]), dose["role"], *cells, "Gy", by])
    return csv_text(_COLUMNS, rows)


def uncertainty_columns(document: Mapping[str, Any] | None) -> list[str]:
    """The headers that follow a mean dose; none where a plan has no uncertainty."""
    if not document:
        return []
    more = ["Y-90 image Gy, 95 %"] if document["prediction"] else []
    return ["u Gy", "95 % Gy", *more]


def uncertainty_cells(document: Mapping[str, Any] | None, name: str) -> list[str]:
    """What follows the mean dose of a compartment, or of the lungs."""
    if not document:
        return []
    columns = uncertainty_columns(document)
    found = [one for one in document["doses"] if one["name"] == name]
    if not found:
        return ["-"] * len(columns)
    [row] = found
    own, foretold = row["dose_by_first_order_gy"], row["predicted_gy"]
    image = between_words(foretold, 3) if foretold else "-"
    return [*spread_cells(own), *([image] if document["prediction"] else [])]


def plan_uncertainty_lines(document: Mapping[str, Any] | None) -> list[str]:
    """What the columns mean, chances of limits, the ensemble, and what is left out."""
    if not document:
        return []
    lines = [f"{document['coverage']}; budget of {budget_words(document['budget'])}"]
    if document["prediction"]:
        lines.append(f"Y-90 image: {prediction_words(document['prediction'])}")
    if document["realizations"]:
        lines.append(
            f"Ensemble of {document['realizations']} realizations (seed "
            f"{document['seed']})"
        )
        for row in document["doses"]:
            own = row["dose_by_ensemble_gy"]
            u = significant(own["standard_uncertainty"], 2)
            lines.append(
                f"  {spoken(row['name'])}: u = {u} Gy, {between_words(own, 3)}"
                f"{'' if own['low'] is None else ' Gy'}"
            )
    return [
        *lines,
        *interval_notes(
            (spoken(row["name"]), row.get("interval_left_out"))
            for row in document["doses"]
            if not row["name"].endswith(ALL_COUNTS)
        ),
        *(
            f"Limit {spoken(one.get('value_of') or one['name'])}: {chance_words(one)}"
            for one in document["limits"]
        ),
        f"Not in it: {'; '.join(document['left_out'])}",
    ]


def chance_words(limit: Mapping[str, Any]) -> str:
    """How probable it is that a limit is met.

    >>> chance_words({"limit_gy": 30.0, "probability_met_first_order": 0.9469,
    ...               "probability_met_ensemble": None})
    '30 Gy met with a probability of 94.7 % by first order'
    """
    said = [
        f"{percent_words(limit[key])} by {route}"
        for key, route in (
            ("probability_met_first_order", "first order"),
            ("probability_met_ensemble", "ensemble"),
        )
        if limit[key] is not None
    ]
    if not said:
        return "no probability is known"
    return f"{limit['limit_gy']:g} Gy met with a probability of {', '.join(said)}"


def prediction_words(prediction: Mapping[str, Any]) -> str:
    """What a prediction is, how far it is verified, and whether it was widened."""
    doubtful = not all(one["verified"] for one in prediction["sources"])
    said = f"{prediction['of']}{' (not verified)' if doubtful else ''}"
    if prediction["widened_by"] > 1:
        said += f"; its spread {prediction['widened_by']:g} times as wide, for H24"
    return said


def budget_words(budget: Sequence[Mapping[str, Any]]) -> str:
    """A budget in one line."""
    return ", ".join(
        f"{one['name'].replace('_', ' ').removesuffix(' mm')} {_value(one)}"
        for one in budget
    )


def _value(one: Mapping[str, Any]) -> str:
    if one["unit"] == "relative":
        return f"{100 * one['value']:.3g} %"
    return f"{one['value']:g} {one['unit']}"
