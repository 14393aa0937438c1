"""Figures of planners, shunts, vials and outcomes."""

from datetime import UTC, datetime, timedelta
from functools import partial
from typing import Any

from sirtdose.model.device import Device
from sirtdose.model.nuclide import Nuclide
from sirtdose.outcomes.liver_function import albi
from sirtdose.planning import bsa, mird_plan, partition_plan
from sirtdose.planning.mird import delivered_dose_gy
from sirtdose.planning.partition_goal import Injection
from sirtdose.planning.perfused import Tumor
from sirtdose.planning.result import Plan
from sirtdose.planning.scout_agreement import predicted
from sirtdose.planning.shunt_counts import Views, planar_lung_shunt
from sirtdose.planning.terms import Terms
from sirtdose.planning.vial import Asked, vials_for
from sirtdose.planning.vial_choice import Want
from sirtdose.uncertainty.budget import Budget
from sirtdose.uncertainty.planned import Planned, planned_doses
from sirtdose.validation.bench import Figure

_AT = datetime(2026, 3, 4, 12, tzinfo=UTC)
_BODY_SURFACE_M2 = bsa.FORMULAS


def _partition(
    *,
    of: str,
    injection: list[Any],
    tumors: list[list[Any]],
    dose_constant: float | None = None,
    **terms: Any,
) -> float:
    nuclide = Nuclide.named("Y-90")
    if dose_constant is not None:
        nuclide = nuclide.with_dose_constant(dose_constant)
    volume_ml, goal, value, shunt = injection
    one = Injection(
        "p", volume_ml, tuple(Tumor(*tumor) for tumor in tumors), goal, value, shunt
    )
    return _of(
        partition_plan.plan(Terms(nuclide=nuclide, **terms), injections=[one]), of
    )


def _of(plan: Plan, of: str) -> float:
    """One number of a plan, as ``lungs``, ``dose normal_perfused``, ``part tumor``."""
    word, _, role = of.partition(" ")
    if word == "lungs":
        return plan.lungs.dose_gy
    if word == "met":
        return float(next(one for one in plan.limits if one.name == role).met or False)
    if role:
        [row] = [row for row in plan.compartments if row.role == role]
        return row.dose_gy if word == "dose" else row.activity_gbq / plan.activity_gbq
    return float(getattr(plan, word))


def _dose_of_activity(*, gbq: float, mass_kg: float, constant: str) -> float:
    k = Nuclide.named("Y-90", dose_constant=constant).dose_constant_gy_kg_per_gbq
    return delivered_dose_gy(
        activity_gbq=gbq, mass_kg=mass_kg, dose_constant_gy_kg_per_gbq=k
    )


def _vial_left(*, device: str, hours_since: float, activity_gbq: float) -> float:
    """Activity of a vial at use over that at its calibration, by the shipped data."""
    own = Device.named(device)
    asked = Asked(calibrated_at=_AT - timedelta(hours=hours_since))
    nuclide = Nuclide.named(own.nuclide_name)
    found = vials_for(Want("p", activity_gbq, _AT), own, nuclide, asked)
    [first] = found.choices[0].vials
    return first.at_use_gbq / first.calibration_gbq


def _survival(*, groups: dict[str, str], of: str, group: str = "") -> float:
    """Times as words, + censored; the median of a group, log-rank or Cox."""
    from sirtdose.outcomes.proportional_hazards import cox
    from sirtdose.outcomes.survival import kaplan_meier, log_rank

    rows = [
        (float(word.rstrip("+")), not word.endswith("+"), name)
        for name, words in groups.items()
        for word in words.split()
    ]
    times, events, names = (list(column) for column in zip(*rows, strict=True))
    if of == "median":
        own = [row for row in rows if row[2] == group]
        found = kaplan_meier([row[0] for row in own], [row[1] for row in own])
        return float(found.median.time or 0.0)
    if of == "log-rank":
        return log_rank(times, events, names).chi_squared
    model = cox(times, events, {group: [float(n == group) for n in names]}, ties=of)  # type: ignore[arg-type]
    return model.ratios[0].coefficient


def _p(test: str, **given: Any) -> float:
    """The p of a test of two groups."""
    from sirtdose.outcomes import groups

    return float(getattr(groups, test)(**given).p)


def _area(*, counts: list[list[int]]) -> float:
    """Area under the ROC curve of rows of score, how many without, how many with."""
    from sirtdose.outcomes.roc import roc

    scores = [
        (float(score), bool(event))
        for score, *pair in counts
        for event, times in enumerate(pair)
        for _ in range(times)
    ]
    return roc([one[0] for one in scores], [one[1] for one in scores]).auc


def _planned_u(*, of: str, component: str, u: float) -> float:
    """The relative uncertainty of 800 mL of liver and 200 mL of tumor at T/N 3."""
    plan = partition_plan.plan(
        Terms(), [Injection("p", 1000, (Tumor("T1", 200, 3),), "activity", 2.0, 0.1)]
    )
    nothing = dict.fromkeys(Budget.of({}).components, 0.0)
    doses, _ = planned_doses(
        Planned(plan.case, plan.activities_gbq, 0.0, plan.limits),
        Budget.of({**nothing, component: u}),
    )
    [row] = [row for row in doses if row.role == of]
    return row.first_order.standard / row.first_order.value


def _predicted(*, role: str, dose_gy: float, end: str) -> float:
    found = predicted(role, dose_gy)
    if found is None:
        raise ValueError(f"there is no expected value for {role}")
    return float(getattr(found, f"{end}_gy"))


FIGURES: dict[str, Figure] = {
    "planned_u": _planned_u,
    "predicted": _predicted,
    "mird": lambda *, of, plan, **terms: _of(
        mird_plan.plan(Terms(**terms), **plan), of
    ),
    "partition": _partition,
    "dose_of_activity": _dose_of_activity,
    "body_surface_m2": lambda *, form, **given: _BODY_SURFACE_M2[form](**given),
    "bsa_gbq": bsa.activity_gbq,
    "vial_left": _vial_left,
    "planar_shunt": lambda *, lungs, liver: planar_lung_shunt(
        lungs=Views(*lungs), liver=Views(*liver)
    ),
    "albi": lambda **given: albi(**given).score,
    "survival": _survival,
    "fisher_p": partial(_p, "fisher"),
    "rank_sum_p": partial(_p, "rank_sum"),
    "area": _area,
}
