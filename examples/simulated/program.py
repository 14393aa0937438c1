"""Run `sirtdose` and print what it says, each line marked as simulated."""

import io
import sys
from contextlib import redirect_stderr, redirect_stdout

MARK = "simulated | "


def say(text: str = "") -> None:
    """Print lines, each with the mark."""
    for line in text.splitlines() or [""]:
        print(f"{MARK}{line}".rstrip(), flush=True)


def sirtdose(*words: object, shown: bool = True) -> str:
    """Run a command in this process; print and return what it says.

    Raises
    ------
    SystemExit
        The command ended with another exit code than 0.
    """
    from sirtdose.cli.program import main

    arguments = [str(word) for word in words]
    if shown:
        say(f"$ sirtdose {' '.join(arguments)}")
    said = io.StringIO()
    with redirect_stdout(said), redirect_stderr(said):
        try:
            main.main(arguments, prog_name="sirtdose")
            code: object = 0
        except SystemExit as end:
            code = end.code
    if code or shown:
        say(said.getvalue() + "\n")
    if code:
        sys.exit(f"sirtdose {arguments[0]} ended with exit code {code}")
    return said.getvalue()
