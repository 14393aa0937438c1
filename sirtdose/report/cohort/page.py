"""What is shown of a cohort: cohort.html, with its pictures in it."""

import base64
import json
from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

from sirtdose.report.cohort import results, words
from sirtdose.report.cohort.figures import (
    box_figure,
    dose_response_figure,
    forest_figure,
    roc_figure,
    survival_figure,
    svg_text,
)
from sirtdose.report.cohort.methods import cautions, methods_paragraph
from sirtdose.report.cohort.paper import PaperTable, paper_tables, table_name
from sirtdose.report.cohort.paragraph import paragraphs, pieces
from sirtdose.report.cohort.words import Document
from sirtdose.report.page_head import NOT_GIVEN, PageHead, made_today
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
    patients = next(iter(joined.values()))["patients"]
    tables = paper_tables(document)
    written = paragraphs(document, tables)
    endpoints = [_endpoint(one, tables) for one in document["endpoints"]]
    return render(
        "cohort.html",
        {},
        (),
        head=_head(document, text, patients),
        d=document,
        case=case_hash(text),
        patients=patients,
        joined=[*words.join_words(document), *words.left_out_words(document)],
        answer=_answer(document),
        tables=tables,
        paragraphs=written,
        linked={one.anchor for one in pieces(written)},
        endpoints=endpoints,
        survival=_survival(survival) if survival else None,
        cautions=[
            *(one["message"] for one in document.get("warnings", ())),
            *cautions(document),
        ],
        methods=methods_paragraph(document),
    )


def _head(document: Document, text: str, patients: int) -> PageHead:
    """What the cohort is of: six fields as on every page."""
    request, survival = document["request"], document["survival"]
    doses = dict.fromkeys(
        one["dose_column"] for one in document["endpoints"] if one["dose_column"]
    )
    toxicity = next(
        (one for one in document["endpoints"] if one["kind"] == "toxicity"), None
    )
    name = f"{'Simulated, ' if document['simulated'] else ''}{patients} patients"
    return PageHead(
        title="Doses and outcomes" if request["doses"] else "Outcomes",
        digest=case_hash(text, digits=64),
        key=name,
        treated="",
        made=made_today(),
        state="Simulated" if document["simulated"] else "",
        who=(
            ("Cohort", name),
            ("Doses", ", ".join(map(results.column_words, doses)) or NOT_GIVEN),
            ("Response", request["response"] or NOT_GIVEN),
            ("Toxicity", words.outcome_words(toxicity) if toxicity else NOT_GIVEN),
            (
                "Survival",
                f"{survival['events']} events, {survival['unit']}"
                if survival
                else NOT_GIVEN,
            ),
            ("Inputs", f"{len(document['inputs'])} files"),
        ),
    )


_HAD = {"response": "responded"}


def _answer(document: Document) -> list[str]:
    """What was found, in a sentence an endpoint."""
    said = []
    for one in document["endpoints"]:
        if one["failed"] or one["level"] != "patient":
            continue
        said.append(
            f"{one['events']} of {one['n']} patients "
            f"{_HAD.get(one['kind'], 'had ' + one['kind'])}{_doses(one)}."
        )
    survival = document["survival"]
    if survival and not survival["failed"]:
        median = survival["overall"]["median"]
        told = words.median_words(median, survival["unit"])
        said.append(f"Median survival {told}.")
    return said


def _doses(endpoint: Document) -> str:
    """Which doses those with an outcome and without had, if it is known."""
    if not endpoint["groups"]:
        return ""
    groups = endpoint["groups"]
    yes, no = (significant(groups[word]["median"], 3) for word in ("yes", "no"))
    p = words.p_words(endpoint["rank_sum"]["p"])
    return f": median {yes} Gy, against {no} Gy ({p})"


def _endpoint(endpoint: Document, tables: Mapping[str, PaperTable]) -> dict[str, Any]:
    title = words.endpoint_title(endpoint)
    name, lines = table_name(endpoint), words.endpoint_lines(endpoint)
    if not endpoint["failed"]:
        lines = lines[: 1 + bool(endpoint["clustering"])]
    said: dict[str, Any] = {
        "title": f"{title[:1].upper()}{title[1:]}",
        "lines": lines,
        "tables": [
            tables[key] for key in (f"{name}: groups", f"{name}: dose") if key in tables
        ],
    }
    if not endpoint["roc"]:
        return said | dict.fromkeys(("box", "roc", "curve"))
    return said | {
        "box": picture(
            box_figure(endpoint),
            "Dose of those without and with: median, quartiles, minimum and maximum.",
        ),
        "roc": picture(
            roc_figure(endpoint), f"ROC curve: {words.area_words(endpoint)}."
        ),
        "curve": picture(
            dose_response_figure(endpoint),
            f"Logistic curve with its 95 % band: {words.curve_words(endpoint)}.",
        ),
    }


def _survival(survival: Document) -> dict[str, Any]:
    unit, lines = survival["unit"], words.survival_lines(survival)
    if survival["failed"]:
        return {"lines": lines, "curves": []}
    pictures = [
        picture(
            survival_figure({"all": survival["overall"]}, unit),
            _caption(survival, "all"),
        )
    ]
    for group in survival["groups"]:
        if "curves" in group:
            landmark = group["landmark"]
            after = f", from {landmark:g} {unit} on" if landmark else ""
            figure = survival_figure(group["curves"], f"{unit}{after}")
            said = _caption(survival, f"by {group['by']}{after}")
            pictures.append(picture(figure, said))
    return {
        "lines": lines[:1],
        "curves": pictures,
        "forest": picture(
            forest_figure(survival),
            "Hazard ratios of the Cox models; a number's is by one of its unit.",
        ),
    }


def _caption(survival: Document, of: str) -> str:
    return (
        f"Kaplan-Meier, {of}, with 95 % bands ({survival['overall']['method']}); ticks "
        "are patients last seen without event."
    )


def picture(figure: "Figure | None", says: str) -> dict[str, str] | None:
    """A figure as a page holds it, with what it says; None where there is none."""
    if figure is None:
        return None
    svg = base64.b64encode(svg_text(figure).encode()).decode()
    return {"svg": svg, "says": says}
