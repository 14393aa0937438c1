"""Methods or whole plans side by side, on one A4 page."""

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from sirtdose.report.ladder import Verdict
from sirtdose.report.palette import Paint, paints
from sirtdose.report.plan.comparison import columns_of
from sirtdose.report.plan.comparison_lines import (
    REST,
    WITH_EARLIER,
    basis_rows,
    change_words,
    doses_of,
    injection_rows,
    left_out_lines,
    origin_words,
    parts_of,
    relative,
    vial_words,
    with_earlier,
)
from sirtdose.report.plan.cutting import table_cuts
from sirtdose.report.plan.goals import apart_words, wanted_words
from sirtdose.report.plan.page import Made
from sirtdose.report.plan.remnant_rows import treated_lines
from sirtdose.report.plan.rows import LUNGS
from sirtdose.report.plan.sheet import sheet_findings
from sirtdose.report.render import case_hash, render
from sirtdose.report.who import head_of
from sirtdose.report.wording import gy_words, shown_name

_METHODS = {"bsa": "BSA", "mird": "MIRD"}
_Doses = Mapping[str, Sequence[float | None]]


@dataclass(frozen=True)
class Compared:
    """One row of a comparison: a structure's doses, or what they follow from."""

    name: str
    paint: Paint | None
    values: tuple[str, ...]
    spread: str = ""


def comparison_page(text: str, made: Made, title: str = "") -> str:
    """Methods or whole plans side by side on one page."""
    document = json.loads(text)
    columns, methods = columns_of(document), "methods" in document
    names = [_name(one["name"]) for one in columns]
    limits, findings = _limits(columns), sheet_findings(document)
    return render(
        "compare.html",
        {},
        ("sheet.js",),
        head=_head(
            document,
            text,
            made,
            title or ("Methods" if methods else "Plans") + " compared",
        ),
        d=document,
        of_plans=not methods,
        methods=[
            {
                **one,
                "name": name,
                "vials": [vial_words(own) for own in one["injections"]],
                "origin": None if methods else origin_words(one),
            }
            for one, name in zip(columns, names, strict=True)
        ],
        left_out=left_out_lines(document),
        basis=[] if methods else _basis(columns),
        injections=injection_rows(columns),
        rows=_compared(document, doses_of(document)),
        earlier=_compared(document, with_earlier(document)),
        earlier_title=WITH_EARLIER,
        goals=[] if methods else _goal_rows(columns, names),
        limits=limits,
        remnant=treated_lines(document)[0],
        findings=findings,
        cuts=table_cuts(
            [(row, [one for one in own if one]) for row, own in limits], findings
        ),
        typed=document.get("inputs") or {},
    )


def _name(name: str) -> str:
    """A column's name as a head of a table.

    >>> _name("bsa"), _name("partition by maximize"), _name("plan 2")
    ('BSA', 'Partition by maximize', 'Plan 2')
    """
    return _METHODS.get(name, name[:1].upper() + name[1:])


def _basis(columns: list[dict[str, Any]]) -> list[Compared]:
    return [
        Compared(row[0][:1].upper() + row[0][1:], None, tuple(row[1:]))
        for row in basis_rows(columns)
    ]


def _compared(document: Mapping[str, Any], doses: _Doses) -> list[Compared]:
    """Each structure once, as it is shown."""
    columns, methods = columns_of(document), "methods" in document
    parts = parts_of(document)
    colors = paints([*parts, (REST, "normal_whole"), (LUNGS, LUNGS)])
    return [
        Compared(
            shown_name(name),
            colors[name],
            tuple(_dose_words(gy, methods=methods)),
            relative(columns[0], name, ".0%").replace("%", " %").replace("-", "n/a"),
        )
        for name, gy in doses.items()
    ]


def _dose_words(doses: Sequence[float | None], *, methods: bool) -> list[str]:
    """Doses in Gy; those of later plans with the difference from the first."""
    first = None if methods else doses[0]
    return [
        "n/a"
        if one is None
        else gy_words(one) + change_words(one, first if n else None)
        for n, one in enumerate(doses)
    ]


def _goal_rows(
    columns: list[dict[str, Any]], names: Sequence[str]
) -> list[tuple[str, str, str, str]]:
    return [
        (
            name,
            f"{shown_name(goal['structure'])} {goal['metric']}",
            wanted_words(goal),
            apart_words(goal),
        )
        for one, name in zip(columns, names, strict=True)
        for goal in one["goals"]
    ]


def _limits(columns: list[dict[str, Any]]) -> list[tuple[str, list[Verdict | None]]]:
    """Each limit once, with the verdict of every column; None where it has none."""
    found: dict[str, list[Verdict | None]] = {}
    for n, column in enumerate(columns):
        for limit in column["limits"]:
            of = limit["value_of"] or limit["volume"]
            more = " over all sessions" if of == "lungs_cumulative" else ""
            verdict = Verdict.of_limit(limit)
            name = shown_name(of.partition("_cumul")[0])
            row = f"{name}{more}, {verdict.wanted} Gy"
            found.setdefault(row, [None] * len(columns))[n] = verdict
    return list(found.items())


def _head(document: Mapping[str, Any], text: str, made: Made, title: str) -> Any:
    return head_of(
        document,
        title,
        digest=case_hash(text, digits=64),
        made=made.on,
        deidentified=made.deidentified,
    )
