r"""Planned doses with what they are known to, by two routes.

A plan is arithmetic with few numbers, each known to a factor. First order takes the
derivative of the logarithm of every dose by the logarithm of every number; the ensemble
draws all numbers together, log-normal about what the plan holds, and plans anew. Both
ask the case itself, so that no formula stands twice.
"""

import math
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace

from sirtdose.errors import RangeError
from sirtdose.model.limit import Limit
from sirtdose.model.uncertain import Z95, PlannedChance, PlannedDose, Uncertain
from sirtdose.planning.partition_case import LUNGS, Case, Line
from sirtdose.planning.perturbed_case import Factors, perturbed
from sirtdose.uncertainty.budget import Budget

REALIZATIONS = (20, 100_000)
# Of a standard uncertainty: small enough for a derivative.
_STEP = 0.01
# The share of an activity that is left behind cannot be all of it.
_LEAST_LEFT = 0.01
_COMMON = ("dose_constant", "density", "lung_shunt", "lung_mass")
# What is written for the lungs' own row.
LUNGS_ROW = "lungs"
# What tells one limit from another.
_RULE = ("injection", "name", "value_of", "sense", "limit_gy", "upper_gy", "strict")


@dataclass(frozen=True)
class Planned:
    """A case, what is injected into it, and what is to be held against limits."""

    case: Case
    activities_gbq: tuple[float, ...]
    residual_fraction: float
    limits: tuple[Limit, ...]


@dataclass(frozen=True)
class _Unsure:
    """One number that is known to a factor: `u` is of its logarithm."""

    component: str
    of: str
    u: float


def planned_doses(
    planned: Planned, budget: Budget, *, realizations: int | None = None, seed: int = 0
) -> tuple[list[PlannedDose], list[PlannedChance]]:
    """Every region's dose and every limit with its uncertainty; the lungs last.

    Parameters
    ----------
    planned : Planned
    budget : Budget
    realizations : int, optional
        20 to 100,000; first order alone without.
    seed : int
        The same seed gives the same draws.

    Raises
    ------
    RangeError
        Too few realizations to say anything, or more than can be wanted.

    References
    ----------
    JCGM 100:2008; JCGM 101:2008.
    """
    least, most = REALIZATIONS
    if realizations is not None and not least <= realizations <= most:
        raise RangeError(
            f"{realizations} realizations: give {least} to {most}, such as 1000"
        )
    unsure = list(_all_unsure(planned, budget))
    slopes = {one: _slopes(planned, one) for one in unsure}
    drawn = _drawn(planned, unsure, realizations or 0, seed)
    nothing = _Doses.of(planned, {})
    doses = []
    for name, dose_gy in nothing.by_name.items():
        parts: dict[str, float] = {}
        for one in unsure:
            own = dose_gy * slopes[one].get(name, 0.0)
            parts[one.component] = math.hypot(parts.get(one.component, 0.0), own)
        doses.append(
            PlannedDose(
                name=name,
                role=nothing.roles[name],
                first_order=_log_normal(dose_gy, math.hypot(*parts.values())),
                parts_gy=parts,
                ensemble=_described(dose_gy, [one.by_name[name] for one in drawn])
                if drawn
                else None,
                predicted=None,
            )
        )
    return doses, list(
        _chances(planned, {one.name: one.first_order for one in doses}, drawn)
    )


def _all_unsure(planned: Planned, budget: Budget) -> Iterator[_Unsure]:
    """Everything in a plan that is known to a factor."""
    yield _Unsure("administered", "", budget["administered"])
    if planned.residual_fraction:
        yield _Unsure("residual", "", budget["residual"])
    for name in _COMMON:
        yield _Unsure(name, "", budget[name])
    for region in planned.case.regions:
        if region.role in ("tumor", "perfused", "liver") and region.volume_ml > 0:
            yield _Unsure(
                "border_mm",
                region.name,
                budget["border_mm"] * 3 / radius_mm(region.volume_ml),
            )
        if region.role == "tumor":
            yield _Unsure("tumor_to_normal", region.name, budget["tumor_to_normal"])


def radius_mm(volume_ml: float) -> float:
    """Of the sphere with a volume.

    >>> round(radius_mm(4.18879), 3)
    10.0
    """
    return float((3000 * volume_ml / (4 * math.pi)) ** (1 / 3))


@dataclass(frozen=True)
class _Doses:
    """What one set of numbers leads to."""

    by_name: Mapping[str, float]
    roles: Mapping[str, str]
    case: Case
    activities_gbq: tuple[float, ...]

    @classmethod
    def of(cls, planned: Planned, logs: "Mapping[_Unsure, float]") -> "_Doses":
        """The doses where numbers are exp(their log) times what the plan holds."""
        factors: dict[str, float] = {}
        volumes: dict[str, float] = {}
        ratios: dict[str, float] = {}
        activity = 1.0
        for one, value in logs.items():
            factor = math.exp(value)
            if one.component == "administered":
                activity *= factor
            elif one.component == "residual":
                left = planned.residual_fraction
                activity *= max(1 - left * factor, _LEAST_LEFT) / (1 - left)
            elif one.component == "border_mm":
                volumes[one.of] = factor
            elif one.component == "tumor_to_normal":
                ratios[one.of] = factor
            else:
                factors[one.component] = factor
        case = perturbed(
            planned.case, Factors(**factors, volumes=volumes, ratios=ratios)
        )
        gbq = tuple(activity * own for own in planned.activities_gbq)
        readings = [own for one in case.regions for own in one.readings]
        by_name = {one.name: one.dose_gy(gbq) for one in readings}
        roles = {one.name: one.role for one in readings}
        for line in case.lines("lungs"):
            by_name[LUNGS_ROW] = line.value_gy(gbq)
            roles[LUNGS_ROW] = LUNGS_ROW
        return cls(by_name, roles, case, gbq)


def _slopes(planned: Planned, one: _Unsure) -> dict[str, float]:
    """What a standard uncertainty of one number does to the logarithm of each dose."""
    if not one.u:
        return {}
    step = _STEP * one.u
    more = _Doses.of(planned, {one: step}).by_name
    less = _Doses.of(planned, {one: -step}).by_name
    return {
        name: math.log(more[name] / less[name]) / (2 * _STEP)
        for name in more
        if less[name] > 0
    }


def _drawn(
    planned: Planned, unsure: Sequence[_Unsure], count: int, seed: int
) -> list[_Doses]:
    """Latin hypercube draws of all numbers together."""
    import random
    from statistics import NormalDist

    rng = random.Random(seed)
    normal = NormalDist()
    columns = []
    for one in unsure:
        strata = [(k + rng.random()) / count for k in range(count)]
        rng.shuffle(strata)
        columns.append(
            [one.u * normal.inv_cdf(min(max(p, 1e-12), 1 - 1e-12)) for p in strata]
        )
    return [
        _Doses.of(planned, dict(zip(unsure, row, strict=True)))
        for row in zip(*columns, strict=True)
    ]


def _log_normal(value: float, standard: float) -> Uncertain:
    """Between factors as likely up as down: a dose is never below 0."""
    factor = math.exp(Z95 * standard / value) if value > 0 else 1.0
    return Uncertain(value, standard, value / factor, value * factor)


def _described(value: float, draws: Sequence[float]) -> Uncertain:
    from statistics import quantiles, stdev

    ends = quantiles(draws, n=40, method="inclusive")
    return Uncertain(value, stdev(draws), ends[0], ends[-1])


def _chances(
    planned: Planned, first_order: Mapping[str, Uncertain], drawn: Sequence[_Doses]
) -> Iterator[PlannedChance]:
    """Probability that each known dose meets its limit, by all readings of it."""
    once = {tuple(getattr(one, key) for key in _RULE): one for one in planned.limits}
    for limit in once.values():
        found = [
            (part, line)
            for part, lines in enumerate(
                planned.case.readings(limit.name, limit.injection)
            )
            for line in lines
            if line.name == limit.value_of
        ]
        if limit.value_gy is None or not found:
            continue
        part, own = found[0]
        met = [
            all(
                replace(limit, value_gy=line.value_gy(one.activities_gbq)).met is True
                for line in one.case.readings(limit.name, limit.injection)[part]
            )
            for one in drawn
        ]
        yield PlannedChance(
            name=limit.name,
            limit_gy=limit.limit_gy,
            first_order=_chance(limit, own, first_order),
            ensemble=sum(met) / len(met) if met else None,
            sense=limit.sense,
            upper_gy=limit.upper_gy,
            strict=limit.strict,
            injection=limit.injection,
            value_of=limit.value_of,
        )


def _chance(limit: Limit, line: Line, doses: Mapping[str, Uncertain]) -> float | None:
    """How much of a log-normal dose lies where a limit wants it."""
    own = doses.get(LUNGS_ROW if line.name in LUNGS else line.name)
    if own is None:
        return None

    def below(bound_gy: float) -> float:
        room = bound_gy - line.prior_gy
        if not own.standard or not own.value or room <= 0:
            return float(line.prior_gy + own.value <= bound_gy)
        steps = math.log(room / own.value) / (own.standard / own.value)
        return 0.5 * (1.0 + math.erf(steps / math.sqrt(2)))

    if limit.sense == "at_most":
        return below(limit.limit_gy)
    upper = 1.0 if limit.upper_gy is None else below(limit.upper_gy)
    return upper - below(limit.limit_gy)
