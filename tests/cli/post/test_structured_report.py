"""The structured report of `post`: numbers, references, and other programs' opinion."""

import json
import subprocess
from collections.abc import Callable, Iterator
from pathlib import Path
from shutil import which
from typing import Any

import pydicom
import pytest
from click.testing import CliRunner, Result

from sirtdose.io.dicom.write_report import ReportSources, write_report
from sirtdose.model.patient_link import PatientLink, Reference
from sirtdose.report.post.structured import structured_report
from tests.network_peers import dcmtk

Run = Callable[..., Result]
GIVEN = ("--administered", "2.2GBq", "--lung-shunt", "5%")
MORE = (
    *("--method", "local", "--method", "kernel", "--uncertainty", "20"),
    *("--metric", "D2cc", "--metric", "V70Gy"),
)
REPORT = "dose_report.dcm"
# By the codes of PS3.16, SNOMED CT and our own scheme: where post.json has the number,
# and by how much its unit is larger than the coded one.
CODED: dict[tuple[str, str, str], tuple[str, float]] = {
    ("118565006", "", "cm3"): ("volume_ml", 1),
    ("118538004", "", "g"): ("mass_kg", 1000),
    ("ACTIVITY", "", "MBq"): ("activity_gbq", 1000),
    ("128513", "373098007", "Gy"): ("dose_gy/mean", 1),
    ("128513", "386136009", "Gy"): ("dose_gy/sd", 1),
    ("128513", "255605001", "Gy"): ("dose_gy/min", 1),
    ("128513", "56851009", "Gy"): ("dose_gy/max", 1),
    ("128513", "373099004", "Gy"): ("dose_gy/d50", 1),
    ("D98", "", "Gy"): ("dose_gy/d98", 1),
    ("D95", "", "Gy"): ("dose_gy/d95", 1),
    ("D90", "", "Gy"): ("dose_gy/d90", 1),
    ("D70", "", "Gy"): ("dose_gy/d70", 1),
    ("D2", "", "Gy"): ("dose_gy/d2", 1),
    ("D2cc", "", "Gy"): ("dose_gy/d2cc", 1),
    ("MEAN_BY_MASS", "", "Gy"): ("dose_gy/mean_by_mass", 1),
    ("V70Gy", "", "%"): ("volume_fraction_above/70", 100),
    ("V100Gy", "", "%"): ("volume_fraction_above/100", 100),
    ("BED_MEAN", "", "Gy"): ("bed_mean_gy", 1),
}
METHODS = {"LOCAL": "local_deposition", "KERNEL": "kernel"}


def made(source: Path, out: Path, *more: str) -> Path:
    from sirtdose.cli.main import main

    words = ["post", str(source), *GIVEN, *more, "--out", str(out)]
    result = CliRunner().invoke(main, words)
    assert result.exit_code == 0, result.stderr
    return out


@pytest.fixture(scope="module")
def results(exact_contours: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    return made(exact_contours, tmp_path_factory.mktemp("sr") / "out", *MORE)


@pytest.fixture(scope="module")
def nameless(exact_contours: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("sr")
    (folder / "key").write_text("0123456789abcdef0123456789abcdef\n")
    more = ("--deidentify", "--site-key", str(folder / "key"), "--fhir", "--no-report")
    return made(exact_contours, folder / "out", *more)


def items(dataset: Any) -> Iterator[Any]:
    """Every content item below one."""
    for one in dataset.get("ContentSequence") or ():
        yield one
        yield from items(one)


def value_at(row: Any, path: str) -> float:
    for part in path.split("/"):
        row = row[part]
    return float(row)


def test_highdicom_reads_every_number_of_the_document(results: Path) -> None:
    pytest.importorskip("highdicom", reason="needs highdicom")
    from highdicom.sr import srread

    document = json.loads((results / "post.json").read_text("utf-8"))
    content = srread(results / REPORT).content
    groups = content.get_volumetric_roi_measurement_groups()
    seen: dict[tuple[str, str], set[str]] = {}
    for group in groups:
        method = METHODS[group.method.value]
        name = group.tracking_identifier
        rows = document["doses"][method]["structures"]
        [row] = [one for one in rows if one["name"] == name]
        found = seen.setdefault((method, name), set())
        for one in group.get_measurements():
            derived = one.derivation.value if one.derivation else ""
            key = (one.name.value, derived, one.unit.value)
            if key in CODED:
                path, factor = CODED[key]
                # Ten digits, and not one less.
                expected = factor * value_at(row, path)
                assert one.value == pytest.approx(expected, rel=1e-12), (name, key)
                found.add(path)
    assert set(seen) == {
        (method, row["name"])
        for method, one in document["doses"].items()
        for row in one["structures"]
    }
    # Normal liver and tumors have radiobiology, the liver as a whole has none.
    every = {path for path, _ in CODED.values()}
    assert seen["local_deposition", "Tumor 1"] == every
    assert seen["kernel", "Liver"] == every - {"bed_mean_gy"}
    others = content.get_image_measurement_groups()
    [treatment] = [one for one in others if one.tracking_identifier == "treatment"]
    given = {one.name.value: one.value for one in treatment.get_measurements()}
    assert given["113507"] == 2200
    assert given["LUNG_SHUNT"] == 5


def test_what_is_known_of_a_value_stands_below_it(results: Path) -> None:
    document = json.loads((results / "post.json").read_text("utf-8"))
    rows = document["uncertainty"]["methods"]["kernel"]
    [row] = [one for one in rows if one["name"] == "Liver"]
    known = row["quantities"]["mean_gy"]
    found = []
    for group in items(pydicom.dcmread(results / REPORT)):
        told = {name_of(one): one for one in group.get("ContentSequence") or ()}
        method = told.get("370129005")
        if method is None or code_of(method) != "KERNEL":
            continue
        if told["112039"].TextValue != "Liver":
            continue
        for one in group.ContentSequence:
            below = {name_of(each): each for each in one.get("ContentSequence") or ()}
            if "121401" in below and code_of(below["121401"]) == "373098007":
                names = ("STANDARD_U", "LOWER_95", "UPPER_95")
                found.append([number_of(below[name]) for name in names])
    assert found == [[known["standard_uncertainty"], known["low"], known["high"]]]


def name_of(one: Any) -> str:
    codes = one.get("ConceptNameCodeSequence") or ()
    return str(codes[0].CodeValue) if codes else ""


def code_of(one: Any) -> str:
    return str(one.ConceptCodeSequence[0].CodeValue)


def number_of(one: Any) -> float:
    return float(one.MeasuredValueSequence[0].NumericValue)


def test_segments_and_doses_are_those_of_the_files_beside_it(results: Path) -> None:
    report = pydicom.dcmread(results / REPORT)
    seg = pydicom.dcmread(results / "dose_structures.dcm")
    doses = {
        str(one.SOPInstanceUID): one.SeriesDescription.removeprefix("sirtdose ")
        for path in results.glob("dose_*.dcm")
        if (one := pydicom.dcmread(path)).Modality == "RTDOSE"
    }
    labels = {one.SegmentNumber: one for one in seg.SegmentSequence}
    seen = 0
    for group in items(report):
        told = {name_of(one): one for one in group.get("ContentSequence") or ()}
        if "121191" not in told:
            continue
        seen += 1
        referenced = told["121191"].ReferencedSOPSequence[0]
        assert referenced.ReferencedSOPInstanceUID == seg.SOPInstanceUID
        dose = told["121342"].ReferencedSOPSequence[0]
        method = doses[dose.ReferencedSOPInstanceUID]
        assert METHODS[code_of(told["370129005"])] == method
        name = told["112039"].TextValue
        if name == "all_tumors":
            numbers = referenced.ReferencedSegmentNumber
            told_tumors = {labels[int(one)].SegmentLabel for one in numbers}
            assert told_tumors == {"Tumor 1", "Tumor 2", "Tumor 3"}
            continue
        segment = labels[int(referenced.ReferencedSegmentNumber)]
        assert segment.SegmentLabel == segment.TrackingID == name
        assert segment.TrackingUID == told["112040"].UID
        kind = segment.SegmentedPropertyTypeCodeSequence[0]
        assert kind.CodeValue == code_of(told["121071"])
    assert seen == 2 * 8


def test_all_that_it_refers_to_is_listed_as_evidence(
    results: Path, exact_contours: Path
) -> None:
    report = pydicom.dcmread(results / REPORT)
    listed = {
        (str(study.StudyInstanceUID), str(series.SeriesInstanceUID)): {
            str(one.ReferencedSOPInstanceUID) for one in series.ReferencedSOPSequence
        }
        for study in report.CurrentRequestedProcedureEvidenceSequence
        for series in study.ReferencedSeriesSequence
    }
    referred = {
        str(one.ReferencedSOPSequence[0].ReferencedSOPInstanceUID)
        for one in items(report)
        if "ReferencedSOPSequence" in one
    }
    assert referred == set().union(*listed.values())
    made_here = [*results.glob("dose_*.dcm")]
    made_here = [one for one in made_here if one.name not in (REPORT, "dose_plan.dcm")]
    files = [exact_contours / "spect.dcm", *(exact_contours / "ct").iterdir()]
    for path in (*files, *made_here):
        one = pydicom.dcmread(path, stop_before_pixels=True)
        series = (str(one.StudyInstanceUID), str(one.SeriesInstanceUID))
        assert str(one.SOPInstanceUID) in listed[series], path.name


def test_it_says_what_decides(results: Path) -> None:
    report = pydicom.dcmread(results / REPORT)
    texts = [str(one.TextValue) for one in items(report) if one.ValueType == "TEXT"]
    assert any(one.startswith("Not a medical device.") for one in texts)
    document = json.loads((results / "post.json").read_text("utf-8"))
    for one in document["warnings"]:
        assert any(one["message"] in text for text in texts), one
    codes = {code_of(one) for one in items(report) if name_of(one) == "121071"}
    assert {one["code"] for one in document["warnings"]} <= codes
    assert report.VerificationFlag == "UNVERIFIED"
    assert report.PreliminaryFlag == "FINAL"


def test_an_open_question_makes_it_preliminary(results: Path, tmp_path: Path) -> None:
    document = json.loads((results / "post.json").read_text("utf-8"))
    asked = {"severity": "ask", "subject": "lungs", "message": "lungs: 31 Gy"}
    document["warnings"] += [{"code": code, **asked} for code in ("H42", "H22")]
    document["accepted"] = [{"code": "H22", "subject": "", "reason": "a test"}]
    own = structured_report(
        document, segments={}, doses={}, tracking=lambda name: f"2.25.{len(name)}"
    )
    image = Reference("1.2.840.10008.5.1.4.1.1.20", "2.25.3", "2.25.4", "NM", 8, 8)
    link = PatientLink(
        *("7", "A^B", "", "", "2.25.1", "", "", "", "", "2.25.2"), (image,)
    )
    write_report(own, tmp_path / "sr.dcm", ReportSources(link))
    report = pydicom.dcmread(tmp_path / "sr.dcm")
    assert report.PreliminaryFlag == "PRELIMINARY"
    texts = {name_of(one): one for one in items(report) if one.ValueType == "TEXT"}
    assert texts["FACT_2"].TextValue == "1 that nobody accepted"
    said = [
        (code_of(one), code_of(one.ContentSequence[0]), one.ContentSequence[1])
        for one in items(report)
        if name_of(one) == "121071" and code_of(one) in ("H42", "H22")
    ]
    told = {(code, how, str(one.TextValue)) for code, how, one in said}
    assert ("H42", "ASK", "lungs: 31 Gy") in told
    assert ("H22", "ACCEPTED", "lungs: 31 Gy. Accepted: a test") in told


@pytest.mark.parametrize("which_results", ["results", "nameless"])
@pytest.mark.parametrize("name", [REPORT, "dose_structures.dcm"])
def test_dciodvfy_finds_no_error(
    request: pytest.FixtureRequest, which_results: str, name: str
) -> None:
    program = which("dciodvfy")
    if program is None:
        pytest.skip("needs dciodvfy (Debian's dicom3tools)")
    path = request.getfixturevalue(which_results) / name
    done = subprocess.run(
        [program, str(path)], capture_output=True, text=True, check=False
    )
    said = done.stdout + done.stderr
    assert "Comprehensive3DSR" in said or "Segmentation" in said
    assert [one for one in said.splitlines() if one.startswith("Error")] == []


@pytest.mark.parametrize("which_results", ["results", "nameless"])
def test_dcmtk_reads_it(request: pytest.FixtureRequest, which_results: str) -> None:
    path = request.getfixturevalue(which_results) / REPORT
    # Both check relations, value types and codes against the class, and refuse others.
    for program in ("dsrdump", "dsr2html"):
        done = subprocess.run(
            [dcmtk(program), str(path)], capture_output=True, text=True, check=False
        )
        assert done.returncode == 0, done.stderr
        assert "Tumor 1" in done.stdout
        assert not [one for one in done.stderr.splitlines() if one.startswith("E:")]


def test_nothing_of_the_patient_is_left_and_uids_agree(
    nameless: Path, exact_contours: Path
) -> None:
    header = pydicom.dcmread(exact_contours / "spect.dcm", stop_before_pixels=True)
    told = [header.PatientID, str(header.PatientName), header.StudyDate]
    told += [header.StudyInstanceUID, header.SOPInstanceUID]
    day = header.StudyDate
    told.append(f"{day[:4]}-{day[4:6]}-{day[6:]}")
    report = pydicom.dcmread(nameless / REPORT)
    for name in (REPORT, "observations.json"):
        content = (nameless / name).read_bytes()
        assert not [one for one in told if str(one).encode() in content], name
    seg = pydicom.dcmread(nameless / "dose_structures.dcm")
    dose = pydicom.dcmread(nameless / "dose_local.dcm", stop_before_pixels=True)
    for keyword in ("PatientID", "StudyInstanceUID", "PatientIdentityRemoved"):
        assert report[keyword].value == seg[keyword].value == dose[keyword].value
    referred = {
        str(one.ReferencedSOPSequence[0].ReferencedSOPInstanceUID)
        for one in items(report)
        if "ReferencedSOPSequence" in one
    }
    assert {str(seg.SOPInstanceUID), str(dose.SOPInstanceUID)} <= referred
    tracked = {str(one.TrackingUID) for one in seg.SegmentSequence}
    told = {str(one.get("UID")) for one in items(report)}
    # Lungs have no dose by voxel at one density.
    assert len(tracked - told) == 1


def test_private_codes_are_declared(results: Path) -> None:
    for name in (REPORT, "dose_structures.dcm"):
        [scheme] = pydicom.dcmread(results / name).CodingSchemeIdentificationSequence
        assert scheme.CodingSchemeDesignator == "99SIRTDOSE"
        assert scheme.CodingSchemeResponsibleOrganization
        assert scheme.CodingSchemeName
        assert scheme.CodingSchemeVersion == "1"


def test_the_same_input_gives_the_same_report(
    exact_contours: Path, nameless: Path, tmp_path: Path
) -> None:
    one = made(exact_contours, tmp_path / "one", "--no-report")
    two = made(exact_contours, tmp_path / "two", "--no-report")
    assert (one / REPORT).read_bytes() == (two / REPORT).read_bytes()
    assert (one / REPORT).read_bytes() != (nameless / REPORT).read_bytes()


def test_a_dose_with_an_earlier_session_is_a_group_without_an_rtdose(
    run: Run, exact_contours: Path, results: Path, tmp_path: Path
) -> None:
    more = ("--prior-dose", results / "dose_local.dcm", "--no-report")
    accepted = ("--accept", "H09", "--reason", "the same session, as a test")
    result = run(
        *("post", exact_contours, *GIVEN, *more, *accepted, "--out", tmp_path / "out")
    )
    assert result.exit_code == 0, result.stderr
    sums = 0
    for group in items(pydicom.dcmread(tmp_path / "out" / REPORT)):
        told = {name_of(one): one for one in group.get("ContentSequence") or ()}
        if "370129005" in told and code_of(told["370129005"]) == "LOCAL-SUM":
            sums += 1
            assert "121342" not in told
    assert sums == 8
