"""DICOM files that lack the bytes that should begin them, or are damaged inside.

Scanners of Philips and CMS, and planning systems, have written files without the 128
bytes, or the word DICM. They begin with their first element; what is not that is not
taken for DICOM.
"""

import re
import struct
from collections.abc import Iterator
from io import BytesIO
from pathlib import Path
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from pydicom.dataset import Dataset as Dataset
else:
    # Many signatures name it; pydicom is loaded where a file is read or written.
    Dataset = Any

_PREFIX = b"DICM"
_HEAD_BYTES = 8192
_META, _IDENTIFYING = 0x0002, 0x0008
# SOP class of the file meta information, and of the data set itself.
_CLASSES = ((_META, 0x0002), (_IDENTIFYING, 0x0016))
_LONG_VRS = (b"OB", b"OW", b"OF", b"OD", b"OL", b"SQ", b"UT", b"UC", b"UR", b"UN")
_SHORT_VRS = (
    *(b"AE", b"AS", b"AT", b"CS", b"DA", b"DS", b"DT", b"FD", b"FL", b"IS", b"LO"),
    *(b"LT", b"PN", b"SH", b"SL", b"SS", b"ST", b"TM", b"UI", b"UL", b"US"),
)
_UID = re.compile(rb"[012](\.(0|[1-9]\d*))+[\0 ]?")


def is_dicom_file(path: Path) -> bool:
    """Whether a file is DICOM, with or without its preamble.

    Raises
    ------
    OSError
        It cannot be opened.
    """
    with path.open("rb") as stream:
        head = stream.read(132)
        if head[128:132] == _PREFIX:
            return True
        if _first_element(head) is None:
            return False
        head += stream.read(_HEAD_BYTES)
    return _names_its_class(head[_start(head) :])


def read_file(path: Path, defer_size: int | None = None) -> Dataset:
    """Read a DICOM file, with or without the bytes that should begin it.

    Raises
    ------
    pydicom.errors.InvalidDicomError
        It is no DICOM.
    """
    import pydicom

    try:
        return pydicom.dcmread(path, defer_size=defer_size)
    except pydicom.errors.InvalidDicomError:
        if not is_dicom_file(path):
            raise
    with path.open("rb") as stream:
        if stream.read(len(_PREFIX)) == _PREFIX:
            # What is read from memory cannot be deferred.
            return pydicom.dcmread(BytesIO(stream.read()), force=True)
    return pydicom.dcmread(path, defer_size=defer_size, force=True)


def _start(head: bytes) -> int:
    return len(_PREFIX) if head.startswith(_PREFIX) else 0


def _first_element(head: bytes) -> tuple[int, int] | None:
    """Group and element that a file begins with, where they can begin a data set."""
    rest = head[_start(head) :]
    if len(rest) < 8:
        return None
    group, element = struct.unpack_from("<HH", rest)
    begins = group in (_META, _IDENTIFYING) and element <= 0x0018
    return (group, element) if begins else None


def _names_its_class(data: bytes) -> bool:
    """Whether elements follow each other in order up to a SOP class that is a UID."""
    at, last = 0, (0, -1)
    while at + 8 <= len(data):
        group, element = struct.unpack_from("<HH", data, at)
        if group not in (_META, _IDENTIFYING) or (group, element) <= last:
            return False
        begin, length = _extent(data, at)
        value = data[begin : begin + length]
        if (group, element) in _CLASSES:
            return len(value) == length <= 64 and _UID.fullmatch(value) is not None
        at, last = begin + length, (group, element)
    return False


def _extent(data: bytes, at: int) -> tuple[int, int]:
    """Where an element's value begins, and its length: explicit VR, else implicit."""
    vr = data[at + 4 : at + 6]
    if vr in _SHORT_VRS:
        return at + 8, struct.unpack_from("<H", data, at + 6)[0]
    if vr in _LONG_VRS and at + 12 <= len(data):
        return at + 12, struct.unpack_from("<I", data, at + 8)[0]
    return at + 8, struct.unpack_from("<I", data, at + 4)[0]


def undecoded(dataset: Dataset, tag: int) -> Any:
    """An element's value as it stands in the file, where it is not decoded yet."""
    item = dataset.get_item(tag)
    return None if item is None else item.value


def decoding_faults() -> tuple[type[Exception], ...]:
    """What pydicom raises where a value is not of its kind."""
    from pydicom.errors import BytesLengthException

    return BytesLengthException, ValueError, TypeError, ArithmeticError, LookupError


def undecodable(path: Path) -> str:
    """Name and tag of the first attribute that cannot be decoded, or nothing.

    Looked for only when reading has failed: it decodes the whole header.
    """
    faults: tuple[type[Exception], ...] = (
        *(*decoding_faults(), AttributeError),
        *(OSError, EOFError, RuntimeError),
    )
    try:
        return next(_faulty(read_file(path)), "")
    except faults:
        return ""


def _faulty(dataset: Dataset) -> Iterator[str]:
    from pydicom.datadict import keyword_for_tag

    faults: tuple[type[Exception], ...] = (*decoding_faults(), AttributeError)
    for tag in list(dataset.keys()):
        try:
            element = dataset[tag]
            items = list(element.value) if element.VR == "SQ" else []
        except faults:
            yield f"{keyword_for_tag(tag) or 'attribute'} {tag}"
            continue
        for item in items:
            yield from _faulty(item)
