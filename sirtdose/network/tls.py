"""TLS about a connection: who we are, and whose word is taken for the other side."""

import ssl
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from pathlib import Path

from sirtdose.errors import InputError


@dataclass(frozen=True)
class Tls:
    """Files in PEM.

    Parameters
    ----------
    certificate : Path or None
        Ours; a listener needs one.
    key : Path or None
        Of the certificate; None where its file holds it too.
    authorities : Path or None
        Whose certificates are believed. A listener then lets in only who has one; a
        sender without them believes those of the system.
    """

    certificate: Path | None
    key: Path | None
    authorities: Path | None


# By OpenSSL's own names of what went wrong with a caller.
_WHY = {
    "PEER_DID_NOT_RETURN_A_CERTIFICATE": "it has no certificate, which --tls-ca asks "
    "for",
    "WRONG_VERSION_NUMBER": "it does not speak TLS",
    "HTTP_REQUEST": "it does not speak TLS",
    "HTTPS_PROXY_REQUEST": "it does not speak TLS",
    "UNSUPPORTED_PROTOCOL": "its TLS is older than 1.2",
    "NO_SHARED_CIPHER": "it has no cipher in common with this side",
    "TLSV1_ALERT_UNKNOWN_CA": "it does not trust our certificate",
    "SSLV3_ALERT_BAD_CERTIFICATE": "it does not trust our certificate",
    "SSLV3_ALERT_CERTIFICATE_UNKNOWN": "it does not trust our certificate",
    "SSLV3_ALERT_CERTIFICATE_EXPIRED": "our certificate has expired",
}


def why_refused(error: OSError) -> str:
    """Why a caller was not let in, of what its greeting raised.

    No name that is in a certificate is told.

    >>> why_refused(TimeoutError())
    'it did not start TLS in time'
    """
    if isinstance(error, ssl.SSLCertVerificationError):
        return f"its certificate is not trusted: {error.verify_message}"
    if isinstance(error, TimeoutError):
        return "it did not start TLS in time"
    if isinstance(error, ssl.SSLError) and error.reason in _WHY:
        return _WHY[error.reason]
    if isinstance(error, (ssl.SSLEOFError, ConnectionError)):
        return "it disconnected before TLS was established"
    reason = getattr(error, "reason", None) or error.strerror or "no reason is known"
    return f"TLS was not established ({str(reason).replace('_', ' ').lower()})"


class _Closing(ssl.SSLSocket):
    """Shut down as usual; what is closed already need not be."""

    def shutdown(self, how: int) -> None:
        # The library would leave the socket open after an error.
        with suppress(OSError):
            super().shutdown(how)


def serving_context(tls: Tls) -> ssl.SSLContext:
    """For the side that is called.

    Raises
    ------
    InputError
        A file that cannot be read, or a key of another certificate.
    """
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    if tls.authorities is not None:
        context.verify_mode = ssl.CERT_REQUIRED
    return _with_files(context, tls)


def calling_context(tls: Tls) -> ssl.SSLContext:
    """For the side that calls: the other's certificate has to be of its host.

    Raises
    ------
    InputError
        A file that cannot be read, or a key of another certificate.
    """
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
    context.sslsocket_class = _Closing
    if tls.authorities is None:
        context.load_default_certs()
    return _with_files(context, tls)


def _with_files(context: ssl.SSLContext, tls: Tls) -> ssl.SSLContext:
    context.minimum_version = ssl.TLSVersion.TLSv1_2
    if tls.certificate is not None:
        with _usable("certificate and its key", tls.certificate, tls.key):
            # A key with a password would ask for it at the terminal: it is given none.
            context.load_cert_chain(tls.certificate, tls.key, password=bytes)
    if tls.authorities is not None:
        with _usable("certificates", tls.authorities):
            context.load_verify_locations(tls.authorities)
    return context


@contextmanager
def _usable(what: str, *files: Path | None) -> Iterator[None]:
    """Say which files could not be used, and why."""
    names = " and ".join(one.name for one in files if one is not None)
    try:
        yield
    except ssl.SSLError:
        raise InputError(
            f"{names} cannot be used as {what}: give matching PEM files without a "
            "password"
        ) from None
    except OSError as error:
        raise InputError(f"cannot read {names}: {error.strerror}") from None
