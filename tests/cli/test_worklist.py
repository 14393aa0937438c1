"""`sirtdose worklist`: what is ready, what is missing, and what contradicts."""

import csv
import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from click.testing import Result

from tests.treatment_files import (
    HEADER,
    LINE,
    PATIENT,
    activity_item,
    administration,
    write_bundle,
    write_dose_report,
    write_log,
    write_pet,
    write_scan,
)

Run = Callable[..., Result]
ROME = ("--timezone", "Europe/Rome")
# 12:30 of the day before the phantom's scan, in a header's own words.
TRACER = {
    "Radiopharmaceutical": "Y-90 microspheres",
    "RadionuclideTotalDose": "2200",
    "RadiopharmaceuticalStartDateTime": "20260302100000+0100",
}


def listed(run: Run, folder: Path, *words: object, log: object = None) -> Any:
    """The document of the studies and the log in a folder."""
    given = log if log is not None else folder / "log.csv"
    done = run(
        *("worklist", "--from", folder / "studies", "--log", given, *ROME),
        *(*words, "--json"),
    )
    assert done.exit_code == 0, done.stderr
    return json.loads(done.stdout)


def only(document: Any) -> Any:
    [one] = document["treatments"]
    return one


def asked(document: Any) -> list[tuple[str, str, str]]:
    """Code, severity, and what it is about."""
    return [
        (one["code"], one["severity"], one["subject"].partition(" ")[2])
        for one in document["warnings"]
    ]


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """One treatment and its scan, which agree."""
    write_log(tmp_path / "log.csv", LINE)
    write_scan(tmp_path / "studies" / "a", injection=TRACER)
    return tmp_path


def test_ready_and_the_batch_gives_the_doses_of_post(run: Run, folder: Path) -> None:
    out, doses = folder / "worklist", folder / "doses"
    words = ("--from", folder / "studies", "--log", folder / "log.csv", *ROME)
    done = run("worklist", *words, "--out", out)
    assert done.exit_code == 0, done.stderr
    assert "1 treatment: 1 ready" in done.stderr
    assert "NM 2026-03-03, no CT" in done.stderr
    assert f"sirtdose batch {out / 'manifest.csv'}" in done.stderr
    with (out / "manifest.csv").open(encoding="utf-8", newline="") as stream:
        [row] = csv.DictReader(stream)
    common = ("--calibrate-over", "fov", "--no-dicom")
    done = run("batch", out / "manifest.csv", "--out", doses, "--jobs", "1", *common)
    assert done.exit_code == 0, done.stderr
    done = run(
        *("post", folder / "studies" / "a", "--administered", "2.2GBq"),
        *("--administered-at", "2026-03-02T10:00+01:00", "--residual", "0.05GBq"),
        *("--residual-at", "2026-03-02T09:00Z", "--lung-shunt", "0.05"),
        *("--device", "resin", *common, "--out", folder / "hand"),
    )
    assert done.exit_code == 0, done.stderr
    by_hand = (folder / "hand" / "structures.csv").read_text()
    assert (doses / row["case_id"] / "structures.csv").read_text() == by_hand
    assert by_hand.count("\n") > 5


def test_each_number_says_where_it_is_from(run: Run, folder: Path) -> None:
    one = only(listed(run, folder))
    assert one["options"]["residual"] == {
        "value": "50 MBq",
        "from": ["log.csv, line 2, column residual"],
    }
    assert all(each["from"] for each in one["options"].values())


def test_nothing_of_a_patient_is_shown_unless_asked(run: Run, folder: Path) -> None:
    write_log(
        *(folder / "log.csv", LINE + ",Digital Phantom,7", "XY-99" + LINE[8:] + ",,"),
        header=HEADER + ",patient_name,ward",
    )
    words = ("--from", folder / "studies", "--log", folder / "log.csv", *ROME)
    done = run("worklist", *words, "--out", folder / "w", "-v", "--json")
    assert done.exit_code == 0, done.stderr
    kept = (folder / "w" / "worklist.json").read_text()
    for text in (done.output, done.stderr, kept):
        for private in ("4711", "XY-99", "PHANTOM", "Phantom", "1.2.3.1", "studies/a"):
            assert private not in text
    assert "column 'ward': if you need it" in done.stderr
    done = run("worklist", *words, "--show-patients")
    assert "MRN-4711" in done.stderr


@pytest.mark.parametrize(
    ("old", "new", "words"),
    [
        ("50 MBq,10:00", ",", "residual (0 GBq if nothing was left)"),
        ("50 MBq,10:00", "50 MBq,", "time that the residual was measured"),
        ("2.2 GBq", "", "activity (administered, or assay and assay_at)"),
        (",10:00,resin", ",,resin", "time of the administration"),
        ("resin", "", "nuclide or device"),
        (
            "2026-03-02",
            "2026-02-20",
            "no Y-90 scan within 2 days; one of this patient is 11",
        ),
        ("MRN-4711", "XRN-4711", "study: no Y-90 scan within 2 days"),
    ],
)
def test_what_is_missing_keeps_it_out_of_the_manifest(
    run: Run, folder: Path, old: str, new: str, words: str
) -> None:
    write_log(folder / "log.csv", LINE.replace(old, new, 1))
    document = listed(run, folder, "--out", folder / "w")
    one = only(document)
    assert one["state"] == "missing"
    assert any(words in said for said in one["missing"]), one["missing"]
    assert not (folder / "w" / "manifest.csv").exists()


def test_zeros_that_a_spreadsheet_took_are_told(run: Run, tmp_path: Path) -> None:
    write_log(tmp_path / "log.csv", LINE.replace("MRN-4711", "4711"))
    write_scan(tmp_path / "studies" / "a", "004711")
    [said] = only(listed(run, tmp_path))["missing"]
    assert "differs only by zeros in front" in said


def test_structures_may_be_missing_by_word(run: Run, tmp_path: Path) -> None:
    write_log(tmp_path / "log.csv", LINE)
    write_scan(tmp_path / "studies" / "a", structures=False)
    lacks = only(listed(run, tmp_path))["missing"]
    assert lacks == ["structures: the study's folder has none"]
    ready = listed(run, tmp_path, "--without", "structures")
    assert only(ready)["state"] == "ready"


def test_a_study_without_a_treatment_and_one_that_is_only_listed(
    run: Run, folder: Path
) -> None:
    write_scan(folder / "studies" / "b", "B-1", study="1.2.3.2", injection=TRACER)
    done = run(
        *("worklist", "--from", folder / "studies", "--log", folder / "log.csv"),
        *(*ROME, "--json"),
    )
    [other] = json.loads(done.stdout)["studies_without_treatment"]
    assert (other["day"], other["modality"]) == ("2026-03-03", "NM")
    assert f"study {other['study']}: NM Y-90 2026-03-03" in done.stderr
    (folder / "list.csv").write_text(
        "study_instance_uid,patient_id,date,modalities\n1.2.9,MRN-4711,2026-03-02,CT|PT\n"
    )
    done = run(
        *("worklist", "--from", folder / "list.csv", "--log", folder / "log.csv"),
        *(*ROME, "--json"),
    )
    one = only(json.loads(done.stdout))
    assert one["missing"] == ["files of the study: get them with `sirtdose fetch`"]


@pytest.mark.parametrize(
    ("header", "found"),
    [
        ({"RadionuclideTotalDose": "2.2"}, ("H05", "ask", "activity")),
        ({"RadionuclideTotalDose": "1500"}, ("H50", "ask", "activity")),
        (
            {"RadiopharmaceuticalStartDateTime": "20260302110000+0100"},
            ("H09", "ask", "injection time"),
        ),
    ],
)
def test_a_header_that_contradicts_is_a_question(
    run: Run, tmp_path: Path, header: dict[str, str], found: tuple[str, str, str]
) -> None:
    write_log(tmp_path / "log.csv", LINE)
    write_scan(tmp_path / "studies" / "a", injection={**TRACER, **header})
    document = listed(run, tmp_path)
    assert asked(document) == [found]
    one = only(document)
    assert one["state"] == "contradicts"
    typed = f"{found[0]}:{one['key']} {found[2]}"
    answer = ("--accept", typed, "--reason", "seen in the chart")
    refused = run(
        *("worklist", "--from", tmp_path / "studies", "--log", tmp_path / "log.csv"),
        *(*ROME, *answer),
    )
    assert (refused.exit_code, "--by NAME" in refused.stderr) == (2, True)
    ready = listed(run, tmp_path, *answer, "--by", "A. Physicist")
    assert only(ready)["state"] == "ready"
    assert ready["accepted"][0]["by"] == "A. Physicist"


@pytest.mark.parametrize(
    ("line", "found"),
    [
        (LINE.replace("50 MBq", "2.3 GBq"), ("H08", "stop", "residual")),
        (
            LINE.replace("2026-03-02,10:00", "2026-03-03,10:00").replace(
                "10:00,5%", "11:00,5%"
            ),
            ("H09", "stop", "time"),
        ),
        (LINE.replace("2.2 GBq", "60 GBq"), ("H05", "ask", "size")),
    ],
)
def test_a_log_that_cannot_be_right(
    run: Run, tmp_path: Path, line: str, found: tuple[str, str, str]
) -> None:
    write_log(tmp_path / "log.csv", line)
    write_scan(
        tmp_path / "studies" / "a",
        injection={"Radionuclide": "Y-90"} and {"Radiopharmaceutical": "Y-90"},
    )
    document = listed(run, tmp_path)
    assert found in asked(document)
    assert only(document)["state"] == "contradicts"


def test_a_device_of_another_nuclide_stops(run: Run, folder: Path) -> None:
    write_log(folder / "log.csv", LINE + ",Ho-166", header=HEADER + ",nuclide")
    document = listed(run, folder)
    assert ("H11", "stop", "nuclide") in asked(document)


def test_a_scanner_on_winter_time_is_asked_about(run: Run, tmp_path: Path) -> None:
    write_log(tmp_path / "log.csv", LINE.replace("2026-03-02", "2026-07-02"))
    write_scan(
        *(tmp_path / "studies" / "a",),
        StudyDate="20260703",
        AcquisitionDate="20260703",
    )
    assert asked(listed(run, tmp_path)) == [("H09", "ask", "offset")]


def test_a_study_that_was_registered_much_later_is_said(
    run: Run, tmp_path: Path
) -> None:
    write_log(tmp_path / "log.csv", LINE)
    write_scan(tmp_path / "studies" / "a", StudyDate="20260320")
    document = listed(run, tmp_path)
    assert asked(document) == [("H09", "warn", "day")]
    assert only(document)["state"] == "ready"


def test_weights_names_and_birth_dates_that_differ(run: Run, tmp_path: Path) -> None:
    write_scan(
        *(tmp_path / "studies" / "a",), PatientWeight="70", PatientBirthDate="19500301"
    )
    header = HEADER + ",weight,patient_name,birth_date"
    write_log(
        tmp_path / "log.csv", LINE + ",95 kg,Phantom Digit,1950-03-01", header=header
    )
    found = asked(listed(run, tmp_path))
    assert found == [("H01", "ask", "patient"), ("H50", "ask", "weight")]
    write_log(
        tmp_path / "log.csv", LINE + ",70 kg,Digital Phantom,1951-03-01", header=header
    )
    assert asked(listed(run, tmp_path)) == [("H01", "stop", "patient")]


def test_two_treatments_before_one_scan(run: Run, folder: Path) -> None:
    write_log(folder / "log.csv", LINE.replace("2026-03-02", "2026-03-01"), LINE)
    document = listed(run, folder)
    first, last = document["treatments"]
    assert (first["state"], last["state"]) == ("missing", "contradicts")
    assert ("H50", "ask", "two treatments") in asked(document)


def test_a_pet_with_the_wrong_nuclide_is_asked_about_and_named(
    run: Run, tmp_path: Path
) -> None:
    write_log(tmp_path / "log.csv", LINE)
    write_pet(tmp_path / "studies" / "pet", "F-18")
    document = listed(run, tmp_path, "--without", "structures")
    assert ("H11", "ask", "nuclide") in asked(document)
    assert only(document)["options"]["header_nuclide_was"]["value"] == "F-18"


def test_a_pet_is_assessed_before_a_spect_which_is_said(run: Run, folder: Path) -> None:
    write_pet(folder / "studies" / "pet", "Y-90")
    document = listed(run, folder, "--without", "structures")
    assert [one["modality"] for one in only(document)["scans"]] == ["PT", "NM"]
    assert document["studies_without_treatment"] == []


def test_several_vials_and_several_injections(run: Run, folder: Path) -> None:
    header = HEADER + ",injection,perfused"
    write_log(
        folder / "log.csv",
        LINE + ",right,Perfused lobe",
        LINE.replace("2.2", "1").replace("10:00,resin", "12:00,resin")
        + ",right,Perfused lobe",
        LINE.replace("2.2", "0.5").replace("10:00,resin", "13:00,resin")
        + ",left,Liver",
        header=header,
    )
    one = only(listed(run, folder))
    [text] = [one["options"]["injection"]["value"]]
    right, left = text.split("|")
    # 1 GBq of Y-90 (64.05 h) two hours later was 1.021880 GBq at the first vial's time.
    assert right.startswith("right=perfused:Perfused lobe,activity:3.221879")
    assert "GBq@2026-03-02T10:00:00+01:00,residual:0.1 GBq@" in right
    assert left.startswith("left=perfused:Liver,activity:0.5 GBq@2026-03-02T13:00")
    assert len(one["options"]["injection"]["from"]) > 4
    write_log(folder / "log.csv", LINE, LINE.replace("2.2", "1"))
    lacks = only(listed(run, folder))["missing"]
    assert "structure that it perfused (perfused) of injection 2" in lacks


def test_a_line_that_cannot_be_read_holds_its_patient_back(
    run: Run, folder: Path
) -> None:
    write_log(folder / "log.csv", LINE, LINE.replace("2.2 GBq", "1.1"))
    one = only(listed(run, folder))
    assert one["state"] == "missing"
    assert "line 3, column administered" in one["missing"][0]


def test_a_line_of_nobody_else_is_counted(run: Run, folder: Path) -> None:
    other = LINE.replace("MRN-4711", "XY-99").replace("2.2 GBq", "1.1")
    write_log(folder / "log.csv", LINE, other)
    words = ("--from", folder / "studies", "--log", folder / "log.csv", *ROME)
    done = run("worklist", *words)
    assert "0 contradictory; 1 line unreadable" in done.stderr
    assert "log.csv, line 3, column administered: '1.1' has no unit" in done.stderr


def test_two_logs_are_one_treatment_and_where_they_differ(
    run: Run, folder: Path
) -> None:
    write_log(folder / "log.csv", LINE.replace("2.2 GBq", ""))
    bundle = write_bundle(folder / "fhir.json", PATIENT, administration())
    one = only(listed(run, folder, "--log", bundle))
    assert one["state"] == "ready"
    assert one["options"]["administered"]["from"] == [
        "fhir.json, MedicationAdministration 1, dosage.dose"
    ]
    write_log(folder / "log.csv", LINE.replace("2.2 GBq", "2.5 GBq"))
    document = listed(run, folder, "--log", bundle)
    assert ("H50", "ask", "administered") in asked(document)
    later = administration(at="2026-03-02T16:00:00+01:00")
    bundle = write_bundle(folder / "fhir.json", PATIENT, administration(), later)
    document = listed(run, folder, "--log", bundle)
    assert ("H50", "ask", "administration") in asked(document)


def test_logs_in_other_units_are_asked_about(run: Run, folder: Path) -> None:
    write_log(folder / "log.csv", LINE.replace("2.2 GBq", "2.2 MBq"))
    bundle = write_bundle(folder / "fhir.json", PATIENT, administration())
    assert ("H05", "ask", "administered") in asked(listed(run, folder, "--log", bundle))


def test_a_dose_report_has_the_residual_subtracted(run: Run, folder: Path) -> None:
    given = activity_item("113507", "Administered activity", 2150.0)
    report = write_dose_report(folder / "rrdsr.dcm", given)
    one = only(listed(run, folder, log=report))
    assert one["options"]["administered"]["value"] == "2150.0 MBq"
    assert one["options"]["residual"]["value"] == "0 GBq"
    # With a vial of 2.2 GBq and 50 MBq left in a log, it agrees; with 1.9 it does not.
    assert not asked(listed(run, folder, "--log", report))
    write_log(folder / "log.csv", LINE.replace("2.2 GBq", "1.9 GBq"))
    assert ("H50", "ask", "activity") in asked(listed(run, folder, "--log", report))


def test_an_assay_decays_to_the_administration(run: Run, folder: Path) -> None:
    header = HEADER.replace("administered", "administered,assay,assay_at")
    line = LINE.replace("2.2 GBq", "2.2 GBq,3.7 GBq,2026-02-28T10:00")
    write_log(folder / "log.csv", line, header=header)
    # 48 h and 64.05 h: 3.7 GBq are 2.2009 GBq.
    assert not asked(listed(run, folder))
    write_log(folder / "log.csv", line.replace("3.7", "4.5"), header=header)
    assert ("H50", "ask", "activity") in asked(listed(run, folder))


def test_two_nuclides_on_one_day_stop(run: Run, folder: Path) -> None:
    other = LINE.replace("resin", "ho166").replace("2.2", "6")
    write_log(folder / "log.csv", LINE, other)
    assert ("H11", "stop", "nuclide") in asked(listed(run, folder))


def test_a_scout_is_no_treatment(run: Run, folder: Path) -> None:
    scout = "MRN-4711,2026-02-25,9:00,,150 MBq,,,,Tc-99m"
    write_log(folder / "log.csv", LINE + ",", scout, header=HEADER + ",nuclide")
    document = listed(run, folder)
    assert len(document["treatments"]) == len(document["scouts"]) == 1


@pytest.mark.parametrize(
    ("words", "said"),
    [
        (("--column", "dose=Dose"), "is not NAME=COLUMN"),
        (("--column", "administered=Gegeben"), "has no column 'gegeben'"),
        (("--dates", "american"), "year-first"),
    ],
)
def test_options_that_cannot_be(
    run: Run, folder: Path, words: tuple[str, str], said: str
) -> None:
    done = run(
        *("worklist", "--from", folder / "studies", "--log", folder / "log.csv"),
        *(*ROME, *words),
    )
    assert done.exit_code in (2, 3)
    assert said in done.stderr


def test_nowhere_and_no_list_are_refused(run: Run, folder: Path) -> None:
    log = ("--log", folder / "log.csv", *ROME)
    (folder / "list.json").write_text("{}")
    for source in (folder / "nowhere", folder / "list.json"):
        assert run("worklist", "--from", source, *log).exit_code == 3
    done = run(
        "worklist", "--from", folder / "studies", "--log", folder / "nothing.csv"
    )
    assert done.exit_code == 3


def test_a_list_that_find_wrote_and_one_without_patients(
    run: Run, folder: Path
) -> None:
    study = {
        "study_instance_uid": "1.2.9",
        "date": "2026-03-03",
        "modalities": ["CT", "PT"],
        "patient": {"patient_id": "MRN-4711", "patient_name": "Phantom^Digital"},
    }
    path = folder / "find.json"
    words = ("worklist", "--from", path, "--log", folder / "log.csv", *ROME, "--json")
    path.write_text(json.dumps({"studies": [study]}))
    done = run(*words)
    assert done.exit_code == 0, done.stderr
    [scan] = only(json.loads(done.stdout))["scans"]
    assert (scan["modality"], scan["day"]) == ("PT", "2026-03-03")
    path.write_text(json.dumps({"studies": [{**study, "patient": None}]}))
    done = run(*words)
    assert done.exit_code == 3
    assert "find --show-patients" in done.stderr
    assert "1.2.9" not in done.stderr


def test_dose_reports_lie_among_the_images(run: Run, folder: Path) -> None:
    given = activity_item("113507", "Administered activity", 2150.0)
    write_dose_report(folder / "studies" / "a" / "rrdsr.dcm", given)
    one = only(listed(run, folder, log=folder / "studies"))
    assert one["state"] == "ready"
    (folder / "empty").mkdir()
    done = run("worklist", "--from", folder / "studies", "--log", folder / "empty")
    assert (done.exit_code, "contains no treatment log" in done.stderr) == (3, True)


def test_a_log_may_name_the_study(run: Run, folder: Path) -> None:
    write_scan(folder / "studies" / "b", study="1.2.3.7", AcquisitionTime="103000")
    line = LINE + ",1.2.3.7"
    write_log(folder / "log.csv", line, header=HEADER + ",study_uid")
    document = listed(run, folder)
    [scan] = only(document)["scans"]
    [other] = document["studies_without_treatment"]
    assert scan["started"] == "2026-03-03T10:30:00+01:00"
    assert other["study"] != scan["study"]
    assert "1.2.3.7" not in json.dumps(document)


def test_two_injections_of_the_manifest_are_those_of_post(
    run: Run, tmp_path: Path
) -> None:
    folder = tmp_path
    write_scan(folder / "studies" / "a", injection={"Radiopharmaceutical": "Y-90"})
    common = "MRN-4711,2026-03-02"
    header = HEADER.replace("administered,", "assay,assay_at,")
    write_log(
        folder / "log.csv",
        f"{common},10:00,resin,1.2 GBq,08:00,20 MBq,10:30,5%,right,Perfused lobe",
        f"{common},11:00,resin,0.9 GBq,08:00,0 GBq,,5%,left,Liver",
        header=header + ",injection,perfused",
    )
    words = ("--from", folder / "studies", "--log", folder / "log.csv", *ROME)
    done = run("worklist", *words, "--out", folder / "w")
    assert done.exit_code == 0, done.stderr
    done = run("batch", folder / "w" / "manifest.csv", "--out", folder / "d")
    assert done.exit_code == 0, done.stderr
    # By hand: 1.2 GBq are 1.1743063 two, 0.9 GBq 0.87124991 three hours later.
    done = run(
        *("post", folder / "studies" / "a", "--device", "resin", "--injection"),
        "right=perfused:Perfused lobe,activity:1.174306331GBq@2026-03-02T10:00+01:00,"
        "residual:20MBq@2026-03-02T10:30+01:00,lung-shunt:5%",
        "--injection",
        "left=perfused:Liver,activity:0.8712499052GBq@2026-03-02T11:00+01:00,"
        "residual:0GBq,lung-shunt:5%",
        *("--out", folder / "hand"),
    )
    assert done.exit_code == 0, done.stderr
    [case] = [one for one in (folder / "d").iterdir() if one.is_dir()]
    by_hand = (folder / "hand" / "structures.csv").read_text()
    assert (case / "structures.csv").read_text() == by_hand
