"""The nodes of a site's file: a DICOM address, a DICOMweb one, or both."""

from collections.abc import Mapping
from pathlib import Path
from typing import Any, Protocol
from urllib.parse import urlsplit

from sirtdose.errors import InputError
from sirtdose.io.home import from_home
from sirtdose.io.tables.own_file import shown
from sirtdose.model.node import (
    OUR_AET,
    RETRIEVES,
    Address,
    Node,
    Retrieve,
    ae_title,
)

_ADDRESS = ("host", "port", "aet")
_RECEIVER = ("receive_host", "receive_port", "receive_aet")
_TLS = ("tls_ca", "tls_certificate", "tls_key")
KEYS = (*_ADDRESS, "calling_aet", "retrieve", *_RECEIVER, "web", *_TLS)
# Every address of this machine: the archive has to reach it.
_ANY_HOST = "0.0.0.0"


class Reader(Protocol):
    """A file that refuses by line."""

    path: Path

    def refuse(self, said: str, *keys: str) -> Any:
        """Refuse a value by its line."""

    def text(self, value: Any, *keys: str) -> str:
        """A text that says something."""


def node_of(reader: Reader, name: str, given: Mapping[str, Any]) -> Node:
    """A node, of the keys of its table, which are known.

    Raises
    ------
    InputError
        By the line of what is wrong.
    """
    read = _Node(reader, ("node", name), given)
    address = read.address()
    web = read.web()
    if address is None and web is None:
        reader.refuse(
            f"node '{shown(name)}' needs host, port and aet, or web", "node", name
        )
    calling = read.title("calling_aet", OUR_AET)
    receiver = read.receiver(calling)
    node = Node(
        name,
        address,
        read.retrieve(address, receiver, web),
        calling,
        receiver,
        web,
        *(read.file(key) for key in _TLS),
    )
    if node.tls_key is not None and node.tls_certificate is None:
        reader.refuse("tls_key is of a tls_certificate: name both", *read.at("tls_key"))
    return node


class _Node:
    """The keys of one node."""

    def __init__(
        self, reader: Reader, keys: tuple[str, str], given: Mapping[str, Any]
    ) -> None:
        self.reader, self.keys, self.given = reader, keys, given

    def at(self, key: str) -> tuple[str, ...]:
        return (*self.keys, key)

    def address(self) -> Address | None:
        """Its DICOM address; None where none of it is there."""
        if not any(key in self.given for key in _ADDRESS):
            return None
        port = self.port("port")
        return Address(self.text("host"), port, self.title("aet"))

    def receiver(self, calling: str) -> Address | None:
        """Ours, for what C-MOVE sends."""
        if not any(key in self.given for key in _RECEIVER):
            return None
        port = self.port("receive_port")
        host = self.text("receive_host", _ANY_HOST)
        return Address(host, port, self.title("receive_aet", calling))

    def retrieve(
        self, address: Address | None, receiver: Address | None, web: str | None
    ) -> Retrieve:
        """How objects come: as is said, else by what else is."""
        usual: Retrieve = (
            "web" if address is None else "get" if receiver is None else "move"
        )
        said = self.text("retrieve", usual).casefold()
        found = next((one for one in RETRIEVES if one == said), None)
        needed = {
            "get": (address, "host, port and aet"),
            "move": (address and receiver, "host, port, aet and receive_port"),
            "web": (web, "web"),
        }
        if found is None:
            self.reader.refuse(
                f"retrieve is '{shown(said)}': use {', '.join(RETRIEVES)}",
                *self.at("retrieve"),
            )
            raise AssertionError
        there, keys = needed[found]
        if there is None:
            self.reader.refuse(f"retrieve = {found} needs {keys}", *self.at("retrieve"))
        return found

    def web(self) -> str | None:
        """The base of its DICOMweb services."""
        if "web" not in self.given:
            return None
        text = self.text("web")
        try:
            parts = urlsplit(text)
            usable = parts.scheme in ("http", "https") and bool(parts.hostname)
            port_given = parts.port != 0
        except ValueError:
            usable = port_given = False
        if not usable or not port_given or parts.query or parts.fragment:
            self.reader.refuse(
                "web is not an address of DICOMweb services: write one such as "
                "https://pacs.example/dicom-web",
                *self.at("web"),
            )
        if parts.username is not None or parts.password is not None:
            self.reader.refuse(
                "web holds a user or a password, which are not read from this file: "
                "leave them out",
                *self.at("web"),
            )
        return text.rstrip("/")

    def file(self, key: str) -> Path | None:
        """A file beside this one."""
        if key not in self.given:
            return None
        name = self.text(key)
        path = self.reader.path.absolute().parent / from_home(name)
        if not path.is_file():
            self.reader.refuse(
                f"{key}: there is no '{shown(name)}' beside {self.reader.path.name}",
                *self.at(key),
            )
        return path

    def title(self, key: str, default: str | None = None) -> str:
        """An AE title."""
        text = self.text(key, default)
        try:
            return ae_title(text)
        except InputError as error:
            self.reader.refuse(f"{key}: {error}", *self.at(key))
            raise

    def port(self, key: str) -> int:
        """A TCP port."""
        port = self.given.get(key)
        if isinstance(port, bool) or not isinstance(port, int) or not 0 < port < 65536:
            self.reader.refuse(
                f"{key} is {shown(port)}: 1 to 65535 is needed", *self.at(key)
            )
        return int(port or 0)

    def text(self, key: str, default: str | None = None) -> str:
        if default is not None and key not in self.given:
            return default
        return self.reader.text(self.given.get(key), *self.at(key))
