"""One A4 page: a plan for the tumor board, or methods compared."""

import json
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from sirtdose.report.findings import GRAVE, answered, in_short
from sirtdose.report.ladder import Verdict, ladder
from sirtdose.report.palette import Paint, paints
from sirtdose.report.plan.cutting import sheet_cuts, table_cuts
from sirtdose.report.plan.goals import page_goal_lines
from sirtdose.report.plan.page import Made, page_one, plan_head, with_names
from sirtdose.report.plan.remnant_rows import treated_lines
from sirtdose.report.plan.rows import LUNGS, plan_rungs
from sirtdose.report.render import case_hash, render
from sirtdose.report.who import head_of
from sirtdose.report.wording import gy_words, shown_name

SHEET = "Tumor board sheet"
_METHODS = {"bsa": "BSA", "mird": "MIRD", "partition": "Partition"}


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


@dataclass(frozen=True)
class Compared:
    """One structure: its dose by each method's activity, and how far that is known."""

    name: str
    paint: Paint
    doses: tuple[str, ...]
    spread: str


def comparison_page(text: str, made: Made, title: str = "Methods compared") -> str:
    """Methods side by side on one page."""
    document = json.loads(text)
    methods = document["methods"]
    names = [_METHODS.get(one["method"], one["method"]) for one in methods]
    limits, findings = _limits(methods), sheet_findings(document)
    return render(
        "compare.html",
        {},
        ("sheet.js",),
        head=_head(document, text, made, title),
        d=document,
        methods=[
            {**one, "name": name} for one, name in zip(methods, names, strict=True)
        ],
        rows=_compared(methods),
        limits=limits,
        remnant=treated_lines(document)[0],
        findings=findings,
        cuts=table_cuts(limits, findings),
        typed=document.get("inputs") or {},
    )


def _compared(methods: list[dict[str, Any]]) -> list[Compared]:
    """Each structure once, the lungs last."""
    parts = methods[0]["compartments"]
    colors = paints([*((one["name"], one["role"]) for one in parts), (LUNGS, LUNGS)])
    rows = [
        (
            part["name"],
            tuple(gy_words(one["compartments"][n]["dose_gy"]) for one in methods),
        )
        for n, part in enumerate(parts)
    ]
    lungs = tuple(
        "n/a" if one["lungs_gy"] is None else gy_words(one["lungs_gy"])
        for one in methods
    )
    return [
        Compared(shown_name(name), colors[name], doses, _spread(methods[0], name))
        for name, doses in [*rows, (LUNGS, lungs)]
    ]


def _spread(method: Mapping[str, Any], name: str) -> str:
    """The relative standard uncertainty of a dose, the same for every activity."""
    for row in method["uncertainty"]:
        own = row["dose_by_first_order_gy"]
        if row["name"] == name and own["value"] > 0:
            return f"{100 * own['standard_uncertainty'] / own['value']:.0f} %"
    return "n/a"


def _limits(methods: list[dict[str, Any]]) -> list[tuple[str, list[Verdict]]]:
    """Each limit once, with the verdict of every method."""
    found: dict[str, list[Verdict]] = {}
    for method in methods:
        for limit in method["limits"]:
            of = limit["value_of"] or limit["volume"]
            more = " over all sessions" if of == "lungs_cumulative" else ""
            verdict = Verdict.of_limit(limit)
            name = shown_name(of.partition("_cumul")[0])
            found.setdefault(f"{name}{more}, {verdict.wanted} Gy", []).append(verdict)
    return [(name, own) for name, own in found.items() if len(own) == len(methods)]


def _head(document: Mapping[str, Any], text: str, made: Made, title: str) -> Any:
    return head_of(
        document,
        title,
        digest=case_hash(text, digits=64),
        made=made.on,
        deidentified=made.deidentified,
    )
