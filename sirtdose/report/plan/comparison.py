"""Methods side by side, as a document and as text."""

from collections.abc import Sequence
from typing import Any

from sirtdose import __version__
from sirtdose.model.acceptance import Acceptance
from sirtdose.model.finding import Finding
from sirtdose.planning.comparison import Compared
from sirtdose.report.documents import (
    nuclide_document,
    said_document,
)
from sirtdose.report.limit_lines import bound_words, dose_words
from sirtdose.report.plan.document import compartment_document, limit_document
from sirtdose.report.plan.remnant import remnant_document
from sirtdose.report.plan.remnant_rows import treated_lines
from sirtdose.report.plan.uncertainty import planned_dose_document
from sirtdose.report.post.summary import basis_words
from sirtdose.report.screen import Screen
from sirtdose.report.wording import (
    activity,
    significant,
    spoken,
    table,
)


def comparison_document(
    rows: Sequence[Compared],
    findings: Sequence[Finding],
    accepted: Sequence[Acceptance],
    inputs: dict[str, Any],
) -> dict[str, Any]:
    """What compare.json holds."""
    first = rows[0].plan
    return {
        "schema": "sirtdose.compare/1",
        "sirtdose_version": __version__,
        "device": first.device.name if first.device else None,
        "nuclide": nuclide_document(first.nuclide),
        "density_g_per_ml": first.assumptions["density_g_per_ml"],
        "methods": [
            {
                "method": row.plan.method,
                "activity_gbq": row.plan.activity_gbq,
                "activity_mci": row.plan.activity_mci,
                "draw_activity_gbq": row.plan.draw_activity_gbq,
                "draw_activity_mci": row.plan.draw_activity_mci,
                "to_first_ratio": row.plan.activity_gbq / first.activity_gbq,
                "compartments": [
                    compartment_document(part) for part in row.compartments
                ],
                "lungs_gy": row.lungs_gy,
                "uncertainty": [planned_dose_document(one) for one in row.doses],
                "limits": [limit_document(limit) for limit in row.limits],
                "why": row.why,
            }
            for row in rows
        ],
        "remnant": remnant_document(first.remnant),
        **said_document(findings, accepted),
        "inputs": inputs,
    }


def comparison_screen(document: dict[str, Any]) -> Screen:
    """Activities, the doses each would give, and why they differ."""
    methods = document["methods"]
    names = [part["name"] for part in methods[0]["compartments"]]
    rows = [
        [
            f"{spoken(name)} Gy",
            *(significant(one["compartments"][i]["dose_gy"]) for one in methods),
            _relative(methods[0], name),
        ]
        for i, name in enumerate(names)
    ]
    lungs = [one["lungs_gy"] for one in methods]
    known = ["-" if gy is None else significant(gy) for gy in lungs]
    rows.append(["lungs Gy", *known, _relative(methods[0], "lungs")])
    first = methods[0]["method"]
    remnant, _ = treated_lines(document)
    return Screen.of(
        document,
        [
            f"Methods compared ({basis_words(document['nuclide'])}; "
            f"{document['density_g_per_ml']:g} g/mL)",
            "",
            *(
                f"{one['method']:<10}{activity(one['activity_gbq'])}, "
                f"{_against(one['to_first_ratio'], first)}; {one['why']}"
                for one in methods
            ),
            "",
            "Mean doses that each activity would give, all by the partition model:",
            table(["", *(one["method"] for one in methods), "u"], rows),
            "",
            _unmet(methods),
            *(["", *remnant] if remnant else []),
        ],
        ["u is the relative standard uncertainty (k = 1) of each dose, by first order"],
    )


def _against(ratio: float, first: str) -> str:
    """An activity beside the first method's.

    >>> _against(1.0, "bsa"), _against(1.64, "bsa"), _against(0.93, "bsa")
    ('reference', '64 % more than bsa', '7 % less than bsa')
    """
    if ratio == 1:
        return "reference"
    more = "more" if ratio > 1 else "less"
    return f"{100 * abs(ratio - 1):.0f} % {more} than {first}"


def _unmet(methods: Sequence[dict[str, Any]]) -> str:
    """The limits that an activity does not meet, by method."""
    rows = [
        [
            one["method"],
            spoken(limit["value_of"] or limit["name"]),
            dose_words(limit),
            bound_words(limit),
            "NOT MET",
        ]
        for one in methods
        for limit in one["limits"]
        if limit["met"] is False
    ]
    if not rows:
        return "Every limit that could be checked is met by every method."
    return table(["method", "limit", "Gy", "limit Gy", ""], rows, left={0, 1, 4})


def _relative(method: dict[str, Any], name: str) -> str:
    """What a dose is known to; the same for every activity."""
    for row in method["uncertainty"]:
        if row["name"] == name:
            own = row["dose_by_first_order_gy"]
            if own["value"] > 0:
                return f"{own['standard_uncertainty'] / own['value']:.1%}"
    return "-"
