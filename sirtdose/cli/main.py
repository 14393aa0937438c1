"""Entry point of the installed program: Ctrl-C ends it, also while it loads.

Caught is Ctrl-C from this file's first lines on; what Python itself, and the script
that an installer writes, import before them is theirs.
"""

import sys

try:
    import os
    import signal
    from typing import Any, NoReturn

    from sirtdose.cli.interrupted import INTERRUPTED, end_interrupted
except KeyboardInterrupt:
    sys.stderr.write("Interrupted\n")
    raise SystemExit(130) from None

_SOON_S = 0.01


def run() -> None:
    """Load the program and run it.

    Raises
    ------
    SystemExit
        130 where Ctrl-C ended it.
    """
    pressed: list[int] = []

    def interrupt(number: int, _: object) -> NoReturn:
        pressed.append(number)
        raise KeyboardInterrupt

    try:
        _handle("SIGINT", interrupt)
        # Ended from outside it clears up, as it does when it is interrupted.
        for name in ("SIGTERM", "SIGHUP"):
            _handle(name, _end)
        sys.unraisablehook = _pass_on
        from sirtdose.cli.program import main

        main(prog_name="sirtdose")
    except SystemExit as end:
        # A module that was cut off while it loaded may be said to be missing.
        if pressed and end.code not in (None, 0):
            raise SystemExit(INTERRUPTED) from None
        raise
    except KeyboardInterrupt:
        end_interrupted()
    except BaseException:
        if pressed:
            end_interrupted()
        raise
    finally:
        if pressed:
            # Whoever presses it again does not wait for threads that end.
            signal.signal(signal.SIGINT, lambda *_: os._exit(INTERRUPTED))


def _handle(name: str, handler: Any) -> None:
    number = getattr(signal, name, None)
    # Under nohup a hang-up is ignored, and stays so.
    if number is not None and signal.getsignal(number) is not signal.SIG_IGN:
        signal.signal(number, handler)


def _end(number: int, _: object) -> NoReturn:
    raise SystemExit(128 + number)


def _pass_on(said: "sys.UnraisableHookArgs") -> None:
    """An interrupt that came where none can be raised comes once more, soon."""
    if issubclass(said.exc_type, KeyboardInterrupt) and hasattr(signal, "setitimer"):
        signal.signal(signal.SIGALRM, lambda *_: signal.raise_signal(signal.SIGINT))
        signal.setitimer(signal.ITIMER_REAL, _SOON_S)
    else:
        sys.__unraisablehook__(said)


def __getattr__(name: str) -> Any:
    """The click group `main`, loaded when it is asked for."""
    if name == "main":
        from sirtdose.cli import program

        return program.main
    raise AttributeError(f"module 'sirtdose.cli.main' has no attribute {name!r}")
