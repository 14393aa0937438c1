"""What of the liver a plan leaves untreated, and published goals beside its doses."""

from collections.abc import Sequence
from dataclasses import replace

from sirtdose.checks.remnant import remnant_findings
from sirtdose.checks.scale import goals_compared, scale_findings
from sirtdose.model.finding import Finding
from sirtdose.planning.published_goals import Treated, published_goals
from sirtdose.planning.remnant import RemnantAsked, remnant_of
from sirtdose.planning.result import Plan


def with_remnant(
    plan: Plan, asked: RemnantAsked, *, limit_table: str
) -> tuple[Plan, Sequence[Finding]]:
    """The plan with its remnant and the goals of its device, and what is said of them.

    Raises
    ------
    InputError
        A typed remnant that is larger than what is not treated.
    """
    remnant, treats = remnant_of(plan.case, asked), Treated.named(limit_table)
    goals = published_goals(
        plan.case,
        plan.activities_gbq,
        device=plan.treatment.device,
        treated=treats,
    )
    findings = [
        *remnant_findings(remnant, asked=bool(asked), drawn=plan.case.measured),
        *scale_findings(plan.scale, goals_compared(goals)),
    ]
    return replace(plan, remnant=remnant, published=goals, treats=treats), findings
