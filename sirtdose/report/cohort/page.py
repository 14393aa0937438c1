"""What is shown of a cohort: cohort.html, with its pictures in it."""

import base64
import json
from typing import TYPE_CHECKING, Any

from sirtdose.report.cohort import words
from sirtdose.report.cohort.figures import (
    box_figure,
    dose_response_figure,
    forest_figure,
    roc_figure,
    survival_figure,
    svg_text,
)
from sirtdose.report.cohort.methods import cautions, methods_paragraph
from sirtdose.report.cohort.words import Document
from sirtdose.report.render import case_hash, render
from sirtdose.report.wording import significant

if TYPE_CHECKING:
    from matplotlib.figure import Figure

COHORT_FILES = ("cohort.json", "tables.csv", "cohort.html")


def cohort_page(text: str) -> str:
    """The page of cohort.json's text."""
    document = json.loads(text)
    joined = document["join"]
    survival = document["survival"]
    return render(
        "cohort.html",
        {},
        (),
        d=document,
        case=case_hash(text),
        patients=next(iter(joined.values()))["patients"],
        joined=[*words.join_words(document), *words.left_out_words(document)],
        endpoints=[_endpoint(one) for one in document["endpoints"]],
        survival=_survival(survival) if survival else None,
        cautions=cautions(document),
        methods=methods_paragraph(document),
    )


def _endpoint(endpoint: Document) -> dict[str, Any]:
    said: dict[str, Any] = {
        "kind": endpoint["kind"],
        "title": words.endpoint_title(endpoint),
        "lines": words.endpoint_lines(endpoint),
    }
    if endpoint["failed"]:
        return said | dict.fromkeys(("covariates", "box", "roc", "curve"))
    return said | {
        "covariates": [words.comparison_words(one) for one in endpoint["covariates"]],
        "box": _picture(
            box_figure(endpoint),
            "Dose of those without and with: median, quartiles, least and most.",
        ),
        "roc": _picture(
            roc_figure(endpoint), f"ROC curve: {words.area_words(endpoint)}."
        ),
        "curve": _picture(
            dose_response_figure(endpoint),
            f"Logistic curve with its 95 % band: {words.curve_words(endpoint)}.",
        ),
    }


def _survival(survival: Document) -> dict[str, Any]:
    unit = survival["unit"]
    if survival["failed"]:
        return {"lines": words.survival_lines(survival), "curves": []}
    pictures = [
        _picture(
            survival_figure({"all": survival["overall"]}, unit),
            _caption(survival, "all"),
        )
    ]
    rows = [_medians("all", survival["overall"])]
    for group in survival["groups"]:
        if "curves" in group:
            landmark = group["landmark"]
            after = f", from {landmark:g} {unit} on" if landmark else ""
            figure = survival_figure(group["curves"], f"{unit}{after}")
            said = _caption(survival, f"by {group['by']}{after}")
            pictures.append(_picture(figure, said))
            rows += [
                _medians(f"{name}{after}", one) for name, one in group["curves"].items()
            ]
    return {
        "lines": words.survival_lines(survival),
        "curves": pictures,
        "forest": _picture(
            forest_figure(survival),
            "Hazard ratios of the Cox models; a number's is by one of its unit.",
        ),
        "methods": [
            f"95 % CI, {one['method']}" for one in survival["overall"]["medians"]
        ],
        "medians": rows,
    }


def _caption(survival: Document, of: str) -> str:
    return (
        f"Kaplan-Meier, {of}, with 95 % bands ({survival['overall']['method']}); ticks "
        "are patients last seen without event."
    )


def _medians(name: str, curve: Document) -> list[str]:
    return [
        name,
        str(curve["n"]),
        str(curve["events"]),
        _time(curve["median"]["time"]),
        *(_interval(one) for one in curve["medians"]),
    ]


def _interval(median: Document) -> str:
    low, high = median["low"], median["high"]
    return "none" if low is high is None else f"{_time(low)} to {_time(high)}"


def _time(value: float | None) -> str:
    return "not reached" if value is None else significant(value)


def _picture(figure: "Figure | None", says: str) -> dict[str, str] | None:
    if figure is None:
        return None
    svg = base64.b64encode(svg_text(figure).encode()).decode()
    return {"svg": svg, "says": says}
