"""`sirtdose site trend`: a control chart of the calibrations of many cases."""

import csv
import io
import json
from collections.abc import Callable
from copy import deepcopy
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any

import pydicom
import pytest
from click.testing import Result

from tests.cli.test_batch import make_case

Run = Callable[..., Result]
# Median 1.00 with limits of 0.876 and 1.124: tests/checks/test_trend.py.
STEADY = (0.99, 1.02, 0.97, 1.04, 1.01, 0.98, 1.03, 0.96)


@pytest.fixture
def post(run: Run, tmp_path: Path) -> dict[str, Any]:
    """A result that was calibrated by a camera factor."""
    case = make_case(tmp_path / "scan")
    words: tuple[object, ...] = (
        "--image",
        "spect.nii.gz",
        "--structures",
        case / "labels.nii.gz",
    )
    words += ("--administered", "2GBq", "--administered-at", "2026-03-01T10:00Z")
    words += ("--scan-at", "2026-03-01T15:00Z", "--calibration", "10cps/MBq")
    words += ("--scan-duration", "20min", "--accept", "H13", "--reason", "phantom")
    words += ("--no-report", "--uncertainty", "20")
    result = run("post", case, *words, "--out", tmp_path / "one")
    assert result.exit_code == 0, result.stderr
    found: dict[str, Any] = json.loads((tmp_path / "one" / "post.json").read_text())
    return found


def kept(
    folder: Path, post: dict[str, Any], ratios: tuple[float, ...], **changes: Any
) -> Path:
    """A batch of such results, two weeks apart, that say so much of what was given."""
    for number, ratio in enumerate(ratios):
        own = deepcopy(post) | changes
        # By the camera: the other one, relative to the patient, is its inverse.
        own["calibration"]["alternative_to_used_ratio"] = 1 / ratio
        at = datetime(2026, 1, 5, 9) + timedelta(days=14 * number)
        own["times"]["scan_at"] = f"{at.isoformat()}+01:00"
        own["inputs"][0]["sha256"] = f"{number:064x}"
        case = folder / f"c{number}"
        case.mkdir(parents=True)
        (case / "post.json").write_text(json.dumps(own), "utf-8")
    return folder


def test_a_case_outside_the_limits_is_named(
    run: Run, tmp_path: Path, post: dict[str, Any]
) -> None:
    folder = kept(tmp_path / "batch", post, (*STEADY, 1.5))
    result = run("site", "trend", folder, "--out", tmp_path / "trend", "--json")
    assert result.exit_code == 0, result.stderr
    [chart] = json.loads(result.stdout)["charts"]
    assert chart["median"] == 1.01
    assert [one["case_id"] for one in chart["cases"] if one["outside"]] == ["c8"]
    # 5.8 % of the activity, nothing of no residual or shunt, and 5 % of the factor.
    assert chart["own_standard_relative"] == pytest.approx(0.0766, abs=1e-4)
    assert "file, camera factor, over the field of view, Y-90: 9 cases, 2026-01-05" in (
        result.stderr
    )
    assert "WARN H13" in result.stderr
    assert "case 'c8' has a ratio of 1.500" in result.stderr
    rows = list(csv.DictReader(io.StringIO((tmp_path / "trend/trend.csv").read_text())))
    assert [one["outside"] for one in rows] == ["no"] * 8 + ["yes"]
    page = (tmp_path / "trend" / "trend.html").read_text("utf-8")
    assert page.count("<circle") == 9
    assert "c8: 1.500, Apr 27, 2026" in page


def test_a_result_by_the_administered_activity_gives_the_other_way_around(
    run: Run, tmp_path: Path, post: dict[str, Any]
) -> None:
    """Its ratio is camera over patient-relative already."""
    by_camera = kept(tmp_path / "camera", post, (0.8,))
    other = deepcopy(post)
    own = other["calibration"]
    own["alternative"], own["used"] = deepcopy(own["alternative"]), "administered"
    own["alternative"] |= {"method": "camera", "over": None}
    own |= {"over": "liver", "alternative_to_used_ratio": 0.8}
    case = tmp_path / "relative"
    case.mkdir()
    (case / "post.json").write_text(json.dumps(other), "utf-8")
    for folder, over in ((by_camera, "field of view"), (case, "liver")):
        result = run("site", "trend", folder, "--json")
        assert result.exit_code == 0, result.stderr
        [chart] = json.loads(result.stdout)["charts"]
        assert chart["cases"][0]["ratio"] == pytest.approx(0.8)
        assert f"over the {over}" in chart["name"]
        assert chart["cases_needed"] == 7
        assert "limits need 8 cases: 7 more" in result.stderr


def test_cameras_have_a_chart_each(
    run: Run, tmp_path: Path, post: dict[str, Any]
) -> None:
    first = kept(tmp_path / "batch", post, STEADY[:2], camera={"name": "room 2"})
    second = kept(tmp_path / "other", post, STEADY[2:4], camera={"name": "room 3"})
    for number in (0, 1):
        path = second / f"c{number}" / "post.json"
        own = json.loads(path.read_text())
        own["inputs"][0]["sha256"] = f"{number + 10:064x}"
        path.write_text(json.dumps(own))
        (second / f"c{number}").rename(first / f"d{number}")
    result = run("site", "trend", first, "--json")
    charts = json.loads(result.stdout)["charts"]
    assert [one["camera"] for one in charts] == ["room 2", "room 3"]


def test_what_is_on_no_chart_says_why(
    run: Run, tmp_path: Path, post: dict[str, Any]
) -> None:
    folder = kept(tmp_path / "batch", post, STEADY)
    alone = deepcopy(post)
    alone["calibration"] |= {"alternative": None, "alternative_to_used_ratio": None}
    again = json.loads((folder / "c0" / "post.json").read_text())
    for name, text in (
        ("e1", json.dumps(alone)),
        ("e2", "{"),
        ("e3", json.dumps(again)),
        ("e4", json.dumps(post | {"ledger": 3})),
    ):
        (folder / name).mkdir()
        (folder / name / "post.json").write_text(text, "utf-8")
    result = run("site", "trend", folder, "--json")
    assert result.exit_code == 0, result.stderr
    document = json.loads(result.stdout)
    assert {one["case_id"]: one["why"] for one in document["not_used"]} == {
        "e1": "it has one calibration only",
        "e2": "its post.json is damaged or of another version",
        "e3": "it is the scan of case c0",
        "e4": "its post.json was edited or is damaged",
    }
    assert len(document["charts"][0]["cases"]) == 8


def test_dates_of_deidentified_results_are_not_used(
    run: Run, tmp_path: Path, post: dict[str, Any]
) -> None:
    inputs = [one | {"sha256": None} for one in post["inputs"]]
    folder = kept(tmp_path / "batch", post, STEADY)
    for path in folder.glob("*/post.json"):
        own = json.loads(path.read_text()) | {"inputs": inputs}
        path.write_text(json.dumps(own))
    result = run("site", "trend", folder, "--json", "-v")
    [chart] = json.loads(result.stdout)["charts"]
    assert {one["scan_at"] for one in chart["cases"]} == {None}
    assert chart["drift"] is None
    assert "8 without a date" in result.stderr


def test_a_folder_named_after_its_patient_is_not_named(
    run: Run, tmp_path: Path, post: dict[str, Any]
) -> None:
    folder = kept(tmp_path / "batch", post, STEADY[:2])
    (folder / "c1").rename(folder / "Doe")
    plan = pydicom.Dataset()
    plan.PatientName, plan.PatientID, plan.Modality = "Doe^Jane", "77", "RTPLAN"
    plan.SOPClassUID, plan.SOPInstanceUID = "1.2.840.10008.5.1.4.1.1.481.5", "1.2.3"
    plan.file_meta = pydicom.dataset.FileMetaDataset()
    plan.file_meta.TransferSyntaxUID = pydicom.uid.ExplicitVRLittleEndian
    pydicom.dcmwrite(folder / "Doe" / "plan.dcm", plan, enforce_file_format=True)
    result = run("site", "trend", folder, "--out", tmp_path / "trend", "--json", "-v")
    assert result.exit_code == 0, result.stderr
    written = [one.read_text("utf-8") for one in (tmp_path / "trend").iterdir()]
    assert not any("Doe" in one for one in (*written, result.output))


def test_refusals(run: Run, tmp_path: Path, post: dict[str, Any]) -> None:
    empty = tmp_path / "empty"
    empty.mkdir()
    result = run("site", "trend", empty)
    assert result.exit_code == 3
    assert "holds no post.json" in result.stderr
    assert "there is no folder none" in run("site", "trend", tmp_path / "none").stderr
    alone = deepcopy(post)
    alone["calibration"] |= {"alternative": None, "alternative_to_used_ratio": None}
    (empty / "post.json").write_text(json.dumps(alone))
    result = run("site", "trend", empty)
    assert result.exit_code == 3
    assert "no result has two calibrations to compare" in result.stderr
