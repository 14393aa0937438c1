"""Goals of a plan again by hand: means from its doses, a D from its dose per GBq."""

import re
from collections.abc import Iterator

from sirtdose.planning.hand_number import ROUNDING, HandNumber, Plan, readings

# A V's dose is planned this much higher, so that rounding takes no voxel out of it.
_V_AGREES = 3e-6


def goal_numbers(plan: Plan) -> Iterator[HandNumber]:
    """What goals by a metric reach, and that the first of an injection reaches its own.

    A D is in proportion to the activity of the one injection that a structure is
    reached by.
    """
    for one in plan["assumptions"].get("injections", ()):
        for goal in _goals(plan, one["name"]) if one.get("aims") else ():
            by_hand = _by_hand(plan, goal)
            if by_hand is not None:
                dose, how = by_hand
                yield HandNumber(
                    *(_name(goal), "formula", "Gy", float(goal["reached"])),
                    by_hand=dose,
                    how=how,
                )
        if one["goal"] == "aim":
            yield _least(plan, one)


def goals_not_by_hand(plan: Plan) -> list[str]:
    """Goals that no arithmetic gives from what the plan lists."""
    return [
        _name(goal)
        for one in plan["assumptions"].get("injections", ())
        for goal in (_goals(plan, one["name"]) if one.get("aims") else ())
        if _by_hand(plan, goal) is None
    ]


def _goals(plan: Plan, injection: str) -> list[Plan]:
    return [one for one in plan.get("goals", ()) if one["injection"] == injection]


def _name(goal: Plan) -> str:
    return f"goal {goal['metric']} of {goal['structure']}"


def _least(plan: Plan, one: Plan) -> HandNumber:
    """The structure that gets least has what was typed; of a V the dose of its part."""
    own = [goal for goal in _goals(plan, one["name"]) if goal["sets_activity"]]
    if not own:
        raise KeyError("goals")
    is_part = own[0]["unit"] == "1"
    wanted = float(one["value"])
    if is_part:
        [number] = re.findall(r"[\d.]+", own[0]["metric"])
        wanted = float(number)
    return HandNumber(
        *(f"goal of {one['name']}", "formula", "Gy"),
        plan=wanted + min(goal["apart_gy"] for goal in own),
        by_hand=wanted,
        how=f"{own[0]['metric']} as typed",
        agrees_to=_V_AGREES if is_part else ROUNDING,
    )


def _by_hand(plan: Plan, goal: Plan) -> tuple[float, str] | None:
    """Dose of a mean, or of a D where one injection brings all of it."""
    [part] = [one for one in plan["compartments"] if one["name"] == goal["structure"]]
    if goal["metric"] == "mean":
        return min(own["dose_gy"] for own in readings(part)), "the lesser mean dose"
    brings = [name for name, gy in part["dose_gy_per_gbq"].items() if gy > 0]
    if goal["unit"] != "Gy" or len(brings) != 1 or part.get("all_counts"):
        return None
    name = part["name"]
    if part["role"] == "perfused":
        perfused = {one["name"]: one for one in plan["measured"]["injections"]}
        name = perfused[brings[0]]["perfused"]
    methods = plan["doses_per_gbq"][brings[0]]
    rows = methods[plan["assumptions"]["dose_method"]]
    [per_gbq] = [row["dose_gy_per_gbq"] for row in rows if row["name"] == name] or [{}]
    per = per_gbq.get(goal["metric"].lower())
    if per is None:
        return None
    injections = plan["assumptions"]["injections"]
    [gbq] = [one["activity_gbq"] for one in injections if one["name"] == brings[0]]
    return per * gbq, f"{per:.5g} x {gbq:.5g}"
