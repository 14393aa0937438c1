"""A plan as plan.json holds it."""

from collections.abc import Mapping
from typing import Any

from sirtdose import __version__
from sirtdose.model.goal import Goal
from sirtdose.model.limit import Limit
from sirtdose.model.units import MCI_PER_GBQ
from sirtdose.planning.result import Compartment, Plan
from sirtdose.report.documents import (
    lungs_document,
    nuclide_document,
    said_document,
    self_test_document,
)
from sirtdose.report.plan.remnant import published_document, remnant_document
from sirtdose.report.plan.uncertainty import plan_uncertainty_document


def plan_document(plan: Plan) -> dict[str, Any]:
    """A plan as plan.json holds it."""
    return {
        "schema": "sirtdose.plan/1",
        "sirtdose_version": __version__,
        "status": "draft",
        "method": plan.method,
        "device": plan.device.name if plan.device else None,
        "nuclide": nuclide_document(plan.nuclide),
        "scale": plan.scale.document(),
        "activity_gbq": plan.activity_gbq,
        "activity_mci": plan.activity_mci,
        "draw_activity_gbq": plan.draw_activity_gbq,
        "draw_activity_mci": plan.draw_activity_mci,
        "compartments": [compartment_document(part) for part in plan.compartments],
        "goals": [goal_document(one) for one in plan.goals],
        "lungs": lungs_document(plan.lungs),
        "limits": [limit_document(limit) for limit in plan.limits],
        "remnant": remnant_document(plan.remnant),
        "treats": {
            "disease": plan.treats.disease or None,
            "scenario": plan.treats.scenario or None,
        },
        "published_goals": published_document(plan.published),
        "uncertainty": plan_uncertainty_document(plan.uncertainty),
        "self_test": self_test_document(plan.self_test),
        "assumptions": plan.assumptions,
        **said_document(plan.findings, plan.accepted),
        "inputs": plan.inputs,
    }


def compartment_document(part: Compartment) -> dict[str, Any]:
    """A part of the liver with its dose."""
    return {
        "name": part.name,
        "role": part.role,
        "volume_ml": part.volume_ml,
        "mass_kg": part.mass_kg,
        "activity_gbq": part.activity_gbq,
        "activity_mci": part.activity_gbq * MCI_PER_GBQ,
        "dose_gy": part.dose_gy,
        "cumulative_dose_gy": part.cumulative_dose_gy,
        "dose_by_injection_gy": dict(part.by_injection_gy),
        "dose_gy_per_gbq": dict(part.gy_per_gbq),
        "all_counts": part.all_counts
        and {
            "name": part.all_counts.name,
            "activity_gbq": part.all_counts.activity_gbq,
            "dose_gy": part.all_counts.dose_gy,
            "cumulative_dose_gy": part.all_counts.cumulative_dose_gy,
            "dose_gy_per_gbq": dict(part.all_counts.gy_per_gbq),
        },
    }


def goal_document(goal: Goal) -> dict[str, Any]:
    """A goal: wanted, reached, and how far apart."""
    return {
        "injection": goal.injection,
        "structure": goal.structure,
        "metric": goal.metric.words,
        "unit": goal.metric.unit,
        "sense": goal.sense,
        "wanted": goal.wanted,
        "reached": goal.reached,
        "met": goal.met,
        "apart_gy": goal.apart_gy,
        "apart_percent": goal.apart_percent,
        "sets_activity": goal.sets_activity,
        "scale": "declared",
    }


def readings(document: Mapping[str, Any]) -> list[dict[str, Any]]:
    """A plan's compartments, each followed by its reading by all counts of an image."""
    return [
        {**part, **reading}
        for part in document["compartments"]
        for reading in [{}, *filter(None, [part.get("all_counts")])]
    ]


def limit_document(limit: Limit) -> dict[str, Any]:
    """A limit, what is held against it, and whether that meets it."""
    return {
        "name": limit.name,
        "volume": limit.volume,
        "injection": limit.injection or None,
        "sense": limit.sense,
        "limit_gy": limit.limit_gy,
        "upper_gy": limit.upper_gy,
        "strict": limit.strict,
        "condition": limit.condition or None,
        "value_gy": limit.value_gy,
        "value_of": limit.value_of or None,
        "met": limit.met,
        "binding": limit.binding,
        "activity_needed_gbq": limit.activity_needed_gbq,
        "activity_of": limit.activity_of or None,
        "at_most_gbq": dict(limit.at_most_gbq),
        "given_by_user": limit.given_by_user,
        "verified": limit.verified,
        "source": limit.source,
        "scale": limit.scale,
    }
