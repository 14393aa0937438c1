"""A goal by a metric: what a tumor is to get at least, and how activity reaches it."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from typing import Protocol

from sirtdose.errors import InputError, PlanningError
from sirtdose.model.goal import Goal
from sirtdose.model.metric import MEAN, Metric
from sirtdose.model.names import alike
from sirtdose.planning.partition_case import Case, Region

EVERY_TUMOR, PERFUSED = "tumor", "perfused"
# Voxels that a V just holds are not to fall out of it by a rounded activity or dose.
V_MARGIN = 1e-6
_MOST_GBQ = 1e4
_ROOT_ROUNDS, _ROOT_TO = 200, 1e-14
# Of a dose, what another injection must bring to count as sharing the volume.
_SHARES = 1e-3


@dataclass(frozen=True)
class Aim:
    """A metric that every tumor of an injection, one tumor, or all perfused must reach.

    `of` is ``"tumor"``, a tumor's name, or ``"perfused"``; `value` is in Gy, or the
    fraction of the volume where the metric is a V.

    Examples
    --------
    >>> Aim("T1", Metric.parse("V100Gy"), 0.9).words
    'V100Gy of T1 at least 90 %'
    """

    of: str
    metric: Metric
    value: float

    @property
    def words(self) -> str:
        """The aim in a sentence."""
        whose = "every tumor" if self.of == EVERY_TUMOR else self.of
        return f"{self.metric.words} of {whose} at least {self.value_words}"

    @property
    def value_words(self) -> str:
        """What is wanted, with its unit."""
        if self.metric.is_part:
            return f"{100 * self.value:g} %"
        return f"{self.value:g} Gy"

    @property
    def as_dose(self) -> tuple[Metric, float]:
        """The same as a dose to be reached: V100Gy of 90 % is a D90 of 100 Gy.

        >>> Aim("T1", Metric.parse("D70"), 120.0).as_dose[1]
        120.0
        """
        if not self.metric.is_part:
            return self.metric, self.value
        dose_gy = (self.metric.number or 0.0) * (1 + V_MARGIN)
        return Metric("d", 100 * self.value), dose_gy


class VoxelDoses(Protocol):
    """Doses of a plan's regions by voxel, where an image is planned on."""

    def value(
        self, name: str, metric: Metric, activities: Sequence[float]
    ) -> float | None:
        """A metric of a region, of two readings the lesser; None for no such one."""


class Reach(Protocol):
    """A dose that an injection's activity must bring to a value."""

    def needed_gbq(self, i: int, activities: Sequence[float]) -> float:
        """The activity of an injection that does, the others as they are."""

    def shares(self, k: int, i: int) -> bool:
        """Whether another injection brings a part of the dose that one brings."""


@dataclass(frozen=True)
class LinearReach:
    """A value that grows in proportion to the activities."""

    per_gbq: tuple[float, ...]
    value: float

    def needed_gbq(self, i: int, activities: Sequence[float]) -> float:
        """What is left to reach, by what 1 GBq brings."""
        others = sum(
            slope * gbq
            for k, (slope, gbq) in enumerate(zip(self.per_gbq, activities, strict=True))
            if k != i
        )
        return (self.value - others) / self.per_gbq[i]

    def shares(self, k: int, i: int) -> bool:
        """By the doses of 1 GBq of each."""
        return self.per_gbq[k] > _SHARES * self.per_gbq[i]


@dataclass(frozen=True)
class VoxelReach:
    """A dose of a histogram: in proportion for one injection, by a root for several."""

    region: Region
    metric: Metric
    value: float
    voxels: VoxelDoses

    def needed_gbq(self, i: int, activities: Sequence[float]) -> float:
        """The root of what is reached less what is wanted."""

        def missing(gbq: float) -> float:
            tried = [gbq if k == i else one for k, one in enumerate(activities)]
            return self._reached(tried) - self.value

        alone = self._reached([float(k == i) for k in range(len(activities))])
        if alone > 0 and not any(gbq for k, gbq in enumerate(activities) if k != i):
            return self.value / alone
        if missing(0.0) >= 0:
            return 0.0
        high = self.value / self.region.gy_per_gbq[i]
        while missing(high) < 0:
            high *= 2
            if high > _MOST_GBQ:
                raise PlanningError(
                    f"no activity gives '{self.region.name}' a {self.metric.words} of "
                    f"{self.value:g} Gy: a part of it has no uptake; choose a D or V "
                    "of a smaller part, or the mean"
                )
        return _root(missing, high)

    def shares(self, k: int, i: int) -> bool:
        """By the mean doses of 1 GBq of each."""
        return self.region.gy_per_gbq[k] > _SHARES * self.region.gy_per_gbq[i]

    def _reached(self, activities: Sequence[float]) -> float:
        found = self.voxels.value(self.region.name, self.metric, activities)
        if found is None:
            raise InputError(
                f"'{self.region.name}' has {self.region.volume_ml:.3g} mL, so it has "
                f"no {self.metric.words}: give a smaller volume, or a D in percent"
            )
        return found


def aimed_regions(aim: Aim, injection: str, case: Case) -> list[Region]:
    """The regions of an injection that an aim is for.

    Raises
    ------
    InputError
        It perfuses no such region, or its dose by voxel is not known.
    """
    tumors = case.of_injection(injection, "tumor")
    if aim.of == PERFUSED:
        return case.of_injection(injection, "perfused")
    found = [one for one in tumors if aim.of in (EVERY_TUMOR, one.name)]
    if not found:
        names = ", ".join(one.name for one in tumors)
        has = f": use tumor for every one, or {names}" if names else ""
        raise InputError(
            f"the goal {aim.words}: '{injection}' perfuses no such tumor{has}"
        )
    return found


def named_aims(aims: Sequence[Aim], injection: str, case: Case) -> tuple[Aim, ...]:
    """The aims of an injection by the plan's own names, whichever of them was typed.

    A perfused volume has that of the plan and the one that it was drawn with.

    Raises
    ------
    InputError
        A name that may be of several.
    """
    names = {
        name: PERFUSED
        for one in case.of_injection(injection, "perfused")
        for name in (one.name, one.drawn)
        if name
    }
    names |= {one.name: one.name for one in case.of_injection(injection, "tumor")}
    names |= {EVERY_TUMOR: EVERY_TUMOR, PERFUSED: PERFUSED}
    found = []
    for aim in aims:
        meant = list(dict.fromkeys(names[one] for one in alike(aim.of, names)))
        if len(meant) > 1:
            raise InputError(
                f"the goal {aim.words} may be of {' or '.join(meant)}: write one of "
                "these"
            )
        found.append(replace(aim, of=meant[0]) if meant else aim)
    return tuple(found)


def reaches_of(aim: Aim, i: int, case: Case, voxels: VoxelDoses | None) -> list[Reach]:
    """What an injection must reach by an aim: one of each region and reading."""
    regions = aimed_regions(aim, case.injections[i], case)
    require_uptake(regions, i, case)
    if aim.metric == MEAN:
        return [
            LinearReach(own.gy_per_gbq, aim.value)
            for one in regions
            for own in one.readings
        ]
    known = _require_voxels(aim, voxels)
    metric, dose_gy = aim.as_dose
    return [VoxelReach(one, metric, dose_gy, known) for one in regions]


def require_uptake(regions: Sequence[Region], i: int, case: Case) -> None:
    """Refuse a dose to what an injection does not reach.

    Raises
    ------
    PlanningError
        Names the region.
    """
    for region in regions:
        if not region.gy_per_gbq[i] > 0:
            out = f" (--role '{region.name}=other')" if case.measured else ""
            raise PlanningError(
                f"'{region.name}' has no uptake from '{case.injections[i]}', so no "
                f"activity gives it a dose: leave it out{out}, or choose another goal"
            )


def aims_reached(
    aim: Aim,
    injection: str,
    case: Case,
    activities: Sequence[float],
    *,
    voxels: VoxelDoses | None,
) -> list[Goal]:
    """What becomes of an aim, for each region that it is for."""
    found = []
    for region in aimed_regions(aim, injection, case):

        def reached(metric: Metric, region: Region = region) -> float | None:
            if metric == MEAN:
                return min(own.dose_gy(activities) for own in region.readings)
            known = _require_voxels(aim, voxels)
            return known.value(region.name, metric, activities)

        found.append(goal_of(aim, injection, region.name, reached))
    return found


def goal_of(
    aim: Aim, injection: str, structure: str, reached: Callable[[Metric], float | None]
) -> Goal:
    """An aim with what is reached of it; of a V the dose that its part gets too."""
    metric = counted = dose_metric = aim.metric
    if metric.is_part:
        counted = Metric("v", (metric.number or 0.0) * (1 - V_MARGIN))
        dose_metric = Metric("d", 100 * aim.value)
    return Goal(
        injection=injection,
        structure=structure,
        metric=metric,
        sense="at_least",
        wanted=aim.value,
        reached=reached(counted),
        wanted_gy=(metric.number or 0.0) if metric.is_part else aim.value,
        reached_gy=reached(dose_metric),
    )


def _require_voxels(aim: Aim, voxels: VoxelDoses | None) -> VoxelDoses:
    if voxels is None:
        value = f"{aim.as_dose[1]:.6g}Gy"
        raise InputError(
            f"the goal {aim.words} needs doses by voxel: use `sirtdose plan image`, or "
            f"plan a mean dose here, as goal {aim.of}:mean={value}"
        )
    return voxels


def _root(missing: Callable[[float], float], high: float) -> float:
    """Where a rising function crosses 0, from below 0 at 0 up to `high` (Illinois)."""
    low, below, above, side = 0.0, missing(0.0), missing(high), 0
    for _ in range(_ROOT_ROUNDS):
        if high - low <= _ROOT_TO * high or above == 0:
            break
        at = high - above * (high - low) / (above - below)
        if not low < at < high:
            at = (low + high) / 2
        found = missing(at)
        if found >= 0:
            high, above = at, found
            below = below / 2 if side > 0 else below
            side = 1
        else:
            low, below = at, found
            above = above / 2 if side < 0 else above
            side = -1
    return high
