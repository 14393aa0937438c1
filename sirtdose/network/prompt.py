"""Associations that do not wait for a receipt that the other side holds back."""

import socket
from collections.abc import Callable
from contextlib import suppress
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from pynetdicom.events import Event

_QUICK: int | None = getattr(socket, "TCP_QUICKACK", None)


def prompt() -> list[tuple[Any, Callable[..., Any]]]:
    """The library's events, with what keeps an association going.

    A system holds back a short packet until the one before it is acknowledged, and an
    acknowledgment for 40 ms: each object would wait for both. We hold back neither.
    """
    from pynetdicom import evt

    return [
        (evt.EVT_CONN_OPEN, _send_at_once),
        # The system forgets it after a while.
        (evt.EVT_DATA_SENT, _acknowledge_at_once),
        (evt.EVT_DATA_RECV, _acknowledge_at_once),
    ]


def _send_at_once(event: "Event") -> None:
    _set(event, socket.TCP_NODELAY)


def _acknowledge_at_once(event: "Event") -> None:
    if _QUICK is not None:
        _set(event, _QUICK)


def _set(event: "Event", option: int) -> None:
    # It may be closed already.
    with suppress(OSError, AttributeError):
        event.assoc.dul.socket.socket.setsockopt(  # type: ignore[union-attr]
            socket.IPPROTO_TCP, option, 1
        )
