"""The plan's own dose map on the treatment's scan, beside what was delivered."""

import json
import re
import shutil
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import numpy as np
import pydicom
import pytest
import SimpleITK
from click.testing import CliRunner, Result

from sirtdose.cli.main import main
from sirtdose.dosimetry.grid.registration import Registration, of_matrix
from sirtdose.dosimetry.results import Placed, PlanMap
from sirtdose.errors import GeometryError, InputError
from sirtdose.io.image_file import read_image_file, write_nifti
from sirtdose.io.map_label import MapLabel, label_of, label_text
from sirtdose.model.grid import Grid, box_at
from sirtdose.model.role import Role
from sirtdose.model.structure import Structure
from sirtdose.model.volume import Quantity, Volume
from sirtdose.workflows.post.plan_map import plan_map_on
from tests.cli.post.test_prior_dose import translation
from tests.cli.post.test_registration import write_registration
from tests.planned import planned_by

Run = Callable[..., Result]
GIVEN = ("--administered", "2.1GBq", "--lung-shunt", "5%")
ELSEWHERE = "1.2.3.4.6"
# Where the planning scan's points are, from those of the treatment, LPS.
SHIFT = (14.0, 0.0, 8.0)
MINUS = "\u2212"


@pytest.fixture(scope="module")
def plan(exact_voxels: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    return planned_by(exact_voxels, tmp_path_factory.mktemp("planned") / "plan")


def half_beside(plan: Path, path: Path) -> Path:
    """The plan's map from the middle of its dose on."""
    dose = read_image_file(plan.parent / "dose_local.nii.gz", Quantity.DOSE).data
    return other_map(plan, path, first=int(dose.sum(axis=(1, 2)).argmax()))


def other_map(
    planned: Path,
    path: Path,
    *,
    factor: float = 1.0,
    shift: tuple[float, float, float] = (0.0, 0.0, 0.0),
    first: int = 0,
    labeled: bool = True,
    **label: str | None,
) -> Path:
    """The plan's map otherwise: its values, its place, and what it says of itself."""
    source = planned.parent / "dose_local.nii.gz"
    volume = read_image_file(source, Quantity.DOSE)
    own = label_of(source)
    assert own is not None
    data = np.float32(factor) * volume.data[first:]
    grid = volume.grid.crop(box_at((first, 0, 0), data.shape)).moved(shift)
    moved = Volume(data, grid, Quantity.DOSE, volume.source)
    text = label_text(replace(own, **label), moved) if labeled else ""
    write_nifti(moved, path, label=text)
    return path


def alone(plan: Path, folder: Path) -> Path:
    """The plan without its maps beside it."""
    folder.mkdir()
    return Path(shutil.copy(plan, folder / "plan.json"))


def posted(run: Run, source: Path, plan: Path, out: Path, *more: object) -> dict:
    words = ("post", source, *GIVEN, "--plan", plan, "--json", "--no-dicom")
    result = run(*words, "--out", out, *more)
    assert result.exit_code == 0, result.stderr
    return json.loads(result.stdout)


def said(document: dict, code: str) -> list[str]:
    return [
        f"{one['severity']} {one['message']}"
        for one in document["warnings"]
        if one["code"] == code and "plan's dose map" in one["message"]
    ]


def view_of(out: Path) -> dict:
    view = json.loads((out / "report_data.json").read_text())["view"]
    assert isinstance(view, dict)
    return view


def means(document: dict) -> dict[str, tuple[float, float]]:
    rows = document["plan"]["map"]["structures"]
    return {row["name"]: (row["planned_gy"], row["delivered_gy"]) for row in rows}


def test_the_map_beside_the_plan_is_shown_by_the_switch(
    run: Run, exact_voxels: Path, plan: Path, tmp_path: Path
) -> None:
    out = tmp_path / "out"
    document = posted(run, exact_voxels, plan, out)
    found = document["plan"]["map"]
    assert found["placed_by"] == "frame of reference"
    assert found["method"] == "local_deposition"
    # One scan stands for both: delivered is 5 % more everywhere.
    assert {row["name"] for row in found["structures"]} >= {"Liver", "Tumor 2"}
    own = {row["name"]: row["planned_gy"] for row in document["plan"]["doses"]}
    for row in found["structures"]:
        assert row["delivered_to_planned_ratio"] == pytest.approx(1.05, rel=1e-5)
        # A plan has no row of the tumors together.
        if row["name"] != "all_tumors":
            assert row["planned_gy"] == pytest.approx(own[row["name"]], rel=1e-5)
    view = view_of(out)
    assert [one["name"] for one in view["maps"]] == ["Local deposition", "Plan"]
    [difference] = view["differences"]
    assert difference["name"] == f"Local deposition {MINUS} plan"
    assert difference["of"] == [0, 1]
    delivered, planned = (one["max_gy"] for one in view["maps"])
    assert delivered == pytest.approx(1.05 * planned, rel=1e-5)
    page = (out / "report.html").read_text()
    assert "The plan's map on this scan's structures" in page
    assert len(page.encode()) < 3e6
    kinds = {one["kind"]: one["file"] for one in document["inputs"]}
    assert kinds["plan's dose map"] == "dose_local.nii.gz"
    assert said(document, "H15") == []


def test_the_map_of_an_updated_plan_is_found(
    run: Run, exact_voxels: Path, plan: Path, tmp_path: Path
) -> None:
    """2.1 GBq drawn instead of 2: what is delivered then is what was planned."""
    today = tmp_path / "today" / "plan.json"
    drawn = ("--drawn", "2.1GBq", "--out", today.parent)
    assert run("plan", "update", plan, *drawn).exit_code == 0
    assert run("plan", "approve", today, "--by", "A. Person").exit_code == 0
    document = posted(run, exact_voxels, today, tmp_path / "out")
    assert document["plan"]["map"]["placed_by"] == "frame of reference"
    found = means(document)
    assert found.keys() >= {"Liver", "Tumor 2"}
    for planned, delivered in found.values():
        assert delivered == pytest.approx(planned, rel=1e-5)
    assert said(document, "H02") == []


def test_a_map_on_another_scan_needs_a_transform(
    run: Run, exact_voxels: Path, plan: Path, tmp_path: Path
) -> None:
    there = alone(plan, tmp_path / "plan")
    frame = {"frame_of_reference_uid": ELSEWHERE}
    other_map(plan, there.parent / "dose_local.nii.gz", shift=SHIFT, **frame)
    out = tmp_path / "out"
    document = posted(run, exact_voxels, there, out)
    assert document["plan"]["map"] is None
    assert document["plan"]["doses"] != []
    [note] = said(document, "H15")
    assert note.startswith("note the plan's dose map is not shown: it lies on another")
    assert "--plan-transform" in note
    assert [one["name"] for one in view_of(out)["maps"]] == ["Local deposition"]
    right = translation(tmp_path / "right.tfm", *SHIFT)
    moved = posted(run, exact_voxels, there, out, "--force", "--plan-transform", right)
    assert moved["plan"]["map"]["placed_by"] == "transform"
    for planned, delivered in means(moved).values():
        assert delivered == pytest.approx(1.05 * planned, rel=2e-3)
    [note] = said(moved, "H16")
    assert note.startswith("note the plan's dose map was moved by a transform file")
    assert "Plan" in [one["name"] for one in view_of(out)["maps"]]


@pytest.mark.parametrize(
    ("change", "message"),
    [
        ({"factor": -1.0}, "runs from -"),
        ({"plan": "0" * 64}, "is of another plan (hash 000000000000)"),
        ({"of": "1 GBq of an injection"}, "is the dose of 1 GBq of an injection"),
    ],
)
def test_maps_that_are_refused(
    run: Run,
    exact_voxels: Path,
    plan: Path,
    tmp_path: Path,
    change: dict,
    message: str,
) -> None:
    other = other_map(plan, tmp_path / "other.nii.gz", **change)
    words = ("post", exact_voxels, *GIVEN, "--plan", plan, "--plan-dose", other)
    result = run(*words, "--out", tmp_path / "out")
    assert (result.exit_code, result.stdout) == (3, "")
    assert message in result.stderr
    assert not (tmp_path / "out").exists()


def test_files_that_are_no_map_of_this_plan(
    run: Run, exact_voxels: Path, plan: Path, tmp_path: Path
) -> None:
    given = ("post", exact_voxels, *GIVEN, "--out", tmp_path / "out")
    words = (*given, "--plan", plan, "--plan-dose")
    per_gbq = run(*words, plan.parent / "per_gbq" / "dose_local.nii.gz")
    assert "is the dose of 1 GBq of an injection" in per_gbq.stderr
    counts = run(*words, exact_voxels / "spect.dcm")
    assert "spect.dcm is in counts, not Gy" in counts.stderr
    missing = run(*words, tmp_path / "no.nii.gz")
    assert "--plan-dose: there is no file no.nii.gz" in missing.stderr
    without = run(*given, "--plan-dose", tmp_path / "no.nii.gz")
    assert without.exit_code == 2
    assert "--plan-dose is for a --plan: give both" in without.stderr
    lone = alone(plan, tmp_path / "lone")
    transform = translation(tmp_path / "t.tfm", *SHIFT)
    idle = run(*given, "--plan", lone, "--plan-transform", transform)
    assert idle.exit_code == 3
    assert "none beside plan.json belongs to this plan" in idle.stderr
    # Another person's RTDOSE.
    assert (
        CliRunner()
        .invoke(
            main,
            ["post", str(exact_voxels), *GIVEN, "--out", str(tmp_path / "theirs")],
        )
        .exit_code
        == 0
    )
    dose = pydicom.dcmread(tmp_path / "theirs" / "dose_local.dcm")
    dose.PatientID, dose.PatientName = "OTHER", "Other^Person"
    dose.PatientBirthDate, dose.PatientSex = "19410101", "O"
    dose.save_as(tmp_path / "other.dcm")
    other = run(*words, tmp_path / "other.dcm")
    assert other.exit_code == 3
    assert "the files belong to 2 patients (H01" in other.stderr


def test_a_map_that_was_changed_is_not_shown(
    run: Run, exact_voxels: Path, plan: Path, tmp_path: Path
) -> None:
    there = alone(plan, tmp_path / "plan")
    document = posted(run, exact_voxels, there, tmp_path / "none", "--no-report")
    [note] = said(document, "H02")
    assert note.startswith("note the plan's dose map is not shown: none beside plan.")
    # The label of one map behind the voxels of another.
    source = plan.parent / "dose_local.nii.gz"
    volume, label = read_image_file(source, Quantity.DOSE), label_of(source)
    assert isinstance(label, MapLabel)
    changed = there.parent / "dose_local.nii.gz"
    half = volume.with_data(volume.data / 2)
    write_nifti(half, changed, label=label_text(label, volume))
    document = posted(run, exact_voxels, there, tmp_path / "out", "--no-report")
    assert document["plan"]["map"] is None
    [warned] = said(document, "H02")
    assert warned.startswith("warn")
    assert "dose_local.nii.gz was changed since" in warned
    words = ("post", exact_voxels, *GIVEN, "--plan", plan, "--plan-dose", changed)
    refused = run(*words, "--out", tmp_path / "refused")
    assert refused.exit_code == 3
    assert "was changed since `sirtdose plan image` wrote it" in refused.stderr


def test_a_map_that_does_not_say_whose_it_is_is_asked_about(
    run: Run, exact_voxels: Path, plan: Path, tmp_path: Path
) -> None:
    other = other_map(plan, tmp_path / "other.nii.gz", labeled=False)
    words = ("post", exact_voxels, *GIVEN, "--plan", plan, "--plan-dose", other)
    words += ("--no-report", "--out", tmp_path / "out")
    asked = run(*words)
    assert asked.exit_code == 3
    assert "does not say which plan it belongs to" in asked.stderr
    words += ("--accept", "H02", "--reason", "exported by hand", "--json")
    # Without a frame of reference its place is not known.
    unplaced = json.loads(run(*words).stdout)
    assert unplaced["plan"]["map"] is None
    assert "the image's is not known" in said(unplaced, "H15")[0]
    identity = translation(tmp_path / "none.tfm", 0, 0, 0)
    placed = json.loads(run(*words, "--force", "--plan-transform", identity).stdout)
    assert placed["plan"]["map"]["placed_by"] == "transform"


def test_what_the_map_does_not_reach_has_no_planned_dose(
    run: Run, exact_voxels: Path, plan: Path, tmp_path: Path
) -> None:
    half = half_beside(plan, tmp_path / "half.nii.gz")
    out = tmp_path / "out"
    document = posted(run, exact_voxels, plan, out, "--plan-dose", half)
    [warned] = said(document, "H19")
    assert "no mean of it is given there" in warned
    named = set(re.findall(r"of '([^']+)'", warned))
    assert "Liver" in named
    assert not named & set(means(document))
    assert "of 'Liver'" in warned
    assert said(document, "H16") == []


def test_deidentified_results_name_no_file_of_the_plan(
    run: Run, exact_voxels: Path, plan: Path, tmp_path: Path
) -> None:
    there = other_map(plan, tmp_path / "Doe plan.nii.gz")
    out = tmp_path / "out"
    options = ("--plan-dose", there, "--deidentify")
    document = posted(run, exact_voxels, plan, out, *options)
    assert document["plan"]["map"]["placed_by"] == "frame of reference"
    own = label_of(there)
    assert own is not None
    for name in ("post.json", "report.html", "report_data.json"):
        text = (out / name).read_text()
        assert "Doe plan" not in text
        assert own.plan not in text
        assert str(own.frame_of_reference_uid) not in text


def small(frame: str | None, shift: float = 0.0) -> Grid:
    return Grid.regular(
        (12, 16, 20),
        spacing_mm=(4.0, 4.0, 4.0),
        origin_mm=(shift, 0.0, 0.0),
        frame_of_reference_uid=frame,
    )


def placed_by(way: Registration | None, frame: str | None = "1.2.3") -> Placed:
    """An image whose right half is the liver."""
    grid = small(frame)
    inside = np.zeros(grid.shape)
    inside[..., :10] = 1
    liver = Structure("Liver", Role.LIVER, inside, grid)
    return Placed(
        image=Volume(np.ones(grid.shape), grid, Quantity.COUNTS),
        on_grid=(liver,),
        named=(liver,),
        regions={},
        drawn=(liver,),
        lungs=(),
        lungs_covered=0.0,
        registration=way,
    )


def planned(frame: str | None, shift: float = 0.0) -> PlanMap:
    """All of its dose is in the liver, and differs from voxel to voxel."""
    grid = small(frame, shift)
    data = np.arange(np.prod(grid.shape), dtype=np.float32).reshape(grid.shape)
    data[..., 10:] = 0
    return PlanMap("local_deposition", Volume(data, grid, Quantity.DOSE))


def moved_back(by: float, path: Path | None = None) -> np.ndarray:
    """From the planning scan's points to the image's; a DICOM registration of it."""
    back = np.eye(4)
    back[0, 3] = -by
    if path is not None:
        write_registration(path, "1.2.3", back, decimals=6)
    return back


def test_the_registration_of_the_structures_brings_the_map_too() -> None:
    found = planned(ELSEWHERE, 12.0)
    way = replace(of_matrix(moved_back(12.0), small("1.2.3")), from_frame=ELSEWHERE)
    shown, findings = plan_map_on(found, None, placed_by(way))
    assert findings == []
    assert shown is not None
    assert shown.placed_by == "registration of the structures"
    np.testing.assert_allclose(shown.dose.data, found.dose.data, atol=1e-2)
    assert shown.reached.all()
    # Of a third scan it says nothing, nor if it is not rigid.
    third = replace(way, from_frame="9.9")
    wide = of_matrix(np.diag([1.1, 1, 1, 1]), small("1.2.3"))
    for other in (third, replace(wide, from_frame=ELSEWHERE), None):
        nothing, [note] = plan_map_on(found, None, placed_by(other))
        assert nothing is None
        assert "it lies on another scan" in note.message


def test_a_frame_of_reference_places_the_map_if_both_are_known() -> None:
    for own, here in ((None, None), (None, "1.2.3"), ("1.2.3", None)):
        nothing, [note] = plan_map_on(planned(own), None, placed_by(None, here))
        assert nothing is None
        assert note.code == "H15"
        assert "is not known" in note.message
    # It stays where it is, and where it ends there is no planned dose.
    beside = planned("1.2.3", 20.0)
    shown, findings = plan_map_on(beside, None, placed_by(None))
    assert shown is not None
    assert not shown.reached[..., :5].any()
    assert shown.reached[..., 5:].all()
    np.testing.assert_allclose(
        shown.dose.data[..., 5:], beside.dose.data[..., :15], rtol=1e-6
    )
    assert [one.code for one in findings] == ["H19"]
    assert "covers 50% of 'Liver'" in findings[0].message
    # Nobody asked for it: little of it in the liver stops nothing.
    shown, findings = plan_map_on(planned("1.2.3", 40.0), None, placed_by(None))
    assert shown is not None
    assert {str(one.severity) for one in findings} == {"warn"}
    assert "0% of the plan's dose map (Gy times mL) lies in 'Liver'" in str(findings)


def test_transforms_of_the_plans_map_are_judged(tmp_path: Path) -> None:
    found, here = planned(ELSEWHERE, 12.0), placed_by(None)
    right = translation(tmp_path / "right.tfm", 12.0, 0.0, 0.0)
    reg = tmp_path / "reg.dcm"
    moved_back(12.0, reg)
    for path in (right, reg):
        shown, [note] = plan_map_on(found, path, here)
        assert shown is not None
        assert shown.placed_by == "transform"
        assert note.message.startswith("the plan's dose map was moved by a transform")
        np.testing.assert_allclose(shown.dose.data, found.dose.data, atol=1e-2)
    # A DICOM registration is between two frames of reference: the map's is one.
    with pytest.raises(GeometryError, match="but not that of the image"):
        plan_map_on(planned("9.9", 12.0), reg, here)
    inverse = translation(tmp_path / "inverse.tfm", -12.0, 0.0, 0.0)
    _, findings = plan_map_on(found, inverse, here)
    [asked] = [one for one in findings if str(one.severity) == "ask"]
    assert "of the plan's dose map with the inverse of this" in asked.message
    wide = SimpleITK.AffineTransform(3)
    wide.Scale(1.1)
    SimpleITK.WriteTransform(wide, str(tmp_path / "wide.tfm"))
    with pytest.raises(InputError, match="the plan's dose map can only be moved rig"):
        plan_map_on(found, tmp_path / "wide.tfm", here)
    _, findings = plan_map_on(planned("1.2.3"), right, here)
    assert "is already in the image's frame of reference" in str(findings)
    assert "leave --plan-transform out" in str(findings)
