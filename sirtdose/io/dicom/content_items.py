"""Content items of structured reports (DICOM PS3.3, C.17.3)."""

from collections.abc import Iterable
from typing import Any

from sirtdose.io.dicom.bare import Dataset
from sirtdose.io.dicom.write import item
from sirtdose.model.report_codes import Code

CONTAINS, MODIFIES = "CONTAINS", "HAS CONCEPT MOD"
OBSERVED, PROPERTY = "HAS OBS CONTEXT", "HAS PROPERTIES"
ACQUIRED = "HAS ACQ CONTEXT"
_SHORT = 16


def dcm(value: str, meaning: str) -> Code:
    """A code of DICOM's own scheme."""
    return Code(value, "DCM", meaning)


def coded(code: Code) -> Dataset:
    """A code as the item of a sequence."""
    keyword = "CodeValue" if len(code.value) <= _SHORT else "LongCodeValue"
    return item(
        **{keyword: code.value},
        CodingSchemeDesignator=code.scheme,
        CodeMeaning=code.meaning[:64],
    )


def container(
    name: Code, children: Iterable[Dataset], *, template: str = ""
) -> Dataset:
    """A heading with what stands below it."""
    made = _named("CONTAINER", name, CONTAINS, children, ContinuityOfContent="SEPARATE")
    if template:
        made.ContentTemplateSequence = [
            item(MappingResource="DCMR", TemplateIdentifier=template)
        ]
    return made


def code_item(
    name: Code, value: Code, how: str = CONTAINS, children: Iterable[Dataset] = ()
) -> Dataset:
    """A concept with a coded value."""
    return _named("CODE", name, how, children, ConceptCodeSequence=[coded(value)])


def text_item(name: Code, value: str, how: str = CONTAINS) -> Dataset:
    """A concept with a text."""
    return _named("TEXT", name, how, TextValue=value)


def uid_item(name: Code, value: str, how: str = CONTAINS) -> Dataset:
    """A concept with a UID."""
    return _named("UIDREF", name, how, UID=value)


def number_item(
    name: Code,
    text: str,
    unit: Code,
    *,
    how: str = CONTAINS,
    children: Iterable[Dataset] = (),
) -> Dataset:
    """A concept with a number, as text, and its unit."""
    value = item(NumericValue=text, MeasurementUnitsCodeSequence=[coded(unit)])
    return _named("NUM", name, how, children, MeasuredValueSequence=[value])


def reference_item(
    kind: str,
    name: Code | None,
    *,
    sop_class: str,
    sop_uid: str,
    segments: Iterable[int] = (),
) -> Dataset:
    """A reference to an IMAGE, or to another COMPOSITE object."""
    numbers = list(segments)
    referenced = item(
        ReferencedSOPClassUID=sop_class,
        ReferencedSOPInstanceUID=sop_uid,
        **({"ReferencedSegmentNumber": numbers} if numbers else {}),
    )
    return _named(kind, name, CONTAINS, ReferencedSOPSequence=[referenced])


def _named(
    kind: str,
    name: Code | None,
    how: str,
    children: Iterable[Dataset] = (),
    **attributes: Any,
) -> Dataset:
    below = list(children)
    return item(
        RelationshipType=how,
        ValueType=kind,
        **({"ConceptNameCodeSequence": [coded(name)]} if name else {}),
        **attributes,
        **({"ContentSequence": below} if below else {}),
    )
