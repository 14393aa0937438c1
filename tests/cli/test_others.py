import json
import re
import shutil
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pydicom
import pytest
from click.testing import Result

Run = Callable[..., Result]


def test_inspect_says_what_would_be_used(run: Run, exact_contours: Path) -> None:
    result = run("inspect", exact_contours, "--json")
    document = json.loads(result.stdout)
    assert {f["kind"]: f["used_as"] for f in document["found"]} == {
        "SPECT": "activity image",
        "CT": "CT",
        "RTSTRUCT": "structures",
    }
    assert document["problem"] is None
    assert "PHANTOM" not in result.output
    assert "96 x 80 x 64" in result.stderr


def test_inspect_reads_what_would_be_used(
    run: Run, exact_contours: Path, tmp_path: Path
) -> None:
    folder = shutil.copytree(exact_contours, tmp_path / "patient")
    whole = json.loads(run("inspect", folder, "--json").stdout)
    assert whole["unusable"] == []
    roles = {one["name"]: one["role"] for one in whole["structures"]}
    assert roles["Liver"] == "liver"
    volumes = {one["name"]: one["volume_ml"] for one in whole["structures"]}
    assert volumes["Tumor 2"] == pytest.approx(24.43, rel=0.02)
    spect = (folder / "spect.dcm").read_bytes()
    (folder / "spect.dcm").write_bytes(spect[: len(spect) // 2])
    cut = run("inspect", folder, "--json")
    assert cut.exit_code == 0
    assert "spect.dcm" in json.loads(cut.stdout)["unusable"][0]
    assert "cannot be used: spect.dcm" in cut.stderr


def test_inspect_says_why_nothing_can_be_chosen(
    run: Run, exact_contours: Path, tmp_path: Path
) -> None:
    result = run("inspect", exact_contours / "ct", "--json")
    assert result.exit_code == 0
    assert "no activity image found" in json.loads(result.stdout)["problem"]
    missing = run("inspect", tmp_path / "none")
    assert missing.exit_code == 3
    assert missing.stdout == ""


def test_inspect_shows_places_only_when_asked(
    run: Run, exact_contours: Path, tmp_path: Path
) -> None:
    shutil.copytree(exact_contours, tmp_path / "Doe Jane")
    assert "Doe" not in run("inspect", tmp_path, "--json").output
    shown = run("inspect", tmp_path, "--json", "--paths")
    places = {f["kind"]: f["path"] for f in json.loads(shown.stdout)["found"]}
    assert places["SPECT"] == "Doe Jane/spect.dcm"
    assert places["CT"].startswith("Doe Jane/ct (CT series ...")
    alone = run("inspect", tmp_path / "Doe Jane" / "spect.dcm", "--paths")
    assert "spect.dcm " in alone.stderr


def test_inspect_says_which_frame_of_reference_each_has(
    run: Run, exact_contours: Path, tmp_path: Path
) -> None:
    folder = shutil.copytree(exact_contours, tmp_path / "patient")
    document = json.loads(run("inspect", folder, "--json").stdout)
    [frame] = {tuple(f["frames_of_reference"]) for f in document["found"]}
    assert len(frame) == 1
    assert document["frames_differ"] is None
    rtss = pydicom.dcmread(folder / "structures.dcm")
    for roi in rtss.StructureSetROISequence[:1]:
        roi.ReferencedFrameOfReferenceUID = "1.2.3"
    rtss.save_as(folder / "structures.dcm")
    # Some regions elsewhere: the others can be used.
    some = run("inspect", folder, "--json")
    assert json.loads(some.stdout)["frames_differ"] is None
    assert "A, B" in some.stderr or "B, A" in some.stderr
    for roi in rtss.StructureSetROISequence:
        roi.ReferencedFrameOfReferenceUID = "1.2.3"
    rtss.FrameOfReferenceUID = "1.2.3"
    rtss.save_as(folder / "structures.dcm")
    foreign = run("inspect", folder, "--json")
    assert "STOP H15  structures.dcm lies in another frame" in foreign.stderr


def test_phantom_is_the_same_for_a_seed(run: Run, tmp_path: Path) -> None:
    for name, seed in (("a", 3), ("b", 3), ("c", 4)):
        assert run("phantom", tmp_path / name, "--seed", seed).exit_code == 0
    files = sorted(p.relative_to(tmp_path / "a") for p in (tmp_path / "a").rglob("*.*"))
    assert len(files) == 105
    for file in files:
        assert (tmp_path / "a" / file).read_bytes() == (
            tmp_path / "b" / file
        ).read_bytes()
    a, c = (pydicom.dcmread(tmp_path / name / "spect.dcm").pixel_array for name in "ac")
    assert (a != c).any()


def test_phantom_with_segments_is_the_same_for_a_seed(run: Run, tmp_path: Path) -> None:
    for name in ("a", "b"):
        run("phantom", tmp_path / name, "--structures", "voxels", "--fwhm", "0mm")
    assert (tmp_path / "a" / "structures.dcm").read_bytes() == (
        tmp_path / "b" / "structures.dcm"
    ).read_bytes()


def test_phantom_has_what_real_files_have(exact_contours: Path) -> None:
    spect = pydicom.dcmread(exact_contours / "spect.dcm")
    assert list(spect.ImageType)[2] == "RECON TOMO"
    assert float(spect.SpacingBetweenSlices) < 0
    assert spect.DetectorInformationSequence[0].ImagePositionPatient
    assert "ImagePositionPatient" not in spect
    assert len({*map(float, spect.PixelSpacing), 4.8}) == 3
    ct = pydicom.dcmread(exact_contours / "ct" / "slice050.dcm")
    assert len({*map(float, ct.PixelSpacing), float(ct.SliceThickness)}) == 3
    hu = ct.pixel_array.astype(int) - 1024
    assert {-1000, 30} <= set(np.unique(hu).tolist())


def test_phantom_refuses_to_overwrite_and_bad_options(
    run: Run, exact_contours: Path, tmp_path: Path
) -> None:
    assert run("phantom", exact_contours).exit_code == 5
    assert run("phantom", tmp_path / "p", "--fwhm", "15").exit_code == 2
    assert run("phantom", tmp_path / "p", "--seed", "-1").exit_code == 2
    assert not (tmp_path / "p").exists()


def test_demo_says_where_the_report_is(run: Run, tmp_path: Path) -> None:
    result = run("demo", "--out", tmp_path / "demo")
    assert result.exit_code == 0
    match = re.search(r"The report is at (.*report\.html)", result.stdout)
    assert match
    assert Path(match[1]).is_file()
    plan = tmp_path / "demo" / "plan" / "plan.json"
    assert run("plan", "approve", plan, "--by", "A. Physicist").exit_code == 0
    assert (tmp_path / "demo" / "patient" / "truth.json").is_file()
    post = json.loads((tmp_path / "demo" / "doses" / "post.json").read_text())
    assert post["calibration"]["alternative_to_used_ratio"] == pytest.approx(1)
    assert "blur and voxels cost" in result.stderr


def test_version_and_unknown_command(run: Run) -> None:
    assert "sirtdose" in run("--version").stdout
    assert run("frobnicate").exit_code == 2
