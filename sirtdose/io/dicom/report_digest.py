"""A digest of a structured report's content, by which a change is known.

UIDs do not enter: an archive, or whoever removes names, may replace them all.
"""

import json
from collections.abc import Iterator
from decimal import Decimal
from hashlib import sha256
from typing import Any

from sirtdose.io.dicom.bare import Dataset
from sirtdose.model.report_codes import own_code

DIGEST = own_code("DIGEST", "SHA-256 of the content")


def content_digest(root: Dataset) -> str:
    """The digest of all below a root but the digest itself."""
    told = list(_told(root, 0))
    return sha256(json.dumps(told, ensure_ascii=False).encode()).hexdigest()


def code_value(one: Dataset) -> str:
    """A code's value, short or long."""
    return str(one.get("CodeValue") or one.get("LongCodeValue") or "").strip()


def code_pair(one: Dataset, keyword: str) -> tuple[str, str]:
    """Value and scheme of the code in a sequence; both empty where there is none."""
    codes = one.get(keyword) or ()
    if not codes:
        return "", ""
    scheme = str(codes[0].get("CodingSchemeDesignator", "") or "").strip()
    return code_value(codes[0]), scheme


def _told(root: Dataset, depth: int) -> Iterator[list[Any]]:
    for one in root.get("ContentSequence") or ():
        name = code_pair(one, "ConceptNameCodeSequence")
        if name == DIGEST.identity:
            continue
        yield [
            depth,
            str(one.get("ValueType", "")),
            str(one.get("RelationshipType", "")),
            *name,
            *_value(one),
        ]
        yield from _told(one, depth + 1)


def _value(one: Dataset) -> Iterator[Any]:
    yield str(one.get("TextValue", "") or "").strip()
    yield from code_pair(one, "ConceptCodeSequence")
    for value in one.get("MeasuredValueSequence") or ():
        number = Decimal(str(value.NumericValue).strip()).normalize()
        yield str(number)
        yield from code_pair(value, "MeasurementUnitsCodeSequence")
    for referenced in one.get("ReferencedSOPSequence") or ():
        yield str(referenced.get("ReferencedSOPClassUID", ""))
        numbers = referenced.get("ReferencedSegmentNumber")
        several = isinstance(numbers, (list, tuple)) or hasattr(numbers, "__iter__")
        yield [int(x) for x in numbers] if several else [numbers and int(numbers)]
