"""`sirtdose send`: DICOM files to a PACS or another listener."""

from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any

import click

from sirtdose.cli.network.node import node_named
from sirtdose.cli.network.options import AeTitle, tls_of, tls_options
from sirtdose.cli.words.command import command
from sirtdose.cli.words.option import Option
from sirtdose.cli.words.options import json_option
from sirtdose.errors import require_extra
from sirtdose.model.node import OUR_AET
from sirtdose.model.units import DURATION
from sirtdose.network.archive.choose import peer_of
from sirtdose.network.association import Peer
from sirtdose.network.outgoing import Skipped, outgoing_files
from sirtdose.network.send import Destination, Sent, send_files
from sirtdose.network.tls import Tls
from sirtdose.report.documents import document_text
from sirtdose.report.wording import table

_NOT_ALL = 5


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


@command("send")
@click.argument(
    "sources",
    nargs=-1,
    required=True,
    type=click.Path(path_type=Path),
    metavar="FOLDER_OR_FILES",
)
@click.option(
    "--to",
    required=True,
    metavar="HOST:PORT|NODE",
    help="Address of the receiver, e.g. pacs.example:104, or the name of a node in "
    "your site file.",
)
@click.option(
    "--aet",
    type=AeTitle(),
    help="AE title of the receiver.  [default: the node's]",
)
@click.option(
    "--calling-aet",
    type=AeTitle(),
    help="Our AE title, as the receiver knows it.  [default: the node's, else "
    "SIRTDOSE]",
)
@Option(
    "retries",
    click.IntRange(0, 100),
    "How often objects that were not stored are sent again, each time on a new "
    "association.",
    default="2",
)
@Option("wait", DURATION, "Waiting time before each retry.", default="5s")
@Option("timeout", DURATION, "Maximum waiting time for each answer.", default="30s")
@tls_options(
    "Our certificate, if the receiver asks for one.",
    "Certificate authorities to trust; the connection then uses TLS.",
)
@json_option
def send_command(
    *,
    sources: tuple[Path, ...],
    to: str,
    aet: str | None,
    calling_aet: str | None,
    retries: int,
    wait: float,
    timeout: float,
    as_json: bool,
    **tls: Path | None,
) -> None:
    """Send DICOM files to a PACS: verify the connection (C-ECHO), then store each.

    In a folder, every DICOM file in it and below is sent; other files are listed and
    skipped. A file is sent in its own encoding. If the receiver rejects explicit little
    endian, implicit little endian is used, which loses nothing. The exit code is 0 if
    all files are stored, otherwise 5.

    Example: sirtdose send doses/ --to pacs.example:104 --aet PACS

    Example: sirtdose send doses/ --to pacs.example:104 --aet PACS --retries 5
    """
    require_extra("network", "sirtdose send")
    own = tls_of(tls["tls_certificate"], tls["tls_key"], tls["tls_ca"])
    peer = _peer(to, aet, calling_aet, timeout_s=timeout * 3600, tls=own)
    files, skipped = outgoing_files(sources)
    destination = Destination(peer, retries, round(wait * 3600, 3))
    sent = send_files(files, destination, lambda text: click.echo(text, err=True))
    _show(sent, skipped, as_json=as_json)
    if not all(one.stored for one in sent):
        click.get_current_context().exit(_NOT_ALL)


def _peer(
    to: str,
    aet: str | None,
    calling: str | None,
    *,
    timeout_s: float,
    tls: Tls | None,
) -> Peer:
    """The receiver at an address, or a node; what is typed wins over the node's."""
    address = _address_of(to)
    if address is not None:
        if aet is None:
            raise click.UsageError("--to with an address needs --aet: give both")
        return Peer(*address, aet, calling or OUR_AET, timeout_s, tls)
    peer = peer_of(node_named(to, "--to"), timeout_s=timeout_s)
    return replace(
        peer,
        called=aet or peer.called,
        calling=calling or peer.calling,
        tls=tls or peer.tls,
    )


def _show(sent: Sequence[Sent], skipped: Sequence[Skipped], *, as_json: bool) -> None:
    from pydicom.uid import UID

    document: dict[str, Any] = {
        "schema": "sirtdose.send/1",
        "sent": [
            {
                "file": one.file.path.name,
                "sop_class": UID(one.file.sop_class).name,
                "stored": one.stored,
                "status": None if one.status is None else f"{one.status:04X}H",
                "attempts": one.attempts,
                "said": one.said or None,
            }
            for one in sent
        ],
        "skipped": [{"file": one.path.name, "why": one.why} for one in skipped],
    }
    rows = [
        [
            one["file"],
            str(one["sop_class"]).removesuffix(" Storage"),
            "stored" if one["stored"] else "NOT STORED",
            one["status"] or "-",
            str(one["attempts"]),
            one["said"] or "-",
        ]
        for one in document["sent"]
    ]
    click.echo(
        table(["file", "kind", "state", "status", "attempts", "said"], rows), err=True
    )
    for one in document["skipped"]:
        click.echo(f"{one['file']} skipped: {one['why']}", err=True)
    click.echo(f"\n{sum(one.stored for one in sent)} of {len(sent)} stored", err=True)
    if as_json:
        click.echo(document_text(document), nl=False)
