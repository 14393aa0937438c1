"""`sirtdose post` writes RTDOSE, RTPLAN and SEG of what DICOM it was given."""

import csv
import json
from collections.abc import Callable
from pathlib import Path

import nibabel
import numpy as np
import pydicom
import pytest
from click.testing import Result

from sirtdose.io.read import read_image, read_structures
from sirtdose.model.volume import Quantity

Run = Callable[..., Result]
GIVEN = ("--administered", "2.15GBq", "--lung-shunt", "5%")


def test_doses_structures_and_histograms(
    run: Run, exact_contours: Path, tmp_path: Path
) -> None:
    result = run("post", exact_contours, *GIVEN, "--json", "--out", tmp_path / "out")
    assert result.exit_code == 0, result.stderr
    document = json.loads(result.stdout)
    rows = {
        row["name"]: row for row in document["doses"]["local_deposition"]["structures"]
    }
    out = tmp_path / "out"
    nifti = nibabel.load(out / "dose_local.nii.gz").get_fdata()
    dicom = read_image(out / "dose_local.dcm", quantity=Quantity.DOSE)
    assert dicom.data.max() == pytest.approx(nifti.max(), rel=1e-6)
    assert dicom.data.sum() == pytest.approx(nifti.sum(), rel=1e-6)
    # Histograms of what the RTSTRUCT has, by its own numbers.
    contours = pydicom.dcmread(exact_contours / "structures.dcm")
    names = {roi.ROINumber: roi.ROIName for roi in contours.StructureSetROISequence}
    dose = pydicom.dcmread(out / "dose_local.dcm")
    assert (
        dose.ReferencedStructureSetSequence[0].ReferencedSOPInstanceUID
        == contours.SOPInstanceUID
    )
    found = {
        names[h.DVHReferencedROISequence[0].ReferencedROINumber]: h
        for h in dose.DVHSequence
    }
    assert {"Liver", "Tumor 1", "Tumor 2", "Tumor 3", "Perfused lobe"} <= set(found)
    for name, histogram in found.items():
        row = rows[name]
        data = np.array(histogram.DVHData, float).reshape(-1, 2)
        assert data[0, 1] == pytest.approx(row["volume_ml"], rel=1e-6)
        widths, volumes = data[:, 0], data[:, 1]
        # The area under the curve is the mean, to half a bin.
        mean = (volumes[1:] * widths[1:]).sum() / volumes[0] + widths[0] / 2
        assert mean == pytest.approx(row["dose_gy"]["mean"], abs=widths[0])
        assert float(histogram.DVHMeanDose) == pytest.approx(row["dose_gy"]["mean"])
    for one in read_structures(out / "dose_structures.dcm"):
        volume_ml = rows.get(one.name, {}).get("volume_ml")
        if volume_ml is not None:
            assert one.volume_ml == pytest.approx(volume_ml, rel=1e-3)


def test_results_are_no_input_the_next_time(
    run: Run, exact_contours: Path, tmp_path: Path
) -> None:
    import shutil

    patient = tmp_path / "patient"
    shutil.copytree(exact_contours, patient)
    for _ in range(2):
        result = run("post", patient, *GIVEN, "--force", "--out", patient / "out")
        assert result.exit_code == 0, result.stderr
    assert (patient / "out" / "dose_structures.dcm").is_file()


@pytest.mark.parametrize("options", [("--no-dicom",), ("--image",)])
def test_none_where_none_is_wanted_or_the_image_is_none(
    run: Run, exact_contours: Path, tmp_path: Path, options: tuple[str, ...]
) -> None:
    if options == ("--image",):
        spect = read_image(exact_contours / "spect.dcm")
        from tests.cli.post.test_registration import save

        save(tmp_path / "spect.nii.gz", np.asarray(spect.data), spect.grid)
        options = ("--image", str(tmp_path / "spect.nii.gz"))
    result = run("post", exact_contours, *GIVEN, *options, "--out", tmp_path / "out")
    assert result.exit_code == 0, result.stderr
    assert not list((tmp_path / "out").glob("*.dcm"))
    assert ".dcm" not in result.stderr.splitlines()[-1]


def test_deidentified_results_name_nothing_of_the_patients(
    run: Run, exact_contours: Path, tmp_path: Path
) -> None:
    key = tmp_path / "key"
    key.write_text("0123456789abcdef0123456789abcdef\n")
    sources = [*exact_contours.glob("*.dcm"), *(exact_contours / "ct").iterdir()]
    header = pydicom.dcmread(exact_contours / "spect.dcm", stop_before_pixels=True)
    told = {"Phantom", "PHANTOM", header.StudyDate, "2026-03-0", "spect.dcm"}
    for path in sources:
        data = pydicom.dcmread(path, stop_before_pixels=True)
        told |= {str(e.value) for e in data.iterall() if e.VR == "UI"}
    told = {one for one in told if not one.startswith("1.2.840.10008")}
    ids = []
    for name in ("one", "two"):
        result = run(
            *("post", exact_contours, *GIVEN, "--deidentify", "--site-key", key),
            *("--administered-at", "2026-03-02T10:00+01:00", "--out", tmp_path / name),
        )
        assert result.exit_code == 0, result.stderr
        for path in (tmp_path / name).iterdir():
            content = path.read_bytes()
            assert not [one for one in told if one.encode() in content], path.name
        assert not [one for one in told if one in result.stderr]
        ids.append(pydicom.dcmread(tmp_path / name / "dose_local.dcm").PatientID)
    assert ids[0] == ids[1]
    times = json.loads((tmp_path / "one" / "post.json").read_text())["times"]
    assert times["elapsed_h"] == 23.5
    assert times["scan_at"][:10] > times["administered_at"][:10]
    with (tmp_path / "one" / "structures.csv").open() as file:
        assert {row["name"] for row in csv.DictReader(file)} >= {"Liver", "Tumor 1"}


def test_a_file_named_by_a_digit_changes_no_number(
    run: Run, exact_contours: Path, tmp_path: Path
) -> None:
    import shutil

    shutil.copytree(exact_contours, tmp_path / "cd")
    (tmp_path / "cd" / "spect.dcm").rename(tmp_path / "cd" / "1")
    words = ("post", tmp_path / "cd", *GIVEN, "--deidentify")
    result = run(
        *(*words, "--administered-at", "2026-03-02T10:00+01:00"),
        *("--out", tmp_path / "out"),
    )
    assert result.exit_code == 0, result.stderr
    assert "one density, 1.05 g/mL" in result.stderr
    document = json.loads((tmp_path / "out" / "post.json").read_text())
    assert document["times"]["administered_at"][10:] == "T10:00:00+01:00"
    assert document["inputs"][0]["file"] == "SPECT 1"
    assert document["choices"][0].startswith("activity image SPECT 1")


def test_files_that_are_no_dicom_are_deidentified_too(
    run: Run, exact_contours: Path, tmp_path: Path
) -> None:
    from tests.cli.post.test_registration import save

    spect = read_image(exact_contours / "spect.dcm")
    image = tmp_path / "DOE_JOHN_1950.nii.gz"
    save(image, np.asarray(spect.data), spect.grid)
    density = tmp_path / "DOE_density.nii.gz"
    save(density, np.full(spect.grid.shape, 1.05, np.float32), spect.grid)
    result = run(
        *("post", exact_contours, *GIVEN, "--image", image, "--deidentify"),
        *("--density", density, "--method", "local", "--administered-at"),
        *("2026-03-02T10:00+01:00", "--out", tmp_path / "out"),
        *("--accept", "H27", "--reason", "made"),
    )
    assert result.exit_code == 0, result.stderr
    for path in (tmp_path / "out").iterdir():
        content = path.read_bytes()
        assert b"DOE_" not in content, path.name
        assert b"2026-03-02" not in content, path.name
    assert "DOE_" not in result.stderr


def test_doses_below_zero_are_none_in_voxels_and_histogram_alike(
    run: Run, exact_contours: Path, tmp_path: Path
) -> None:
    import shutil

    shutil.copytree(exact_contours, tmp_path / "noisy")
    path = tmp_path / "noisy" / "spect.dcm"
    data = pydicom.dcmread(path)
    pixels = data.pixel_array.astype(np.int32)
    noise = np.random.default_rng(3).normal(0, 40, pixels.shape)
    data.PixelData = np.rint(pixels + noise).clip(-9999, 32000).astype("<i2").tobytes()
    data.PixelRepresentation = 1
    data.save_as(path)
    result = run(
        *("post", tmp_path / "noisy", *GIVEN, "--out", tmp_path / "out"),
        *("--accept", "H14", "--reason", "made noisy"),
    )
    assert result.exit_code == 0, result.stderr
    contours = pydicom.dcmread(exact_contours / "structures.dcm")
    names = {roi.ROINumber: roi.ROIName for roi in contours.StructureSetROISequence}
    dose = pydicom.dcmread(tmp_path / "out" / "dose_local.dcm")
    volumes = {
        one.name: one.volume_ml
        for one in read_structures(tmp_path / "out" / "dose_structures.dcm")
    }
    for histogram in dose.DVHSequence:
        name = names[histogram.DVHReferencedROISequence[0].ReferencedROINumber]
        first = float(histogram.DVHData[1])
        assert first == pytest.approx(volumes[name], rel=2e-3), name


@pytest.mark.parametrize(
    ("options", "exit_code", "message"),
    [
        (("--site-key", "key"), 2, "is for --deidentify"),
        (("--deidentify", "--site-key", "key"), 3, "holds 5 bytes"),
        (("--deidentify", "--site-key", "none"), 3, "cannot read none"),
    ],
)
def test_refusals(
    run: Run,
    exact_contours: Path,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    options: tuple[str, ...],
    exit_code: int,
    message: str,
) -> None:
    monkeypatch.chdir(tmp_path)
    Path("key").write_text("short")
    result = run("post", exact_contours, *GIVEN, *options, "--out", tmp_path / "out")
    assert (result.exit_code, result.stdout) == (exit_code, "")
    assert message in result.stderr
