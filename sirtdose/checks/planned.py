"""Treatment compared with its plan: patient, activities, lesions and doses."""

from collections.abc import Mapping, Sequence
from datetime import datetime
from itertools import combinations
from typing import Any

from sirtdose.checks.activity import mixed_units_finding
from sirtdose.checks.constants import other_file_findings
from sirtdose.checks.patient import patient_findings
from sirtdose.dosimetry.derived import from_liver_mm
from sirtdose.dosimetry.grid.resample import on_one_lattice
from sirtdose.dosimetry.results import PlannedDose
from sirtdose.model.finding import Finding, Severity
from sirtdose.model.guard_rails import rail
from sirtdose.model.ledger import Ledger, Lungs
from sirtdose.model.limit import Limit
from sirtdose.model.names import the_one_alike
from sirtdose.model.nuclide import Nuclide
from sirtdose.model.request import InjectionGiven
from sirtdose.model.role import Role
from sirtdose.model.rounded import amount
from sirtdose.model.structure import Structure

_NEAR = rail("delivered_activity")
_REPORTABLE = rail("delivered_activity", "reportable")
_SAME_VOLUME = 0.25
# Neighbors share border voxels: less of the smaller volume is no overlap.
_SHARED = 0.02
_OTHER_D70 = 0.20
_SAME_PLACE_MM = 15.0
_SAME_SHUNT = 0.01
_PART_OF_IT = 0.25
# Masses that differ by less are one mass; by more than `_NEAR`, doses differ.
_SAME_LUNG_MASS = 0.005


def plan_findings(
    *, plan: Mapping[str, Any], nuclide: Nuclide, patient_key: str | None
) -> list[Finding]:
    """Plan of another patient, not approved, or with other constants."""
    findings = [
        *other_file_findings(plan["nuclide"], nuclide),
        *patient_findings(_key_of(plan), patient_key),
    ]
    status = plan.get("status")
    if status == "approved":
        return findings
    said = (
        f"the plan is a {status}: compare with the approved one, or approve this one "
        "with `sirtdose plan approve`"
    )
    return [*findings, Finding.of("H02", said)]


def newer_plan_findings(
    plan: Mapping[str, Any], beside: Mapping[str, Mapping[str, Any]]
) -> list[Finding]:
    """Newer approved plan in the same folder (H02).

    `beside` has the other plans by file name.
    """
    key, since = _key_of(plan), _approved_at(plan)
    findings = []
    for name, other in beside.items():
        at = _approved_at(other)
        if _key_of(other) != key or at is None or since is None or at <= since:
            continue
        said = f"{name} in the same folder was approved later, at {at.isoformat()}"
        findings.append(
            Finding.of("H02", f"{said}: give the newest plan")
            if key is not None
            else Finding.of(
                "H02",
                f"{said}; without --patient-key it is not known whether it is for the "
                "same patient",
                severity=Severity.WARN,
            )
        )
    return findings


def _key_of(plan: Mapping[str, Any]) -> str | None:
    key: str | None = (plan.get("inputs") or {}).get("patient_key")
    return key


def _approved_at(plan: Mapping[str, Any]) -> datetime | None:
    at = (plan.get("approval") or {}).get("at")
    return None if at is None else datetime.fromisoformat(at)


def plan_doubts(
    *,
    plan: Mapping[str, Any],
    ledger: Ledger,
    method: str,
    device: str | None,
    lung_shunt_fraction: float | None,
) -> list[Finding]:
    """Microspheres, units, lung shunt or method that differ from the plan."""
    findings = []
    mixed = mixed_units_finding(
        ledger.delivered_gbq, plan["activity_gbq"], "the activities given and planned"
    )
    if mixed is not None:
        findings.append(mixed)
    planned = plan.get("device")
    if planned and device and planned != device:
        findings.append(
            Finding.of(
                "H25",
                f"the plan is for {planned} microspheres, but the treatment is "
                f"assessed for {device}: their doses are not comparable",
                severity=Severity.ASK,
                accepted=f"{device} is used, and both are reported side by side",
            )
        )
    elif planned and device is None:
        findings.append(
            Finding.of(
                "H25",
                f"device not checked: the plan is for {planned} microspheres; confirm "
                "with --device",
                severity=Severity.NOTE,
            )
        )
    shunt = (plan.get("lungs") or {}).get("shunt_fraction")
    if shunt is not None and lung_shunt_fraction is not None:
        off = abs(lung_shunt_fraction - shunt)
        if off > _SAME_SHUNT and off > _PART_OF_IT * max(lung_shunt_fraction, shunt):
            findings.append(
                Finding.of(
                    "H22",
                    f"the lung shunt is {lung_shunt_fraction:.1%}, but the plan has "
                    f"{shunt:.1%}: which one is right? The first is used",
                )
            )
    wanted = next(iter(plan.get("doses") or {"local_deposition": None}))
    if method != wanted:
        findings.append(
            Finding.of(
                "H26",
                f"the plan's doses are by {wanted.replace('_', ' ')}, those given by "
                f"{method.replace('_', ' ')}: they are not comparable",
                accepted="both are reported as they are",
            )
        )
    return findings


def earlier_findings(
    *,
    plan: Mapping[str, Any],
    typed_lung_gy: float,
    summed: bool,
    limits: Sequence[Limit],
) -> list[Finding]:
    """Earlier doses of the plan that are given twice (H09) or not here (H38)."""
    sessions = (plan.get("assumptions") or {}).get("sessions", ())
    lungs_gy = sum(one["lungs_gy"] or 0.0 for one in sessions)
    findings = []
    if typed_lung_gy and lungs_gy:
        said = (
            f"the plan counts {lungs_gy:.4g} Gy to the lungs of earlier sessions, and "
            f"--prior-lung-dose {typed_lung_gy:g}Gy is added: does it count twice?"
        )
        findings.append(Finding.of("H09", said, severity=Severity.WARN))
    if summed and sessions:
        said = (
            "the plan counts earlier sessions by number, and --prior-dose is a map of "
            "one: limits hold the plan's numbers, doses with earlier sessions the map"
        )
        findings.append(Finding.of("H09", said, severity=Severity.WARN))
    unknown = [one.value_of for one in limits if one.value_of and one.value_gy is None]
    if unknown:
        said = (
            f"limits of {', '.join(dict.fromkeys(unknown))} not checked: the plan "
            "counts earlier doses of other parts of the liver. Name perfused volumes "
            "and injections as the plan does"
        )
        findings.append(Finding.of("H38", said, severity=Severity.WARN))
    return findings


def compared_findings(
    *,
    plan: Mapping[str, Any],
    rows: Sequence[PlannedDose],
    missed: Sequence[str],
    drawn: Sequence[Structure],
    ledger: Ledger,
    lungs: Lungs,
    injections: Sequence[tuple[InjectionGiven, Ledger]],
) -> list[Finding]:
    """Activities, doses and lesions of the treatment, compared with the plan.

    `missed` are parts of the plan without a matching structure in the treatment.
    """
    return [
        *_activity_findings("", plan["activity_gbq"], ledger.delivered_gbq),
        *_injection_findings(plan, injections),
        *_overlap_findings(plan, [one for one, _ in injections], drawn),
        *_lesion_findings(plan, drawn),
        *_distribution_findings(rows),
        *lung_mass_findings(plan.get("lungs") or {}, lungs),
        *_missed_findings(missed),
    ]


def lung_mass_findings(planned: Mapping[str, Any], lungs: Lungs) -> list[Finding]:
    """Lung mass that differs from the plan's (H23).

    >>> lungs = Lungs(0.05, "spect", 0.65, "CT densitovolumetry", 0.1, 7.64, 7.64)
    >>> planned = {"dose_gy": 5.0, "mass_kg": 1.0, "mass_source": "default"}
    >>> lung_mass_findings(planned, lungs)[0].message.partition(": ")[2]
    'this alone changes the lung dose by +54%'
    """
    if planned.get("dose_gy") is None or not lungs.known:
        return []
    change = planned["mass_kg"] / lungs.mass_kg - 1
    if abs(change) <= _SAME_LUNG_MASS:
        return []
    said = (
        f"the lung mass is {lungs.mass_kg:.4g} kg ({lungs.mass_source}), but the plan "
        f"has {planned['mass_kg']:.4g} kg ({planned['mass_source']}): this alone "
        f"changes the lung dose by {change:+.0%}"
    )
    severity = Severity.NOTE if abs(change) <= _NEAR else Severity.WARN
    return [Finding.of("H23", said, severity=severity, subject="lungs")]


def _missed_findings(names: Sequence[str]) -> list[Finding]:
    """Parts of the plan without a counterpart in the treatment (H38)."""
    if not names:
        return []
    said = (
        f"{', '.join(names)} of the plan has no counterpart here and was not compared"
    )
    return [Finding.of("H38", said, severity=Severity.WARN)]


def _injection_findings(
    plan: Mapping[str, Any], injections: Sequence[tuple[InjectionGiven, Ledger]]
) -> list[Finding]:
    """Injections whose activity or name differs from the plan (H04, H08)."""
    planned = {
        one["name"]: float(one["activity_gbq"])
        for one in plan["assumptions"].get("injections", [])
    }
    if len(planned) < 2 and not injections:
        return []
    delivered = {
        the_one_alike(one.name, planned) or one.name: ledger.delivered_gbq
        for one, ledger in injections
    }
    if set(delivered) != set(planned):
        return [
            Finding.of(
                "H38",
                f"the plan's injections are {', '.join(planned)}, but those given are "
                f"{', '.join(delivered) or 'one, not named'}: name each with "
                "--injection as the plan does, or their activities are not compared",
            )
        ]
    findings = []
    for name, gbq in delivered.items():
        findings += _activity_findings(f"'{name}': ", planned[name], gbq)
        others = [
            other
            for other, wanted in planned.items()
            if other != name and abs(gbq / wanted - 1) <= _NEAR
        ]
        if others and abs(gbq / planned[name] - 1) >= rail(
            "delivered_activity", "reportable"
        ):
            findings.append(
                Finding.of(
                    "H04",
                    f"'{name}' got the {amount(planned[others[0]])} planned "
                    f"for '{others[0]}': were the two swapped?",
                    severity=Severity.ASK,
                    subject=name,
                )
            )
    return findings


def _overlap_findings(
    plan: Mapping[str, Any],
    injections: Sequence[InjectionGiven],
    drawn: Sequence[Structure],
) -> list[Finding]:
    """Overlapping injections, for which the plan counts the scout twice (H24)."""
    volumes = {one.name: one for one in drawn}
    placed = [one for one in injections if one.perfused in volumes]
    return [
        Finding.of(
            "H24",
            f"'{one.name}' and '{other.name}' overlap by {shared_ml:.1f} mL: there "
            "the plan assigns all counts of the scout to each injection, but this "
            "assessment uses one factor for both. This alone makes planned doses too "
            "high in the overlap and too low beside it",
        )
        for one, other in combinations(placed if plan.get("doses") else [], 2)
        for a, b in [on_one_lattice([volumes[one.perfused], volumes[other.perfused]])]
        for shared_ml in [(a & b).volume_ml]
        if shared_ml > _SHARED * min(a.volume_ml, b.volume_ml)
    ]


def _distribution_findings(pairs: Sequence[PlannedDose]) -> list[Finding]:
    """Tumor with the planned mean dose but another dose distribution (H39)."""
    return [
        Finding.of(
            "H39",
            f"the mean dose of '{row.name}' differs by "
            f"{round(row.ratio - 1, 2) + 0:+.0%} from the plan, but its D70 is "
            f"{delivered:.4g} Gy instead of {planned:.4g} Gy: the dose is distributed "
            "differently",
        )
        for row in pairs
        for planned, delivered in [(row.planned_d70_gy, row.delivered_d70_gy)]
        if row.role == "tumor" and planned and delivered is not None and row.ratio
        if abs(row.ratio - 1) <= _NEAR and abs(delivered / planned - 1) > _OTHER_D70
    ]


def _activity_findings(
    what: str, planned_gbq: float, delivered_gbq: float
) -> list[Finding]:
    """Delivered activity that differs from the planned activity (H08)."""
    off = delivered_gbq / planned_gbq - 1
    said = (
        f"{what}delivered {amount(delivered_gbq)}, {round(off, 4) + 0:+.1%} of the "
        f"{amount(planned_gbq)} planned"
    )
    if abs(off) >= _REPORTABLE:
        return [Finding.of("H08", f"{said}: 20 % or more may be reportable")]
    severity = Severity.NOTE if abs(off) <= _NEAR else Severity.WARN
    return [Finding.of("H08", said, severity=severity)]


def _lesion_findings(
    plan: Mapping[str, Any], drawn: Sequence[Structure]
) -> list[Finding]:
    """Tumors that are missing, or differ from the plan in volume or place (H38)."""
    tumors = [one for one in drawn if one.role is Role.TUMOR]
    here = from_liver_mm(drawn)
    planned = {
        row["name"]: row.get("from_liver_mm")
        for row in (plan.get("measured") or {}).get("structures", [])
    }
    findings = []
    for part in (p for p in plan["compartments"] if p["role"] == "tumor"):
        found_name = the_one_alike(part["name"], (t.name for t in tumors))
        match = next((t for t in tumors if t.name == found_name), None)
        if match is None:
            said = f"'{part['name']}' of the plan has no structure of role tumor here"
            findings.append(Finding.of("H38", said, subject=part["name"]))
            continue
        if abs(match.volume_ml / part["volume_ml"] - 1) > _SAME_VOLUME:
            findings.append(
                Finding.of(
                    "H38",
                    f"'{match.name}' is {match.volume_ml:.1f} mL here, but "
                    f"{part['volume_ml']:.1f} mL in the plan: is it the same lesion?",
                    subject=match.name,
                )
            )
        there, found = planned.get(part["name"]), here.get(match.name)
        if not there or not found:
            continue
        moved = sum((a - b) ** 2 for a, b in zip(there, found, strict=True)) ** 0.5
        if moved > _SAME_PLACE_MM:
            findings.append(
                Finding.of(
                    "H38",
                    f"'{match.name}' lies {moved:.0f} mm from its place in the plan, "
                    "relative to the liver: is it the same lesion?",
                    subject=match.name,
                )
            )
    names = [part["name"] for part in plan["compartments"]]
    new = [t.name for t in tumors if the_one_alike(t.name, names) is None]
    if new:
        said = f"{', '.join(new)} are not in the plan"
        findings.append(Finding.of("H38", said, severity=Severity.WARN))
    return findings
