"""A page's PDF: all of what the page shows, its fonts, and nothing of the machine."""

import json
import re
import subprocess
import sys
from collections.abc import Callable
from html.parser import HTMLParser
from pathlib import Path

import pytest
from click.testing import Result

from sirtdose.errors import OutputError
from sirtdose.report.pdf import page_pdf
from tests.pdf_text import everything_in, needs_pdf, packed, pages_of, reader_of

Run = Callable[..., Result]
# What a page says on screen alone, by its own rules for print.
NOT_PRINTED = {"screen", "hint", "jump", "device", "whatif", "only-moved", "pic"}
NOT_PRINTED |= {"phaxis", "left-out", "blank-moved", "reading"}
NO_END = {"img", "meta", "br", "input", "link", "hr", "col"}


@pytest.fixture(autouse=True)
def _pdf() -> None:
    needs_pdf()


class _Printed(HTMLParser):
    """The words of a page that are printed."""

    def __init__(self) -> None:
        super().__init__()
        self.words: list[str] = []
        self.hidden: list[bool] = []

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        if tag in NO_END or tag in ("line", "rect", "path", "circle", "polyline"):
            return
        given = dict(attrs)
        hides = tag in ("script", "style", "head", "svg", "button")
        hides |= bool(NOT_PRINTED & set((given.get("class") or "").split()))
        hides |= "hidden" in given or given.get("id") == "view"
        self.hidden.append(hides)

    def handle_startendtag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        pass

    def handle_endtag(self, tag: str) -> None:
        if tag not in NO_END and self.hidden:
            self.hidden.pop()

    def handle_data(self, data: str) -> None:
        if not any(self.hidden):
            self.words += data.split()


def printed(page: str) -> list[str]:
    reader = _Printed()
    reader.feed(page)
    return reader.words


@pytest.fixture(scope="module")
def report(
    run: Run, exact_contours: Path, tmp_path_factory: pytest.TempPathFactory
) -> Path:
    out = tmp_path_factory.mktemp("pdf") / "out"
    words = ("--administered", "2.2GBq", "--lung-shunt", "5%", "--device", "glass")
    words += ("--disease", "hcc", "--method", "local", "--method", "kernel")
    words += ("--uncertainty", "20", "--dose-grid", "9mm")
    result = run("post", exact_contours, *words, "--out", out)
    assert result.exit_code == 0, result.stderr
    return out


@pytest.fixture(scope="module")
def made(report: Path) -> bytes:
    needs_pdf()
    return page_pdf((report / "report.html").read_text("utf-8"))


def test_every_printed_word_is_in_it(report: Path, made: bytes) -> None:
    words = printed((report / "report.html").read_text("utf-8"))
    assert len(words) > 1000
    text = packed(" ".join(pages_of(made)))
    # A word may go on below the foot of one sheet and the head of the next.
    assert [one for one in dict.fromkeys(words) if one not in text] == []


def test_doses_are_those_of_the_document(report: Path, made: bytes) -> None:
    text = packed(" ".join(pages_of(made)))
    document = json.loads((report / "post.json").read_text("utf-8"))
    for result in document["doses"].values():
        for row in result["structures"]:
            if row["role"] == "tumor":
                assert packed(row["name"]) in text
                mean = row["dose_gy"]["mean"]
                assert f"{mean:.1f}" in text, (row["name"], mean)


def test_each_sheet_says_what_it_is_of(report: Path, made: bytes) -> None:
    pages = pages_of(made)
    [number] = re.findall(
        r"<title>Doses after treatment ([0-9a-f]{12})",
        (report / "report.html").read_text(),
    )
    assert 4 <= len(pages) <= 9
    # The answer, pictures and signatures share page one, as on a printed page.
    assert "Second check, date" in pages[0]
    for n, text in enumerate(pages, start=1):
        assert f"Page {n} of {len(pages)}" in text
        assert packed("Not a medical device: verify every number") in packed(text)
        assert number in text


def test_pictures_and_curves_are_in_it(made: bytes) -> None:
    first, *_ = pages = reader_of(made).pages
    sizes = sorted(one.image.size for one in first.images)
    assert sizes == [(360, 360)] * 3
    labels = first.extract_text()
    for one in ("T1", "5 cm", "Axial", "Isodoses"):
        assert one in labels
    assert any("Absorbed dose, Gy" in one.extract_text() for one in pages)


def test_fonts_are_inside_and_no_one_elses_name(made: bytes, tmp_path: Path) -> None:
    reader = reader_of(made)
    fonts = {}
    for page in reader.pages:
        for font in page["/Resources"]["/Font"].values():
            own = font.get_object()
            for one in own["/DescendantFonts"]:
                described = one.get_object()["/FontDescriptor"].get_object()
                fonts[own["/BaseFont"]] = any(
                    key in described for key in ("/FontFile2", "/FontFile3")
                )
    assert all(fonts.values())
    assert {one.partition("+")[2] for one in fonts} == {
        *("DejaVu-Sans", "DejaVu-Sans-Bold", "DejaVu-Sans-Mono"),
    }
    assert set(reader.metadata) == {"/Title", "/Producer"}
    assert reader.metadata["/Title"].startswith("Doses after treatment ")
    inside = everything_in(made)
    for told in (str(tmp_path.parent), str(Path.home()), "file:", "/fonts/ttf"):
        assert told.encode() not in inside


def test_it_says_that_it_is_for_an_archive(made: bytes) -> None:
    catalog = reader_of(made).trailer["/Root"]
    told = catalog["/Metadata"].get_object().get_data()
    assert b'pdfaid:part="2"' in told or b"<pdfaid:part>2" in told
    assert b'pdfaid:conformance="U"' in told or b"<pdfaid:conformance>U" in told
    assert catalog["/OutputIntents"]
    assert not {"/EmbeddedFiles", "/JavaScript"} & set(catalog.get("/Names", {}))


def test_the_same_page_gives_the_same_bytes(report: Path, made: bytes) -> None:
    page = (report / "report.html").read_text("utf-8")
    assert page_pdf(page) == made
    assert len(made) % 2 == 0
    short = "<html><body><p>Doses in full</p></body></html>"
    assert page_pdf(short) != page_pdf(short.replace("full", "part"))


@pytest.mark.parametrize(
    "address", ["file:///etc/hostname", "http://127.0.0.1:9/x.png", "//server/x.png"]
)
def test_nothing_is_fetched_for_it(address: str) -> None:
    page = f'<html><body><p>A</p><img src="{address}"></body></html>'
    if address.startswith("//"):
        # An address without a scheme leads nowhere, as a page has no address itself.
        assert pages_of(page_pdf(page)) == ["A"]
        return
    with pytest.raises(OutputError, match=r"FatalURLFetchingError"):
        page_pdf(page)


def test_a_printer_that_is_killed_is_said(monkeypatch: pytest.MonkeyPatch) -> None:
    killed = subprocess.CompletedProcess([], -9, b"%PDF-1.7 half", b"")
    monkeypatch.setattr("subprocess.run", lambda *_, **__: killed)
    with pytest.raises(OutputError, match=r"signal 9; is there enough memory"):
        page_pdf("<html><body><p>A</p></body></html>")


def test_what_prints_is_not_loaded_here(made: bytes) -> None:
    """WeasyPrint brings libraries of other licenses: a process of its own has them."""
    code = (
        "import sys; from sirtdose.report.pdf import page_pdf; "
        "page_pdf('<html><body><p>A</p></body></html>'); "
        "print({one.partition('.')[0] for one in sys.modules} & "
        "{'weasyprint', 'pyphen', 'pydyf', 'cffi'})"
    )
    done = subprocess.run(
        [sys.executable, "-c", code], capture_output=True, text=True, check=True
    )
    assert made
    assert done.stdout.strip() == "set()"


def test_many_findings_and_rows_are_all_there() -> None:
    """Grids and columns that go on over sheets keep every row."""
    rows = "".join(f"<tr><th>row{n}x</th><td>{n}.5</td></tr>" for n in range(400))
    finds = "".join(f"<li><p>finding{n}x of many words</p></li>" for n in range(200))
    page = (
        "<html><head><style>@media print { .cols { display: grid; "
        "grid-template-columns: 1fr 1fr; } .many { columns: 2; } }</style></head><body>"
        f'<div class="cols"><div><table>{rows}</table></div><div class="many">'
        f'<ul class="finds">{finds}</ul></div></div></body></html>'
    )
    text = packed(" ".join(pages_of(page_pdf(page))))
    missing = [n for n in range(400) if f"row{n}x" not in text]
    missing += [n for n in range(200) if f"finding{n}x" not in text]
    assert missing == []


def beyond(content: bytes) -> list[str]:
    """Texts that begin or end outside of a sheet's margins of 12 mm."""
    found: list[str] = []
    for page in reader_of(content).pages:

        def told(text: str, at: list[float], own: list[float], *_: object) -> None:
            x = at[0] * own[4] + at[4]
            if text.strip() and not 33 <= x <= 562:
                found.append(f"{text.strip()} at {x:.0f}")

        page.extract_text(visitor_text=told)
    return found


def test_no_text_leaves_its_sheet(report: Path) -> None:
    # Drawings have their own coordinates, which the reader does not follow.
    page = (report / "report.html").read_text("utf-8")
    assert beyond(page_pdf(re.sub(r"<svg.*?</svg>", "", page, flags=re.S))) == []


@pytest.mark.parametrize("columns", [8, 16, 30])
def test_a_table_of_many_columns_stays_on_the_sheet(columns: int) -> None:
    head = "".join(f"<th>V{n}0Gy %</th>" for n in range(columns))
    cells = "".join(f"<td>{n}00.25</td>" for n in range(columns))
    page = (
        f"<html><body><div class='wide'><table class='small'><tr>{head}</tr>"
        f"<tr>{cells}</tr></table></div></body></html>"
    )
    style = "<style>@page { size: A4; margin: 16mm 12mm } .small { font-size: 8pt; "
    style += "width: 100% } th, td { text-align: right; padding-right: 6pt }</style>"
    content = page_pdf(page.replace("<body>", f"<body>{style}"))
    assert beyond(content) == []
    text = packed(pages_of(content)[0])
    assert [n for n in range(columns) if f"{n}00.25" not in text] == []
