"""Doses to a Comprehensive 3D SR: TID 1500, a group of measurements a structure."""

from collections import defaultdict
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from sirtdose import __version__
from sirtdose.data.load import table
from sirtdose.io.dicom.bare import Dataset
from sirtdose.io.dicom.content_items import (
    ACQUIRED,
    MODIFIES,
    OBSERVED,
    PROPERTY,
    code_item,
    coded,
    container,
    dcm,
    number_item,
    reference_item,
    text_item,
    uid_item,
)
from sirtdose.io.dicom.link import attributes_of, result_uid
from sirtdose.io.dicom.report_digest import DIGEST, content_digest
from sirtdose.io.dicom.write import (
    DATES_OF_RESULT,
    TIMES_OF_RESULT,
    file_of,
    item,
    save,
)
from sirtdose.io.dicom.write_structures import coding_scheme
from sirtdose.model.dose_report import FORMAT, DoseReport, Measured, MeasuredGroup
from sirtdose.model.patient_link import PatientLink, Reference
from sirtdose.model.report_codes import (
    Code,
    own_code,
    site_code,
    structure_codes,
)

SOP_CLASS_UID = "1.2.840.10008.5.1.4.1.1.88.34"
_NAME = "sirtdose"
_MODALITIES = {
    "NM": dcm("NM", "Nuclear Medicine"),
    "PT": dcm("PT", "Positron emission tomography"),
    "CT": dcm("CT", "Computed Tomography"),
}
_PROCEDURE = Code("371572003", "SCT", "Nuclear medicine procedure")
REPORT = dcm("126000", "Imaging Measurement Report")
MEASUREMENTS = dcm("126010", "Imaging Measurements")
GROUP = dcm("125007", "Measurement Group")
EVALUATIONS = Code("C0034375", "UMLS", "Qualitative Evaluations")
FINDING = dcm("121071", "Finding")
COMMENT = dcm("121106", "Comment")
DERIVATION = dcm("121401", "Derivation")
METHOD = Code("370129005", "SCT", "Measurement Method")
TRACKING = dcm("112039", "Tracking Identifier")
ALGORITHM = dcm("111001", "Algorithm Name")
ALGORITHM_VERSION = dcm("111003", "Algorithm Version")
PARAMETERS = dcm("111002", "Algorithm Parameters")
ROLE = own_code("ROLE", "Role in the dosimetry")
WRITTEN_AS = own_code("FORMAT", "Format of the content")
METRICS = own_code("METRICS", "Metrics asked for")


@dataclass(frozen=True)
class ReportSources:
    """What a report refers to: images, the SEG of its structures, and its doses."""

    link: PatientLink
    ct: PatientLink | None = None
    segmentation: Reference | None = None
    doses: tuple[Reference, ...] = ()


def write_report(report: DoseReport, path: Path, sources: ReportSources) -> None:
    """Write a structured report; nobody has verified it.

    It is preliminary while a question of its checks is open.
    """
    link = sources.link
    content = [
        *_context(report),
        _library(sources),
        container(MEASUREMENTS, [_group(one, sources) for one in report.groups]),
        _evaluations(report),
    ]
    attributes = attributes_of(link)
    # A report lies in no frame of reference.
    attributes.pop("FrameOfReferenceUID")
    root = item(ContentSequence=content)
    digest = content_digest(root)
    dataset = file_of(
        SOP_CLASS_UID,
        result_uid(link, "sr", digest),
        **attributes,
        Modality="SR",
        SeriesInstanceUID=result_uid(link, "sr series"),
        SeriesNumber=904,
        SeriesDescription="sirtdose doses",
        InstanceNumber=1,
        # The same input must give the same file: not the moment of writing.
        **dict.fromkeys(DATES_OF_RESULT, link.study_date or "19000101"),
        **dict.fromkeys(TIMES_OF_RESULT, link.study_time or "000000"),
        ReferencedPerformedProcedureStepSequence=[],
        PerformedProcedureCodeSequence=[],
        CompletionFlag="COMPLETE",
        VerificationFlag="UNVERIFIED",
        PreliminaryFlag="PRELIMINARY" if report.open_questions else "FINAL",
        CodingSchemeIdentificationSequence=[coding_scheme()],
        **_evidence(sources),
        ValueType="CONTAINER",
        ContinuityOfContent="SEPARATE",
        ConceptNameCodeSequence=[coded(REPORT)],
        ContentTemplateSequence=[
            item(MappingResource="DCMR", TemplateIdentifier="1500")
        ],
        ContentSequence=[*content, text_item(DIGEST, digest)],
    )
    del dataset.PositionReferenceIndicator
    save(dataset, path)


def _context(report: DoseReport) -> list[Dataset]:
    """Language, who observed, what was done, and how to read the rest."""
    english = Code("en-US", "RFC5646", "English (United States)")
    device = {
        dcm("121013", "Device Observer Name"): _NAME,
        dcm("121014", "Device Observer Manufacturer"): _NAME,
        dcm("121015", "Device Observer Model Name"): _NAME,
        dcm("121016", "Device Observer Serial Number"): __version__,
    }
    metrics = [text_item(METRICS, ", ".join(report.metrics))] if report.metrics else []
    language = dcm("121049", "Language of Content Item and Descendants")
    observer = dcm("121005", "Observer Type")
    return [
        code_item(language, english, MODIFIES),
        code_item(observer, dcm("121007", "Device"), OBSERVED),
        uid_item(dcm("121012", "Device Observer UID"), _device_uid(), OBSERVED),
        *(text_item(name, value, OBSERVED) for name, value in device.items()),
        code_item(dcm("121058", "Procedure reported"), _PROCEDURE, MODIFIES),
        text_item(WRITTEN_AS, FORMAT),
        *metrics,
    ]


def _device_uid() -> str:
    """One for each version of the program."""
    from pydicom.uid import generate_uid

    scheme = str(table("report_codes")["scheme"]["uid"])
    return str(generate_uid(entropy_srcs=[scheme, __version__]))


def _library(sources: ReportSources) -> Dataset:
    """TID 1600: the images that doses and structures rest on, by modality."""
    groups: defaultdict[str, list[Reference]] = defaultdict(list)
    for link in (sources.link, sources.ct):
        for one in link.references if link else ():
            groups[one.modality].append(one)
    return container(
        dcm("111028", "Image Library"),
        [
            container(
                dcm("126200", "Image Library Group"),
                [
                    *_modality(modality),
                    *(_image(None, one) for one in references),
                ],
            )
            for modality, references in groups.items()
        ],
        template="1600",
    )


def _modality(modality: str) -> list[Dataset]:
    known = _MODALITIES.get(modality)
    return [code_item(dcm("121139", "Modality"), known, ACQUIRED)] if known else []


def _image(name: Code | None, one: Reference, segments: Iterable[int] = ()) -> Dataset:
    return reference_item(
        "IMAGE",
        name,
        sop_class=one.sop_class_uid,
        sop_uid=one.sop_instance_uid,
        segments=segments,
    )


def _group(group: MeasuredGroup, sources: ReportSources) -> Dataset:
    """TID 1411 of a structure with a region, TID 1501 without one."""
    segmentation = sources.segmentation if group.segments else None
    return container(
        GROUP,
        [
            text_item(TRACKING, group.name, OBSERVED),
            uid_item(
                dcm("112040", "Tracking Unique Identifier"),
                group.tracking_uid,
                OBSERVED,
            ),
            *_what(group),
            *([code_item(METHOD, group.method, MODIFIES)] if group.method else []),
            text_item(ALGORITHM, _NAME, MODIFIES),
            text_item(ALGORITHM_VERSION, __version__, MODIFIES),
            *(text_item(PARAMETERS, one, MODIFIES) for one in group.parameters),
            *_region(group, segmentation, sources.link),
            *_dose(group, sources.doses),
            *(_measurement(one) for one in group.measured),
            code_item(ROLE, own_code(group.role.upper(), group.role.replace("_", " "))),
            *([text_item(COMMENT, group.remark)] if group.remark else []),
        ],
        template="1411" if segmentation else "1501",
    )


def _what(group: MeasuredGroup) -> list[Dataset]:
    """What was found, and where; nothing of a group that is no structure's."""
    if group.role == "treatment":
        return []
    category, kind = structure_codes(group.role)
    site = site_code(group.name, group.role)
    where = Code("363698007", "SCT", "Finding Site")
    return [
        code_item(Code("276214006", "SCT", "Finding category"), category),
        code_item(FINDING, kind),
        *([code_item(where, site, MODIFIES)] if site else []),
    ]


def _region(
    group: MeasuredGroup, segmentation: Reference | None, link: PatientLink
) -> list[Dataset]:
    if segmentation is None:
        return []
    segment = dcm("121191", "Referenced Segment")
    source = dcm("121232", "Source series for segmentation")
    series = dict.fromkeys(one.series_instance_uid for one in link.references)
    return [
        _image(segment, segmentation, group.segments),
        *(uid_item(source, one) for one in series),
    ]


def _dose(group: MeasuredGroup, doses: Sequence[Reference]) -> list[Dataset]:
    """The RTDOSE that the numbers are of."""
    return [
        reference_item(
            "COMPOSITE",
            dcm("121342", "Dose Image"),
            sop_class=one.sop_class_uid,
            sop_uid=one.sop_instance_uid,
        )
        for one in doses
        if one.sop_instance_uid == group.dose_uid
    ]


def _measurement(one: Measured) -> Dataset:
    """TID 300."""
    names = table("report_codes")["properties"]
    derived = (
        [code_item(DERIVATION, one.derivation, MODIFIES)] if one.derivation else []
    )
    known = [
        number_item(Code(*names[name]), text, one.unit, how=PROPERTY)
        for name, text in one.properties.items()
    ]
    return number_item(one.code, one.text, one.unit, children=[*derived, *known])


def _evaluations(report: DoseReport) -> Dataset:
    """What decides, in words: notices first, then each finding with its code."""
    found = []
    for one in report.findings:
        title = str(table("findings").get(one.code, {}).get("title", one.code))
        severity = own_code(one.severity.upper(), one.severity)
        found.append(
            code_item(
                FINDING,
                own_code(one.code, title),
                children=[
                    code_item(own_code("SEVERITY", "Severity"), severity, PROPERTY),
                    text_item(COMMENT, one.message, PROPERTY),
                ],
            )
        )
    facts = [
        text_item(own_code(f"FACT_{number}", heading), text)
        for number, (heading, text) in enumerate(report.facts, start=1)
    ]
    return container(EVALUATIONS, [*facts, *found])


def _evidence(sources: ReportSources) -> dict[str, Any]:
    """All that the content refers to: of this study, and of another where there is."""
    link, ct = sources.link, sources.ct
    made = [*([sources.segmentation] if sources.segmentation else []), *sources.doses]
    beside = ct.references if ct and ct.study_uid == link.study_uid else ()
    found = {
        "CurrentRequestedProcedureEvidenceSequence": [
            _study(link.study_uid, [*link.references, *beside, *made])
        ]
    }
    if ct and ct.study_uid != link.study_uid:
        other = _study(ct.study_uid, ct.references)
        found["PertinentOtherEvidenceSequence"] = [other]
    return found


def _study(study_uid: str, references: Iterable[Reference]) -> Dataset:
    series: defaultdict[str, list[Dataset]] = defaultdict(list)
    for one in references:
        series[one.series_instance_uid].append(
            item(
                ReferencedSOPClassUID=one.sop_class_uid,
                ReferencedSOPInstanceUID=one.sop_instance_uid,
            )
        )
    return item(
        StudyInstanceUID=study_uid,
        ReferencedSeriesSequence=[
            item(SeriesInstanceUID=uid, ReferencedSOPSequence=items)
            for uid, items in series.items()
        ],
    )
