"""The page of a pooled cohort: pooled.html, with its forest plots in it."""

import json
from typing import Any

from sirtdose.report.cohort.page import picture
from sirtdose.report.cohort.pooled_figure import pooled_figure
from sirtdose.report.cohort.pooled_words import (
    Document,
    cautions,
    coefficient_title,
    counts_words,
    estimate_words,
    heterogeneity_words,
    methods,
    model_title,
    ratio_name,
    test_words,
)
from sirtdose.report.cohort.words import p_words
from sirtdose.report.page_head import NOT_GIVEN, PageHead, made_today
from sirtdose.report.render import case_hash, render


def pooled_page(text: str) -> str:
    """The page of pooled.json's text."""
    document = json.loads(text)
    return render(
        "pooled.html",
        {},
        (),
        head=_head(document, text),
        d=document,
        case=case_hash(text),
        answer=[_answer(one) for one in document["models"]],
        models=[_model(one) for one in document["models"]],
        cautions=list(cautions(document)),
        methods=methods(document),
    )


def _head(document: Document, text: str) -> PageHead:
    centers, models = document["centers"], document["models"]
    patients = sum(one["patients"] for one in centers)
    name = f"{'Simulated, ' if document['simulated'] else ''}{patients} patients"
    by_name = {one["name"]: counts_words(one) for one in models}
    return PageHead(
        title="Pooled cohort",
        digest=case_hash(text, digits=64),
        key=name,
        treated="",
        made=made_today(),
        state="Simulated" if document["simulated"] else "",
        who=(
            ("Cohort", name),
            ("Centers", f"{len(centers)}"),
            ("Rounds", f"{document['round']}"),
            ("Response", by_name.get("response", NOT_GIVEN)),
            ("Toxicity", by_name.get("toxicity", NOT_GIVEN)),
            ("Survival", by_name.get("survival", NOT_GIVEN)),
        ),
    )


def _answer(model: Document) -> str:
    """A model's ratios in a sentence."""
    said = "; ".join(
        f"{coefficient_title(one)}: {ratio_name(model)} {estimate_words(one)}, "
        f"{p_words(one['p'])}"
        for one in model["coefficients"]
    )
    return f"{model['name'].capitalize()}: {said}."


def _model(model: Document) -> dict[str, Any]:
    name = ratio_name(model)
    title = model_title(model)
    return {
        "title": f"{title[:1].upper()}{title[1:]}",
        "ratio": name.capitalize(),
        "test": test_words(model["score_test"]),
        "rows": [
            {
                "name": coefficient_title(one),
                "estimate": estimate_words(one),
                "p": p_words(one["p"]),
                "coefficient": f"{one['coefficient']:.6g}",
                "error": f"{one['error']:.4g}",
                "differ": heterogeneity_words(one["heterogeneity"]),
                "random": _random(one["heterogeneity"]),
            }
            for one in model["coefficients"]
        ],
        "pictures": [
            picture(
                pooled_figure(model, one),
                f"{coefficient_title(one)}: each center's own {name} with its 95 % "
                "interval, squares by their weight; the diamond is the pooled one.",
            )
            for one in model["coefficients"]
        ],
    }


def _random(found: Document | None) -> str:
    if found is None:
        return ""
    return estimate_words(
        {key: found[f"random_{key}"] for key in ("ratio", "low", "high")}
    )
