"""A plan as text for a terminal, from the same document that is saved."""

from typing import Any

from sirtdose.report.plan.document import readings
from sirtdose.report.plan.uncertainty import (
    plan_uncertainty_lines,
    uncertainty_cells,
    uncertainty_columns,
)
from sirtdose.report.post.summary import basis_words, warning_lines
from sirtdose.report.wording import activity, limit_line, significant, table


def plan_summary(document: dict[str, Any]) -> str:
    """What a plan says, in a few lines."""
    return "\n".join([*plan_lines(document), *warning_lines(document)])


def plan_lines(document: dict[str, Any]) -> list[str]:
    """Activities, doses and limits of a plan: the answer, without its warnings."""
    lungs, unsure = document["lungs"], document.get("uncertainty")
    rows = [
        [
            part["name"],
            significant(part["volume_ml"]),
            significant(part["mass_kg"]),
            significant(part["activity_gbq"]),
            significant(part["dose_gy"]),
            *uncertainty_cells(unsure, part["name"]),
        ]
        for part in readings(document)
    ]
    known = lungs["shunt_source"] != "not given"
    rows.append(
        [
            "lungs",
            "-",
            significant(lungs["mass_kg"]),
            significant(lungs["activity_gbq"]) if known else "not known",
            significant(lungs["dose_gy"]) if known else "not known",
            *uncertainty_cells(unsure, "lungs"),
        ]
    )
    header = ["compartment", "mL", "kg", "GBq", "mean Gy"]
    return [
        f"Plan by {document['method']} ({_convention(document)}"
        f"{basis_words(document['nuclide'])})",
        "",
        f"Inject   {activity(document['activity_gbq'])}",
        f"Draw up  {activity(document['draw_activity_gbq'])}"
        f"  with {document['assumptions'].get('residual_fraction', 0):.1%} residual",
        *_injection_lines(document),
        "",
        table([*header, *uncertainty_columns(unsure)], rows),
        "",
        *_label_lines(document),
        *(
            f"{part['name']}: {significant(part['cumulative_dose_gy'])} Gy with "
            "earlier treatments"
            for part in readings(document)
            if part["cumulative_dose_gy"] != part["dose_gy"]
        ),
        *(limit_line(limit) for limit in document["limits"]),
        *(["", *plan_uncertainty_lines(unsure)] if unsure else []),
    ]


def approved_lines(document: dict[str, Any]) -> list[str]:
    """What a person puts a name to: activities, limits not met, warnings."""
    return [
        f"Plan by {document['method']}, device {document.get('device') or 'not given'}",
        f"Inject   {activity(document['activity_gbq'])}",
        f"Draw up  {activity(document['draw_activity_gbq'])}",
        *_injection_lines(document),
        *(
            limit_line(limit)
            for limit in document.get("limits", [])
            if limit["met"] is not True
        ),
        *(
            line
            for line in warning_lines(document)
            if line.startswith(("WARN", "ASK", "ACCEPTED"))
        ),
    ]


def _injection_lines(document: dict[str, Any]) -> list[str]:
    """What each of several injections is: activities, and what goes to the lungs."""
    injections = document.get("assumptions", {}).get("injections", [])
    if len(injections) < 2:
        return []
    return [
        f"  {one['name']}: inject {activity(one['activity_gbq'])}, draw up "
        f"{activity(one['draw_activity_gbq'])}, lung shunt "
        f"{'not known' if shunt is None else f'{shunt:.1%}'}"
        for one in injections
        for shunt in [one["lung_shunt_fraction"]]
    ]


def _convention(document: dict[str, Any]) -> str:
    label = document["assumptions"].get("convention") == "label"
    return "label convention; delivered doses by " if label else ""


def _label_lines(document: dict[str, Any]) -> list[str]:
    assumptions = document["assumptions"]
    if assumptions.get("convention") != "label":
        return []
    dose = document["compartments"][0]["dose_gy"]
    return [
        f"Label formula (K {assumptions['formula_dose_constant_gy_kg_per_gbq']:g}, no "
        f"lung shunt): {assumptions['prescribed_dose_gy']:g} Gy asked, "
        f"{significant(dose)} Gy really delivered"
    ]
