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
            if not isinstance(by_hand, str):
                dose, how = by_hand
                yield HandNumber(
                    *(_name(goal), "formula", "Gy", float(goal["reached"])),
                    by_hand=dose,
                    how=how,
                )
        if one["goal"] == "aim":
            yield _least(plan, one)


def goals_not_by_hand(plan: Plan) -> list[str]:
    """Goals that no arithmetic gives from what the plan lists, and why not."""
    return [
        f"{_name(goal)} ({why})"
        for one in plan["assumptions"].get("injections", ())
        for goal in (_goals(plan, one["name"]) if one.get("aims") else ())
        if isinstance(why := _by_hand(plan, goal), str)
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


def _by_hand(plan: Plan, goal: Plan) -> tuple[float, str] | str:
    """Dose of a mean, or of a D where one injection brings all of it; else why not."""
    [part] = [one for one in plan["compartments"] if one["name"] == goal["structure"]]
    metric = goal["metric"]
    if metric == "mean":
        return min(own["dose_gy"] for own in readings(part)), "the lesser mean dose"
    if goal["unit"] != "Gy":
        return f"no {metric} is in proportion to the activity"
    brings = [name for name, gy in part["dose_gy_per_gbq"].items() if gy > 0]
    if len(brings) > 1:
        return f"{' and '.join(brings)} bring its dose: their {metric} do not add up"
    if part.get("all_counts"):
        return "it is the lesser of two readings of the image"
    per = _per_gbq(plan, part, brings[0]).get(metric.lower()) if brings else None
    if per is None:
        return f"the plan lists no {metric} per GBq"
    injections = plan["assumptions"]["injections"]
    [gbq] = [one["activity_gbq"] for one in injections if one["name"] == brings[0]]
    return per * gbq, f"{per:.5g} x {gbq:.5g}"


def _per_gbq(plan: Plan, part: Plan, injection: str) -> Plan:
    """Doses of a part by 1 GBq of an injection, by the name that the map has for it."""
    name = part["name"]
    if part["role"] == "perfused":
        perfused = {one["name"]: one for one in plan["measured"]["injections"]}
        name = perfused[injection]["perfused"]
    rows = plan["doses_per_gbq"][injection][plan["assumptions"]["dose_method"]]
    [per_gbq] = [row["dose_gy_per_gbq"] for row in rows if row["name"] == name] or [{}]
    found: Plan = per_gbq
    return found
