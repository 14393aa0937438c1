"""Pages: one file that opens from disk, without network, with or without script."""

import json
from collections.abc import Mapping
from functools import cache
from hashlib import sha256
from importlib.resources import files
from typing import TYPE_CHECKING, Any

from sirtdose import __version__
from sirtdose.report.findings import answered, count_words, first_page
from sirtdose.report.page_head import PageHead, margin_boxes
from sirtdose.report.wording import (
    gbq_words,
    gy_words,
    mci_words,
    significant,
    spoken,
)

if TYPE_CHECKING:
    from jinja2 import Environment
    from markupsafe import Markup

_PRINT = ("print.js",)


def case_hash(text: str, *, digits: int = 12) -> str:
    """What a document's pages and figures carry, so that none is taken for another's.

    >>> case_hash("{}")
    '44136fa355b3'
    """
    return sha256(text.encode()).hexdigest()[:digits]


def view_page(title: str, data: Mapping[str, Any]) -> str:
    """Planes alone, of any dose."""
    return render(
        "view.html",
        {"view-data": data["view"]},
        ("viewer.js",),
        head=PageHead(title, data["sha256"], key="any dose map", treated=""),
        version=__version__,
        page=data,
    )


def render(
    template: str,
    embedded: Mapping[str, Any],
    scripts: tuple[str, ...],
    *,
    head: PageHead | None = None,
    **values: Any,
) -> str:
    """Fill a template with values, scripts and embedded documents.

    `head` is what every printed sheet says of itself.
    """
    from markupsafe import Markup

    return (
        _environment()
        .get_template(template)
        .render(
            style=_own_text("style.css"),
            head=head,
            boxes=Markup(margin_boxes(head)) if head else "",
            scripts=[_own_text(name) for name in (*_PRINT[: bool(head)], *scripts)],
            embedded=[(name, _json(value)) for name, value in embedded.items()],
            **values,
        )
    )


def compile_template(name: str) -> None:
    """Compile a template, and those that it takes in, for pages to come."""
    from jinja2.meta import find_referenced_templates

    environment = _environment()
    environment.get_template(name)
    source = _own_text(name)
    for one in find_referenced_templates(environment.parse(source)):
        if one is not None:
            compile_template(one)


@cache
def _environment() -> "Environment":
    from jinja2 import Environment, PackageLoader, StrictUndefined

    made = Environment(
        loader=PackageLoader("sirtdose.report"),
        autoescape=True,
        undefined=StrictUndefined,
        trim_blocks=True,
    )
    made.filters["spoken"] = spoken
    made.globals |= {
        "answered": answered,
        "answered_of": lambda d: answered(
            d["warnings"], d["accepted"], by=(d.get("approval") or {}).get("by", "")
        ),
        "count_words": count_words,
        "first_page": first_page,
        "sig": significant,
        "gy": gy_words,
        "gbq": gbq_words,
        "mci": mci_words,
    }
    return made


def _own_text(name: str) -> "Markup":
    from markupsafe import Markup

    path = files("sirtdose.report").joinpath("templates").joinpath(name)
    return Markup(path.read_text("utf-8"))


def _json(value: Any) -> "Markup":
    """As JSON that no text in it can end the element of."""
    from markupsafe import Markup

    text = value if isinstance(value, str) else json.dumps(value, separators=(",", ":"))
    return Markup(text.replace("<", "\\u003c"))
