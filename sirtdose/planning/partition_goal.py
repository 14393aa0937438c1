"""How much to inject where: a goal of each injection, or the most limits allow."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Literal, Protocol

from sirtdose.errors import InputError, PlanningError
from sirtdose.model.bounds import require_positive
from sirtdose.planning.limits import Rule
from sirtdose.planning.partition_case import Case, Line, Region
from sirtdose.planning.perfused import Tumor

Goal = Literal["tumor_dose", "normal_dose", "perfused_dose", "activity", "maximize"]

# The regions whose dose a goal is about.
_ROLE_OF = {
    "tumor_dose": "tumor",
    "normal_dose": "normal_perfused",
    "perfused_dose": "perfused",
}
_OWN = ("normal_perfused", "perfused", "tumor")
_ROUNDS_MAX = 500


class Wanted(Protocol):
    """What an injection is to do; `value` in Gy, or in GBq for an activity."""

    @property
    def name(self) -> str: ...  # noqa: D102
    @property
    def goal(self) -> Goal: ...  # noqa: D102
    @property
    def value(self) -> float | None: ...  # noqa: D102
    @property
    def prior_dose_gy(self) -> float | None: ...  # noqa: D102


@dataclass(frozen=True)
class Injection:
    """What is injected where, and what it is to do.

    `value` is in Gy, or in GBq where the goal is an activity; ``"maximize"`` needs
    none. ``"tumor_dose"`` is met by the tumor that gets least. A shunt is given as
    that of all that is injected, or as Kao's tumor-lung shunt fraction, not as both.
    `prior_dose_gy` is what this volume had before, where the liver had another dose.
    """

    name: str
    perfused_volume_ml: float
    tumors: tuple[Tumor, ...]
    goal: Goal
    value: float | None = None
    lung_shunt_fraction: float | None = None
    tumor_lung_shunt_fraction: float | None = None
    prior_dose_gy: float | None = None


@dataclass(frozen=True)
class ImagedInjection:
    """What is injected into which structure, and what it is to do.

    `perfused` is the structure's name; None for the one of role perfused, else the
    liver. `value` is in Gy, or in GBq where the goal is an activity.
    """

    name: str
    perfused: str | None
    goal: Goal
    value: float | None = None
    lung_shunt_fraction: float | None = None
    prior_dose_gy: float | None = None


def activities_gbq(
    wanted: Sequence[Wanted], case: Case, rules: Sequence[Rule]
) -> list[float]:
    """What to inject where, in the order of the case's injections.

    Raises
    ------
    InputError
        A goal without its value or its region, or nothing that bounds the activity.
    PlanningError
        No activity meets the goals, or every limit.

    Notes
    -----
    Doses of regions that injections share count for the goals of each: the
    activities that meet all goals together are found by going round until they stand
    still. To maximize, each injection grows until a limit of its own volume binds;
    limits that injections share then scale them all alike.
    """
    grows = [one.goal == "maximize" for one in wanted]
    fixed = _meeting_goals(wanted, case)
    if not any(grows):
        return fixed
    alone = {
        one.name: _most_alone(i, one.name, case, rules)
        for i, one in enumerate(wanted)
        if grows[i]
    }
    bounded = {name: gbq for name, gbq in alone.items() if gbq is not None}
    if bounded and len(bounded) < len(alone):
        free = next(name for name in alone if name not in bounded)
        raise InputError(
            f"no limit holds for '{free}', but for other injections: give --limit "
            "normal=... or perfused=..., which hold for each"
        )
    # Where no volume has a limit of its own, they grow by the same mean dose.
    start = [
        (alone[one.name] or 1.0 / _mean_gy_per_gbq(i, one.name, case)) if grow else gbq
        for i, (one, gbq, grow) in enumerate(zip(wanted, fixed, grows, strict=True))
    ]
    factor = _shared_factor(fixed, start, case, rules, bounded=bool(bounded))
    return [gbq + factor * (most - gbq) for gbq, most in zip(fixed, start, strict=True)]


def _meeting_goals(wanted: Sequence[Wanted], case: Case) -> list[float]:
    """Activities that meet every goal; 0 for those that are to grow."""
    activities = [0.0] * len(wanted)
    slopes = [_slopes(i, one, case) for i, one in enumerate(wanted)]
    _require_apart(wanted, slopes)
    for _ in range(_ROUNDS_MAX):
        before = list(activities)
        for i, one in enumerate(wanted):
            if one.value is None:
                continue
            # The region that gets least must reach the goal, no normal liver pass it.
            pick = min if one.goal == "normal_dose" else max
            activities[i] = pick(
                (one.value - _others(slope, activities, i)) / slope[i]
                for slope in slopes[i]
            )
        if all(
            abs(a - b) <= 1e-14 * abs(a)
            for a, b in zip(activities, before, strict=True)
        ):
            break
    else:
        raise PlanningError(
            "the goals of injections that share volume conflict, so no activities "
            "meet them all: give one of them an activity"
        )
    for one, gbq in zip(wanted, activities, strict=True):
        if one.value is not None and gbq <= 0:
            raise PlanningError(
                f"the other injections alone give '{one.name}' its {one.value:g} Gy: "
                "leave it out, or raise its goal"
            )
    return activities


def _slopes(i: int, one: Wanted, case: Case) -> list[tuple[float, ...]]:
    """Gy, or GBq, of an injection's goal by 1 GBq of each injection."""
    if one.goal == "maximize":
        return []
    if one.value is None:
        raise InputError(f"the goal of '{one.name}' needs a value")
    require_positive(**{one.goal: one.value})
    if one.goal == "activity":
        return [tuple(float(i == k) for k in range(len(case.injections)))]
    role = _ROLE_OF[one.goal]
    regions = case.of_injection(one.name, role)
    for region in regions:
        if not region.gy_per_gbq[i] > 0:
            out = f" (--role '{region.name}=other')" if case.measured else ""
            raise PlanningError(
                f"'{region.name}' has no uptake from '{one.name}', so no activity "
                f"gives it a dose: leave it out{out}, or choose another goal"
            )
    if not regions:
        what = "tumor" if role == "tumor" else "normal liver"
        # Of an image, a tumor is one of its structures.
        how = "assign it with --role 'NAME=tumor'" if case.measured else "give --tumor"
        raise InputError(
            f"'{one.name}' has no {what} to plan a dose for"
            f"{f': {how}' if role == 'tumor' else ''}"
        )
    return [own.gy_per_gbq for region in regions for own in region.readings]


def _others(slope: tuple[float, ...], activities: Sequence[float], i: int) -> float:
    return sum(
        s * a for k, (s, a) in enumerate(zip(slope, activities, strict=True)) if k != i
    )


def _require_apart(
    wanted: Sequence[Wanted], slopes: Sequence[Sequence[tuple[float, ...]]]
) -> None:
    """A goal cannot be met beside an injection that grows into its volume."""
    for i, one in enumerate(wanted):
        for k, other in enumerate(wanted):
            if other.goal == "maximize" and any(s[k] > 1e-3 * s[i] for s in slopes[i]):
                raise InputError(
                    f"'{one.name}' and '{other.name}' share volume, so the first "
                    "cannot have a goal while the second is maximized: give both a "
                    "goal, or maximize both"
                )


def _mean_gy_per_gbq(i: int, name: str, case: Case) -> float:
    [perfused] = case.of_injection(name, "perfused")
    return perfused.gy_per_gbq[i]


def _most_alone(i: int, name: str, case: Case, rules: Sequence[Rule]) -> float | None:
    """The most that the limits of one perfused volume allow; None without any."""
    rooms = [
        (_room(own, rule.ceiling_gy, own.prior_gy), own.gy_per_gbq[i])
        for rule in rules
        if rule.ceiling_gy is not None
        for region in case.held(rule.volume)
        if name in region.of and region.role in _OWN
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


def _shared_factor(
    fixed: Sequence[float],
    start: Sequence[float],
    case: Case,
    rules: Sequence[Rule],
    *,
    bounded: bool,
) -> float:
    """How far from `fixed` towards `start`, or beyond, the limits let it go."""
    factors = [1.0] if bounded else []
    factors += [
        _room(line, rule.ceiling_gy, before) / (after - before)
        for rule in rules
        if rule.ceiling_gy is not None
        for line in case.lines(rule.volume)
        for before, after in [(line.value_gy(fixed), line.value_gy(start))]
        if after > before
    ]
    if not factors:
        raise InputError(
            "--maximize needs a limit for the activity: give --limit, such as "
            "normal=70Gy, or a lung shunt"
        )
    # So that neither rounding nor ten written digits break the limit that binds.
    return min(factors) * (1 - 2e-9)
