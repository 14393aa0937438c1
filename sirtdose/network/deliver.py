"""Send files and have the archive confirm them, by DICOM or by DICOMweb."""

from collections.abc import Callable, Sequence
from contextlib import ExitStack
from dataclasses import dataclass, replace

from sirtdose.model.node import Address
from sirtdose.network.commitment import receiving_reports, request_commitment
from sirtdose.network.confirmation import Confirmation
from sirtdose.network.outgoing import Outgoing
from sirtdose.network.send import Destination, Sent, send_files
from sirtdose.network.web.service import Service, plain_warning

# Without a place for it to come later, a report comes soon or never.
_USUAL_WAIT_S, _WAIT_NOWHERE_S = 30.0, 5.0


@dataclass(frozen=True)
class Delivery:
    """What became of each file, and what the archive says of it afterwards.

    `confirmation` is None where it was not asked for, or nothing is stored.
    """

    sent: Sequence[Sent]
    confirmation: Confirmation | None

    def has(self, one: Sent) -> bool | None:
        """Whether the archive says that it has a file; None where it does not say."""
        if self.confirmation is None or not one.stored:
            return None
        return self.confirmation.has(one.file.sop_instance)


@dataclass(frozen=True)
class Asking:
    """How storage commitment is asked for.

    Parameters
    ----------
    receiver : Address or None
        Where the archive may report to later; it knows that place by the AE title.
    wait_s : float or None
        For its report; None for the usual.
    """

    receiver: Address | None = None
    wait_s: float | None = None


def deliver(
    files: Sequence[Outgoing],
    to: Destination,
    asking: Asking | None,
    say: Callable[[str], None],
) -> Delivery:
    """Send by DICOM; then ask for storage commitment, but for an `asking` of None.

    Raises
    ------
    OutputError
        Nobody is there, or our own port cannot be used.
    """
    with ExitStack() as open_ones:
        own = None if asking is None else asking.receiver
        tls = to.peer.tls
        # First: a port that is taken is said before anything is sent.
        reports = open_ones.enter_context(
            receiving_reports(own, tls, to.peer.timeout_s)
        )
        sent = send_files(files, to, say)
        stored = [one.file for one in sent if one.stored]
        if asking is None or not stored:
            return Delivery(sent, None)
        # It reports to whom it was asked by.
        peer = to.peer if own is None else replace(to.peer, calling=own.aet)
        usual_s = _WAIT_NOWHERE_S if own is None else _USUAL_WAIT_S
        wait_s = usual_s if asking.wait_s is None else asking.wait_s
        return Delivery(sent, request_commitment(stored, peer, reports, wait_s))


def deliver_by_web(
    files: Sequence[Outgoing],
    service: Service,
    *,
    confirm: bool,
    say: Callable[[str], None],
) -> Delivery:
    """Send by STOW-RS; then search for what was stored.

    Raises
    ------
    OutputError
        The service refuses all, or does not answer.
    """
    from sirtdose.network.web.confirm import find_stored
    from sirtdose.network.web.session import session_of
    from sirtdose.network.web.store import store_files

    warning = plain_warning(service)
    if warning is not None:
        say(warning)
    with session_of(service) as session:
        sent = store_files(files, service, session, say)
        stored = [one.file for one in sent if one.stored]
        if not confirm or not stored:
            return Delivery(sent, None)
        return Delivery(sent, find_stored(stored, service, session))
