"""Print a page as PDF: a program of its own, which `sirtdose.report.pdf` starts.

The page comes by standard input, the PDF goes to standard output. Only this process
loads WeasyPrint and what it brings, which is not all under a permissive license; and
its memory is free again when it ends.
"""

import contextlib
import sys
from typing import Any, Final

# PDF/A-2: all fonts and colors inside, transparency allowed, and text as Unicode.
_VARIANT = "pdf/a-2u"
NO_LIBRARY: Final = 4


def main() -> int:
    """Print; an empty page only shows whether it could be."""
    try:
        # It writes to the terminal itself where it cannot be loaded.
        with contextlib.redirect_stdout(sys.stderr):
            import weasyprint
    except OSError:
        return NO_LIBRARY
    page = sys.stdin.buffer.read().decode("utf-8")
    if page:
        sys.stdout.buffer.write(_pdf(weasyprint, page))
    return 0


def _pdf(weasyprint: Any, page: str) -> bytes:
    # Only what stands in the page itself: nothing of the disk, nothing of a network.
    fetcher = weasyprint.urls.URLFetcher(
        allowed_protocols=("data",), fail_on_errors=True
    )
    html = weasyprint.HTML(string=page, url_fetcher=fetcher)
    made: bytes = html.write_pdf(pdf_variant=_VARIANT)
    return made


if __name__ == "__main__":
    sys.exit(main())
