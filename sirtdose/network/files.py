"""The listener's files: whole whatever happens, and named by nothing of people."""

import hmac
import os
import re
import secrets
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from hashlib import sha256
from pathlib import Path

from sirtdose.errors import FileFormatError, OutputError
from sirtdose.io.output.publishing import flush_folder
from sirtdose.io.output.unfinished import is_locked_by_us

# What an interrupt leaves begins so; nothing that is read does.
PART = ".part-"


def write_durably(path: Path, parts: Iterable[bytes | memoryview]) -> None:
    """Write a file that is on the disk, whole, when this returns.

    Raises
    ------
    OSError
        Nothing is kept then.
    """
    aside = path.with_name(f"{PART}{secrets.token_hex(8)}")
    try:
        with aside.open("xb") as stream:
            for part in parts:
                stream.write(part)
            stream.flush()
            os.fsync(stream.fileno())
        aside.replace(path)
    except BaseException:
        aside.unlink(missing_ok=True)
        raise
    flush_folder(path.parent)


def make_folder(path: Path) -> None:
    """Make a folder that is there after a power cut too."""
    if not path.is_dir():
        path.mkdir(exist_ok=True)
        flush_folder(path.parent)


def remove_parts(folder: Path) -> None:
    """Clear away what an interrupt left in a folder and the folders below it."""
    for one in (*folder.glob(f"{PART}*"), *folder.glob(f"*/{PART}*")):
        one.unlink(missing_ok=True)


@contextmanager
def owned(out: Path, lock: str) -> Iterator[None]:
    """The folder, made if need be, for one program at a time.

    Raises
    ------
    OutputError
        It cannot be written to, or another one has it.
    """
    try:
        out.mkdir(parents=True, exist_ok=True)
        stream = (out / lock).open("ab")
    except OSError as error:
        raise OutputError(f"cannot write to {out}: {error.strerror}") from None
    with stream:
        try:
            is_free = is_locked_by_us(stream)
        except OSError as error:
            raise OutputError(
                f"file locks do not work at {out} ({error.strerror}): give an --out "
                "on another file system"
            ) from None
        if not is_free:
            raise OutputError(
                f"another `sirtdose` writes to {out}: stop it, or give another --out"
            )
        remove_parts(out)
        yield


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
            f"{KEY_FILE} does not contain a secret of 64 hexadecimal digits: restore "
            "the file that the folders are named by, or give another --out"
        )
    return Names(bytes.fromhex(text.decode()))


def is_study_name(text: str) -> bool:
    """Whether it can be a study's.

    >>> is_study_name("0123456789abcdef"), is_study_name("Doe")
    (True, False)
    """
    return re.fullmatch(rf"[0-9a-f]{{{_STUDY_DIGITS}}}", text) is not None
