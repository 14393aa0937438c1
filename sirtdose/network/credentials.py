"""Who we are to a node: from the environment or the keyring, never from a file."""

import os
import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from importlib.util import find_spec
from typing import Any

from sirtdose.errors import InputError
from sirtdose.network.addresses import is_loopback

_KEYRING_TOKEN = "token"


@dataclass(frozen=True)
class Credentials:
    """A user with a password, or a token; nothing of them is shown by any text."""

    user: str | None = field(default=None, repr=False)
    password: str | None = field(default=None, repr=False)
    token: str | None = field(default=None, repr=False)

    @property
    def is_empty(self) -> bool:
        """Whether nobody is named."""
        return not (self.user or self.token)


NOBODY = Credentials()


def variable_of(node: str, what: str) -> str:
    """The environment's variable for a node's user, password or token.

    >>> variable_of("pacs-2", "password")
    'SIRTDOSE_PACS_2_PASSWORD'
    """
    return "SIRTDOSE_" + re.sub(r"[^A-Z0-9]+", "_", f"{node}_{what}".upper())


def service_of(node: str) -> str:
    """Under which a keyring has what belongs to a node."""
    return f"sirtdose:{node}"


def credentials_of(
    node: str, environment: Mapping[str, str] | None = None
) -> Credentials:
    """What the environment says of a node, else the keyring, where one is installed.

    Raises
    ------
    InputError
        A password without a user.
    """
    there = os.environ if environment is None else environment
    user, password, token = (
        there.get(variable_of(node, what)) or None
        for what in ("user", "password", "token")
    )
    if token is None and password is None:
        user, password, token = _in_keyring(node, user)
    if password is not None and user is None:
        raise InputError(
            f"{variable_of(node, 'password')} is set without "
            f"{variable_of(node, 'user')}: set both"
        )
    return Credentials(user, password, token)


def require_private(credentials: Credentials, host: str, *, encrypted: bool) -> None:
    """Refuse to send a password where others can read it.

    Raises
    ------
    InputError
        Neither TLS nor this machine itself.
    """
    secret = credentials.password or credentials.token
    if secret and not encrypted and not is_loopback(host):
        raise InputError(
            f"a password or token for {host} is not sent without encryption: give the "
            "node tls_ca, or an https address, in the site file"
        )


def _in_keyring(
    node: str, user: str | None
) -> tuple[str | None, str | None, str | None]:
    if find_spec("keyring") is None:
        return user, None, None
    keyring: Any
    import keyring
    import keyring.errors

    try:
        token = keyring.get_password(service_of(node), _KEYRING_TOKEN)
        if token is not None:
            return user, None, token
        found = keyring.get_credential(service_of(node), user)
    except keyring.errors.KeyringError:
        # A machine without one, or one that stays locked, has nothing to tell.
        return user, None, None
    return (
        (user, None, None) if found is None else (found.username, found.password, None)
    )
