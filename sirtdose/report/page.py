"""Pages: one file that opens from disk, without network, with or without script."""

import json
from collections.abc import Mapping, Sequence
from hashlib import sha256
from importlib.resources import files
from typing import TYPE_CHECKING, Any

from sirtdose.data.load import table
from sirtdose.report.documents import self_test_words
from sirtdose.report.limit_lines import limit_line
from sirtdose.report.plan.uncertainty import (
    chance_words,
    prediction_words,
    uncertainty_cells,
    uncertainty_columns,
)
from sirtdose.report.post.biology import biology_rows, parameter_lines, threshold_lines
from sirtdose.report.post.summary import (
    calibration_line,
    density_words,
    image_lines,
    ledger_lines,
    lung_line,
    mass_lines,
    mean_difference,
    partial_volume_lines,
)
from sirtdose.report.post.uncertainty import (
    between_words,
    gone_lines,
    interval_words,
    share_bars,
)
from sirtdose.report.wording import significant

if TYPE_CHECKING:
    from jinja2 import Environment
    from markupsafe import Markup

    from sirtdose.model.patient_link import PatientLink

_GRAVE = ("stop", "ask", "warn")


def case_hash(text: str) -> str:
    """What a document's pages and figures carry, so that none is taken for another's.

    >>> case_hash("{}")
    '44136fa355b3'
    """
    return sha256(text.encode()).hexdigest()[:12]


def post_page(
    text: str, data: Mapping[str, Any], patient: "PatientLink | None" = None
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
    methods = list(document["doses"])
    rows = document["doses"][methods[0]]["structures"]
    usual_gy = {row["name"]: row["dose_gy"]["mean"] for row in rows}
    return render(
        "post.html",
        {"post-json": text, "view-data": data["view"], "dvh-data": data["dvh"]},
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
        by_voxel=document["doses"][methods[0]]["density_g_per_ml"] is None,
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
        shares=share_bars,
        self_test=self_test_words(document.get("self_test")),
        dose_interval=interval_words,
        between=between_words,
        gone=gone_lines,
        options=[
            (name.replace("_", " "), _words(value))
            for name, value in document["options"].items()
            if value not in (None, [], {})
        ],
        difference=lambda row: mean_difference(row, usual_gy.get(row["name"])),
        blur=[one for one in partial_volume_lines(document["partial_volume"]) if one],
    )


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
        d={"approval": None, "measured": None, "images": None, "uncertainty": None}
        | document,
        page=data,
        injections=injections if len(injections) > 1 else [],
        lung=lung_line(document["lungs"]),
        limits=[(limit, limit_line(limit)) for limit in document["limits"]],
        assumptions=assumptions.items(),
        self_test=self_test_words(document.get("self_test")),
        columns=uncertainty_columns(unsure),
        cells=lambda name: uncertainty_cells(unsure, name),
        earlier=any(
            one["cumulative_dose_gy"] != one["dose_gy"]
            for one in document["compartments"]
        ),
        lungs_interval=_lungs_interval(unsure),
        prediction=unsure
        and unsure["prediction"]
        and prediction_words(unsure["prediction"]),
        between=between_words,
        chance=chance_words,
        shares=share_bars,
    )


def _lungs_interval(unsure: Mapping[str, Any] | None) -> str | None:
    """What the lungs' dose is known to, in words."""
    cells = uncertainty_cells(unsure, "lungs")
    if not cells or cells[0] == "-":
        return None
    return f"u = {cells[0]} Gy (k = 1), 95 % interval {cells[1]} Gy"


def batch_page(cases: Sequence[Mapping[str, Any]]) -> str:
    """The list of many cases, which can be sorted by every column."""
    from sirtdose import __version__
    from sirtdose.report.batch import state_counts

    numbers = {
        "delivered_gbq": "delivered GBq",
        "lung_shunt_fraction": "lung shunt",
        "lungs_gy": "lungs Gy",
        "tumors": "tumors",
        "tumors_ml": "tumors mL",
        "tumors_mean_gy": "tumors Gy",
        "normal_whole_mean_gy": "normal liver Gy",
    }
    return render(
        "batch.html",
        {},
        ("sort.js",),
        cases=cases,
        version=__version__,
        counts=state_counts(cases),
        numbers=list(numbers),
        shown=_case_number,
        columns=[
            ("case", "text"),
            ("state", "text"),
            *((name, "number") for name in numbers.values()),
            ("warnings", "text"),
            ("what was wrong", "text"),
        ],
    )


def _case_number(value: float | None, key: str) -> str:
    if value is None:
        return ""
    if key.endswith("_fraction"):
        return f"{value:.1%}"
    return str(value) if isinstance(value, int) else significant(value)


def view_page(title: str, data: Mapping[str, Any]) -> str:
    """Planes alone, of any dose."""
    return render(
        "view.html", {"view-data": data["view"]}, ("viewer.js",), title=title, page=data
    )


def render(
    template: str, embedded: Mapping[str, Any], scripts: tuple[str, ...], **values: Any
) -> str:
    """Fill a template with values, scripts and embedded documents."""
    anchors = table("colormap")["inferno"]
    return (
        _environment()
        .get_template(template)
        .render(
            style=_own_text("style.css"),
            scripts=[_own_text(name) for name in scripts],
            embedded=[(name, _json(value)) for name, value in embedded.items()],
            sig=significant,
            gradient=", ".join(f"rgb({r} {g} {b})" for r, g, b in anchors),
            **values,
        )
    )


def _environment() -> "Environment":
    from jinja2 import Environment, PackageLoader, StrictUndefined

    return Environment(
        loader=PackageLoader("sirtdose.report"),
        autoescape=True,
        undefined=StrictUndefined,
        trim_blocks=True,
    )


def _own_text(name: str) -> "Markup":
    from markupsafe import Markup

    path = files("sirtdose.report").joinpath("templates").joinpath(name)
    return Markup(path.read_text("utf-8"))


def _json(value: Any) -> "Markup":
    """As JSON that no text in it can end the element of."""
    from markupsafe import Markup

    text = value if isinstance(value, str) else json.dumps(value, separators=(",", ":"))
    return Markup(text.replace("<", "\\u003c"))


def _mean_of(document: Mapping[str, Any], method: str, name: str) -> str:
    for row in document["doses"][method]["structures"]:
        if row["name"] == name:
            return significant(row["dose_gy"]["mean"])
    return "-"


def _words(value: Any) -> str:
    """An option as a person reads it."""
    if isinstance(value, dict):
        pairs = (f"{name} {_words(one)}" for name, one in value.items())
        return ", ".join(pairs)
    if isinstance(value, list):
        return "; ".join(_words(one) for one in value)
    return f"{value:g}" if isinstance(value, float) else str(value)


def _named(patient: "PatientLink | None") -> dict[str, str] | None:
    if patient is None:
        return None
    return {
        "name": patient.patient_name.replace("^", " ").strip(),
        "id": patient.patient_id,
        "born": _day(patient.birth_date),
        "study": _day(patient.study_date),
    }


def _day(date: str) -> str:
    return f"{date[:4]}-{date[4:6]}-{date[6:]}" if len(date) == 8 else ""
