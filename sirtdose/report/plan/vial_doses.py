"""What the doses of a plan.json follow from, for the vials that are had for it."""

from collections.abc import Mapping, Sequence
from typing import Any

from sirtdose.model.limit import Limit
from sirtdose.planning.vial_doses import (
    DoseAt,
    LinearDose,
    LinearLimit,
    PlannedDoses,
)
from sirtdose.report.plan.rows import (
    ALL_LUNGS,
    LUNGS,
    injections_of,
    linear_doses,
    names_of,
    plan_rungs,
)


def planned_doses(document: Mapping[str, Any]) -> PlannedDoses:
    """Every structure's Gy per GBq of each injection, and its limits."""
    linear, names = linear_doses(document), names_of(document)
    limits: dict[str, list[LinearLimit]] = {}
    for one in document["limits"]:
        of = one["value_of"] or one["volume"]
        if of in linear:
            own = linear[of]
            name = names[LUNGS if of == ALL_LUNGS else of]
            limits.setdefault(name, []).append(
                LinearLimit(_limit(one), own.gy_per_gbq, own.prior_gy)
            )
    return PlannedDoses(
        {one["name"]: one["activity_gbq"] for one in injections_of(document)},
        tuple(
            LinearDose(
                rung.name,
                rung.gy_per_gbq,
                tuple(limits.get(rung.name, ())),
                any(one.planned for one in rung.verdicts),
            )
            for rung in plan_rungs(document)
            if rung.gy_per_gbq
        ),
    )


def _limit(one: Mapping[str, Any]) -> Limit:
    """A limit as documents hold it, without the plan's own dose."""
    return Limit(
        one["name"],
        one["volume"],
        one["sense"],
        one["limit_gy"],
        None,
        one["source"],
        binding=False,
        verified=one["verified"],
        upper_gy=one["upper_gy"],
        strict=one["strict"],
    )


def doses_document(doses: Sequence[DoseAt]) -> list[dict[str, Any]]:
    """Doses, and the limits that they do not meet."""
    return [
        {
            "name": one.name,
            "dose_gy": one.dose_gy,
            "limits": one.limits,
            "not_met": [
                {
                    "name": limit.name,
                    "sense": limit.sense,
                    "limit_gy": limit.limit_gy,
                    "upper_gy": limit.upper_gy,
                    "value_gy": limit.value_gy,
                }
                for limit in one.not_met
            ],
        }
        for one in doses
    ]


def main_dose(planned: PlannedDoses, injection: str) -> str:
    """The structure that an injection is about: its goal's, else its first tumor's.

    Empty where the plan has no dose.
    """
    own = planned.of(injection)
    aimed = [one.name for one in own if one.aimed]
    return next(iter([*aimed, *(one.name for one in own)]), "")
