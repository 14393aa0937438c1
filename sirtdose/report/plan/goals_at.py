"""A plan's goals with other activities than its own."""

from collections.abc import Mapping, Sequence
from math import isclose
from typing import Any

from sirtdose.model.metric import Metric
from sirtdose.report.plan.goals import apart_words, wanted_words
from sirtdose.report.plan.moving_goals import goal_lines, of_normal_liver
from sirtdose.report.plan.rows import names_of
from sirtdose.report.wording import significant

_SAME = 1e-6


def goals_at(document: Mapping[str, Any], gbq: Sequence[float]) -> list[dict[str, Any]]:
    """Each goal with what these activities reach, one of each injection.

    Means, and D of one injection, grow with the activity. Of a V it is the dose that
    the wanted part of the volume gets. D and V of several injections need the image
    again: `met` is None.
    """
    names = names_of(document)
    return [_goal_at(one, names, document, gbq) for one in document.get("goals") or ()]


def _goal_at(
    goal: Mapping[str, Any],
    names: Mapping[str, str],
    document: Mapping[str, Any],
    gbq: Sequence[float],
) -> dict[str, Any]:
    metric = Metric.parse(goal["metric"])
    wanted_gy = float((metric.number or 0.0) if metric.is_part else goal["wanted"])
    lines = goal_lines(goal, metric, wanted_gy, document) or []
    pick = max if of_normal_liver(goal, document) else min
    sums = [sum(k * x for k, x in zip(line, gbq, strict=True)) for line in lines]
    reached_gy = pick(sums, default=None)
    met = None
    if reached_gy is not None:
        same = isclose(reached_gy, wanted_gy, rel_tol=_SAME)
        met = same or (goal["sense"] == "at_least" and reached_gy > wanted_gy)
    return {
        "injection": goal["injection"],
        "name": names.get(goal["structure"], goal["structure"]),
        "metric": goal["metric"],
        "unit": goal["unit"],
        "sense": goal["sense"],
        "wanted": goal["wanted"],
        # The dose of a V is that of the part of the volume.
        "dose_metric": Metric("d", 100 * goal["wanted"]).words
        if metric.is_part
        else goal["metric"],
        "wanted_gy": wanted_gy,
        "reached_gy": reached_gy,
        "met": met,
    }


def goal_names(goals: Sequence[Mapping[str, Any]]) -> list[str]:
    """The goals that these activities are not held against.

    >>> goal_names([{"met": None, "metric": "D70", "name": "T1"}])
    ['goal D70 of T1']
    """
    return [
        f"goal {one['metric']} of {one['name']}" for one in goals if one["met"] is None
    ]


def goal_rows(goals: Sequence[Mapping[str, Any]]) -> list[list[str]]:
    """What each goal is for, what is reached, what is wanted, and how far apart.

    Those that are not known are left out.

    >>> goal = {"name": "T1", "metric": "V100Gy", "unit": "1", "sense": "at_least",
    ...         "wanted": 0.9, "dose_metric": "D90", "wanted_gy": 100.0,
    ...         "reached_gy": 92.0, "met": False}
    >>> goal_rows([goal])
    [['T1 V100Gy', 'D90 92.00 Gy', 'at least 90 %', 'MISSED by 8.000 Gy, 8.000 %']]
    """
    return [
        [
            f"{one['name']} {one['metric']}",
            f"{'' if one['unit'] == 'Gy' else one['dose_metric'] + ' '}"
            f"{significant(one['reached_gy'])} Gy",
            wanted_words(one),
            apart_words(_by_dose(one), missed="MISSED"),
        ]
        for one in goals
        if one["met"] is not None
    ]


def _by_dose(goal: Mapping[str, Any]) -> dict[str, Any]:
    apart_gy = goal["reached_gy"] - goal["wanted_gy"]
    return {
        **goal,
        "unit": "Gy",
        "reached": goal["reached_gy"],
        "apart_gy": apart_gy,
        "apart_percent": 100 * apart_gy / goal["wanted_gy"],
    }
