"""The way to a receiver that is typed: DICOM to an address, DICOMweb, or a node's."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any

import click

from sirtdose.cli.network.node import node_named
from sirtdose.cli.network.options import tls_of
from sirtdose.model.node import OUR_AET, Address, Node
from sirtdose.network.archive.choose import peer_of
from sirtdose.network.association import Peer
from sirtdose.network.commitment import own_address
from sirtdose.network.deliver import Asking, Delivery, deliver, deliver_by_web
from sirtdose.network.outgoing import Outgoing
from sirtdose.network.send import Destination
from sirtdose.network.tls import Tls
from sirtdose.network.web.service import node_at, service_of

_WEB = ("http://", "https://")
_OF_DICOM = ("aet", "calling_aet", "receive", "commit_wait")


@dataclass(frozen=True)
class Way:
    """How files are delivered, and the extra that it needs."""

    extra: str
    deliver: Callable[[Sequence[Outgoing], Callable[[str], None]], Delivery]


def way_of(to: str, typed: Mapping[str, Any]) -> Way:
    """The way to what is typed after --to; other options win over what a node says.

    Raises
    ------
    click.UsageError
        No address, no node, or an option that is not of this way.
    InputError
        A password would travel in the clear.
    """
    tls = tls_of(typed["tls_certificate"], typed["tls_key"], typed["tls_ca"])
    is_web = to.lower().startswith(_WEB)
    address = None if is_web else _address_of(to)
    named = None if is_web or address else node_named(to, "--to")
    node = node_at(to) if is_web else named
    if node is not None and node.retrieve == "web":
        return _web_way(node, typed, tls)
    peer = _peer(node, address, typed, tls)
    asking = None if typed["commitment"] == "no" else _asking(node, peer, typed)
    destination = Destination(peer, typed["retries"], _seconds(typed["wait"]))
    return Way("network", lambda files, say: deliver(files, destination, asking, say))


def _web_way(node: Node, typed: Mapping[str, Any], tls: Tls | None) -> Way:
    for key in _OF_DICOM:
        if typed[key] is not None:
            option = key.replace("_", "-")
            raise click.UsageError(
                f"--{option} is not for DICOMweb, by which {node.name} is reached: "
                "leave it out"
            )
    service = service_of(
        node,
        timeout_s=_seconds(typed["timeout"]),
        retries=typed["retries"],
        wait_s=_seconds(typed["wait"]),
    )
    service = replace(service, tls=tls or service.tls)
    confirm = typed["commitment"] != "no"
    return Way(
        "web",
        lambda files, say: deliver_by_web(files, service, confirm=confirm, say=say),
    )


def _peer(
    node: Node | None,
    address: tuple[str, int] | None,
    typed: Mapping[str, Any],
    tls: Tls | None,
) -> Peer:
    aet, calling = typed["aet"], typed["calling_aet"]
    timeout_s = _seconds(typed["timeout"])
    if node is None:
        assert address is not None
        if aet is None:
            raise click.UsageError(
                "--to with an address also needs --aet, the AE title of the receiver"
            )
        return Peer(*address, aet, calling or OUR_AET, timeout_s, tls)
    peer = peer_of(node, timeout_s=timeout_s)
    return replace(
        peer,
        called=aet or peer.called,
        calling=calling or peer.calling,
        tls=tls or peer.tls,
    )


def _asking(node: Node | None, peer: Peer, typed: Mapping[str, Any]) -> Asking:
    """Where reports come to, and how long is waited for them."""
    own = None if node is None else node.receiver
    if typed["receive"] is not None:
        own = Address(own_address(peer.host, peer.port), typed["receive"], peer.calling)
    if own is not None and peer.tls is not None and peer.tls.certificate is None:
        raise click.UsageError(
            "reports of storage commitment cannot be received within TLS without a "
            "certificate of ours: give --tls-certificate, or --commitment no"
        )
    wait = typed["commit_wait"]
    return Asking(own, None if wait is None else _seconds(wait))


def _address_of(text: str) -> tuple[str, int] | None:
    """HOST:PORT, an IPv6 address in brackets; None for what may name a node."""
    host, colon, port = text.rpartition(":")
    host = host.removeprefix("[").removesuffix("]")
    if not colon:
        return None
    if not host or not port.isdecimal() or not 0 < int(port) < 65536:
        raise click.UsageError(
            f"--to: '{text}' is not an address: write HOST:PORT, such as "
            "pacs.example:104, or the name of a node"
        )
    return host, int(port)


def _seconds(hours: float) -> float:
    return round(hours * 3600, 3)
