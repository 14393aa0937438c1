"""Hold a treatment against its plan."""

from collections.abc import Iterable, Mapping, Sequence
from datetime import datetime
from itertools import combinations
from pathlib import Path
from typing import Any

from sirtdose.checks.constants import other_file_findings
from sirtdose.dosimetry.derived import from_liver_mm
from sirtdose.dosimetry.grid.resample import on_one_lattice
from sirtdose.dosimetry.histogram.structure_dose import StructureDose
from sirtdose.dosimetry.results import PlanCompared, PlannedDose, Read
from sirtdose.errors import InputError
from sirtdose.model.finding import Finding, Severity
from sirtdose.model.metric import Metric
from sirtdose.model.names import alike
from sirtdose.model.nuclide import Nuclide
from sirtdose.model.request import Given
from sirtdose.model.role import Role
from sirtdose.model.structure import Structure
from sirtdose.report.plan.hash import plan_of_file, plan_of_text
from sirtdose.workflows.post.injected import ledgers_of

# EANM: within 10 %; a difference of 20 % is what US rules have reported.
_NEAR, _REPORTABLE = 0.10, 0.20
_SAME_VOLUME = 0.25
# Neighbors share border voxels: less of the smaller volume is no overlap.
_SHARED = 0.02
_OTHER_D70 = 0.20
_D70 = Metric.parse("D70")
_SAME_PLACE_MM = 15.0
_PLAN_MAX_BYTES = 50_000_000
# A plan's roles whose parts have no name of their own.
_BY_ROLE = {
    "normal_perfused": Role.NORMAL_PERFUSED,
    "normal_whole": Role.NORMAL_WHOLE,
    "perfused": Role.PERFUSED,
    "liver": Role.LIVER,
}


def read_plan(
    path: Path,
    nuclide: Nuclide,
    patient_key: str | None,
) -> tuple[dict[str, Any], list[Finding]]:
    """An approved plan of the same nuclide.

    Raises
    ------
    InputError
        No plan, an edited one, or one of another nuclide.
    """
    plan = plan_of_file(path)
    if plan["nuclide"]["name"] != nuclide.name:
        raise InputError(
            f"the plan is for {plan['nuclide']['name']}, the treatment is assessed for "
            f"{nuclide.name}"
        )
    findings = [
        *other_file_findings(plan["nuclide"], nuclide),
        *_patient_findings(plan, patient_key),
    ]
    if plan.get("status") != "approved":
        findings.append(
            Finding.of(
                "H02",
                f"the plan is {plan.get('status')}: compare with the one that was "
                "approved (`sirtdose plan approve`)",
            )
        )
    return plan, findings + _newer_findings(path, plan)


def _newer_findings(path: Path, plan: Mapping[str, Any]) -> list[Finding]:
    """Plans that lie beside this one and were approved after it (H02)."""
    findings = []
    for other_path in sorted(path.resolve().parent.glob("*.json")):
        if other_path == path.resolve() or other_path.stat().st_size > _PLAN_MAX_BYTES:
            continue
        try:
            other = plan_of_text(other_path.read_text("utf-8"))
        except (OSError, UnicodeDecodeError, InputError):
            continue
        key = (other.get("inputs") or {}).get("patient_key")
        if key != (plan.get("inputs") or {}).get("patient_key"):
            continue
        at, since = _approved_at(other), _approved_at(plan)
        if at is None or since is None or at <= since:
            continue
        said = (
            f"{other_path.name} beside the plan was approved after it, at "
            f"{at.isoformat()}"
        )
        findings.append(
            Finding.of("H02", f"{said}: give the newest plan")
            if key is not None
            else Finding.of(
                "H02",
                f"{said}; no --patient-key says whether it is the same patient's",
                severity=Severity.WARN,
            )
        )
    return findings


def _approved_at(plan: Mapping[str, Any]) -> datetime | None:
    at = (plan.get("approval") or {}).get("at")
    return None if at is None else datetime.fromisoformat(at)


def _patient_findings(
    plan: Mapping[str, Any], patient_key: str | None
) -> list[Finding]:
    """Whether plan and treatment are of one patient, by their keys (H01)."""
    planned = (plan.get("inputs") or {}).get("patient_key")
    if planned is None or patient_key is None:
        said = "plan and patient not checked: needs --patient-key in both"
        return [Finding.of("H01", said, severity=Severity.NOTE)]
    if planned != patient_key:
        said = "the plan's --patient-key is another than the treatment's"
        return [Finding.of("H01", said)]
    return []


def compared(
    plan: Mapping[str, Any],
    read: Read,
    *,
    drawn: Sequence[Structure],
    tables: Mapping[str, Sequence[StructureDose]],
) -> tuple[PlanCompared, list[Finding]]:
    """Activities and doses, planned and delivered, and whether lesions are the same."""
    method, rows = next(iter(tables.items()))
    given, delivered_gbq = read.given, read.ledger.delivered_gbq
    found = [
        (part, _row_of(part, rows, parts=plan["compartments"], given=given))
        for part in plan["compartments"]
    ]
    pairs = [
        PlannedDose(
            name=row.structure.name,
            role=part["role"],
            # This map too shows what lies outside of what is perfused.
            planned_gy=(part.get("all_counts") or part)["dose_gy"],
            delivered_gy=row.mean_by_mass_gy,
            planned_d70_gy=_planned_d70(plan, method, row.structure.name),
            delivered_d70_gy=_D70.of(row.dvh),
        )
        for part, row in found
        if row is not None
    ]
    findings = [
        *_activity_findings("", plan["activity_gbq"], delivered_gbq),
        *_injection_findings(plan, given),
        *_overlap_findings(plan, given, drawn),
        *_lesion_findings(plan, drawn),
        *_distribution_findings(pairs),
        *_missed_findings([part["name"] for part, row in found if row is None]),
    ]
    return PlanCompared(
        hash=plan["hash"],
        approval=dict(plan.get("approval") or {}),
        method=method,
        planned_gbq=plan["activity_gbq"],
        delivered_gbq=delivered_gbq,
        rows=tuple(pairs),
    ), findings


def _missed_findings(names: Sequence[str]) -> list[Finding]:
    """Parts of the plan that nothing here stands for (H38)."""
    if not names:
        return []
    said = f"of the plan, {', '.join(names)} is compared with no structure here"
    return [Finding.of("H38", said, severity=Severity.WARN)]


def _row_of(
    part: Mapping[str, Any],
    rows: Sequence[StructureDose],
    *,
    parts: Sequence[Mapping[str, Any]],
    given: Given,
) -> StructureDose | None:
    """The structure that a part of the plan stands for: tumors go by name."""
    by_name = {row.structure.name: row for row in rows}
    if part["role"] not in _BY_ROLE:
        return by_name.get(_named(part["name"], by_name) or "")
    for one in given.injections:
        whole = f"perfused volume of {one.name}"
        if part["role"] == "perfused" and alike(part["name"], [whole]):
            return by_name.get(one.perfused)
    others = [other for other in parts if other["role"] == part["role"]]
    found = [row for row in rows if row.structure.role is _BY_ROLE[part["role"]]]
    return found[0] if len(others) == len(found) == 1 else None


def _named(name: str, known: Iterable[str]) -> str | None:
    """The one known name that is the same; but for case where no other is so too."""
    found = alike(name, known)
    return found[0] if len(found) == 1 else None


def _injection_findings(plan: Mapping[str, Any], given: Given) -> list[Finding]:
    """Each injection's activity against the plan's of the same name (H04, H08)."""
    planned = {
        one["name"]: float(one["activity_gbq"])
        for one in plan["assumptions"].get("injections", [])
    }
    if len(planned) < 2 and not given.injections:
        return []
    ledgers = ledgers_of(given) if given.injections else []
    delivered = {
        _named(one.name, planned) or one.name: ledger.delivered_gbq
        for one, ledger in zip(given.injections, ledgers, strict=True)
    }
    if set(delivered) != set(planned):
        return [
            Finding.of(
                "H38",
                f"the plan's injections are {', '.join(planned)}, those given "
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
        if others and abs(gbq / planned[name] - 1) >= _REPORTABLE:
            findings.append(
                Finding.of(
                    "H04",
                    f"'{name}' got the {planned[others[0]]:.4g} GBq planned for "
                    f"'{others[0]}': were the two exchanged?",
                    severity=Severity.ASK,
                )
            )
    return findings


def _overlap_findings(
    plan: Mapping[str, Any], given: Given, drawn: Sequence[Structure]
) -> list[Finding]:
    """Injections that overlap: a plan by the scout spreads each by all counts (H24)."""
    volumes = {one.name: one for one in drawn}
    placed = [one for one in given.injections if one.perfused in volumes]
    findings = []
    for one, other in combinations(placed if plan.get("doses") else [], 2):
        pair = on_one_lattice([volumes[one.perfused], volumes[other.perfused]])
        shared_ml = (pair[0] & pair[1]).volume_ml
        if shared_ml > _SHARED * min(part.volume_ml for part in pair):
            findings.append(
                Finding.of(
                    "H24",
                    f"'{one.name}' and '{other.name}' overlap by {shared_ml:.1f} mL: "
                    "there the plan spreads each injection by all counts of the scout, "
                    "this assessment by one factor for both. Planned doses are too "
                    "high in the overlap and too low beside it, and differ for that "
                    "reason alone",
                )
            )
    return findings


def _planned_d70(plan: Mapping[str, Any], method: str, name: str) -> float | None:
    rows = ((plan.get("doses") or {}).get(method) or {}).get("structures", [])
    doses = {row["name"]: float(row["dose_gy"][_D70.key]) for row in rows}
    return doses.get(_named(name, doses) or "")


def _distribution_findings(pairs: Sequence[PlannedDose]) -> list[Finding]:
    """Tumors whose mean is as planned, and whose dose lies otherwise (H39)."""
    findings = []
    for row in pairs:
        planned, delivered = row.planned_d70_gy, row.delivered_d70_gy
        if row.role != "tumor" or not planned or delivered is None or not row.ratio:
            continue
        if abs(row.ratio - 1) <= _NEAR and abs(delivered / planned - 1) > _OTHER_D70:
            findings.append(
                Finding.of(
                    "H39",
                    f"'{row.name}' has {round(row.ratio - 1, 2) + 0:+.0%} of its "
                    f"planned mean, and a D70 of {delivered:.4g} Gy where "
                    f"{planned:.4g} Gy were planned: the dose lies elsewhere in it",
                )
            )
    return findings


def _activity_findings(
    what: str, planned_gbq: float, delivered_gbq: float
) -> list[Finding]:
    off = delivered_gbq / planned_gbq - 1
    said = (
        f"{what}delivered {delivered_gbq:.4g} GBq, {round(off, 4) + 0:+.1%} of the "
        f"{planned_gbq:.4g} GBq planned"
    )
    if abs(off) >= _REPORTABLE:
        return [Finding.of("H08", f"{said}: 20 % or more may be reportable")]
    severity = Severity.NOTE if abs(off) <= _NEAR else Severity.WARN
    return [Finding.of("H08", said, severity=severity)]


def _lesion_findings(
    plan: Mapping[str, Any], drawn: Sequence[Structure]
) -> list[Finding]:
    """Tumors of the plan that are missing here, or others by volume or place."""
    tumors = [one for one in drawn if one.role is Role.TUMOR]
    here = from_liver_mm(drawn)
    planned = {
        row["name"]: row.get("from_liver_mm")
        for row in (plan.get("measured") or {}).get("structures", [])
    }
    findings = []
    for part in (p for p in plan["compartments"] if p["role"] == "tumor"):
        found_name = _named(part["name"], (t.name for t in tumors))
        match = next((t for t in tumors if t.name == found_name), None)
        if match is None:
            said = f"'{part['name']}' of the plan is no structure of role tumor here"
            findings.append(Finding.of("H38", said))
            continue
        off = match.volume_ml / part["volume_ml"] - 1
        if abs(off) > _SAME_VOLUME:
            findings.append(
                Finding.of(
                    "H38",
                    f"'{match.name}' is {match.volume_ml:.1f} mL here and "
                    f"{part['volume_ml']:.1f} mL in the plan: is it the same?",
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
                    f"'{match.name}' lies {moved:.0f} mm from where the plan has it in "
                    "the liver: is it the same?",
                )
            )
    names = [part["name"] for part in plan["compartments"]]
    new = [t.name for t in tumors if _named(t.name, names) is None]
    if new:
        said = f"{', '.join(new)} are not in the plan"
        findings.append(Finding.of("H38", said, severity=Severity.WARN))
    return findings
