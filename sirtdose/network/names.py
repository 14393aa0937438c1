"""Names of folders and files that tell nothing of whom they are about."""

import hmac
import re
import secrets
from dataclasses import dataclass
from hashlib import sha256
from pathlib import Path

from sirtdose.errors import FileFormatError
from sirtdose.network.durable import write_durably

KEY_FILE = "listen.key"
_KEY_BYTES = 32
_STUDY_DIGITS, _INSTANCE_DIGITS = 16, 32


@dataclass(frozen=True)
class Names:
    """Digests of UIDs by a secret: without it nobody finds the study of a name."""

    key: bytes

    def study(self, uid: str) -> str:
        """The name of a study's folder."""
        return self._digest("study", uid)[:_STUDY_DIGITS]

    def instance(self, uid: str) -> str:
        """The name of an object's file, without its suffix."""
        return self._digest("instance", uid)[:_INSTANCE_DIGITS]

    def _digest(self, kind: str, uid: str) -> str:
        return hmac.new(self.key, f"{kind} {uid}".encode(), sha256).hexdigest()


def names_of(folder: Path) -> Names:
    """The names in a folder, by the secret that lies there or is made now.

    Raises
    ------
    FileFormatError
        The file of the secret holds something else.
    """
    path = folder / KEY_FILE
    if not path.exists():
        write_durably(path, [secrets.token_hex(_KEY_BYTES).encode() + b"\n"])
        path.chmod(0o600)
    text = path.read_bytes().strip()
    if not re.fullmatch(rb"[0-9a-f]{64}", text):
        raise FileFormatError(
            f"{KEY_FILE} holds no secret of 64 hexadecimal digits: bring back the one "
            "that the folders are named by, or give another --out"
        )
    return Names(bytes.fromhex(text.decode()))


def is_study_name(text: str) -> bool:
    """Whether it can be a study's.

    >>> is_study_name("0123456789abcdef"), is_study_name("Doe")
    (True, False)
    """
    return re.fullmatch(rf"[0-9a-f]{{{_STUDY_DIGITS}}}", text) is not None
