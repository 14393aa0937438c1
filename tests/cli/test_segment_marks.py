"""What tells candidates and accepted structures, whatever an editor leaves."""

import json
import re
import shutil
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pydicom
import pytest
from click.testing import Result
from pydicom.dataset import Dataset

from sirtdose.io.dicom.seg import read_seg
from tests.cli.test_segment import BY, GIVEN, only, posted

Run = Callable[..., Result]


@pytest.fixture(scope="module")
def made(
    run: Run, exact_contours: Path, tmp_path_factory: pytest.TempPathFactory
) -> Path:
    """A patient with liver and lobe, and a review with its first tumor accepted."""
    folder = tmp_path_factory.mktemp("marks")
    (folder / "patient").mkdir()
    shutil.copy(exact_contours / "spect.dcm", folder / "patient")
    drawn = folder / "patient" / "structures.dcm"
    only(exact_contours / "structures.dcm", drawn, "Liver", "Perfused lobe")
    words = ("segment", folder / "patient", "--method", "adaptive")
    result = run(*words, "--out", folder / "review")
    assert result.exit_code == 0, result.stderr
    result = run("accept", folder / "review", "--lesion", "1", *BY)
    assert result.exit_code == 0, result.stderr
    return folder


def accepted(made: Path) -> Path:
    return made / "review" / "accepted-1" / "accepted.dcm"


def changed(source: Path, target: Path, *changes: Callable[[Dataset], None]) -> Path:
    dataset = pydicom.dcmread(source)
    for one in changes:
        one(dataset)
    dataset.save_as(target)
    return target


def another_editor(dataset: Dataset) -> None:
    dataset.Manufacturer = "An editor"
    dataset.SeriesDescription = "Segmentation"
    dataset.ContentLabel = "SEG"


def a_voxel_less(dataset: Dataset) -> None:
    bits = bytearray(dataset.PixelData)
    first = next(n for n, one in enumerate(bits) if one)
    bits[first] &= bits[first] - 1
    dataset.PixelData = bytes(bits)


def no_description(dataset: Dataset) -> None:
    for one in dataset.SegmentSequence:
        del one.SegmentDescription


def a_cut_description(dataset: Dataset) -> None:
    for one in dataset.SegmentSequence:
        one.SegmentDescription = one.SegmentDescription[:64]
        one.SegmentAlgorithmName = "An editor"


def no_trace(dataset: Dataset) -> None:
    no_description(dataset)
    for one in dataset.SegmentSequence:
        one.SegmentAlgorithmName = "An editor"


def asked(run: Run, made: Path, structures: Path, out: Path, *more: str) -> Result:
    drawn = ("--structures", made / "patient" / "structures.dcm")
    drawn += ("--structures", structures)
    words = ("post", made / "patient", *GIVEN, *drawn, "--no-report", "--out", out)
    return run(*words, "--json", *more)


@pytest.mark.parametrize(
    ("changes", "said"),
    [
        ((a_voxel_less,), "was changed after A. Physicist accepted it"),
        ((another_editor, a_voxel_less), "was changed after A. Physicist accepted it"),
        ((another_editor, no_description), "who accepted it is not in its file any"),
        ((another_editor, a_cut_description), "who accepted it is not in its file"),
    ],
)
def test_what_was_accepted_and_changed_is_asked_about_whoever_wrote_it(
    run: Run,
    made: Path,
    tmp_path: Path,
    changes: tuple[Callable[[Dataset], None], ...],
    said: str,
) -> None:
    path = changed(accepted(made), tmp_path / "edited.dcm", *changes)
    result = asked(run, made, path, tmp_path / "out")
    assert result.exit_code == 3
    assert "H35" in result.stderr
    assert said in result.stderr


def test_what_is_accepted_stays_so_in_another_program(
    run: Run, made: Path, tmp_path: Path
) -> None:
    path = changed(accepted(made), tmp_path / "again.dcm", another_editor)
    document, _ = posted(run, made / "patient", path, tmp_path / "out")
    [said] = [one for one in document["warnings"] if one["code"] == "H35"]
    assert said["severity"] == "note"
    assert "accepted by A. Physicist" in said["message"]


def test_a_file_without_any_trace_is_a_contour_like_others(
    made: Path, tmp_path: Path
) -> None:
    path = changed(accepted(made), tmp_path / "plain.dcm", another_editor, no_trace)
    [one] = read_seg(path)
    assert (one.accepted, one.is_candidate) == (None, False)


def renamed(label: str) -> Callable[[Dataset], None]:
    def change(dataset: Dataset) -> None:
        dataset.SegmentSequence[0].SegmentLabel = label

    return change


@pytest.mark.parametrize(
    "changes",
    [
        (),
        (renamed("Tumor 1 (candidate)_1"), another_editor, no_trace),
        (renamed("Tumor 1 (candida"), another_editor, no_trace),
        (renamed("Tumor 1"), another_editor),
        (renamed("Tumor 1"), another_editor, no_description),
    ],
)
def test_candidates_stop_and_no_reason_is_a_name(
    run: Run,
    made: Path,
    tmp_path: Path,
    changes: tuple[Callable[[Dataset], None], ...],
) -> None:
    path = changed(made / "review" / "candidates.dcm", tmp_path / "c.dcm", *changes)
    label = read_seg(path)[0].name
    others = ("Tumor 2 (candidate)", "Tumor 3 (candidate)")
    more = [
        ("--accept", f"H35:{name}", "--reason", "fine") for name in (label, *others)
    ]
    result = asked(run, made, path, tmp_path / "out", *(x for one in more for x in one))
    assert result.exit_code == 3
    assert f"H35 Segmented by sirtdose: '{label}'" in result.stderr
    assert "nobody accepted it by name: accept it with `sirtdose accept`" in (
        result.stderr
    )
    assert not (tmp_path / "out").exists()


def test_a_plan_stops_at_candidates(run: Run, made: Path) -> None:
    drawn = ("--structures", made / "patient" / "structures.dcm")
    drawn += ("--structures", made / "review" / "candidates.dcm")
    words = ("plan", "image", made / "patient", *drawn, "--lung-shunt", "5%")
    words += ("--tumor-dose", "200Gy", "--device", "glass")
    result = run(*words, "--accept", "H35:Tumor 1 (candidate)", "--reason", "fine")
    assert result.exit_code == 3
    assert "H35 Segmented by sirtdose: 'Tumor 1 (candidate)'" in result.stderr


@pytest.fixture(scope="module")
def results(run: Run, made: Path) -> Path:
    out = made / "coarse"
    more = ("--dose-grid", "6mm")
    posted(run, made / "patient", accepted(made), out, *more)
    return out


def test_a_dose_that_is_looked_at_says_what_is_a_candidate(
    run: Run, made: Path, results: Path, tmp_path: Path
) -> None:
    dose = next(one for one in results.glob("dose_local*.nii.gz"))
    candidates = made / "review" / "candidates.dcm"
    for words in (
        ("dvh", dose, "--structures", candidates),
        ("check", dose, "--against", dose, "--structures", candidates),
        ("view", dose, "--structures", candidates),
    ):
        result = run(*words, "--out", tmp_path / words[0])
        assert result.exit_code == 0, result.stderr
        said = " ".join((result.stdout + result.stderr).split())
        assert "'Tumor 1 (candidate)', " in said
        assert "nobody accepted it by name" in said


def test_what_was_only_resampled_stays_accepted(
    run: Run, made: Path, results: Path, tmp_path: Path
) -> None:
    written = {one.name: one for one in read_seg(results / "dose_structures.dcm")}
    assert written["Tumor 1"].accepted.by == "A. Physicist"
    assert written["Tumor 1"].accepted.unchanged
    assert written["Tumor 1"].accepted.how.endswith("; resampled since")
    # Nobody accepted what was drawn, or is derived.
    assert {one.name for one in written.values() if one.accepted} == {"Tumor 1"}
    words = ("post", made / "patient", *GIVEN, "--no-report", "--out", tmp_path / "out")
    again = run(*words, "--structures", results / "dose_structures.dcm", "--json")
    assert again.exit_code == 0, again.stderr
    said = [one for one in json.loads(again.stdout)["warnings"] if one["code"] == "H35"]
    assert [one["severity"] for one in said] == ["note"]


def another_image(source: Path, target: Path) -> None:
    dataset = pydicom.dcmread(source)
    counts = dataset.pixel_array.copy()
    counts[counts > 0] += 1
    dataset.PixelData = counts.tobytes()
    dataset.save_as(target)


def test_contours_of_another_image_are_said(
    run: Run, made: Path, tmp_path: Path
) -> None:
    shutil.copytree(made / "patient", tmp_path / "patient")
    spect = tmp_path / "patient" / "spect.dcm"
    another_image(spect, spect)
    document, _ = posted(run, spect.parent, accepted(made), tmp_path / "out")
    said = [
        one
        for one in document["warnings"]
        if one["code"] == "H35" and one["severity"] == "warn"
    ]
    assert len(said) == 1
    assert "'Tumor 1' was found on another image" in said[0]["message"]


def test_no_file_of_nameless_results_tells_who_accepted_or_when(
    run: Run, made: Path, tmp_path: Path
) -> None:
    out = tmp_path / "out"
    drawn = ("--structures", made / "patient" / "structures.dcm")
    drawn += ("--structures", accepted(made))
    words = ("post", made / "patient", *GIVEN, *drawn, "--deidentify", "--out", out)
    result = run(*words)
    assert result.exit_code == 0, result.stderr
    record: dict[str, Any] = json.loads(
        (made / "review" / "accepted-1" / "accepted.json").read_text()
    )
    told = ["Physicist", record["at"], record["image"]["sha256"][:12]]
    told += [record["at"][:10], record["review"]["hash"][:12]]
    files = [one for one in out.rglob("*") if one.is_file()]
    assert {"dose_structures.dcm", "report.html"} <= {one.name for one in files}
    for path in files:
        content = path.read_bytes()
        if path.name == "run.json":
            # The time of the run is told there, and the two are of one day here.
            content = re.sub(rb'"started_at": "[^"]*"', b"", content)
        found = [one for one in told if one.encode() in content]
        assert not found, (path.name, found)
    [tumor] = [
        one for one in read_seg(out / "dose_structures.dcm") if one.name == "Tumor 1"
    ]
    assert tumor.accepted is None
