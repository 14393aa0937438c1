"""Results after treatment as FHIR R4: a Bundle of Observations."""

import json
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import partial
from typing import Any
from uuid import NAMESPACE_OID, uuid5

from sirtdose import __version__
from sirtdose.data.load import table
from sirtdose.model.dose_report import DoseReport, Measured, MeasuredGroup
from sirtdose.model.patient_link import PatientLink
from sirtdose.model.report_codes import Code, key_of, quantity_code, site_code
from sirtdose.report.documents import document_text
from sirtdose.report.post.structured import TREATMENT, structured_report

OBSERVATIONS_FILE = "observations.json"
_SYSTEMS = {
    "DCM": "http://dicom.nema.org/resources/ontology/DCM",
    "SCT": "http://snomed.info/sct",
    "UCUM": "http://unitsofmeasure.org",
}
_CATEGORY = "http://terminology.hl7.org/CodeSystem/observation-category"
_UNCERTAIN = "http://hl7.org/fhir/StructureDefinition/iso21090-uncertainty"
_DOSE = ("Gy", "%", "J")
_SAID = ("stop", "ask", "accepted", "warn")
_ABSORBED = Code("128513", "DCM", "Absorbed Dose")


@dataclass(frozen=True)
class Subject:
    """Whom and what observations are of: identifiers alone, empty where not known."""

    patient_id: str = ""
    study_uid: str = ""

    @classmethod
    def of(cls, link: PatientLink | None) -> "Subject":
        """Of a DICOM image; nobody of an image that is none."""
        return cls() if link is None else cls(link.patient_id, link.study_uid)


def observations_text(document: Mapping[str, Any], subject: Subject) -> str:
    """A document of `post` as a Bundle of FHIR R4, as a file holds it.

    Every structure and method has an Observation of the absorbed dose, whose components
    are its numbers, and one each of volume, mass and activity. They are preliminary
    while a question is open. The device and the codes of our own are in the Bundle.
    """
    report = structured_report(document, segments={}, doses={}, tracking=lambda _: "")
    seed = json.dumps(document["doses"], sort_keys=True) + subject.study_uid
    name = partial(_urn, seed)
    common = _common(document, report, subject, device=name("device"))
    used: dict[str, str] = {}
    entries = [_entry(name("device"), _device())]
    for number, group in enumerate(report.groups):
        for what, one in _of_group(group, used):
            entries.append(_entry(name(f"{number} {what}"), {**common, **one}))
    entries.append(_entry(name("codes"), _code_system(used)))
    bundle = {"resourceType": "Bundle", "type": "collection", "entry": entries}
    return document_text(bundle)


def _urn(seed: str, what: str) -> str:
    return uuid5(NAMESPACE_OID, f"{_system()} {seed} {what}").urn


def _entry(url: str, resource: dict[str, Any]) -> dict[str, Any]:
    return {"fullUrl": url, "resource": resource}


def _system() -> str:
    """The URI of our own codes."""
    return f"urn:oid:{table('report_codes')['scheme']['uid']}"


def _common(
    document: Mapping[str, Any], report: DoseReport, subject: Subject, *, device: str
) -> dict[str, Any]:
    """What all observations share."""
    times = document["times"]
    when = times["scan_at"] or times["administered_at"]
    said = [
        f"{one.severity.upper()} {one.code}: {one.message}"
        for one in report.findings
        if one.severity in _SAID
    ]
    facts = [f"{heading}: {text}" for heading, text in report.facts]
    imaging = {"system": _CATEGORY, "code": "imaging", "display": "Imaging"}
    found: dict[str, Any] = {
        "resourceType": "Observation",
        "status": "preliminary" if report.open_questions else "final",
        "category": [{"coding": [imaging]}],
    }
    if subject.patient_id:
        found["subject"] = {
            "type": "Patient",
            "identifier": {"value": subject.patient_id},
        }
    if when:
        found["effectiveDateTime"] = when
    if subject.study_uid:
        uid = {"system": "urn:dicom:uid", "value": f"urn:oid:{subject.study_uid}"}
        found["derivedFrom"] = [{"type": "ImagingStudy", "identifier": uid}]
    found["device"] = {"reference": device}
    found["note"] = [{"text": text} for text in (*facts, *said)]
    return found


def _of_group(
    group: MeasuredGroup, used: dict[str, str]
) -> Iterator[tuple[str, dict[str, Any]]]:
    """The observations of one structure by one method, or of the treatment."""
    together = [
        one
        for one in group.measured
        if one.unit.value in _DOSE or group.role == TREATMENT
    ]
    own = _of_structure(group, used)
    if together:
        # An empty code would say nothing: the treatment has one of our own.
        whole = Code("TREATMENT", "", "Activities of the treatment")
        code = _ABSORBED if group.role != TREATMENT else whole
        yield (
            "dose",
            {
                "code": _concept(_coding(code, used), f"{code.meaning}, {group.name}"),
                **own,
                "component": [
                    {"code": _code_of(one, used), "valueQuantity": _quantity(one)}
                    for one in together
                ],
            },
        )
    for one in (one for one in group.measured if one not in together):
        yield (
            one.code.value,
            {
                "code": _concept(
                    _code_of(one, used)["coding"], f"{one.code.meaning}, {group.name}"
                ),
                **own,
                "valueQuantity": _quantity(one),
            },
        )


def _of_structure(group: MeasuredGroup, used: dict[str, str]) -> dict[str, Any]:
    """Where it is, and by which method."""
    site = site_code(group.name, group.role)
    found: dict[str, Any] = {}
    if group.role != TREATMENT:
        coding = _coding(site, used) if site else []
        found["bodySite"] = _concept(coding, group.name)
    if group.method:
        found["method"] = _concept(_coding(group.method, used), group.method.meaning)
    return found


def _code_of(one: Measured, used: dict[str, str]) -> dict[str, Any]:
    """A quantity in one code: the standard one where there is one, and our own."""
    key = key_of(one.code, one.derivation)
    if one.derivation is None or key is None:
        return _concept(_coding(one.code, used), one.code.meaning)
    meaning = f"{one.code.meaning}, {one.derivation.meaning}"
    coding = _coding(Code(key.upper(), "", meaning), used)
    standard = quantity_code(key).in_one
    return _concept([*(_coding(standard, used) if standard else []), *coding], meaning)


def _concept(coding: Sequence[Mapping[str, str]], text: str) -> dict[str, Any]:
    return {**({"coding": list(coding)} if coding else {}), "text": text}


def _coding(code: Code, used: dict[str, str]) -> list[dict[str, str]]:
    """A code as FHIR has it; those of our own are noted in `used`."""
    system = _SYSTEMS.get(code.scheme)
    if system is None:
        system = _system()
        used[code.value] = code.meaning
    return [{"system": system, "code": code.value, "display": code.meaning}]


def _quantity(one: Measured) -> dict[str, Any]:
    standard = one.properties.get("standard_uncertainty")
    extension = {"url": _UNCERTAIN, "valueDecimal": float(standard or 0)}
    return {
        **({"extension": [extension]} if standard else {}),
        "value": float(one.text),
        "unit": one.unit.value,
        "system": _SYSTEMS["UCUM"],
        "code": one.unit.value,
    }


def _device() -> dict[str, Any]:
    return {
        "resourceType": "Device",
        "status": "active",
        "manufacturer": "sirtdose",
        "deviceName": [{"name": "sirtdose", "type": "manufacturer-name"}],
        "version": [{"value": __version__}],
        "note": [{"text": "Not a medical device"}],
    }


def _code_system(used: Mapping[str, str]) -> dict[str, Any]:
    """The codes of our own that observations use."""
    own = table("report_codes")["scheme"]
    return {
        "resourceType": "CodeSystem",
        "url": _system(),
        "version": own["version"],
        "name": "SirtdoseCodes",
        "title": own["name"],
        "status": "active",
        "publisher": own["organization"],
        "caseSensitive": True,
        "content": "fragment",
        "concept": [
            {"code": code, "display": meaning} for code, meaning in sorted(used.items())
        ],
    }
