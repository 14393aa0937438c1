"""`sirtdose worklist`: no number reaches another patient, day, injection or unit."""

import json
from collections.abc import Callable
from pathlib import Path

import pytest
from click.testing import Result

from tests.cli.test_worklist import ROME, asked, listed, only
from tests.treatment_files import (
    HEADER,
    LINE,
    PATIENT,
    activity_item,
    administration,
    write_bundle,
    write_dose_report,
    write_log,
    write_scan,
)

Run = Callable[..., Result]
VIALS = (
    "patient_id,date,time,device,administered,residual,residual_at,lung_shunt,"
    "injection,perfused"
)


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """A scan of MRN-4711, of 2026-03-03 09:30 +01:00, without a log."""
    write_scan(tmp_path / "studies" / "a")
    return tmp_path


def test_a_study_uid_of_another_patient_is_asked_about(run: Run, folder: Path) -> None:
    write_log(
        folder / "log.csv",
        LINE.replace("MRN-4711", "OTHER-1") + ",1.2.3.1",
        header=HEADER + ",study_uid",
    )
    document = listed(run, folder)
    assert only(document)["state"] == "contradicts"
    assert ("H01", "ask", "patient id") in asked(document)


def test_two_lines_of_one_day_that_name_two_studies(run: Run, folder: Path) -> None:
    write_scan(folder / "studies" / "b", study="1.2.3.2")
    write_log(
        folder / "log.csv",
        LINE + ",1,right,1.2.3.1",
        LINE.replace("10:00", "11:00") + ",2,left,1.2.3.2",
        header=HEADER + ",injection,perfused,study_uid",
    )
    one = only(listed(run, folder))
    assert one["state"] == "missing"
    assert any("study_uid" in said for said in one["missing"])


def test_the_residual_of_a_net_activity_is_not_subtracted_of_two_vials(
    run: Run, folder: Path
) -> None:
    for number, hour in ((1, 10), (2, 12)):
        write_dose_report(
            folder / f"report{number}.dcm",
            activity_item("113507", "Administered activity", 1000),
            at=f"20260302{hour}0000+0100",
        )
    write_log(
        folder / "log.csv",
        "MRN-4711,2026-03-02,10:00,resin,,50 MBq,10:10,5%,A,liver",
        "MRN-4711,2026-03-02,12:00,resin,,50 MBq,12:10,5%,A,liver",
        header=VIALS,
    )
    logs = (folder / "report1.dcm", "--log", folder / "report2.dcm")
    one = only(
        json.loads(
            run(
                *("worklist", "--from", folder / "studies", "--log", *logs),
                *("--log", folder / "log.csv", *ROME, "--json"),
            ).stdout
        )
    )
    assert one["options"]["residual"]["value"] == "0 GBq"


def test_residuals_of_two_vials_of_a_late_clock_are_not_swapped(
    run: Run, folder: Path
) -> None:
    write_log(
        folder / "log.csv",
        "MRN-4711,2026-03-02,10:00,resin,1.0 GBq,,,5%,R,right",
        "MRN-4711,2026-03-02,10:05,resin,1.2 GBq,,,5%,L,left",
        header=VIALS,
    )
    write_log(
        folder / "residuals.csv",
        "MRN-4711,2026-03-02,10:03,resin,,30 MBq,11:00,",
        "MRN-4711,2026-03-02,10:08,resin,,90 MBq,11:00,",
    )
    words = ("--log", folder / "residuals.csv")
    one = only(listed(run, folder, *words))
    right, left = one["options"]["injection"]["value"].split("|")
    assert right.startswith("R=")
    assert "residual:30 MBq" in right
    assert "residual:90 MBq" in left


def test_a_name_of_an_injection_goes_before_its_time(run: Run, folder: Path) -> None:
    write_log(
        folder / "log.csv",
        "MRN-4711,2026-03-02,10:00,resin,1.0 GBq,,,5%,R,right",
        "MRN-4711,2026-03-02,10:05,resin,1.2 GBq,,,5%,L,left",
        header=VIALS,
    )
    write_log(
        folder / "residuals.csv",
        "MRN-4711,2026-03-02,10:05,resin,,30 MBq,11:00,,R,",
        "MRN-4711,2026-03-02,10:00,resin,,90 MBq,11:00,,L,",
        header=VIALS,
    )
    one = only(listed(run, folder, "--log", folder / "residuals.csv"))
    right, left = one["options"]["injection"]["value"].split("|")
    assert "residual:30 MBq" in right
    assert "residual:90 MBq" in left


def test_an_assay_of_one_log_is_held_against_what_another_gave(
    run: Run, folder: Path
) -> None:
    write_log(folder / "log.csv", LINE)
    write_log(
        folder / "assay.csv",
        "MRN-4711,2026-03-02,10:00,resin,1.5 GBq,2026-03-02T09:30",
        header="patient_id,date,time,device,assay,assay_at",
    )
    document = listed(run, folder, "--log", folder / "assay.csv")
    assert only(document)["state"] == "contradicts"
    assert ("H50", "ask", "activity") in asked(document)


def test_an_assay_of_one_log_gets_its_time_from_another(run: Run, folder: Path) -> None:
    header = "patient_id,date,time,device,assay,assay_at,residual,residual_at"
    line = "MRN-4711,2026-03-02,10:00,resin,2.3 GBq,{},50 MBq,10:10"
    write_log(folder / "log.csv", line.format(""), header=header)
    write_log(folder / "assay.csv", line.format("2026-03-02T08:00"), header=header)
    one = only(listed(run, folder, "--log", folder / "assay.csv"))
    assert one["state"] == "ready"
    assert one["options"]["assay_at"]["value"] == "2026-03-02T08:00:00+01:00"


def test_vials_of_one_injection_that_perfused_two_structures(
    run: Run, folder: Path
) -> None:
    write_log(
        folder / "log.csv",
        "MRN-4711,2026-03-02,10:00,resin,1.0 GBq,0 GBq,,5%,A,right",
        "MRN-4711,2026-03-02,10:05,resin,1.2 GBq,0 GBq,,5%,A,left",
        header=VIALS,
    )
    one = only(listed(run, folder))
    assert one["state"] == "missing"
    assert any("perfused" in said for said in one["missing"])


def test_an_injection_called_by_its_number_is_not_that_without_a_name(
    run: Run, folder: Path
) -> None:
    write_log(
        folder / "log.csv",
        "MRN-4711,2026-03-02,10:00,resin,1.0 GBq,0 GBq,,5%,#1,right",
        "MRN-4711,2026-03-02,10:05,resin,1.2 GBq,0 GBq,,5%,,left",
        header=VIALS,
    )
    one = only(listed(run, folder))
    assert one["options"]["injection"]["value"].count("activity:") == 2


@pytest.mark.parametrize(
    ("activity", "device"), [("1000 MBq", "resin"), ("1.0 GBq", "SIR-Spheres")]
)
def test_a_line_twice_in_another_unit_is_twice(
    run: Run, folder: Path, activity: str, device: str
) -> None:
    write_log(
        folder / "log.csv",
        "MRN-4711,2026-03-02,10:00,resin,1.0 GBq,0 GBq,,5%,A,right",
        f"MRN-4711,2026-03-02,10:00,{device},{activity},0 GBq,,5%,A,right",
        header=VIALS,
    )
    one = only(listed(run, folder))
    assert one["state"] == "missing"
    assert any("is the same as line 2" in said for said in one["missing"])


@pytest.mark.parametrize("header", ["residual (uCi)", "residual (\u00b5Ci)"])
def test_a_microcurie_in_a_header_is_no_curie(
    run: Run, folder: Path, header: str
) -> None:
    write_log(
        folder / "log.csv",
        "MRN-4711,2026-03-02,10:00,resin,2.2 GBq,0.01,10:10,5%",
        header=HEADER.replace("residual,", header + ","),
    )
    words = ("--column", f"residual={header}")
    done = run(
        *("worklist", "--from", folder / "studies", "--log", folder / "log.csv"),
        *(*ROME, *words, "--json"),
    )
    assert "0.01 Ci" not in done.stdout


def test_a_time_in_utc_is_of_the_day_of_the_hospital(run: Run, folder: Path) -> None:
    write_log(
        folder / "log.csv",
        "MRN-4711,2026-03-02T23:30:00Z,resin,2.2 GBq,0 GBq,5%",
        header="patient_id,administered_at,device,administered,residual,lung_shunt",
    )
    one = only(listed(run, folder))
    assert one["day"] == "2026-03-03"
    assert one["options"]["administered_at"]["value"] == "2026-03-03T00:30:00+01:00"


def test_a_clock_of_twelve_hours_is_not_read_as_morning(run: Run, folder: Path) -> None:
    write_log(folder / "log.csv", LINE.replace("10:00,resin", "01:30 PM,resin"))
    document = listed(run, folder)
    assert not document["treatments"]
    assert "is not a time" in document["unread_lines"][0]


@pytest.mark.parametrize(
    ("day", "clock"), [("2026-03-29", "02:30"), ("2026-10-25", "02:30")]
)
def test_an_hour_that_summer_time_skips_or_repeats_is_refused(
    run: Run, folder: Path, day: str, clock: str
) -> None:
    write_log(
        folder / "log.csv",
        LINE.replace("2026-03-02,10:00", f"{day},{clock}", 1),
    )
    assert len(listed(run, folder)["unread_lines"]) == 1


def _dose(**change: object) -> dict[str, object]:
    dose = administration()["dosage"]["dose"]
    return {"dosage": {"dose": {**dose, **change}}}


def test_the_same_resource_twice_in_a_bundle_is_one(run: Run, folder: Path) -> None:
    one = administration(id="a1")
    write_bundle(folder / "log.json", one, one, PATIENT)
    found = only(listed(run, folder, "--without", "residual", log=folder / "log.json"))
    assert len(found["records"]) == 1
    assert found["options"]["administered"]["value"] == "2200.0 MBq"


def test_of_two_versions_of_a_resource_the_later_holds(run: Run, folder: Path) -> None:
    old = administration(id="a1", meta={"versionId": "9"})
    new = administration(id="a1", meta={"versionId": "10"}, **_dose(value=1500))
    write_bundle(folder / "log.json", new, old, PATIENT)
    found = only(listed(run, folder, "--without", "residual", log=folder / "log.json"))
    assert found["options"]["administered"]["value"] == "1500 MBq"


def test_a_resource_entered_in_error_later_is_not_used(run: Run, folder: Path) -> None:
    old = administration(id="a1", meta={"lastUpdated": "2026-03-02T11:00:00+01:00"})
    new = administration(
        "entered-in-error", id="a1", meta={"lastUpdated": "2026-03-02T10:30:00Z"}
    )
    write_bundle(folder / "log.json", new, old, PATIENT)
    document = listed(run, folder, log=folder / "log.json")
    assert not document["treatments"]
    assert any("entered-in-error" in one for one in document["remarks"])


def test_two_contents_of_one_resource_without_versions_are_refused(
    run: Run, folder: Path
) -> None:
    old, new = administration(id="a1"), administration(id="a1", **_dose(value=1500))
    write_bundle(folder / "log.json", new, old, PATIENT)
    done = run(
        *("worklist", "--from", folder / "studies", "--log", folder / "log.json"),
        *ROME,
    )
    assert done.exit_code != 0
    assert "a1" not in done.stderr.replace("log", "")
    assert "two versions" in done.stderr


def test_a_reference_by_the_full_url_of_its_entry(run: Run, folder: Path) -> None:
    url = "urn:uuid:88f151c0-a954-468a-88bd-5ae15c08e059"
    entries = [
        {"fullUrl": url, "resource": {k: v for k, v in PATIENT.items() if k != "id"}},
        {"resource": administration(subject={"reference": url})},
    ]
    whole = {"resourceType": "Bundle", "type": "collection", "entry": entries}
    (folder / "log.json").write_text(json.dumps(whole), "utf-8")
    found = only(listed(run, folder, "--without", "residual", log=folder / "log.json"))
    assert found["state"] == "ready"


@pytest.mark.parametrize(
    "change",
    [
        _dose(unit="megabecquerel", code="MBQ"),
        _dose(unit="mCi", code="MCI", value=30),
        _dose(unit="vial", code="{vial}", value=1),
        {"dosage": {}},
    ],
)
def test_microspheres_in_words_for_a_unit_are_not_passed_over(
    run: Run, folder: Path, change: dict[str, object]
) -> None:
    other = administration(at="2026-03-02T10:30:00+01:00", **change)
    write_bundle(folder / "log.json", administration(), other, PATIENT)
    found = only(listed(run, folder, "--without", "residual", log=folder / "log.json"))
    assert found["state"] == "missing"
    assert any("log.json, MedicationAdministration 2" in it for it in found["missing"])


@pytest.mark.parametrize(
    ("dose", "said"),
    [
        ({"value": 60, "unit": "mCi", "code": "mCi"}, "60 mCi"),
        ({"value": 2200, "unit": None, "code": "MBq"}, "2200 MBq"),
    ],
)
def test_millicuries_and_a_unit_in_the_code_alone(
    run: Run, folder: Path, dose: dict[str, object], said: str
) -> None:
    write_bundle(folder / "log.json", administration(**_dose(**dose)), PATIENT)
    found = only(listed(run, folder, "--without", "residual", log=folder / "log.json"))
    assert found["options"]["administered"]["value"] == said


def test_a_day_of_no_calendar_in_fhir_is_said(run: Run, folder: Path) -> None:
    write_bundle(folder / "log.json", administration(at="2026-02-30"), PATIENT)
    document = listed(run, folder, log=folder / "log.json")
    assert "2026-02-30" in document["unread_lines"][0]


def test_a_residual_before_its_injection_is_not_ready(run: Run, folder: Path) -> None:
    write_log(folder / "log.csv", LINE.replace("50 MBq,10:00", "50 MBq,02:10"))
    document = listed(run, folder)
    assert ("H09", "stop", "residual time") in asked(document)
