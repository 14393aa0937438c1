"""A way to an archive that is slow, or ends in the middle."""

import socket
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field

from tests.network_peers import LOOPBACK

_CHUNK = 1 << 16


@dataclass
class Proxy:
    """Hands on what both sides say.

    Parameters
    ----------
    to : int
        The archive's port.
    cut_after : int
        Bytes from the archive after which the connection ends, once; 0 for never.
    delay_s : float
        Before each piece of what the archive says.
    """

    to: int
    cut_after: int = 0
    delay_s: float = 0.0
    port: int = 0
    passed: int = 0
    cuts: int = 0
    _open: list[socket.socket] = field(default_factory=list)

    def serve(self, listener: socket.socket) -> None:
        while True:
            try:
                caller, _ = listener.accept()
            except OSError:
                return
            archive = socket.create_connection((LOOPBACK, self.to), 10)
            self._open += [caller, archive]
            for one, other, counts in (
                (caller, archive, False),
                (archive, caller, True),
            ):
                threading.Thread(
                    target=self.hand_on, args=(one, other, counts), daemon=True
                ).start()

    def hand_on(self, one: socket.socket, other: socket.socket, counts: bool) -> None:
        with suppress(OSError):
            while data := one.recv(_CHUNK):
                if counts:
                    time.sleep(self.delay_s)
                    self.passed += len(data)
                    if 0 < self.cut_after < self.passed:
                        self.cut_after, self.cuts = 0, self.cuts + 1
                        break
                other.sendall(data)
        for each in (one, other):
            with suppress(OSError):
                each.shutdown(socket.SHUT_RDWR)
            each.close()

    def end(self) -> None:
        for one in self._open:
            one.close()


@contextmanager
def between(to: int, *, cut_after: int = 0, delay_s: float = 0.0) -> Iterator[Proxy]:
    """A proxy before a port, until the end."""
    with socket.create_server((LOOPBACK, 0)) as listener:
        proxy = Proxy(to, cut_after, delay_s, listener.getsockname()[1])
        thread = threading.Thread(target=proxy.serve, args=(listener,), daemon=True)
        thread.start()
        try:
            yield proxy
        finally:
            with suppress(OSError):
                listener.shutdown(socket.SHUT_RDWR)
            proxy.end()
            thread.join(10)
