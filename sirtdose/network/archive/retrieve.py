"""Objects handed over by an archive: on the same association, or to our receiver."""

import threading
from collections.abc import Iterator, Sequence
from contextlib import ExitStack, contextmanager
from time import monotonic
from typing import TYPE_CHECKING, Any

from sirtdose.model.node import Address, Node
from sirtdose.network.archive.archive import Keep, Part
from sirtdose.network.association import Peer, Rejected, associated
from sirtdose.network.classes import (
    DEFLATED,
    EXPLICIT,
    IMPLICIT,
    STORAGE_CLASSES,
    TRANSFER_SYNTAXES,
)
from sirtdose.network.limited_socket import Limits
from sirtdose.network.received import NOT_AUTHORIZED, Received, Refused
from sirtdose.network.reception import Reception, answer_to, kept_of
from sirtdose.network.server import Endpoint, serving
from sirtdose.network.store import Kept
from sirtdose.network.tls import Tls

if TYPE_CHECKING:
    from pydicom import Dataset
    from pynetdicom.association import Association
    from pynetdicom.events import Event

MOVE = "1.2.840.10008.5.1.4.1.2.2.2"
GET = "1.2.840.10008.5.1.4.1.2.2.3"
# The largest object that is taken in, and the longest unit of the protocol.
_MOST_BYTES, _PDU_BYTES = 4_000_000_000, 65536
_MAX_SENDERS = 8
# UIDs in one request: an archive may take few.
_UIDS_AT_ONCE = 50
_LOOK_EVERY_S = 0.1
# One association has 128 contexts, two of which are no objects'.
_MOST_CONTEXTS = 126
_PLAIN = (EXPLICIT, IMPLICIT, DEFLATED)
_PENDING = (0xFF00, 0xFF01)
_UNKNOWN_DESTINATION = 0xA801
_CANNOT = 0xC000
_KINDS = {
    0xA701: "it has no resources to search",
    0xA702: "it has no resources to send",
    0xA900: "it does not accept these search keys",
    _CANNOT: "it cannot process the request",
    0xB000: "some objects failed",
    0xFE00: "it was cancelled",
}
_NOT_ASKED = "nothing is asked for now"


class _Taking:
    """Where objects go: to who asked for the present part."""

    def __init__(self) -> None:
        self._keep: Keep | None = None
        self.last = monotonic()

    @contextmanager
    def by(self, keep: Keep) -> Iterator[None]:
        """Hand objects to this until the end."""
        self._keep, self.last = keep, monotonic()
        try:
            yield
        finally:
            self._keep = None

    def keep(self, received: Received) -> Kept:
        """Keep an object."""
        keep = self._keep
        if keep is None:
            raise Refused(NOT_AUTHORIZED, _NOT_ASKED)
        try:
            return keep(received)
        finally:
            self.last = monotonic()

    def came(self, study: str, sender: Any = None) -> None:
        """Nobody waits for a study to come to rest."""


class Getting:
    """C-GET: objects come on the association that asks for them."""

    def __init__(self, peer: Peer, ends: ExitStack) -> None:
        self._peer, self._ends = peer, ends
        self._taking = _Taking()
        self._association: Association | None = None
        self._classes: frozenset[str] = frozenset()

    def fetch(self, part: Part, keep: Keep) -> str:
        """Have what is missing of a series handed over."""
        classes = frozenset(one.sop_class for one in part.instances)
        if not classes or "" in classes:
            classes = frozenset(STORAGE_CLASSES)
        association = self._opened(classes)
        said = []
        with self._taking.by(keep):
            for asked in _identifiers(part):
                for answer, _ in association.send_c_get(asked, GET):
                    said.append(_meaning(answer, self._peer))
        return _first(said)

    def _opened(self, classes: frozenset[str]) -> "Association":
        from pynetdicom import evt

        association = self._association
        fits = classes <= self._classes
        if association is not None and association.is_established and fits:
            return association
        if association is not None and association.is_established:
            association.release()
        opening = associated(
            self._peer,
            [(GET, [EXPLICIT, IMPLICIT]), *_contexts(classes)],
            provides=sorted(classes),
            handlers=[(evt.EVT_C_STORE, self._on_store)],
        )
        association = self._ends.enter_context(opening)
        known = {str(one.abstract_syntax) for one in association.accepted_contexts}
        if GET not in known:
            raise Rejected(
                f'{self._peer.where} does not offer C-GET: set retrieve = "move" and '
                "receive_port for the node in the site file"
            )
        self._association, self._classes = association, classes
        return association

    def _on_store(self, event: "Event") -> "int | Dataset":
        kept = kept_of(event, _MOST_BYTES, self._taking.keep)
        return answer_to(kept) if isinstance(kept, Refused) else 0x0000


class Moving:
    """C-MOVE: the archive sends objects to a receiver of ours."""

    def __init__(
        self, node: Node, receiver: Address, peer: Peer, ends: ExitStack
    ) -> None:
        self._node, self._receiver, self._peer, self._ends = node, receiver, peer, ends
        self._taking = _Taking()
        self._association: Association | None = None
        self._heard: list[str] = []
        self._receives = False

    def fetch(self, part: Part, keep: Keep) -> str:
        """Have what is missing of a series sent to us."""
        self._receive()
        association = self._opened()
        said = []
        with self._taking.by(keep), self._watched(association):
            for asked in _identifiers(part):
                answers = association.send_c_move(asked, self._receiver.aet, MOVE)
                for answer, _ in answers:
                    self._taking.last = monotonic()
                    if answer.get("Status") == _UNKNOWN_DESTINATION:
                        raise Rejected(self._unknown_destination())
                    said.append(_meaning(answer, self._peer) + self._doubt(answer))
        return _first([*said, *self._refusals()])

    def _doubt(self, answer: "Dataset") -> str:
        """Some archives say no more where they do not know who is to receive."""
        if (answer.get("Status") or 0) & 0xF000 != _CANNOT:
            return ""
        ours = self._receiver
        return (
            f"; check that {ours.aet} is entered there with the address of this "
            f"machine and port {ours.port}"
        )

    def _refusals(self) -> list[str]:
        """Why the archive was not let in to our receiver, which it does not know."""
        heard = [one for one in self._heard if "reject" in one or "refused: " in one]
        self._heard.clear()
        return [f"our receiver: {one}" for one in heard[:1]]

    def _unknown_destination(self) -> str:
        ours = self._receiver
        return (
            f"{self._peer.where} does not know or reach our receiver: have {ours.aet} "
            f"entered there with the address of this machine and port {ours.port}"
        )

    def _receive(self) -> None:
        """Listen from now on; nothing is taken that is not asked for."""
        if self._receives:
            return
        node, ours = self._node, self._receiver
        tls = None
        if node.has_tls:
            if node.tls_certificate is None:
                raise Rejected(
                    f"node {node.name} has tls_ca without tls_certificate: what "
                    "C-MOVE sends here needs a certificate of ours"
                )
            tls = Tls(node.tls_certificate, node.tls_key, node.tls_ca)
        endpoint = Endpoint(
            ours.host,
            ours.port,
            ours.aet,
            (),
            _MAX_SENDERS,
            Limits(_PDU_BYTES, _MOST_BYTES, self._peer.timeout_s),
            tls,
        )
        reception = Reception(
            self._taking, self._taking, self._heard.append, object_bytes=_MOST_BYTES
        )
        self._ends.enter_context(serving(endpoint, reception, self._heard.append))
        self._receives = True

    def _opened(self) -> "Association":
        if self._association is None or not self._association.is_established:
            opening = associated(self._peer, [(MOVE, [EXPLICIT, IMPLICIT])], waits=True)
            self._association = self._ends.enter_context(opening)
            known = {
                str(one.abstract_syntax) for one in self._association.accepted_contexts
            }
            if MOVE not in known:
                raise Rejected(
                    f'{self._peer.where} does not offer C-MOVE: set retrieve = "get" '
                    "for the node in the site file"
                )
        return self._association

    @contextmanager
    def _watched(self, association: "Association") -> Iterator[None]:
        """Wait as long as objects or answers come; an archive may answer at the end."""
        over = threading.Event()

        def watch() -> None:
            while not over.wait(_LOOK_EVERY_S):
                if monotonic() - self._taking.last > self._peer.timeout_s:
                    # As the library itself wakes who waits for an answer: none came.
                    association.dimse.msg_queue.put((None, None))
                    return

        thread = threading.Thread(target=watch, daemon=True)
        thread.start()
        try:
            yield
        finally:
            over.set()
            thread.join()


def _contexts(classes: frozenset[str]) -> list[tuple[str, list[str]]]:
    """Each encoding by itself, so that objects come as they are stored.

    For many classes there is no room for that: uncompressed ones share a context.
    """
    single = [[one] for one in TRANSFER_SYNTAXES]
    packed = [one for one in TRANSFER_SYNTAXES if one not in _PLAIN]
    grouped = [list(_PLAIN), packed]
    groups = single if len(single) * len(classes) <= _MOST_CONTEXTS else grouped
    return [(kind, list(own)) for kind in sorted(classes) for own in groups]


def _identifiers(part: Part) -> Iterator["Dataset"]:
    """The whole series, or objects of it."""
    from pydicom import Dataset

    uids = [one.uid for one in part.instances]
    whole = part.is_whole or not uids
    starts = range(0, len(uids), _UIDS_AT_ONCE)
    some = [[]] if whole else [uids[at : at + _UIDS_AT_ONCE] for at in starts]
    for own in some:
        asked = Dataset()
        asked.QueryRetrieveLevel = "IMAGE" if own else "SERIES"
        asked.StudyInstanceUID = part.study_uid
        asked.SeriesInstanceUID = part.series_uid
        if own:
            asked.SOPInstanceUID = own
        yield asked


def _meaning(answer: "Dataset", peer: Peer) -> str:
    """Why objects failed; empty while all goes well."""
    status = answer.get("Status")
    if status is None:
        return f"{peer.where}: the association was lost"
    if status == 0 or status in _PENDING:
        return ""
    failed = answer.get("NumberOfFailedSuboperations") or 0
    kind = (
        _KINDS.get(status)
        or _KINDS.get(status & 0xFF00)
        or _KINDS.get(status & 0xF000, "it does not say why")
    )
    count = f"{failed} objects failed: " if failed and status != 0xB000 else ""
    return f"{peer.where}: {count}{kind} (status {int(status):04X}H)"


def _first(said: Sequence[str]) -> str:
    """What went wrong first, since the rest mostly follows from it."""
    return next((one for one in said if one), "")
