"""What a plan's page needs to follow another activity."""

from collections.abc import Mapping, Sequence
from math import ceil, floor
from typing import Any

from sirtdose.model.limit import SAME
from sirtdose.report.ladder import EXACTLY, Rung
from sirtdose.report.plan.command import command_words, draw_per_gbq
from sirtdose.report.plan.moved import Followed
from sirtdose.report.plan.moving_goals import moving_goals
from sirtdose.report.plan.rows import injections_of

# How far an activity may be moved, as a part of the plan's, and to the last mark.
_LEAST, _MOST, _PAST, _FARTHEST = 0.5, 1.6, 1.1, 4.0


def what_if(
    document: Mapping[str, Any],
    rungs: Sequence[Rung],
    checks: Followed,
    goal_points: Mapping[str, Any] | None = None,
) -> dict[str, Any]:
    """Activities with their ranges, the bounds as marks, the checks, and the command.

    Doses are linear in the activities: `k` of a mark is Gy per GBq of each injection.
    The page compares with these bounds, and with no other: `same` and `exactly` are
    how far a dose may be from one to be at it. `goal_points` are doses by the parts of
    the plan that goals by D and V are for.
    """
    injections = injections_of(document)
    draws = draw_per_gbq(document)
    marks = [
        {
            "text": f"{rung.name} {bound_gy:g} Gy",
            "gy": bound_gy,
            "kind": "limit" if one.sense in ("at_most", "range") else "goal",
            "k": list(one.gy_per_gbq),
            "c": one.prior_gy,
        }
        for rung in rungs
        for one in rung.verdicts
        if any(one.gy_per_gbq)
        for bound_gy in [one.upper_gy if one.sense == "range" else one.limit_gy]
    ]
    goals = moving_goals(document, goal_points or {})
    marks += [
        {
            "text": one["mark"],
            "gy": one["wanted_gy"],
            "kind": "goal",
            "k": one["lines"][0],
            "c": 0.0,
        }
        for one in goals
        if one["moves"] and one["lines"] and len(one["lines"]) == 1
    ]
    return {
        "injections": [
            {
                "name": one["name"],
                "gbq": one["activity_gbq"],
                "draw": draw,
                **_range(number, injections, marks),
            }
            for number, (one, draw) in enumerate(zip(injections, draws, strict=True))
        ],
        "marks": [*marks, *checks.marks],
        "checks": checks.trees,
        "stay": checks.stay,
        "goals": goals,
        "same": SAME,
        "exactly": EXACTLY,
        "command": command_words(document),
        "prescribed_gy": document["assumptions"].get("prescribed_dose_gy"),
    }


def _range(
    number: int, injections: Sequence[Mapping[str, Any]], marks: Sequence[Any]
) -> dict[str, float]:
    """From half the activity to a little past the last bound, in round numbers."""
    gbq = injections[number]["activity_gbq"]
    reached = [
        (mark["gy"] - mark["c"] - _by_others(number, injections, mark))
        / mark["k"][number]
        for mark in marks
        if mark["k"][number] > 0
    ]
    near = [one * _PAST for one in reached if 0 < one < _FARTHEST * gbq]
    step = 0.01 if gbq >= 0.1 else 0.001
    low = floor(_LEAST * gbq / step) * step
    high = ceil(max([_MOST * gbq, *near]) / step) * step
    return {"low": round(max(low, step), 3), "high": round(high, 3), "step": step}


def _by_others(
    number: int, injections: Sequence[Mapping[str, Any]], mark: Mapping[str, Any]
) -> float:
    return sum(
        float(k * one["activity_gbq"])
        for other, (k, one) in enumerate(zip(mark["k"], injections, strict=True))
        if other != number
    )
