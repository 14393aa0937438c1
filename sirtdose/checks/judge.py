"""All checks of one case, the same for every command."""

from dataclasses import dataclass

from sirtdose.checks import activity, constants, doses, limits, lungs, volumes
from sirtdose.model.finding import Finding
from sirtdose.model.limit import Limit
from sirtdose.model.treatment import Treatment


@dataclass(frozen=True)
class Wanted:
    """Limits of a plan, and how its activity was determined.

    `maximized` is True if the activity was raised until a limit was reached,
    `in_order` if several injections were, one after another. `disease` is that of its
    published limits; empty where they name none.
    """

    limits: tuple[Limit, ...] = ()
    maximized: bool = False
    in_order: bool = False
    residual_fraction: float = 0.0
    disease: str = ""


def judge(case: Treatment) -> list[Finding]:
    """Checks made both before and after treatment, for every method."""
    return [
        *activity.findings(case),
        *doses.findings(case),
        *lungs.findings(case),
        *constants.nuclide_findings(case.nuclide),
    ]


def judge_given(case: Treatment) -> list[Finding]:
    """Checks of a treatment that was given."""
    return [*judge(case), *doses.usual_ceilings(case)]


def judge_plan(case: Treatment, wanted: Wanted) -> list[Finding]:
    """Checks of a plan from numbers or from an image, with its limits."""
    count = len(case.injections)
    return [
        *judge(case),
        *volumes.findings(case),
        *activity.second_calculation(case),
        *activity.residual_findings(wanted.residual_fraction),
        *doses.usual_ceilings(case, wanted.limits, wanted.disease),
        *limits.limit_findings(
            wanted.limits, count, planned=True, by_formula=case.by_formula
        ),
        *(
            limits.bound_findings(wanted.limits, count, in_order=wanted.in_order)
            if wanted.maximized
            else []
        ),
    ]
