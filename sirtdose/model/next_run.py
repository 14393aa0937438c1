"""The run that uses what is accepted of a review, as it was typed."""

from dataclasses import dataclass
from pathlib import Path


@dataclass(frozen=True)
class Typed:
    """An option as it was typed; `text` is None for a flag.

    `file` is the whole path of the file that the text names, for the `reader` that it
    names too.
    """

    option: str
    text: str | None = None
    file: Path | None = None
    reader: str | None = None


@dataclass(frozen=True)
class NextRun:
    """A command and the options that it repeats, with the site's file if it used one.

    Structures are added where they are accepted.
    """

    command: str
    options: tuple[Typed, ...] = ()
    site: Path | None = None
