"""What stands in a PDF, read by another library; skips where none can be made."""

import contextlib
import io
from pathlib import Path
from typing import Any

import pytest


def needs_pdf() -> None:
    """Skip, saying so, where WeasyPrint or its library of the system is missing."""
    try:
        with contextlib.redirect_stdout(io.StringIO()):
            import weasyprint  # noqa: F401
    except (ImportError, OSError):
        pytest.skip("needs the pdf extra, and Pango")


def reader_of(content: bytes) -> Any:
    pypdf = pytest.importorskip("pypdf", reason="needs pypdf")
    return pypdf.PdfReader(io.BytesIO(content))


def pages_of(content: bytes) -> list[str]:
    return [page.extract_text() for page in reader_of(content).pages]


def packed(text: str) -> str:
    """Without spaces and line ends: lines break elsewhere on paper."""
    return "".join(text.split())


def everything_in(content: bytes) -> bytes:
    """All bytes of a PDF, its streams unpacked, with the text of its pages."""
    pypdf = pytest.importorskip("pypdf", reason="needs pypdf")
    reader, found = reader_of(content), [content]
    for number in range(1, reader.trailer["/Size"]):
        one = reader.get_object(pypdf.generic.IndirectObject(number, 0, reader))
        # An XObject of JPEG is pixels alone, and no text.
        if isinstance(one, pypdf.generic.StreamObject):
            with contextlib.suppress(NotImplementedError):
                found.append(one.get_data())
    return b"\n".join([*found, *(text.encode() for text in pages_of(content))])


def pdfs_in(folder: Path) -> bytes:
    """Everything in the PDF files of a folder."""
    return b"\n".join(everything_in(one.read_bytes()) for one in folder.glob("*.pdf"))
