"""An earlier session's dose beside this one's, and the sum of both."""

import json
from collections.abc import Callable
from pathlib import Path

import nibabel
import numpy as np
import pydicom
import pytest
import SimpleITK
from click.testing import Result

from tests.cli.post.test_registration import write_registration

Run = Callable[..., Result]
GIVEN = ("--administered", "1GBq", "--lung-shunt", "5%", "--calibrate-over", "fov")
BARE = ("--no-report", "--no-dicom")
BY_CT = ("--density", "ct", "--method", "local", *BARE)
METHOD = "local_deposition"
# The phantom has one image: what it had before is what it has now.
TWICE = ("--accept", "H09", "--reason", "one image stands for two sessions")


def document_of(result: Result) -> dict:
    assert result.exit_code == 0, result.stderr
    return json.loads(result.stdout)


def means(document: dict, method: str) -> dict[str, float]:
    rows = document["doses"][method]["structures"]
    return {row["name"]: row["dose_gy"]["mean"] for row in rows}


@pytest.fixture(scope="module")
def earlier(
    run: Run, exact_voxels: Path, tmp_path_factory: pytest.TempPathFactory
) -> Path:
    """The same patient treated with 1 GBq before."""
    out = tmp_path_factory.mktemp("earlier") / "out"
    words = ("post", exact_voxels, *GIVEN, *BY_CT)
    assert run(*words, "--out", out).exit_code == 0
    return out / "dose_local.nii.gz"


def test_this_session_and_the_sum(
    run: Run, exact_voxels: Path, earlier: Path, tmp_path: Path
) -> None:
    words = ("post", exact_voxels, *GIVEN, *BY_CT)
    words += TWICE
    result = run(*words, "--json", "--out", tmp_path / "now", "--prior-dose", earlier)
    document = document_of(result)
    assert list(document["doses"]) == [METHOD, f"{METHOD}+with_prior"]
    now, total = means(document, METHOD), means(document, f"{METHOD}+with_prior")
    for name in now:
        assert total[name] == pytest.approx(2 * now[name], rel=1e-5)
    assert (tmp_path / "now" / "dose_local_with_prior.nii.gz").is_file()
    # What the lungs had is for a person to say: a map of one density has it wrong.
    lungs = document["lungs"]
    assert lungs["cumulative_dose_gy"] == lungs["dose_gy"]
    assert "WARN H22  the earlier lung dose" in result.stderr
    both = run(
        *(*words, "--force", "--out", tmp_path / "now", "--prior-dose", earlier),
        *("--psf", "10mm", "--json"),
    )
    assert list(document_of(both)["doses"]) == [
        METHOD,
        f"{METHOD}+iterative_yang",
        f"{METHOD}+with_prior",
        f"{METHOD}+iterative_yang+with_prior",
    ]
    assert "WARN H15  the earlier dose has no frame of reference" in result.stderr


def test_a_dose_that_lies_elsewhere_is_brought_over(
    run: Run, exact_voxels: Path, earlier: Path, tmp_path: Path
) -> None:
    image = nibabel.load(earlier)
    # The patient lay 30 mm further left and 12 mm higher: RAS x down, z up.
    affine = image.affine.copy()
    affine[:3, 3] += (-30.0, 0.0, 12.0)
    moved = nibabel.nifti1.Nifti1Image(np.asarray(image.dataobj), affine)
    moved.set_sform(affine, 1)
    nibabel.save(moved, tmp_path / "moved.nii.gz")
    transform = SimpleITK.TranslationTransform(3, (30.0, 0.0, 12.0))
    SimpleITK.WriteTransform(transform, str(tmp_path / "t.tfm"))
    words = ("post", exact_voxels, *GIVEN, *BY_CT)
    words += ("--accept", "H16", "--reason", "another table position")
    words += ("--json", "--force", "--out", tmp_path / "now")
    prior = ("--prior-dose", tmp_path / "moved.nii.gz")
    document = document_of(run(*words, *prior, "--prior-transform", tmp_path / "t.tfm"))
    now, total = means(document, METHOD), means(document, f"{METHOD}+with_prior")
    for name in ("Tumor 1", "Tumor 2", "Perfused lobe"):
        assert total[name] == pytest.approx(2 * now[name], rel=1e-4)
    unmoved = means(document_of(run(*words, *prior)), f"{METHOD}+with_prior")
    assert unmoved["Tumor 2"] < 1.8 * now["Tumor 2"]


@pytest.mark.parametrize(
    ("options", "exit_code", "message"),
    [
        (("--prior-dose", "no.nii.gz"), 3, "there is no file no.nii.gz"),
        (("--prior-dose", "spect.dcm"), 3, "is in counts, not Gy"),
        (("--prior-transform", "t.tfm"), 2, "is for a --prior-dose"),
    ],
)
def test_refusals(
    run: Run,
    exact_voxels: Path,
    tmp_path: Path,
    options: tuple[str, str],
    exit_code: int,
    message: str,
) -> None:
    option, name = options
    path = exact_voxels / name if name == "spect.dcm" else tmp_path / name
    result = run("post", exact_voxels, *GIVEN, option, path, "--out", tmp_path / "out")
    assert (result.exit_code, result.stdout) == (exit_code, "")
    assert message in result.stderr


def nifti(
    path: Path, source: Path, shift_ras: tuple[float, ...], factor: float
) -> Path:
    """A dose map that lies elsewhere, times a factor."""
    image = nibabel.load(source)
    affine = image.affine.copy()
    affine[:3, 3] += shift_ras
    data = factor * np.asarray(image.dataobj)
    moved = nibabel.nifti1.Nifti1Image(data.astype(np.float32), affine)
    moved.set_sform(affine, 1)
    nibabel.save(moved, path)
    return path


def translation(path: Path, *by: float) -> Path:
    SimpleITK.WriteTransform(SimpleITK.TranslationTransform(3, by), str(path))
    return path


def test_a_transform_is_judged_whatever_it_moves(
    run: Run, exact_voxels: Path, earlier: Path, tmp_path: Path
) -> None:
    """The right one passes, its inverse, one too far and one beyond the map ask."""
    # 14 mm to the right and 8 mm to the feet in RAS: (-14, 0, -8) back in LPS.
    prior = nifti(tmp_path / "prior.nii.gz", earlier, (-14.0, 0.0, 8.0), 0.6)
    words = ("post", exact_voxels, *GIVEN, *BY_CT)
    words += ("--force", "--out", tmp_path / "now")
    words += ("--prior-dose", prior, "--prior-transform")
    right = run(*words, translation(tmp_path / "right.tfm", 14.0, 0.0, 8.0), "--json")
    document = document_of(right)
    now, total = means(document, METHOD), means(document, f"{METHOD}+with_prior")
    for name in ("Tumor 1", "Tumor 2", "normal_whole"):
        assert total[name] == pytest.approx(1.6 * now[name], rel=1e-3)
    notes = [one["message"] for one in document["warnings"] if one["code"] == "H16"]
    assert notes == [
        "the earlier dose was moved by a transform file: 16.1 mm (x -14.0, y 0.0, z "
        "-8.0) at the image's center, 0.0 degrees"
    ]
    inverse = run(*words, translation(tmp_path / "inverse.tfm", -14.0, 0.0, -8.0))
    assert inverse.exit_code == 3
    assert "H16 Registration: 'Liver' contains 1." in inverse.stderr
    assert "is its direction inverted?" in inverse.stderr
    far = run(*words, translation(tmp_path / "far.tfm", 15.0, 15.0, 0.0))
    assert far.exit_code == 3
    assert "more than 20 mm or 10 degrees" in far.stderr
    beyond = run(*words, translation(tmp_path / "beyond.tfm", 0.0, 0.0, 900.0))
    assert beyond.exit_code == 3
    assert "the earlier dose covers 0% of 'Liver'" in beyond.stderr
    assert '--accept "H19:Liver"' in beyond.stderr
    assert "0% of the earlier dose (Gy times mL) lies in 'Liver'" in beyond.stderr


def test_this_very_treatments_dose_is_no_earlier_one(
    run: Run, exact_contours: Path, tmp_path: Path
) -> None:
    """By its study, and by its values where a file has no study."""
    words = ("post", exact_contours, *GIVEN, "--no-report")
    assert run(*words, "--out", tmp_path / "first").exit_code == 0
    again = (*words, "--out", tmp_path / "both", "--prior-dose")
    dicom = run(*again, tmp_path / "first" / "dose_local.dcm")
    assert dicom.exit_code == 3
    assert "H09" in dicom.stderr
    assert "belongs to the image's own study" in dicom.stderr
    # Another density moves all of it by 5 %, and an identity transform none of it.
    denser = ("--density", "1.1g/mL")
    file = tmp_path / "first" / "dose_local.nii.gz"
    identity = ("--prior-transform", translation(tmp_path / "none.tfm", 0, 0, 0))
    for extra in (denser, identity):
        result = run(*again, file, *extra)
        assert result.exit_code == 3
        assert "equals this session's dose" in result.stderr
    # Half of it, or another distribution, is another session's.
    half = nifti(tmp_path / "half.nii.gz", file, (0, 0, 0), 0.5)
    assert run(*again, half).exit_code == 0
    aside = nifti(tmp_path / "aside.nii.gz", file, (12.0, 0, 0), 1.0)
    assert run(*again, aside, "--force").exit_code == 0


def test_a_dicom_registration_brings_an_rtdose_over(
    run: Run, exact_contours: Path, tmp_path: Path
) -> None:
    """Of another study and frame of reference, 14 mm further left and 8 mm higher."""
    words = ("post", exact_contours, *GIVEN, "--no-report")
    assert run(*words, "--out", tmp_path / "first").exit_code == 0
    dose = pydicom.dcmread(tmp_path / "first" / "dose_local.dcm")
    frame = dose.FrameOfReferenceUID
    dose.FrameOfReferenceUID = "1.2.3.4.6"
    dose.StudyInstanceUID = "1.2.3.4.7"
    x, y, z = dose.ImagePositionPatient
    dose.ImagePositionPatient = [x + 14, y, z + 8]
    dose.save_as(tmp_path / "prior.dcm")
    back, again = np.eye(4), np.eye(4)
    back[:3, 3], again[:3, 3] = (-14, 0, -8), (14, 0, 8)
    write_registration(tmp_path / "right.dcm", frame, back, decimals=6)
    write_registration(tmp_path / "wrong.dcm", frame, again, decimals=6)
    words += ("--json", "--force", "--out", tmp_path / "now")
    words += ("--prior-dose", tmp_path / "prior.dcm")
    assert "another frame of reference" in run(*words).stderr
    words += ("--prior-transform",)
    document = document_of(run(*words, tmp_path / "right.dcm"))
    now, total = means(document, METHOD), means(document, f"{METHOD}+with_prior")
    for name in ("Tumor 1", "Tumor 2", "Perfused lobe"):
        assert total[name] == pytest.approx(2 * now[name], rel=1e-3)
    wrong = run(*words, tmp_path / "wrong.dcm")
    assert wrong.exit_code == 3
    assert "is its direction inverted?" in wrong.stderr
