"""A page as a PDF for an archive: what a browser prints of it, made without one."""

import base64
import os
import re
import subprocess
import sys
from functools import cache
from html import unescape
from importlib.resources import files
from pathlib import Path

from sirtdose.errors import MissingExtra, OutputError, require_extra
from sirtdose.report.pdf_printer import NO_LIBRARY

_SCRIPT = re.compile(r"<script\b.*?</script>", re.DOTALL)
_DRAWING = re.compile(r"<svg\b[^>]*>")
_ON_PICTURE = re.compile(r'<svg viewBox="0 0 1000 1000".*?</svg>', re.DOTALL)
_LABEL = re.compile(r"<text( .*?</text>)", re.DOTALL)
_TABLE = re.compile(r"<table\b.*?</table>", re.DOTALL)
_ROW = re.compile(r"<tr\b.*?</tr>", re.DOTALL)
_CELL = re.compile(r"<t[hd]\b([^>]*)>(.*?)</t[hd]>", re.DOTALL)
_TAG = re.compile(r"<[^>]*>")
# Points across a sheet and of a table's letters; widths of a letter and a gap.
_SHEET_PT, _TABLE_PT, _LETTER_EM, _GAP_EM = 527.0, 8.0, 0.74, 0.6
# A cell of more letters goes on several lines.
_LINE_MAX = 32
# The fonts of matplotlib: the same on every machine, and free to embed.
_FONTS = (
    ("DejaVu Sans", "normal", "DejaVuSans.ttf"),
    ("DejaVu Sans", "bold", "DejaVuSans-Bold.ttf"),
    ("DejaVu Sans Mono", "normal", "DejaVuSansMono.ttf"),
)


def pdf_name(page_name: str) -> str:
    """The file that the PDF of a page goes to.

    >>> pdf_name("report.html")
    'report.pdf'
    """
    return Path(page_name).with_suffix(".pdf").name


def require_pdf(what: str) -> None:
    """Refuse what needs a PDF where nothing here can make one.

    Raises
    ------
    MissingExtra
        WeasyPrint, or the library of the system that it sets text with.
    """
    require_extra("pdf", what)
    _printed("", what)


def page_pdf(page: str) -> bytes:
    """Print a page of sirtdose, without a browser and without a network.

    Scripts do not run: as on paper, what they change is not there. The same page gives
    the same bytes with the same versions of WeasyPrint, Pango and matplotlib, as
    nothing of the moment or the machine is written.

    Parameters
    ----------
    page : str
        HTML that holds all it shows.

    Returns
    -------
    bytes
        PDF/A-2u with its fonts; an even number of bytes, as DICOM wants them.

    Raises
    ------
    MissingExtra
        WeasyPrint is not installed.
    OutputError
        It could not be printed.
    """
    require_extra("pdf", "a PDF")
    made = _printed(_printable(page), "a PDF")
    return made + b"\n" * (len(made) % 2)


def _printed(page: str, what: str) -> bytes:
    """What a process of its own prints of a page."""
    where = os.pathsep.join(one for one in sys.path if one)
    done = subprocess.run(
        [sys.executable, "-m", "sirtdose.report.pdf_printer"],
        input=page.encode("utf-8"),
        capture_output=True,
        env={**os.environ, "PYTHONPATH": where},
        check=False,
    )
    if done.returncode == NO_LIBRARY:
        raise MissingExtra(
            f"{what} needs Pango, a library of the operating system, which WeasyPrint "
            "cannot load: on Debian and Ubuntu `apt install libpango-1.0-0 "
            "libpangoft2-1.0-0 libharfbuzz-subset0`, on macOS `brew install pango`; "
            "for Windows see docs/how-to/pdf-and-pictures.md"
        )
    if done.returncode < 0:
        raise OutputError(
            f"{what} was not made: the process that prints it was ended by signal "
            f"{-done.returncode}; is there enough memory?"
        )
    if done.returncode:
        said = done.stderr.decode("utf-8", "replace").strip().splitlines()
        raise OutputError(f"{what} was not made: {said[-1] if said else 'no reason'}")
    return done.stdout


def _printable(page: str) -> str:
    """The page without scripts, with the styles that its PDF needs besides."""
    page = _SCRIPT.sub("", page)
    page = _ON_PICTURE.sub(lambda found: _LABEL.sub(_edged, found[0]), page)
    page = _TABLE.sub(lambda found: _fitted(found[0]), page)
    inside = f"<style>{_own_text('pdf_drawing.css')}</style>"
    page = _DRAWING.sub(lambda found: found[0] + inside, page)
    style = f"<style>{_font_faces()}{_own_text('pdf.css')}</style>"
    return page.replace("</body>", f"{style}</body>")


def _edged(label: re.Match[str]) -> str:
    """A label's dark edge, then the label: an edge is drawn on top of its own text."""
    return f'<text class="edge"{label[1]}{label[0]}'


def _fitted(table: str) -> str:
    """A table in letters so small that its longest words fit beside each other.

    A browser makes the whole sheet smaller; here a table would leave it.
    """
    table = _CELL.sub(_on_lines, table)
    words: dict[int, int] = {}
    for row in _ROW.findall(table):
        for column, (attributes, cell) in enumerate(_CELL.findall(row)):
            if "colspan" in attributes:
                break
            text = _said(cell)
            parts = [text] if "nw" in attributes else text.split()
            longest = max(map(len, parts), default=0)
            words[column] = max(words.get(column, 0), longest)
    needed = _LETTER_EM * sum(words.values()) + _GAP_EM * len(words)
    if needed * _TABLE_PT <= _SHEET_PT or "<svg" in table:
        return table
    size = f"font-size: {_SHEET_PT / needed:.2f}pt"
    return f'<div class="fitted" style="{size}">{table}</div>'


def _on_lines(cell: re.Match[str]) -> str:
    """A cell of one line, on several where that would make all letters tiny."""
    attributes, text = cell.groups()
    if 'class="nw"' not in attributes or len(_said(text)) <= _LINE_MAX:
        return cell[0]
    return cell[0].replace('class="nw"', 'class="long"', 1)


def _said(cell: str) -> str:
    return unescape(_TAG.sub("", cell)).strip()


@cache
def _font_faces() -> str:
    import matplotlib as mpl

    folder = Path(mpl.get_data_path()) / "fonts" / "ttf"
    return "".join(
        f'@font-face {{ font-family: "{family}"; font-weight: {weight}; src: '
        f"url(data:font/ttf;base64,{_base64(folder / name)}); }}\n"
        for family, weight, name in _FONTS
    )


def _base64(path: Path) -> str:
    return base64.b64encode(path.read_bytes()).decode("ascii")


def _own_text(name: str) -> str:
    path = files("sirtdose.report").joinpath("templates").joinpath(name)
    return path.read_text("utf-8")
