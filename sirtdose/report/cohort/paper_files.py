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
    paragraphs,
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
    text = paragraphs(document, tables)
    simulated = bool(document["simulated"])
    warned = " ".join(f"{one[:1].upper()}{one[1:]}" for one in cautions(document))
    methods = [methods_paragraph(document), warned]
    said = [plain_text(one) for one in text]
    parts = [*([SIMULATED] if simulated else []), *said, *methods]
    yield "paragraph.txt", "\n\n".join(parts) + "\n"
    page = _Page(simulated, methods)
    yield "paragraph.html", page.html("Results", list(tables.values()), text)
    yield "paragraph.csv", rows_csv(LINKS, links(text, tables))
    for one in tables.values():
        yield f"table_{one.number}.csv", one.csv(simulated=simulated)
        yield f"table_{one.number}.html", page.html(f"Table {one.number}", [one], ())


class _Page:
    """A page without a style sheet."""

    def __init__(self, simulated: bool, methods: Sequence[str]) -> None:
        self._same: dict[str, Any] = {"simulated": simulated, "methods": methods}

    def html(
        self,
        title: str,
        tables: Sequence[PaperTable],
        text: Sequence[Sequence[Sentence]],
    ) -> str:
        own: dict[str, Any] = {"title": title, "tables": tables, "paragraphs": text}
        return render("paragraph.html", {}, (), **self._same, **own)
