"""The pages of vials: which can be had, the order form, and today's vial."""

import json
from collections.abc import Mapping, Sequence
from datetime import date
from typing import Any

from sirtdose.report.page_head import day_words, moment_words
from sirtdose.report.plan.cutting import table_cuts
from sirtdose.report.plan.goals_at import goal_rows
from sirtdose.report.plan.order import drawn_rows, draws_words
from sirtdose.report.plan.page import Made
from sirtdose.report.plan.sheet import sheet_findings
from sirtdose.report.plan.vial_lines import (
    calibration_words,
    doubted,
    drawn_words,
    limits_words,
    off_words,
    order_line,
    size_words,
    zone_words,
)
from sirtdose.report.render import case_hash, render
from sirtdose.report.who import head_of
from sirtdose.report.wording import gy_words, significant

_DRAFT = "Plan not approved"


def vial_page(text: str, made: Made, title: str = "Vials") -> str:
    """The vials of each injection with their doses, and today's against the plan."""
    document = json.loads(text)
    return render(
        "vial.html",
        {},
        ("sheet.js",),
        **_frame(document, text, made, title),
        injections=[_injection(one) for one in document["injections"]],
        shared=[
            {**one, **_vials_words(one), "together": sum(one["parts"].values())}
            for one in document["shared"]
        ],
        today=[
            {
                **one,
                "gy": gy_words(one["dose_gy"]),
                "verdict": limits_words(one),
                "doubted": doubted(one),
            }
            for one in document["measured_doses"]
        ],
        goals=goal_rows(document.get("goals", ())),
        unverified=[
            one for one in document["catalogue"]["facts"] if not one["verified"]
        ],
    )


def order_page(text: str, made: Made, title: str = "Vial order") -> str:
    """The order form, to sign and send."""
    document = json.loads(text)
    return render(
        "order.html",
        {},
        ("sheet.js",),
        **_frame(document, text, made, title),
        lines=[
            {
                **one,
                "calibrated": _time(one["calibrated_at"]),
                "delivered": _time(one["delivery"]) or "to be agreed",
                "treatment": _time(one["treatment_at"]),
                "draw": draws_words(one),
            }
            for one in document["lines"]
        ],
        injections=[
            {
                **one,
                "time": _time(one["at"]),
                "off": drawn_words(one["parts_to_draw"])
                if one["shared_with"]
                else off_words(one["to_wanted_ratio"]),
            }
            for one in document["injections"]
        ],
        drawn=[{**one, "at": _time(one["at"])} for one in drawn_rows(document)],
    )


def _frame(
    document: Mapping[str, Any], text: str, made: Made, title: str
) -> dict[str, Any]:
    """What both pages have: whose it is, of which plan, and what warns."""
    plan = document["plan"]
    approved = bool(plan) and plan["status"] == "approved"
    head = head_of(
        document,
        title,
        treated=_treated([one["at"] for one in document["injections"]]),
        digest=case_hash(text, digits=64),
        made=made.on,
        state="Plan approved" if approved else _DRAFT if plan else "",
        good=approved,
        deidentified=made.deidentified,
    )
    findings = sheet_findings(document)
    return {
        "head": head,
        "d": document,
        "findings": findings,
        "cuts": table_cuts((), findings),
    }


def _treated(times: Sequence[str]) -> str:
    """The one time of treatment, or every day of it.

    >>> _treated(["2026-12-09T10:00-05:00", "2026-12-09T14:00-05:00"])
    'Dec 9, 2026'
    >>> _treated(["2026-12-10T10:00-05:00", "2026-12-09T14:00-05:00"])
    'Dec 9, 2026 and Dec 10, 2026'
    """
    if len(set(times)) == 1:
        return moment_words(times[0])
    *before, last = map(day_words, sorted({one[:10] for one in times}))
    return f"{', '.join(before)} and {last}" if before else last


def _injection(one: Mapping[str, Any]) -> dict[str, Any]:
    """One injection's vials, each a row; what is not linear in them is a word."""
    own = [*one["choices"], *one["pairs"]]
    measured = one["measured"]
    return {
        **one,
        "time": _time(one["at"]),
        "zone": zone_words(own),
        "structures": [
            dose["name"].removesuffix(f" of {one['name']}")
            for row in own[:1]
            for dose in row["doses"]
        ],
        "drawn": any(row["part_to_draw"] < 1 for row in own),
        "rows": [_row(choice) for choice in own],
        "order": order_line(one) if one["ordered"] and _dated(one) else "",
        "today": measured
        and {
            **measured,
            "off": off_words(measured["to_wanted_ratio"]),
            "off_order": measured["to_ordered_ratio"]
            and off_words(measured["to_ordered_ratio"]),
            "holds": _time(measured["holds_it_at"]),
        },
    }


def _row(choice: Mapping[str, Any]) -> dict[str, Any]:
    spheres, each = choice["spheres"], choice["bq_per_sphere"]
    return {
        **choice,
        **_vials_words(choice),
        "off": off_words(choice["to_wanted_ratio"]),
        "holds": _time(choice["holds_it_at"]),
        "million": significant(spheres / 1e6, 3) if spheres else "n/a",
        "each": significant(each, 3) if each else "n/a",
        "cells": [(gy_words(one["dose_gy"]), doubted(one)) for one in choice["doses"]],
    }


def _vials_words(choice: Mapping[str, Any]) -> dict[str, str]:
    when = dict.fromkeys(_calibrated(one) for one in choice["vials"])
    return {
        "sizes": " + ".join(map(size_words, choice["vials"])),
        "when": " and ".join(when),
    }


def _dated(one: Mapping[str, Any]) -> bool:
    """Whether dates were left in."""
    return _is_date(one["at"])


def _is_date(iso: str) -> bool:
    try:
        return bool(date.fromisoformat(iso[:10]))
    except ValueError:
        return False


def _calibrated(vial: Mapping[str, Any]) -> str:
    if _is_date(vial["calibrated_at"]):
        return calibration_words(vial)
    return str(vial["calibrated_at"])


def _time(iso: str | None) -> str:
    """A time in words; one that was taken out stays as it is."""
    if not iso or not _is_date(iso):
        return iso or ""
    return moment_words(iso) if len(iso) > len("2026-12-09") else day_words(iso)
