"""Messages of many parts (RFC 2046, 5.1): written from files, read as they come."""

import re
import secrets
from collections.abc import Iterable, Iterator, Sequence
from pathlib import Path

from sirtdose.errors import SirtdoseError

_DICOM = "application/dicom"
_BOUNDARY = re.compile(r"boundary\s*=\s*(?:\"([^\"]+)\"|([^\s;]+))", re.IGNORECASE)
_LENGTH = re.compile(rb"^content-length\s*:\s*(\d+)\s*$", re.IGNORECASE | re.MULTILINE)
_HEAD_END, _LONGEST_HEAD = b"\r\n\r\n", 1 << 16


class CutOff(SirtdoseError):
    """A message that ends before its end, or is none of many parts."""


class TooLong(SirtdoseError):
    """A part over what is taken in."""


class FileParts:
    """Files as the parts of one message, read while they are sent; again on a retry.

    Parameters
    ----------
    paths : sequence of Path
    sizes : sequence of int
        Of each file in bytes: what is sent has to be as long as was announced.
    """

    def __init__(self, paths: Sequence[Path], sizes: Sequence[int]) -> None:
        self._paths, self._sizes = paths, sizes
        # Random, so that no file has it.
        self._boundary = secrets.token_hex(16)
        self._head = f"--{self._boundary}\r\nContent-Type: {_DICOM}\r\n\r\n".encode()
        self._end = f"--{self._boundary}--\r\n".encode()

    @property
    def content_type(self) -> str:
        """As the message's header has it."""
        return f'multipart/related; type="{_DICOM}"; boundary={self._boundary}'

    def __len__(self) -> int:
        each = len(self._head) + len(b"\r\n")
        return sum(self._sizes) + each * len(self._sizes) + len(self._end)

    def __iter__(self) -> Iterator[bytes]:
        for path, size in zip(self._paths, self._sizes, strict=True):
            try:
                data = path.read_bytes()
            except OSError as error:
                why = error.strerror or "cut off"
                raise CutOff(f"{path.name} cannot be read: {why}") from None
            if len(data) != size:
                raise CutOff(f"{path.name} changed while it was sent: send it again")
            yield self._head
            yield data
            yield b"\r\n"
        yield self._end


def boundary_of(content_type: str) -> bytes | None:
    """What stands between the parts; None for a message that has none.

    >>> boundary_of('multipart/related; type="application/dicom"; boundary="a b"')
    b'a b'
    >>> boundary_of("application/dicom") is None
    True
    """
    if not content_type.strip().lower().startswith("multipart/"):
        return None
    found = _BOUNDARY.search(content_type)
    return None if found is None else (found[1] or found[2]).encode("latin-1")


def parts_of(
    chunks: Iterable[bytes], boundary: bytes, most_bytes: int
) -> Iterator[bytes]:
    r"""The body of each part, once what follows it has come.

    Raises
    ------
    CutOff
        The message has no end, after its whole parts.
    TooLong
        A part has more than `most_bytes`.

    Examples
    --------
    >>> came = [b"--x\r\nA: b\r\n\r\none\r\n-", b"-x\r\n\r\ntwo\r\n--x--"]
    >>> list(parts_of(came, b"x", 100))
    [b'one', b'two']
    """
    delimiter = b"\r\n--" + boundary
    # The first delimiter need not have a line before it.
    held, seen, first = bytearray(b"\r\n"), 0, True
    for chunk in chunks:
        held += chunk
        while (at := held.find(delimiter, seen)) >= 0:
            end = at + len(delimiter)
            if len(held) < end + 2:
                break
            if not first:
                yield _body(bytes(memoryview(held)[:at]))
            if held[end : end + 2] == b"--":
                return
            del held[:end]
            first, seen = False, 0
        else:
            seen = max(0, len(held) - len(delimiter))
        if len(held) > most_bytes + _LONGEST_HEAD:
            raise TooLong(f"an object over {most_bytes / 1e6:g} MB")
    raise CutOff("the answer was cut off")


def _body(part: bytes) -> bytes:
    """A part without its header; its length as is said there, if it is."""
    at = part.find(_HEAD_END, 0, _LONGEST_HEAD)
    if at < 0:
        raise CutOff("a part of the answer has no header")
    body = part[at + len(_HEAD_END) :]
    said = _LENGTH.search(part[:at].replace(b"\r", b""))
    if said is not None and int(said[1]) != len(body):
        raise CutOff("a part of the answer is shorter or longer than it says")
    return body
