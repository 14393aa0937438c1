"""Answer associations, say what came through each, and when a study is at rest."""

import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from time import monotonic
from typing import TYPE_CHECKING, Any, Protocol

from sirtdose.io.dicom.bare import Dataset
from sirtdose.io.dicom.write import item
from sirtdose.network.received import (
    CANNOT_UNDERSTAND,
    OTHER_CLASS,
    Received,
    Refused,
    Told,
)
from sirtdose.network.store import Kept

if TYPE_CHECKING:
    from pynetdicom.events import Event

_COMMENT_LETTERS = 64
# DICOM PS3.8, 9.2: a connection is open; it closes, or what comes is no request.
_AWAITS_REQUEST, _NO_REQUEST = "Sta2", ("Evt17", "Evt19")
_NOTHING = "the object has no data set"


class Sender(Protocol):
    """An association, as far as it matters here."""

    def is_alive(self) -> bool:
        """Whether it is open."""


class Keeper(Protocol):
    """Where objects go."""

    def keep(self, received: Received) -> Kept:
        """Keep an object, or raise `Refused`."""


class Noted(Protocol):
    """Who wants to know that something came."""

    def came(self, study: str, sender: Sender | None = None) -> None:
        """An object of a study came."""


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


@dataclass
class _Tally:
    """What came through one association."""

    stored: int = 0
    known: int = 0
    refused: int = 0
    studies: set[str] = field(default_factory=set)

    def said(self) -> str:
        counts = (
            f"{self.stored} stored, {self.known} already known, {self.refused} refused"
        )
        studies = ", ".join(sorted(self.studies))
        return f"{counts}{f', study {studies}' if studies else ''}"


class Reception:
    """The handlers of a listener's events.

    Parameters
    ----------
    store : Keeper
    arrivals : Noted
    say : callable
    object_bytes : int
        The largest data set, inflated where it comes deflated.
    """

    def __init__(
        self,
        store: Keeper,
        arrivals: Noted,
        say: Callable[[str], None],
        *,
        object_bytes: int,
    ) -> None:
        self._object_bytes = object_bytes
        self._store = store
        self._arrivals = arrivals
        self._say = say
        self._lock = threading.Lock()
        self._tallies: dict[Any, _Tally] = {}

    def handlers(self) -> list[tuple[Any, Callable[..., Any]]]:
        """Each event with what answers it."""
        from pynetdicom import evt

        return [
            (evt.EVT_C_ECHO, lambda _: 0x0000),
            (evt.EVT_C_STORE, self._on_store),
            (evt.EVT_ACCEPTED, self._on_accepted),
            (evt.EVT_REJECTED, self._on_rejected),
            (evt.EVT_RELEASED, lambda event: self._on_end(event, "ended")),
            (evt.EVT_ABORTED, lambda event: self._on_end(event, "aborted")),
            (evt.EVT_CONN_CLOSE, lambda event: self._on_end(event, "connection lost")),
            (evt.EVT_FSM_TRANSITION, _let_go),
        ]

    def _on_accepted(self, event: "Event") -> None:
        with self._lock:
            self._tallies[event.assoc] = _Tally()
        self._say(f"{_caller(event)}: association started")

    def _on_rejected(self, event: "Event") -> None:
        self._say(f"{_caller(event)}: association rejected: {_why_rejected(event)}")

    def _on_end(self, event: "Event", how: str) -> None:
        with self._lock:
            tally = self._tallies.pop(event.assoc, None)
        if tally is not None:
            self._say(f"{_caller(event)}: association {how}: {tally.said()}")

    def _on_store(self, event: "Event") -> int | Dataset:
        """Answer only when the object is on the disk."""
        with self._lock:
            tally = self._tallies.setdefault(event.assoc, _Tally())
        kept = kept_of(event, self._object_bytes, self._store.keep)
        if isinstance(kept, Refused):
            tally.refused += 1
            self._say(f"{_caller(event)}: refused {kept.status:04X}H: {kept}")
            return answer_to(kept)
        tally.stored += kept.new
        tally.known += not kept.new
        tally.studies.add(kept.study)
        self._arrivals.came(kept.study, event.assoc)
        return 0x0000


def kept_of(
    event: "Event", most_bytes: int, keep: Callable[[Received], Kept]
) -> Kept | Refused:
    """Keep the object of a C-STORE; what is not kept, is refused."""
    try:
        with _received(event, most_bytes) as data:
            return keep(data)
    except Refused as refused:
        return refused


def answer_to(refused: Refused) -> Dataset:
    """What the sender of an object is told."""
    return item(Status=refused.status, ErrorComment=str(refused)[:_COMMENT_LETTERS])


def _let_go(event: "Event") -> None:
    """Wait no longer for the request of a caller that left, or spoke something else."""
    if event.current_state == _AWAITS_REQUEST and event.fsm_event in _NO_REQUEST:
        event.assoc.dul.to_user_queue.put(None)


@contextmanager
def _received(event: "Event", most_bytes: int) -> Iterator[Received]:
    """The object of a C-STORE; its buffer is let go of at the end."""
    request: Any = event.request
    context = event.context
    told = Told(
        str(request.AffectedSOPClassUID or ""),
        str(request.AffectedSOPInstanceUID or ""),
    )
    if told.sop_class != str(context.abstract_syntax):
        raise Refused(OTHER_CLASS, "another SOP class than was negotiated")
    if request.DataSet is None:
        raise Refused(CANNOT_UNDERSTAND, _NOTHING)
    with request.DataSet.getbuffer() as view:
        # A command that says that none follows.
        if not len(view):
            raise Refused(CANNOT_UNDERSTAND, _NOTHING)
        yield Received(view, str(context.transfer_syntax), told, most_bytes)


def _caller(event: "Event") -> str:
    requestor = event.assoc.requestor
    title = "".join(c for c in str(requestor.ae_title or "") if c.isprintable()).strip()
    return f"{title or 'somebody'} at {requestor.address}"


def _why_rejected(event: "Event") -> str:
    ae, requestor = event.assoc.ae, event.assoc.requestor
    asked: Any = requestor.primitive
    if ae.require_calling_aet and asked.calling_ae_title not in ae.require_calling_aet:
        return "its AE title is not allowed"
    if asked.called_ae_title != event.assoc.acceptor.ae_title.strip():
        return "it called an AE title that is not this one"
    return "the maximum number of associations is open"
