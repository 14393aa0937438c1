"""Who we are to a node: from the environment or the keyring, and never shown."""

from collections.abc import Iterator
from typing import Any

import pytest

from sirtdose.errors import InputError
from sirtdose.network.credentials import (
    NOBODY,
    Credentials,
    credentials_of,
    require_private,
)

keyring: Any = pytest.importorskip("keyring", reason="needs keyring")
from keyring.backend import KeyringBackend  # noqa: E402
from keyring.credentials import SimpleCredential  # noqa: E402
from keyring.errors import KeyringLocked  # noqa: E402


class Ring(KeyringBackend):  # type: ignore[misc]
    """A keyring that lives in this process."""

    priority = 1

    def __init__(self) -> None:
        self.kept: dict[tuple[str, str], str] = {}
        self.is_locked = False

    def get_password(self, service: str, username: str) -> str | None:
        if self.is_locked:
            raise KeyringLocked
        return self.kept.get((service, username))

    def set_password(self, service: str, username: str, password: str) -> None:
        self.kept[service, username] = password

    def get_credential(self, service: str, username: str | None) -> Any:
        for (own, name), password in self.kept.items():
            if own == service and username in (None, name):
                return SimpleCredential(name, password)
        return None


@pytest.fixture
def ring() -> Iterator[Ring]:
    before, own = keyring.get_keyring(), Ring()
    keyring.set_keyring(own)
    yield own
    keyring.set_keyring(before)


def test_the_environment_comes_first(ring: Ring) -> None:
    ring.kept = {("sirtdose:pacs-2", "other"): "x"}
    there = {"SIRTDOSE_PACS_2_USER": "me", "SIRTDOSE_PACS_2_PASSWORD": "geheim"}
    assert credentials_of("pacs-2", there) == Credentials("me", "geheim")
    token = credentials_of("pacs-2", {"SIRTDOSE_PACS_2_TOKEN": "abc"})
    assert token == Credentials(token="abc")


def test_then_the_keyring(ring: Ring) -> None:
    assert credentials_of("pacs", {}) == NOBODY
    ring.kept = {("sirtdose:pacs", "me"): "geheim", ("sirtdose:web", "token"): "abc"}
    assert credentials_of("pacs", {}) == Credentials("me", "geheim")
    assert credentials_of("pacs", {"SIRTDOSE_PACS_USER": "you"}) == Credentials("you")
    assert credentials_of("web", {}) == Credentials(token="abc")
    ring.is_locked = True
    assert credentials_of("pacs", {}) == NOBODY


@pytest.mark.usefixtures("ring")
def test_a_password_without_a_user_is_refused() -> None:
    with pytest.raises(InputError, match="SIRTDOSE_PACS_PASSWORD is set without"):
        credentials_of("pacs", {"SIRTDOSE_PACS_PASSWORD": "geheim"})


def test_nothing_of_it_is_shown() -> None:
    shown = repr(Credentials("me", "geheim", "abc")) + str(Credentials("me", "geheim"))
    assert not any(text in shown for text in ("me", "geheim", "abc") if text != "me")
    assert "'me'" not in shown


def test_a_password_does_not_travel_in_the_clear() -> None:
    own = Credentials("me", "geheim")
    with pytest.raises(InputError, match="is not sent without encryption") as refused:
        require_private(own, "192.0.2.1", encrypted=False)
    assert "geheim" not in str(refused.value)
    require_private(own, "192.0.2.1", encrypted=True)
    require_private(own, "127.0.0.1", encrypted=False)
    # A name alone is no secret.
    require_private(Credentials("me"), "192.0.2.1", encrypted=False)
