"""The highest activities within limits: together, or one injection after another."""

from collections.abc import Sequence

from sirtdose.errors import InputError, PlanningError
from sirtdose.planning.limits import Rule
from sirtdose.planning.partition_case import Case, Line, Region

_OWN = ("normal_perfused", "perfused", "tumor")
# So that neither rounding nor ten written digits break the limit that binds.
_UNDER = 1 - 2e-9
# Of a limit, what is not worth an injection.
_NOTHING = 1e-6


def grown_together(
    growing: Sequence[int], fixed: Sequence[float], case: Case, rules: Sequence[Rule]
) -> list[float]:
    """Each grows until a limit of its own volume binds, shared limits then scale all.

    `fixed` are the activities that have a goal, and 0 for those that grow.

    Raises
    ------
    InputError
        Nothing bounds the activity.
    PlanningError
        A limit leaves no room.
    """
    alone = {i: _most_alone(i, case, rules) for i in growing}
    bounded = {i: gbq for i, gbq in alone.items() if gbq is not None}
    if bounded and len(bounded) < len(alone):
        free = next(case.injections[i] for i in alone if i not in bounded)
        raise InputError(
            f"no limit of its own volume holds for '{free}', as one does for the other "
            f"injections: add limit:normal=... or limit:perfused=... to '{free}', such "
            "as limit:normal=70Gy, or give --limit normal=70Gy, which holds for each"
        )
    # Where no volume has a limit of its own, they grow by the same mean dose.
    start = [
        (alone[i] or 1.0 / _mean_gy_per_gbq(i, case)) if i in alone else gbq
        for i, gbq in enumerate(fixed)
    ]
    factors = [1.0] if bounded else []
    factors += _factors(fixed, start, case, rules)
    factor = _least(factors) * _UNDER
    return [gbq + factor * (most - gbq) for gbq, most in zip(fixed, start, strict=True)]


def grown_in_order(
    order: Sequence[int], fixed: Sequence[float], case: Case, rules: Sequence[Rule]
) -> list[float]:
    """The first grows until any limit binds, the next with what that leaves.

    Raises
    ------
    InputError
        Nothing bounds the activity.
    PlanningError
        A limit leaves no room, or those before left none.
    """
    activities = list(fixed)
    for place, i in enumerate(order):
        start = list(activities)
        start[i] = 1.0 / _mean_gy_per_gbq(i, case)
        if place:
            _require_room(order[:place], i, activities, case=case, rules=rules)
        activities[i] = _least(_factors(activities, start, case, rules)) * start[i]
        activities[i] *= _UNDER
    return activities


def _require_room(
    before: Sequence[int],
    i: int,
    activities: Sequence[float],
    *,
    case: Case,
    rules: Sequence[Rule],
) -> None:
    """Refuse an injection for which those before it left nothing."""
    for rule in rules:
        for line in case.lines(rule.volume, rule.injection):
            ceiling = rule.ceiling_gy
            if ceiling is None or not line.gy_per_gbq[i] > 0:
                continue
            if line.value_gy(activities) >= ceiling * (1 - _NOTHING):
                names = " and ".join(f"'{case.injections[k]}'" for k in before)
                raise PlanningError(
                    f"{names} took all of the limit of {ceiling:g} Gy to {line.name}, "
                    f"so nothing is left for '{case.injections[i]}': change "
                    "--maximize-order, or give the first a goal"
                )


def _factors(
    fixed: Sequence[float], start: Sequence[float], case: Case, rules: Sequence[Rule]
) -> list[float]:
    """How far from `fixed` towards `start`, or beyond, each limit lets it go."""
    return [
        _room(line, rule.ceiling_gy, before) / (after - before)
        for rule in rules
        if rule.ceiling_gy is not None
        for line in case.lines(rule.volume, rule.injection)
        for before, after in [(line.value_gy(fixed), line.value_gy(start))]
        if after > before
    ]


def _least(factors: Sequence[float]) -> float:
    if not factors:
        raise InputError(
            "--maximize needs a limit for the activity: give --limit, such as "
            "normal=70Gy, or a lung shunt"
        )
    return min(factors)


def _mean_gy_per_gbq(i: int, case: Case) -> float:
    [perfused] = case.of_injection(case.injections[i], "perfused")
    return perfused.gy_per_gbq[i]


def _most_alone(i: int, case: Case, rules: Sequence[Rule]) -> float | None:
    """The most that the limits of one perfused volume allow; None without any."""
    rooms = [
        (_room(own, rule.ceiling_gy, own.prior_gy), own.gy_per_gbq[i])
        for rule in rules
        if rule.ceiling_gy is not None
        for region in case.held(rule.volume, rule.injection)
        if case.injections[i] in region.of and region.role in _OWN
        for own in region.readings
    ]
    return min((room / slope for room, slope in rooms if slope > 0), default=None)


def _room(line: Line | Region, limit_gy: float, before_gy: float) -> float:
    if limit_gy > before_gy:
        return limit_gy - before_gy
    if line.prior_gy >= limit_gy:
        raise PlanningError(
            f"{line.name} has already received {line.prior_gy:g} Gy, but its limit is "
            f"{limit_gy:g} Gy, so no activity meets it: raise the limit, or do not "
            "treat"
        )
    raise PlanningError(
        f"{line.name} gets {before_gy:.4g} Gy from the injections that have a goal, "
        f"but its limit is {limit_gy:g} Gy, so nothing is left to maximize: lower "
        "those goals"
    )
