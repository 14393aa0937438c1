"""Pages: made with the results, again from them, and of any dose."""

import json
import re
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from click.testing import Result

from sirtdose.model.grid import Grid
from tests.cli.post.test_registration import save

Run = Callable[..., Result]
GIVEN = ("--administered", "2.2GBq", "--lung-shunt", "5%")


@pytest.fixture(scope="module")
def results(exact_contours: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    from click.testing import CliRunner

    from sirtdose.cli.main import main

    out = tmp_path_factory.mktemp("results") / "out"
    words = ["post", str(exact_contours), *GIVEN, "--out", str(out)]
    assert CliRunner().invoke(main, words).exit_code == 0
    return out


def embedded(page: str, name: str) -> Any:
    [text] = re.findall(
        rf'<script type="application/json" id="{name}">(.*?)</script>', page, re.S
    )
    return json.loads(text)


def test_the_page_holds_what_was_computed_and_nothing_else(results: Path) -> None:
    page = (results / "report.html").read_text("utf-8")
    assert len(page.encode()) < 3_000_000
    assert "default-src 'none'" in page
    assert not re.search(r"(src|href)=\"(?!data:|#)", page)
    document = json.loads((results / "post.json").read_text("utf-8"))
    assert embedded(page, "post-json") == document
    assert page.count("data:image/jpeg;base64,") == 3
    curves = {one["name"]: one for one in embedded(page, "dvh-data")[0]["curves"]}
    for row in document["doses"]["local_deposition"]["structures"]:
        curve = curves[row["name"]]
        assert curve["volume_ml"] == pytest.approx(row["volume_ml"])
        assert curve["fraction"][0] == 1


def test_it_is_made_again_the_same(run: Run, results: Path, tmp_path: Path) -> None:
    before = (results / "report.html").read_bytes()
    result = run("report", results / "post.json", "--out", tmp_path / "page")
    assert result.exit_code == 0, result.stderr
    assert (tmp_path / "page" / "report.html").read_bytes() == before
    again = run("report", results / "post.json", "--out", tmp_path / "page")
    assert again.exit_code == 5


def test_the_patient_stands_on_it_only_when_asked(
    run: Run, results: Path, exact_contours: Path, tmp_path: Path
) -> None:
    assert "PHANTOM" not in (results / "report.html").read_text("utf-8")
    words = ("report", results / "post.json", "--show-patient")
    assert run(*words, "--out", tmp_path / "page").exit_code == 0
    page = (tmp_path / "page" / "report.html").read_text("utf-8")
    assert "<dd>Phantom Digital, ID PHANTOM" in page
    named = run(
        *("post", exact_contours, *GIVEN, "--show-patient", "--out", tmp_path / "out")
    )
    assert named.exit_code == 0, named.stderr
    assert (tmp_path / "out" / "report.html").read_text("utf-8") == page
    assert "PHANTOM" not in (tmp_path / "out" / "post.json").read_text("utf-8")
    assert "PHANTOM" not in named.stderr


def test_figures_carry_their_case(run: Run, results: Path, tmp_path: Path) -> None:
    from PIL import Image

    for name in ("one", "two"):
        words = ("report", results / "post.json", "--figures", "--out", tmp_path / name)
        assert run(*words).exit_code == 0
    files = sorted(path.name for path in (tmp_path / "one" / "figures").iterdir())
    assert files == ["dvh.png", "dvh.svg", "planes.png", "planes.svg"]
    for name in files:
        first = (tmp_path / "one" / "figures" / name).read_bytes()
        assert first == (tmp_path / "two" / "figures" / name).read_bytes(), name
    [case] = re.findall(
        r"Case ([0-9a-f]{12})", (tmp_path / "one" / "report.html").read_text("utf-8")
    )[:1]
    assert case in (tmp_path / "one" / "figures" / "dvh.svg").read_text("utf-8")
    with Image.open(tmp_path / "one" / "figures" / "planes.png") as picture:
        pixels = np.asarray(picture.convert("RGB"))
    assert pixels.std() > 20


def test_edited_results_get_no_page(run: Run, results: Path, tmp_path: Path) -> None:
    import shutil

    shutil.copytree(results, tmp_path / "edited")
    path = tmp_path / "edited" / "post.json"
    path.write_text(path.read_text("utf-8").replace('"mean": 2', '"mean": 3'), "utf-8")
    before = (tmp_path / "edited" / "report.html").read_bytes()
    result = run("report", path)
    assert result.exit_code == 3
    assert "H31" in result.stderr
    assert (tmp_path / "edited" / "report.html").read_bytes() == before


def test_edited_pictures_get_no_page(run: Run, results: Path, tmp_path: Path) -> None:
    import shutil

    shutil.copytree(results, tmp_path / "edited")
    path = tmp_path / "edited" / "report_data.json"
    data = json.loads(path.read_text("utf-8"))
    data["planes"][0]["left"] = "L"
    path.write_text(json.dumps(data, separators=(",", ":")) + "\n", "utf-8")
    result = run("report", tmp_path / "edited" / "post.json")
    assert result.exit_code == 3
    assert "report_data.json was changed" in result.stderr
    path.write_text('{"schema": "sirtdose.report_data/2"}')
    assert run("report", tmp_path / "edited" / "post.json").exit_code == 3


def test_nobody_is_named_by_another_patients_file(
    run: Run, results: Path, tmp_path: Path
) -> None:
    import shutil

    import pydicom

    shutil.copytree(results, tmp_path / "mixed")
    path = tmp_path / "mixed" / "dose_plan.dcm"
    plan = pydicom.dcmread(path)
    plan.PatientName = "Other^One"
    plan.save_as(path)
    result = run("report", tmp_path / "mixed" / "post.json", "--show-patient")
    assert result.exit_code == 3
    assert "H32" in result.stderr


def test_names_that_look_like_formulas(
    run: Run, exact_contours: Path, tmp_path: Path
) -> None:
    import pydicom

    contours = pydicom.dcmread(exact_contours / "structures.dcm")
    for roi in contours.StructureSetROISequence:
        if roi.ROIName == "Tumor 1":
            roi.ROIName = r"_T$\frac$"
    contours.save_as(tmp_path / "named.dcm")
    made = run(
        *("post", exact_contours, *GIVEN, "--structures", tmp_path / "named.dcm"),
        *("--role", r"_T$\frac$=tumor", "--out", tmp_path / "out"),
    )
    assert made.exit_code == 0, made.stderr
    drawn = run("report", tmp_path / "out" / "post.json", "--figures")
    assert drawn.exit_code == 0, drawn.stderr
    svg = (tmp_path / "out" / "figures" / "dvh.svg").read_text("utf-8")
    assert r"_T$\frac$" in svg


@pytest.mark.parametrize(
    ("options", "exit_code", "message"),
    [
        (("--show-patient", "--no-report"), 2, "shows the patient's name"),
        (("--show-patient", "--deidentify"), 2, "shows the patient's name"),
    ],
)
def test_naming_and_not_naming(
    run: Run,
    exact_contours: Path,
    tmp_path: Path,
    options: tuple[str, ...],
    exit_code: int,
    message: str,
) -> None:
    result = run("post", exact_contours, *GIVEN, *options, "--out", tmp_path / "out")
    assert (result.exit_code, result.stdout) == (exit_code, "")
    assert message in result.stderr


def test_an_approval_does_not_wait_for_a_picture(
    run: Run, exact_voxels: Path, tmp_path: Path
) -> None:
    words = ("plan", "image", exact_voxels, "--activity", "2GBq", "--lung-shunt", "5%")
    assert run(*words, "--out", tmp_path / "plan").exit_code == 0
    (tmp_path / "plan" / "report_data.json").write_text("{}")
    approved = run("plan", "approve", tmp_path / "plan" / "plan.json", "--by", "B")
    assert approved.exit_code == 0, approved.stderr
    page = (tmp_path / "plan" / "plan.html").read_text("utf-8")
    assert ">Approved by B, " in page


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("{}", "post.json has no page: give post.json, lesions.json, plan.json"),
        ("no", "post.json has no page: give post.json, lesions.json, plan.json"),
        ('{"schema": "sirtdose.post/1"}', "there is no report_data.json"),
    ],
)
def test_refusals(run: Run, tmp_path: Path, text: str, message: str) -> None:
    (tmp_path / "post.json").write_text(text)
    result = run("report", tmp_path / "post.json")
    assert result.exit_code == 3
    assert message in result.stderr


def test_what_is_no_result_is_answered_with_one(run: Run, tmp_path: Path) -> None:
    """A folder, nothing at all, and another file of the results."""
    (tmp_path / "doses").mkdir()
    (tmp_path / "doses" / "plan.json").write_text("{}")
    (tmp_path / "doses" / "dose_local.dcm").write_bytes(b"\xff\xfe")
    (tmp_path / "doses" / "notes.txt").write_text("Tumor 1 looks good")
    either = "give post.json, lesions.json, plan.json, compare.json, vial.json or "
    either += "order.json"
    for path, said in (
        (tmp_path / "doses", "doses is a folder: give doses/plan.json"),
        (tmp_path / "nothere", f"there is no file nothere: {either}"),
        (tmp_path / "x" / "post.json", f"there is no file post.json: {either}"),
        (
            tmp_path / "doses" / "dose_local.dcm",
            "dose_local.dcm is DICOM: add --csv to read a structured report, or "
            f"{either}",
        ),
        (tmp_path / "doses" / "notes.txt", f"no page is made from notes.txt: {either}"),
    ):
        refused = run("report", path)
        assert refused.exit_code == 3
        assert said in refused.stderr


def test_a_name_cannot_end_its_script(
    run: Run, exact_contours: Path, tmp_path: Path
) -> None:
    import pydicom

    contours = pydicom.dcmread(exact_contours / "structures.dcm")
    for roi in contours.StructureSetROISequence:
        if roi.ROIName == "Tumor 1":
            roi.ROIName = "T</script><b>1"
    contours.save_as(tmp_path / "named.dcm")
    result = run(
        *("post", exact_contours, *GIVEN, "--structures", tmp_path / "named.dcm"),
        *("--role", "T</script><b>1=tumor", "--out", tmp_path / "out"),
    )
    assert result.exit_code == 0, result.stderr
    page = (tmp_path / "out" / "report.html").read_text("utf-8")
    assert "T</script>" not in page
    names = [one["name"] for one in embedded(page, "view-data")["structures"]]
    assert "T</script><b>1" in names


def test_a_plan_has_a_page_too(run: Run, tmp_path: Path) -> None:
    words = ("plan", "mird", "--dose", "120Gy", "--perfused-volume", "1000mL")
    made = run(*words, "--lung-shunt", "10%", "--out", tmp_path / "plan")
    assert made.exit_code == 0, made.stderr
    page = (tmp_path / "plan" / "plan.html").read_text("utf-8")
    assert ">Draft, not approved<" in page
    plan = json.loads((tmp_path / "plan" / "plan.json").read_text())
    assert embedded(page, "plan-json") == plan
    assert f">{plan['activity_gbq']:.2f}</span> GBq" in page
    assert (
        run("plan", "approve", tmp_path / "plan" / "plan.json", "--by", "A").exit_code
        == 0
    )
    page = (tmp_path / "plan" / "plan.html").read_text("utf-8")
    assert ">Approved by A, " in page
    assert run("report", tmp_path / "plan" / "plan.json").exit_code == 0
    assert (tmp_path / "plan" / "plan.html").read_text("utf-8") == page


def test_a_plan_by_an_image_shows_it(
    run: Run, exact_voxels: Path, tmp_path: Path
) -> None:
    words = ("plan", "image", exact_voxels, "--activity", "2GBq", "--lung-shunt", "5%")
    made = run(*words, "--out", tmp_path / "plan")
    assert made.exit_code == 0, made.stderr
    page = (tmp_path / "plan" / "plan.html").read_text("utf-8")
    assert embedded(page, "view-data")["grid"]["every"] == 1
    before = page
    assert run("report", tmp_path / "plan" / "plan.json", "--figures").exit_code == 0
    assert (tmp_path / "plan" / "plan.html").read_text("utf-8") == before
    assert (tmp_path / "plan" / "figures" / "planes.svg").is_file()


def test_a_view_of_any_dose(run: Run, exact_contours: Path, tmp_path: Path) -> None:
    grid = Grid.regular((6, 7, 9), spacing_mm=(4.0, 4.0, 4.0))
    data = np.arange(6 * 7 * 9, dtype=np.float32).reshape(6, 7, 9)
    save(tmp_path / "dose.nii.gz", data, grid)
    result = run("view", tmp_path / "dose.nii.gz", "--out", tmp_path / "one")
    assert result.exit_code == 0, result.stderr
    page = (tmp_path / "one" / "view.html").read_text("utf-8")
    assert embedded(page, "view-data")["gray"] is None
    assert "SHA-256 of the dose" in page
    wrong = run(
        *("view", tmp_path / "dose.nii.gz", "--ct", exact_contours / "spect.dcm"),
        *("--out", tmp_path / "two"),
    )
    assert wrong.exit_code == 3
    assert "a CT is needed" in wrong.stderr
    assert not (tmp_path / "two").exists()


def test_a_view_is_of_one_patient(
    run: Run, results: Path, exact_contours: Path, tmp_path: Path
) -> None:
    import pydicom

    dose = pydicom.dcmread(results / "dose_local.dcm")
    dose.PatientID, dose.PatientName = "OTHER", "Other^One"
    dose.save_as(tmp_path / "other.dcm")
    for words in (
        ("view", tmp_path / "other.dcm", "--ct", exact_contours / "ct"),
        (
            "dvh",
            tmp_path / "other.dcm",
            "--structures",
            exact_contours / "structures.dcm",
        ),
    ):
        result = run(*words, "--out", tmp_path / "out")
        assert result.exit_code == 3
        assert "H01" in result.stderr
