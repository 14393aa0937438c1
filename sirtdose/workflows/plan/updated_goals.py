"""The goals of a plan for the activities of the day."""

from collections.abc import Mapping, Sequence
from math import isclose
from typing import Any

from sirtdose.errors import InputError
from sirtdose.model.goal import Goal
from sirtdose.model.metric import Metric
from sirtdose.planning.documented_case import planned_activities
from sirtdose.planning.partition_case import Case
from sirtdose.workflows.plan.changed import growth


def goals_of_the_day(
    document: Mapping[str, Any], planned: Case, case: Case, gbq: Sequence[float]
) -> tuple[list[Goal], list[str]]:
    """The goals of the plan for these activities, and those that need the image.

    A mean follows the doses per GBq. A D grows as the only injection does.
    """
    then = tuple(planned_activities(document).values())
    grown = growth(document, planned, case, gbq)
    found, unknown = [], []
    for row in document.get("goals", ()):
        metric = Metric.parse(row["metric"])
        reached = row["reached"]
        if metric.words == "mean":
            reached = _mean(row, planned, case, then=then, gbq=gbq)
        elif not metric.is_part and len(gbq) == 1 and reached is not None:
            reached = grown * reached
        elif reached is not None:
            reached = None
            unknown.append(f"{row['metric']} of {row['structure']}")
        is_part = metric.is_part
        found.append(
            Goal(
                injection=row["injection"],
                structure=row["structure"],
                metric=metric,
                sense=row["sense"],
                wanted=row["wanted"],
                reached=reached,
                wanted_gy=0.0 if is_part else row["wanted"],
                reached_gy=None if is_part else reached,
            )
        )
    return found, unknown


def _mean(
    row: Mapping[str, Any],
    planned: Case,
    case: Case,
    *,
    then: Sequence[float],
    gbq: Sequence[float],
) -> float:
    """The mean by the reading of the image that the plan's goal is by."""
    [was] = [one for one in planned.regions if one.name == row["structure"]]
    [now] = [one for one in case.regions if one.name == row["structure"]]
    for old, new in zip(was.readings, now.readings, strict=True):
        if isclose(old.dose_gy(then), row["reached"], rel_tol=1e-8):
            return new.dose_gy(gbq)
    raise InputError(
        f"the plan's goal for {row['structure']} is not one of its doses: plan again"
    )
