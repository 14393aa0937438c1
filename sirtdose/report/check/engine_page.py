"""The page of mean doses against those of another engine."""

import json

from sirtdose.report.check.second_engine import (
    detail_lines,
    expected_lines,
    headline,
    histories_words,
    known_words,
    not_awaited_lines,
)
from sirtdose.report.page_head import PageHead, made_today
from sirtdose.report.render import case_hash, render
from sirtdose.report.wording import method_words, shown_name


def second_engine_page(text: str) -> str:
    """The page of second_engine.json's text."""
    document = json.loads(text)
    methods = dict.fromkeys(one["method"] for one in document["means"])
    made = document["simulation"]
    return render(
        "second_engine.html",
        {"second-engine-json": text},
        (),
        head=PageHead(
            f"Mean doses against {made['engine']}",
            case_hash(text, digits=64),
            key=f"{made['engine']} {made['version']}",
            treated="",
            made=made_today(),
        ),
        d=document,
        shown_name=shown_name,
        answer=headline(document),
        not_awaited=not_awaited_lines(document),
        expected=expected_lines(document),
        known_words=known_words,
        histories=histories_words(document),
        details=detail_lines(document),
        methods=[
            (
                method_words(method),
                [one for one in document["means"] if one["method"] == method],
            )
            for method in methods
        ],
    )
