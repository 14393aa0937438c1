"""A DICOMweb service: where it is, who we are to it, and how patient we are."""

import ipaddress
from dataclasses import dataclass
from urllib.parse import urlsplit

from sirtdose.errors import InputError
from sirtdose.model.node import Node
from sirtdose.network.credentials import (
    NOBODY,
    Credentials,
    credentials_of,
    require_private,
)
from sirtdose.network.tls import Tls


@dataclass(frozen=True)
class Service:
    """Where it is, who we are to it, and how patiently we ask.

    Parameters
    ----------
    name : str
        Of its node, by which credentials are found.
    url : str
        Its base, without a slash at the end.
    timeout_s : float
        For each answer, and between two parts of one.
    retries : int
        After an answer that it is busy, or none.
    wait_s : float
        Before each retry.
    tls : Tls or None
        Files of ours; without them the authorities of the system are trusted.
    credentials : Credentials
    """

    name: str
    url: str
    timeout_s: float
    retries: int
    wait_s: float
    tls: Tls | None = None
    credentials: Credentials = NOBODY

    @property
    def where(self) -> str:
        """As messages name it: no path, and no query."""
        return urlsplit(self.url).netloc

    @property
    def host(self) -> str:
        """Of it, as a name or an address."""
        return urlsplit(self.url).hostname or ""

    @property
    def is_encrypted(self) -> bool:
        """Whether it is reached by https."""
        return urlsplit(self.url).scheme == "https"


def service_url(text: str) -> str:
    """Read the base of DICOMweb services as it is typed.

    Raises
    ------
    InputError
        No such address, or one with a user, a password or a query in it.

    Examples
    --------
    >>> service_url("https://pacs.example/dicom-web/")
    'https://pacs.example/dicom-web'
    """
    try:
        parts = urlsplit(text.strip())
        is_one = parts.scheme in ("http", "https") and bool(parts.hostname)
        is_one = is_one and parts.port != 0 and not parts.query and not parts.fragment
    except ValueError:
        is_one = False
    if is_one and parts.username is None and parts.password is None:
        return text.strip().rstrip("/")
    # What was typed may hold a password: it is not repeated.
    why = "holds a user or a password" if is_one else "is not one of DICOMweb services"
    raise InputError(
        f"the web address {why}: write one such as https://pacs.example/dicom-web"
    )


def node_at(text: str) -> Node:
    """The node behind an address that is typed, by the name of its host.

    >>> node_at("https://pacs.example:8443/dicom-web").name
    'pacs.example'
    """
    url = service_url(text)
    return Node(urlsplit(url).hostname or "", None, "web", web=url)


def service_of(node: Node, *, timeout_s: float, retries: int, wait_s: float) -> Service:
    """The DICOMweb side of a node, with who we are to it.

    Raises
    ------
    InputError
        It has none; or a password would travel in the clear.
    """
    if node.web is None:
        raise InputError(
            f"node {node.name} has no DICOMweb address: give it web in the site file"
        )
    own = node.has_tls
    service = Service(
        node.name,
        service_url(node.web),
        timeout_s,
        retries,
        wait_s,
        Tls(node.tls_certificate, node.tls_key, node.tls_ca) if own else None,
        credentials_of(node.name),
    )
    require_private(service.credentials, service.host, encrypted=service.is_encrypted)
    return service


def is_own(host: str) -> bool:
    """Whether a name or an address is this machine's, without asking anybody.

    >>> is_own("127.0.0.1"), is_own("localhost"), is_own("pacs.example")
    (True, True, False)
    """
    try:
        return ipaddress.ip_address(host).is_loopback
    except ValueError:
        return host.lower() == "localhost"


def plain_warning(service: Service) -> str | None:
    """What is said of a service that others can listen to."""
    if service.is_encrypted or is_own(service.host):
        return None
    return (
        f"warning: {service.where} is reached by http, without encryption: images and "
        "patients' names can be read on the way; use https"
    )
