"""The files of `--paragraph`: the text, where its numbers are from, and its tables."""

from collections.abc import Iterator, Sequence
from typing import Any

from sirtdose.report.cohort.lines import SIMULATED
from sirtdose.report.cohort.methods import cautions, methods_paragraph
from sirtdose.report.cohort.paper import PaperTable, paper_tables
from sirtdose.report.cohort.paragraph import (
    LINKS,
    Sentence,
    links,
    paragraph,
    plain_text,
)
from sirtdose.report.cohort.words import Document
from sirtdose.report.render import render
from sirtdose.report.tables import rows_csv

_TEXTS = ("paragraph.txt", "paragraph.html", "paragraph.csv")
# Patients; two of each response and of toxicity; survival and its medians.
_TABLES_MOST = 9
PAPER_FILES = (
    *_TEXTS,
    *(
        f"table_{n}.{end}"
        for n in range(1, _TABLES_MOST + 1)
        for end in ("csv", "html")
    ),
)


def paper_files(document: Document) -> Iterator[tuple[str, str]]:
    """Each file's name and text."""
    tables = paper_tables(document)
    sentences = paragraph(document, tables)
    simulated = bool(document["simulated"])
    methods = [methods_paragraph(dict(document)), " ".join(cautions(dict(document)))]
    parts = [*([SIMULATED] if simulated else []), plain_text(sentences), *methods]
    yield "paragraph.txt", "\n\n".join(parts) + "\n"
    page = _Page(simulated, methods)
    yield "paragraph.html", page.html("Results", list(tables.values()), sentences)
    yield "paragraph.csv", rows_csv(LINKS, links(sentences, tables))
    for one in tables.values():
        yield f"table_{one.number}.csv", one.csv(simulated=simulated)
        yield f"table_{one.number}.html", page.html(f"Table {one.number}", [one], ())


class _Page:
    """A page without a style sheet."""

    def __init__(self, simulated: bool, methods: Sequence[str]) -> None:
        self._same: dict[str, Any] = {"simulated": simulated, "methods": methods}

    def html(
        self, title: str, tables: Sequence[PaperTable], sentences: Sequence[Sentence]
    ) -> str:
        own = {"title": title, "tables": tables, "sentences": sentences}
        return render("paragraph.html", {}, (), **self._same, **own)
