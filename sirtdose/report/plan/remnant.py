"""The remnant and published goals as plan.json and compare.json hold them."""

from collections.abc import Sequence
from typing import Any

from sirtdose.planning.published_goals import PublishedGoal
from sirtdose.planning.remnant import Remnant


def remnant_document(remnant: Remnant | None) -> dict[str, Any] | None:
    """The remnant as plan.json holds it."""
    if remnant is None:
        return None
    standard, minimum = remnant.standard, remnant.minimum
    return {
        "asked": remnant.asked,
        "volume_ml": remnant.volume_ml,
        "source": remnant.source,
        "treated_ml": remnant.treated_ml,
        "treated_fraction": remnant.treated_fraction,
        "shares": [
            {"of": one.of, "of_ml": one.of_ml, "fraction": one.fraction}
            for one in remnant.shares
        ],
        "standard_liver": standard
        and {
            "formula": standard.formula,
            "volume_ml": standard.volume_ml,
            "body_surface_m2": standard.body_surface_m2,
            "body_surface_formula": standard.surface_formula,
            "source": standard.source,
            "verified": standard.verified,
        },
        "underlying_liver": remnant.underlying or None,
        "minimum": minimum
        and {
            "fraction": minimum.fraction,
            "strict": minimum.strict,
            "met": not any(minimum.missed_by(one) for one in remnant.judged)
            if remnant.judged
            else None,
            "source": minimum.source,
            "verified": minimum.verified,
        },
    }


def published_document(goals: Sequence[PublishedGoal]) -> list[dict[str, Any]]:
    """Published goals as plan.json holds them."""
    return [
        {
            "volume": one.volume,
            "statistic": one.statistic,
            "dose_gy": one.dose_gy,
            "strict": one.strict,
            "disease": list(one.disease),
            "scenario": list(one.scenario),
            "value_gy": one.value_gy,
            "value_of": one.value_of or None,
            "reached": one.reached,
            "predicts": one.predicts,
            "patients": one.patients,
            "source": one.source,
            "verified": one.verified,
            "scale": one.scale,
        }
        for one in goals
    ]
