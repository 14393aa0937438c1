"""Asking a DICOMweb service: with TLS, credentials, proxies and retries."""

import logging
import ssl
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from functools import partial
from typing import TYPE_CHECKING, Any
from urllib.parse import urlsplit

from sirtdose.errors import OutputError
from sirtdose.network.association import Rejected
from sirtdose.network.tls import Tls, calling_context
from sirtdose.network.web.answers import BUSY, Busy, Lost, require_answer
from sirtdose.network.web.service import Service, is_own

if TYPE_CHECKING:
    import requests

_LOGGERS = ("requests", "urllib3", "dicomweb_client")
_MOST_REDIRECTS = 5
_LONGEST_WAIT_S = 60.0
# Kept with their method and body when redirected.
_SAME_METHOD = (307, 308)


@contextmanager
def session_of(service: Service) -> "Iterator[requests.Session]":
    """A session of requests, each answer of which is one of success.

    What cannot be asked, or is refused, raises `OutputError` in plain words: nothing
    of an address, whose query may name a patient, and no credentials.
    """
    # What they log has addresses.
    for name in _LOGGERS:
        logging.getLogger(name).setLevel(logging.CRITICAL + 1)
    with _session_class()(service) as session:
        yield session


def _session_class() -> Any:
    """Made on first use: the library takes its time to be loaded."""
    import requests
    from requests.utils import get_environ_proxies

    class Session(requests.Session):
        """Retries, follows redirects with care, and refuses what is no success."""

        def __init__(self, service: Service) -> None:
            super().__init__()
            self.service = service
            # No .netrc, and no other authorities than ours.
            self.trust_env = False
            self.max_redirects = _MOST_REDIRECTS
            self.auth = _auth_of(service)
            secret = service.credentials.password or service.credentials.token
            # Sent in the clear, a password stays on this machine: by its name too.
            if not is_own(service.host) and (service.is_encrypted or not secret):
                self.proxies.update(get_environ_proxies(service.url))
            tls = service.tls or Tls(None, None, None)
            self.mount("https://", _adapter(Tls(None, None, tls.authorities)))
            # Our certificate is for this service alone.
            parts = urlsplit(service.url)
            self.mount(f"{parts.scheme}://{parts.netloc}/", _adapter(tls))

        def prepare_request(self, request: Any) -> Any:
            """Prepare as usual; the library above it would leave out the port."""
            request.headers = {
                name: value
                for name, value in (request.headers or {}).items()
                if name.lower() != "host"
            }
            prepared = super().prepare_request(request)
            # A space is %20 to all; a plus is one to some. A true plus is %2B.
            base, mark, query = (prepared.url or "").partition("?")
            prepared.url = base + mark + query.replace("+", "%20")
            return prepared

        def get_redirect_target(self, resp: Any) -> str | None:
            """Follow as usual, but not out of TLS, and with a body to nobody else."""
            target = super().get_redirect_target(resp)
            if target is not None:
                _require_safe(resp, target)
            return target

        def request(  # type: ignore[override]
            self, method: str, url: str, **more: Any
        ) -> Any:
            """Ask until there is an answer, or no more retries."""
            more.setdefault("timeout", self.service.timeout_s)
            ask = partial(super().request, method, url, **more)
            return _answer_of(ask, self.service, method)

    return Session


def _answer_of(ask: Callable[[], Any], service: Service, method: str) -> Any:
    from requests import RequestException

    for left in range(service.retries, -1, -1):
        wait_s = service.wait_s
        try:
            answer = ask()
        except RequestException as error:
            said = said_of(error, service)
            if not left or not isinstance(said, Busy):
                raise said from None
        else:
            if answer.status_code not in BUSY or not left:
                return require_answer(answer, service, method)
            wait_s = _asked_wait_s(answer, wait_s)
            answer.close()
        time.sleep(wait_s)
    raise AssertionError


def _adapter(tls: Tls) -> Any:
    from requests.adapters import HTTPAdapter

    context = calling_context(tls)

    class Adapter(HTTPAdapter):
        """Whose TLS is ours: no bundle of authorities is added to it."""

        def init_poolmanager(self, *words: Any, **more: Any) -> Any:
            return super().init_poolmanager(*words, ssl_context=context, **more)

        def proxy_manager_for(self, proxy: str, **more: Any) -> Any:
            return super().proxy_manager_for(proxy, ssl_context=context, **more)

        def cert_verify(self, *_: Any, **__: Any) -> None:
            """The context does."""

    return Adapter()


def _auth_of(service: Service) -> Any:
    from requests.auth import AuthBase, HTTPBasicAuth

    own = service.credentials
    if own.token:
        header = f"Bearer {own.token}"

        class Bearer(AuthBase):
            """A token, as it is."""

            def __call__(self, r: Any) -> Any:
                r.headers["Authorization"] = header
                return r

        return Bearer()
    if own.user:
        return HTTPBasicAuth(own.user.encode(), (own.password or "").encode())
    return None


def _require_safe(answer: Any, target: str) -> None:
    """Refuse to be led where others listen, or to hand a body to another host."""
    request = answer.request
    before, after = urlsplit(request.url), urlsplit(target)
    where = before.netloc
    answer.close()
    if before.scheme == "https" and after.scheme == "http":
        raise Rejected(
            f"{where} redirects to an address without encryption (http): that is not "
            "followed; ask its administrator"
        )
    elsewhere = after.netloc not in ("", before.netloc)
    if request.method != "GET" and (
        elsewhere or answer.status_code not in _SAME_METHOD
    ):
        raise Rejected(
            f"{where} redirects to {after.netloc or where}{after.path}: images are not "
            "sent after a redirect; give the right address as web of the node"
        )


def _asked_wait_s(answer: Any, usual_s: float) -> float:
    """As long as the service asks for, within reason."""
    said = str(answer.headers.get("Retry-After", ""))
    return (
        max(usual_s, min(float(said), _LONGEST_WAIT_S)) if said.isdecimal() else usual_s
    )


def said_of(error: Exception, service: Service) -> OutputError:
    """Why there is no answer, without a word of the library's: they hold addresses."""
    from requests import exceptions
    from urllib3.exceptions import NewConnectionError

    where = service.where
    if isinstance(error, exceptions.SSLError):
        return Rejected(f"no TLS with {where}: {_tls_reason(error)}")
    if isinstance(error, exceptions.ProxyError):
        return Busy(
            f"the proxy does not lead to {where}: check HTTPS_PROXY, HTTP_PROXY and "
            "NO_PROXY"
        )
    if isinstance(error, exceptions.Timeout):
        return Busy(f"{where} did not answer within {service.timeout_s:g} s")
    if isinstance(error, exceptions.TooManyRedirects):
        return Rejected(f"{where} redirects in a circle: check web of the node")
    if isinstance(error, exceptions.ChunkedEncodingError):
        return Busy(f"the answer of {where} was cut off")
    if isinstance(error, exceptions.ConnectionError):
        return (
            Busy(f"could not connect to {where}: check the address, or try later")
            if any(isinstance(one, NewConnectionError) for one in _inner(error))
            else Lost(f"{where} closed the connection without an answer")
        )
    return Rejected(f"{where} gives an answer that cannot be read")


def _tls_reason(error: BaseException) -> str:
    for one in _inner(error):
        if isinstance(one, ssl.SSLCertVerificationError):
            return (
                f"its certificate is not trusted ({one.verify_message}); give the "
                "authority that signed it as tls_ca of the node in the site file, or "
                "to `sirtdose send --tls-ca`"
            )
    return "it does not speak TLS, or asks for a certificate: give tls_certificate"


def _inner(error: BaseException) -> list[BaseException]:
    """An error, and those that the libraries wrapped in it."""
    seen = [error]
    for one in seen:
        inner = [getattr(one, "reason", None), *one.args]
        seen += [x for x in inner if isinstance(x, BaseException) and x not in seen]
    return seen
