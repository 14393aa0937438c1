"""`sirtdose send`: DICOM files to a PACS or another listener."""

from pathlib import Path
from typing import Any

import click

from sirtdose.cli.network.options import AeTitle, tls_options
from sirtdose.cli.network.sent import show_delivery
from sirtdose.cli.network.way import way_of
from sirtdose.cli.words.command import command
from sirtdose.cli.words.option import Option
from sirtdose.cli.words.options import json_option
from sirtdose.cli.words.quantities import QuantityType
from sirtdose.cli.words.show import say
from sirtdose.errors import require_extra
from sirtdose.model.units import DURATION
from sirtdose.network.outgoing import outgoing_files

_NOT_ALL = 5


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
    metavar="HOST:PORT|URL|NODE",
    help="Receiver: its address, e.g. pacs.example:104, the https:// address of its "
    "DICOMweb services, or a node in your site file.",
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
@Option(
    "commitment",
    ("if-offered", "required", "no"),
    "Have the archive confirm that it keeps the objects: by storage commitment, or "
    "with DICOMweb by a search.",
    default="if-offered",
)
@click.option(
    "--receive",
    type=click.IntRange(1, 65535),
    metavar="PORT",
    help="Port where we wait for the report of storage commitment, if the archive "
    "sends it on its own association.  [default: the node's]",
)
@click.option(
    "--commit-wait",
    type=QuantityType(DURATION),
    help="Maximum waiting time for that report.  [default: 30s, without a port 5s]",
)
@tls_options(
    "Our certificate, if the receiver asks for one.",
    "Certificate authorities to trust; the connection then uses TLS.",
)
@json_option
def send_command(
    *, sources: tuple[Path, ...], to: str, as_json: bool, **typed: Any
) -> None:
    """Send DICOM files to a PACS, by DICOM or DICOMweb, and have it confirm them.

    In a folder, every DICOM file in it and below is sent; other files are listed and
    skipped. A file is sent in its own encoding. If the receiver rejects explicit little
    endian, implicit little endian is used, which loses nothing. The exit code is 0 if
    all files are stored, otherwise 5, or if the archive reports that it will not keep
    one.

    Example: sirtdose send doses/ --to pacs.example:104 --aet PACS

    Example: sirtdose send doses/ --to https://pacs.example/dicom-web --retries 5
    """
    way = way_of(to, typed)
    require_extra(way.extra, "sirtdose send")
    files, skipped = outgoing_files(sources)
    delivery = way.deliver(files, say)
    show_delivery(delivery, skipped, as_json=as_json)
    kept = [delivery.has(one) for one in delivery.sent]
    is_missing = False in kept or (typed["commitment"] == "required" and None in kept)
    if is_missing or not all(one.stored for one in delivery.sent):
        click.get_current_context().exit(_NOT_ALL)
