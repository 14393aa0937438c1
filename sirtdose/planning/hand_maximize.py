"""The greatest activities of a plan by hand, from its limits and doses per GBq."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from sirtdose.planning.hand_number import HandNumber, Plan, readings, scout_gbq

_OWN_ROLES = ("normal_perfused", "perfused", "tumor")
_LUNGS = ("lungs", "lungs_cumulative")


@dataclass(frozen=True)
class _Ceiling:
    """A maximum dose, what is there before, and what 1 GBq of each adds."""

    name: str
    limit_gy: float
    prior_gy: float
    per_gbq: tuple[float, ...]
    of: tuple[str, ...]

    def left_gy(self, activities: Sequence[float]) -> float:
        given = sum(s * gbq for s, gbq in zip(self.per_gbq, activities, strict=True))
        return self.limit_gy - self.prior_gy - given


def greatest_activities(plan: Plan) -> Iterator[HandNumber]:
    """What each maximized injection may have at most, by the rule that the plan keeps.

    Together each grows to the limits of its own volume, and one factor brings all
    under the limits that they share. In an order each takes what is left.
    """
    injections = plan["assumptions"].get("injections") or []
    grows = [one["goal"] == "maximize" for one in injections]
    # Plans of before do not list doses per GBq.
    linear = all(one.get("dose_gy_per_gbq") for one in plan["compartments"])
    if not any(grows) or not linear:
        return
    ceilings = list(_ceilings(plan, [one["name"] for one in injections]))
    fixed = [
        0.0 if grow else one["activity_gbq"]
        for one, grow in zip(injections, grows, strict=True)
    ]
    order = plan["assumptions"].get("maximize_order")
    names = [one["name"] for one in injections]
    if order:
        found = _in_order([names.index(name) for name in order], fixed, ceilings)
    else:
        found = _together(grows, fixed, ceilings, names=names, plan=plan)
    rule = f"in the order {', '.join(order)}" if order else "together"
    for i, one in enumerate(injections):
        if grows[i]:
            nearest = min(
                (c for c in ceilings if c.per_gbq[i] > 0),
                key=lambda c: c.left_gy(found) / c.limit_gy,
            )
            yield HandNumber(
                *(f"greatest activity of {one['name']}", "activity", "GBq"),
                plan=float(one["activity_gbq"]),
                by_hand=found[i],
                how=f"{rule}, up to {nearest.limit_gy:g} Gy to {nearest.name}",
            )


def _in_order(
    order: Sequence[int], fixed: Sequence[float], ceilings: Sequence[_Ceiling]
) -> list[float]:
    found = list(fixed)
    for i in order:
        found[i] = min(
            c.left_gy(found) / c.per_gbq[i] for c in ceilings if c.per_gbq[i]
        )
    return found


def _together(
    grows: Sequence[bool],
    fixed: Sequence[float],
    ceilings: Sequence[_Ceiling],
    *,
    names: Sequence[str],
    plan: Plan,
) -> list[float]:
    nothing = [0.0] * len(fixed)
    alone = [
        min(
            (
                c.left_gy(nothing) / c.per_gbq[i]
                for c in ceilings
                if name in c.of and c.per_gbq[i]
            ),
            default=None,
        )
        for i, name in enumerate(names)
    ]
    bounded = any(gbq for gbq, grow in zip(alone, grows, strict=True) if grow)
    steps = [
        (gbq or 1 / _mean_per_gbq(plan, i, name)) if grow else 0.0
        for i, (gbq, grow, name) in enumerate(zip(alone, grows, names, strict=True))
    ]
    factors = [1.0] if bounded else []
    for c in ceilings:
        step_gy = sum(s * gbq for s, gbq in zip(c.per_gbq, steps, strict=True))
        if step_gy > 0:
            factors.append(c.left_gy(fixed) / step_gy)
    return [a + min(factors) * b for a, b in zip(fixed, steps, strict=True)]


def _mean_per_gbq(plan: Plan, i: int, name: str) -> float:
    """Mean dose to what an injection perfuses, by 1 GBq."""
    parts = [one for one in plan["compartments"] if one["role"] == "perfused"]
    own = [one for one in parts if name in one["dose_by_injection_gy"]] or parts
    return float(list(own[0]["dose_gy_per_gbq"].values())[i])


def _ceilings(plan: Plan, names: Sequence[str]) -> Iterator[_Ceiling]:
    """Every dose that a limit of the plan holds for, by all readings of an image."""
    lungs, injections = plan["lungs"], plan["assumptions"].get("injections") or []
    k = plan["nuclide"]["dose_constant_gy_kg_per_gbq"]
    for limit in plan["limits"]:
        high = limit["limit_gy"] if limit["sense"] == "at_most" else limit["upper_gy"]
        if high is None or limit["value_gy"] is None:
            continue
        if limit["name"] in _LUNGS:
            shunts = [one["lung_shunt_fraction"] or 0.0 for one in injections]
            per_gbq = tuple(k * shunt / lungs["mass_kg"] for shunt in shunts)
            prior = plan["assumptions"]["prior_lung_dose_gy"]
            scout = scout_gbq(plan).values()
            prior += sum(gbq * gy for gbq, gy in zip(scout, per_gbq, strict=False))
            before = prior if limit["name"] == "lungs_cumulative" else 0.0
            yield _Ceiling(limit["name"], high, before, per_gbq, ())
            continue
        for part in plan["compartments"]:
            own = readings(part)
            if limit["value_of"] not in [one["name"] for one in own]:
                continue
            of = part["dose_by_injection_gy"] or (names if len(names) == 1 else ())
            local = part["role"] in _OWN_ROLES
            for one in own:
                yield _Ceiling(
                    one["name"],
                    high,
                    one["cumulative_dose_gy"] - one["dose_gy"],
                    tuple(one["dose_gy_per_gbq"].values()),
                    tuple(of) if local else (),
                )
