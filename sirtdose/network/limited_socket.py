"""A connection that cannot be made to hold memory, or a thread, without end."""

import socket
import ssl
import struct
from collections.abc import Callable
from contextlib import suppress
from dataclasses import dataclass
from time import monotonic
from typing import Any

from sirtdose.network.tls import why_refused

_HEAD = struct.Struct(">BBL")
_UNITS = range(1, 8)
_DATA_UNIT = 4
_QUICK: int | None = getattr(socket, "TCP_QUICKACK", None)
# Negotiation of 128 contexts, and commands before a data set, stay far below.
_SLACK = 1 << 20


@dataclass(frozen=True)
class Limits:
    """What one connection may do.

    Parameters
    ----------
    pdu_bytes : int
        The longest protocol data unit that is announced.
    object_bytes : int
        The largest object.
    timeout_s : float
        Within which a unit that has begun has to be complete.
    """

    pdu_bytes: int
    object_bytes: int
    timeout_s: float


class Limited(socket.socket):
    """Follows the units of DICOM's upper layer (PS3.8, 9.3) as they are read.

    The library that reads them takes any length up to 4 GiB, and waits for a unit as
    long as a byte of it comes now and then.
    """

    def limit(self, limits: Limits, said: Callable[[str], None]) -> None:
        """Begin to follow."""
        self.settimeout(limits.timeout_s)
        self.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        self._limits = limits
        self._said = said
        self._head = b""
        self._left = 0
        self._held = 0
        self._begun: float | None = None

    def recv(self, size: int, *flags: Any) -> bytes:
        """Read as usual, or fail where a limit is passed."""
        if self._begun is not None:
            self._refuse_if(
                monotonic() - self._begun > self._limits.timeout_s,
                "a PDU was not complete in time",
            )
        if _QUICK is not None:
            # A sender's data wait for the receipt of its command, by default for 40 ms;
            # the system forgets this setting after a while.
            self.setsockopt(socket.IPPROTO_TCP, _QUICK, 1)
        data = super().recv(size, *flags)
        self._follow(data)
        return data

    def send(self, data: Any, *flags: Any) -> int:
        """Send as usual: an answer says that what was held is done with."""
        self._held = 0
        return super().send(data, *flags)

    def shutdown(self, how: int) -> None:
        """Shut down as usual; what is closed already need not be."""
        # The library would leave the socket open after an error.
        with suppress(OSError):
            super().shutdown(how)

    def _follow(self, data: bytes) -> None:
        while data:
            if self._left:
                taken = min(self._left, len(data))
                self._left -= taken
                data = data[taken:]
            else:
                missing = _HEAD.size - len(self._head)
                self._head += data[:missing]
                data = data[missing:]
                self._begun = self._begun or monotonic()
                if len(self._head) == _HEAD.size:
                    self._begin_unit()
            if not self._left and not self._head:
                self._begun = None

    def _begin_unit(self) -> None:
        kind, _, length = _HEAD.unpack(self._head)
        self._head, self._left = b"", length
        self._refuse_if(kind not in _UNITS, "it does not speak DICOM")
        self._refuse_if(
            length > self._limits.pdu_bytes + _SLACK,
            "a PDU longer than the longest announced",
        )
        if kind == _DATA_UNIT:
            self._held += length
            self._refuse_if(
                self._held > self._limits.object_bytes + _SLACK,
                f"an object over {self._limits.object_bytes / 1e6:g} MB",
            )

    def _refuse_if(self, wrong: bool, why: str) -> None:
        if wrong:
            self._said(f"connection closed: {why}")
            raise ConnectionAbortedError(why)


class LimitedTlsSocket(Limited, ssl.SSLSocket):
    """The same within TLS; `limit` has to be called."""

    _greeted = False

    def recv(self, size: int, *flags: Any) -> bytes:  # type: ignore[override]
        """Read as usual; who cannot be let in is told of the first time."""
        if not self._greeted:
            try:
                self.do_handshake()
            except OSError as error:
                self._said(f"refused: {why_refused(error)}")
                raise
            self._greeted = True
        return super().recv(size, *flags)


def limited(
    accepted: socket.socket,
    limits: Limits,
    said: Callable[[str], None],
    context: ssl.SSLContext | None,
) -> Limited:
    """A connection that is followed, within TLS where there is a context for it.

    The first that is read greets: nobody else waits for a caller who is slow to.
    """
    if context is None:
        family, kind, protocol = accepted.family, accepted.type, accepted.proto
        made: socket.socket = Limited(family, kind, protocol, fileno=accepted.detach())
    else:
        context.sslsocket_class = LimitedTlsSocket
        accepted.settimeout(limits.timeout_s)
        made = context.wrap_socket(
            accepted, server_side=True, do_handshake_on_connect=False
        )
    assert isinstance(made, Limited)
    made.limit(limits, said)
    return made
