"""A DICOMweb service of our own making, in this process, that answers as it is told."""

import json
import socket
import struct
import threading
from collections.abc import Callable, Iterable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any
from urllib.parse import parse_qs, urlsplit

from sirtdose.network.credentials import Credentials
from sirtdose.network.web.service import Service
from tests.network_peers import LOOPBACK

DICOM_JSON = "application/dicom+json"


@dataclass(frozen=True)
class Asked:
    """A request, as it came."""

    method: str
    path: str
    query: Mapping[str, list[str]]
    headers: Mapping[str, str]
    body: bytes
    raw_query: str


@dataclass
class Answer:
    """What is answered: `says_bytes` may be another length than comes."""

    status: int = 200
    body: bytes = b""
    kind: str = DICOM_JSON
    headers: dict[str, str] = field(default_factory=dict)
    says_bytes: int | None = None
    # Closed without an answer, as by a proxy that does not want so much.
    hangs_up: bool = False

    @staticmethod
    def json(value: Any, status: int = 200) -> "Answer":
        return Answer(status, json.dumps(value).encode())


class WebServer:
    """A server, and all that it was asked."""

    def __init__(self, url: str) -> None:
        self.url = url
        self.asked: list[Asked] = []

    def service(self, **more: Any) -> Service:
        """As it is asked, without patience."""
        own = {"timeout_s": 5.0, "retries": 0, "wait_s": 0.0} | more
        return Service("pacs", f"{self.url}/dicom-web", **own)


@contextmanager
def web_server(
    answer: Callable[[Asked], Answer], context: Any = None
) -> Iterator[WebServer]:
    class Handler(BaseHTTPRequestHandler):
        protocol_version = "HTTP/1.1"
        timeout = 20

        def do_GET(self) -> None:
            parts = urlsplit(self.path)
            length = int(self.headers.get("Content-Length", 0))
            asked = Asked(
                self.command,
                parts.path,
                parse_qs(parts.query),
                dict(self.headers),
                self.rfile.read(length),
                parts.query,
            )
            server.asked.append(asked)
            self.give(answer(asked))

        do_POST = do_GET  # noqa: N815 - the library's name

        def give(self, said: Answer) -> None:
            if said.hangs_up:
                # A reset, at once.
                linger = struct.pack("ii", 1, 0)
                self.connection.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, linger)
                self.close_connection = True
                self.connection.close()
                return
            self.send_response(said.status)
            for name, value in ({"Content-Type": said.kind} | said.headers).items():
                self.send_header(name, value)
            length = len(said.body) if said.says_bytes is None else said.says_bytes
            self.send_header("Content-Length", str(length))
            self.end_headers()
            self.wfile.write(said.body)
            self.close_connection = length != len(said.body)

        def log_message(self, *_: Any) -> None:
            """Nothing: the output is a test's."""

    class Quiet(ThreadingHTTPServer):
        daemon_threads = True

        def handle_error(self, *_: Any) -> None:
            """A client may go when it likes."""

    http = Quiet((LOOPBACK, 0), Handler)
    if context is not None:
        http.socket = context.wrap_socket(http.socket, server_side=True)
    scheme = "http" if context is None else "https"
    server = WebServer(f"{scheme}://{LOOPBACK}:{http.server_address[1]}")
    thread = threading.Thread(target=http.serve_forever, args=(0.02,), daemon=True)
    thread.start()
    try:
        yield server
    finally:
        http.shutdown()
        http.server_close()


def study(uid: str, **more: Any) -> dict[str, Any]:
    """A study in DICOM JSON."""
    names = {"patient_id": ("00100020", "LO"), "day": ("00080020", "DA")}
    found = {"0020000D": {"vr": "UI", "Value": [uid]}}
    for key, value in more.items():
        tag, vr = names[key]
        found[tag] = {"vr": vr, "Value": [value]}
    return found


def multipart(parts: Iterable[bytes], *, end: bool = True) -> Answer:
    """Objects as WADO-RS hands them over; without the last line where it is cut off."""
    body = b"".join(
        b"--b0und\r\nContent-Type: application/dicom\r\n\r\n" + one + b"\r\n"
        for one in parts
    )
    kind = 'multipart/related; type="application/dicom"; boundary=b0und'
    return Answer(200, body + b"--b0und--\r\n" if end else body, kind)


def parts_posted(asked: Asked) -> list[bytes]:
    """The files in a message that came, taken apart by the standard library."""
    from email.parser import BytesParser
    from email.policy import HTTP

    head = f"Content-Type: {asked.headers['Content-Type']}\r\n\r\n".encode()
    whole = BytesParser(policy=HTTP).parsebytes(head + asked.body)
    return [part.get_payload(decode=True) for part in whole.iter_parts()]


READER = Credentials("reader", "s3cret-Ü")
