import csv
import io
import json
import shutil
from collections.abc import Callable
from itertools import pairwise
from pathlib import Path

import nibabel
import numpy as np
import pydicom
import pytest
from click.testing import Result

from sirtdose.io.image_file import write_nifti
from sirtdose.model.grid import Grid
from sirtdose.model.volume import Quantity, Volume

Run = Callable[..., Result]
TEXTS = {"post.json", "structures.csv", "dvh.csv", "report.html", "report_data.json"}
DICOM = {
    *("dose_local.dcm", "dose_plan.dcm", "dose_report.dcm", "dose_structures.dcm"),
}
FILES = TEXTS | DICOM | {"dose_local.nii.gz", "run.json"}


def post(run: Run, source: Path, out: Path, *options: object) -> Result:
    return run("post", source, "--administered", "2GBq", "--out", out, *options)


def test_writes_everything_that_is_promised(
    run: Run, exact_contours: Path, tmp_path: Path
) -> None:
    out = tmp_path / "doses"
    result = post(run, exact_contours, out, "--lung-shunt", "5%", "--json")
    assert result.exit_code == 0
    assert {path.name for path in out.iterdir()} == FILES
    document = json.loads(result.stdout)
    assert document == json.loads((out / "post.json").read_text())
    assert document["schema"] == "sirtdose.post/1"

    rows = list(csv.DictReader(io.StringIO((out / "structures.csv").read_text())))
    structures = document["doses"]["local_deposition"]["structures"]
    assert [row["name"] for row in rows] == [s["name"] for s in structures]
    assert float(rows[2]["mean_gy"]) == structures[2]["dose_gy"]["mean"]
    assert list(rows[0])[:6] == [
        "method",
        "name",
        "role",
        "volume_ml",
        "mass_kg",
        "activity_gbq",
    ]

    curve = [
        (float(row["dose_gy"]), float(row["volume_fraction"]))
        for row in csv.DictReader(io.StringIO((out / "dvh.csv").read_text()))
        if row["name"] == "Tumor 1"
    ]
    assert curve[0] == (0, 1)
    assert all(a[1] >= b[1] for a, b in pairwise(curve))

    dose = nibabel.load(out / "dose_local.nii.gz")
    liver = next(s for s in structures if s["name"] == "Liver")
    assert dose.get_fdata().max() >= liver["dose_gy"]["max"] * (1 - 1e-6)


def test_the_page_needs_nothing_else_and_names_nobody(
    run: Run, exact_contours: Path, tmp_path: Path
) -> None:
    post(run, exact_contours, tmp_path / "out")
    page = (tmp_path / "out" / "report.html").read_text()
    assert "http" not in page.replace("http-equiv", "")
    assert page.count("data:image/jpeg;base64,") == 3
    assert "Not a medical device" in page
    for name in TEXTS:
        text = (tmp_path / "out" / name).read_text()
        assert "PHANTOM" not in text
        assert "Phantom^Digital" not in text


def test_same_inputs_same_bytes(run: Run, exact_contours: Path, tmp_path: Path) -> None:
    for name in ("a", "b"):
        post(run, exact_contours, tmp_path / name)
    # run.json tells of the run itself.
    for name in FILES - {"run.json"}:
        assert (tmp_path / "a" / name).read_bytes() == (
            tmp_path / "b" / name
        ).read_bytes(), name


def test_overwriting_needs_force(
    run: Run, exact_contours: Path, tmp_path: Path
) -> None:
    assert post(run, exact_contours, tmp_path, "--no-report").exit_code == 0
    again = post(run, exact_contours, tmp_path, "--no-report")
    assert again.exit_code == 5
    assert "already contains post.json" in again.stderr
    assert post(run, exact_contours, tmp_path, "--no-report", "--force").exit_code == 0


def ledger(run: Run, source: Path, out: Path, *options: object) -> dict:
    result = run(
        "post", source, "--out", out, "--no-report", "--force", "--json", *options
    )
    assert result.exit_code == 0, result.stderr
    return json.loads(result.stdout)["ledger"]


def test_ledger_decays_assay_and_residual_to_administration(
    run: Run, exact_contours: Path, tmp_path: Path
) -> None:
    # 24 h at 64.05 h: 0.77126; residual measured 4 h later is put back: / 0.95764.
    lines = ledger(
        run,
        exact_contours,
        tmp_path / "out",
        *("--assay", "3.1GBq", "--assay-at", "2026-03-01T10:00+01:00"),
        *("--administered-at", "2026-03-02T10:00+01:00", "--residual", "50MBq"),
        *("--residual-at", "2026-03-02T13:00Z", "--lung-shunt", "4.2%"),
    )
    assert lines["administered_gbq"] == pytest.approx(3.1 * 0.77126, rel=1e-4)
    assert lines["residual_gbq"] == pytest.approx(0.05 / 0.95764, rel=1e-4)
    delivered = 3.1 * 0.77126 - 0.05 / 0.95764
    assert lines["delivered_gbq"] == pytest.approx(delivered, rel=1e-4)
    assert lines["lung_gbq"] == pytest.approx(0.042 * delivered, rel=1e-4)
    assert lines["treated_gbq"] == pytest.approx(0.958 * delivered, rel=1e-4)


def test_camera_factor_finds_the_activity(
    run: Run, exact_contours: Path, tmp_path: Path
) -> None:
    truth = json.loads((exact_contours / "truth.json").read_text())
    lines = ledger(
        run,
        exact_contours,
        tmp_path / "out",
        *("--administered", "2.2GBq", "--administered-at", truth["administered_at"]),
        *("--calibration", f"{truth['camera_factor_cps_per_mbq']!r}cps/MBq"),
        *("--scan-duration", "30min"),
    )
    assert lines["in_image_gbq"] == pytest.approx(truth["delivered_gbq"], rel=1e-9)


def test_scan_time_comes_from_the_header_with_its_offset(
    run: Run, exact_contours: Path, tmp_path: Path
) -> None:
    result = post(
        run,
        exact_contours,
        tmp_path / "out",
        *("--administered-at", "2026-03-02T10:00+01:00", "--no-report", "--json"),
    )
    times = json.loads(result.stdout)["times"]
    assert times["scan_at"] == "2026-03-03T09:30:00+01:00"
    assert times["elapsed_h"] == pytest.approx(23.5)


@pytest.fixture
def files(tmp_path: Path) -> Path:
    """A little image with a liver and a tumor, as NIfTI files."""
    folder = tmp_path / "files"
    folder.mkdir()
    grid = Grid.regular((14, 16, 18), spacing_mm=(9.0, 8.0, 7.0))
    rng = np.random.default_rng(5)
    data = rng.gamma(2.0, 3e5, grid.shape)
    masks = {"liver": np.s_[2:12, 2:12, 2:14], "tumor": np.s_[4:7, 4:7, 4:7]}
    write_nifti(Volume(data, grid, Quantity.COUNTS), folder / "image.nii.gz")
    for name, part in masks.items():
        mask = np.zeros(grid.shape)
        mask[part] = 1
        write_nifti(Volume(mask, grid, Quantity.COUNTS), folder / f"{name}.nii.gz")
    return folder


def chosen(files: Path, *names: str) -> list[object]:
    options: list[object] = ["--image", files / "image.nii.gz"]
    for name in names or ("liver", "tumor"):
        options += ["--structures", files / f"{name}.nii.gz"]
    return options


def test_masks_from_several_files(run: Run, files: Path, tmp_path: Path) -> None:
    result = post(run, files, tmp_path / "out", *chosen(files), "--json")
    assert result.exit_code == 0, result.stderr
    names = [
        s["name"]
        for s in json.loads(result.stdout)["doses"]["local_deposition"]["structures"]
    ]
    assert names == ["liver", "tumor", "normal_whole"]


def test_role_by_hand(run: Run, files: Path, tmp_path: Path) -> None:
    (files / "tumor.nii.gz").rename(files / "blob.nii.gz")
    options = [*chosen(files, "liver", "blob"), "--no-report", "--json"]
    result = post(run, files, tmp_path / "a", *options, "--role", "blob=tumor")
    structures = json.loads(result.stdout)["doses"]["local_deposition"]["structures"]
    assert structures[1]["role"] == "tumor"
    wrong = post(run, files, tmp_path / "b", *options, "--role", "lump=tumor")
    assert wrong.exit_code == 3
    assert "--role names 'lump', which is not a structure here" in wrong.stderr


def test_disagreeing_calibrations_ask(run: Run, files: Path, tmp_path: Path) -> None:
    at = "2026-03-01T10:00+01:00"
    options = [*chosen(files), "--calibration", "image", "--no-report"]
    options += ["--administered-at", at, "--scan-at", at]
    asked = post(run, files, tmp_path / "out", *options)
    assert asked.exit_code == 3
    assert "H13" in asked.stderr
    assert "--accept H13 --reason" in asked.stderr
    assert not (tmp_path / "out").exists()
    accepted = post(
        run,
        files,
        tmp_path / "out",
        *options,
        *("--accept", "H13", "--reason", "made up", "--json"),
    )
    assert accepted.exit_code == 0
    document = json.loads(accepted.stdout)
    [known] = document["accepted"]
    assert (known["code"], known["reason"]) == ("H13", "made up")
    assert document["calibration"]["alternative_to_used_ratio"] is not None


AT = ("--administered-at", "2026-03-01T10:00+01:00")


@pytest.mark.parametrize(
    ("options", "code", "says"),
    [
        (["--administered", "2"], 2, "no unit for activity"),
        (["--assay", "2GBq"], 2, "give the activity once"),
        (["--residual", "50MBq", *AT], 2, "give --residual-at"),
        (["--administered-at", "2026-03-01T10:00"], 2, "no offset from UTC"),
        (["--calibration", "guess"], 2, "or administered or image"),
        (["--calibration", "image"], 3, "give --administered-at, with its"),
        (["--calibrate-over", "perfused"], 3, "needs a structure of role perfused"),
        (["--role", "liver=hepar"], 2, "write NAME=ROLE"),
        (["--residual", "3GBq", "--residual-at", AT[1], *AT], 3, "but only"),
        (
            ["--scan-at", "2026-02-27T10:00+01:00", *AT],
            3,
            "H09 Inconsistent times: the scan is -48.0 h",
        ),
    ],
)
def test_refusals_leave_nothing_behind(
    run: Run, files: Path, tmp_path: Path, options: list[str], code: int, says: str
) -> None:
    out = tmp_path / "out"
    result = post(run, files, out, *chosen(files), *options)
    assert result.exit_code == code, result.stderr
    assert says in " ".join(result.stderr.split())
    assert result.stdout == ""
    assert sorted(p.name for p in tmp_path.iterdir()) == ["files"]


def test_negative_voxels_and_another_nuclide_are_said(
    run: Run, exact_contours: Path, tmp_path: Path
) -> None:
    folder = shutil.copytree(exact_contours, tmp_path / "patient")
    spect = pydicom.dcmread(folder / "spect.dcm")
    item = pydicom.Dataset()
    item.RadionuclideHalfLife = 574300
    spect.RadiopharmaceuticalInformationSequence = [item]
    spect.RescaleSlope, spect.RescaleIntercept = "1", "-30"
    spect.save_as(folder / "spect.dcm")
    words = ("post", folder, "--administered", "1GBq", "--out", tmp_path / "out")
    asked = run(*words)
    assert asked.exit_code == 3
    assert "H11" in asked.stderr
    assert "RescaleIntercept (0028,1052) = -30" in asked.stderr
    known = ("--accept", "H12", "--reason", "stored with an offset")
    result = run(*words, *known, "--accept", "H11", "--reason", "the protocol's")
    assert result.exit_code == 0, result.stderr
    assert "negative voxels make up" in result.stderr
    assert "a half-life of 159.5 h" in result.stderr


def test_two_methods_stand_beside_each_other(
    run: Run, exact_contours: Path, tmp_path: Path
) -> None:
    options = ("--administered", "1GBq", "--calibrate-over", "fov", "--json")
    methods = ("--method", "local", "--method", "kernel", "--medium", "water")
    out = tmp_path / "out"
    result = run("post", exact_contours, *options, *methods, "--out", out)
    assert result.exit_code == 0, result.stderr
    doses = json.loads(result.stdout)["doses"]
    assert list(doses) == ["local_deposition", "kernel"]
    assert doses["kernel"]["medium"] == "water"
    assert doses["kernel"]["electron_fraction"] == pytest.approx(0.9961, abs=2e-4)
    assert 0.996 < doses["kernel"]["energy_recovered"] < 0.9985
    means = {
        name: {s["name"]: s["dose_gy"]["mean"] for s in found["structures"]}
        for name, found in doses.items()
    }
    # Alone, a sphere of 36 mm would keep 0.89; at 8:1 an eighth of that loss returns,
    # and the tumor's dose voxels at its edge are shared with what is around.
    ratio = means["kernel"]["Tumor 2"] / means["local_deposition"]["Tumor 2"]
    assert 0.90 < ratio < 0.95
    assert "against local deposition" in result.stderr
    assert (out / "dose_kernel.nii.gz").is_file()
    assert "Dose kernel of water" in (out / "report.html").read_text("utf-8")


def test_an_unclear_folder_lists_the_candidates(
    run: Run, files: Path, tmp_path: Path
) -> None:
    result = post(run, files, tmp_path / "out")
    assert result.exit_code == 3
    assert "3 candidates for activity image: " in result.stderr
    assert "choose one with --image" in result.stderr


def break_unknown(files: Path) -> None:
    (files / "liver.nii.gz").rename(files / "liver.xyz")


def break_truncated(files: Path) -> None:
    whole = (files / "image.nii.gz").read_bytes()
    (files / "image.nii.gz").write_bytes(whole[: len(whole) // 2])


def break_outside(files: Path) -> None:
    image = nibabel.load(files / "tumor.nii.gz")
    affine = image.affine.copy()
    affine[:3, 3] += 900
    moved = nibabel.Nifti1Image(image.get_fdata(), affine)
    nibabel.save(moved, files / "tumor.nii.gz")


def break_empty(files: Path) -> None:
    image = nibabel.load(files / "tumor.nii.gz")
    nothing = nibabel.Nifti1Image(image.get_fdata() * 0, image.affine)
    nibabel.save(nothing, files / "tumor.nii.gz")


def break_infinite(files: Path) -> None:
    image = nibabel.load(files / "image.nii.gz")
    data = image.get_fdata()
    data[3, 3, 3] = np.nan
    nibabel.save(nibabel.Nifti1Image(data, image.affine), files / "image.nii.gz")


def break_doubled(files: Path) -> None:
    (files / "again").mkdir()
    shutil.copy(files / "tumor.nii.gz", files / "again" / "liver.nii.gz")
    shutil.copy(files / "again" / "liver.nii.gz", files / "tumor.nii.gz")
    (files / "tumor.tsv").write_text("index\tname\n1\tliver\n")


@pytest.mark.parametrize(
    ("damage", "says"),
    [
        (break_unknown, "there is no file or folder"),
        (break_truncated, "image.nii.gz is truncated or damaged"),
        (break_outside, "'tumor' lies completely outside the image"),
        (break_empty, "contains no structure: every voxel is 0"),
        (break_infinite, "1 of 4032 voxels are not finite numbers (H30)"),
        (break_doubled, "2 structures are named 'liver'"),
    ],
)
def test_damage_is_met_by_one_clear_message(
    run: Run,
    files: Path,
    tmp_path: Path,
    damage: Callable[[Path], None],
    says: str,
) -> None:
    damage(files)
    result = post(run, files, tmp_path / "out", *chosen(files))
    assert result.exit_code == 3
    assert says in result.stderr
    assert len(result.stderr.splitlines()) == 1
    assert not (tmp_path / "out").exists()


def test_another_frame_of_reference_is_refused(
    run: Run, exact_contours: Path, tmp_path: Path
) -> None:
    folder = tmp_path / "patient"
    shutil.copytree(exact_contours, folder)
    contours = pydicom.dcmread(folder / "structures.dcm")
    for roi in contours.StructureSetROISequence:
        roi.ReferencedFrameOfReferenceUID = "1.2.3"
    contours.save_as(folder / "structures.dcm")
    result = post(run, folder, tmp_path / "out")
    assert result.exit_code == 3
    assert "another frame of reference (0020,0052) than the image (H15)" in (
        result.stderr
    )


def test_an_organ_in_another_frame_is_left_out_and_said(
    run: Run, exact_contours: Path, tmp_path: Path
) -> None:
    folder = tmp_path / "patient"
    shutil.copytree(exact_contours, folder)
    contours = pydicom.dcmread(folder / "structures.dcm")
    [lungs] = [r for r in contours.StructureSetROISequence if r.ROIName == "Lungs"]
    lungs.ReferencedFrameOfReferenceUID = "1.2.3"
    contours.save_as(folder / "structures.dcm")
    result = post(run, folder, tmp_path / "out", "--json")
    assert result.exit_code == 0
    said = [w["message"] for w in json.loads(result.stdout)["warnings"]]
    assert any("'Lungs' is in another frame of reference" in text for text in said)


def test_two_patients_are_refused_without_naming_them(
    run: Run, exact_contours: Path, tmp_path: Path
) -> None:
    folder = tmp_path / "patient"
    shutil.copytree(exact_contours, folder)
    contours = pydicom.dcmread(folder / "structures.dcm")
    contours.PatientID, contours.PatientName = "12345", "Doe^Jane"
    contours.save_as(folder / "structures.dcm")
    result = post(run, folder, tmp_path / "out")
    assert result.exit_code == 3
    assert "files belong to 2 patients (H01" in result.stderr
    assert "12345" not in result.output
    assert "Doe" not in result.output


def test_results_in_the_source_folder_are_no_input_the_next_time(
    run: Run, files: Path
) -> None:
    for name in ("out", "."):
        for _ in range(2):
            result = post(run, files, files / name, *chosen(files), "--force")
            assert result.exit_code == 0, result.stderr
    found = json.loads(run("inspect", files, "--json").stdout)["found"]
    assert len(found) == 3


def test_a_name_in_the_folder_is_found_there(
    run: Run, files: Path, tmp_path: Path
) -> None:
    options = ["--image", "image.nii.gz", "--structures", "liver.nii.gz"]
    assert post(run, files, tmp_path / "out", *options).exit_code == 0


def test_forced_results_leave_no_stale_report(
    run: Run, files: Path, tmp_path: Path
) -> None:
    post(run, files, tmp_path / "out", *chosen(files))
    post(run, files, tmp_path / "out", *chosen(files), "--no-report", "--force")
    assert {p.name for p in (tmp_path / "out").iterdir()} == (
        FILES - DICOM - {"report.html", "report_data.json"}
    )


def test_one_file_cannot_be_image_and_structures(
    run: Run, files: Path, tmp_path: Path
) -> None:
    liver = files / "liver.nii.gz"
    result = post(run, liver, tmp_path / "out", "--structures", liver)
    assert result.exit_code == 3
    assert "given both as activity image and as structures" in result.stderr


def test_a_ct_is_no_activity_image(
    run: Run, exact_contours: Path, tmp_path: Path
) -> None:
    result = post(
        run, exact_contours, tmp_path / "out", "--image", exact_contours / "ct"
    )
    assert result.exit_code == 3
    assert "is not an activity image (CT)" in result.stderr


def test_a_residual_measured_a_year_early_asks(
    run: Run, files: Path, tmp_path: Path
) -> None:
    options = ["--residual", "50MBq", "--residual-at", "2026-02-01T10:00+01:00", *AT]
    result = post(run, files, tmp_path / "out", *chosen(files), *options)
    assert result.exit_code == 3
    assert "the residual was measured -672.0 h after administration" in result.stderr


def test_a_ct_that_was_only_found_does_not_stop_the_doses(
    run: Run, exact_contours: Path, tmp_path: Path
) -> None:
    folder = tmp_path / "patient"
    shutil.copytree(exact_contours, folder)
    (folder / "ct" / "slice050.dcm").unlink()
    found = post(run, folder, tmp_path / "a", "--json")
    assert found.exit_code == 0
    [said] = [w for w in json.loads(found.stdout)["warnings"] if w["code"] == "H17"]
    assert said["severity"] == "warn"
    assert "missing or extra" in said["message"]
    given = post(run, folder, tmp_path / "b", "--ct", folder / "ct")
    assert given.exit_code == 3


def test_two_spects_of_one_series_are_candidates(
    run: Run, exact_contours: Path, tmp_path: Path
) -> None:
    folder = tmp_path / "patient"
    shutil.copytree(exact_contours, folder)
    other = pydicom.dcmread(folder / "spect.dcm")
    other.SOPInstanceUID = pydicom.uid.generate_uid()
    other.file_meta.MediaStorageSOPInstanceUID = other.SOPInstanceUID
    other.save_as(folder / "a_not_corrected.dcm")
    result = post(run, folder, tmp_path / "out")
    assert result.exit_code == 3
    assert "2 candidates for activity image" in result.stderr


def test_folder_names_do_not_reach_the_results(
    run: Run, exact_contours: Path, tmp_path: Path
) -> None:
    folder = tmp_path / "DOE_JANE_1950"
    shutil.copytree(exact_contours / "ct", folder)
    for name in ("spect.dcm", "structures.dcm"):
        shutil.copy(exact_contours / name, folder)
    assert post(run, folder, tmp_path / "out").exit_code == 0
    for name in FILES:
        assert b"DOE" not in (tmp_path / "out" / name).read_bytes()


def test_derived_names_are_reserved(run: Run, files: Path, tmp_path: Path) -> None:
    (files / "liver.nii.gz").rename(files / "normal_whole.nii.gz")
    options = [*chosen(files, "normal_whole"), "--role", "normal_whole=liver"]
    result = post(run, files, tmp_path / "out", *options)
    assert result.exit_code == 3
    assert "that sirtdose derives: rename it" in result.stderr


def test_a_name_that_is_a_formula_is_no_formula_in_the_tables(
    run: Run, files: Path, tmp_path: Path
) -> None:
    (files / "liver.tsv").write_text("index\tname\n1\t=1+1 <b>liver\x1b[31m\n")
    assert post(run, files, tmp_path / "out", *chosen(files)).exit_code == 0
    assert "'=1+1 <b>liver?[31m," in (tmp_path / "out" / "structures.csv").read_text()
    page = (tmp_path / "out" / "report.html").read_text()
    assert "<b>liver" not in page
    assert "=1+1 &lt;b&gt;liver?[31m" in page
