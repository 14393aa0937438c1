"""The page of an assessment."""

import json
import re
from collections.abc import Iterable, Mapping, Sequence
from typing import Any

from sirtdose.model.activity_scale import scale_words
from sirtdose.model.metric import EFFECTS, Metric, metrics_in
from sirtdose.model.patient_link import PatientLink, dashed
from sirtdose.report.documents import self_test_words
from sirtdose.report.doses import (
    NUMBERS,
    asked_in,
    metric_cells,
    metric_value,
    missing_lines,
    places_of,
)
from sirtdose.report.dvh_plot import curves_alone
from sirtdose.report.findings import GRAVE, accepted_limits
from sirtdose.report.limit_lines import limit_scale_words, percent_words
from sirtdose.report.looks import drawn_name, method_name
from sirtdose.report.page_head import (
    NOT_GIVEN,
    REMOVED,
    PageHead,
    day_words,
    made_today,
    moment_words,
)
from sirtdose.report.palette import paints
from sirtdose.report.post.biology import biology_rows, parameter_lines
from sirtdose.report.post.camera import camera_lines
from sirtdose.report.post.readers import contours_words, readers_page
from sirtdose.report.post.rungs import limits_words, post_ladder, shown_rows
from sirtdose.report.post.summary import (
    agreement_line,
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
    treated_line,
)
from sirtdose.report.post.uncertainty import (
    between_words,
    gone_lines,
    interval_notes,
    interval_words,
    metric_interval,
    share_bars,
)
from sirtdose.report.render import case_hash, render
from sirtdose.report.wording import limit_line, role_words, significant, spoken

_DERIVED = re.compile(r"'(normal_whole|normal_perfused|perfused_without_tumors)'")
_SHORT_DATE = re.compile(r"\d{4}-\d{2}-\d{2}(T[\d:.+Z-]+)?")
_DISEASES = {"hcc": "HCC", "icc": "ICC", "mcrc": "mCRC"}
NONE = "n/a"
# More tumors than these are told as a range.
_TUMORS_NAMED = 4


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
    rows, hidden = shown_rows(document["doses"][methods[0]]["structures"])
    usual_gy = {row["name"]: row["dose_gy"]["mean"] for row in rows}
    nameless = data["whose"]["deidentified"]
    findings = [
        one | {"message": _sentence(_plain(one["message"]))}
        for one in document["warnings"]
    ]
    return render(
        "post.html",
        {
            "post-json": text,
            "view-data": data["view"],
            "dvh-data": curves_alone(data["histograms"]),
        },
        ("viewer.js", "histograms.js"),
        head=_head(document, text, data["whose"], patient),
        d=document,
        page=data,
        case=case_hash(text),
        digest=case_hash(text, digits=64),
        rows=rows,
        hidden=hidden,
        methods=methods,
        **_FORMS,
        ladder=post_ladder(document, rows),
        answer=_answer(document, rows),
        treated=treated_line(document.get("treated_liver")),
        said={"warnings": findings, "accepted": document["accepted"]},
        findings=findings,
        places=places_of(document, data),
        colors=paints((row["name"], row["role"]) for row in rows),
        conversion=conversion_lines(document["plan"]),
        by_voxel=document["doses"][methods[0]]["density_g_per_ml"] is None,
        numbers=NUMBERS,
        ledger=ledger_lines(document["ledger"]),
        calibration=_calibration(document, hidden=nameless),
        agreement=agreement_line(document["calibration"]),
        scale=_scale(document, hidden),
        image_lines=_without_dates(image_lines(document["image"]), hidden=nameless),
        lung=lung_line(document["lungs"]),
        limits=[(limit, _plain(limit_line(limit))) for limit in document["limits"]],
        thresholds=_threshold_table(document["thresholds"]),
        biology=lambda result: _biology(result, hidden),
        parameters=parameter_lines(document["radiobiology"], sources=True),
        intervals=[one for one in metrics_in("interval", asked) if one.number],
        metrics=metrics_in("page", asked),
        self_test=self_test_words(document.get("self_test")),
        options=_options(document, hidden=nameless),
        difference=lambda row: mean_difference(row, usual_gy.get(row["name"])),
        readers=readers_page(document),
        contours=contours_words(document.get("observers")),
        blur=[_plain(one) for one in partial_volume_lines(document["partial_volume"])],
    )


def _options(document: Mapping[str, Any], *, hidden: bool) -> list[Any]:
    """What was asked for, in words."""
    return _without_dates(
        (
            (name.replace("_", " "), _words(value))
            for name, value in document["options"].items()
            if value not in (None, [], {})
        ),
        hidden=hidden,
    )


def _calibration(document: Mapping[str, Any], *, hidden: bool) -> str:
    """How counts became activity, and what the camera's file gave, in sentences."""
    lines = [
        calibration_line(document["calibration"]),
        *camera_lines(document.get("camera")),
    ]
    return ". ".join(_without_dates(lines, hidden=hidden))


def _head(
    document: Mapping[str, Any],
    text: str,
    whose: Mapping[str, Any],
    patient: PatientLink | None,
) -> PageHead:
    """Whose the page is, and of which treatment and image."""
    hidden = whose["deidentified"]
    named = _named(patient)
    key = REMOVED if hidden else named or whose["key"] or NOT_GIVEN
    times = document["times"]
    treated = REMOVED if hidden else moment_words(times["administered_at"])
    device = (document["device"] or "").capitalize()
    image = document["image"] or {}
    after = times["elapsed_h"]
    imaged = [
        image.get("modality") or "",
        f"{after:.1f} h later" if after is not None else "",
    ]
    return PageHead(
        title="Doses after treatment",
        digest=case_hash(text, digits=64),
        key=key,
        treated=treated,
        made="" if hidden else made_today(),
        who=(
            ("Patient", key),
            (
                "Disease",
                _DISEASES.get(document["disease"], document["disease"]) or NOT_GIVEN,
            ),
            ("Vessel", whose["vessel"] or NOT_GIVEN),
            (
                "Microspheres",
                ", ".join(filter(None, (device, document["nuclide"]["name"]))),
            ),
            ("Treated", treated),
            ("Imaged", ", ".join(filter(None, imaged)) or NOT_GIVEN),
        ),
        deidentified=hidden,
    )


def _named(patient: PatientLink | None) -> str:
    """Whom a page names: name, ID, birth date."""
    if patient is None:
        return ""
    name = patient.patient_name.replace("^", " ").strip() or "no name"
    said = f"{name}, ID {patient.patient_id or 'none'}"
    born = dashed(patient.birth_date)
    return f"{said}, born {day_words(born)}" if born else said


def _answer(
    document: Mapping[str, Any], rows: Sequence[Mapping[str, Any]]
) -> dict[str, Any]:
    """The parts of the page's first sentences."""
    tumors = [row for row in rows if row["role"] == "tumor"]
    told = [(drawn_name(one["name"], one["role"]), one) for one in tumors]
    if len(tumors) > _TUMORS_NAMED:
        told = []
    normal = [row for row in rows if row["role"].startswith("normal")]
    told += [(drawn_name(one["name"], one["role"]).lower(), one) for one in normal]
    grave = [one for one in document["warnings"] if one["severity"] in GRAVE]
    means = [one["dose_gy"]["mean"] for one in tumors]
    corrected = _corrected_gy(document, tumors)
    others = list(corrected.values())
    return {
        "delivered_gbq": document["ledger"]["delivered_gbq"],
        "range": (
            len(means),
            min(means),
            max(means),
            others and (min(others), max(others)),
        )
        if len(means) > _TUMORS_NAMED
        else None,
        "doses": [
            (name, one["dose_gy"]["mean"], corrected.get(one["name"]))
            for name, one in told
        ],
        "limits": limits_words(document["limits"], accepted_limits(document)),
        "missed": any(one["met"] is False for one in document["limits"]),
        "warnings": len(grave),
    }


def _corrected_gy(
    document: Mapping[str, Any], tumors: Sequence[Mapping[str, Any]]
) -> dict[str, float]:
    """Tumors' means with blur undone, where the first method has them without."""
    first, *others = document["doses"]
    corrected = next(
        (
            one
            for one in others
            if one.startswith(f"{first}+") and "with_prior" not in one
        ),
        None,
    )
    if corrected is None:
        return {}
    names = {one["name"] for one in tumors}
    return {
        row["name"]: row["dose_gy"]["mean"]
        for row in document["doses"][corrected]["structures"]
        if row["name"] in names
    }


def _cells(row: Mapping[str, Any], metrics: Iterable[Metric]) -> list[str]:
    """Metrics in full: a decimal each, so that columns of them can be read down."""
    return [
        metric_cells(row, [one])[0]
        if value is None or one.is_part or one.kind in EFFECTS or abs(value) < 1
        else f"{value:.1f}"
        for one in metrics
        for value in [metric_value(row, one)]
    ]


def _biology(
    result: Mapping[str, Any], hidden: Mapping[str, str]
) -> tuple[list[str], list[list[str]]]:
    header, rows = biology_rows(
        {"structures": [r for r in result["structures"] if r["name"] not in hidden]}
    )
    return header, [
        [drawn_name(name, name), *(NONE if one == "-" else one for one in cells)]
        for name, *cells in rows
    ]


def _threshold_table(thresholds: Iterable[Mapping[str, Any]]) -> dict[str, Any] | None:
    """Published doses down, structures across: whether each was reached."""
    held = [one for one in thresholds if one["value_gy"] is not None]
    if not held:
        return None
    names = list(dict.fromkeys(one["structure"] for one in held))
    rows: dict[str, dict[str, Any]] = {}
    for one in held:
        metric = Metric.parse(one["metric"]).words
        said = f"{metric} at least {one['threshold_gy']:g} Gy: {one['endpoint']}"
        sure = "" if one["verified"] else " (not verified)"
        source = f"{one['source']}{sure}{limit_scale_words(one)}"
        row = rows.setdefault(said, {"says": said, "source": source, "cells": {}})
        row["cells"][one["structure"]] = "reached" if one["reached"] else "no"
    return {"names": names, "rows": list(rows.values())}


def _scale(
    document: Mapping[str, Any], hidden: Mapping[str, str]
) -> tuple[str, str] | None:
    """The scale of the doses, and means by the other one where it is known."""
    if "scale" not in document:
        return None
    other = document["scale"]["other"]
    rows = next(iter(document["doses"].values()))["structures"]
    means = ", ".join(
        f"{drawn_name(row['name'], row['role'])} "
        f"{significant(other['mean_gy'][row['name']])} Gy"
        for row in rows
        if other and row["name"] not in hidden
    )
    return scale_words(document), means


def _shares(rows: Sequence[Mapping[str, Any]]) -> dict[str, Any]:
    found = share_bars(rows)
    bars = [(drawn_name(name, name), parts) for name, parts in found["bars"]]
    return {**found, "bars": bars}


def _plain(text: str) -> str:
    """A text without the keys of derived structures and of limits.

    >>> _plain("no D98 for 'normal_whole'")
    'no D98 for normal whole liver'
    """
    return spoken(_DERIVED.sub(r"\1", text))


def _sentence(text: str) -> str:
    return f"{text[:1].upper()}{text[1:]}"


def _without_dates(lines: Iterable[Any], *, hidden: bool) -> list[Any]:
    """Texts, or tuples of them, without dates where those are to be hidden."""
    if not hidden:
        return list(lines)
    return [
        _SHORT_DATE.sub("(date removed)", one)
        if isinstance(one, str)
        else tuple(_without_dates(one, hidden=True))
        for one in lines
    ]


def _words(value: Any) -> str:
    """An option as a person reads it."""
    if isinstance(value, dict):
        return ", ".join(f"{name} {_words(one)}" for name, one in value.items())
    if isinstance(value, list):
        return "; ".join(_words(one) for one in value)
    return f"{value:g}" if isinstance(value, float) else str(value)


# How a template writes what a document holds.
_FORMS = {
    "limit_scale": limit_scale_words,
    "name": lambda row: drawn_name(row["name"], row["role"]),
    "role": role_words,
    "method_name": method_name,
    "other_constant": other_constant_words,
    "density": density_words,
    "cells": _cells,
    "shares": _shares,
    "dose_interval": interval_words,
    "between": between_words,
    "interval": metric_interval,
    "by_mass": lambda result: map(_plain, mass_lines(result)),
    "missing": lambda *given: map(_plain, missing_lines(*given)),
    "no_interval": lambda rows: interval_notes(
        (drawn_name(one["name"], one["role"]), one.get("interval_left_out"))
        for one in rows
    ),
    "percent": percent_words,
    "gone": lambda some: map(_plain, gone_lines(some)),
}
