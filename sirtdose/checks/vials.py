"""Vials to order, ordered and measured, against what the plan wants (H03, H40)."""

from collections.abc import Mapping, Sequence
from dataclasses import replace

from sirtdose.checks.activity import (
    little_of_a_vial_findings,
    mixed_units_finding,
    unit_findings,
)
from sirtdose.checks.vial_times import measured_late_findings
from sirtdose.data.load import table
from sirtdose.model.device import Device
from sirtdose.model.finding import Finding, Severity
from sirtdose.model.nuclide import Nuclide
from sirtdose.planning.ordered_vial import MeasuredVial
from sirtdose.planning.vial import InjectionVials, SharedVials
from sirtdose.planning.vial_choice import WINDOW, VialChoice

_STOP_ABOVE = 0.20
# A vendor's scale has been found 26 % off.
_UNUSUAL = 0.3
# In what a finding advises: something that is typed with `plan`.
_PLANS_OPTION = "--"
_OF_LIMITS = ("H22", "H25", "H42")


def typed_activity_findings(found: InjectionVials, nuclide: Nuclide) -> list[Finding]:
    """Activity typed for a vial that suggests a wrong unit."""
    gbq = found.want.activity_gbq
    sizes = [vial.calibration_gbq for one in found.choices for vial in one.vials]
    unit = unit_findings(gbq, nuclide_name=nuclide.name)
    return unit or (little_of_a_vial_findings(gbq, min(sizes)) if sizes else [])


def catalogue_findings(device: Device) -> list[Finding]:
    """What nobody has verified of the vials' sizes, calibrations and shelf life (H03).

    >>> [found] = catalogue_findings(Device.named("ho166"))
    >>> found.message.split(": ")[1].split(". ")[0]
    'shelf life 72 h after calibration (limited only by decay)'
    """
    said = [
        f"{one.says} ({one.source})" for one in device.vials.facts if not one.verified
    ]
    if not said or not device.name:
        return []
    return [
        Finding.of(
            "H03",
            f"the catalogue's data on {device.product} are not verified: "
            f"{'; '.join(said)}. Confirm with the manufacturer, or give your own with "
            "--catalogue",
            severity=Severity.NOTE,
        )
    ]


def offered_findings(
    found: InjectionVials, device: Device, *, given_calibration: bool = False
) -> list[Finding]:
    """No vial that fits, of all that can be had or of one calibration (H03)."""
    if not given_calibration:
        return [] if found.fitting else [_nothing_fits(found)]
    want, choices, findings = found.want, found.choices, []
    if len(choices) == 1:
        off = choices[0].to_wanted_ratio - 1
        severity = order_severity(-off if device.vials.part_is_drawn else abs(off))
        said = (
            f"the vial contains {choices[0].at_use_gbq:.4g} GBq at use, {off:+.1%} "
            f"from the {want.activity_gbq:.4g} GBq wanted for '{want.name}'"
        )
        if severity is not Severity.NOTE:
            findings.append(
                Finding.of("H03", said, severity=severity, subject=want.name)
            )
    elif not found.fitting:
        said = (
            f"no vial with this calibration time comes within {WINDOW:.0%} of the "
            f"{want.activity_gbq:.4g} GBq wanted for '{want.name}': choose another "
            "calibration time, or another time of use"
        )
        findings.append(
            Finding.of("H03", said, severity=Severity.WARN, subject=want.name)
        )
    return findings


def _nothing_fits(found: InjectionVials) -> Finding:
    """The nearest vial, and when another would fit."""
    want = found.want
    said = (
        f"no vial that can be had is within {WINDOW:.0%} of the "
        f"{want.activity_gbq:.4g} GBq wanted for '{want.name}'"
    )
    if found.nearest is not None:
        off = found.nearest.to_wanted_ratio - 1
        said += (
            f". Nearest: {_vials_words(found.nearest)}, "
            f"{found.nearest.at_use_gbq:.4g} GBq at use ({off:+.1%})"
        )
    if found.elsewhen is not None:
        one = found.elsewhen
        said += (
            f". {_vials_words(one)} fits with treatment at "
            f"{one.want.at.isoformat(timespec='minutes')}, {one.at_use_gbq:.4g} GBq"
        )
    return Finding.of("H03", said, severity=Severity.WARN, subject=want.name)


def _vials_words(choice: VialChoice) -> str:
    return " and ".join(
        f"{one.calibration_gbq:g} GBq calibrated "
        f"{one.calibration.at.isoformat(timespec='minutes')}"
        for one in choice.vials
    )


def shared_findings(shared: Sequence[SharedVials]) -> list[Finding]:
    """Several injections that neither one vial nor two suffice for (H03)."""
    if not shared or any(one.fits for one in shared):
        return []
    least = min(shared, key=lambda one: sum(one.parts))
    vial = least.vials[0]
    said = (
        "neither one vial that can be had nor two suffice for all injections: together "
        f"they need {len(least.vials) * sum(least.parts):.2f} vials of "
        f"{vial.calibration_gbq:g} GBq, calibrated "
        f"{vial.calibration.at.isoformat(timespec='minutes')}"
    )
    return [Finding.of("H03", said, severity=Severity.NOTE)]


def measured_findings(
    measured: Sequence[MeasuredVial],
    *,
    calibrator_factor: float = 1.0,
    ordered_gbq: Mapping[str, float] | None = None,
) -> list[Finding]:
    """Vials as measured, against plan and order; a missing measurement (H03, H05)."""
    if not measured:
        said = "today's vial not checked: needs --measured"
        return [Finding.of("H03", said, severity=Severity.NOTE)]
    findings = calibrator_findings(calibrator_factor)
    for one in measured:
        wanted, name = one.want.activity_gbq, one.want.name
        mixed = mixed_units_finding(one.at_use_gbq, wanted, "measurement and plan")
        findings += [
            *measured_late_findings(one),
            _measured(one, wanted, "to draw up"),
            *([mixed] if mixed else []),
        ]
        ordered = (ordered_gbq or {}).get(name)
        if ordered is not None:
            findings.append(_measured(one, ordered, "ordered"))
    return findings


def _measured(one: MeasuredVial, than_gbq: float, what: str) -> Finding:
    """Activity at use that differs by more than 10 % from what was wanted (H03)."""
    off = one.at_use_gbq / than_gbq - 1
    severity = order_severity(abs(off))
    over = {Severity.STOP: ": over 20 %", Severity.ASK: ": over 10 %"}.get(severity, "")
    several = f"the {len(one.readings)} vials" if len(one.readings) > 1 else "the vial"
    return Finding.of(
        "H03",
        f"{several} for '{one.want.name}', as measured, will contain "
        f"{one.at_use_gbq:.4g} GBq at use, {off:+.1%} from the {than_gbq:.4g} GBq "
        f"{what}{over}",
        severity=severity,
        subject=one.want.name,
    )


def graver_findings(
    before: Sequence[Finding], after: Sequence[Finding]
) -> list[Finding]:
    """What asks or warns of other activities, and not of the plan's own as gravely.

    >>> warned = Finding.of("H43", "the liver gets 55 Gy", subject="liver")
    >>> asks = replace(warned, severity=Severity.ASK)
    >>> [len(graver_findings([warned], [one])) for one in (warned, asks)]
    [0, 1]

    A structure may have several limits, of which another is passed.

    >>> from sirtdose.model.finding import Bound
    >>> two = [Finding.of("H42", "61 Gy", subject="liver", bound=Bound(gy, "Gy", ""))
    ...     for gy in (40.0, 60.0)]
    >>> [one.bound.value for one in graver_findings(two[:1], two)]
    [60.0]
    """
    order = list(Severity)
    known: dict[object, int] = {}
    for one in before:
        key, severity = _judged_by(one), order.index(one.severity)
        known[key] = min(known.get(key, severity), severity)
    least = order.index(Severity.NOTE)
    return [
        one
        for one in after
        if order.index(one.severity) < known.get(_judged_by(one), least)
    ]


def _judged_by(one: Finding) -> tuple[str, str, float | None]:
    """What a finding is of; one structure may have several limits."""
    limit = one.bound.value if one.bound and one.code in _OF_LIMITS else None
    return one.code, one.subject, limit


def with_vials(findings: Sequence[Finding], whose: str) -> list[Finding]:
    """The same of the activities of vials; what only a plan can be given is left out.

    >>> [one] = with_vials([Finding.of("H22", "the lungs get 31 Gy", remedy="give "
    ...     "--limit lungs=30Gy")], "as measured")
    >>> one.message
    'with the vials as measured, the lungs get 31 Gy'
    """
    found = []
    for one in findings:
        remedy = "; ".join(
            part for part in one.remedy.split("; ") if _PLANS_OPTION not in part
        )
        message = f"with the vials {whose}, {one.message}"
        if remedy != one.remedy:
            begins = message.lower().rindex(one.remedy.lower())
            said = message[:begins]
            message = f"{said}{message[begins:][: len(remedy)]}" if remedy else said
        found.append(replace(one, message=message.rstrip(" :."), remedy=remedy))
    return found


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


def order_severity(off: float) -> Severity:
    """Severity of a deviation in activity: over 10 % asks, over 20 % stops."""
    if off > _STOP_ABOVE:
        return Severity.STOP
    return Severity.ASK if off > WINDOW else Severity.NOTE
