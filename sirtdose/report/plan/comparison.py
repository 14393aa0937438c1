"""Methods or whole plans side by side, as compare.json holds them."""

from collections.abc import Mapping, Sequence
from typing import Any

from sirtdose import __version__
from sirtdose.model.acceptance import Acceptance, unaccepted
from sirtdose.model.device import Device
from sirtdose.model.finding import Finding
from sirtdose.model.names import the_one_alike
from sirtdose.model.units import MCI_PER_GBQ
from sirtdose.model.vial_product import VialProduct
from sirtdose.planning.comparison import Compared
from sirtdose.report.documents import nuclide_document, said_document
from sirtdose.report.plan.document import plan_document
from sirtdose.report.plan.remnant import remnant_document
from sirtdose.report.plan.rows import injections_of
from sirtdose.report.plan.uncertainty import planned_dose_document

_SEVERITIES = ("stop", "ask", "warn", "note")


def comparison_document(
    rows: Sequence[Compared],
    findings: Sequence[Finding],
    accepted: Sequence[Acceptance],
    inputs: dict[str, Any],
    *,
    unperfused_ml: float | None = None,
) -> dict[str, Any]:
    """Methods for one case; `unperfused_ml` is the rest of the liver, where known."""
    first = rows[0].plan
    return {
        "schema": "sirtdose.compare/1",
        "sirtdose_version": __version__,
        "device": first.device.name if first.device else None,
        "nuclide": nuclide_document(first.nuclide),
        "density_g_per_ml": first.assumptions["density_g_per_ml"],
        "unperfused": {
            "volume_ml": unperfused_ml,
            "dose_gy": 0.0,
            "cumulative_dose_gy": first.assumptions["prior_liver_dose_gy"],
        }
        if unperfused_ml
        else None,
        "methods": [
            {
                **_column(row.name, plan_document(row.plan), first.activity_gbq),
                "uncertainty": [planned_dose_document(one) for one in row.doses],
                "why": row.why,
            }
            for row in rows
        ],
        "remnant": remnant_document(first.remnant),
        **said_document(findings, accepted),
        "inputs": inputs,
    }


def plans_document(
    plans: Sequence[Mapping[str, Any]],
    findings: Sequence[Finding],
    accepted: Sequence[Acceptance],
) -> dict[str, Any]:
    """Whole plans of one patient, from their plan.json; names as in the first."""
    first = plans[0]
    typed = [one.get("inputs") or {} for one in plans]
    # What is told of all of them is what all have in common.
    shared = {
        key: value
        for key in ("patient_key", "vessel", "limit_table", "height_mm", "weight_kg")
        if (value := typed[0].get(key)) and all(one.get(key) == value for one in typed)
    }
    known = [part["name"] for part in first["compartments"]]
    columns: list[dict[str, Any]] = []
    for number, plan in enumerate(plans, start=1):
        column = {
            **_column(f"plan {number}", plan, first["activity_gbq"]),
            "uncertainty": (plan.get("uncertainty") or {"doses": []})["doses"],
            "why": _why(plan),
            "plan": _origin(plan),
        }
        columns.append(_as_known(column, known))
        parts = [one["name"] for one in columns[-1]["compartments"]]
        known += [name for name in parts if name not in known]
    devices = {one.get("device") for one in plans}
    return {
        "schema": "sirtdose.compare/1",
        "sirtdose_version": __version__,
        "device": devices.pop() if len(devices) == 1 else None,
        "nuclide": dict(first["nuclide"]),
        "density_g_per_ml": first["assumptions"].get("density_g_per_ml"),
        "unperfused": None,
        "plans": columns,
        "remnant": None,
        **said_document(findings, accepted),
        "inputs": shared,
    }


def _as_known(column: Mapping[str, Any], known: Sequence[str]) -> dict[str, Any]:
    """A plan's numbers under the names that structures have in the plans before it."""

    def named(name: str) -> str:
        return the_one_alike(name, known) or name

    return {
        **column,
        **{
            key: [{**one, of: named(one[of])} for one in column[key]]
            for key, of in (
                ("compartments", "name"),
                ("goals", "structure"),
                ("uncertainty", "name"),
            )
        },
        "limits": [
            {**one, "value_of": one["value_of"] and named(one["value_of"])}
            for one in column["limits"]
        ],
        "tumor_to_normal_ratio": {
            named(name): ratio
            for name, ratio in column["tumor_to_normal_ratio"].items()
        },
    }


def columns_of(document: Mapping[str, Any]) -> list[dict[str, Any]]:
    """What stands side by side: methods, or plans."""
    found: list[dict[str, Any]] = document.get("methods") or document["plans"]
    return found


def _column(name: str, plan: Mapping[str, Any], first_gbq: float) -> dict[str, Any]:
    """One method's or plan's numbers, of its plan as plan.json holds it."""
    lungs, assumed = plan["lungs"], plan["assumptions"]
    injections = assumed.get("injections") or ()
    return {
        "name": name,
        "method": plan["method"],
        "activity_gbq": plan["activity_gbq"],
        "activity_mci": plan["activity_mci"],
        "draw_activity_gbq": plan["draw_activity_gbq"],
        "draw_activity_mci": plan["draw_activity_mci"],
        "to_first_ratio": plan["activity_gbq"] / first_gbq,
        "injections": [
            {
                "name": one["name"],
                "activity_gbq": one["activity_gbq"],
                "activity_mci": one["activity_gbq"] * MCI_PER_GBQ,
                "draw_activity_gbq": one["draw_activity_gbq"],
                "draw_activity_mci": one["draw_activity_gbq"] * MCI_PER_GBQ,
                **_vial(plan.get("device"), one),
            }
            for one in injections_of(plan)
        ],
        "compartments": [dict(part) for part in plan["compartments"]],
        "lung_shunt_fraction": lungs["shunt_fraction"],
        "lungs_gy": lungs["dose_gy"],
        "lungs_cumulative_gy": lungs["cumulative_dose_gy"],
        "tumor_to_normal_ratio": {
            tumor: ratio
            for one in injections
            for tumor, ratio in one["tumor_to_normal_ratio"].items()
        },
        "goals": list(plan.get("goals") or ()),
        "limits": list(plan["limits"]),
    }


def _vial(device: str | None, one: Mapping[str, Any]) -> dict[str, Any]:
    """Spheres injected, and what part of a vial is drawn; both at calibration."""
    product = VialProduct() if device is None else Device.named(device).vials
    drawn_gbq, sizes = one["draw_activity_gbq"], product.fixed_gbq
    vial = next((gbq for gbq in sizes if gbq >= drawn_gbq), max(sizes, default=None))
    return {
        "spheres": product.spheres_per_gbq * one["activity_gbq"] or None,
        "vial_gbq": vial,
        "vial_fraction": None if vial is None else drawn_gbq / vial,
    }


def _origin(plan: Mapping[str, Any]) -> dict[str, Any]:
    """Which plan it is, and how much its checks said."""
    typed = plan.get("inputs") or {}
    said = [one["severity"] for one in plan["warnings"]]
    return {
        "hash": plan["hash"],
        "status": plan["status"],
        "device": plan.get("device"),
        "nuclide": plan["nuclide"]["name"],
        "case_label": typed.get("case_label"),
        "vessel": typed.get("vessel"),
        "treatment_date": typed.get("treatment_date"),
        "catheter": typed.get("catheter"),
        "said": {
            **{one: said.count(one) for one in _SEVERITIES},
            "unaccepted": len(unaccepted(plan)),
        },
    }


def _why(plan: Mapping[str, Any]) -> str:
    """What a plan rests on, for a reader who has only the comparison."""
    assumed = plan["assumptions"]
    by = [plan["method"]]
    if assumed.get("dose_method"):
        by.append(assumed["dose_method"].replace("_", " "))
    goals = [
        f"{one['goal'].replace('_', ' ')}"
        + (f" {one['value']:g}" if one["value"] is not None else "")
        + (" GBq" if one["goal"] == "activity" else " Gy" * (one["value"] is not None))
        for one in assumed.get("injections") or ()
        if one["goal"] != "aim"
    ]
    if not goals and assumed.get("prescribed_dose_gy"):
        goals = [f"{assumed['prescribed_dose_gy']:g} Gy"]
    return f"by {', '.join([*by, *dict.fromkeys(goals)])}"
