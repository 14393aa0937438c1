"""Vials and assays, compared with the activity needed at use (H03, H40)."""

from sirtdose.checks.activity import (
    little_of_a_vial_findings,
    mixed_units_finding,
    unit_findings,
)
from sirtdose.checks.constants import own_file_findings
from sirtdose.data.load import table
from sirtdose.model.finding import Finding, Severity
from sirtdose.planning.vial import VialPlan

_ASK_ABOVE, _STOP_ABOVE = 0.10, 0.20
# A vendor's scale has been found 26 % off.
_UNUSUAL = 0.3


def vial_findings(plan: VialPlan) -> list[Finding]:
    """Vial, its calibration and its assay; a missing assay."""
    if plan.assay_at_use_gbq is None:
        said = "assay not checked: needs --assay with --assay-at"
        found = [Finding.of("H03", said, severity=Severity.NOTE)]
    else:
        wanted = plan.activity_gbq
        mixed = mixed_units_finding(plan.assay_at_use_gbq, wanted, "assay and order")
        found = [
            *calibrator_findings(plan.calibrator_factor),
            _assay_finding(plan.assay_at_use_gbq, wanted),
            *([mixed] if mixed else []),
        ]
    found += own_file_findings(plan.nuclide)
    return [*found, *(_calibration_findings(plan) if plan.calibrated else [])]


def typed_activity_findings(plan: VialPlan) -> list[Finding]:
    """Activity typed for a vial that suggests a wrong unit."""
    smallest = min(one.calibration_gbq for one in plan.choices)
    return unit_findings(
        plan.activity_gbq, nuclide_name=plan.nuclide.name
    ) or little_of_a_vial_findings(plan.activity_gbq, smallest)


def calibrator_findings(factor: float) -> list[Finding]:
    """Dose calibrator factor applied to the activities; over 30 % asks (H40).

    >>> [one.severity.value for f in (1.0, 1.05, 1.4) for one in calibrator_findings(f)]
    ['note', 'ask']
    """
    if factor == 1.0:
        return []
    unusual = abs(factor - 1) > _UNUSUAL
    return [
        Finding.of(
            "H40",
            f"activities are the readings times {factor:g}, the dose calibrator's "
            f"factor{': over 30 % from 1, is it right?' if unusual else ''}",
            severity=Severity.ASK if unusual else Severity.NOTE,
        )
    ]


def better_than_label_findings(administered: float) -> list[Finding]:
    """Uncertainty of an activity below that of a vial label (H40)."""
    label = float(table("budget")["components"]["administered"]["value"])
    if administered >= label:
        return []
    said = (
        f"budget: the administered activity's uncertainty of {administered:.1%} is "
        f"smaller than the {label:.1%} of a label's +/- 10 %: that needs a dose "
        "calibrator verified for this nuclide"
    )
    return [Finding.of("H40", said)]


def _calibration_findings(plan: VialPlan) -> list[Finding]:
    """Vial with an unsuitable activity at use, or past its shelf life (H03)."""
    findings = []
    device, choices = plan.device, plan.choices
    waits_h = choices[0].hours_before_use
    if waits_h > device.shelf_life_h:
        findings.append(
            Finding.of(
                "H03",
                f"used {waits_h:.0f} h after calibration, beyond the shelf life of "
                f"{device.shelf_life_h:g} h ({device.shelf_life_source})",
                severity=Severity.WARN,
            )
        )
    offs = [one.to_wanted_ratio - 1 for one in choices]
    if len(choices) == 1:
        off = offs[0]
        said = (
            f"the vial contains {choices[0].at_use_gbq:.4g} GBq at use, {off:+.1%} "
            f"from the {plan.activity_gbq:.4g} GBq wanted"
        )
        severity = order_severity(-off if device.part_is_drawn else abs(off))
        if severity is not Severity.NOTE:
            findings.append(Finding.of("H03", said, severity=severity))
    elif not any(
        off >= -_ASK_ABOVE and (device.part_is_drawn or off <= _ASK_ABOVE)
        for off in offs
    ):
        findings.append(
            Finding.of(
                "H03",
                f"no vial with this calibration time comes within {_ASK_ABOVE:.0%} of "
                "the activity wanted: choose another calibration time, or another "
                "time of use",
                severity=Severity.WARN,
            )
        )
    return findings


def _assay_finding(assayed_gbq: float, wanted_gbq: float) -> Finding:
    """Assay, decayed to use, that differs from the order by more than 10 % (H03)."""
    off = assayed_gbq / wanted_gbq - 1
    severity = order_severity(abs(off))
    over = {Severity.STOP: ": over 20 %", Severity.ASK: ": over 10 %"}.get(severity, "")
    return Finding.of(
        "H03",
        f"the assay is {assayed_gbq:.4g} GBq at use, {off:+.1%} from the "
        f"{wanted_gbq:.4g} GBq ordered{over}",
        severity=severity,
    )


def order_severity(off: float) -> Severity:
    """Severity of a deviation in activity: over 10 % asks, over 20 % stops."""
    if off > _STOP_ABOVE:
        return Severity.STOP
    return Severity.ASK if off > _ASK_ABOVE else Severity.NOTE
