"""The page of an assessment."""

import json
from collections.abc import Mapping
from typing import Any

from sirtdose.model.metric import metrics_in
from sirtdose.model.patient_link import PatientLink, dashed
from sirtdose.report.documents import self_test_words
from sirtdose.report.doses import NUMBERS, asked_in, metric_cells, missing_lines
from sirtdose.report.post.biology import biology_rows, parameter_lines, threshold_lines
from sirtdose.report.post.summary import (
    calibration_line,
    conversion_lines,
    density_words,
    image_lines,
    ledger_lines,
    lung_line,
    mass_lines,
    mean_difference,
    other_constant_words,
    partial_volume_lines,
)
from sirtdose.report.post.uncertainty import (
    between_words,
    gone_lines,
    interval_words,
    metric_interval,
    share_bars,
)
from sirtdose.report.render import case_hash, render
from sirtdose.report.wording import limit_line, significant

_GRAVE = ("stop", "ask", "warn")


def post_page(
    text: str, data: Mapping[str, Any], patient: PatientLink | None = None
) -> str:
    """The page of an assessment.

    Parameters
    ----------
    text : str
        post.json: every number of the page.
    data : mapping
        Pictures, planes and curves, of :func:`sirtdose.report.page_data`.
    patient : PatientLink, optional
        Whom to name; nobody otherwise.
    """
    document = json.loads(text)
    asked = asked_in(document)
    methods = list(document["doses"])
    rows = document["doses"][methods[0]]["structures"]
    usual_gy = {row["name"]: row["dose_gy"]["mean"] for row in rows}
    return render(
        "post.html",
        {"post-json": text, "view-data": data["view"], "dvh-data": data["histograms"]},
        ("viewer.js", "dvh.js"),
        d=document,
        page=data,
        patient=_named(patient),
        case=case_hash(text),
        first=methods[0].replace("_", " "),
        rows=rows,
        others=methods[1:],
        other_mean=lambda method, name: _mean_of(document, method, name),
        planned={
            row["name"]: row["planned_gy"]
            for row in (document["plan"] or {"doses": []})["doses"]
        },
        conversion=conversion_lines(document["plan"]),
        other_constant=other_constant_words,
        by_voxel=document["doses"][methods[0]]["density_g_per_ml"] is None,
        numbers=NUMBERS,
        ledger=ledger_lines(document["ledger"]),
        calibration=calibration_line(document["calibration"]),
        image_lines=image_lines(document["image"]),
        lung=lung_line(document["lungs"]),
        limits=[(limit, limit_line(limit)) for limit in document["limits"]],
        thresholds=threshold_lines(document["thresholds"]),
        grave=[one for one in document["warnings"] if one["severity"] in _GRAVE],
        biology=biology_rows,
        parameters=parameter_lines(document["radiobiology"], sources=True),
        density=density_words,
        by_mass=mass_lines,
        brief=metrics_in("brief", asked),
        intervals=[one for one in metrics_in("interval", asked) if one.number],
        metrics=metrics_in("page", asked),
        cells=metric_cells,
        missing=missing_lines,
        shares=share_bars,
        self_test=self_test_words(document.get("self_test")),
        dose_interval=interval_words,
        between=between_words,
        interval=metric_interval,
        gone=gone_lines,
        options=[
            (name.replace("_", " "), _words(value))
            for name, value in document["options"].items()
            if value not in (None, [], {})
        ],
        difference=lambda row: mean_difference(row, usual_gy.get(row["name"])),
        blur=[one for one in partial_volume_lines(document["partial_volume"]) if one],
    )


def _mean_of(document: Mapping[str, Any], method: str, name: str) -> str:
    rows = document["doses"][method]["structures"]
    means = {row["name"]: row["dose_gy"]["mean"] for row in rows}
    return significant(means[name]) if name in means else "-"


def _words(value: Any) -> str:
    """An option as a person reads it."""
    if isinstance(value, dict):
        return ", ".join(f"{name} {_words(one)}" for name, one in value.items())
    if isinstance(value, list):
        return "; ".join(_words(one) for one in value)
    return f"{value:g}" if isinstance(value, float) else str(value)


def _named(patient: PatientLink | None) -> dict[str, str] | None:
    if patient is None:
        return None
    return {
        "name": patient.patient_name.replace("^", " ").strip(),
        "id": patient.patient_id,
        "born": dashed(patient.birth_date),
        "study": dashed(patient.study_date),
    }
