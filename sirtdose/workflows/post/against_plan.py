"""Hold a treatment against its plan."""

from collections.abc import Mapping, Sequence
from contextlib import suppress
from pathlib import Path
from typing import Any

from sirtdose.checks.planned import (
    compared_findings,
    newer_plan_findings,
    plan_findings,
)
from sirtdose.dosimetry.engine.dose import METHODS
from sirtdose.dosimetry.histogram.structure_dose import StructureDose
from sirtdose.dosimetry.results import PlanCompared, PlannedDose, Read
from sirtdose.errors import InputError
from sirtdose.model.field import Field
from sirtdose.model.finding import Finding
from sirtdose.model.ledger import Lungs
from sirtdose.model.metric import Metric
from sirtdose.model.names import alike, the_one_alike
from sirtdose.model.nuclide import Nuclide
from sirtdose.model.request import Given
from sirtdose.model.role import Role
from sirtdose.model.structure import Structure
from sirtdose.planning.partition_case import Region
from sirtdose.planning.sessions import (
    PERFUSED,
    EarlierSession,
    counted,
    injection_name,
    plans_updated,
    session_row,
)
from sirtdose.report.plan.hash import plan_of_file, plan_of_text
from sirtdose.workflows.plan.planned import injections_of, sessions_before
from sirtdose.workflows.post.injected import ledgers_of

_D70 = Metric.parse("D70")
_PLAN_MAX_BYTES = 50_000_000
_ROLE_IN_PLAN = {"gallbladder": "organ"}
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
            f"the plan is for {plan['nuclide']['name']}, but the treatment is "
            f"assessed for {nuclide.name}"
        )
    findings = plan_findings(plan=plan, nuclide=nuclide, patient_key=patient_key)
    return plan, findings + newer_plan_findings(plan, _plans_beside(path))


def _plans_beside(path: Path) -> dict[str, dict[str, Any]]:
    """The other plans of a plan's folder, by the names of their files."""
    plans = {}
    for other in sorted(path.resolve().parent.glob("*.json")):
        if other == path.resolve() or other.stat().st_size > _PLAN_MAX_BYTES:
            continue
        with suppress(OSError, UnicodeDecodeError, InputError):
            plans[other.name] = plan_of_text(other.read_text("utf-8"))
    return plans


def compared(
    plan: Mapping[str, Any],
    read: Read,
    *,
    drawn: Sequence[Structure],
    tables: Mapping[str, Sequence[StructureDose]],
    dosed_with: Nuclide,
    lungs: Lungs,
    earlier: Mapping[str, Any],
) -> tuple[PlanCompared, list[Finding]]:
    """Activities and doses, planned and delivered, and whether lesions are the same.

    `dosed_with` is the nuclide with the dose constant of the first of the `tables`, on
    which planned doses are brought, `earlier` what :func:`earlier_of` says.
    """
    method, rows = next(iter(tables.items()))
    by = plan["assumptions"].get("dose_method", METHODS["local"])
    constant, conversion = conversion_of(plan, by, dosed_with)
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
            planned_gy=conversion * (part.get("all_counts") or part)["dose_gy"],
            delivered_gy=row.mean_by_mass_gy,
            planned_d70_gy=_planned_d70(plan, method, row.structure.name, dosed_with),
            delivered_d70_gy=_D70.of(row.dvh),
        )
        for part, row in found
        if row is not None
    ]
    pairs += _lungs_row(plan, lungs, given.nuclide)
    return PlanCompared(
        hash=plan["hash"],
        approval=dict(plan.get("approval") or {}),
        method=method,
        planned_gbq=plan["activity_gbq"],
        delivered_gbq=delivered_gbq,
        rows=tuple(pairs),
        dose_constant_gy_kg_per_gbq=constant,
        conversion=conversion,
        earlier=earlier,
    ), compared_findings(
        plan=plan,
        rows=pairs,
        missed=[part["name"] for part, row in found if row is None],
        drawn=drawn,
        ledger=read.ledger,
        lungs=lungs,
        injections=list(zip(given.injections, ledgers_of(given), strict=True)),
    )


def earlier_of(
    plan: Mapping[str, Any] | None, rows: Sequence[StructureDose], given: Given
) -> dict[str, Any]:
    """What a plan counts of earlier treatments, and what the structures had of them.

    Counted anew by the plan's own rules, as if the treatment were a plan. Nothing where
    there were none.
    """
    if plan is None:
        return {}
    document, updates = Field(plan, "the plan:"), plans_updated(plan)
    before = sessions_before(document, "the plan", given=0)
    if not (updates or before):
        return {}
    regions = [_region(row, given, injections_of(document)) for row in rows]
    return {
        "updates": updates,
        "sessions": [
            *plan["assumptions"].get("sessions", ()),
            *(session_row(one) for one in before if one.kind == "stated"),
        ],
        "doses": [
            {"structure": region.name, "dose_gy": gy}
            for region in regions
            for gy in [_had_gy(region, regions, before)]
            if gy is not None
        ],
    }


def _region(row: StructureDose, given: Given, planned: tuple[str, ...]) -> Region:
    """A structure as a plan would list it, of the injections that perfuse it."""
    own = [
        one.name for one in given.injections if one.perfused == row.structure.name
    ] or [one.name for one in given.injections]
    role = str(row.structure.role)
    return Region(
        name=row.structure.name,
        role=_ROLE_IN_PLAN.get(role, role),
        volume_ml=row.structure.volume_ml,
        mass_kg=row.mass_kg,
        of=tuple(own) or planned,
        uptakes=(),
        gy_per_gbq=(),
    )


def _had_gy(
    region: Region, regions: Sequence[Region], sessions: Sequence[EarlierSession]
) -> float | None:
    """What a structure had before; None where the sessions divide it otherwise."""
    own = {injection_name(name) for name in region.of}
    found_gy = 0.0
    for session in sessions:
        for one in counted([region], session, among=regions):
            of = {injection_name(name) for part in one.parts for name in part.of}
            divided = region.role in PERFUSED and not one.derived
            if divided and len(own) > 1 and not _all_alike(own, of):
                return None
            found_gy += one.dose_gy
    return found_gy


def _all_alike(own: set[str], of: set[str]) -> bool:
    return len(own) == len(of) and all(alike(name, of) for name in own)


def _lungs_row(
    plan: Mapping[str, Any], lungs: Lungs, nuclide: Nuclide
) -> list[PlannedDose]:
    """The lungs by their shunt, where both plan and treatment have one."""
    planned_gy = (plan.get("lungs") or {}).get("dose_gy")
    if planned_gy is None or not lungs.known:
        return []
    _, conversion = conversion_of(plan, METHODS["local"], nuclide)
    return [PlannedDose("lungs", "lungs", conversion * planned_gy, lungs.dose_gy)]


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
        return by_name.get(the_one_alike(part["name"], by_name) or "")
    for one in given.injections:
        whole = f"perfused volume of {one.name}"
        if part["role"] == "perfused" and alike(part["name"], [whole]):
            return by_name.get(one.perfused)
    others = [other for other in parts if other["role"] == part["role"]]
    found = [row for row in rows if row.structure.role is _BY_ROLE[part["role"]]]
    return found[0] if len(others) == len(found) == 1 else None


def _planned_d70(
    plan: Mapping[str, Any], method: str, name: str, here: Nuclide
) -> float | None:
    rows = ((plan.get("doses") or {}).get(method) or {}).get("structures", [])
    _, conversion = conversion_of(plan, method, here)
    doses = {row["name"]: conversion * row["dose_gy"][_D70.key] for row in rows}
    return doses.get(the_one_alike(name, doses) or "")


def conversion_of(
    plan: Mapping[str, Any], method: str, here: Nuclide
) -> tuple[float, float]:
    """The dose constant of a plan's doses, and what brings them on that used here.

    Energy absorbed near and energy emitted are different constants of one dose: each
    is taken relative to the usual one of its own energy.
    """
    nuclide, used = plan["nuclide"], (plan.get("doses") or {}).get(method, {})
    key = "dose_constant_gy_kg_per_gbq"
    planned = float(used.get(key, nuclide[key]))
    there = here.for_energy(emitted=method != METHODS["local"])
    usual = (there.usual_dose_constant_gy_kg_per_gbq or 1.0) / (
        here.usual_dose_constant_gy_kg_per_gbq or 1.0
    )
    return planned, here.dose_constant_gy_kg_per_gbq * usual / planned
