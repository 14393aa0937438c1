"""Whether an object that came is whole, and what it says it is."""

import re
import zlib
from collections.abc import Iterable
from dataclasses import dataclass
from io import BytesIO
from struct import Struct
from typing import Any

from sirtdose.errors import SirtdoseError
from sirtdose.io.dicom.bare import Dataset, undecoded
from sirtdose.network.classes import DEFLATED, encoding

CANNOT_UNDERSTAND = 0xC000
_WITHOUT_UID = 0xC001
OTHER_CONTENT = 0xC002
_OTHER_INSTANCE = 0xC003
OTHER_CLASS = 0xA900
OUT_OF_RESOURCES = 0xA700
NOT_AUTHORIZED = 0x0124

# Study, series, SOP class and SOP instance.
_IDENTITY = (0x0020000D, 0x0020000E, 0x00080016, 0x00080018)
_UID = re.compile(r"[0-9][0-9.]{0,63}")
_UNDEFINED = 0xFFFFFFFF
_DEEPEST = 32
_HEAD_BYTES = 8
_ITEM = (0xFFFE, 0xE000)
_ROWS = 0x00280010
# Whole numbers, and numbers of single and double precision.
_PIXELS = (0x7FE00010, 0x7FE00008, 0x7FE00009)


class Refused(SirtdoseError):
    """An object that is not kept; `status` is what its sender is told."""

    def __init__(self, status: int, why: str) -> None:
        super().__init__(why)
        self.status = status


@dataclass(frozen=True)
class Told:
    """What the command of a C-STORE, or a data set, says an object is."""

    sop_class: str
    sop_instance: str


@dataclass(frozen=True)
class Received:
    """An object that came: its bytes as they came, and how they are encoded.

    `most_bytes` is what it may inflate to.
    """

    data: memoryview
    transfer_syntax: str
    told: Told
    most_bytes: int


class TooLarge(Exception):
    """It would inflate to more than is taken in."""


def plain(
    data: bytes | memoryview, transfer_syntax: str, most_bytes: int
) -> bytes | memoryview:
    """A data set as it is read: inflated where it is deflated, else as it is.

    Raises
    ------
    TooLarge
        More than `most_bytes` when inflated.
    zlib.error
        Damaged.
    EOFError
        Cut off, or with something behind it.

    Examples
    --------
    >>> squeeze = zlib.compressobj(wbits=-zlib.MAX_WBITS)
    >>> deflated = squeeze.compress(bytes(1000)) + squeeze.flush()
    >>> len(deflated) < 20, len(plain(deflated, DEFLATED, 2000))
    (True, 1000)
    """
    if transfer_syntax != DEFLATED:
        return data
    unpacking = zlib.decompressobj(-zlib.MAX_WBITS)
    found = unpacking.decompress(data, most_bytes + 1)
    if len(found) > most_bytes:
        raise TooLarge
    # A byte of zero may make its length even.
    if not unpacking.eof or unpacking.unused_data not in (b"", b"\0"):
        raise EOFError
    return found


@dataclass(frozen=True)
class Identity:
    """What an object says of itself; `series` may be empty."""

    study: str
    series: str
    sop_class: str
    sop_instance: str


def received_of(data: bytes, most_bytes: int) -> Received:
    """An object in the form of a file: its data set, and what its header says.

    Raises
    ------
    Refused
        No DICOM file.
    """
    from pydicom.errors import InvalidDicomError
    from pydicom.filereader import _read_file_meta_info, read_preamble

    stream = BytesIO(data)
    try:
        read_preamble(stream, force=False)
        meta = _read_file_meta_info(stream)
        told = Told(
            str(meta.MediaStorageSOPClassUID), str(meta.MediaStorageSOPInstanceUID)
        )
        syntax = str(meta.TransferSyntaxUID)
    except (InvalidDicomError, ValueError, AttributeError, KeyError, EOFError, OSError):
        raise Refused(CANNOT_UNDERSTAND, "it is no DICOM file, or damaged") from None
    return Received(memoryview(data)[stream.tell() :], syntax, told, most_bytes)


def identity_of(received: Received) -> Identity:
    """The UIDs of an object that is whole and is what its sender said.

    Raises
    ------
    Refused
        Damaged, without a UID that is needed, or another object than was told.
    """
    found = _top(received)
    told = received.told
    own = Identity(*(_uid(found, one) for one in _IDENTITY))
    for value, name in (
        (own.sop_class, "SOPClassUID"),
        (own.sop_instance, "SOPInstanceUID"),
        (own.study, "StudyInstanceUID"),
    ):
        if not _UID.fullmatch(value):
            raise Refused(_WITHOUT_UID, f"no usable {name}")
    if own.sop_class != told.sop_class:
        raise Refused(OTHER_CLASS, "another SOPClassUID than announced")
    if own.sop_instance != told.sop_instance:
        raise Refused(_OTHER_INSTANCE, "another SOPInstanceUID than announced")
    return own


def require_whole(received: Received) -> str:
    """Refuse what is damaged or cut off; returns its study's UID, empty without one.

    Raises
    ------
    Refused
    """
    return _uid(_top(received), _IDENTITY[0])


def same_content(one: bytes, syntax: str, received: Received) -> bool:
    """Whether two little-endian encodings hold the same data set."""
    implicit, little = encoding(syntax)
    if not little or not encoding(received.transfer_syntax)[1]:
        return False
    try:
        ours = _read(
            BytesIO(plain(one, syntax, received.most_bytes)),
            implicit=implicit,
            little=little,
        )
        return _values(ours) == _values(_top(received))
    except MemoryError:
        raise Refused(OUT_OF_RESOURCES, "not enough memory to compare it") from None
    except Exception:  # noqa: BLE001 - whatever a value is, it was not shown the same
        return False


def _values(found: Dataset) -> dict[int, Any]:
    """Each element's bytes; the items of a sequence as such: their lengths may vary."""
    values: dict[int, Any] = {}
    for tag in list(found.keys()):
        raw: Any = found.get_item(tag)
        items = list(_items(found, tag, raw))
        # Lengths of groups are of their encoding.
        if tag.element != 0:
            values[int(tag)] = [_values(one) for one in items] or raw.value or b""
    return values


def _top(received: Received) -> Dataset:
    implicit, little = encoding(received.transfer_syntax)
    try:
        data = plain(received.data, received.transfer_syntax, received.most_bytes)
        stream = _Stream(data)
        found = _read(stream, implicit=implicit, little=little)
        at_end = stream.tell() == len(data) and not stream.cut_off
        # An image that is cut off between two elements has lost its last one.
        has_pixels = _ROWS not in found or any(tag in found for tag in _PIXELS)
        whole = at_end and has_pixels and _is_whole(found, 0)
    except TooLarge:
        raise Refused(
            OUT_OF_RESOURCES,
            f"is over {received.most_bytes / 1e6:g} MB when decompressed",
        ) from None
    except MemoryError:
        raise Refused(OUT_OF_RESOURCES, "not enough memory to check it") from None
    except Exception:  # noqa: BLE001 - what a stranger sends may break a parser anyhow
        whole = False
    if not whole:
        raise Refused(CANNOT_UNDERSTAND, "the data set is damaged or cut off")
    return found


class _Stream(BytesIO):
    """Notes where the head of an element is cut off: it is passed over in silence."""

    cut_off = False

    def read(self, size: int | None = -1, /) -> bytes:
        data = super().read(size)
        if size == _HEAD_BYTES and 0 < len(data) < _HEAD_BYTES:
            self.cut_off = True
        return data


def _read(stream: BytesIO, *, implicit: bool, little: bool) -> Dataset:
    from pydicom.filereader import read_dataset

    return read_dataset(stream, is_implicit_VR=implicit, is_little_endian=little)


def _is_whole(found: Dataset, depth: int) -> bool:
    """Whether each value has the length that is written before it, all the way down."""
    if depth > _DEEPEST:
        return False
    for tag in list(found.keys()):
        raw: Any = found.get_item(tag)
        length = getattr(raw, "length", _UNDEFINED)
        if length != _UNDEFINED and len(raw.value or b"") != length:
            return False
        if _is_sequence(tag, raw) and not _items_fit(raw):
            return False
        if not all(_is_whole(item, depth + 1) for item in _items(found, tag, raw)):
            return False
    return True


def _is_sequence(tag: Any, raw: Any) -> bool:
    from pydicom.datadict import dictionary_VR

    if raw.VR is not None:
        return bool(raw.VR == "SQ")
    try:
        return dictionary_VR(tag) == "SQ"
    except KeyError:
        return False


def _items_fit(raw: Any) -> bool:
    """Whether the items of a sequence of known length fill it."""
    if not isinstance(raw.value, bytes):
        return True
    head = Struct("<HHL" if raw.is_little_endian else ">HHL")
    at = 0
    while at + head.size <= len(raw.value):
        group, element, length = head.unpack_from(raw.value, at)
        if (group, element) != _ITEM:
            return False
        if length == _UNDEFINED:
            # Its end is looked for when it is read.
            return True
        at += head.size + length
    return at == len(raw.value)


def _items(found: Dataset, tag: Any, raw: Any) -> Iterable[Dataset]:
    return found[tag].value or () if _is_sequence(tag, raw) else ()


def _uid(found: Dataset, tag: int) -> str:
    """A UID as it stands there: decoding one that is wrong would warn of it."""
    value = undecoded(found, tag)
    is_raw = isinstance(value, bytes)
    return value.decode("latin-1").rstrip(" \0") if is_raw else str(value or "")
