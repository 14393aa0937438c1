"""Ctrl-C: one line, and the exit code of an interrupted program."""

import sys
from typing import NoReturn

INTERRUPTED = 130


def end_interrupted() -> NoReturn:
    """Say in one line that Ctrl-C ended the program, and end it with 130."""
    # A terminal shows ^C where the cursor is.
    sys.stderr.write("\nInterrupted\n" if sys.stderr.isatty() else "Interrupted\n")
    raise SystemExit(INTERRUPTED)
