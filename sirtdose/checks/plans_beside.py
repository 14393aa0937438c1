"""Whole plans side by side: of one patient, and what makes them incomparable."""

from collections.abc import Mapping, Sequence
from typing import Any

from sirtdose.checks.method import not_a_device_finding
from sirtdose.checks.scale import mixed_scale_findings
from sirtdose.model.finding import Finding, Severity
from sirtdose.model.guard_rails import rail
from sirtdose.model.names import the_one_alike

_OTHER_VOLUME = rail("compared_volume", "warn")
_SAME_VOLUME = rail("compared_volume", "note")
_SAME_CONSTANT = 1e-6


def plans_findings(plans: Sequence[Mapping[str, Any]]) -> list[Finding]:
    """What the plans have apart that decides whether their numbers can be compared."""
    first = plans[0]
    later = list(enumerate(plans[1:], start=2))
    return [
        *_patient_findings(plans),
        *(one for n, plan in later for one in _device_findings(first, plan, n)),
        *(one for n, plan in later for one in _method_findings(first, plan, n)),
        *(one for n, plan in later for one in _volume_findings(first, plan, n)),
        *mixed_scale_findings(
            {
                # Older plans do not say so, and are by the declared activity as all.
                f"plan {n}": (plan.get("scale") or {}).get("doses", "declared")
                for n, plan in enumerate(plans, start=1)
            }
        ),
        not_a_device_finding(),
    ]


def _patient_findings(plans: Sequence[Mapping[str, Any]]) -> list[Finding]:
    """Patient keys that differ between the plans (H01)."""
    keys = [(plan.get("inputs") or {}).get("patient_key") for plan in plans]
    known = {one: n for n, one in reversed([*enumerate(keys, start=1)]) if one}
    if len(known) > 1:
        which = " and ".join(f"plan {n}" for n in sorted(known.values()))
        return [Finding.of("H01", f"the --patient-key of {which} differs")]
    missing = [f"plan {n}" for n, one in enumerate(keys, start=1) if not one]
    if missing:
        said = "plans of one patient not checked: needs a patient key in "
        return [Finding.of("H01", said + ", ".join(missing), severity=Severity.NOTE)]
    return []


def _device_findings(
    first: Mapping[str, Any], plan: Mapping[str, Any], number: int
) -> list[Finding]:
    """Other microspheres, whose doses have other effects (H25)."""
    one, other = (_spheres(each) for each in (first, plan))
    if one == other:
        return []
    said = (
        f"plan {number} is for {other}, plan 1 for {one}: the same dose has another "
        "effect, and limits are others"
    )
    return [Finding.of("H25", said, severity=Severity.WARN, subject=f"plan {number}")]


def _spheres(plan: Mapping[str, Any]) -> str:
    device, nuclide = plan.get("device"), str(plan["nuclide"]["name"])
    return f"{device} ({nuclide})" if device else nuclide


def _method_findings(
    first: Mapping[str, Any], plan: Mapping[str, Any], number: int
) -> list[Finding]:
    """Doses by other methods or other constants (H26)."""
    one, other = (_method(each) for each in (first, plan))
    said = []
    if one != other:
        said.append(f"plan {number} is by {other}, plan 1 by {one}")
    here, there = (each["nuclide"] for each in (first, plan))
    k, own = (each["dose_constant_gy_kg_per_gbq"] for each in (here, there))
    if here["name"] == there["name"] and abs(own / k - 1) > _SAME_CONSTANT:
        said.append(
            f"K of plan {number} is {own:g}, of plan 1 {k:g} Gy kg/GBq, which alone "
            f"is {100 * (own / k - 1):+.1f} % of dose"
        )
    severity = Severity.NOTE
    subject = f"plan {number}"
    return [Finding.of("H26", one, severity=severity, subject=subject) for one in said]


def _method(plan: Mapping[str, Any]) -> str:
    engine = plan["assumptions"].get("dose_method")
    return f"{plan['method']}, {engine.replace('_', ' ')}" if engine else plan["method"]


def _volume_findings(
    first: Mapping[str, Any], plan: Mapping[str, Any], number: int
) -> list[Finding]:
    """Structures of other volumes, or in one of the plans alone (H38)."""
    here = {one["name"]: one for one in first["compartments"]}
    there = {
        the_one_alike(one["name"], here) or one["name"]: one
        for one in plan["compartments"]
    }
    changes = {
        name: there[name]["volume_ml"] / one["volume_ml"] - 1
        for name, one in here.items()
        if name in there and one["volume_ml"] > 0
    }
    found = []
    for severity, low, high in (
        (Severity.WARN, _OTHER_VOLUME, float("inf")),
        (Severity.NOTE, _SAME_VOLUME, _OTHER_VOLUME),
    ):
        said = ", ".join(
            f"'{name}' {there[name]['volume_ml']:.4g} mL, not "
            f"{here[name]['volume_ml']:.4g} mL ({100 * change:+.1f} %)"
            for name, change in changes.items()
            if low < abs(change) <= high
        )
        if said:
            found.append(
                (f"volumes of plan {number} and plan 1 differ: {said}", severity)
            )
    apart = [
        f"{', '.join(alone)} in plan {which} alone"
        for which, alone in (
            (1, [name for name in here if name not in there]),
            (number, [name for name in there if name not in here]),
        )
        if alone
    ]
    if apart:
        said = f"{' and '.join(apart)}: not compared"
        found.append((said, Severity.WARN))
    subject = f"plan {number}"
    return [
        Finding.of("H38", said, severity=severity, subject=subject)
        for said, severity in found
    ]
