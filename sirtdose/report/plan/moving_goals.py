"""Goals of a plan as a page follows them to other activities."""

from collections.abc import Mapping, Sequence
from typing import Any

from sirtdose.model.metric import MEAN, Metric
from sirtdose.report.plan.goals import page_goals, wanted_words
from sirtdose.report.plan.rows import injections_of, linear_doses, names_of


def moving_goals(
    document: Mapping[str, Any], points: Mapping[str, Any]
) -> list[dict[str, Any]]:
    """Every row of the page's table of goals, with what its dose follows.

    Of `lines` (Gy per GBq of each injection, one a reading of the image) the least or
    the greatest counts. D and V of several injections are no such sums: they are from
    `points`, by the part of the plan that the goal is for; data of older plans have
    none. A goal that is not `known` has no such number.
    """
    names = names_of(document)
    if not page_goals(document, names):
        return []
    return [
        _moving(goal, names, document, points.get(goal["structure"], ()))
        for goal in document["goals"]
    ]


def _moving(
    goal: Mapping[str, Any],
    names: Mapping[str, str],
    document: Mapping[str, Any],
    points: Sequence[Any],
) -> dict[str, Any]:
    metric = Metric.parse(goal["metric"])
    wanted_gy = metric.number if metric.is_part else goal["wanted"]
    lines = goal_lines(goal, metric, wanted_gy, document)
    name = names.get(goal["structure"], goal["structure"])
    wanted = wanted_words(goal).removeprefix("at least ")
    of_volume = goal["wanted"] if metric.is_part else None
    needs_points = metric.is_part or not lines
    return {
        "name": f"{goal['metric']} of {name}",
        "mark": f"{name} {goal['metric']} {wanted}",
        "wanted": goal["wanted"],
        "wanted_gy": wanted_gy,
        "is_part": metric.is_part,
        "metric": metric.key,
        "dose_metric": Metric("d", 100 * of_volume).key if of_volume else metric.key,
        "aim": goal["sense"] == "aim",
        "lines": lines,
        "pick": "max" if of_normal_liver(goal, document) else "min",
        "points": list(points) if needs_points else [],
        "known": goal["reached"] is not None,
        "moves": goal["reached"] is not None and (bool(points) or not needs_points),
    }


def goal_lines(
    goal: Mapping[str, Any],
    metric: Metric,
    wanted_gy: float | None,
    document: Mapping[str, Any],
) -> list[list[float]] | None:
    """What grows in proportion: means, and every dose of one injection."""
    injections = injections_of(document)
    if metric == MEAN:
        linear = linear_doses(document)
        [part] = [
            one for one in document["compartments"] if one["name"] == goal["structure"]
        ]
        readings = [part, *filter(None, [part.get("all_counts")])]
        if any(one["name"] not in linear for one in readings):
            return None
        return [list(linear[one["name"]].gy_per_gbq) for one in readings]
    if len(injections) == 1 and goal["reached"] is not None:
        reached_gy = goal["apart_gy"] + wanted_gy
        return [[reached_gy / injections[0]["activity_gbq"]]]
    return None


def of_normal_liver(goal: Mapping[str, Any], document: Mapping[str, Any]) -> bool:
    """Whether it is a dose not to be passed, for which the higher reading counts."""
    if goal["sense"] != "aim":
        return False
    return any(
        one["name"] == goal["injection"] and one["goal"] == "normal_dose"
        for one in injections_of(document)
    )
