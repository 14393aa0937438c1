"""What every page and every printed sheet says of itself: whose, what, when, which."""

import os
import re
from dataclasses import dataclass
from datetime import UTC, date, datetime

from sirtdose import __version__

_MONTHS = (
    *("Jan", "Feb", "Mar", "Apr", "May", "Jun"),
    *("Jul", "Aug", "Sep", "Oct", "Nov", "Dec"),
)
_DISCLAIMER = "Not a medical device: verify every number with an approved system."
NOT_GIVEN = "not given"
# What stands in place of a key or a date that is taken out.
REMOVED = "removed"
_SHEET = (
    'size: A4; margin: 16mm 12mm 14mm; font: 7.5pt system-ui, "Segoe UI", Roboto, '
    "Helvetica, Arial, sans-serif; color: #454c55;"
)
# Characters that stand in a CSS text as they are.
_PLAIN = re.compile(r"[^A-Za-z0-9 .,:;()|+*=%_-]")


@dataclass(frozen=True)
class PageHead:
    """Whose a page is, what it is, and of which document.

    Parameters
    ----------
    title : str
        The kind of document, e.g. "Treatment plan".
    digest : str
        Hash of the document; 12 digits are shown.
    key, treated, made : str
        Case label or patient key, treatment date and the page's own, in words. What is
        of several treatments, or none, has an empty one.
    state : str
        Such as "Draft, not approved"; `good` ones are green.
    who : tuple of (str, str)
        The six fields of a page's first line, each with its label.
    deidentified : bool
        Whether keys and dates were removed, which every sheet then says.
    """

    title: str
    digest: str
    key: str = NOT_GIVEN
    treated: str = NOT_GIVEN
    made: str = ""
    state: str = ""
    good: bool = False
    who: tuple[tuple[str, str], ...] = ()
    deidentified: bool = False

    @property
    def number(self) -> str:
        """The first digits of the document's hash.

        >>> PageHead("Treatment plan", "fef37533aa4b7d8c6f7d").number
        'fef37533aa4b'
        """
        return self.digest[:12]

    @property
    def left(self) -> str:
        """Top left of a printed sheet.

        >>> PageHead("Treatment plan", "ab", "D-2", "Dec 9, 2026", state="Draft").left
        'Treatment plan (draft)  |  D-2  |  treatment Dec 9, 2026'
        """
        state = f" ({self.state[0].lower()}{self.state[1:]})" if self.state else ""
        if self.deidentified:
            return f"{self.title}{state}  |  de-identified"
        key = "no case label" if self.key == NOT_GIVEN else self.key
        said = f"{self.title}{state}  |  {key}"
        if not self.treated:
            return said
        treated = "date " * (self.treated == NOT_GIVEN) + self.treated
        return f"{said}  |  treatment {treated}"

    @property
    def right(self) -> str:
        """Top right of a printed sheet."""
        made = f"made {self.made}  |  " if self.made and not self.deidentified else ""
        return f"{made}{self.number}"

    @property
    def foot(self) -> str:
        """Bottom left of a printed sheet."""
        return f"sirtdose {__version__}. {_DISCLAIMER}"


def margin_boxes(head: PageHead) -> str:
    """CSS that prints a head, a foot and page n of N on every sheet.

    >>> 'content: "made Nov 28, 2026  |  ab"' in margin_boxes(
    ...     PageHead("Plan", "ab", made="Nov 28, 2026"))
    True
    """
    boxes = {
        "top-left": css_text(head.left),
        "top-right": css_text(head.right),
        "bottom-left": css_text(head.foot),
        "bottom-right": '"Page " counter(page) " of " counter(pages)',
    }
    # Letters stand apart, so that no two of a hash are printed as one sign.
    said = "\n".join(
        f"@{place} {{ content: {text}; letter-spacing: .02em; white-space: "
        f"{'normal' if place == 'top-left' else 'nowrap'}; }}"
        for place, text in boxes.items()
    )
    return f"@page {{ {_SHEET}\n{said} }}"


def css_text(text: str) -> str:
    r"""A text in quotes, with nothing in it that could end it or the style.

    >>> print(css_text('A "B" </style>'))
    "A \22 B\22  \3c \2f style\3e "
    """
    return f'"{_PLAIN.sub(lambda found: f"{chr(92)}{ord(found[0]):x} ", text)}"'


def day_words(iso: str | None) -> str:
    """A date, or the date and hour of a time, as a person reads it.

    >>> day_words("2026-12-09"), day_words("2026-12-09T10:00:00+01:00")
    ('Dec 9, 2026', 'Dec 9, 2026, 10:00')
    """
    if not iso:
        return NOT_GIVEN
    if iso == REMOVED:
        return iso
    day = date.fromisoformat(iso[:10])
    hour = f", {iso[11:16]}" if len(iso) >= len("2026-12-09T10:00") else ""
    return f"{_MONTHS[day.month - 1]} {day.day}, {day.year}{hour}"


def made_today() -> str:
    """The day a page is made; of SOURCE_DATE_EPOCH where that is set.

    That variable makes the same page from the same results on any day.
    """
    epoch = os.environ.get("SOURCE_DATE_EPOCH", "")
    now = datetime.fromtimestamp(int(epoch), UTC) if epoch.isdigit() else None
    return day_words((now or datetime.now().astimezone()).date().isoformat())
