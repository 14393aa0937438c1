"""How far a long task is: it tells its steps, and whoever wants to know listens.

What computes knows only that so many of so many steps are done. A listener is set for
one context: threads and other processes that a task starts have none of their own.
"""

from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from contextvars import ContextVar
from threading import Lock
from typing import TypeVar

_T = TypeVar("_T")
# Of a task's name, the steps done and all its steps.
Listener = Callable[[str, int, int], None]
_LISTENER: ContextVar[Listener | None] = ContextVar("sirtdose.progress", default=None)


@contextmanager
def listening(listener: Listener | None) -> Iterator[None]:
    """Tell a listener of all tasks until the end; None for nobody."""
    token = _LISTENER.set(listener)
    try:
        yield
    finally:
        _LISTENER.reset(token)


class Task:
    """A task that is going on; its threads may share it."""

    def __init__(self, name: str, steps: int, listener: Listener | None) -> None:
        self.name, self.steps = name, steps
        self._listener, self._lock, self._done = listener, Lock(), 0

    def done(self, steps: int | None = None) -> None:
        """One step more is done, or so many in all; never fewer than before."""
        if self._listener is None:
            return
        with self._lock:
            now = self._done + 1 if steps is None else max(steps, self._done)
            self._done = min(now, self.steps)
            if self._done < self.steps:
                self._listener(self.name, self._done, self.steps)


@contextmanager
def task(name: str, steps: int) -> Iterator[Task]:
    """A task of so many steps; its end is told however it comes.

    Examples
    --------
    >>> told = []
    >>> with listening(lambda *all: told.append(all)), task("rays", 3) as going:
    ...     going.done()
    ...     going.done(2)
    >>> told
    [('rays', 0, 3), ('rays', 1, 3), ('rays', 2, 3), ('rays', 3, 3)]
    """
    listener = _LISTENER.get()
    if listener is None:
        yield Task(name, steps, None)
        return
    listener(name, 0, steps)
    try:
        yield Task(name, steps, listener)
    finally:
        listener(name, steps, steps)


def counted(name: str, steps: Sequence[_T]) -> Iterator[_T]:
    """Go through steps, and tell of each once it is done.

    >>> told = []
    >>> with listening(lambda _, done, of: told.append(f"{done} of {of}")):
    ...     letters = "".join(counted("letters", "ab"))
    >>> letters, told
    ('ab', ['0 of 2', '1 of 2', '2 of 2'])
    """
    with task(name, len(steps)) as going:
        for step in steps:
            yield step
            going.done()
