"""`sirtdose lsf planar`: the published example, its statistics, refusals."""

import json
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest
from click.testing import Result
from hypothesis import given
from hypothesis import strategies as st

from sirtdose.errors import RangeError
from sirtdose.planning.shunt_counts import (
    Views,
    planar_lung_shunt,
    poisson_uncertainty,
)

Run = Callable[..., Result]
CASE = ("lsf", "planar", "--lung-counts", "12000,10000")
CASE += ("--liver-counts", "160000,90000")
counts = st.floats(1, 1e6)


def test_the_published_example(run: Run, tmp_path: Path) -> None:
    out = tmp_path / "lsf"
    result = run(*CASE, "--json", "--out", out)
    assert result.exit_code == 0, result.stderr
    document = json.loads(result.stdout)
    assert document == json.loads((out / "lsf.json").read_text())
    assert document["lung_shunt_fraction"] == pytest.approx(0.083651, abs=5e-7)
    assert document["method"] == "planar"
    assert "overestimate" in result.stderr
    assert "Lung shunt 8.37%" in result.stderr


@given(counts, counts, counts, counts, st.floats(0.1, 10), st.floats(0.1, 10))
def test_depth_and_sensitivity_cancel(
    a: float, b: float, c: float, d: float, depth: float, sensitivity: float
) -> None:
    plain = planar_lung_shunt(lungs=Views(a, b), liver=Views(c, d))
    moved = planar_lung_shunt(
        lungs=Views(a * depth * sensitivity, b / depth * sensitivity),
        liver=Views(c * sensitivity, d * sensitivity),
    )
    assert moved == pytest.approx(plain)


def test_the_counting_uncertainty_is_that_of_repeated_counts() -> None:
    random = np.random.default_rng(4)
    lungs, liver = Views(1500, 1200, 300, 250), Views(20000, 12000, 900, 700)
    found = []
    for _ in range(4000):
        counted = [
            Views(
                *random.poisson(
                    [
                        v.anterior,
                        v.posterior,
                        v.anterior_background,
                        v.posterior_background,
                    ]
                ).tolist()
            )
            for v in (lungs, liver)
        ]
        found.append(planar_lung_shunt(lungs=counted[0], liver=counted[1]))
    expected = poisson_uncertainty(lungs=lungs, liver=liver)
    assert np.std(found) == pytest.approx(expected, rel=0.05)


def test_background_is_taken_off(run: Run) -> None:
    result = run(
        *CASE,
        *("--lung-background", "2000,1000", "--liver-background", "10000,10000"),
        "--json",
    )
    lungs, liver = (10000 * 9000) ** 0.5, (150000 * 80000) ** 0.5
    document = json.loads(result.stdout)
    assert document["lung_shunt_fraction"] == pytest.approx(lungs / (lungs + liver))
    assert "no background" not in result.stderr


@pytest.mark.parametrize(
    ("options", "exit_code", "message"),
    [
        (("--lung-counts", "12000"), 2, "not a pair of counts"),
        (("--lung-counts", "12000,-1"), 2, "not a pair of counts"),
        (("--lung-counts", "nan,1"), 2, "not a pair of counts"),
        (("--lung-background", "20000,1"), 3, "above the region itself"),
        (("--lung-counts", "0,0", "--liver-counts", "0,0"), 3, "no counts"),
    ],
)
def test_refusals(
    run: Run, options: tuple[str, ...], exit_code: int, message: str
) -> None:
    result = run(*CASE, *options)
    assert (result.exit_code, result.stdout) == (exit_code, "")
    assert message in result.stderr


THOUSANDS = "was read as anterior 12, posterior {}. If {} was meant, type both views"


@pytest.mark.parametrize(
    ("lungs", "liver", "subjects", "says"),
    [
        ("12,500", "160,400", 2, THOUSANDS.format(500, 12500)),
        ("12,000", "160,000", 2, THOUSANDS.format(0, 12000)),
        ("12.500,11.800", "160000,90000", 1, "without separators: 12500,11800"),
        ("12000,3999", "160000,90000", 1, "which differ more than 3-fold: check both"),
        ("1200,999", "160000,90000", 1, "below 1000 counts in a view: check both"),
        ("0,0", "160000,90000", 1, "below 1000 counts in a view: check both"),
    ],
)
def test_counts_of_no_planar_scan_are_asked_about(
    run: Run, lungs: str, liver: str, subjects: int, says: str
) -> None:
    case = ("lsf", "planar", "--lung-counts", lungs, "--liver-counts", liver)
    asked = run(*case)
    assert (asked.exit_code, asked.stdout) == (3, "")
    assert says in asked.stderr
    assert asked.stderr.count("was read as") == subjects
    yes = ("--accept", "H22:lung counts", "--reason", "a short scan")
    yes += ("--accept", "H22:liver counts", "--reason", "a short scan")
    if "000" not in lungs:
        document = lsf(run(*case, *yes, "--json"))
        assert len(document["accepted"]) == subjects


@pytest.mark.parametrize("counts", ["12000,4000", "1000,1000"])
def test_counts_of_a_planar_scan_are_not_asked_about(run: Run, counts: str) -> None:
    lsf(run("lsf", "planar", "--lung-counts", counts, *CASE[4:], "--json"))


def test_a_background_with_a_thousands_separator_is_asked_about(run: Run) -> None:
    asked = run(*CASE, "--lung-background", "2,500")
    assert asked.exit_code == 3
    assert "--lung-background 2,500 was read as anterior 2, posterior 500" in (
        asked.stderr
    )


def test_counts_that_are_none() -> None:
    with pytest.raises(RangeError, match="no counts"):
        planar_lung_shunt(lungs=Views(0, 0), liver=Views(0, 0))


def lsf(result: Result) -> dict:
    assert result.exit_code == 0, result.stderr
    return json.loads(result.stdout)


def test_spect_of_the_phantom(
    run: Run, exact_contours: Path, exact_voxels: Path
) -> None:
    exact = lsf(run("lsf", "spect", exact_voxels, "--json"))
    assert exact["lung_shunt_fraction"] == pytest.approx(0.05, abs=1e-4)
    document = lsf(run("lsf", "spect", exact_contours, "--json"))
    # Voxels at an organ's edge count by the part inside: 1 % less, of the lungs.
    assert document["lung_shunt_fraction"] == pytest.approx(0.05, rel=0.02)
    assert document["lung_mass_source"] == "CT densitovolumetry"
    # 2860.5 mL at 0.2277 g/mL.
    assert document["lung_mass_kg"] == pytest.approx(0.6513, rel=3e-3)
    per_gbq = 49.67 * document["lung_shunt_fraction"] / document["lung_mass_kg"]
    assert document["lung_dose_gy_per_gbq"] == pytest.approx(per_gbq)
    margin = lsf(run("lsf", "spect", exact_voxels, "--lung-margin", "2cm", "--json"))
    # Even activity: what is left out is what the rest says.
    assert margin["lung_shunt_fraction"] == pytest.approx(0.05, abs=3e-4)
    assert margin["margin_ml"] > 10
    given = lsf(run("lsf", "spect", exact_contours, "--lung-mass", "1kg", "--json"))
    assert (given["lung_mass_kg"], given["lung_mass_source"]) == (1.0, "given")


def test_spect_needs_lungs_and_liver(run: Run, exact_contours: Path) -> None:
    for name, role in (("Lungs", "lungs"), ("Liver", "liver")):
        result = run("lsf", "spect", exact_contours, "--role", f"{name}=other")
        assert result.exit_code == 3
        assert f"no structure has the role {role}" in result.stderr


@pytest.fixture
def slab(tmp_path: Path) -> Callable[..., list[object]]:
    """A column of voxels: lungs above, liver below, some shared; as NIfTI."""
    import nibabel

    def make(counts: list[float], lungs: list[int], liver: list[int]) -> list[object]:
        words: list[object] = ["lsf", "spect", tmp_path]
        for name, values in (("spect", counts), ("Lungs", lungs), ("Liver", liver)):
            data = np.zeros((2, 3, len(values)), np.float32)
            data[:] = values
            path = tmp_path / f"{name}.nii.gz"
            affine = np.diag([20.0, 15.0, -30.0, 1.0])
            nibabel.save(nibabel.nifti1.Nifti1Image(data, affine), path)
            option = "--image" if name == "spect" else "--structures"
            words += [option, path]
        return [*words, "--json"]

    return make


def test_overlap_is_liver_and_negative_counts_are_none(
    run: Run, slab: Callable[..., list[object]]
) -> None:
    #                 lungs  both  liver
    words = slab(
        [2, -4, 3, 8, 12, 60, 20], [1, 1, 1, 1, 1, 0, 0], [0, 0, 0, 0, 1, 1, 1]
    )
    result = run(*words)
    document = lsf(result)
    # 2 + 0 + 3 + 8 of lungs, 12 + 60 + 20 of liver.
    assert document["lung_shunt_fraction"] == pytest.approx(13 / (13 + 92))
    assert document["shared_with_liver_ml"] == pytest.approx(6 * 9)
    assert document["negative_fraction"] == pytest.approx(4 / 105)
    assert "WARN H22  lung shunt is 12.4%, above 10 %" in result.stderr
    assert document["lung_mass_source"] == "default"


def test_an_image_without_a_tracer_is_warned_of_as_plan_image_does(
    run: Run, slab: Callable[..., list[object]]
) -> None:
    words = slab([2, 2, 60, 60], [1, 1, 0, 0], [0, 0, 1, 1])
    shown, planned = (
        [one for one in lsf(result)["warnings"] if one["code"] == "H11"]
        for result in (
            run(*words),
            run("plan", "image", *words[2:], "--activity", "2GBq"),
        )
    )
    assert shown == planned
    [found] = shown
    assert found["severity"] == "warn"
    assert found["message"].startswith("the image does not state its tracer")


def test_lungs_cut_off_are_said(
    run: Run, slab: Callable[..., list[object]], tmp_path: Path
) -> None:
    import nibabel

    words = slab([2, 2, 2, 60, 60], [1, 1, 1, 0, 0], [0, 0, 0, 1, 1])
    mask = np.zeros((2, 3, 8), np.uint8)
    mask[:, :, 3:] = 1
    affine = np.diag([20.0, 15.0, -30.0, 1.0])
    affine[2, 3] = 150.0
    # Five slices of lungs, three of them in the image.
    mask[:, :, :3], mask[:, :, 5:] = 0, 1
    nibabel.save(nibabel.nifti1.Nifti1Image(mask, affine), tmp_path / "Lungs.nii.gz")
    result = run(*words)
    document = lsf(result)
    assert document["lungs_covered_fraction"] == pytest.approx(3 / 5)
    assert "WARN H23  only 60% of the lungs lie in the image" in result.stderr


@pytest.fixture
def planar_image(tmp_path: Path) -> Path:
    """Anterior and posterior views of 12 x 16 pixels as a DICOM file, with masks.

    Per pixel 10 counts of background in front and 4 behind; lungs 40 and 24 above
    that, the liver, on the patient's right, 300 and 160.
    """
    import nibabel

    from sirtdose.model.grid import Grid
    from sirtdose.model.volume import Quantity, Volume
    from tests.io.dicom.test_planar import start_angle

    lungs, liver, beside = (np.zeros((12, 16), bool) for _ in range(3))
    lungs[2:6, 2:14] = True
    liver[5:10, 1:8] = True
    beside[10:12, 10:15] = True
    front = 10.0 + 40 * lungs + 300 * liver - 40 * (lungs & liver)
    back = 4.0 + 24 * lungs + 160 * liver - 24 * (lungs & liver)
    path = tmp_path / "planar.dcm"
    write_views(path, front, back[:, ::-1], start_angle, Grid, Volume, Quantity)
    for name, mask in (("lungs", lungs), ("liver", liver), ("beside", beside)):
        # NIfTI goes by columns, then rows.
        image = nibabel.nifti1.Nifti1Image(mask.T[:, :, None].astype(np.uint8), None)
        nibabel.save(image, tmp_path / f"{name}.nii.gz")
    return tmp_path


def write_views(path, front, back, evidence, grid, volume, quantity) -> None:  # type: ignore[no-untyped-def]
    import pydicom
    from pydicom.dataset import Dataset

    from sirtdose.io.dicom.write import write_nm
    from tests.io.dicom.test_dicom import STUDY

    lattice = grid.regular((2, *front.shape), spacing_mm=(1.0, 9.6, 9.6))
    write_nm(volume(np.stack([front, back]), lattice, quantity.COUNTS), path, STUDY)
    dataset = pydicom.dcmread(path)
    dataset.ImageType = ["ORIGINAL", "PRIMARY", "STATIC", "EMISSION"]
    dataset.FrameIncrementPointer = [0x00540010, 0x00540020]
    dataset.EnergyWindowVector, dataset.DetectorVector = [1, 1], [1, 2]
    detectors = []
    for view in ("anterior", "posterior"):
        detector = Dataset()
        evidence(detector, view)
        detectors.append(detector)
    dataset.DetectorInformationSequence = detectors
    dataset.save_as(path)


def test_planar_views_with_masks(run: Run, planar_image: Path) -> None:
    words = ("lsf", "planar", planar_image / "planar.dcm")
    masks = [
        word
        for name in ("lungs", "liver")
        for word in (f"--{name}", planar_image / f"{name}.nii.gz")
    ]
    beside = planar_image / "beside.nii.gz"
    backgrounds = ("--lung-background", beside, "--liver-background", beside)
    document = lsf(run(*words, *masks, *backgrounds, "--json"))
    # 48 pixels of lungs, 6 of them in the liver's 35; counts above the background.
    lungs, liver = 42 * np.sqrt(40 * 24), 35 * np.sqrt(300 * 160)
    assert document["lung_counts"] == pytest.approx(lungs)
    assert document["liver_counts"] == pytest.approx(liver)
    assert document["lung_shunt_fraction"] == pytest.approx(lungs / (lungs + liver))
    assert document["pixels"] == {"lungs": 42, "liver": 35, "shared": 6}
    assert document["evidence"].startswith("StartAngle")
    plain = lsf(run(*words, *masks, "--json"))
    assert plain["lung_counts"] == pytest.approx(42 * np.sqrt(50 * 28))


@pytest.mark.parametrize(
    ("words", "exit_code", "message"),
    [
        (("--lungs", "liver", "--liver", "lungs"), 3, "the lungs lie below the liver"),
        (("--lungs", "lungs"), 2, "give all"),
        (("--lungs", "lungs", "--liver", "lungs"), 3, "lies completely inside"),
        (("--lungs", "lungs", "--liver", "wide"), 3, "has 17 x 12 pixels"),
        (("--lungs", "lungs", "--liver", "none"), 3, "is empty"),
        (("--lungs", "lungs", "--liver", "turned"), 3, "on the patient's left"),
        (("--lungs", "lungs", "--liver", "liver", "--anterior", "1"), 2, "or neither"),
    ],
)
def test_planar_refusals(
    run: Run, planar_image: Path, words: tuple[str, ...], exit_code: int, message: str
) -> None:
    import nibabel

    liver = np.asarray(nibabel.load(planar_image / "liver.nii.gz").dataobj)
    for name, data in (
        ("wide", np.zeros((17, 12, 1), np.uint8)),
        ("none", 0 * liver),
        ("turned", liver[::-1]),
    ):
        image = nibabel.nifti1.Nifti1Image(data, None)
        nibabel.save(image, planar_image / f"{name}.nii.gz")
    files = [
        word
        if word.startswith("--") or word == "1"
        else planar_image / f"{word}.nii.gz"
        for word in words
    ]
    result = run("lsf", "planar", planar_image / "planar.dcm", *files)
    assert (result.exit_code, result.stdout) == (exit_code, "")
    assert message in result.stderr
