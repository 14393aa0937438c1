"""How much to inject where: a goal of each injection, or the most limits allow."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import Literal, Protocol, TypeVar

from sirtdose.errors import InputError, PlanningError
from sirtdose.model.bounds import require_positive
from sirtdose.model.goal import Goal as Reached
from sirtdose.model.metric import MEAN
from sirtdose.planning.aim import (
    Aim,
    LinearReach,
    Reach,
    VoxelDoses,
    aims_reached,
    named_aims,
    reaches_of,
    require_uptake,
)
from sirtdose.planning.limits import Rule
from sirtdose.planning.maximize import grown_in_order, grown_together
from sirtdose.planning.partition_case import Case
from sirtdose.planning.perfused import Tumor

Goal = Literal[
    "tumor_dose", "normal_dose", "perfused_dose", "activity", "maximize", "aim"
]

# The regions whose dose a goal is about.
_ROLE_OF = {
    "tumor_dose": "tumor",
    "normal_dose": "normal_perfused",
    "perfused_dose": "perfused",
}
_ROUNDS_MAX, _SETTLED = 500, 1e-12


class Wanted(Protocol):
    """What an injection is to do; `value` in Gy, or in GBq for an activity.

    The first of the `aims` is what it is to do where its goal is ``"aim"``.
    """

    @property
    def name(self) -> str: ...  # noqa: D102
    @property
    def goal(self) -> Goal: ...  # noqa: D102
    @property
    def value(self) -> float | None: ...  # noqa: D102
    @property
    def prior_dose_gy(self) -> float | None: ...  # noqa: D102
    @property
    def aims(self) -> tuple[Aim, ...]: ...  # noqa: D102


@dataclass(frozen=True)
class Injection:
    """What is injected where, and what it is to do.

    `value` is in Gy, or in GBq where the goal is an activity; ``"maximize"`` needs
    none. ``"tumor_dose"`` is met by the tumor that gets least. With ``"aim"`` the first
    of the `aims` sets the activity; all others are shown as met or missed. A shunt is
    given as that of all that is injected, or as Kao's tumor-lung shunt fraction, not
    as both.
    `prior_dose_gy` is what this volume had before, where the liver had another dose.
    `limit_table` and `limits_gy` hold for what it perfuses alone. `scout_gbq` is what
    a scout of the same microspheres had here.
    """

    name: str
    perfused_volume_ml: float
    tumors: tuple[Tumor, ...]
    goal: Goal
    value: float | None = None
    lung_shunt_fraction: float | None = None
    tumor_lung_shunt_fraction: float | None = None
    prior_dose_gy: float | None = None
    limit_table: str = ""
    limits_gy: Mapping[str, float] = field(default_factory=dict)
    aims: tuple[Aim, ...] = ()
    scout_gbq: float | None = None


@dataclass(frozen=True)
class ImagedInjection:
    """What is injected into which structure, and what it is to do.

    `perfused` is the structure's name; None for the one of role perfused, else the
    liver. `value` is in Gy, or in GBq where the goal is an activity. `limit_table` and
    `limits_gy` hold for what it perfuses alone. `aims` and `scout_gbq` are as of
    :class:`Injection`.
    """

    name: str
    perfused: str | None
    goal: Goal
    value: float | None = None
    lung_shunt_fraction: float | None = None
    prior_dose_gy: float | None = None
    limit_table: str = ""
    limits_gy: Mapping[str, float] = field(default_factory=dict)
    aims: tuple[Aim, ...] = ()
    scout_gbq: float | None = None


_OneInjection = TypeVar("_OneInjection", Injection, ImagedInjection)


def with_named_aims(
    wanted: Sequence[_OneInjection], case: Case
) -> tuple[_OneInjection, ...]:
    """The injections with their aims by the plan's own names."""
    return tuple(
        replace(one, aims=named_aims(one.aims, one.name, case)) for one in wanted
    )


def activities_gbq(
    wanted: Sequence[Wanted],
    case: Case,
    rules: Sequence[Rule],
    *,
    order: Sequence[str] = (),
    voxels: VoxelDoses | None = None,
) -> list[float]:
    """What to inject where, in the order of the case's injections.

    `order` names the injections to maximize one after another; without it they grow
    together.

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
    limits that injections share then scale them all alike. In an order the first
    grows until any limit binds, the next with what that leaves.
    """
    growing = [i for i, one in enumerate(wanted) if one.goal == "maximize"]
    in_order = _placed(order, wanted)
    fixed = _meeting_goals(wanted, case, voxels)
    if not growing:
        return fixed
    if in_order:
        return grown_in_order(in_order, fixed, case, rules)
    return grown_together(growing, fixed, case, rules)


def goals_reached(
    wanted: Sequence[Wanted],
    case: Case,
    activities: Sequence[float],
    voxels: VoxelDoses | None = None,
) -> list[Reached]:
    """Every goal with what these activities reach: of each injection its own first."""
    found = []
    for one in wanted:
        if one.goal in _ROLE_OF and one.value is not None:
            found += _dose_goals(one, one.value, case, activities)
        for number, aim in enumerate(one.aims):
            goals = aims_reached(aim, one.name, case, activities, voxels=voxels)
            first = one.goal == "aim" and number == 0
            found += [goal.setting() if first else goal for goal in goals]
    return found


def _dose_goals(
    one: Wanted, value: float, case: Case, activities: Sequence[float]
) -> list[Reached]:
    """A mean dose, by the reading that sets the activity."""
    pick = max if one.goal == "normal_dose" else min
    return [
        Reached(
            injection=one.name,
            structure=region.name,
            metric=MEAN,
            sense="at_least" if one.goal == "tumor_dose" else "aim",
            wanted=value,
            reached=dose,
            wanted_gy=value,
            reached_gy=dose,
            sets_activity=True,
        )
        for region in case.of_injection(one.name, _ROLE_OF[one.goal])
        for dose in [pick(own.dose_gy(activities) for own in region.readings)]
    ]


def _placed(order: Sequence[str], wanted: Sequence[Wanted]) -> list[int]:
    """The places of the injections that are maximized one after another.

    Raises
    ------
    InputError
        A name that is no injection's, one that has a goal, or one that is missing.
    """
    names = [one.name for one in wanted]
    grows = [one.name for one in wanted if one.goal == "maximize"]
    for name in order:
        if name not in names:
            raise InputError(
                f"--maximize-order names '{name}', but the injections are "
                f"{', '.join(names)}"
            )
        if name not in grows:
            raise InputError(
                f"--maximize-order names '{name}', which has a goal of its own: leave "
                "it out, or maximize it"
            )
    if order and sorted(order) != sorted(grows):
        raise InputError(
            f"--maximize-order is {', '.join(order)}: name each injection that is "
            f"maximized once, {', '.join(grows)}"
        )
    return [names.index(name) for name in order]


def _meeting_goals(
    wanted: Sequence[Wanted], case: Case, voxels: VoxelDoses | None
) -> list[float]:
    """Activities that meet every goal; 0 for those that are to grow."""
    activities = [0.0] * len(wanted)
    reaches = [_reaches(i, one, case, voxels) for i, one in enumerate(wanted)]
    _require_apart(wanted, reaches)
    for _ in range(_ROUNDS_MAX):
        before = list(activities)
        for i, one in enumerate(wanted):
            if not reaches[i]:
                continue
            # The region that gets least must reach the goal, no normal liver pass it.
            pick = min if one.goal == "normal_dose" else max
            activities[i] = pick(own.needed_gbq(i, activities) for own in reaches[i])
        if all(
            abs(a - b) <= _SETTLED * abs(a)
            for a, b in zip(activities, before, strict=True)
        ):
            break
    else:
        raise PlanningError(
            "the goals of injections that share volume conflict, so no activities "
            "meet them all: give one of them an activity"
        )
    for one, gbq in zip(wanted, activities, strict=True):
        if one.goal != "maximize" and gbq <= 0:
            own = one.aims[0].value_words if one.goal == "aim" else f"{one.value:g} Gy"
            raise PlanningError(
                f"the other injections alone give '{one.name}' its {own}: leave it "
                "out, or raise its goal"
            )
    return activities


def _reaches(i: int, one: Wanted, case: Case, voxels: VoxelDoses | None) -> list[Reach]:
    """What an injection's goal asks of its activity; nothing where it is to grow."""
    if one.goal == "maximize":
        return []
    if one.goal == "aim":
        return reaches_of(one.aims[0], i, case, voxels)
    if one.value is None:
        raise InputError(f"the goal of '{one.name}' needs a value")
    require_positive(**{one.goal: one.value})
    if one.goal == "activity":
        alone = tuple(float(i == k) for k in range(len(case.injections)))
        return [LinearReach(alone, one.value)]
    role = _ROLE_OF[one.goal]
    regions = case.of_injection(one.name, role)
    require_uptake(regions, i, case)
    if not regions:
        what = "tumor" if role == "tumor" else "normal liver"
        # Of an image, a tumor is one of its structures.
        how = "assign it with --role 'NAME=tumor'" if case.measured else "give --tumor"
        raise InputError(
            f"'{one.name}' has no {what} to plan a dose for"
            f"{f': {how}' if role == 'tumor' else ''}"
        )
    return [
        LinearReach(own.gy_per_gbq, one.value)
        for region in regions
        for own in region.readings
    ]


def _require_apart(
    wanted: Sequence[Wanted], reaches: Sequence[Sequence[Reach]]
) -> None:
    """A goal cannot be met beside an injection that grows into its volume."""
    for i, one in enumerate(wanted):
        for k, other in enumerate(wanted):
            if other.goal == "maximize" and any(r.shares(k, i) for r in reaches[i]):
                raise InputError(
                    f"'{one.name}' and '{other.name}' share volume, so the first "
                    "cannot have a goal while the second is maximized: give both a "
                    "goal, or maximize both"
                )
