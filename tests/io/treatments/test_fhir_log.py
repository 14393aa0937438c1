"""FHIR R4 MedicationAdministration, as a hospital's server exports it."""

import json
from pathlib import Path
from typing import Any

import pytest

from sirtdose.errors import FileFormatError, InputError
from sirtdose.io.treatments.cells import LogFormat
from sirtdose.io.treatments.fhir import read_fhir_log
from sirtdose.io.treatments.read import read_logs
from sirtdose.model.treatment_record import hidden, hidden_name
from tests.treatment_files import PATIENT, administration, moment, write_bundle


def changed_dose(**change: Any) -> dict[str, Any]:
    one = administration()
    one["dosage"] = {"dose": {**one["dosage"]["dose"], **change}}
    return one


def test_a_bundle_gives_activity_time_and_whose(tmp_path: Path) -> None:
    path = write_bundle(tmp_path / "log.json", PATIENT, administration())
    [one] = read_fhir_log(path, LogFormat()).records
    assert one.patient == hidden("MRN-4711")
    assert one.name == hidden_name("Digital Phantom", "MRN-4711")
    assert one.at == moment("2026-03-02T10:00+01:00")
    assert one.amount("administered") == pytest.approx(2.2)
    assert (one.nuclide, one.text("device")) == ("Y-90", "resin")
    assert one.values["administered"].where.endswith("dosage.dose")


def test_only_what_was_completed_and_is_an_activity(tmp_path: Path) -> None:
    paracetamol = administration(
        dosage={"dose": {"value": 500, "unit": "mg"}},
        medicationCodeableConcept={"text": "Paracetamol"},
    )
    path = write_bundle(
        *(tmp_path / "log.json", PATIENT, administration("entered-in-error")),
        *(administration("not-done"), administration("stopped"), paracetamol),
    )
    log = read_fhir_log(path, LogFormat())
    assert not log.records
    words = ["entered-in-error", "not-done", "stopped", "without an activity"]
    assert [one.split("MedicationAdministration ")[1] for one in log.remarks] == [
        f"{one}: not used" for one in words
    ]


def test_one_resource_a_line_with_a_period_and_a_contained_medication(
    tmp_path: Path,
) -> None:
    one = administration()
    del one["effectiveDateTime"], one["medicationCodeableConcept"]
    one["effectivePeriod"] = {
        "start": "2026-03-02T23:40:00Z",
        "end": "2026-03-02T23:50:00Z",
    }
    one["contained"] = [
        {
            "resourceType": "Medication",
            "id": "m",
            "code": {"text": "Ho-166 QuiremSpheres"},
        }
    ]
    one["medicationReference"] = {"reference": "#m"}
    path = tmp_path / "log.ndjson"
    path.write_text("\n".join(json.dumps(each) for each in (PATIENT, one)))
    [found] = read_logs([path], LogFormat(timezone="Europe/Rome"))[0].records
    # In Rome it is the next day by then.
    assert found.day.isoformat() == "2026-03-03"
    assert found.nuclide == "Ho-166"


def test_a_day_has_no_time(tmp_path: Path) -> None:
    path = write_bundle(tmp_path / "l.json", PATIENT, administration(at="2026-03-02"))
    [one] = read_fhir_log(path, LogFormat()).records
    assert one.at is None
    assert one.day.isoformat() == "2026-03-02"


@pytest.mark.parametrize(
    ("one", "words"),
    [
        (changed_dose(unit="GBq"), "code MBq and the unit GBq"),
        (changed_dose(value="a lot"), "'a lot' is not a number"),
        (administration(at="2026-03"), "without a day"),
        (administration(at="2026-03-02T10:00:00"), "no offset from UTC"),
        (
            administration(medicationCodeableConcept={"text": "Y-90 and Ho-166"}),
            "several nuclides",
        ),
    ],
)
def test_what_is_doubtful_is_said(
    tmp_path: Path, one: dict[str, Any], words: str
) -> None:
    log = read_fhir_log(write_bundle(tmp_path / "l.json", PATIENT, one), LogFormat())
    assert not log.records
    assert words in log.problems[0].said


def test_a_servers_own_id_is_no_patient_id(tmp_path: Path) -> None:
    path = write_bundle(tmp_path / "log.json", administration())
    with pytest.raises(InputError, match="no identifier of its patient") as refused:
        read_fhir_log(path, LogFormat())
    assert "p1" not in str(refused.value)


def test_of_two_identifiers_the_system_says_which(tmp_path: Path) -> None:
    both = [*PATIENT["identifier"], {"system": "urn:tax", "value": "X1"}]
    path = write_bundle(
        tmp_path / "l.json", {**PATIENT, "identifier": both}, administration()
    )
    with pytest.raises(InputError, match="--identifier-system"):
        read_fhir_log(path, LogFormat())
    [one] = read_fhir_log(path, LogFormat(identifiers="urn:mrn")).records
    assert one.patient == hidden("MRN-4711")


@pytest.mark.parametrize("text", ["{", "[]", '{"resourceType": "Patient"}'])
def test_other_files_are_refused(tmp_path: Path, text: str) -> None:
    (tmp_path / "log.json").write_text(text)
    with pytest.raises(FileFormatError):
        read_fhir_log(tmp_path / "log.json", LogFormat())
