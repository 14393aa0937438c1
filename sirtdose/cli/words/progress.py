"""Draw on a terminal how far a long task is, and how much time is left."""

import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from time import monotonic
from typing import Any, TextIO

import click

from sirtdose.model.progress import listening

# A task that takes less than _WORTH_S in all has no bar, and one begins after _SOON_S;
# it is not redrawn faster than _REDRAWN_S.
_WORTH_S, _SOON_S, _REDRAWN_S = 2.0, 1.0, 0.1
_CLEARED = "\r\033[K\033[?25h"


@contextmanager
def progress_shown() -> Iterator[None]:
    """Draw progress on the standard error, where that is a terminal."""
    if not sys.stderr.isatty():
        yield
        return
    bars = Bars(sys.stderr)
    try:
        with listening(bars):
            yield
    finally:
        bars.clear()


def piped_json() -> bool:
    """Whether the result goes to another program, which may share the terminal."""
    context = click.get_current_context(silent=True)
    return bool(context and context.params.get("as_json")) and not sys.stdout.isatty()


class Bars:
    """One bar at a time, of the outermost task; it vanishes when that is done."""

    def __init__(self, stream: TextIO, clock: Callable[[], float] = monotonic) -> None:
        self._stream, self._clock = stream, clock
        self._task = ""
        self._since = self._drawn = 0.0
        self._first = (0.0, 0)
        self._bar: Any = None

    def __call__(self, task: str, done: int, steps: int) -> None:
        """Take what a task tells of itself."""
        if not self._task and done == 0 and not piped_json():
            self._task, self._since, self._first = task, self._clock(), (0.0, 0)
        if task != self._task:
            return
        if done >= steps:
            self.clear()
            return
        now = self._clock()
        if self._first[1] == 0:
            self._first = now, done
        elapsed = now - self._since
        lasts = self._bar is not None or elapsed * steps >= _WORTH_S * max(done, 1)
        if elapsed >= _SOON_S and lasts and now - self._drawn >= _REDRAWN_S:
            self._drawn = now
            self._draw(done, steps)

    def _draw(self, done: int, steps: int) -> None:
        if self._bar is None:
            self._bar = click.progressbar(
                length=steps, label=self._task, file=self._stream
            )
        first_at, first = self._first
        if done > first:
            # Not click's own: what was loaded or compiled before is no step's time.
            self._bar.avg = [(self._drawn - first_at) / (done - first)]
            self._bar.eta_known = True
        self._bar.pos = done
        self._bar.render_progress()

    def clear(self) -> None:
        """End the task, and leave nothing of its bar on the terminal."""
        if self._bar is not None:
            click.echo(_CLEARED, file=self._stream, nl=False)
        self._task, self._bar = "", None
