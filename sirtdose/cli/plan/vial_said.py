"""What the checks say of vials: those offered, ordered and measured."""

from sirtdose.checks.constants import half_life_findings, own_file_findings
from sirtdose.checks.method import not_a_device_finding
from sirtdose.checks.orders import unapproved_findings
from sirtdose.checks.site import site_findings
from sirtdose.checks.vial_times import day_findings, given_calibration_findings
from sirtdose.checks.vials import (
    catalogue_findings,
    measured_findings,
    offered_findings,
    shared_findings,
    typed_activity_findings,
    with_vials,
)
from sirtdose.cli.plan.vial_words import PlanForVials
from sirtdose.cli.words.typed import site_used
from sirtdose.model.finding import Finding
from sirtdose.planning.vial import Asked
from sirtdose.report.plan.vial import VialsFound, injected_by_order, injected_of


def about_plan(
    found: VialsFound, planned: PlanForVials | None, typed: str | None
) -> list[Finding]:
    """Activity, day and nuclide, as typed or by the plan."""
    days = list({one.want.at.date(): one.want.at for one in found.found}.values())
    if planned is None:
        own = [typed_activity_findings(one, found.nuclide) for one in found.found]
        own += [day_findings(at, typed) for at in days]
        return [finding for some in own for finding in some]
    inputs = planned.document["inputs"]
    day = inputs.get("treatment_date") or inputs.get("treatment_at")
    return [
        *planned.nuclide_findings(found.nuclide),
        # A day that is typed here states that the treatment was moved.
        *(
            finding
            for at in days
            for finding in day_findings(at, typed or day, of_plan=not typed)
        ),
        *unapproved_findings(
            planned.document["status"], planned.unmet, ordered=bool(found.orders)
        ),
    ]


def about_vials(found: VialsFound, asked: Asked) -> list[Finding]:
    """What is offered, what was ordered, what was measured."""
    device, planned = found.device, found.planned
    given = asked.calibrated_at
    offered = [
        finding
        for one in found.found
        for finding in offered_findings(one, device, given_calibration=bool(given))
    ]
    if given is not None:
        wants = [one.want for one in found.found]
        offered += given_calibration_findings(given, wants, device, asked.site)
    ordered_gbq = {one.want.name: one.at_use_gbq for one in found.orders}
    findings = [
        *(offered if not (found.orders or found.measured) else []),
        *(shared_findings(found.shared) if not found.orders else []),
        *measured_findings(
            found.measured,
            calibrator_factor=found.calibrator_factor,
            # What is drawn is compared with the plan alone, not with a whole vial.
            ordered_gbq={} if device.vials.part_is_drawn else ordered_gbq,
        ),
        *catalogue_findings(device),
        *own_file_findings(found.nuclide),
        *half_life_findings(found.nuclide),
        not_a_device_finding(),
        *site_findings(site_used()),
    ]
    if planned and found.orders:
        injected = injected_by_order(found.orders, device)
        findings += with_vials(planned.graver(injected), "as ordered")
    if planned and found.measured:
        injected = injected_of(found.measured)
        findings += with_vials(planned.graver(injected), "as measured")
    return findings
