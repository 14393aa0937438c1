"""From an image to accepted structures: candidates seen, edited elsewhere, and used."""

import copy
import json
import os
import shlex
import shutil
from collections.abc import Callable
from pathlib import Path
from typing import Any

import nibabel
import numpy as np
import pydicom
import pytest
from click.testing import Result
from pydicom.dataset import Dataset

Run = Callable[..., Result]
# All that was given is in view, the lungs' part too.
GIVEN = ("--administered", "2.15GBq", "--lung-shunt", "0%", "--calibrate-over", "fov")
BY = ("--by", "A. Physicist")


def only(source: Path, target: Path, *names: str) -> None:
    """An RTSTRUCT with some of its regions."""
    dataset = pydicom.dcmread(source)
    kept = {
        one.ROINumber for one in dataset.StructureSetROISequence if one.ROIName in names
    }
    for keyword, number in (
        ("StructureSetROISequence", "ROINumber"),
        ("ROIContourSequence", "ReferencedROINumber"),
        ("RTROIObservationsSequence", "ReferencedROINumber"),
    ):
        few = [one for one in getattr(dataset, keyword) if getattr(one, number) in kept]
        setattr(dataset, keyword, few)
    dataset.save_as(target)


@pytest.fixture(scope="module")
def patient(exact_contours: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The digital patient with liver and perfused lobe, and no tumor drawn."""
    folder = tmp_path_factory.mktemp("segment") / "patient"
    folder.mkdir()
    shutil.copy(exact_contours / "spect.dcm", folder)
    source = exact_contours / "structures.dcm"
    only(source, folder / "structures.dcm", "Liver", "Perfused lobe")
    return folder


@pytest.fixture(scope="module")
def made(run: Run, patient: Path) -> tuple[Path, dict[str, Any]]:
    """A review of the three tumors, with doses."""
    out = patient.parent / "review"
    words = ("segment", patient, "--method", "adaptive", *GIVEN, "--out", out, "--json")
    result = run(*words)
    assert result.exit_code == 0, result.stderr
    return out, json.loads(result.stdout)


@pytest.fixture
def review(made: tuple[Path, dict[str, Any]], tmp_path: Path) -> Path:
    """A copy of it, beside a copy of the patient as the first one is."""
    shutil.copytree(made[0].parent / "patient", tmp_path / "patient")
    return Path(shutil.copytree(made[0], tmp_path / "review"))


@pytest.fixture(scope="module")
def truth(exact_contours: Path) -> dict[str, Any]:
    rows = json.loads((exact_contours / "truth.json").read_text())["structures"]
    return {one["name"]: one for one in rows}


def test_candidates_are_shown_before_anything_is_computed(
    made: tuple[Path, dict[str, Any]], truth: dict[str, Any]
) -> None:
    folder, document = made
    assert sorted(one.name for one in folder.iterdir()) == [
        *("candidates.dcm", "planes", "review.html", "review.json"),
    ]
    rows = document["candidates"]
    assert [one["name"] for one in rows] == [
        f"Tumor {k} (candidate)" for k in (1, 2, 3)
    ]
    for one in rows:
        true = truth[one["name"].removesuffix(" (candidate)")]
        # Whole voxels of 88 mm3; the least is lower in the image smoothed for peaks.
        within = 0.2 if "3" in one["name"] else 0.02
        assert one["volume_ml"] == pytest.approx(true["volume_ml"], rel=within)
        assert one["within"] == ["Liver", "Perfused lobe"]
        assert one["side_of_liver"] == "right"
    # 4 to 1, where 8 to 1 has the scan's greatest number, 60000: half-way is 2.5.
    assert rows[0]["threshold"] == pytest.approx(2.5 * 7500, rel=0.03)
    assert document["method"]["searched"] == "Liver"
    assert document["activity"]["delivered_gbq"] == 2.15
    assert (folder / "planes" / "candidate_03.png").read_bytes()[1:4] == b"PNG"
    page = (folder / "review.html").read_text("utf-8")
    assert "Nobody has accepted any of them" in page
    assert document["hash"] in page
    assert "://" not in page


def test_what_accepting_changes_conserves_energy(
    made: tuple[Path, dict[str, Any]], truth: dict[str, Any]
) -> None:
    _, document = made
    rows = {one["region"]: one for one in document["accepting_all"]}
    tumors, normal = rows["tumors"]["with"], rows["normal liver"]
    assert rows["tumors"]["without"] is None
    before, after = normal["without"], normal["with"]
    assert before["volume_ml"] == pytest.approx(truth["Liver"]["volume_ml"], rel=0.01)
    # What leaves the normal liver is in the tumors: volume, counts, and Gy x mL.
    for key in ("volume_ml", "part_of_total"):
        assert before[key] - after[key] == pytest.approx(tumors[key], rel=0.02)
    energy = [one["mean_gy"] * one["volume_ml"] for one in (before, after, tumors)]
    assert energy[0] - energy[1] == pytest.approx(energy[2], rel=0.02)
    each = [truth[f"Tumor {k}"] for k in (1, 2, 3)]
    whole = sum(one["volume_ml"] * one["mean_on_grid_gy"] for one in each)
    mean = whole / sum(one["volume_ml"] for one in each)
    assert tumors["mean_gy"] == pytest.approx(mean, rel=0.03)
    # A tumor alone leaves the others in the normal liver.
    alone = {one["region"]: one for one in document["candidates"][0]["accepting"]}
    assert alone["normal liver"]["with"]["mean_gy"] > after["mean_gy"]


def test_without_an_activity_parts_of_the_counts_are_compared(
    run: Run, patient: Path, tmp_path: Path
) -> None:
    result = run(
        "segment", patient, "--fraction", "40%", "--out", tmp_path / "r", "--json"
    )
    document = json.loads(result.stdout)
    assert document["activity"] is None
    rows = {one["region"]: one for one in document["accepting_all"]}
    assert rows["tumors"]["with"]["mean_gy"] is None
    parts = [one["part_of_total"] for one in document["candidates"]]
    assert rows["tumors"]["with"]["part_of_total"] == pytest.approx(sum(parts))
    idle = run("segment", patient, "--lung-shunt", "5%", "--out", tmp_path / "s")
    assert "--lung-shunt is for doses: give --administered too" in idle.stderr


def posted(run: Run, patient: Path, accepted: Path, out: Path, *more: str) -> Any:
    drawn = ("--structures", patient / "structures.dcm", "--structures", accepted)
    words = ("post", patient, *GIVEN, *drawn, "--no-report", "--out", out, "--json")
    result = run(*words, *more)
    assert result.exit_code == 0, result.stderr
    document = json.loads(result.stdout)
    rows = document["doses"]["local_deposition"]["structures"]
    return document, {one["name"]: one for one in rows}


def test_what_is_accepted_is_used_and_the_rest_leaves_no_trace(
    run: Run, review: Path, truth: dict[str, Any], tmp_path: Path
) -> None:
    before = {one: one.read_bytes() for one in review.rglob("*") if one.is_file()}
    first = run("accept", review, "--lesion", "1,tumor 3", *BY, "--json")
    assert first.exit_code == 0, first.stderr
    record = json.loads(first.stdout)
    assert [one["name"] for one in record["lesions"]] == ["Tumor 1", "Tumor 3"]
    assert record["not_accepted"] == ["Tumor 2 (candidate)"]
    assert (record["by"], record["edited_from"]) == ("A. Physicist", None)
    spect = tmp_path / "patient" / "spect.dcm"
    accepted = review / "accepted-1" / "accepted.dcm"
    # Who accepted what is asked no more, and told.
    document, rows = posted(run, spect.parent, accepted, tmp_path / "out")
    said = [one for one in document["warnings"] if one["code"] == "H35"]
    assert [one["severity"] for one in said] == ["note", "note"]
    assert "accepted by A. Physicist at 20" in said[0]["message"]
    assert document["accepted"] == []
    assert not any("Tumor 2" in name for name in rows)
    for name in ("Tumor 1", "Tumor 3"):
        mean = rows[name]["dose_gy"]["mean"]
        assert mean == pytest.approx(truth[name]["mean_on_grid_gy"], rel=0.03)
    # The next acceptance has a folder of its own, with those before.
    second = run("accept", review, "--lesion", "2", "--by", "B. Doctor", "--json")
    record = json.loads(second.stdout)
    assert [(one["name"], one["by"], one["step"]) for one in record["lesions"]] == [
        ("Tumor 1", "A. Physicist", 1),
        ("Tumor 2", "B. Doctor", 2),
        ("Tumor 3", "A. Physicist", 1),
    ]
    assert all(path.read_bytes() == content for path, content in before.items())
    dataset = pydicom.dcmread(review / "accepted-2" / "accepted.dcm")
    assert [one.SegmentLabel for one in dataset.SegmentSequence] == [
        *("Tumor 1", "Tumor 2", "Tumor 3"),
    ]
    assert "accepted by B. Doctor" in dataset.SegmentSequence[1].SegmentDescription


def test_a_plan_by_an_image_takes_what_was_accepted(
    run: Run, review: Path, tmp_path: Path
) -> None:
    assert run("accept", review, "--lesion", "1", *BY).exit_code == 0
    patient = tmp_path / "patient"
    drawn = ("--structures", patient / "structures.dcm")
    drawn += ("--structures", review / "accepted-1" / "accepted.dcm")
    words = ("plan", "image", patient, *drawn, "--lung-shunt", "5%", "--json")
    result = run(*words, "--tumor-dose", "200Gy", "--device", "glass", "-v")
    assert result.exit_code in (0, 4), result.stderr
    assert "accepted by A. Physicist" in result.stdout


def edited_seg(source: Path, target: Path, change: Callable[[Dataset], None]) -> Path:
    dataset = pydicom.dcmread(source)
    dataset.Manufacturer = "Editor"
    change(dataset)
    dataset.save_as(target)
    return target


def reversed_and_cut(dataset: Dataset) -> None:
    """All frames in the other order, and the first lesion's lowest plane cleared."""
    frames = np.array(dataset.pixel_array)
    groups = list(dataset.PerFrameFunctionalGroupsSequence)
    own = [
        n
        for n, one in enumerate(groups)
        if one.SegmentIdentificationSequence[0].ReferencedSegmentNumber == 1
    ]
    place = [
        float(groups[n].PlanePositionSequence[0].ImagePositionPatient[2]) for n in own
    ]
    frames[own[int(np.argmin(place))]] = 0
    dataset.PerFrameFunctionalGroupsSequence = groups[::-1]
    packed = np.packbits(frames[::-1].astype(bool), bitorder="little").tobytes()
    dataset.PixelData = packed + b"\0" * (len(packed) % 2)


def test_a_seg_that_a_script_edited_comes_back(
    run: Run, review: Path, tmp_path: Path
) -> None:
    seg = review / "candidates.dcm"
    edited = edited_seg(seg, tmp_path / "edited.dcm", reversed_and_cut)
    words = ("accept", review, "--lesion", "1,2", "--edit", edited, *BY, "--json")
    result = run(*words)
    assert result.exit_code == 0, result.stderr
    record = json.loads(result.stdout)
    first, second = record["lesions"]
    frames = pydicom.dcmread(seg).pixel_array
    lowest_ml = frames[_lowest(seg)].sum() * _voxel_ml(seg)
    assert first["candidate_volume_ml"] - first["volume_ml"] == pytest.approx(lowest_ml)
    a, b = first["candidate_volume_ml"], first["volume_ml"]
    assert first["overlap_dice"] == pytest.approx(2 * b / (a + b))
    assert (first["edited"], second["edited"]) == (True, False)
    assert record["edited_from"]["kind"] == "SEG"
    accepted = review / "accepted-1" / "accepted.dcm"
    document, rows = posted(run, tmp_path / "patient", accepted, tmp_path / "out")
    assert rows["Tumor 1"]["volume_ml"] == pytest.approx(b)
    said = [one["message"] for one in document["warnings"] if one["code"] == "H35"]
    assert ["edited by hand" in one for one in said] == [True, False]


def _lowest(seg: Path) -> int:
    groups = pydicom.dcmread(seg).PerFrameFunctionalGroupsSequence
    places = {
        n: float(one.PlanePositionSequence[0].ImagePositionPatient[2])
        for n, one in enumerate(groups)
        if one.SegmentIdentificationSequence[0].ReferencedSegmentNumber == 1
    }
    return min(places, key=lambda n: places[n])


def _voxel_ml(seg: Path) -> float:
    [shared] = pydicom.dcmread(seg).SharedFunctionalGroupsSequence
    measures = shared.PixelMeasuresSequence[0]
    rows, columns = measures.PixelSpacing
    return float(rows * columns * measures.SpacingBetweenSlices) / 1000


def test_contours_come_back_as_rtstruct(
    run: Run,
    review: Path,
    exact_contours: Path,
    truth: dict[str, Any],
) -> None:
    # The true contours of the same patient, under the lesions' names.
    edit = ("--edit", exact_contours / "structures.dcm")
    result = run("accept", review, "--lesion", "1,2,3", *edit, *BY, "--json")
    assert result.exit_code == 0, result.stderr
    for one in json.loads(result.stdout)["lesions"]:
        true = truth[one["name"]]
        assert one["volume_ml"] == pytest.approx(true["volume_ml"], rel=0.01)
        assert one["edited"]
        assert one["overlap_dice"] > 0.8


def label_file(review: Path, path: Path, *, flip: bool, crop: int = 0) -> Path:
    """The candidates as a label image in nibabel's order, finer by two in x."""
    from sirtdose.io.dicom.seg import read_seg

    found = read_seg(review / "candidates.dcm")
    document = json.loads((review / "review.json").read_text())
    affine = np.array(document["lattice"]["affine_mm"])
    labels = np.zeros(document["lattice"]["shape"], np.uint8)
    for number, one in enumerate(found, start=1):
        index = np.argwhere(one.occupancy)
        places = one.grid.world_mm(index)
        back = (places - affine[:3, 3]) @ np.linalg.inv(affine[:3, :3]).T
        labels[tuple(np.rint(back).astype(int).T)] = number
    data = np.repeat(labels.transpose(2, 1, 0), 2, axis=0)
    ras = np.diag([-1.0, -1.0, 1.0, 1.0]) @ affine[:, [2, 1, 0, 3]]
    ras[:3, 3] -= ras[:3, 0] / 4
    ras[:3, 0] /= 2
    if flip:
        data = data[::-1, :, ::-1]
        for axis in (0, 2):
            ras[:3, 3] += ras[:3, axis] * (data.shape[axis] - 1)
            ras[:3, axis] *= -1
    if crop:
        data = data[:crop]
    nibabel.save(nibabel.Nifti1Image(np.ascontiguousarray(data), ras), path)
    rows = [f"{n}\t{one.name}" for n, one in enumerate(found, start=1)]
    table = "\n".join(["index\tname", *rows]) + "\n"
    path.with_name(path.name.removesuffix(".nii.gz") + ".tsv").write_text(table)
    return path


@pytest.mark.parametrize("flip", [False, True])
def test_a_finer_label_image_in_another_order_is_the_same(
    run: Run, review: Path, tmp_path: Path, flip: bool
) -> None:
    edit = ("--edit", label_file(review, tmp_path / "labels.nii.gz", flip=flip))
    result = run("accept", review, "--lesion", "1,2,3", *edit, *BY, "--json")
    assert result.exit_code == 0, result.stderr
    for one in json.loads(result.stdout)["lesions"]:
        assert one["volume_ml"] == pytest.approx(one["candidate_volume_ml"])
        assert one["edited"] is False


def other_patient(dataset: Dataset) -> None:
    dataset.PatientID = "SOMEBODY-ELSE"
    dataset.PatientName = "Else^Somebody"


def other_frame(dataset: Dataset) -> None:
    dataset.FrameOfReferenceUID = "1.2.826.0.1.3680043.8.498.77"


def other_names(dataset: Dataset) -> None:
    dataset.SegmentSequence[1].SegmentLabel = "Segment_2"


def elsewhere(dataset: Dataset) -> None:
    moved(dataset, 60.0)


def beyond(dataset: Dataset) -> None:
    moved(dataset, 900.0)


def half_moved(dataset: Dataset) -> None:
    # 24.4 mL is a sphere of 36 mm: moved by 30 mm, it shares a sliver.
    moved(dataset, 30.0)


def grown(dataset: Dataset) -> None:
    """The second lesion takes the place of the first as well, and of more."""
    frames = np.array(dataset.pixel_array)
    own = [
        one.SegmentIdentificationSequence[0].ReferencedSegmentNumber
        for one in dataset.PerFrameFunctionalGroupsSequence
    ]
    for n in (n for n, number in enumerate(own) if number == 2):
        y, x = np.argwhere(frames[n]).mean(axis=0).astype(int)
        frames[n, y - 9 : y + 10, x - 9 : x + 10] = 1
    packed = np.packbits(frames.astype(bool), bitorder="little").tobytes()
    dataset.PixelData = packed + b"\0" * (len(packed) % 2)


def moved(dataset: Dataset, mm: float) -> None:
    for one in dataset.PerFrameFunctionalGroupsSequence:
        place = one.PlanePositionSequence[0]
        x, y, z = place.ImagePositionPatient
        place.ImagePositionPatient = [x, y, float(z) + mm]


@pytest.mark.parametrize(
    ("change", "said"),
    [
        (other_patient, "is of another patient than the review (H01"),
        (other_frame, "than the image that was segmented (H15): edit on that image"),
        (other_names, "no structure named 'Tumor 2', only 'Tumor 1 (candidate)'"),
        (elsewhere, "does not touch its candidate"),
        (half_moved, "the edited 'Tumor 2' shares too little with its candidate (Dice"),
        (grown, "times the volume of its candidate (24.2 mL as found, "),
        (beyond, "lies outside the image that was segmented"),
    ],
)
def test_edits_that_do_not_fit_are_refused_by_name(
    run: Run, review: Path, tmp_path: Path, change: Callable[[Dataset], None], said: str
) -> None:
    edited = edited_seg(review / "candidates.dcm", tmp_path / "edited.dcm", change)
    result = run("accept", review, "--lesion", "2", "--edit", edited, *BY)
    assert (result.exit_code, result.stdout) == (3, "")
    assert said in result.stderr
    assert not (review / "accepted-1").exists()


def spaced(dataset: Dataset) -> None:
    [shared] = dataset.SharedFunctionalGroupsSequence
    [measures] = shared.PixelMeasuresSequence
    measures.PixelSpacing = [1.02 * float(one) for one in measures.PixelSpacing]


def shifted(dataset: Dataset) -> None:
    for one in dataset.PerFrameFunctionalGroupsSequence:
        place = one.PlanePositionSequence[0]
        x, y, z = (float(each) for each in place.ImagePositionPatient)
        place.ImagePositionPatient = [x + 4.0, y, z]


@pytest.mark.parametrize("change", [spaced, shifted])
def test_voxels_of_the_image_at_another_place_are_refused(
    run: Run, review: Path, tmp_path: Path, change: Callable[[Dataset], None]
) -> None:
    edited = edited_seg(review / "candidates.dcm", tmp_path / "edited.dcm", change)
    result = run("accept", review, "--lesion", "1", "--edit", edited, *BY)
    assert result.exit_code == 3
    assert "with another spacing or at another place" in result.stderr
    assert not (review / "accepted-1").exists()


def test_a_grid_that_cuts_a_lesion_is_refused(
    run: Run, review: Path, tmp_path: Path
) -> None:
    path = label_file(review, tmp_path / "labels.nii.gz", flip=False)
    data = np.asarray(nibabel.load(path).dataobj)
    # To the middle of the first lesion.
    middle = int(np.argwhere(data == 1)[:, 0].mean())
    label_file(review, path, flip=False, crop=middle)
    result = run("accept", review, "--lesion", "1", "--edit", path, *BY)
    assert result.exit_code == 3
    assert (
        "the grid of labels.nii.gz does not contain all of 'Tumor 1'" in result.stderr
    )


def second_over_first(dataset: Dataset) -> None:
    """The first lesion gets the second's frames, too: of these it shares all."""
    number = dataset.SegmentSequence[0].SegmentNumber
    groups = list(dataset.PerFrameFunctionalGroupsSequence)
    frames = np.array(dataset.pixel_array)
    more = [
        n
        for n, one in enumerate(groups)
        if one.SegmentIdentificationSequence[0].ReferencedSegmentNumber == 2
    ]
    for n in more:
        group = copy.deepcopy(groups[n])
        group.SegmentIdentificationSequence[0].ReferencedSegmentNumber = number
        place = group.PlanePositionSequence[0].ImagePositionPatient
        same = [
            k
            for k, one in enumerate(dataset.PerFrameFunctionalGroupsSequence)
            if one.SegmentIdentificationSequence[0].ReferencedSegmentNumber == number
            and one.PlanePositionSequence[0].ImagePositionPatient == place
        ]
        if same:
            frames[same[0]] |= frames[n]
            continue
        groups.append(group)
        frames = np.concatenate([frames, frames[n : n + 1]])
    dataset.PerFrameFunctionalGroupsSequence = groups
    dataset.NumberOfFrames = len(groups)
    packed = np.packbits(frames.astype(bool), bitorder="little").tobytes()
    dataset.PixelData = packed + b"\0" * (len(packed) % 2)


def test_tumors_that_share_voxels_are_not_accepted_together(
    run: Run, review: Path, tmp_path: Path
) -> None:
    edit = edited_seg(
        review / "candidates.dcm", tmp_path / "both.dcm", second_over_first
    )
    words = ("accept", review, "--edit", edit, *BY, "--lesion")
    result = run(*words, "1,2")
    assert (result.exit_code, result.stdout) == (3, "")
    assert "'Tumor 1' and 'Tumor 2' share 2" in result.stderr
    # Nor one after the other.
    assert run(*words, "1").exit_code == 0
    assert "'Tumor 1' and 'Tumor 2' share" in run(*words, "2").stderr
    assert not (review / "accepted-2").exists()


def test_structures_that_no_candidate_is_named_as_are_said(
    run: Run, review: Path, exact_contours: Path, truth: dict[str, Any]
) -> None:
    edit = ("--edit", exact_contours / "structures.dcm")
    result = run("accept", review, "--lesion", "1", *edit, *BY)
    assert result.exit_code == 0, result.stderr
    record = json.loads((review / "accepted-1" / "accepted.json").read_text())
    extra = {one["name"]: one["volume_ml"] for one in record["edited_from"]["not_used"]}
    assert {"Liver", "Perfused lobe"} <= set(extra)
    assert not [one for one in extra if one.startswith("Tumor")]
    assert extra["Liver"] == pytest.approx(truth["Liver"]["volume_ml"], rel=0.01)
    assert "but not in the review, so not used: " in result.stderr
    assert record["edited_from"]["patient"] == "same"
    assert "not known" not in result.stderr


def test_a_file_that_names_no_patient_is_said(
    run: Run, review: Path, tmp_path: Path
) -> None:
    edit = ("--edit", label_file(review, tmp_path / "labels.nii.gz", flip=False))
    result = run("accept", review, "--lesion", "1", *edit, *BY)
    assert result.exit_code == 0, result.stderr
    assert "Patient of labels.nii.gz: not known" in result.stderr
    record = json.loads((review / "accepted-1" / "accepted.json").read_text())
    assert record["edited_from"]["patient"] == "not known"


@pytest.mark.parametrize("by", ["A\\B", "Physicist^A", "A=B"])
def test_a_name_that_dicom_would_part_is_refused(
    run: Run, review: Path, by: str
) -> None:
    result = run("accept", review, "--lesion", "1", "--by", by)
    assert result.exit_code == 3
    assert "--by has \\, ^ or =, which part the names of a person" in result.stderr


def test_whatever_was_typed_is_typed_next(
    run: Run, patient: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    own = (
        *("--half-life", "65h", "--dose-constant", "49 Gy kg/GBq"),
        *("--languages", "en,nl", "--timezone", "Europe/Brussels"),
    )
    words = ("segment", patient, *GIVEN, *own, "--out", "r")
    assert run(*words).exit_code == 0
    result = run("accept", "r", "--lesion", "1", *BY)
    command = result.stderr.partition("To compute with them: ")[2].split("\n\n")[0]
    words = shlex.split(" ".join(command.split()))
    done = run(*words[1:], "--no-report", "--json")
    assert done.exit_code == 0, done.stderr
    nuclide = json.loads(done.stdout)["nuclide"]
    assert nuclide["half_life_h"] == 65
    assert nuclide["dose_constant_gy_kg_per_gbq"] == 49
    assert words[words.index("--languages") + 1] == "en,nl"


def test_what_to_type_next_can_be_typed(
    run: Run, review: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    result = run("accept", review, "--lesion", "1", *BY)
    command = result.stderr.partition("To compute with them: ")[2].split("\n\n")[0]
    words = shlex.split(" ".join(command.split()))
    assert words[:2] == ["sirtdose", "post"]
    done = run(*words[1:], "--no-report", "--json")
    assert done.exit_code == 0, done.stderr
    document = json.loads(done.stdout)
    rows = document["doses"]["local_deposition"]["structures"]
    assert {"Liver", "Perfused lobe", "Tumor 1"} <= {one["name"] for one in rows}
    assert document["ledger"]["administered_gbq"] == 2.15


def test_a_review_reads_its_image_as_post_does(
    run: Run, patient: Path, tmp_path: Path
) -> None:
    site = tmp_path / "site.toml"
    # A method and a region of doses are none of a search for candidates.
    site.write_text(
        '[defaults]\nmethod = "collapsed-cone"\ndevice = "resin"\n'
        'calibrate_over = "fov"\n[calibrator.resin]\nfactor = 1.1\n'
        'uncertainty = "2%"\nsource = "our comparison"\n'
    )
    words = ("--site", site, "segment", patient, "--out", tmp_path / "r", "--json")
    assert run(*words).exit_code == 0
    given = ("--administered", "2GBq", "--force")
    document = json.loads(run(*words, *given).stdout)
    assert document["activity"]["delivered_gbq"] == pytest.approx(2.2)
    assert document["activity"]["over"] == "fov"
    assert any(
        "activities are the readings times 1.1" in one["message"]
        for one in document["warnings"]
    )
    taken = run("accept", tmp_path / "r", "--lesion", "1", *BY)
    # What the site's file gives, it gives to the next run, too.
    told = " ".join(taken.stderr.split())
    start = f"sirtdose --site {site} post {patient} --administered 2GBq --out doses "
    assert start in told
    assert "--device" not in told
    idle = run(
        "segment", patient, "--calibrator-factor", "1.1", "--out", tmp_path / "s"
    )
    assert "--calibrator-factor is for doses: give --administered too" in idle.stderr


def test_structures_from_elsewhere_are_named_by_their_place(
    run: Run, patient: Path, tmp_path: Path
) -> None:
    shutil.copy(patient / "structures.dcm", tmp_path / "drawn.dcm")
    drawn = ("--structures", tmp_path / "drawn.dcm")
    result = run("segment", patient / "spect.dcm", *drawn, "--out", tmp_path / "r")
    assert result.exit_code == 0, result.stderr
    (tmp_path / "drawn.dcm").rename(tmp_path / "away.dcm")
    taken = run("accept", tmp_path / "r", "--lesion", "1", *BY)
    assert "not where they were, to be given too: drawn.dcm" in taken.stderr
    (tmp_path / "away.dcm").rename(tmp_path / "drawn.dcm")
    taken = run("accept", tmp_path / "r", "--lesion", "2", *BY)
    assert f"--structures {tmp_path / 'drawn.dcm'}" in " ".join(taken.stderr.split())


def test_no_acceptance_is_lost_or_mixed_with_others(
    run: Run, review: Path, tmp_path: Path
) -> None:
    for lesion in ("1", "2"):
        assert run("accept", review, "--lesion", lesion, *BY).exit_code == 0
    shutil.move(review / "accepted-1", tmp_path / "elsewhere")
    result = run("accept", review, "--lesion", "3", *BY)
    assert result.exit_code == 3
    assert "accepted-2 in the review does not follow what was accepted" in result.stderr
    over = run("segment", tmp_path / "patient", "--out", review, "--force")
    assert over.exit_code == 5
    assert "of an earlier review (accepted-2)" in over.stderr


def test_numbers_are_those_in_the_names(
    run: Run, exact_contours: Path, tmp_path: Path
) -> None:
    shutil.copy(exact_contours / "spect.dcm", tmp_path)
    drawn = tmp_path / "structures.dcm"
    only(exact_contours / "structures.dcm", drawn, "Liver", "Tumor 1")
    out = tmp_path / "review"
    result = run("segment", tmp_path, "--fraction", "40%", "--out", out, "--json")
    assert result.exit_code == 0, result.stderr
    document = json.loads(result.stdout)
    rows = document["candidates"]
    assert [one["number"] for one in rows] == [2, 3, 4][: len(rows)]
    assert [one["name"] for one in rows] == [
        f"Tumor {one['number']} (candidate)" for one in rows
    ]
    assert (out / "planes" / "candidate_02.png").exists()
    # The largest is the tumor that is drawn: said, and counted once in all.
    [said] = [one for one in document["warnings"] if one["code"] == "H35"]
    assert said["subject"] == "Tumor 2 (candidate)"
    assert "overlaps 'Tumor 1', which is drawn" in said["message"]
    [tumors] = [one for one in document["accepting_all"] if one["region"] == "tumors"]
    others = sum(one["volume_ml"] for one in rows[1:])
    alone = tumors["without"]["volume_ml"]
    assert tumors["with"]["volume_ml"] == pytest.approx(alone + others, rel=0.02)
    # What to type next is there, but for the name.
    numbers = ",".join(str(one["number"]) for one in rows)
    typed = f"sirtdose accept {out} --lesion {numbers} --by NAME"
    assert typed in result.stderr
    refused = run(*shlex.split(typed)[1:])
    assert refused.exit_code == 3
    assert "--by NAME names nobody" in refused.stderr
    assert f"--lesion {numbers} --by NAME" in (out / "review.html").read_text("utf-8")
    taken = run("accept", out, "--lesion", "2", *BY, "--json")
    assert [one["name"] for one in json.loads(taken.stdout)["lesions"]] == ["Tumor 2"]
    assert "overlaps 'Tumor 1', which is drawn" in taken.stderr


def test_a_second_liver_is_refused(
    run: Run, exact_contours: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("PATH", fake(tmp_path / "bin"))
    words = ("segment", exact_contours, "--method", "liver", "--out", tmp_path / "r")
    result = run(*words)
    assert result.exit_code == 3
    assert "a liver is drawn already ('Liver'), and `sirtdose post`" in result.stderr


def changed_seg(review: Path) -> None:
    edited_seg(review / "candidates.dcm", review / "candidates.dcm", reversed_and_cut)


def changed_picture(review: Path) -> None:
    (review / "planes" / "candidate_01.png").write_bytes(b"no picture")


def changed_document(review: Path) -> None:
    path = review / "review.json"
    path.write_text(path.read_text("utf-8").replace("Tumor 1", "Tumor 9", 1), "utf-8")


def changed_image(review: Path) -> None:
    path = review.parent / "patient" / "spect.dcm"
    dataset = pydicom.dcmread(path)
    dataset.PixelData = dataset.PixelData[:-2] + b"\x05\x00"
    dataset.save_as(path)


@pytest.mark.parametrize(
    ("change", "said"),
    [
        (changed_seg, "candidates.dcm of the review changed or is missing (H31)"),
        (changed_picture, "planes/candidate_01.png of the review changed"),
        (changed_document, "review.json is not what was written (H31)"),
        (changed_image, "the SPECT spect.dcm changed since (H31)"),
    ],
)
def test_what_was_looked_at_must_be_what_is_accepted(
    run: Run, review: Path, change: Callable[[Path], None], said: str
) -> None:
    change(review)
    result = run("accept", review, "--lesion", "1", *BY)
    assert (result.exit_code, result.stdout) == (3, "")
    assert said in result.stderr


def test_an_image_that_was_moved_can_be_named(
    run: Run, exact_contours: Path, tmp_path: Path
) -> None:
    shutil.copy(exact_contours / "spect.dcm", tmp_path)
    review = tmp_path / "review"
    assert run("segment", tmp_path / "spect.dcm", "--out", review).exit_code == 0
    moved = (tmp_path / "spect.dcm").rename(tmp_path / "moved.dcm")
    lost = run("accept", review, "--lesion", "1", *BY)
    assert lost.exit_code == 3
    assert "the image of the review is not where it was: give --image" in lost.stderr
    result = run("accept", review, "--lesion", "1", "--image", moved, *BY)
    assert result.exit_code == 0, result.stderr


def test_lesions_by_number_or_name_and_only_once(run: Run, review: Path) -> None:
    for lesion, said in (
        ("7", "--lesion 7: there is no such candidate in the review, only 1 (Tumor 1"),
        ("1,Tumor 1", "--lesion names Tumor 1 (candidate) twice"),
    ):
        result = run("accept", review, "--lesion", lesion, *BY)
        assert (result.exit_code, said in result.stderr) == (3, True), result.stderr
    assert run("accept", review, "--lesion", "1", *BY).exit_code == 0
    again = run("accept", review, "--lesion", "1,2", "--by", "B. Doctor")
    assert again.exit_code == 3
    assert "was accepted already, by A. Physicist at 20" in again.stderr
    nothing = run("accept", review, "--lesion", ",", *BY)
    assert nothing.exit_code == 3
    assert "name the candidates to accept" in nothing.stderr
    # The review stays with what was accepted of it.
    patient = review.parent / "patient"
    over = run("segment", patient, "--out", review, "--force")
    assert over.exit_code == 5
    assert "contains what was accepted of an earlier review" in over.stderr
    nobody = run("accept", review, "--lesion", "2", "--by", " ")
    assert "an acceptance needs a name" in nobody.stderr
    # What was accepted cannot be changed behind that name.
    edited_seg(
        review / "accepted-1" / "accepted.dcm",
        review / "accepted-1" / "accepted.dcm",
        lambda _: None,
    )
    changed = run("accept", review, "--lesion", "2", *BY)
    assert "accepted-1 in the review is not what was accepted" in changed.stderr


def test_candidates_and_changed_acceptances_still_ask(
    run: Run, review: Path, tmp_path: Path
) -> None:
    patient = tmp_path / "patient"
    assert run("accept", review, "--lesion", "1", *BY).exit_code == 0
    changed = pydicom.dcmread(review / "accepted-1" / "accepted.dcm")
    bits = bytearray(changed.PixelData)
    first = next(n for n, one in enumerate(bits) if one)
    bits[first] = 0
    changed.PixelData = bytes(bits)
    changed.save_as(tmp_path / "changed.dcm")
    for structures, said in (
        (review / "candidates.dcm", "and nobody accepted it by name: accept it with"),
        (tmp_path / "changed.dcm", "was changed after A. Physicist accepted it"),
    ):
        drawn = ("--structures", patient / "structures.dcm", "--structures", structures)
        result = run("post", patient, *GIVEN, *drawn, "--out", tmp_path / "no")
        assert result.exit_code == 3
        assert "H35" in result.stderr
        assert said in result.stderr
        assert not (tmp_path / "no").exists()


def test_a_review_beside_the_images_is_no_input(run: Run, review: Path) -> None:
    patient = review.parent / "patient"
    review.rename(patient / "review")
    assert run("accept", patient / "review", "--lesion", "1", *BY).exit_code in (0, 3)
    result = run("inspect", patient, "--json")
    kinds = [one["kind"] for one in json.loads(result.stdout)["found"]]
    assert sorted(kinds) == ["RTSTRUCT", "SPECT"]


def test_results_that_name_nobody_do_not_name_who_accepted(
    run: Run, review: Path, tmp_path: Path
) -> None:
    assert run("accept", review, "--lesion", "1", *BY).exit_code == 0
    accepted = review / "accepted-1" / "accepted.dcm"
    document, _ = posted(
        run, tmp_path / "patient", accepted, tmp_path / "out", "--deidentify"
    )
    said = [one["message"] for one in document["warnings"] if one["code"] == "H35"]
    assert "accepted by a named person" in said[0]
    assert "Physicist" not in json.dumps(document)


def test_a_de_identified_review_names_nobody_and_is_only_shown(
    run: Run, patient: Path, tmp_path: Path
) -> None:
    source = pydicom.dcmread(patient / "spect.dcm")
    out = tmp_path / "r"
    words = ("segment", patient, "--fraction", "40%", "--deidentify", "--out", out)
    result = run(*words, "--json")
    assert result.exit_code == 0, result.stderr
    told = [str(source.PatientID), source.StudyInstanceUID, source.SOPInstanceUID]
    told += [source.FrameOfReferenceUID, "spect.dcm", str(patient)]
    for path in (one for one in out.rglob("*") if one.is_file()):
        content = path.read_bytes()
        assert not [one for one in told if one.encode() in content], path.name
    seg = pydicom.dcmread(out / "candidates.dcm")
    assert (seg.PatientIdentityRemoved, seg.PatientName) == ("YES", "")
    document = json.loads(result.stdout)
    assert (document["source"], document["inputs"][0]["sha256"]) == (None, None)
    refused = run("accept", out, "--lesion", "1", *BY)
    assert refused.exit_code == 3
    assert "the review is de-identified" in refused.stderr


def test_a_perfused_volume_shows_what_sharing_over_it_changes(
    run: Run, exact_contours: Path, tmp_path: Path
) -> None:
    shutil.copy(exact_contours / "spect.dcm", tmp_path)
    # 6 % of the image: above the rest of the liver, below the perfused lobe.
    words = (
        "segment",
        tmp_path / "spect.dcm",
        "--find",
        "perfused",
        "--fraction",
        "6%",
    )
    result = run(*words, *GIVEN[:4], "--out", tmp_path / "r", "--json")
    assert result.exit_code == 0, result.stderr
    [one] = json.loads(result.stdout)["candidates"]
    assert (one["name"], one["role"]) == ("Perfused volume (candidate)", "perfused")
    assert "liver" not in one["name"].lower()
    # Before, activity is shared over all counts; then over those inside.
    assert one["dose_scale"] == pytest.approx(1 / one["part_of_total"], rel=1e-6)
    # Nothing says that it is a liver: none is drawn.
    regions = [each["region"] for each in one["accepting"]]
    assert regions == ["perfused volume", "perfused volume without tumors"]
    assert "normal perfused liver" not in (tmp_path / "r" / "review.html").read_text()
    assert run("accept", tmp_path / "r", "--lesion", "1", *BY).exit_code == 0
    taken = ("--structures", tmp_path / "r" / "accepted-1" / "accepted.dcm")
    words = ("post", tmp_path / "spect.dcm", *GIVEN[:4], *taken, "--json")
    done = run(*words, "--no-report", "--out", tmp_path / "out")
    assert done.exit_code == 0, done.stderr
    said = [
        each["message"]
        for each in json.loads(done.stdout)["warnings"]
        if each["code"] == "H35" and each["severity"] == "warn"
    ]
    assert len(said) == 1
    assert "found by its uptake, and no liver is drawn" in said[0]


def test_a_perfused_volume_of_an_unusual_size_is_said(
    run: Run, exact_contours: Path, tmp_path: Path
) -> None:
    words = ("segment", exact_contours / "spect.dcm", "--find", "perfused")
    # Above half of the maximum there are the hottest tumors alone: 92 and 24 mL.
    result = run(*words, "--fraction", "70%", "--out", tmp_path / "r", "--json")
    assert result.exit_code == 0, result.stderr
    document = json.loads(result.stdout)
    assert document["candidates"][0]["volume_ml"] < 100
    [said] = [one for one in document["warnings"] if one["code"] == "H19"]
    assert "a perfused volume under 100 mL is unusual" in said["message"]


def test_a_region_grows_from_a_seed_as_viewers_show_places(
    run: Run, patient: Path, made: tuple[Path, dict[str, Any]], tmp_path: Path
) -> None:
    rows = made[1]["candidates"]
    x, y, z = rows[1]["center_mm"]
    seed = ("--method", "region-growing", "--seed", f"{x},{y},{z / 10}cm")
    result = run("segment", patient, *seed, "--out", tmp_path / "r", "--json")
    assert result.exit_code == 0, result.stderr
    document = json.loads(result.stdout)
    assert document["method"]["seeds_mm"] == [pytest.approx([x, y, z])]
    [one] = document["candidates"]
    # 41 % of 8 is 3.3: voxels count from a third of the tumor on, not from half.
    assert 1.05 < one["volume_ml"] / rows[1]["volume_ml"] < 1.15


@pytest.mark.parametrize(
    ("words", "code", "said"),
    [
        (("--method", "region-growing"), 2, "needs a point in a lesion: give --seed"),
        (("--seed", "1,2,3"), 2, "--seed is for --method region-growing"),
        (
            ("--method", "region-growing", "--seed", "10,20"),
            2,
            "'10,20' has 2 of three coordinates: give them along x,y,z, such as -42,12",
        ),
        (
            ("--method", "region-growing", "--seed", "900mm,0mm,0mm"),
            3,
            "the seed 900,0,0 mm lies outside the image, which reaches over x",
        ),
        (("--method", "gradient", "--fraction", "40%"), 2, "no threshold to choose"),
        (("--method", "liver"), 3, "TotalSegmentator, which is not installed here"),
    ],
)
def test_refusals(
    run: Run,
    patient: Path,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    words: tuple[str, ...],
    code: int,
    said: str,
) -> None:
    monkeypatch.setenv("PATH", str(tmp_path))
    result = run("segment", patient, *words, "--out", tmp_path / "out")
    assert (result.exit_code, result.stdout) == (code, ""), result.stderr
    assert said in " ".join(result.stderr.split())
    assert not (tmp_path / "out").exists()


def test_an_image_that_is_not_dicom_is_refused(run: Run, tmp_path: Path) -> None:
    data = np.ones((6, 7, 8), np.float32)
    path = tmp_path / "image.nii.gz"
    nibabel.save(nibabel.Nifti1Image(data, np.diag([3.0, 4.0, 5.0, 1.0])), path)
    result = run("segment", path, "--out", tmp_path / "out")
    assert result.exit_code == 3
    assert "image.nii.gz is not DICOM" in result.stderr
    assert (
        "`sirtdose post --segment-tumors` finds them inside the liver in the dose's own"
        in result.stderr
    )


FAKE = """#!{python}
import sys
from pathlib import Path
import nibabel, numpy, pydicom
words = sys.argv[1:]
source, out = (Path(words[words.index(name) + 1]) for name in ("-i", "-o"))
assert words[words.index("-rs") + 1] == "liver"
files = sorted(source.iterdir())
if not files:
    sys.exit("no CT")
first = min(
    (pydicom.dcmread(one, stop_before_pixels=True) for one in files),
    key=lambda one: float(one.ImagePositionPatient[2]),
)
rows, columns = first.PixelSpacing
x, y, z = (float(one) for one in first.ImagePositionPatient)
affine = numpy.diag([-columns, -rows, float(first.SliceThickness), 1.0])
affine[:3, 3] = -x, -y, z
mask = numpy.zeros((first.Columns, first.Rows, len(files)), numpy.uint8)
mask[20:60, 30:70, 40:70] = {value}
out.mkdir()
nibabel.save(nibabel.Nifti1Image(mask, affine), out / "liver.nii.gz")
sys.exit({code})
"""


def fake(folder: Path, *, value: int = 1, code: int = 0) -> str:
    """An executable of that name, which draws a box of 40 x 40 x 30 voxels."""
    import sys

    folder.mkdir()
    path = folder / "TotalSegmentator"
    path.write_text(FAKE.format(python=sys.executable, value=value, code=code))
    path.chmod(0o755)
    return f"{folder}{os.pathsep}{os.environ['PATH']}"


def test_the_liver_comes_from_a_process_of_its_own(
    run: Run,
    exact_contours: Path,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setenv("PATH", fake(tmp_path / "bin"))
    only(exact_contours / "structures.dcm", tmp_path / "drawn.dcm", "Tumor 1")
    words = ("segment", exact_contours, "--structures", tmp_path / "drawn.dcm")
    out = tmp_path / "review"
    result = run(*words, "--method", "liver", *GIVEN, "--out", out, "--json")
    assert result.exit_code == 0, result.stderr
    [one] = json.loads(result.stdout)["candidates"]
    assert (one["name"], one["role"]) == ("Liver (candidate)", "liver")
    first = pydicom.dcmread(next((exact_contours / "ct").iterdir()))
    rows, columns = first.PixelSpacing
    box_ml = 40 * 40 * 30 * float(rows * columns * first.SliceThickness) / 1000
    assert one["volume_ml"] == pytest.approx(box_ml)
    # On the CT's own voxels, as it was found there.
    seg = pydicom.dcmread(out / "candidates.dcm")
    assert (seg.Rows, seg.Columns) == (first.Rows, first.Columns)
    assert seg.SegmentSequence[0].SegmentAlgorithmType == "AUTOMATIC"
    accepted = run("accept", out, "--lesion", "liver", *BY, "--json")
    assert accepted.exit_code == 0, accepted.stderr
    [row] = json.loads(accepted.stdout)["lesions"]
    assert row["volume_ml"] == pytest.approx(box_ml)


@pytest.mark.parametrize(
    ("given", "said"),
    [
        ({"value": 0}, "TotalSegmentator found no liver"),
        ({"code": 3}, "TotalSegmentator failed (exit code 3)"),
    ],
)
def test_a_liver_that_is_not_found_is_said(
    run: Run,
    exact_contours: Path,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    given: dict[str, int],
    said: str,
) -> None:
    monkeypatch.setenv("PATH", fake(tmp_path / "bin", **given))
    only(exact_contours / "structures.dcm", tmp_path / "drawn.dcm", "Tumor 1")
    words = ("segment", exact_contours, "--structures", tmp_path / "drawn.dcm")
    result = run(*words, "--method", "liver", "--out", tmp_path / "r")
    assert result.exit_code == 3
    assert said in result.stderr
