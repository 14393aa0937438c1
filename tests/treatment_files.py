"""Treatment logs and small studies of one patient, written for tests."""

import json
from datetime import datetime
from functools import cache
from io import BytesIO
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

import pydicom
from pydicom.dataset import Dataset, FileDataset, FileMetaDataset
from pydicom.uid import ExplicitVRLittleEndian, generate_uid

from sirtdose.phantom.request import PhantomRequest
from sirtdose.workflows.phantom import write_phantom

HEADER = "patient_id,date,time,device,administered,residual,residual_at,lung_shunt"
LINE = "MRN-4711,2026-03-02,10:00,resin,2.2 GBq,50 MBq,10:00,5%"
DOSE_REPORT = "1.2.840.10008.5.1.4.1.1.88.68"


def write_log(path: Path, *lines: str, header: str = HEADER) -> Path:
    path.write_text("\n".join([header, *lines]) + "\n", "utf-8")
    return path


@cache
def _phantom() -> dict[str, bytes]:
    with TemporaryDirectory() as folder:
        write_phantom(PhantomRequest(noise=False), Path(folder))
        files = sorted(one for one in Path(folder).rglob("*.dcm"))
        return {one.name: one.read_bytes() for one in files}


def write_scan(
    folder: Path,
    patient: str = "MRN-4711",
    *,
    study: str = "1.2.3.1",
    structures: bool = True,
    injection: dict[str, Any] | None = None,
    **header: Any,
) -> Path:
    """The phantom's SPECT and contours, acquired at 2026-03-03 09:30 +0100.

    Without the slices of the CT, which cost time to read.
    """
    folder.mkdir(parents=True)
    names = ["spect.dcm", *(["structures.dcm"] if structures else [])]
    for name in names:
        found = pydicom.dcmread(BytesIO(_phantom()[name]))
        found.PatientID, found.StudyInstanceUID = patient, study
        for key, value in header.items():
            setattr(found, key, value)
        if injection is not None and name == "spect.dcm":
            found.RadiopharmaceuticalInformationSequence = [_tracer(injection)]
        found.save_as(folder / name)
    return folder


def write_pet(
    folder: Path, nuclide: str, *, day: str = "20260303", study: str = "1.2.3.9"
) -> Path:
    """A PET of three slices whose header names a nuclide."""
    folder.mkdir(parents=True)
    slices = [one for one in _phantom() if one not in ("spect.dcm", "structures.dcm")]
    for number, name in enumerate(slices[:3]):
        found = pydicom.dcmread(BytesIO(_phantom()[name]))
        found.SOPClassUID = "1.2.840.10008.5.1.4.1.1.128"
        found.file_meta.MediaStorageSOPClassUID = found.SOPClassUID
        found.Modality, found.PatientID = "PT", "MRN-4711"
        found.StudyInstanceUID, found.SeriesInstanceUID = study, f"{study}.1"
        found.StudyDate = found.AcquisitionDate = day
        found.AcquisitionTime = "150000"
        found.RadiopharmaceuticalInformationSequence = [
            _tracer({"Radiopharmaceutical": nuclide})
        ]
        found.save_as(folder / f"{number}.dcm")
    return folder


def _tracer(values: dict[str, Any]) -> Dataset:
    item = Dataset()
    for key, value in values.items():
        setattr(item, key, value)
    return item


def administration(
    status: str = "completed", at: str = "2026-03-02T10:00:00+01:00", **change: Any
) -> dict[str, Any]:
    """A MedicationAdministration of FHIR R4, as one of an entry."""
    return {
        "resourceType": "MedicationAdministration",
        "status": status,
        "medicationCodeableConcept": {"text": "Yttrium-90 resin SIR-Spheres"},
        "subject": {"reference": "Patient/p1"},
        "effectiveDateTime": at,
        "dosage": {
            "dose": {
                "value": 2200.0,
                "unit": "MBq",
                "system": "http://unitsofmeasure.org",
                "code": "MBq",
            }
        },
        **change,
    }


PATIENT = {
    "resourceType": "Patient",
    "id": "p1",
    "identifier": [{"system": "urn:mrn", "value": "MRN-4711"}],
    "name": [{"family": "Phantom", "given": ["Digital"]}],
}


def write_bundle(path: Path, *resources: dict[str, Any]) -> Path:
    entries = [{"resource": one} for one in resources]
    whole = {"resourceType": "Bundle", "type": "searchset", "entry": entries}
    path.write_text(json.dumps(whole), "utf-8")
    return path


def _coded(code: str, scheme: str, meaning: str) -> Dataset:
    found = Dataset()
    found.CodeValue, found.CodingSchemeDesignator = code, scheme
    found.CodeMeaning = meaning
    return found


def _item(kind: str, code: tuple[str, str, str]) -> Dataset:
    found = Dataset()
    found.RelationshipType, found.ValueType = "CONTAINS", kind
    found.ConceptNameCodeSequence = [_coded(*code)]
    return found


def activity_item(
    code: str, meaning: str, mbq: float, at: str = "", unit: str = "MBq"
) -> Dataset:
    found = _item("NUM", (code, "DCM", meaning))
    measured = Dataset()
    measured.NumericValue = str(mbq)
    measured.MeasurementUnitsCodeSequence = [_coded(unit, "UCUM", unit)]
    found.MeasuredValueSequence = [measured]
    if at:
        found.ObservationDateTime = at
    return found


def write_dose_report(
    path: Path, *activities: Dataset, at: str = "20260302100000+0100"
) -> Path:
    """A Radiopharmaceutical Radiation Dose SR with one administration (TID 10022)."""
    event = _item("CONTAINER", ("113502", "DCM", "Radiopharmaceutical Administration"))
    agent = _item("CODE", ("349358000", "SCT", "Radiopharmaceutical agent"))
    agent.ConceptCodeSequence = [_coded("764678003", "SCT", "microspheres")]
    nuclide = _item("CODE", ("89457008", "SCT", "Radionuclide"))
    nuclide.RelationshipType = "HAS PROPERTIES"
    nuclide.ConceptCodeSequence = [_coded("14691008", "SCT", "^90^Yttrium")]
    agent.ContentSequence = [nuclide]
    start = ("123003", "DCM", "Radiopharmaceutical Start DateTime")
    started = _item("DATETIME", start)
    started.DateTime = at
    brand = _item("TEXT", ("111529", "DCM", "Brand Name"))
    brand.TextValue = "SIR-Spheres"
    event.ContentSequence = [agent, brand, started, *activities]
    meta = FileMetaDataset()
    meta.MediaStorageSOPClassUID = DOSE_REPORT
    meta.MediaStorageSOPInstanceUID = generate_uid(entropy_srcs=[path.name])
    meta.TransferSyntaxUID = ExplicitVRLittleEndian
    found = FileDataset(None, {}, file_meta=meta, preamble=bytes(128))
    found.SOPClassUID = DOSE_REPORT
    found.SOPInstanceUID = meta.MediaStorageSOPInstanceUID
    found.StudyInstanceUID, found.SeriesInstanceUID = "1.2.3.5", "1.2.3.5.1"
    found.PatientID, found.PatientName = "MRN-4711", "Phantom^Digital"
    found.Modality, found.ValueType, found.CompletionFlag = (
        "SR",
        "CONTAINER",
        "COMPLETE",
    )
    found.ContentSequence = [event]
    found.save_as(path, enforce_file_format=True)
    return path


def moment(text: str) -> datetime:
    return datetime.fromisoformat(text)
