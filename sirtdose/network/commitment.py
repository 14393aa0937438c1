"""Storage commitment (DICOM PS3.4, J): what an archive answers for after it stored."""

import socket
import threading
from collections.abc import Callable, Collection, Iterator, Mapping, Sequence
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass, replace
from time import monotonic
from typing import TYPE_CHECKING, Any, Final

from sirtdose.errors import OutputError
from sirtdose.model.node import Address
from sirtdose.network.association import Peer, associated
from sirtdose.network.classes import (
    COMMITMENT,
    COMMITMENT_INSTANCE,
    EXPLICIT,
    IMPLICIT,
)
from sirtdose.network.confirmation import Confirmation, confirmed
from sirtdose.network.limited_socket import Limits
from sirtdose.network.outgoing import Outgoing
from sirtdose.network.reasons import reason
from sirtdose.network.server import Endpoint, serving
from sirtdose.network.tls import Tls

if TYPE_CHECKING:
    from pydicom import Dataset
    from pynetdicom.association import Association
    from pynetdicom.events import Event

_BY: Final = "commitment"
_STORE_THEM = 1
_SILENT = "its report does not mention the object"
# A report that comes on our own association comes at once.
_HELD_S = 2.0
_LOOK_EVERY_S = 0.05
_REPORT_BYTES, _PDU_BYTES, _MOST_CALLERS = 1 << 26, 1 << 16, 4


@dataclass(frozen=True)
class _Report:
    """By SOPInstanceUID: what is committed, and by which reason what is not."""

    committed: Collection[str]
    failed: Mapping[str, int]


class Reports:
    """What an archive reports, on our association or on one of its own."""

    def __init__(self, *, listening: bool) -> None:
        self.listening = listening
        self._came: dict[str, _Report] = {}
        self._owed: set[Association] = set()
        self._change = threading.Condition()

    def handlers(self) -> list[tuple[Any, Callable[..., Any]]]:
        """The library's events, each with what answers it."""
        from pynetdicom import evt

        return [
            (evt.EVT_C_ECHO, lambda _: 0x0000),
            (evt.EVT_N_EVENT_REPORT, self._on_report),
            (evt.EVT_PDU_SENT, self._on_sent),
        ]

    def _on_report(self, event: "Event") -> tuple[int, None]:
        # Read here: one that cannot be is answered as a failure of processing.
        said = event.event_information
        failed = {
            str(one.ReferencedSOPInstanceUID): int(one.get("FailureReason") or 0)
            for one in said.get("FailedSOPSequence") or ()
        }
        committed = {
            str(one.ReferencedSOPInstanceUID)
            for one in said.get("ReferencedSOPSequence") or ()
        }
        with self._change:
            self._came[str(said.TransactionUID)] = _Report(committed, failed)
            self._owed.add(event.assoc)
            self._change.notify_all()
        return 0x0000, None

    def _on_sent(self, event: "Event") -> None:
        # Of data, the answer alone is sent between a report and the end.
        if type(event.pdu).__name__ == "P_DATA_TF":
            with self._change:
                self._owed.discard(event.assoc)
                self._change.notify_all()

    def wait_for(self, transaction: str, seconds: float) -> "_Report | None":
        """The report of a transaction; None where it does not come in time."""
        with self._change:
            self._change.wait_for(lambda: transaction in self._came, seconds)
            return self._came.get(transaction)

    def wait_until_answered(self, association: "Association", seconds: float) -> None:
        """Wait until the library has answered the report, so that we may release."""
        with self._change:
            self._change.wait_for(lambda: association not in self._owed, seconds)


@contextmanager
def receiving_reports(
    own: Address | None, tls: Tls | None, timeout_s: float
) -> Iterator[Reports]:
    """Be where an archive reports to; at an address of ours, on its associations too.

    Raises
    ------
    OutputError
        The port is taken or may not be used.
    """
    reports = Reports(listening=own is not None)
    if own is None:
        yield reports
        return
    limits = Limits(_PDU_BYTES, _REPORT_BYTES, timeout_s)
    endpoint = Endpoint(own.host, own.port, own.aet, (), _MOST_CALLERS, limits, tls)
    endpoint = replace(endpoint, classes=(COMMITMENT,), syntaxes=(EXPLICIT, IMPLICIT))
    with ExitStack() as open_ones:
        try:
            open_ones.enter_context(serving(endpoint, reports, lambda _: None))
        except OutputError:
            raise OutputError(
                f"cannot receive at port {own.port}: it is taken, or this user may not "
                "use it; give another with --receive"
            ) from None
        yield reports


def own_address(host: str, port: int) -> str:
    """Ours, on the way to an archive: nobody else has to reach what listens there.

    >>> own_address("127.0.0.1", 104)
    '127.0.0.1'
    """
    try:
        family, kind, protocol, _, address = socket.getaddrinfo(
            host, port, type=socket.SOCK_DGRAM
        )[0]
        with socket.socket(family, kind, protocol) as one:
            # No packet is sent for this.
            one.connect(address)
            return str(one.getsockname()[0])
    except (OSError, UnicodeError):
        return "127.0.0.1"


def request_commitment(
    files: Sequence[Outgoing], to: Peer, reports: Reports, wait_s: float
) -> Confirmation:
    """Ask an archive to commit to what it stored, and wait for its report.

    Nothing is raised: that nobody answers is said as well.
    """
    from pydicom.uid import generate_uid

    # Random as it is, nobody can guess it.
    transaction = str(generate_uid(prefix=None))
    end = monotonic() + wait_s
    contexts = [(COMMITMENT, (EXPLICIT, IMPLICIT))]
    try:
        with associated(to, contexts, handlers=reports.handlers()) as association:
            refusal = _request(association, files, transaction)
            if refusal is not None:
                return replace(refusal, said=f"{to.called} {refusal.said}")
            # The library would end an association on which nothing comes.
            association.network_timeout = wait_s + to.timeout_s
            report = _report(association, reports, transaction, wait_s)
            reports.wait_until_answered(association, to.timeout_s)
    except OutputError as error:
        said = f"storage commitment was not asked for: {error}"
        return Confirmation(_BY, said, offered=False)
    left_s = end - monotonic() if reports.listening else 0
    report = report or reports.wait_for(transaction, max(left_s, 0))
    if report is None:
        return Confirmation(_BY, _silence(to, reports, wait_s))
    asked = {file.sop_instance for file in files}
    return confirmed(_BY, asked, _lacking(asked, report))


def _request(
    association: "Association", files: Sequence[Outgoing], transaction: str
) -> Confirmation | None:
    """Ask; returns why there is nothing to wait for."""
    from pydicom import Dataset
    from pydicom.uid import UID

    accepted = {str(one.abstract_syntax) for one in association.accepted_contexts}
    if COMMITMENT not in accepted:
        return Confirmation(_BY, "does not offer storage commitment", offered=False)
    asked = Dataset()
    asked.TransactionUID = UID(transaction)
    asked.ReferencedSOPSequence = [_reference(file) for file in files]
    try:
        answer, _ = association.send_n_action(
            asked, _STORE_THEM, UID(COMMITMENT), UID(COMMITMENT_INSTANCE)
        )
    except (RuntimeError, ValueError):
        answer = Dataset()
    status = answer.get("Status")
    if status == 0:
        return None
    why = "no answer" if status is None else _meaning(int(status))
    return Confirmation(_BY, f"did not take the request for storage commitment: {why}")


def _reference(file: Outgoing) -> "Dataset":
    from pydicom import Dataset
    from pydicom.uid import UID

    one = Dataset()
    one.ReferencedSOPClassUID = UID(file.sop_class)
    one.ReferencedSOPInstanceUID = UID(file.sop_instance)
    return one


def _report(
    association: "Association", reports: Reports, transaction: str, wait_s: float
) -> "_Report | None":
    """What comes on our association, as long as it is there."""
    end = monotonic() + (min(wait_s, _HELD_S) if reports.listening else wait_s)
    while True:
        left_s = min(_LOOK_EVERY_S, end - monotonic())
        found = reports.wait_for(transaction, max(left_s, 0))
        if found is not None or left_s <= 0 or not association.is_established:
            return found


def _silence(to: Peer, reports: Reports, wait_s: float) -> str:
    advice = (
        f"check that it knows {to.calling} at this machine and port"
        if reports.listening
        else "if it reports on an association of its own, give the port with --receive"
    )
    return (
        f"{to.called} did not report on storage commitment within {wait_s:g} s: "
        f"{advice}"
    )


def _lacking(asked: Collection[str], report: _Report) -> dict[str, str]:
    """What failed, as is said; and what is passed over in silence."""
    return {
        uid: _meaning(report.failed[uid]) if uid in report.failed else _SILENT
        for uid in asked
        if uid in report.failed or uid not in report.committed
    }


def _meaning(status: int) -> str:
    return f"{reason(status)} ({status:04X}H)"
