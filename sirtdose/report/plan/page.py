"""The page of a plan, and its files."""

import json
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from sirtdose.model.metric import metrics_in
from sirtdose.model.treatment import ALL_COUNTS
from sirtdose.report.documents import document_text, self_test_words
from sirtdose.report.doses import asked_in, metric_cells, missing_lines
from sirtdose.report.plan.document import readings
from sirtdose.report.plan.uncertainty import (
    PLAN_UNCERTAINTY_FILE,
    chance_words,
    plan_uncertainty_csv,
    prediction_words,
    uncertainty_cells,
    uncertainty_columns,
)
from sirtdose.report.post.summary import (
    lung_line,
    other_constant_words,
)
from sirtdose.report.post.uncertainty import (
    between_words,
    share_bars,
)
from sirtdose.report.render import render
from sirtdose.report.wording import limit_line

# What no plan by numbers has, or none that was made before there was any.
_OPTIONAL = ("approval", "measured", "images", "uncertainty", "extrahepatic")


def plan_page(text: str, data: Mapping[str, Any] | None = None) -> str:
    """The page of a plan; `data` are its planes, where an image was planned on."""
    document = json.loads(text)
    assumptions = {
        name.replace("_", " "): value
        for name, value in document["assumptions"].items()
        if not isinstance(value, (list, dict))
    }
    injections = document["assumptions"].get("injections", [])
    # A plan that was approved before doses had an uncertainty has none.
    unsure = document.get("uncertainty")
    return render(
        "plan.html",
        {"plan-json": text} | ({"view-data": data["view"]} if data else {}),
        ("viewer.js",) if data else (),
        d=dict.fromkeys(_OPTIONAL) | document,
        page=data,
        injections=injections if len(injections) > 1 else [],
        lung=lung_line(document["lungs"]),
        limits=[(limit, limit_line(limit)) for limit in document["limits"]],
        assumptions=assumptions.items(),
        self_test=self_test_words(document.get("self_test")),
        other_constant=other_constant_words,
        columns=uncertainty_columns(unsure),
        cells=lambda name: uncertainty_cells(unsure, name),
        earlier=any(
            one["cumulative_dose_gy"] != one["dose_gy"]
            for one in document["compartments"]
        ),
        compartments=readings(document),
        all_counts=ALL_COUNTS,
        lungs_interval=_lungs_interval(unsure),
        prediction=unsure
        and unsure["prediction"]
        and prediction_words(unsure["prediction"]),
        between=between_words,
        chance=chance_words,
        metrics=metrics_in("plan", asked_in(document)),
        cells_of=metric_cells,
        missing=missing_lines,
        shares=share_bars,
    )


def _lungs_interval(unsure: Mapping[str, Any] | None) -> str | None:
    """What the lungs' dose is known to, in words."""
    cells = uncertainty_cells(unsure, "lungs")
    if not cells or cells[0] == "-":
        return None
    return f"u = {cells[0]} Gy (k = 1), 95 % interval {cells[1]} Gy"


def write_plan(
    document: dict[str, Any], folder: Path, data: Mapping[str, Any] | None = None
) -> None:
    """Write plan.json, its page and its table."""
    text = document_text(document)
    (folder / "plan.json").write_text(text, "utf-8")
    (folder / "plan.html").write_text(plan_page(text, data), "utf-8")
    (folder / PLAN_UNCERTAINTY_FILE).write_text(
        plan_uncertainty_csv(document["uncertainty"]), "utf-8"
    )
