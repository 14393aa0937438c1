"""How help is written: what can be typed is never cut by the end of a line."""

import re
from collections.abc import Iterable
from textwrap import fill

import click

_KEPT = str.maketrans({" ": "\u00a0", "-": "\u2011"})
_BACK = str.maketrans({"\u00a0": " ", "\u2011": "-"})
# What is in quotes, a number with its unit, a default, and any word with a hyphen.
_WHOLE = re.compile(
    r"(?<!\w)'[^']*'(?!\w)|\d (?:%|[kMG]?Bq|m?Ci|Gy|mL|mm|cm|mg|g|kg|h|s)(?!\w)"
    r"|\[[^\[\]]{,24}\]|[^\s-]*-\S+"
)


COLUMN = 30


class Formatter(click.HelpFormatter):
    """Click's own, which keeps words whole."""

    def write_text(self, text: str) -> None:
        """Write paragraphs."""
        super().write_text(_kept(text))

    def write_dl(
        self,
        rows: Iterable[tuple[str, str]],
        col_max: int = COLUMN,
        col_spacing: int = 2,
    ) -> None:
        """Write names, and beside each what it is; below it where it is long."""
        listed = list(rows)
        longest = max((len(name) for name, _ in listed), default=0)
        column = self.current_indent + min(longest, col_max) + col_spacing
        for name, said in listed:
            head = f"{'':{self.current_indent}}{name}"
            if len(head) + col_spacing > column:
                self.write(f"{head}\n")
                head = ""
            text = fill(
                _kept(said),
                self.width,
                initial_indent=f"{head:{column}}",
                subsequent_indent=" " * column,
                break_long_words=False,
            )
            self.write(f"{text}\n")

    def getvalue(self) -> str:
        """All that was written."""
        return super().getvalue().translate(_BACK)


class Context(click.Context):
    """Click's own, with our way to write help."""

    formatter_class = Formatter


def _kept(text: str) -> str:
    return _WHOLE.sub(lambda found: found[0].translate(_KEPT), text)
