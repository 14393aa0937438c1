"""What a plan aims at and what it reaches, for a terminal and for pages."""

from collections.abc import Mapping, Sequence
from typing import Any

from sirtdose.model.metric import Metric, metrics_in
from sirtdose.planning.aim import EVERY_TUMOR
from sirtdose.planning.result import Plan
from sirtdose.report.wording import significant, spoken, table

_SAME = 1e-6


def metrics_of_goals(plan: Plan) -> list[Metric]:
    """Metrics of goals that an image's plan does not list anyway, per GBq."""
    listed = metrics_in("per_gbq")
    return [
        one.metric
        for one in plan.goals
        if not one.metric.is_part and one.metric not in listed
    ]


def goal_table(document: Mapping[str, Any]) -> list[str]:
    """Every goal on one line of a terminal: wanted, reached, and how far apart."""
    goals = document.get("goals") or ()
    if not goals:
        return []
    rows = [
        [
            f"{spoken(one['structure'])} {one['metric']}",
            reached_words(one),
            wanted_words(one),
            apart_words(one, missed="MISSED"),
            "sets the activity" if _decides(one, goals) else "",
        ]
        for one in goals
    ]
    return [table(["goal", "reached", "wanted", "", ""], rows, left={0, 3, 4})]


def _decides(goal: Mapping[str, Any], goals: Sequence[Mapping[str, Any]]) -> bool:
    """Whether a goal sets the activity; of one for every tumor, the least that is met.

    >>> tumors = [{"injection": "right", "sets_activity": True, "apart_percent": apart}
    ...           for apart in (42.9, 0.0)]
    >>> [_decides(one, tumors) for one in tumors]
    [False, True]
    """
    if not goal["sets_activity"] or goal["apart_percent"] is None:
        return bool(goal["sets_activity"])
    least = min(
        abs(one["apart_percent"])
        for one in goals
        if one["sets_activity"]
        and one["injection"] == goal["injection"]
        and one["apart_percent"] is not None
    )
    return bool(abs(goal["apart_percent"]) <= least + 100 * _SAME)


def growth_lines(document: Mapping[str, Any]) -> list[str]:
    """By which rule several injections were maximized."""
    assumed = document["assumptions"]
    if assumed.get("maximize_order"):
        return [
            f"Maximized in the order {', '.join(assumed['maximize_order'])}: the first "
            "up to the limits, the next with what is left"
        ]
    if assumed.get("maximize_rule"):
        return [
            "Maximized together: each to the limits of its own volume, then all by one "
            "factor to the limits that they share"
        ]
    return []


def page_goals(
    document: Mapping[str, Any], names: Mapping[str, str]
) -> list[dict[str, Any]]:
    """Goals as rows of a page, where any is by a metric; the ladder has the others."""
    goals = document.get("goals") or ()
    injections = document["assumptions"].get("injections", ())
    if not any(one.get("aims") for one in injections):
        return []
    return [
        {
            "name": names.get(one["structure"], one["structure"]),
            "metric": one["metric"],
            "wanted": wanted_words(one),
            "reached": reached_words(one),
            "apart": apart_words(one),
            "missed": one["met"] is False and one["sense"] == "at_least",
            "sets": _decides(one, goals),
        }
        for one in goals
    ]


def page_goal_lines(rows: Sequence[Mapping[str, Any]]) -> list[str]:
    """The same as sentences, for a sheet of one page."""
    return [
        f"{one['name']} {one['metric']}: {one['reached']}, {one['wanted']} wanted, "
        f"{one['apart']}"
        for one in rows
    ]


def missed_goal_words(rows: Sequence[Mapping[str, Any]]) -> str:
    """Which goals by a metric are missed; empty for none.

    >>> missed_goal_words([{"name": "T1", "metric": "D70", "missed": True}])
    'Goal missed: D70 of T1.'
    """
    said = [f"{one['metric']} of {one['name']}" for one in rows if one["missed"]]
    return f"Goal missed: {', '.join(said)}." if said else ""


def aim_words(aim: Mapping[str, Any]) -> str:
    """A goal by a metric in words.

    >>> aim_words({"of": "tumor", "metric": "V100Gy", "value": 0.9})
    'V100Gy of every tumor at least 90 %'
    """
    whose = "every tumor" if aim["of"] == EVERY_TUMOR else aim["of"]
    is_part = Metric.parse(aim["metric"]).is_part
    value = f"{100 * aim['value']:g} %" if is_part else f"{aim['value']:g} Gy"
    return f"{aim['metric']} of {whose} at least {value}"


def wanted_words(goal: Mapping[str, Any]) -> str:
    """What is wanted, with its unit."""
    least = "at least " if goal["sense"] == "at_least" else ""
    if goal["unit"] == "1":
        return f"{least}{100 * goal['wanted']:g} %"
    return f"{least}{goal['wanted']:g} Gy"


def reached_words(goal: Mapping[str, Any]) -> str:
    """What is reached, with its unit."""
    if goal["reached"] is None:
        return "not known"
    if goal["unit"] == "1":
        return f"{significant(100 * goal['reached'])} %"
    return f"{significant(goal['reached'])} Gy"


def apart_words(goal: Mapping[str, Any], missed: str = "missed") -> str:
    """By how much a goal is met or missed, in Gy and percent.

    >>> goal = {"sense": "at_least", "unit": "Gy", "wanted": 120.0, "reached": 98.1,
    ...         "met": False, "apart_gy": -21.9, "apart_percent": -18.25}
    >>> apart_words(goal)
    'missed by 21.90 Gy, 18.25 %'
    """
    if goal["reached"] is None:
        return "not checked"
    verb = "met" if goal["met"] or goal["sense"] == "aim" else missed
    gy, percent = goal["apart_gy"], goal["apart_percent"]
    if abs(percent) <= 100 * _SAME:
        return f"{verb} exactly"
    if goal["unit"] == "1":
        return (
            f"{verb} by {_size(percent)} % of the volume; D{100 * goal['wanted']:g} is "
            f"{_size(gy)} Gy {'above' if gy > 0 else 'below'} it"
        )
    said = f"{_size(gy)} Gy, {_size(percent)} %"
    if goal["sense"] == "aim":
        return f"{said} {'above' if gy > 0 else 'below'} it"
    return f"{verb} by {said}"


def _size(apart: float) -> str:
    """A difference without its sign, and without what rounding left of it."""
    return significant(round(abs(apart), 6))
