"""Which attribute of a DICOM file cannot be decoded."""

from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING

from sirtdose.io.dicom.bare import read_file

if TYPE_CHECKING:
    from pydicom.dataset import Dataset


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


def _faulty(dataset: "Dataset") -> Iterator[str]:
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
