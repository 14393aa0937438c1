"""Methods side by side for one case: what each would inject, and what that gives."""

from dataclasses import dataclass, replace

from sirtdose.errors import InputError
from sirtdose.model.limit import Limit
from sirtdose.model.uncertain import PlannedDose
from sirtdose.planning import bsa_plan, mird_plan, partition_plan
from sirtdose.planning.case_plan import compartment
from sirtdose.planning.limits import checked_limits, known
from sirtdose.planning.partition_case import Case
from sirtdose.planning.partition_goal import Goal, Injection
from sirtdose.planning.perfused import Tumor
from sirtdose.planning.result import Compartment, Plan
from sirtdose.planning.terms import Terms


@dataclass(frozen=True)
class ComparedCase:
    """One patient as each method asks for it; a method is used where its part is given.

    BSA needs height and weight, MIRD `dose_gy`, partition tumors and a goal.
    """

    perfused_volume_ml: float
    tumors: tuple[Tumor, ...] = ()
    liver_volume_ml: float | None = None
    height_cm: float | None = None
    weight_kg: float | None = None
    dose_gy: float | None = None
    goal: Goal | None = None
    value: float | None = None


@dataclass(frozen=True)
class Compared:
    """A method's plan, what its activity gives each part, and what it rests on.

    `case` is what every method's activity is held against, `doses` how sure each is.
    """

    plan: Plan
    compartments: tuple[Compartment, ...]
    limits: tuple[Limit, ...]
    lungs_gy: float | None
    why: str
    case: Case
    doses: tuple[PlannedDose, ...] = ()


def compare(terms: Terms, case: ComparedCase) -> list[Compared]:
    """Plan one case by every method that it has what for.

    Every activity is held against the same parts: the tumors with their T/N, the
    normal liver around them, the lungs.

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
    >>> rows = compare(Terms(lung_shunt_fraction=0.05), ComparedCase(
    ...     1000, (Tumor("T1", 200, 3.0),), dose_gy=120, goal="tumor_dose", value=250))
    >>> [(row.plan.method, round(row.plan.activity_gbq, 2)) for row in rows]
    [('mird', 2.67), ('partition', 2.6)]
    """
    free = _without_limits(terms)
    usual = partition_plan.case_of(
        free,
        [_injection(case, "activity", 1.0)],
        liver_volume_ml=case.liver_volume_ml,
    )
    rules = known(terms.all_rules, usual)
    plans = [
        plan
        for plan in (
            _by_bsa(free, case),
            _by_mird(free, case),
            _by_partition(terms, case),
        )
        if plan is not None
    ]
    if len(plans) < 2:
        has = plans[0].method if plans else "no method"
        raise InputError(
            f"two methods are needed for a comparison, but {has} has its inputs: bsa "
            "needs --height, --weight, --liver-volume and resin, mird --dose, "
            "partition --tumor and a goal"
        )
    return [
        Compared(
            plan=plan,
            compartments=tuple(
                compartment(region, [plan.activity_gbq], usual)
                for region in usual.regions
            ),
            limits=tuple(checked_limits(rules, usual, [plan.activity_gbq])),
            lungs_gy=plan.lungs.dose_gy if plan.lungs.known else None,
            why=_why(plan, terms),
            case=usual,
        )
        for plan in plans
    ]


def _without_limits(terms: Terms) -> Terms:
    return replace(terms, limits_gy={}, rules=())


def _injection(case: ComparedCase, goal: Goal, value: float | None) -> Injection:
    return Injection(
        "perfused volume", case.perfused_volume_ml, case.tumors, goal, value
    )


def _by_bsa(terms: Terms, case: ComparedCase) -> Plan | None:
    if case.height_cm is None or case.weight_kg is None or not case.liver_volume_ml:
        return None
    if terms.nuclide.name != "Y-90" or (terms.device and terms.device.name != "resin"):
        return None
    return bsa_plan.plan(
        terms,
        height_cm=case.height_cm,
        weight_kg=case.weight_kg,
        liver_volume_ml=case.liver_volume_ml,
        treated_volume_ml=case.perfused_volume_ml,
        tumor_volume_ml=sum(tumor.volume_ml for tumor in case.tumors),
    )


def _by_mird(terms: Terms, case: ComparedCase) -> Plan | None:
    if case.dose_gy is None:
        return None
    return mird_plan.plan(
        terms, dose_gy=case.dose_gy, perfused_volume_ml=case.perfused_volume_ml
    )


def _by_partition(terms: Terms, case: ComparedCase) -> Plan | None:
    if case.goal is None or not case.tumors:
        return None
    # Only what is maximized needs limits; else they are listed, met or not.
    if case.goal != "maximize":
        terms = _without_limits(terms)
    return partition_plan.plan(
        terms,
        [_injection(case, case.goal, case.value)],
        liver_volume_ml=case.liver_volume_ml,
    )


def _why(plan: Plan, terms: Terms) -> str:
    """What an activity rests on, and what it does not know."""
    assumptions = plan.assumptions
    shunt = terms.lung_shunt_fraction or 0.0
    if plan.method == "bsa":
        return (
            f"by body surface area, {assumptions['body_surface_m2']:.3f} m2, and "
            f"tumor involvement, {assumptions['tumor_involvement_fraction']:.0%}, "
            f"less {assumptions['lung_shunt_reduction']:.0%} for the lung shunt: "
            "liver mass, uptake and dose are not used"
        )
    if plan.method == "mird":
        return (
            f"by {assumptions['prescribed_dose_gy']:g} Gy to the perfused volume, "
            f"{plan.compartments[0].mass_kg:.3f} kg, and {shunt:.1%} to the lungs: "
            "tumors count as normal liver"
        )
    [one] = assumptions["injections"]
    goal = one["goal"].replace("_", " ")
    unit = "GBq" if goal == "activity" else "Gy"
    value = "" if one["value"] is None else f" of {one['value']:g} {unit}"
    ratios = ", ".join(
        f"{name} {ratio:.3g}" for name, ratio in one["tumor_to_normal_ratio"].items()
    )
    return (
        f"by {goal}{value}, T/N {ratios}, and {shunt:.1%} to "
        "the lungs: each part has its own dose"
    )
