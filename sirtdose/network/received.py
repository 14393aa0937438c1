"""Whether an object that came is whole, and what it says it is."""

import re
from collections.abc import Iterable
from dataclasses import dataclass
from io import BytesIO
from typing import TYPE_CHECKING, Any

from sirtdose.errors import SirtdoseError
from sirtdose.network.classes import encoding

if TYPE_CHECKING:
    from pydicom.dataset import Dataset

CANNOT_UNDERSTAND = 0xC000
_WITHOUT_UID = 0xC001
OTHER_CONTENT = 0xC002
_OTHER_INSTANCE = 0xC003
OTHER_CLASS = 0xA900
OUT_OF_RESOURCES = 0xA700

_SOP_CLASS, _SOP_INSTANCE, _STUDY = 0x00080016, 0x00080018, 0x0020000D
_UID = re.compile(r"[0-9][0-9.]{0,63}")
_UNDEFINED = 0xFFFFFFFF
_DEEPEST = 32


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
    """An object that came: its bytes as they came, and how they are encoded."""

    data: memoryview
    transfer_syntax: str
    told: Told


def study_of(received: Received) -> str:
    """The StudyInstanceUID of an object that is whole and is what its sender said.

    Raises
    ------
    Refused
        Damaged, without a UID that is needed, or another object than was told.
    """
    found = _top(received)
    told = received.told
    sop_class, sop_instance, study = (
        _uid(found, tag) for tag in (_SOP_CLASS, _SOP_INSTANCE, _STUDY)
    )
    for value, name in (
        (sop_class, "SOPClassUID"),
        (sop_instance, "SOPInstanceUID"),
        (study, "StudyInstanceUID"),
    ):
        if not _UID.fullmatch(value):
            raise Refused(_WITHOUT_UID, f"no usable {name}")
    if sop_class != told.sop_class:
        raise Refused(OTHER_CLASS, "another SOPClassUID than announced")
    if sop_instance != told.sop_instance:
        raise Refused(_OTHER_INSTANCE, "another SOPInstanceUID than announced")
    return study


def same_content(one: bytes, syntax: str, received: Received) -> bool:
    """Whether two encodings hold the same data set."""
    implicit, little = encoding(syntax)
    try:
        ours = _read(BytesIO(one), implicit=implicit, little=little)
        other = _top(received)
        return bool(ours == other)
    except Exception:  # noqa: BLE001 - whatever a value is, it was not shown the same
        return False


def _top(received: Received) -> "Dataset":
    implicit, little = encoding(received.transfer_syntax)
    stream = BytesIO(received.data)
    try:
        found = _read(stream, implicit=implicit, little=little)
        whole = stream.tell() == len(received.data) and _is_whole(found, 0)
    except Exception:  # noqa: BLE001 - what a stranger sends may break a parser anyhow
        whole = False
    if not whole:
        raise Refused(CANNOT_UNDERSTAND, "the data set is damaged or cut off")
    return found


def _read(stream: BytesIO, *, implicit: bool, little: bool) -> "Dataset":
    from pydicom.filereader import read_dataset

    return read_dataset(stream, is_implicit_VR=implicit, is_little_endian=little)


def _is_whole(found: "Dataset", depth: int) -> bool:
    """Whether each value has the length that is written before it, all the way down."""
    if depth > _DEEPEST:
        return False
    for tag in list(found.keys()):
        raw: Any = found.get_item(tag)
        length = getattr(raw, "length", _UNDEFINED)
        if length != _UNDEFINED and len(raw.value or b"") != length:
            return False
        if not all(_is_whole(item, depth + 1) for item in _items(found, tag, raw)):
            return False
    return True


def _items(found: "Dataset", tag: Any, raw: Any) -> "Iterable[Dataset]":
    from pydicom.datadict import dictionary_VR

    vr = raw.VR
    if vr is None:
        try:
            vr = dictionary_VR(tag)
        except KeyError:
            return ()
    return found[tag].value or () if vr == "SQ" else ()


def _uid(found: "Dataset", tag: int) -> str:
    """A UID as it stands there: decoding one that is wrong would warn of it."""
    item: Any = found.get_item(tag)
    value = b"" if item is None else item.value
    if isinstance(value, bytes):
        return value.decode("latin-1").rstrip(" \0")
    return str(value or "")
