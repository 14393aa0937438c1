"""The page of a check: check.html, one file with its pictures in it."""

import base64
import json
from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any

from sirtdose.model.metric import Metric
from sirtdose.report.check import words
from sirtdose.report.check.figures import difference_png, dvh_figure
from sirtdose.report.cohort.figures import svg_text
from sirtdose.report.post.summary import finding_lines
from sirtdose.report.render import case_hash, render

if TYPE_CHECKING:
    from sirtdose.dosimetry.compare.dose_check import DoseCheck


def check_page(text: str, check: "DoseCheck") -> str:
    """The page of check.json's text."""
    document = json.loads(text)
    figure = dvh_figure(check)
    curves = base64.b64encode(svg_text(figure).encode()).decode() if figure else None
    return render(
        "check.html",
        {"check-json": text},
        (),
        d=document,
        case=case_hash(text),
        headline=words.headline(document),
        small=words.small_gy,
        how=words.how_ours(document),
        tables=[
            ("Both dose maps, in our structures", _table(document["structures"])),
            ("As they report it, against ours", _table(document["reported"])),
            (
                "Their own histograms (DVHSequence), against their dose",
                _table(
                    words.as_ours_and_theirs(document["histograms"]["compared"]),
                    ("their dose", "stated"),
                    words.FINDINGS,
                ),
            ),
        ],
        unread=words.unvalued_lines(document)
        + words.unread_lines(document)
        + document["table_remarks"]
        + finding_lines(document["warnings"]),
        gamma=words.gamma_lines(document),
        gamma_how=words.gamma_how(document),
        total=words.total_line(document),
        coverage=words.coverage_lines(document),
        factor=words.factor_lines(document),
        picture=difference_png(check),
        curves=curves,
    )


def _table(
    rows: Sequence[Mapping[str, Any]],
    labels: tuple[str, str] = ("ours", "theirs"),
    verdicts: tuple[str, str] = words.VERDICTS,
) -> dict[str, Any] | None:
    """Header and rows of every number that any of the structures has."""
    if not rows:
        return None
    keys = list(dict.fromkeys(key for row in rows for key in row["numbers"]))
    return {
        "names": [Metric.parse(key).heading for key in keys],
        "labels": labels,
        "verdicts": verdicts,
        "rows": [
            {
                "remarks": [],
                **row,
                "cells": [_cell(row["numbers"].get(key)) for key in keys],
            }
            for row in rows
        ],
    }


def _cell(number: Mapping[str, Any] | None) -> dict[str, Any]:
    ours, theirs = words.both(number)
    return {
        "ours": ours,
        "theirs": theirs,
        "apart": words.apart(number),
        "percent": words.percent(number),
        "met": number and number["met"],
    }
