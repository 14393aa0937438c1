"""When a study has come to rest: nothing came for a while and nobody is sending."""

import threading
from collections.abc import Callable
from time import monotonic
from typing import Protocol


class Sender(Protocol):
    """An association, as far as it matters here."""

    def is_alive(self) -> bool:
        """Whether it is open."""


class Arrivals:
    """Which studies something came for, when, and through which associations."""

    def __init__(self, settle_s: float, *, clock: Callable[[], float] = monotonic):
        self._settle_s = settle_s
        self._clock = clock
        self._lock = threading.Lock()
        self._last: dict[str, float] = {}
        self._senders: dict[str, set[Sender]] = {}

    def came(self, study: str, sender: Sender | None = None) -> None:
        """An object of a study came, or the study was found when the listener began."""
        with self._lock:
            self._last[study] = self._clock()
            if sender is not None:
                self._senders.setdefault(study, set()).add(sender)

    def take_settled(self) -> str | None:
        """A study at rest, the first one; what comes from now on brings it back."""
        with self._lock:
            now = self._clock()
            for study, senders in self._senders.items():
                still = {one for one in senders if one.is_alive()}
                if len(still) < len(senders):
                    # Time counts from when it is seen that somebody left.
                    self._last[study] = now
                self._senders[study] = still
            at_rest = [
                study
                for study, last in self._last.items()
                if now - last >= self._settle_s and not self._senders.get(study)
            ]
            if not at_rest:
                return None
            first = min(at_rest, key=lambda study: self._last[study])
            del self._last[first]
            self._senders.pop(first, None)
            return first
