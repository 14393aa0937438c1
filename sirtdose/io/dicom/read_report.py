"""Read a structured report of measurements (TID 1500): ours, or another maker's."""

import warnings
from collections.abc import Iterator
from decimal import Decimal, InvalidOperation
from functools import cache
from math import isfinite
from pathlib import Path

from sirtdose.data.load import table
from sirtdose.errors import FileFormatError
from sirtdose.io.dicom import write_report as own
from sirtdose.io.dicom.bare import Dataset
from sirtdose.io.dicom.header import read_dataset, reading_dicom
from sirtdose.io.dicom.report_digest import (
    DIGEST,
    code_pair,
    code_value,
    content_digest,
)
from sirtdose.model.bounds import printable
from sirtdose.model.dose_report import (
    FORMAT,
    DoseReport,
    Measured,
    MeasuredGroup,
    Said,
)
from sirtdose.model.report_codes import Code

# Of the classes that may hold TID 1500: enhanced, comprehensive, comprehensive 3D.
SOP_CLASS_UIDS = tuple(f"1.2.840.10008.5.1.4.1.1.88.{one}" for one in (22, 33, 34))
_OURS = "99SIRTDOSE"
_AGAIN = "write it again with `sirtdose post`, or take it from the archive again"


class OtherReport(FileFormatError):
    """A structured report, or another object, that holds no measurement groups."""


def read_report(path: Path) -> DoseReport:
    """Read a report; one of ours is refused unless its content is as it was written.

    Of another maker's TID 1500 the measurement groups are read: what is measured of
    what, with unit and method.

    Raises
    ------
    OtherReport
        No structured report, or not one of measurements.
    FileFormatError
        Damaged, cut off, of a later format, or changed since it was written.
    """
    with reading_dicom(path):
        dataset = read_dataset(path)
        sop_class = str(dataset.get("SOPClassUID", ""))
        if not sop_class:
            # Cut off at its beginning: no other object, but one that is damaged.
            raise FileFormatError(
                f"{printable(path.name)} has no SOPClassUID (0008,0016): it is cut off "
                "or damaged; take it from the archive again"
            )
        if sop_class not in SOP_CLASS_UIDS:
            raise OtherReport(
                f"{printable(path.name)} is no structured report of measurements: "
                f"{_kind_of(dataset)}; give dose_report.dcm, which `sirtdose post` "
                "writes"
            )
        if _name(dataset) != own.REPORT.identity:
            title = _meaning(dataset, "ConceptNameCodeSequence") or "none"
            raise OtherReport(
                f"{printable(path.name)} is a structured report, but not of "
                f"measurements (TID 1500): its title is {printable(title)}"
            )
        written_as = _text(dataset, own.WRITTEN_AS)
        if written_as or _declares_ours(dataset):
            _require_unchanged(dataset, written_as, printable(path.name))
        return _report(dataset, ours=bool(written_as))


def is_report(path: Path) -> bool:
    """Whether a file says that it is of a class that may hold such a report.

    A damaged file that says so in its first bytes is one too: its reader refuses it.
    """
    from pydicom.errors import InvalidDicomError
    from pydicom.filereader import read_file_meta_info

    try:
        # What pydicom warns of quotes the header, with whom it is of.
        with warnings.catch_warnings(action="ignore"):
            meta = read_file_meta_info(path)
            told = str(meta.get("MediaStorageSOPClassUID", ""))
    except (InvalidDicomError, OSError, ValueError, EOFError, KeyError):
        return False
    return told in SOP_CLASS_UIDS


def _kind_of(dataset: Dataset) -> str:
    from pydicom.uid import UID

    return f"it is {UID(str(dataset.SOPClassUID)).name}"


def _declares_ours(dataset: Dataset) -> bool:
    """Whether its codes are of our scheme: a report of ours that lost its content."""
    declared = dataset.get("CodingSchemeIdentificationSequence") or ()
    schemes = [str(one.get("CodingSchemeDesignator", "")) for one in declared]
    return _OURS in schemes and str(dataset.get("Manufacturer", "")) == "sirtdose"


def _require_unchanged(dataset: Dataset, written_as: str, name: str) -> None:
    if written_as and written_as != FORMAT:
        raise FileFormatError(
            f"{name} has the format {printable(written_as)}; this version of sirtdose "
            f"reads {FORMAT}: read it with the version that wrote it"
        )
    told = _text(dataset, DIGEST)
    if not written_as or not told:
        raise FileFormatError(
            f"{name} is a report of sirtdose, but part of its content is missing: "
            f"{_AGAIN}"
        )
    try:
        now = content_digest(dataset)
    except (InvalidOperation, AttributeError):
        now = ""
    if now != told:
        raise FileFormatError(
            f"{name} was changed since sirtdose wrote it: its content does not match "
            f"its digest (H31). Do not use its numbers: {_AGAIN}"
        )


def _report(dataset: Dataset, *, ours: bool) -> DoseReport:
    groups = tuple(
        _group(one)
        for each in _below(dataset, own.MEASUREMENTS)
        for one in _below(each, own.GROUP)
    )
    evaluations = list(_below(dataset, own.EVALUATIONS))
    version = dataset.get("SoftwareVersions") or ""
    metrics = _text(dataset, own.METRICS)
    return DoseReport(
        groups,
        made_by=str(dataset.get("Manufacturer", "") or ""),
        version=version if isinstance(version, str) else ", ".join(version),
        metrics=tuple(metrics.split(", ")) if metrics else (),
        facts=tuple(
            (_meaning(one, "ConceptNameCodeSequence"), str(one.TextValue))
            for each in evaluations
            for one in each.get("ContentSequence") or ()
            if one.get("ValueType") == "TEXT"
        ),
        findings=tuple(
            _said(one) for each in evaluations for one in _below(each, own.FINDING)
        )
        if ours
        else (),
        own=ours,
        uid=str(dataset.get("SOPInstanceUID", "")),
    )


def _group(one: Dataset) -> MeasuredGroup:
    finding = next(iter(_below(one, own.FINDING)), None)
    role = next(iter(_below(one, own.ROLE)), None)
    method = next(iter(_below(one, own.METHOD)), None)
    kind = "" if finding is None else _meaning(finding, "ConceptCodeSequence")
    return MeasuredGroup(
        printable(_text(one, own.TRACKING) or kind),
        kind if role is None else code_value(role.ConceptCodeSequence[0]).lower(),
        None if method is None else _code(method, "ConceptCodeSequence"),
        tuple(_measured(one)),
        parameters=tuple(
            str(each.get("TextValue", "")) for each in _below(one, own.PARAMETERS)
        ),
        remark=_text(one, own.COMMENT),
    )


def _measured(group: Dataset) -> Iterator[Measured]:
    """Numbers that have a value."""
    names = {
        (code[0], code[1]): name
        for name, code in table("report_codes")["properties"].items()
    }
    for one in group.get("ContentSequence") or ():
        values = one.get("MeasuredValueSequence") or ()
        code = _code(one, "ConceptNameCodeSequence")
        if one.get("ValueType") != "NUM" or not values or code is None:
            continue
        derived = next(iter(_below(one, own.DERIVATION)), None)
        yield Measured(
            code,
            _number(values[0]),
            _code(values[0], "MeasurementUnitsCodeSequence")
            or Code("1", "UCUM", "no units"),
            None if derived is None else _code(derived, "ConceptCodeSequence"),
            {
                names[_name(each)]: _number(each.MeasuredValueSequence[0])
                for each in one.get("ContentSequence") or ()
                if _name(each) in names
            },
        )


def _number(value: Dataset) -> str:
    """The digits as they stand there.

    Raises
    ------
    FileFormatError
        No number.
    """
    text = str(value.NumericValue).strip()
    try:
        finite = Decimal(text).is_finite() and isfinite(float(text))
    except (InvalidOperation, ValueError):
        finite = False
    if not finite:
        raise FileFormatError(
            f"a measurement has the value '{printable(text)}', which is no number"
        )
    return text


def _said(one: Dataset) -> Said:
    severity = next(
        (
            code_value(each.ConceptCodeSequence[0]).lower()
            for each in one.get("ContentSequence") or ()
            if each.get("ValueType") == "CODE"
        ),
        "",
    )
    code = code_value(one.ConceptCodeSequence[0])
    return Said(code, severity, _text(one, own.COMMENT))


def _below(one: Dataset, name: Code) -> Iterator[Dataset]:
    """The items directly below one that bear a name."""
    for each in one.get("ContentSequence") or ():
        if _name(each) == name.identity:
            yield each


def _name(one: Dataset) -> tuple[str, str]:
    return code_pair(one, "ConceptNameCodeSequence")


def _text(one: Dataset, name: Code) -> str:
    found = next(iter(_below(one, name)), None)
    return "" if found is None else str(found.get("TextValue", "") or "").strip()


def _code(one: Dataset, keyword: str) -> Code | None:
    pair = code_pair(one, keyword)
    return _shared(*pair, printable(_meaning(one, keyword))) if pair[0] else None


@cache
def _shared(value: str, scheme: str, meaning: str) -> Code:
    """One and the same code for all numbers that have it: reports have thousands."""
    return Code(value, scheme, meaning)


def _meaning(one: Dataset, keyword: str) -> str:
    codes = one.get(keyword) or ()
    return str(codes[0].get("CodeMeaning", "") or "") if codes else ""
