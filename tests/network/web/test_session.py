"""Asking a service: whom credentials go to, what is tried again, what is said."""

import base64
import logging
import ssl
import subprocess
from pathlib import Path
from shutil import which
from socket import getaddrinfo
from typing import Any

import pytest

from sirtdose.errors import InputError, OutputError
from sirtdose.network.association import Rejected
from sirtdose.network.credentials import Credentials
from sirtdose.network.tls import Tls
from sirtdose.network.web.answers import Busy, NotThere
from sirtdose.network.web.search import Searches
from sirtdose.network.web.service import Service, plain_warning, service_url
from sirtdose.network.web.session import session_of
from tests.network_peers import LOOPBACK, free_port
from tests.web_peers import READER, Answer, Asked, study, web_server

FILTERS = {"00100020": "MRN 47+11", "00100010": "DOE^JANE"}


def search(service: Service, filters: dict[str, str] = FILTERS) -> list[Any]:
    with session_of(service) as session:
        pages = Searches(service, session).studies(filters, ("00080061",))
        return [one for page in pages for one in page.items]


def test_a_filter_comes_as_it_was_meant() -> None:
    with web_server(lambda _: Answer(204)) as server:
        assert search(server.service()) == []
        [asked] = server.asked
        assert asked.path == "/dicom-web/studies"
        assert asked.query["00100020"] == ["MRN 47+11"]
        assert asked.query["00100010"] == ["DOE^JANE"]
        # To some servers a plus is a plus.
        assert "MRN%2047%2B11" in asked.raw_query
        assert asked.headers["Host"] == server.url.removeprefix("http://")


@pytest.mark.parametrize(
    ("credentials", "header"),
    [
        (READER, "Basic " + base64.b64encode("reader:s3cret-Ü".encode()).decode()),
        (Credentials(token="t0k"), "Bearer t0k"),
        (Credentials(), None),
    ],
)
def test_credentials_go_to_the_service(
    credentials: Credentials, header: str | None, monkeypatch: pytest.MonkeyPatch
) -> None:
    # Of another program: not ours.
    monkeypatch.setenv("NETRC", "/nonexistent")
    with web_server(lambda _: Answer(204)) as server:
        search(server.service(credentials=credentials))
        assert server.asked[0].headers.get("Authorization") == header


def test_a_redirect_takes_credentials_to_nobody_else(
    caplog: pytest.LogCaptureFixture,
) -> None:
    with web_server(lambda _: Answer.json([])) as other:

        def lead(asked: Asked) -> Answer:
            if asked.path == "/dicom-web/studies":
                return Answer(307, headers={"Location": "/here/studies"})
            return Answer(302, headers={"Location": f"{other.url}/there"})

        with web_server(lead) as server, caplog.at_level(logging.DEBUG):
            assert search(server.service(credentials=READER)) == []
        assert ["Authorization" in one.headers for one in server.asked] == [True, True]
        [there] = other.asked
        assert "Authorization" not in there.headers
    assert "MRN" not in caplog.text


def test_images_are_not_redirected() -> None:
    with web_server(lambda _: Answer.json({})) as other:
        for status in (301, 302, 303, 307, 308):
            to = {"Location": f"{other.url}/studies?PatientID=MRN-4711"}
            with web_server(lambda _, s=status, h=to: Answer(s, headers=h)) as server:
                service = server.service(credentials=READER)
                with (
                    session_of(service) as session,
                    pytest.raises(Rejected, match="not sent after a redirect") as said,
                ):
                    session.post(f"{service.url}/studies", data=b"image")
                assert "MRN" not in str(said.value)
        assert other.asked == []


def test_a_circle_of_redirects_ends() -> None:
    to = {"Location": "/dicom-web/studies"}
    with (
        web_server(lambda _: Answer(302, headers=to)) as server,
        pytest.raises(Rejected, match="redirects in a circle"),
    ):
        search(server.service())


@pytest.mark.parametrize(
    ("answer", "said", "kind"),
    [
        (Answer(401), "asks for a user (HTTP 401): set SIRTDOSE_PACS_USER and "
         "SIRTDOSE_PACS_PASSWORD, or SIRTDOSE_PACS_TOKEN", Rejected),
        (Answer(403), "does not allow this (HTTP 403)", Rejected),
        (Answer(404), "has no such service or object (HTTP 404): check", NotThere),
        (Answer(400), "does not accept the request (HTTP 400)", Rejected),
        (Answer(413), "does not take so large a request (HTTP 413)", Rejected),
        (Answer(500), "failed (HTTP 500): ask its administrator", Rejected),
        (Answer(501), "does not offer this service (HTTP 501)", NotThere),
        (Answer(503), "is busy or not available (HTTP 503): try later", Busy),
        (Answer(200, b"<html>MRN-4711", "text/html; charset=utf-8"),
         "answers with a page for a browser, not with DICOMweb", Rejected),
        (Answer(200, b'[{"0020'), "something that is not JSON", Rejected),
        (Answer.json([{"00100020": {"vr": "LO", "Value": ["MRN-4711"]}}]),
         "answers a search without StudyInstanceUID", Rejected),
        (Answer.json(["MRN-4711"]), "without StudyInstanceUID", Rejected),
        (Answer.json([study("../../MRN-4711")]), "without StudyInstanceUID", Rejected),
        (Answer.json("MRN-4711"), "no list of results", Rejected),
        (Answer(hangs_up=True), "closed the connection without an answer", Busy),
        (Answer(200, b"[", says_bytes=100), "was cut off", Busy),
    ],
)  # fmt: skip
def test_each_refusal_is_told_in_plain_words(
    answer: Answer, said: str, kind: type[Exception]
) -> None:
    with (
        web_server(lambda _: answer) as server,
        pytest.raises(OutputError) as raised,
    ):
        search(server.service())
    assert said in str(raised.value)
    assert isinstance(raised.value, kind)
    assert "MRN" not in str(raised.value)
    # Nor from what the libraries raised, which a traceback would show.
    assert raised.value.__cause__ is None
    assert raised.value.__suppress_context__ or raised.value.__context__ is None


def test_wrong_credentials_are_said_without_them() -> None:
    with (
        web_server(lambda _: Answer(401)) as server,
        pytest.raises(Rejected, match="does not accept the user and password") as said,
    ):
        search(server.service(credentials=READER))
    assert "s3cret" not in str(said.value)
    assert "s3cret" not in repr(server.service(credentials=READER))


def test_a_busy_service_is_asked_again() -> None:
    answers = iter([Answer(503, headers={"Retry-After": "0"}), Answer(hangs_up=True)])
    with web_server(lambda _: next(answers, Answer.json([]))) as server:
        assert search(server.service(retries=2)) == []
        assert len(server.asked) == 3
    with web_server(lambda _: Answer(503)) as server:
        with pytest.raises(Busy):
            search(server.service(retries=2))
        assert len(server.asked) == 3
    with web_server(lambda _: Answer(403)) as server:
        with pytest.raises(Rejected):
            search(server.service(retries=2))
        assert len(server.asked) == 1


def test_nobody_there_and_no_such_host() -> None:
    for url in (f"http://{LOOPBACK}:{free_port()}", "http://no.such.host.invalid"):
        with pytest.raises(Busy, match="could not connect to"):
            search(Service("pacs", url, 5.0, 0, 0.0))


def test_a_service_that_does_not_answer() -> None:
    import threading

    go_on = threading.Event()
    with web_server(lambda _: go_on.wait(20) and Answer(204)) as server:
        with pytest.raises(Busy, match=r"did not answer within 0.2 s"):
            search(server.service(timeout_s=0.2))
        go_on.set()


@pytest.fixture(scope="module")
def pki(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """An authority and a certificate of it for this machine; and a stranger."""
    program = which("openssl")
    if program is None:
        pytest.skip("needs openssl")
    folder = tmp_path_factory.mktemp("pki")

    def run(*words: object) -> None:
        subprocess.run([program, *map(str, words)], check=True, capture_output=True)

    short = ("-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:P-256", "-nodes")
    for name in ("ca", "stranger"):
        run(
            *("req", "-x509", *short, "-days", 2, "-subj", f"/CN={name}"),
            *("-keyout", folder / f"{name}.key", "-out", folder / f"{name}.pem"),
        )
    run(
        *("req", *short, "-subj", "/CN=machine", "-keyout", folder / "own.key"),
        *("-addext", f"subjectAltName=IP:{LOOPBACK}", "-out", folder / "own.csr"),
    )
    run(
        *("x509", "-req", "-in", folder / "own.csr", "-CA", folder / "ca.pem"),
        *("-CAkey", folder / "ca.key", "-days", 2, "-copy_extensions", "copy"),
        *("-out", folder / "own.pem"),
    )
    return folder


def test_who_is_trusted_and_who_has_a_certificate(pki: Path) -> None:
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(pki / "own.pem", pki / "own.key")
    context.load_verify_locations(pki / "ca.pem")
    context.verify_mode = ssl.CERT_REQUIRED
    ours = (pki / "own.pem", pki / "own.key")
    with web_server(lambda _: Answer.json([]), context) as server:
        assert search(server.service(tls=Tls(*ours, pki / "ca.pem"))) == []
        for tls in (Tls(*ours, pki / "stranger.pem"), Tls(*ours, None), None):
            with pytest.raises(Rejected, match="certificate is not trusted"):
                search(server.service(tls=tls))
        with pytest.raises(OutputError):
            search(server.service(tls=Tls(None, None, pki / "ca.pem")))
        assert len(server.asked) == 1
        with pytest.raises(InputError, match=r"nothing.pem"):
            search(server.service(tls=Tls(None, None, pki / "nothing.pem")))
        # Its own name for another host is none.
        named = Service("pacs", server.url.replace(LOOPBACK, "localhost"), 5.0, 0, 0.0,
                        Tls(*ours, pki / "ca.pem"))  # fmt: skip
        with pytest.raises(Rejected, match="certificate is not trusted"):
            search(named)


def test_tls_is_not_left_by_a_redirect(pki: Path) -> None:
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(pki / "own.pem", pki / "own.key")
    with web_server(lambda _: Answer.json([])) as plain:
        to = {"Location": f"{plain.url}/studies"}
        with (
            web_server(lambda _: Answer(302, headers=to), context) as server,
            pytest.raises(Rejected, match=r"without encryption \(http\)"),
        ):
            search(server.service(tls=Tls(None, None, pki / "ca.pem")))
        assert plain.asked == []


def test_a_proxy_of_the_environment_is_used_but_for_this_machine(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    with web_server(lambda _: Answer.json([])) as proxy:
        for name in ("http_proxy", "HTTP_PROXY"):
            monkeypatch.setenv(name, proxy.url)
        for name in ("no_proxy", "NO_PROXY"):
            monkeypatch.setenv(name, "inside.example")
        assert (
            search(Service("pacs", "http://pacs.example/dicom-web", 5.0, 0, 0.0)) == []
        )
        assert [one.headers["Host"] for one in proxy.asked] == ["pacs.example"]
        with web_server(lambda _: Answer.json([])) as own:
            search(own.service())
            assert len(own.asked) == 1
        assert len(proxy.asked) == 1
        # A name of this machine: its password is not for the proxy.
        with web_server(lambda _: Answer.json([])) as own:
            named = own.url.replace("127.0.0.1", "localhost.localdomain")
            monkeypatch.setattr(
                "urllib3.util.connection.socket.getaddrinfo",
                lambda _, port, *more: getaddrinfo(LOOPBACK, port, *more),
            )
            who = Credentials("me", "geheim")
            search(Service("pacs", f"{named}/dicom-web", 5.0, 0, 0.0, None, who))
            assert len(own.asked) == 1
        assert len(proxy.asked) == 1


@pytest.mark.parametrize(
    ("url", "warned"),
    [
        ("http://pacs.example:8042/dicom-web", True),
        ("https://pacs.example/dicom-web", False),
        ("http://127.0.0.1:8042/dicom-web", False),
        ("http://[::1]:8042/dicom-web", False),
        ("http://localhost.example/dicom-web", True),
    ],
)
def test_http_beyond_this_machine_is_warned_of(url: str, warned: bool) -> None:
    said = plain_warning(Service("pacs", url, 5.0, 0, 0.0))
    assert (said is not None) is warned
    assert said is None or "without encryption" in said


@pytest.mark.parametrize(
    "url",
    [
        "pacs.example/dicom-web",
        "ftp://pacs.example",
        "https://reader:s3cret@pacs.example/dicom-web",
        "https://pacs.example/dicom-web?token=s3cret",
        "https://",
        "https://pacs.example:x/",
    ],
)
def test_an_address_that_is_none_is_refused_without_repeating_it(url: str) -> None:
    with pytest.raises(InputError, match="the web address") as said:
        service_url(url)
    assert "s3cret" not in str(said.value)


def test_a_slash_at_the_end_of_an_address_counts_for_nothing() -> None:
    assert service_url("http://[::1]:8042/dicom-web/") == "http://[::1]:8042/dicom-web"
