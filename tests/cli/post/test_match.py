"""`--match`: a plan's lesions under other names, in `post`, a batch and `lesions`."""

import json
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import pytest
from click.testing import Result

from sirtdose.io.dicom.link import read_link
from sirtdose.io.dicom.write_structures import write_seg
from sirtdose.io.read import read_structures
from tests.planned import planned_by

Run = Callable[..., Result]
NAMES = {"Tumor 1": "Lesion A", "Tumor 2": "Lesion B"}
TIMES = ("2026-03-02T10:00:00+01:00", "2026-03-03T09:30:00+01:00")


@pytest.fixture(scope="module")
def plan(exact_voxels: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A plan of 2 GBq by the phantom's own image, approved."""
    return planned_by(exact_voxels, tmp_path_factory.mktemp("plan") / "plan")


@pytest.fixture(scope="module")
def renamed(exact_voxels: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The phantom's own structures, two tumors by other names."""
    drawn = read_structures(exact_voxels / "structures.dcm")
    frame = drawn[0].grid.frame_of_reference_uid
    path = tmp_path_factory.mktemp("drawn") / "renamed.dcm"
    write_seg(
        [replace(one, name=NAMES.get(one.name, one.name)) for one in drawn],
        path,
        read_link([exact_voxels / "spect.dcm"], frame),
    )
    return path


def test_a_batch_carries_the_identity_to_the_history(
    run: Run, exact_voxels: Path, plan: Path, renamed: Path, tmp_path: Path
) -> None:
    match = "|".join(f"{lesion}={name}" for lesion, name in NAMES.items())
    columns = ("case_id", "input", "structures", "plan", "match")
    row = ("p1", exact_voxels, renamed, plan, match)
    table = tmp_path / "manifest.csv"
    table.write_text(f"{','.join(columns)}\n{','.join(map(str, row))}\n")
    result = run(
        *("batch", table, "--administered", "2.1GBq", "--lung-shunt", "5%"),
        *("--administered-at", TIMES[0], "--scan-at", TIMES[1], "--calibrate-over"),
        *("fov", "--no-report", "--jobs", "1", "--out", tmp_path / "doses"),
    )
    assert result.exit_code == 0, result.stderr
    post = json.loads((tmp_path / "doses" / "p1" / "post.json").read_text())
    assert post["options"]["matches"] == NAMES
    compared = {
        row["name"]: row["delivered_to_planned_ratio"] for row in post["plan"]["doses"]
    }
    # 2.1 of 2 GBq, by names of the treatment; and nothing was missed.
    for name in ("Lesion A", "Lesion B", "Tumor 3"):
        assert compared[name] == pytest.approx(1.05, rel=5e-3)
    assert not any("no counterpart" in one["message"] for one in post["warnings"])
    history = run(
        *("lesions", plan.parent, tmp_path / "doses" / "p1", "--case-label", "p1"),
        "--json",
    )
    assert history.exit_code == 0, history.stderr
    found = {
        one["name"]: one["visits"] for one in json.loads(history.stdout)["lesions"]
    }
    assert list(found) == ["Tumor 1", "Tumor 2", "Tumor 3"]
    assert found["Tumor 1"][1]["name"] == "Lesion A"
    assert [one[1]["matched_by"] for one in found.values()] == [
        "match",
        "match",
        "name",
    ]
    planned, delivered = (
        one["dose_gy"]["local_deposition"]["mean"] for one in found["Tumor 1"]
    )
    assert delivered / planned == pytest.approx(1.05, rel=5e-3)


@pytest.mark.parametrize(
    ("typed", "said"),
    [
        (
            "Tumor 7=Lesion A",
            "--match names 'Tumor 7', not a lesion of the plan: there",
        ),
        ("Tumor 1=Lesion Z", "names no tumor of the treatment: there are Lesion A"),
        ("Tumor 1=Tumor 3", "'Tumor 3' would be two lesions of the plan"),
    ],
)
def test_a_match_of_nothing_is_refused_by_name(
    run: Run,
    exact_voxels: Path,
    plan: Path,
    renamed: Path,
    tmp_path: Path,
    typed: str,
    said: str,
) -> None:
    result = run(
        *("post", exact_voxels, "--structures", renamed, "--administered", "2.1GBq"),
        *("--plan", plan, "--match", typed, "--out", tmp_path / "out"),
    )
    assert result.exit_code == 3
    assert said in result.stderr


def test_a_match_is_of_a_plan(run: Run, exact_voxels: Path, tmp_path: Path) -> None:
    result = run(
        *("post", exact_voxels, "--administered", "2.1GBq", "--match", "A=B"),
        *("--out", tmp_path / "out"),
    )
    assert result.exit_code == 2
    assert "--match is for a --plan" in result.stderr
