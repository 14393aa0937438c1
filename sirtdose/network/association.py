"""Associations with another side that we call: opened, verified, and why not."""

from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from sirtdose.errors import OutputError
from sirtdose.network.classes import EXPLICIT, IMPLICIT, VERIFICATION
from sirtdose.network.credentials import NOBODY, Credentials
from sirtdose.network.prompt import prompt
from sirtdose.network.quiet import silence
from sirtdose.network.tls import Tls, calling_context

if TYPE_CHECKING:
    from pynetdicom.association import Association

_REJECTED = {
    (1, 1): "it does not say why",
    (1, 3): "it does not know our AE title {calling}: have it entered there, or "
    "correct calling_aet of the node in the site file, or `sirtdose send "
    "--calling-aet`",
    (1, 7): "its AE title is not {called}: correct aet of the node in the site file, "
    "or `sirtdose send --aet`",
    (3, 2): "its maximum number of associations is open",
}
# The ACSE provider refuses, and does not say more: so do those who know no user.
_BY_ACSE = 2
# Kinds of user identity (DICOM PS3.7, D.3.3.7): a name, with a password, a JSON token.
_USER, _WITH_PASSWORD, _TOKEN = 1, 2, 5


@dataclass(frozen=True)
class Peer:
    """Whom to call, under which names, and how patiently."""

    host: str
    port: int
    called: str
    calling: str
    timeout_s: float
    tls: Tls | None = None
    credentials: Credentials = NOBODY

    @property
    def where(self) -> str:
        """As messages name it."""
        return f"{self.host}:{self.port}"


class Rejected(OutputError):
    """No association, and none on another try."""


@contextmanager
def associated(
    to: Peer,
    contexts: Sequence[tuple[str, Sequence[str]]],
    *,
    provides: Sequence[str] = (),
    handlers: Sequence[tuple[Any, Callable[..., Any]]] = (),
    waits: bool = False,
) -> "Iterator[Association]":
    """An open association whose other side answers.

    Parameters
    ----------
    to : Peer
    contexts : sequence
        SOP classes, each with the transfer syntaxes of one presentation context.
    provides : sequence of str
        SOP classes that the other side may store here, as in C-GET.
    handlers : sequence
        Events of the library, each with what answers it.
    waits : bool
        Whether an answer may take longer than the timeout, once it is verified: who
        asks for it watches over it then.

    Raises
    ------
    OutputError
        Nobody is there, it rejects the association, or does not answer C-ECHO.
    """
    from pynetdicom import AE, build_context, build_role

    silence()
    ae = AE(ae_title=to.calling)
    ae.connection_timeout = ae.acse_timeout = to.timeout_s
    ae.dimse_timeout = ae.network_timeout = to.timeout_s
    wanted = [build_context(VERIFICATION, [EXPLICIT, IMPLICIT])]
    wanted += [build_context(kind, list(syntaxes)) for kind, syntaxes in contexts]
    roles: list[Any] = [build_role(kind, scp_role=True) for kind in provides]
    try:
        association = ae.associate(
            to.host,
            to.port,
            contexts=wanted,
            ae_title=to.called,
            ext_neg=roles + _identity(to.credentials),
            evt_handlers=[*handlers, *prompt()],
            tls_args=None if to.tls is None else (calling_context(to.tls), to.host),
        )
    except (OSError, UnicodeError):
        raise OutputError(
            f"the host '{to.host}' is not known: check the receiver's name or address"
        ) from None
    if not association.is_established:
        raise _failure(association, to)
    try:
        _verify(association, to)
        if waits:
            association.dimse_timeout = association.network_timeout = None
        yield association
    except BaseException:
        # Who is in the middle of something would not answer a release.
        if association.is_established:
            association.abort()
        raise
    finally:
        if association.is_established:
            association.release()


def _identity(credentials: Credentials) -> list[Any]:
    """What tells the other side who asks; nothing where nobody is named."""
    from pynetdicom.pdu_primitives import UserIdentityNegotiation

    if credentials.is_empty:
        return []
    one = UserIdentityNegotiation()
    if credentials.token:
        one.user_identity_type = _TOKEN
        one.primary_field = credentials.token.encode()
        return [one]
    one.user_identity_type = _WITH_PASSWORD if credentials.password else _USER
    one.primary_field = (credentials.user or "").encode()
    if credentials.password:
        one.secondary_field = credentials.password.encode()
    return [one]


def _verify(association: "Association", to: Peer) -> None:
    known = {str(one.abstract_syntax) for one in association.accepted_contexts}
    # A receiver need not offer it.
    if VERIFICATION in known and association.send_c_echo().get("Status") != 0:
        raise OutputError(
            f"{to.where} does not answer C-ECHO: check host, port and AE title"
        )


def _failure(association: Any, to: Peer) -> OutputError:
    if association.is_rejected:
        answer = association.acceptor.primitive
        source, reason = answer.result_source, answer.diagnostic
        why = _REJECTED.get((source, reason), f"source {source}, reason {reason}")
        why = why.format(called=to.called, calling=to.calling)
        if source == _BY_ACSE and not to.credentials.is_empty:
            why += "; or it does not accept the user and password"
        said = f"{to.where} rejects the association: {why}"
        # 1: for good; 2: for now.
        return Rejected(said) if answer.result == 1 else OutputError(said)
    if association.is_aborted:
        belief = "" if to.tls is None else ", or a certificate was not trusted"
        return OutputError(
            f"could not associate with {to.where}: connection refused or timed out"
            f"{belief}: check host, port and firewall"
        )
    return OutputError(f"could not associate with {to.where}")
