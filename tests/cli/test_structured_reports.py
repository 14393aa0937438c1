"""Structured reports read again, as tables; and results as FHIR."""

import csv
import json
import re
import shutil
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pydicom
import pytest
from click.testing import CliRunner, Result

Run = Callable[..., Result]
GIVEN = ("--administered", "2.2GBq", "--lung-shunt", "5%", "--metric", "D2cc")
REPORT = "dose_report.dcm"


@pytest.fixture(scope="module")
def results(exact_contours: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    from sirtdose.cli.main import main

    out = tmp_path_factory.mktemp("reports") / "out"
    words = ["post", str(exact_contours), *GIVEN, "--fhir", "--out", str(out)]
    assert CliRunner().invoke(main, words).exit_code == 0
    return out


def rows_of(path: Path) -> list[dict[str, str]]:
    with path.open(encoding="utf-8", newline="") as file:
        return list(csv.DictReader(file))


def test_structures_come_back_to_the_digit(
    run: Run, results: Path, tmp_path: Path
) -> None:
    result = run("report", results / REPORT, "--csv", "--out", tmp_path)
    assert result.exit_code == 0, result.stderr
    before = rows_of(results / "structures.csv")
    after = rows_of(tmp_path / "measured_structures.csv")
    assert [one.pop("report") for one in after] == [REPORT] * len(before)
    assert after == before
    assert "d2cc_gy" in before[0]


def test_every_quantity_has_a_row_with_its_unit(
    run: Run, results: Path, tmp_path: Path
) -> None:
    assert run("report", results / REPORT, "--csv", "--out", tmp_path).exit_code == 0
    rows = rows_of(tmp_path / "measurements.csv")
    told = {
        (one["method"], one["name"], one["quantity"]): (one["value"], one["unit"])
        for one in rows
    }
    document = json.loads((results / "post.json").read_text("utf-8"))
    [row] = [
        one
        for one in document["doses"]["local_deposition"]["structures"]
        if one["name"] == "Tumor 2"
    ]
    local = ("local_deposition", "Tumor 2")
    assert told[*local, "mean"] == (str(row["dose_gy"]["mean"]), "Gy")
    assert told[*local, "volume"] == (str(row["volume_ml"]), "cm3")
    mass, unit = told[*local, "mass"]
    assert (float(mass), unit) == (pytest.approx(1000 * row["mass_kg"]), "g")
    part, unit = told[*local, "v250"]
    expected = 100 * row["volume_fraction_above"]["250"]
    assert (float(part), unit) == (pytest.approx(expected), "%")
    assert told["ledger", "treatment", "administered"] == ("2200", "MBq")
    assert told["lung_shunt", "lungs by the lung shunt", "dose"] == (
        str(document["lungs"]["dose_gy"]),
        "Gy",
    )
    assert {one["open_questions"] for one in rows} == {"0"}


def changed(source: Path, to: Path, change: Callable[[pydicom.Dataset], None]) -> Path:
    dataset = pydicom.dcmread(source)
    change(dataset)
    to.parent.mkdir(parents=True, exist_ok=True)
    dataset.save_as(to)
    return to


def another_dose(dataset: pydicom.Dataset) -> None:
    group = measurement_groups(dataset)[2]
    number = next(one for one in group.ContentSequence if one.ValueType == "NUM")
    number.MeasuredValueSequence[0].NumericValue = "91.9"


def measurement_groups(dataset: pydicom.Dataset) -> list[Any]:
    [measured] = [
        one
        for one in dataset.ContentSequence
        if one.ConceptNameCodeSequence[0].CodeValue == "126010"
    ]
    return list(measured.ContentSequence)


def another_name(dataset: pydicom.Dataset) -> None:
    measurement_groups(dataset)[2].ContentSequence[0].TextValue = "Tumor 9"


def another_unit(dataset: pydicom.Dataset) -> None:
    group = measurement_groups(dataset)[0]
    number = next(one for one in group.ContentSequence if one.ValueType == "NUM")
    units = number.MeasuredValueSequence[0].MeasurementUnitsCodeSequence
    units[0].CodeValue = "mm3"


def one_group_less(dataset: pydicom.Dataset) -> None:
    [measured] = [
        one
        for one in dataset.ContentSequence
        if one.ConceptNameCodeSequence[0].CodeValue == "126010"
    ]
    del measured.ContentSequence[1]


def no_digest(dataset: pydicom.Dataset) -> None:
    del dataset.ContentSequence[-1]


def later_format(dataset: pydicom.Dataset) -> None:
    for one in dataset.ContentSequence:
        if one.ConceptNameCodeSequence[0].CodeValue == "FORMAT":
            one.TextValue = "sirtdose.report/2"


def no_number(dataset: pydicom.Dataset) -> None:
    group = measurement_groups(dataset)[0]
    number = next(one for one in group.ContentSequence if one.ValueType == "NUM")
    del number.MeasuredValueSequence[0].NumericValue


def other_title(dataset: pydicom.Dataset) -> None:
    name = dataset.ConceptNameCodeSequence[0]
    name.CodeValue, name.CodeMeaning = "113701", "X-Ray Radiation Dose Report"


@pytest.mark.parametrize(
    ("change", "message"),
    [
        (another_dose, "was changed since sirtdose wrote it"),
        (another_name, "was changed since sirtdose wrote it"),
        (another_unit, "was changed since sirtdose wrote it"),
        (one_group_less, "was changed since sirtdose wrote it"),
        (no_number, "was changed since sirtdose wrote it"),
        (no_digest, "part of its content is missing"),
        (later_format, "has the format sirtdose.report/2"),
        (other_title, "its title is X-Ray Radiation Dose Report"),
    ],
)
def test_what_is_not_as_it_was_written_is_refused(
    run: Run,
    results: Path,
    tmp_path: Path,
    change: Callable[[pydicom.Dataset], None],
    message: str,
) -> None:
    path = changed(results / REPORT, tmp_path / "in" / "sr.dcm", change)
    result = run("report", path, "--csv", "--out", tmp_path / "out")
    assert result.exit_code == 3
    assert message in result.stderr
    assert not (tmp_path / "out").exists()


def test_a_number_too_large_is_no_number(
    run: Run, results: Path, tmp_path: Path
) -> None:
    def huge(dataset: pydicom.Dataset) -> None:
        dataset.Manufacturer = "another"
        del dataset.CodingSchemeIdentificationSequence
        own = ("FORMAT", "DIGEST", "METRICS")
        dataset.ContentSequence = [
            one
            for one in dataset.ContentSequence
            if one.ConceptNameCodeSequence[0].CodeValue not in own
        ]
        group = measurement_groups(dataset)[0]
        number = next(one for one in group.ContentSequence if one.ValueType == "NUM")
        number.MeasuredValueSequence[0].NumericValue = "1E400"

    path = changed(results / REPORT, tmp_path / "in" / "sr.dcm", huge)
    result = run("report", path, "--csv", "--out", tmp_path / "out")
    assert result.exit_code == 3
    assert "the value '1E400', which is no number" in result.stderr
    assert not (tmp_path / "out").exists()


def test_a_folder_with_the_beginning_of_a_report_is_refused(
    run: Run, results: Path, tmp_path: Path
) -> None:
    whole = (results / REPORT).read_bytes()
    folder = tmp_path / "in"
    folder.mkdir()
    (folder / "one.dcm").write_bytes(whole)
    # All of the file's head, nothing of its data set.
    (folder / "two.dcm").write_bytes(whole[: whole.index(b"\x08\x00\x05\x00CS")])
    result = run("report", folder, "--csv", "--out", tmp_path / "out")
    assert result.exit_code == 3
    assert "1 of 2 reports cannot be used: two.dcm has no SOPClassUID" in result.stderr
    assert not (tmp_path / "out").exists()


@pytest.mark.parametrize("part", [0.2, 0.5, 0.9, 0.99, 0.999])
def test_half_a_report_is_refused(
    run: Run, results: Path, tmp_path: Path, part: float
) -> None:
    content = (results / REPORT).read_bytes()
    path = tmp_path / "sr.dcm"
    path.write_bytes(content[: int(part * len(content))])
    for source in (path, tmp_path):
        result = run("report", source, "--csv", "--out", tmp_path / "out")
        assert result.exit_code == 3, part
    assert not (tmp_path / "out").exists()


def test_other_files_are_refused_with_what_to_give(
    run: Run, results: Path, exact_contours: Path, tmp_path: Path
) -> None:
    (tmp_path / "empty").mkdir()
    for source, message in (
        (results / "dose_local.dcm", "it is RT Dose Storage; give dose_report.dcm"),
        (results / "post.json", "is not DICOM"),
        (exact_contours, "contains no structured report of measurements"),
        (tmp_path / "empty", "contains no structured report of measurements"),
        (tmp_path / "nowhere", "there is no file or folder nowhere"),
    ):
        result = run("report", source, "--csv", "--out", tmp_path / "out")
        assert result.exit_code == 3
        assert message in result.stderr
    both = run("report", results / "post.json", "--csv", "--fhir")
    assert both.exit_code == 2
    page = run("report", results / "post.json", "--fhir", "--figures")
    assert page.exit_code == 2
    # Beside results, they would be files that their record does not know.
    nowhere = run("report", results / REPORT, "--csv")
    assert nowhere.exit_code == 2
    assert "--csv needs --out" in nowhere.stderr


def test_a_folder_is_read_whole_and_names_nobody(
    run: Run, results: Path, tmp_path: Path
) -> None:
    header = pydicom.dcmread(results / REPORT)
    named = f"{header.PatientID}_1"
    shutil.copytree(results, tmp_path / "all" / named)

    def of_another(dataset: pydicom.Dataset) -> None:
        dataset.SOPInstanceUID = dataset.file_meta.MediaStorageSOPInstanceUID = "2.25.7"

    changed(results / REPORT, tmp_path / "all" / "case-2" / REPORT, of_another)
    changed(results / REPORT, tmp_path / "all" / "ct-dose.dcm", other_title)
    shutil.copy(results / REPORT, tmp_path / "all" / "copy.dcm")
    result = run("report", tmp_path / "all", "--csv", "--out", tmp_path / "out")
    assert result.exit_code == 0, result.stderr
    assert header.PatientID not in result.stderr
    assert "2 reports read" in result.stderr
    assert "not used: .../dose_report.dcm, the same report as copy.dcm" in result.stderr
    assert "not used: ct-dose.dcm, not a report of measurements" in result.stderr
    for name in ("measurements.csv", "measured_structures.csv"):
        rows = rows_of(tmp_path / "out" / name)
        labels = {one["report"] for one in rows}
        assert labels == {"copy.dcm", "case-2/dose_report.dcm"}
    changed(results / REPORT, tmp_path / "all" / "x" / "bad.dcm", another_dose)
    result = run("report", tmp_path / "all", "--csv", "--out", tmp_path / "again")
    assert result.exit_code == 3
    assert "1 of 3 reports cannot be used: bad.dcm was changed" in result.stderr
    assert not (tmp_path / "again").exists()


def test_tables_are_not_overwritten_unasked(
    run: Run, results: Path, tmp_path: Path
) -> None:
    words = ("report", results / REPORT, "--csv", "--out", tmp_path)
    assert run(*words).exit_code == 0
    assert run(*words).exit_code == 5
    assert run(*words, "--force").exit_code == 0


def test_an_archive_may_write_it_anew(run: Run, results: Path, tmp_path: Path) -> None:
    """Other UIDs, another patient, another encoding: the same content."""
    from pydicom.uid import ImplicitVRLittleEndian

    def anew(dataset: pydicom.Dataset) -> None:
        dataset.PatientID, dataset.AccessionNumber = "X", "A1"
        uids: dict[str, str] = {}
        for element in dataset.iterall():
            private = element.VR == "UI" and not str(element.value).startswith(
                "1.2.840"
            )
            if private:
                element.value = uids.setdefault(element.value, f"2.25.1{len(uids)}")
        dataset.file_meta.TransferSyntaxUID = ImplicitVRLittleEndian

    dataset = pydicom.dcmread(results / REPORT)
    anew(dataset)
    dataset.save_as(tmp_path / "sr.dcm", implicit_vr=True, little_endian=True)
    result = run("report", tmp_path / "sr.dcm", "--csv", "--out", tmp_path / "out")
    assert result.exit_code == 0, result.stderr
    after = rows_of(tmp_path / "out" / "measured_structures.csv")
    assert len(after) == len(rows_of(results / "structures.csv"))


def test_another_makers_measurements_are_read(
    run: Run, results: Path, tmp_path: Path
) -> None:
    highdicom = pytest.importorskip("highdicom", reason="needs highdicom")
    from pydicom.sr.codedict import codes

    sr = highdicom.sr
    seg = pydicom.dcmread(results / "dose_structures.dcm")
    source = seg.SourceImageSequence[0]
    series = seg.ReferencedSeriesSequence[0].SeriesInstanceUID
    group = sr.VolumetricROIMeasurementsAndQualitativeEvaluations(
        tracking_identifier=sr.TrackingIdentifier(identifier="lesion A"),
        referenced_segment=sr.ReferencedSegment(
            sop_class_uid=seg.SOPClassUID,
            sop_instance_uid=seg.SOPInstanceUID,
            segment_number=3,
            source_series=sr.SourceSeriesForSegmentation(series),
        ),
        finding_type=codes.SCT.Neoplasm,
        measurements=[
            sr.Measurement(codes.SCT.Volume, 12.5, codes.UCUM.CubicCentimeter),
            sr.Measurement(
                codes.DCM.AbsorbedDose,
                87.25,
                sr.CodedConcept("Gy", "UCUM", "gray"),
                derivation=codes.SCT.Mean,
            ),
        ],
    )
    observer = sr.ObserverContext(
        codes.DCM.Device, sr.DeviceObserverIdentifyingAttributes("2.25.5")
    )
    content = sr.MeasurementReport(
        sr.ObservationContext(observer_device_context=observer),
        sr.CodedConcept("371572003", "SCT", "Nuclear medicine procedure"),
        imaging_measurements=[group],
    )
    assert source.ReferencedSOPInstanceUID
    report = sr.Comprehensive3DSR(
        evidence=[seg],
        content=content,
        series_instance_uid="2.25.11",
        series_number=1,
        sop_instance_uid="2.25.12",
        instance_number=1,
        manufacturer="Another maker",
        is_complete=True,
    )
    report.save_as(tmp_path / "theirs.dcm")
    result = run("report", tmp_path / "theirs.dcm", "--csv", "--out", tmp_path / "out")
    assert result.exit_code == 0, result.stderr
    rows = rows_of(tmp_path / "out" / "measurements.csv")
    told = [
        tuple(one[key] for key in ("made_by", "name", "role", "quantity", "value"))
        for one in rows
    ]
    assert told == [
        ("Another maker", "lesion A", "Neoplasm", "Volume", "12.5"),
        ("Another maker", "lesion A", "Neoplasm", "Absorbed Dose", "87.25"),
    ]
    assert [(one["unit"], one["derivation"]) for one in rows] == [
        ("cm3", ""),
        ("Gy", "Mean"),
    ]
    assert {one["open_questions"] for one in rows} == {""}
    assert not (tmp_path / "out" / "measured_structures.csv").exists()


def test_reports_are_no_input_of_others(
    run: Run, results: Path, exact_contours: Path, tmp_path: Path
) -> None:
    patient = tmp_path / "patient"
    shutil.copytree(exact_contours, patient)
    shutil.copy(results / REPORT, patient / "sr.dcm")

    def as_pdf(dataset: pydicom.Dataset) -> None:
        dataset.SOPClassUID = "1.2.840.10008.5.1.4.1.1.104.1"
        dataset.file_meta.MediaStorageSOPClassUID = dataset.SOPClassUID
        dataset.Modality = "DOC"

    changed(results / REPORT, patient / "report.dcm", as_pdf)
    seen = run("inspect", patient)
    assert seen.exit_code == 0, seen.stderr
    assert "sr.dcm: a structured report" in seen.stderr
    assert (
        "report.dcm: an encapsulated PDF, not an image to compute with" in seen.stderr
    )
    given = ("--no-report", "--no-dicom", "--out", tmp_path / "out")
    assert run("post", patient, *GIVEN, *given).exit_code == 0
    again = rows_of(tmp_path / "out" / "structures.csv")
    assert again == rows_of(results / "structures.csv")


# FHIR R4, from its definition of each resource: elements that must be there, and codes
# of the required bindings (http://hl7.org/fhir/R4/).
STATUS = {"registered", "preliminary", "final", "amended", "corrected"}
_ID = re.compile(r"urn:uuid:[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}")
_OID = re.compile(r"urn:oid:[0-2](\.(0|[1-9]\d*))+")


def require_concept(one: dict[str, Any]) -> None:
    assert set(one) <= {"coding", "text"}
    for coding in one.get("coding", ()):
        assert set(coding) == {"system", "code", "display"}
        assert coding["system"].startswith(("http://", "urn:oid:"))
        assert coding["code"] == coding["code"].strip() != ""


def require_quantity(one: dict[str, Any]) -> None:
    assert isinstance(one["value"], int | float)
    assert one["system"] == "http://unitsofmeasure.org"
    assert one["code"] in ("Gy", "cm3", "g", "MBq", "%", "J")


def require_observation(one: dict[str, Any], urls: set[str]) -> None:
    assert one["resourceType"] == "Observation"
    assert one["status"] in STATUS
    require_concept(one["code"])
    assert one["code"]["coding"]
    require_concept(one["method"])
    assert one["device"]["reference"] in urls
    # obs-6 and obs-7 of the resource: a value, or components with codes of their own.
    assert ("valueQuantity" in one) != ("component" in one)
    if "valueQuantity" in one:
        require_quantity(one["valueQuantity"])
    for part in one.get("component", ()):
        require_concept(part["code"])
        assert part["code"]["coding"]
        require_quantity(part["valueQuantity"])
    for each in one["derivedFrom"]:
        assert each["type"] == "ImagingStudy"
        assert each["identifier"]["system"] == "urn:dicom:uid"
        assert _OID.fullmatch(each["identifier"]["value"])
    assert re.fullmatch(
        r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d([+-]\d\d:\d\d|Z)", one["effectiveDateTime"]
    )
    for note in one["note"]:
        assert note["text"]


def test_observations_are_fhir_with_the_documents_numbers(results: Path) -> None:
    bundle = json.loads((results / "observations.json").read_text("utf-8"))
    assert (bundle["resourceType"], bundle["type"]) == ("Bundle", "collection")
    urls = [one["fullUrl"] for one in bundle["entry"]]
    assert len(set(urls)) == len(urls)
    assert all(_ID.fullmatch(one) for one in urls)
    kinds = [one["resource"]["resourceType"] for one in bundle["entry"]]
    assert {kinds[0], kinds[-1]} == {"Device", "CodeSystem"}
    system = bundle["entry"][-1]["resource"]
    assert system["status"] == "active"
    assert system["content"] in ("fragment", "complete")
    observations = [one["resource"] for one in bundle["entry"][1:-1]]
    for one in observations:
        require_observation(one, set(urls))
    used = {
        coding["code"]
        for coding in codings(observations)
        if coding["system"] == system["url"]
    }
    assert used == {one["code"] for one in system["concept"]}
    header = pydicom.dcmread(results / REPORT)
    assert {one["subject"]["identifier"]["value"] for one in observations} == {
        header.PatientID
    }
    assert str(header.PatientName) not in json.dumps(bundle)
    study = f"urn:oid:{header.StudyInstanceUID}"
    assert observations[0]["derivedFrom"][0]["identifier"]["value"] == study
    document = json.loads((results / "post.json").read_text("utf-8"))
    [row] = [
        one
        for one in document["doses"]["local_deposition"]["structures"]
        if one["name"] == "Tumor 1"
    ]
    named = [(one.get("bodySite", {}).get("text"), one) for one in observations]
    own = [one for name, one in named if name == "Tumor 1"]
    assert len(own) == 4
    [dose] = [one for one in own if "component" in one]
    [mean] = [
        part["valueQuantity"]["value"]
        for part in dose["component"]
        if "128533" in {coding["code"] for coding in part["code"]["coding"]}
    ]
    assert mean == row["dose_gy"]["mean"]


def test_another_library_finds_no_fault_in_them(results: Path) -> None:
    bundles = pytest.importorskip(
        "fhir.resources.R4B.bundle", reason="needs fhir.resources"
    )
    text = (results / "observations.json").read_text("utf-8")
    bundle = bundles.Bundle.model_validate_json(text)
    kinds = {type(one.resource).__name__ for one in bundle.entry}
    assert kinds == {"Device", "Observation", "CodeSystem"}
    # It does find what is one.
    broken = text.replace('"status": "final"', '"status": ["final"]', 1)
    with pytest.raises(ValueError, match="status"):
        bundles.Bundle.model_validate_json(broken)


def codings(value: Any) -> list[dict[str, str]]:
    if isinstance(value, dict):
        found = [value] if {"system", "code", "display"} <= set(value) else []
        return [*found, *(one for each in value.values() for one in codings(each))]
    if isinstance(value, list):
        return [one for each in value for one in codings(each)]
    return []


def test_they_are_made_again_from_saved_results(
    run: Run, results: Path, tmp_path: Path
) -> None:
    before = (results / "observations.json").read_bytes()
    result = run("report", results / "post.json", "--fhir", "--out", tmp_path / "out")
    assert result.exit_code == 0, result.stderr
    assert (tmp_path / "out" / "observations.json").read_bytes() == before
    shutil.copytree(results, tmp_path / "edited")
    edited = tmp_path / "edited" / "post.json"
    text = edited.read_text("utf-8")
    edited.write_text(text.replace('"mean": 2', '"mean": 1', 1), "utf-8")
    refused = run("report", edited, "--fhir", "--out", tmp_path / "no")
    assert refused.exit_code == 3
    assert not (tmp_path / "no").exists()


def test_a_plan_has_no_observations(run: Run, tmp_path: Path) -> None:
    plan = run(
        *("plan", "mird", "--dose", "100Gy", "--perfused-volume", "1000mL"),
        *("--lung-shunt", "5%", "--out", tmp_path / "plan"),
    )
    assert plan.exit_code == 0, plan.stderr
    result = run("report", tmp_path / "plan" / "plan.json", "--fhir", "--out", tmp_path)
    assert result.exit_code == 3
    assert "plan.json is not of a treatment: give post.json" in result.stderr
