"""Methods side by side for one case: what each would inject, and what that gives."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import Any

from sirtdose.errors import InputError
from sirtdose.model.uncertain import PlannedDose
from sirtdose.planning import bsa_plan, partition_plan
from sirtdose.planning.kao import in_usual_terms
from sirtdose.planning.partition_case import Case
from sirtdose.planning.partition_goal import Goal, Injection
from sirtdose.planning.result import Plan
from sirtdose.planning.terms import Terms

_NOTHING = 1e-9


@dataclass(frozen=True)
class ComparedCase:
    """One patient as each method asks for it; a method is used where its part is given.

    Every injection has its volume, its tumors and perhaps its own shunt and limits. BSA
    needs height, weight and the liver's volume, the empirical table to be asked for,
    MIRD a dose of every injection in `doses_gy`, partition tumors and a goal:
    each of `partitions` has the injections with the goals of one prescription.
    """

    injections: tuple[Injection, ...]
    liver_volume_ml: float | None = None
    height_cm: float | None = None
    weight_kg: float | None = None
    empirical: bool = False
    doses_gy: Mapping[str, float] = field(default_factory=dict)
    partitions: tuple[tuple[Injection, ...], ...] = ()

    @property
    def by_size(self) -> tuple[bsa_plan.Rule, ...]:
        """Which methods by the patient's or the liver's size are asked for."""
        measured = self.height_cm is not None and self.weight_kg is not None
        return (*(("bsa",) if measured else ()), *(("empirical",) * self.empirical))

    @property
    def perfused_volume_ml(self) -> float:
        """All that is perfused."""
        return sum(one.perfused_volume_ml for one in self.injections)

    @property
    def unperfused_volume_ml(self) -> float | None:
        """The rest of the liver; 0 for none, None where the liver is not known."""
        if self.liver_volume_ml is None:
            return None
        rest_ml = self.liver_volume_ml - self.perfused_volume_ml
        return 0.0 if abs(rest_ml) <= _NOTHING * self.liver_volume_ml else rest_ml


@dataclass(frozen=True)
class Compared:
    """A method's plan, what it rests on, and how sure its doses are.

    Every plan has the same compartments, by the partition model.
    """

    name: str
    plan: Plan
    why: str
    doses: tuple[PlannedDose, ...] = ()

    @property
    def case(self) -> Case:
        """What every method's activity is judged by."""
        return self.plan.case


def compare(terms: Terms, case: ComparedCase) -> list[Compared]:
    """Plan one case by every method that it has what for.

    Every activity is judged by the same parts: the tumors with their T/N, the normal
    liver around them, the lungs. So each method only says what to inject where.

    Raises
    ------
    InputError
        Fewer than two methods have what they need.
    PlanningError
        No activity of the partition model meets the limits.

    References
    ----------
    Lau WY et al. Int J Radiat Oncol Biol Phys 2012;82:401: at least two methods are
    to be compared for each patient treated with resin.

    Examples
    --------
    >>> from sirtdose.planning.perfused import Tumor
    >>> one = Injection("right", 1000, (Tumor("T1", 200, 3.0),), "tumor_dose", 250)
    >>> rows = compare(Terms(lung_shunt_fraction=0.05), ComparedCase(
    ...     (one,), doses_gy={"right": 120.0}, partitions=((one,),)))
    >>> [(row.name, round(row.plan.activity_gbq, 2)) for row in rows]
    [('mird', 2.67), ('partition', 2.6)]
    """
    wanted = [
        *_by_size(terms, case),
        *_by_dose(case),
        *_by_partition(case),
    ]
    if len(wanted) < 2:
        has = wanted[0].name if wanted else "no method"
        raise InputError(
            f"two methods are needed for a comparison, but {has} has its inputs: bsa "
            "needs --height, --weight, --liver-volume and resin, mird --dose, "
            "partition --tumor and a goal"
        )
    return [_row(one, terms, case) for one in wanted]


@dataclass(frozen=True)
class _Wanted:
    """What one method wants injected, and the numbers that it got there by."""

    name: str
    method: str
    injections: tuple[Injection, ...]
    facts: Mapping[str, Any] = field(default_factory=dict)


def _row(one: _Wanted, terms: Terms, case: ComparedCase) -> Compared:
    if all(each.goal != "maximize" for each in one.injections):
        terms = replace(terms, maximize_order=())
    plan = partition_plan.plan(
        terms, one.injections, liver_volume_ml=case.liver_volume_ml
    )
    plan = replace(
        plan, method=one.method, assumptions={**plan.assumptions, **one.facts}
    )
    return Compared(one.name, plan, _why(plan))


def _with_goals(
    case: ComparedCase, goal: Goal, values: Mapping[str, float]
) -> tuple[Injection, ...]:
    return tuple(
        replace(one, goal=goal, value=values[one.name]) for one in case.injections
    )


def _by_size(terms: Terms, case: ComparedCase) -> list[_Wanted]:
    """BSA, and the empirical table: the liver's activity by volume."""
    if bsa_plan.not_resin(terms) or not case.liver_volume_ml:
        return []
    if case.empirical and case.unperfused_volume_ml:
        raise InputError(
            f"the empirical table is for the whole liver, but "
            f"{case.perfused_volume_ml:g} of {case.liver_volume_ml:g} mL are "
            "perfused: leave --empirical out"
        )
    return [_sized(terms, case, rule) for rule in case.by_size]


def _sized(terms: Terms, case: ComparedCase, rule: bsa_plan.Rule) -> _Wanted:
    """The activity of each injection; of the table by its part of the liver."""
    # The formula's own activity: limits are compared with the partition's doses.
    free = replace(terms, limits_gy={}, rules=())
    tumors_ml = {
        one.name: sum(tumor.volume_ml for tumor in one.tumors)
        for one in case.injections
    }
    plans = {}
    for one in in_usual_terms(case.injections):
        whole = rule == "empirical"
        plans[one.name] = bsa_plan.plan(
            free
            if one.lung_shunt_fraction is None
            else replace(free, lung_shunt_fraction=one.lung_shunt_fraction),
            height_cm=case.height_cm,
            weight_kg=case.weight_kg,
            liver_volume_ml=case.liver_volume_ml or 0.0,
            treated_volume_ml=None if whole else one.perfused_volume_ml,
            tumor_volume_ml=sum(tumors_ml.values()) if whole else tumors_ml[one.name],
            rule=rule,
        )
    parts = {
        one.name: one.perfused_volume_ml / case.perfused_volume_ml
        if rule == "empirical"
        else 1.0
        for one in case.injections
    }
    activities = {name: parts[name] * own.activity_gbq for name, own in plans.items()}
    cuts = [own.assumptions["lung_shunt_reduction"] for own in plans.values()]
    first = next(iter(plans.values())).assumptions
    return _Wanted(
        rule,
        rule,
        _with_goals(case, "activity", activities),
        {
            "body_surface_m2": first["body_surface_m2"],
            "tumor_involvement_fraction": sum(tumors_ml.values())
            / (case.liver_volume_ml or 1.0),
            "liver_parts": {
                one.name: one.perfused_volume_ml / (case.liver_volume_ml or 1.0)
                for one in case.injections
            },
            "lung_shunt_reduction": max(cuts),
            "lung_shunt_reductions": dict(zip(plans, cuts, strict=True)),
        },
    )


def _by_dose(case: ComparedCase) -> list[_Wanted]:
    """One compartment an injection: its mean dose, tumors included."""
    if not case.doses_gy:
        return []
    missing = [one.name for one in case.injections if one.name not in case.doses_gy]
    if missing:
        raise InputError(
            f"mird needs a dose for every injection, but {', '.join(missing)} has "
            "none: give --dose for all, or dose:120Gy in each --injection"
        )
    return [_Wanted("mird", "mird", _with_goals(case, "perfused_dose", case.doses_gy))]


def _by_partition(case: ComparedCase) -> list[_Wanted]:
    if not any(one.tumors for one in case.injections):
        return []
    return [
        _Wanted(
            "partition"
            if len(case.partitions) == 1
            else f"partition by {_prescription(injections)}",
            "partition",
            injections,
        )
        for injections in case.partitions
    ]


def _prescription(injections: Sequence[Injection]) -> str:
    goals = {(one.goal, one.value) for one in injections}
    if len(goals) > 1 or any(one.goal == "aim" for one in injections):
        return "own goals"
    [(goal, _)] = goals
    return goal.replace("_", " ")


def _why(plan: Plan) -> str:
    """What an activity rests on, and what it does not know."""
    facts, case = plan.assumptions, plan.case
    shunts = dict(zip(case.injections, case.lung_shunt_fractions, strict=True))
    several = len(shunts) > 1
    if plan.method in ("bsa", "empirical"):
        return _why_by_size(plan)
    injections = facts["injections"]
    if plan.method == "mird":
        kg = {one.of[0]: one.mass_kg for one in case.regions if one.role == "perfused"}
        each = [
            f"{one['value']:g} Gy to "
            f"{one['name'] if several else 'the perfused volume'}, "
            f"{kg[one['name']]:.3f} kg, and {shunts[one['name']]:.1%} to the lungs"
            for one in injections
        ]
        return f"by {'; '.join(each)}: tumors count as normal liver"
    said = [
        f"{one['name'] if several else ''} by {_goal_words(one)}, "
        f"{_ratio_words(one)}and {shunts[one['name']]:.1%} to the lungs".strip()
        for one in injections
    ]
    return f"{'; '.join(said)}: each part has its own dose"


def _goal_words(one: Mapping[str, Any]) -> str:
    if one["goal"] == "aim":
        first = one["aims"][0]
        return f"{first['metric']} of {first['of']}, {first['value']:g} Gy"
    unit = "GBq" if one["goal"] == "activity" else "Gy"
    value = "" if one["value"] is None else f" of {one['value']:g} {unit}"
    return f"{one['goal'].replace('_', ' ')}{value}"


def _ratio_words(one: Mapping[str, Any]) -> str:
    ratios = one["tumor_to_normal_ratio"].items()
    said = ", ".join(f"{name} {ratio:.3g}" for name, ratio in ratios)
    return f"T/N {said}, " if said else ""


def _why_by_size(plan: Plan) -> str:
    facts = plan.assumptions
    cuts, parts = facts["lung_shunt_reductions"], facts["liver_parts"]
    several = len(parts) > 1
    less = ", ".join(
        f"{cut:.0%} for the lung shunt{f' of {name}' if several else ''}"
        for name, cut in cuts.items()
    )
    split = ", ".join(f"{name} {part:.0%}" for name, part in parts.items())
    by = (
        f"by body surface area, {facts['body_surface_m2']:.3f} m2, and "
        if plan.method == "bsa"
        else "by a table of "
    )
    return (
        f"{by}tumor involvement, {facts['tumor_involvement_fraction']:.0%}, "
        f"less {less}"
        + (f", by part of the liver, {split}" if several else "")
        + ": liver mass, uptake and dose are not used"
    )
