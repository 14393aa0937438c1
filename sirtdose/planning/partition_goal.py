"""How much to inject where: a goal of each injection, or the most limits allow."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Literal

from sirtdose.errors import InputError, PlanningError
from sirtdose.model.bounds import require_positive
from sirtdose.planning.limits import always_gy
from sirtdose.planning.partition_case import Case
from sirtdose.planning.perfused import PerfusedVolume, Tumor

Goal = Literal["tumor_dose", "normal_dose", "perfused_dose", "activity", "maximize"]


@dataclass(frozen=True)
class Injection:
    """What is injected where, and what it is to do.

    `value` is in Gy, or in GBq where the goal is an activity; ``"maximize"`` needs
    none. ``"tumor_dose"`` is met by the tumor that gets least.
    """

    name: str
    perfused_volume_ml: float
    tumors: tuple[Tumor, ...]
    goal: Goal
    value: float | None = None
    lung_shunt_fraction: float | None = None


def activities_gbq(
    injections: Sequence[Injection], case: Case, limits_gy: Mapping[str, float]
) -> list[float]:
    """What to inject where; a goal of each injection, or the most that limits allow."""
    fixed = []
    for one, volume in zip(injections, case.volumes, strict=True):
        if one.goal == "maximize":
            fixed.append(0.0)
            continue
        if one.value is None:
            raise InputError(f"the goal of '{one.name}' needs a value")
        require_positive(**{one.goal: one.value})
        fixed.append(one.value / _per_gbq(one, volume))
    growing = [
        volume
        for one, volume in zip(injections, case.volumes, strict=True)
        if one.goal == "maximize"
    ]
    if not growing:
        return fixed
    alone = {volume.name: _most_alone(volume, case, limits_gy) for volume in growing}
    bounded = {name: gbq for name, gbq in alone.items() if gbq is not None}
    if bounded and len(bounded) < len(growing):
        free = next(name for name in alone if name not in bounded)
        raise InputError(
            f"no limit of its own bounds '{free}', as others are: give --limit "
            "normal=... or perfused=..., which hold for each"
        )
    # Where no volume has a limit of its own, they grow by the same mean dose.
    start = [
        alone[volume.name] or 1.0 / volume.mean_gy_per_gbq if volume in growing else gbq
        for volume, gbq in zip(case.volumes, fixed, strict=True)
    ]
    factor = _shared_factor(fixed, start, case, limits_gy, bounded=bool(bounded))
    return [gbq + factor * (most - gbq) for gbq, most in zip(fixed, start, strict=True)]


def _per_gbq(one: Injection, volume: PerfusedVolume) -> float:
    if one.goal == "activity":
        return 1.0
    if one.goal == "normal_dose":
        return volume.normal_gy_per_gbq
    if one.goal == "perfused_dose":
        return volume.mean_gy_per_gbq
    if not one.tumors:
        raise InputError(f"'{one.name}' has no tumor to plan a dose for: give --tumor")
    return min(volume.tumor_gy_per_gbq(tumor) for tumor in one.tumors)


def _most_alone(
    volume: PerfusedVolume, case: Case, limits_gy: Mapping[str, float]
) -> float | None:
    """The most that the limits of one perfused volume allow; None without any."""
    per_gbq = {
        "normal_perfused": (volume.normal_gy_per_gbq, case.prior_liver_gy),
        "perfused": (volume.mean_gy_per_gbq, case.prior_liver_gy),
    }
    for tumor in volume.tumors:
        per_gbq[tumor.name] = (volume.tumor_gy_per_gbq(tumor), 0.0)
    own = [
        _room(name, limit, per_gbq[name][1]) / per_gbq[name][0]
        for name, limit in limits_gy.items()
        if name in per_gbq
    ]
    return min(own, default=None)


def _room(name: str, limit_gy: float, prior_gy: float) -> float:
    if limit_gy <= prior_gy:
        raise PlanningError(
            f"{name} had {prior_gy:g} Gy already, its limit is {limit_gy:g} Gy: no "
            "activity meets it; raise the limit, or do not treat"
        )
    return limit_gy - prior_gy


def _shared_factor(
    fixed: Sequence[float],
    start: Sequence[float],
    case: Case,
    limits_gy: Mapping[str, float],
    *,
    bounded: bool,
) -> float:
    """How far from `fixed` towards `start`, or beyond, the shared limits let it go."""
    limits = {name: always_gy(name) for name in ("lungs", "lungs_cumulative")} | dict(
        limits_gy
    )
    factors = [1.0] if bounded else []
    at_none, at_all = case.doses_gy(fixed), case.doses_gy(start)
    for name in ("lungs", "lungs_cumulative", "normal_whole"):
        before, after = at_none[name], at_all[name]
        if name not in limits or before is None or after is None or after <= before:
            continue
        factors.append(_room(name, limits[name], before) / (after - before))
    if not factors:
        raise InputError(
            "--maximize needs a limit that bounds the activity: give --limit "
            "normal=70Gy or the like, or a lung shunt"
        )
    # So that rounding does not break the limit that binds.
    return min(factors) * (1 - 1e-12)
