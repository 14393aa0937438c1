"""The DICOM side of a listener: a Storage and Verification SCP."""

import socket
import threading
from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from socketserver import BaseServer
from typing import TYPE_CHECKING, Any, Protocol
from weakref import WeakSet

from sirtdose.errors import OutputError
from sirtdose.network.addresses import addresses_of
from sirtdose.network.classes import (
    COMMITMENT,
    EXPLICIT,
    IMPLICIT,
    STORAGE_CLASSES,
    TRANSFER_SYNTAXES,
    VERIFICATION,
)
from sirtdose.network.limited_socket import Limited, Limits, limited
from sirtdose.network.quiet import silence
from sirtdose.network.tls import Tls, serving_context

if TYPE_CHECKING:
    from pynetdicom import AE
    from pynetdicom.association import Association

# Connections that have not been rejected yet, or are about to go.
_SPARE_CONNECTIONS = 16
_END_S = 5.0
_LOOK_EVERY_S = 0.1


@dataclass(frozen=True)
class Endpoint:
    """Where a listener is and whom it lets in.

    Parameters
    ----------
    host, port : str, int
        Port 0 takes a free one.
    ae_title : str
        That has to be called.
    allowed : tuple of str
        Calling AE titles; empty for any.
    max_associations : int
        At a time.
    limits : Limits
    tls : Tls or None
    classes, syntaxes : tuple of str
        What callers may bring, in which encodings.
    """

    host: str
    port: int
    ae_title: str
    allowed: tuple[str, ...]
    max_associations: int
    limits: Limits
    tls: Tls | None = None
    classes: tuple[str, ...] = tuple(STORAGE_CLASSES)
    syntaxes: tuple[str, ...] = TRANSFER_SYNTAXES


class Reception(Protocol):
    """What takes in what callers bring."""

    def handlers(self) -> Iterable[tuple[Any, Callable[..., Any]]]:
        """The library's events, each with what answers it."""


@contextmanager
def serving(
    endpoint: Endpoint, reception: Reception, say: Callable[[str], None]
) -> Iterator[tuple[str, int]]:
    """Take associations in, in threads of their own; yields host and port.

    Raises
    ------
    InputError, OutputError
        No such host; the port is taken or may not be used.
    """
    ae = _application(endpoint)
    server = _server(ae, endpoint, reception, say)
    thread = threading.Thread(
        target=server.serve_forever, args=(_LOOK_EVERY_S,), daemon=True
    )
    thread.start()
    try:
        host, port = server.server_address[:2]
        yield str(host), int(port)
    finally:
        # The library's own would look for a server that it started itself.
        BaseServer.shutdown(server)
        server.server_close()
        _end_associations(ae)
        for one in tuple(server.connections):
            one.shutdown(socket.SHUT_RDWR)


def _application(endpoint: Endpoint) -> "AE":
    from pynetdicom import AE

    silence()

    class Application(AE):
        """Whose associations have begun and not ended, whatever thread still lives."""

        @property
        def active_associations(self) -> "list[Association]":
            return [
                one
                for one in super().active_associations
                if one.requestor.primitive is not None
                and not (one.is_released or one.is_aborted or one.is_rejected)
            ]

    ae = Application(ae_title=endpoint.ae_title)
    ae.require_called_aet = True
    ae.require_calling_aet = list(endpoint.allowed)
    ae.maximum_associations = endpoint.max_associations
    ae.maximum_pdu_size = endpoint.limits.pdu_bytes
    ae.network_timeout = ae.acse_timeout = ae.dimse_timeout = endpoint.limits.timeout_s
    ae.add_supported_context(VERIFICATION, [EXPLICIT, IMPLICIT])
    for sop_class in endpoint.classes:
        # In storage commitment the caller is the provider, if it says so.
        both = True if sop_class == COMMITMENT else None
        syntaxes = list(endpoint.syntaxes)
        ae.add_supported_context(sop_class, syntaxes, scu_role=both, scp_role=both)
    return ae


def _server(
    ae: "AE", endpoint: Endpoint, reception: Reception, say: Callable[[str], None]
) -> Any:
    from pynetdicom.transport import ThreadedAssociationServer

    context = None if endpoint.tls is None else serving_context(endpoint.tls)

    class Server(ThreadedAssociationServer):
        """Whose connections are few and limited."""

        def __init__(self, *words: Any, **more: Any) -> None:
            self.connections: WeakSet[Limited] = WeakSet()
            super().__init__(*words, **more)

        def get_request(self) -> Any:
            accepted, address = super().get_request()
            connection = limited(
                accepted,
                endpoint.limits,
                lambda why: say(f"{address[0]}: {why}"),
                context,
            )
            self.connections.add(connection)
            return connection, address

        def verify_request(self, _: Any, address: Any) -> bool:
            most = endpoint.max_associations + _SPARE_CONNECTIONS
            is_free = len(self.active_associations) < most
            if not is_free:
                say(f"{address[0]}: refused: the maximum of {most} connections is open")
            return is_free

    where = f"{endpoint.host}:{endpoint.port}"
    try:
        return ae.make_server(
            (addresses_of(endpoint.host)[0], endpoint.port),
            evt_handlers=[*reception.handlers()],
            server_class=Server,
        )
    except PermissionError:
        raise OutputError(
            f"cannot listen at {where}: this user may not use the port; take one of "
            "1024 or more, such as 11112"
        ) from None
    except OSError as error:
        raise OutputError(
            f"cannot listen at {where}: {error.strerror}; take another port or "
            "host, or stop what listens there"
        ) from None


def _end_associations(ae: "AE") -> None:
    """Abort those that are open, without waiting for one that does not answer."""
    ending = [
        threading.Thread(target=one.abort, daemon=True)
        for one in ae.active_associations
        # The library cannot abort one that has not begun.
        if one.is_established
    ]
    for one in ending:
        one.start()
    for one in ending:
        one.join(_END_S)
