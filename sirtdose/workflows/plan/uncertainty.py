"""How sure a plan's doses are: from a plan to its uncertainty."""

from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path

from sirtdose.dosimetry.image.blur_loss import estimated_losses
from sirtdose.io.tables.own_file import read_budget
from sirtdose.model.finding import Finding, Severity
from sirtdose.model.site import SiteUsed
from sirtdose.model.uncertain import PlanUncertainty
from sirtdose.planning.result import Plan
from sirtdose.planning.scout_agreement import agreement_of, predicted, widened
from sirtdose.uncertainty.budget import Budget
from sirtdose.uncertainty.planned import Planned, planned_doses

# Methods whose doses go by where a scout's particles went.
_BY_SCOUT = ("partition", "image")
_GRAVE = (Severity.WARN, Severity.ASK)


def planned_uncertainty(
    plan: Plan, budget: Budget, *, realizations: int | None, seed: int
) -> PlanUncertainty:
    """Propagate the budget to every dose of a plan, and say what a scout foretells.

    Raises
    ------
    RangeError
        A number of realizations that says nothing.
    """
    doses, chances = planned_doses(
        Planned(
            plan.case,
            plan.activities_gbq,
            plan.assumptions["residual_fraction"],
            plan.limits,
        ),
        budget,
        realizations=realizations,
        seed=seed,
    )
    foretold = plan.method in _BY_SCOUT and plan.nuclide.name == "Y-90"
    wider = widened() if foretold and _tells_less(plan.findings) else 1.0
    if foretold:
        doses = [
            replace(
                one, predicted=predicted(one.role, one.first_order.value, wider=wider)
            )
            for one in doses
        ]
    if plan.method == "image" and "blur" not in plan.assumptions:
        lost = estimated_losses(
            [
                (one.name, one.role, one.volume_ml, one.dose_gy)
                for part in plan.compartments
                for one in (part, part.all_counts)
                if one is not None
            ]
        )
        doses = [replace(one, blur_loss=lost.get(one.name, 0.0)) for one in doses]
    roles = dict.fromkeys(one.role for one in doses) if foretold else ()
    rests_on = {
        known["says"]: {
            "role": role,
            "says": known["says"],
            "verified": known["verified"],
        }
        for role in reversed([*roles])
        if (known := agreement_of(role)) is not None
    }
    return PlanUncertainty(
        doses=tuple(doses),
        limits=tuple(chances),
        realizations=realizations,
        seed=seed,
        budget=budget.rows("plan"),
        agreement=tuple(reversed([*rests_on.values()])),
        widened_by=wider,
        left_out=tuple(_left_out(plan, foretold=foretold)),
    )


def _tells_less(findings: Sequence[Finding]) -> bool:
    return any(one.code == "H24" and one.severity in _GRAVE for one in findings)


def _left_out(plan: Plan, *, foretold: bool) -> list[str]:
    """What the intervals do not hold."""
    if foretold:
        elsewhere = (
            "differences between the scout's distribution and the treatment's: see "
            "the prediction"
        )
    elif plan.method in _BY_SCOUT:
        elsewhere = (
            "differences between the scout's distribution and the treatment's: none "
            f"are published for {plan.nuclide.name}"
        )
    else:
        elsewhere = "dose differences between tumor and normal liver"
    treated_before = plan.case.prior_lung_gy or any(
        one.prior_gy for one in plan.case.regions
    )
    return [
        "heterogeneity within a compartment",
        elsewhere,
        *_of_blur(plan),
        *([] if plan.lungs.known else ["the lung shunt, which was not given"]),
        *(["doses of earlier treatments"] if treated_before else []),
    ]


def _of_blur(plan: Plan) -> list[str]:
    if plan.method != "image":
        return []
    if "blur" in plan.assumptions:
        return ["the error of the blur correction, which grows in small tumors"]
    return ["partial-volume loss in small tumors"]


def budget_at(path: Path | None, site: SiteUsed | None = None) -> Budget:
    """The package's budget, with what stands in a file in place of it.

    The calibrator of the site's file, where its factor was used, says how well an
    activity is known; a budget of one's own has the last word.

    Raises
    ------
    InputError
        A file that cannot be read, or that holds what no budget has.
    """
    if path is not None:
        return Budget.of(*read_budget(path))
    known = site.calibrator if site else None
    return (
        Budget.of({})
        if known is None
        else Budget.of({"administered": known.uncertainty}, known.source)
    )
