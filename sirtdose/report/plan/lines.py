"""A plan as text for a terminal, from the same document that is saved."""

from collections.abc import Mapping
from typing import Any

from sirtdose.model.activity_scale import scale_words
from sirtdose.model.treatment import ALL_COUNTS
from sirtdose.report.limit_lines import limit_table
from sirtdose.report.plan.document import readings
from sirtdose.report.plan.goals import goal_table, growth_lines
from sirtdose.report.plan.remnant_rows import treated_lines
from sirtdose.report.plan.uncertainty import (
    plan_uncertainty_lines,
    uncertainty_cells,
    uncertainty_columns,
)
from sirtdose.report.post.summary import basis_words
from sirtdose.report.post.uncertainty import hidden_interval_lines
from sirtdose.report.screen import Screen
from sirtdose.report.wording import activity, limit_line, significant, spoken, table


def plan_screen(document: dict[str, Any]) -> Screen:
    """Activities, doses and limits of a plan; what they rest on as details."""
    treated, treated_details = treated_lines(document)
    return Screen.of(
        document,
        [
            *plan_head(document),
            "",
            _dose_table(document),
            *hidden_interval_lines(_first_readings(document)),
            *_label_lines(document),
            *_earlier_lines(document),
            *scout_lines(document),
            *_after_blank(treated),
            *_after_blank(goal_table(document)),
            *_after_blank(limit_table(document)),
        ],
        _apart(
            [
                limit_line(limit)
                for limit in document["limits"]
                if limit["condition"] or limit["activity_needed_gbq"]
            ],
            treated_details,
            plan_uncertainty_lines(document.get("uncertainty")),
        ),
    )


def plan_head(document: dict[str, Any]) -> list[str]:
    """By which method, and how much activity."""
    return [
        f"Plan by {document['method']} ({_convention(document)}"
        f"{basis_words(document['nuclide'])})",
        "",
        *_activity_lines(document),
    ]


def approved_screen(document: dict[str, Any]) -> Screen:
    """What a person puts a name to: activities, limits, warnings."""
    approval = document["approval"]
    return Screen.of(
        document,
        [
            f"Plan by {document['method']}, device "
            f"{document.get('device') or 'not given'}",
            *_activity_lines(document),
            *_after_blank(goal_table(document)),
            *_after_blank(limit_table(document)),
            "",
            f"Approved by {approval['by']} at {approval['at']}",
        ],
    )


def _activity_lines(document: dict[str, Any]) -> list[str]:
    residual = document["assumptions"].get("residual_fraction", 0)
    expected = f", with {residual:.1%} residual" if residual else ""
    return [
        f"Inject   {activity(document['activity_gbq'])}",
        f"Draw up  {activity(document['draw_activity_gbq'])}{expected}",
        *([f"Scale    {scale_words(document)}"] if "scale" in document else []),
        *_injection_lines(document),
        *growth_lines(document),
    ]


def _dose_table(document: dict[str, Any]) -> str:
    """A row for each part of the liver and for the lungs; empty columns left out."""
    lungs, unsure = document["lungs"], document.get("uncertainty")
    rows = [
        [
            spoken(part["name"]),
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
    header = ["", "mL", "kg", "GBq", "mean Gy"]
    return table([*header, *uncertainty_columns(unsure)], rows)


def _first_readings(document: dict[str, Any]) -> list[dict[str, Any]]:
    """What doses are known to, without those by all counts of the map."""
    unsure = document.get("uncertainty") or {"doses": []}
    return [one for one in unsure["doses"] if not one["name"].endswith(ALL_COUNTS)]


def _earlier_lines(document: dict[str, Any]) -> list[str]:
    """Doses with earlier treatments, where there were any."""
    before = "earlier treatments"
    if document["assumptions"].get("scout"):
        typed = document.get("inputs") or {}
        more = [one for one in typed.get("injections") or () if "prior-dose" in one]
        keys = ("prior_liver_dose_gy", "prior_dose", "sessions")
        earlier = more or any(document["assumptions"].get(key) for key in keys)
        before = f"the scout and {before}" if earlier else "the scout"
    return [
        f"{spoken(part['name'])}: {significant(part['cumulative_dose_gy'])} Gy with "
        f"{before}"
        for part in readings(document)
        if part["cumulative_dose_gy"] != part["dose_gy"]
    ]


def scout_lines(document: Mapping[str, Any]) -> list[str]:
    """What the scout's own microspheres left in each part; nothing for none."""
    scout = document["assumptions"].get("scout")
    if not scout:
        return []
    lungs = scout["lungs_gy"]
    doses = scout["doses_gy"] | ({} if lungs is None else {"lungs": lungs})
    said = ", ".join(
        f"{significant(gy, 3)} Gy to {spoken(name)}" for name, gy in doses.items()
    )
    return [
        f"Scout, {significant(scout['activity_gbq'])} GBq: {said}; counted in "
        f"{scout['counted_in']}"
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
        f"lung shunt): {assumptions['prescribed_dose_gy']:g} Gy prescribed, "
        f"{significant(dose)} Gy delivered"
    ]


def _apart(*groups: list[str]) -> list[str]:
    """Lines with a blank one between groups.

    >>> _apart([], ["a"], ["b", "c"])
    ['a', '', 'b', 'c']
    """
    return [line for group in groups if group for line in ("", *group)][1:]


def _after_blank(lines: list[str]) -> list[str]:
    return ["", *lines] if lines else []
