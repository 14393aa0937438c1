"""One A4 page: a plan for the tumor board."""

import json
from collections.abc import Mapping
from typing import Any

from sirtdose.report.findings import GRAVE, answered, in_short
from sirtdose.report.ladder import ladder
from sirtdose.report.plan.cutting import sheet_cuts
from sirtdose.report.plan.goals import page_goal_lines
from sirtdose.report.plan.page import Made, page_one, plan_head, with_names
from sirtdose.report.plan.rows import plan_rungs
from sirtdose.report.render import render

SHEET = "Tumor board sheet"


def plan_sheet(text: str, data: Mapping[str, Any] | None, made: Made) -> str:
    """A plan on one page; `data` are its pictures, where it is of an image."""
    document = json.loads(text)
    rungs = plan_rungs(document)
    # Its goal stands in the answer already.
    parts = page_one(document, rungs) | {"ladder": ladder(rungs)}
    # One page has no room for the table of goals.
    parts["image_doses"] += page_goal_lines(parts["goals"])
    findings = sheet_findings(parts["d"])
    return render(
        "plan_sheet.html",
        {},
        ("sheet.js",),
        head=plan_head(document, made, SHEET),
        page=with_names(document, data) if data else None,
        findings=findings,
        cuts=sheet_cuts(parts["ladder"].groups, findings, pictures=bool(data)),
        **parts,
    )


def sheet_findings(document: Mapping[str, Any]) -> list[dict[str, Any]]:
    """Findings of a sheet, numbered in their order."""
    by = (document.get("approval") or {}).get("by", "")
    said = answered(document["warnings"], document["accepted"], by=by)
    found = in_short([one for one in said if one["severity"] in GRAVE])
    return [{**one, "number": number} for number, one in enumerate(found)]
