"""The way to a node: by DICOM, or by DICOMweb."""

from collections.abc import Callable, Iterator
from contextlib import contextmanager

from sirtdose.errors import InputError
from sirtdose.model.node import Node
from sirtdose.network.archive.archive import Archive
from sirtdose.network.association import Peer
from sirtdose.network.credentials import credentials_of, require_private
from sirtdose.network.tls import Tls
from sirtdose.network.web.service import plain_warning, service_of

# Of one request that is answered as busy, or not; `fetch` asks again for what lacks.
_WEB_RETRIES, _WEB_WAIT_S = 2, 1.0


def peer_of(node: Node, *, timeout_s: float) -> Peer:
    """The DICOM side of a node, with who we are to it.

    Raises
    ------
    InputError
        It has none; or a password would travel in the clear.
    """
    own = node.address
    if own is None:
        raise InputError(
            f"node {node.name} has no DICOM address: give it host, port and aet in the "
            "site file"
        )
    credentials = credentials_of(node.name)
    require_private(credentials, own.host, encrypted=node.has_tls)
    tls = Tls(node.tls_certificate, node.tls_key, node.tls_ca) if node.has_tls else None
    return Peer(
        own.host, own.port, own.aet, node.calling_aet, timeout_s, tls, credentials
    )


def extra_of(node: Node) -> str:
    """The extra that brings the libraries for what a node speaks.

    >>> extra_of(Node("pacs", None, "web", web="https://pacs.example/dicom-web"))
    'web'
    """
    return "web" if node.retrieve == "web" else "network"


@contextmanager
def opened(
    node: Node, *, timeout_s: float, say: Callable[[str], None]
) -> Iterator[Archive]:
    """An archive, ready to be asked, by what the node says of `retrieve`.

    Raises
    ------
    InputError, OutputError
        A password would travel in the clear; files of TLS cannot be used.
    """
    from sirtdose.network.archive.dimse import DimseArchive
    from sirtdose.network.archive.web import web_archive

    if node.retrieve == "web":
        service = service_of(
            node, timeout_s=timeout_s, retries=_WEB_RETRIES, wait_s=_WEB_WAIT_S
        )
        warning = plain_warning(service)
        if warning is not None:
            say(warning)
        with web_archive(service) as web:
            yield web
        return
    with DimseArchive.opened(node, peer_of(node, timeout_s=timeout_s)) as archive:
        yield archive
