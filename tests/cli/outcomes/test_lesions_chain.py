"""One patient from the plan over two treatments to a follow-up, each by its command."""

import csv
import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pydicom
import pytest
from click.testing import Result

Run = Callable[..., Result]
BARE = ("--lung-shunt", "5%", "--calibrate-over", "fov", "--no-report")


def later(path: Path, out: Path, day: str, uid: str) -> pydicom.Dataset:
    """Another object of the same patient and place, of a later day."""
    found = pydicom.dcmread(path)
    found.StudyDate = found.SeriesDate = day
    found.SOPInstanceUID = found.file_meta.MediaStorageSOPInstanceUID = uid
    found.StudyInstanceUID, found.SeriesInstanceUID = f"{uid}.1", f"{uid}.2"
    out.parent.mkdir(exist_ok=True)
    return found


@pytest.fixture
def treated(run: Run, exact_contours: Path, tmp_path: Path) -> Path:
    """plan, one and two: half of the activity at the second treatment."""
    words: tuple[object, ...] = ("plan", "partition", "--perfused-volume", "1043mL")
    words += ("--tumor", "Tumor 1=92mL@3", "--tumor", "Tumor 2=24mL@6")
    words += ("--tumor", "Tumor 3=5.6mL@5", "--activity", "2GBq", "--lung-shunt", "5%")
    words += ("--treatment-date", "2026-03-02", "--out", tmp_path / "plan")
    assert run(*words).exit_code == 0
    plan = tmp_path / "plan" / "plan.json"
    assert run("plan", "approve", plan, "--by", "A. Person").exit_code == 0
    given = ("--administered", "2GBq", "--administered-at", "2026-03-02T10:00+01:00")
    words = ("post", exact_contours, *given, *BARE, "--out", tmp_path / "one")
    result = run(*words, "--plan", plan)
    assert result.exit_code == 0, result.stderr
    second = tmp_path / "july" / "spect.dcm"
    image = later(exact_contours / "spect.dcm", second, "20260706", "2.25.71")
    image.AcquisitionDate = image.ContentDate = "20260706"
    image.TimezoneOffsetFromUTC = "+0200"
    image.save_as(second)
    given = ("--administered", "1GBq", "--administered-at", "2026-07-05T10:00+02:00")
    drawn = ("--structures", exact_contours / "structures.dcm")
    words = ("post", second.parent, *drawn, *given, *BARE)
    result = run(*words, "--out", tmp_path / "two")
    assert result.exit_code == 0, result.stderr
    return tmp_path


def test_from_plan_to_follow_up(run: Run, treated: Path, exact_contours: Path) -> None:
    drawn = later(
        exact_contours / "structures.dcm", treated / "sept.dcm", "20260901", "2.25.91"
    )
    for one in drawn.StructureSetROISequence:
        one.ROIName = one.ROIName.replace("Tumor 2", "Segment 8 tumor")
    drawn.save_as(treated / "sept.dcm")
    result = run(
        *("lesions", treated / "plan", treated / "one", treated / "two"),
        *("--follow-up", treated / "sept.dcm", "--case-label", "p1"),
        *("--out", treated / "history", "--json"),
    )
    assert result.exit_code == 0, result.stderr
    found: dict[str, Any] = json.loads(result.stdout)
    assert [one["label"] for one in found["visits"]] == [
        *("plan", "treatment 1", "treatment 2", "follow-up 1")
    ]
    assert [one["days"] for one in found["visits"][1:]] == [0, 125, 183]
    assert found["no_sum"] is None
    by_name = {one["name"]: one for one in found["lesions"]}
    assert list(by_name) == ["Tumor 1", "Tumor 2", "Tumor 3"]
    post = json.loads((treated / "one" / "post.json").read_text("utf-8"))
    rows = post["doses"]["local_deposition"]["structures"]
    for name, lesion in by_name.items():
        at = {one["visit"]: one for one in lesion["visits"]}
        first, second = (
            at[f"treatment {n}"]["dose_gy"]["local_deposition"]["mean"] for n in (1, 2)
        )
        # Half of the activity in the same image is half of the dose.
        assert first / second == pytest.approx(2.0, rel=1e-6)
        assert lesion["sum_gy"]["local_deposition"] == pytest.approx(
            1.5 * first, rel=1e-3
        )
        assert first == next(r["dose_gy"]["mean"] for r in rows if r["name"] == name)
        # Contours, against the same on SPECT voxels of 4.8 mm; 22 mm is the smallest.
        assert at["follow-up 1"]["dice"] > 0.75
        assert at["follow-up 1"]["apart_mm"] < 1
    seen = {one["visit"]: one for one in by_name["Tumor 2"]["visits"]}
    assert seen["follow-up 1"]["name"] == "Segment 8 tumor"
    assert seen["follow-up 1"]["matched_by"] == "overlap"
    assert not [one for one in found["warnings"] if one["code"] in ("H48", "H02")]
    with (treated / "history" / "lesions.csv").open() as file:
        [row, *_] = csv.DictReader(file)
    assert row["mean_of"] == "local deposition, sum of 2 treatments"
    assert run("report", treated / "history" / "lesions.json").exit_code == 0
