"""Densities by voxel, the dose grid, and what is refused of them."""

import json
import re
from collections.abc import Callable
from pathlib import Path

import nibabel
import numpy as np
import pydicom
import pytest
from click.testing import Result

from sirtdose.io.image_file import write_nifti
from sirtdose.io.read import read_image
from sirtdose.model.grid import Grid
from sirtdose.model.volume import Quantity, Volume

Run = Callable[..., Result]


def post(
    run: Run, source: Path, out: Path, *options: object, dicom: bool = False
) -> Result:
    given = ("--administered", "2GBq", "--calibrate-over", "fov", "--no-report")
    bare = () if dicom else ("--no-dicom",)
    return run("post", source, *given, *bare, "--json", "--out", out, *options)


def document_of(result: Result) -> dict:
    assert result.exit_code == 0, result.stderr
    return json.loads(result.stdout)


def means(document: dict, method: str) -> dict[str, float]:
    rows = document["doses"][method]["structures"]
    return {row["name"]: row["dose_gy"]["mean"] for row in rows}


def test_real_anatomy_against_monte_carlo(
    run: Run, real_images: Path, tmp_path: Path
) -> None:
    folder = real_images / "mc_real_ct"
    document = document_of(
        post(
            run,
            folder / "activity.nii.gz",
            tmp_path / "out",
            *("--structures", folder / "labels.nii.gz"),
            *("--density", folder / "density_g_per_ml.nii.gz"),
            *("--administered", "1GBq"),
        )
    )
    truth = json.loads((folder / "truth.json").read_text())["structures"]
    assert list(document["doses"]) == ["local_deposition", "collapsed_cone"]
    cone, local = means(document, "collapsed_cone"), means(document, "local_deposition")
    for name, true in truth.items():
        if name == "Bone":
            continue
        within = 0.02 if name == "Lungs" else 0.01
        assert cone[name] == pytest.approx(true["mean_gy_per_gbq"], rel=within)
        assert local[name] / true["mean_gy_per_gbq"] == pytest.approx(
            true["local_deposition_over_mc"], rel=0.005
        )

    def array(name: str) -> np.ndarray:
        return nibabel.load(folder / name).get_fdata()

    from scipy.ndimage import distance_transform_edt

    dose = nibabel.load(tmp_path / "out" / "dose_collapsed_cone.nii.gz").get_fdata()
    monte_carlo, labels = array("dose_mc_gy_per_gbq.nii.gz"), array("labels.nii.gz")
    ratio = np.divide(dose, monte_carlo, out=np.zeros_like(dose), where=monte_carlo > 0)
    near_lung = (labels == 1) & (distance_transform_edt(labels != 5) * 4 <= 8)
    assert near_lung.sum() > 300
    mean_ratio = dose[near_lung].mean() / monte_carlo[near_lung].mean()
    assert mean_ratio == pytest.approx(1, abs=0.01)
    for label, worst in ((1, 0.04), (2, 0.025), (3, 0.025), (4, 0.025)):
        deviation = np.abs(ratio[labels == label] - 1)
        assert np.percentile(deviation, 95) < worst, label


def test_from_the_ct_lungs_are_lungs(
    run: Run, exact_contours: Path, tmp_path: Path
) -> None:
    one = document_of(post(run, exact_contours, tmp_path / "one"))
    by_ct = document_of(
        post(run, exact_contours, tmp_path / "ct", "--density", "ct", dicom=True)
    )
    assert list(by_ct["doses"]) == ["local_deposition", "collapsed_cone"]
    assert {path.name for path in (tmp_path / "ct").iterdir()} == {
        *("post.json", "structures.csv", "dvh.csv", "run.json"),
        *("dose_local.nii.gz", "dose_collapsed_cone.nii.gz"),
        *("dose_local.dcm", "dose_collapsed_cone.dcm"),
        *("dose_plan.dcm", "dose_report.dcm", "dose_structures.dcm"),
    }
    assert "Lungs" not in means(one, "local_deposition")
    assert one["doses"]["local_deposition"]["density_g_per_ml"] == 1.05
    result = by_ct["doses"]["collapsed_cone"]
    assert result["density_g_per_ml"] is None
    assert result["rays"] == 768
    parts = [result["energy_recovered"], *result["energy_elsewhere"].values()]
    assert sum(parts) == pytest.approx(1, abs=1e-5)
    assert by_ct["density"]["origin"] == "CT by Schneider"
    lungs = next(r for r in result["structures"] if r["name"] == "Lungs")
    # 2.86 L of phantom lung at a quarter of the liver's density.
    assert 0.5 < lungs["mass_kg"] < 0.9
    local = means(by_ct, "local_deposition")["Lungs"]
    by_mass = 49.67 * lungs["activity_gbq"] / lungs["mass_kg"]
    assert local == pytest.approx(by_mass, rel=0.1)
    notes = [w["message"] for w in by_ct["warnings"] if w["code"] == "H27"]
    # 60 HU: 1.03 + 37 * 0.04679 / 78 g/mL; 40 HU in tumors.
    assert "'Liver' 1.052 (median of " in notes[0]
    assert "'Tumor 3' 1.040 (" in notes[0] or "'Tumor 3' 1.041 (" in notes[0]
    assert len(notes) == 1


def test_one_density_map_is_that_density(
    run: Run, exact_voxels: Path, tmp_path: Path
) -> None:
    image = read_image(exact_voxels / "spect.dcm")
    path = tmp_path / "density.nii.gz"
    flat = np.full(image.grid.shape, 1.05, np.float32)
    write_nifti(Volume(flat, image.grid, Quantity.DENSITY), path)
    methods = ("--method", "local", "--method", "kernel")
    one = document_of(post(run, exact_voxels, tmp_path / "one", *methods))
    mapped = document_of(
        post(
            run,
            exact_voxels,
            tmp_path / "map",
            *methods,
            *("--method", "collapsed-cone", "--density", path),
            *("--accept", "H27", "--reason", "no lungs in it, on purpose"),
        )
    )
    for name, mean in means(one, "local_deposition").items():
        assert means(mapped, "local_deposition")[name] == pytest.approx(mean, rel=1e-5)
    for name, mean in means(one, "kernel").items():
        assert means(mapped, "kernel")[name] == pytest.approx(mean, rel=1e-5)
        assert means(mapped, "collapsed_cone")[name] == pytest.approx(mean, rel=0.005)
    warned = [
        w for w in mapped["warnings"] if "use --method collapsed-cone" in w["message"]
    ]
    assert [w["severity"] for w in warned] == ["warn"]
    files = [one["file"] for one in mapped["inputs"]]
    assert "density.nii.gz" in files


def test_the_curve_can_be_chosen(
    run: Run, exact_contours: Path, tmp_path: Path
) -> None:
    document = document_of(
        post(
            run,
            exact_contours,
            tmp_path / "out",
            *("--density", "ct", "--density-curve", "GEMINI", "--method", "local"),
        )
    )
    assert document["density"]["origin"] == "CT by GEMINI"
    assert "Philips GEMINI" in document["density"]["source"]


@pytest.mark.parametrize(
    ("options", "exit_code", "message"),
    [
        (["--method", "collapsed-cone"], 3, "give --density ct or an image"),
        (["--density", "1.05"], 2, "no such file"),
        (["--density", "nowhere.nii.gz"], 2, "no such file"),
        (["--density", "ct", "--density-curve", "mine"], 2, "gemini"),
        (["--dose-grid", "2"], 2, "or image or ct"),
        (["--dose-grid", "0.1mm"], 3, "use larger voxels"),
    ],
)
def test_refusals_of_words(
    run: Run,
    exact_contours: Path,
    tmp_path: Path,
    options: list[str],
    exit_code: int,
    message: str,
) -> None:
    result = post(run, exact_contours, tmp_path / "out", *options)
    assert (result.exit_code, result.stdout) == (exit_code, "")
    assert message in result.stderr
    assert not (tmp_path / "out").exists()


@pytest.mark.parametrize(
    ("values", "message"),
    [
        ((-1000.0, 60.0), "--density ct and --ct"),
        ((1.2, 1060.0), "in another unit"),
        ((0.0, 0.001), "in another unit"),
        ((0.0, float("nan")), "H30"),
    ],
)
def test_refusals_of_images_that_hold_no_density(
    run: Run,
    exact_voxels: Path,
    tmp_path: Path,
    values: tuple[float, float],
    message: str,
) -> None:
    grid = read_image(exact_voxels / "spect.dcm").grid
    data = np.full(grid.shape, values[1], np.float32)
    data[0] = values[0]
    lps_to_ras = np.diag([-1.0, -1, 1, 1]) @ grid.affine_mm[:, [2, 1, 0, 3]]
    path = tmp_path / "density.nii.gz"
    nibabel.save(nibabel.Nifti1Image(data.transpose(2, 1, 0), lps_to_ras), path)
    result = post(run, exact_voxels, tmp_path / "out", "--density", path)
    assert result.exit_code == 3
    assert message in result.stderr
    assert not (tmp_path / "out").exists()


@pytest.mark.parametrize("option", ["--density", "--dose-grid"])
def test_without_a_ct_there_is_none_to_use(
    run: Run, exact_contours: Path, tmp_path: Path, option: str
) -> None:
    folder = tmp_path / "noct"
    folder.mkdir()
    for name in ("spect.dcm", "structures.dcm"):
        (folder / name).write_bytes((exact_contours / name).read_bytes())
    result = post(run, folder, tmp_path / "out", option, "ct")
    assert result.exit_code == 3
    assert f"{option} ct needs a CT" in result.stderr


def changed_ct(
    source: Path, folder: Path, change: Callable[[np.ndarray], None]
) -> Path:
    """A copy of the phantom with other CT numbers."""
    (folder / "ct").mkdir(parents=True)
    for name in ("spect.dcm", "structures.dcm"):
        (folder / name).write_bytes((source / name).read_bytes())
    for path in sorted((source / "ct").iterdir()):
        slice_ = pydicom.dcmread(path)
        values = slice_.pixel_array.copy()
        change(values)
        slice_.PixelData = values.tobytes()
        slice_.save_as(folder / "ct" / path.name)
    return folder


def test_contrast_in_the_liver_warns(
    run: Run, exact_contours: Path, tmp_path: Path
) -> None:
    def enhance(values: np.ndarray) -> None:
        first = pydicom.dcmread(next((exact_contours / "ct").iterdir()))
        hu = values * float(first.RescaleSlope) + float(first.RescaleIntercept)
        values[(hu > 20) & (hu < 100)] += np.array(90, values.dtype)

    folder = changed_ct(exact_contours, tmp_path / "contrast", enhance)
    by_ct = ("--density", "ct", "--method", "local")
    document = document_of(post(run, folder, tmp_path / "out", *by_ct))
    said = [w for w in document["warnings"] if "contrast, lipiodol" in w["message"]]
    assert {w["severity"] for w in said} == {"warn"}
    assert [w["subject"] for w in said] == ["Liver", "Tumor 1", "Tumor 2", "Tumor 3"]
    assert "the median of 'Liver' is 150 HU" in said[0]["message"]
    # What is advised is taken, and silences what it answers.
    advised = re.findall(
        r"--density-in '([^']+)'", " ".join(w["message"] for w in said)
    )
    words = [word for one in advised for word in ("--density-in", one)]
    typed = document_of(post(run, folder, tmp_path / "typed", *by_ct, *words))
    assert not [w for w in typed["warnings"] if "contrast" in w["message"]]
    assert {one["g_per_ml"] for one in typed["density"]["regions"]} == {1.06}
    assert {one["origin"] for one in typed["density"]["regions"]} == {"given"}


def test_a_ct_in_other_numbers_asks(
    run: Run, exact_contours: Path, tmp_path: Path
) -> None:
    def all_air(values: np.ndarray) -> None:
        values[...] = values.min()

    folder = changed_ct(exact_contours, tmp_path / "air", all_air)
    result = post(run, folder, tmp_path / "out", "--density", "ct")
    assert result.exit_code == 3
    assert "H27" in result.stderr
    assert "usual for livers and tumors is 1.00 to 1.08" in result.stderr


def test_densities_that_cover_a_part_ask(
    run: Run, exact_voxels: Path, tmp_path: Path
) -> None:
    image = read_image(exact_voxels / "spect.dcm")
    slices = image.grid.shape[0]
    half = image.grid.crop(
        (
            slice(0, slices // 2),
            slice(0, image.grid.shape[1]),
            slice(0, image.grid.shape[2]),
        )
    )
    path = tmp_path / "half.nii.gz"
    write_nifti(Volume(np.full(half.shape, 1.05), half, Quantity.DENSITY), path)
    options = ("--density", path, "--method", "local")
    result = post(run, exact_voxels, tmp_path / "out", *options)
    assert result.exit_code == 3
    assert "of the activity lies where no density is known" in result.stderr
    # The word for what lies outside is none for the lungs' density.
    asks = re.findall(r'--accept "(H27:[^"]+)"', result.stderr)
    assert {"H27:Lungs", "H27:activity without density"} < set(asks)
    accepted = [
        word for one in asks for word in ("--accept", one, "--reason", "a phantom")
    ]
    left = post(run, exact_voxels, tmp_path / "out", *options, *accepted[:-4])
    assert left.exit_code == 3
    assert re.findall(r'--accept "(H27:[^"]+)"', left.stderr) == asks[-1:]
    document_of(post(run, exact_voxels, tmp_path / "out", *options, *accepted))


@pytest.mark.parametrize(
    ("dose_grid", "rel"), [("ct", 0.01), ("3mm", 0.01), ("7mm", 0.02)]
)
def test_the_dose_grid_keeps_the_activity(
    run: Run, exact_contours: Path, tmp_path: Path, dose_grid: str, rel: float
) -> None:
    usual = document_of(post(run, exact_contours, tmp_path / "usual"))
    other = document_of(
        post(run, exact_contours, tmp_path / "other", "--dose-grid", dose_grid)
    )
    assert usual["grid"]["of"] == "image voxels"
    assert other["grid"]["of"] != usual["grid"]["of"]
    mass_kg = other["grid"]["spacing_mm"]
    size = np.prod(mass_kg) * 1.05e-6
    dose = nibabel.load(tmp_path / "other" / "dose_local.nii.gz").get_fdata()
    assert dose.sum() * size == pytest.approx(49.67 * 2.0, rel=1e-4)
    assert other["calibration"]["bq_per_unit"] == pytest.approx(
        usual["calibration"]["bq_per_unit"], rel=1e-4
    )
    liver = means(other, "local_deposition")["Liver"]
    assert liver == pytest.approx(means(usual, "local_deposition")["Liver"], rel=rel)


@pytest.fixture
def cubes(tmp_path: Path) -> Path:
    """A liver of 4 mm cubes in a larger box, with its densities."""
    grid = Grid.regular((12, 12, 12), spacing_mm=(4.0, 4.0, 4.0))
    folder = tmp_path / "case"
    folder.mkdir()
    activity = np.zeros(grid.shape)
    activity[3:9, 3:9, 3:9] = 1.0
    images = {
        "activity": (activity, Quantity.COUNTS),
        "rho": (np.full(grid.shape, 1.05), Quantity.DENSITY),
        "liver": (activity, Quantity.COUNTS),
    }
    for name, (data, quantity) in images.items():
        write_nifti(Volume(data, grid, quantity), folder / f"{name}.nii.gz")
    return folder


CUBES = ("--image", "activity.nii.gz", "--structures", "liver.nii.gz")


def test_the_images_own_voxels_change_nothing(
    run: Run, cubes: Path, tmp_path: Path
) -> None:
    document_of(post(run, cubes, tmp_path / "usual", *CUBES))
    document_of(post(run, cubes, tmp_path / "same", *CUBES, "--dose-grid", "4mm"))
    for name in ("structures.csv", "dvh.csv", "dose_local.nii.gz"):
        usual, same = (tmp_path / run_ / name for run_ in ("usual", "same"))
        assert usual.read_bytes() == same.read_bytes()


def test_an_image_of_densities_in_the_folder_is_no_second_activity(
    run: Run, cubes: Path, tmp_path: Path
) -> None:
    liver = (cubes / "liver.nii.gz").rename(tmp_path / "liver.nii.gz")
    options = ("--structures", liver, "--density", "rho.nii.gz")
    document = document_of(post(run, cubes, tmp_path / "out", *options))
    assert document["density"]["origin"] == "image rho.nii.gz"


def test_a_density_given_as_ct_asks(
    run: Run, exact_voxels: Path, tmp_path: Path
) -> None:
    grid = read_image(exact_voxels / "spect.dcm").grid
    path = tmp_path / "density.nii.gz"
    write_nifti(Volume(np.full(grid.shape, 1.05), grid, Quantity.DENSITY), path)
    result = post(run, exact_voxels, tmp_path / "out", "--density", "ct", "--ct", path)
    assert result.exit_code == 3
    assert "the CT values run from 1.05 to 1.05" in result.stderr


def test_voxels_that_do_not_divide_the_images_are_warned_of(
    run: Run, cubes: Path, tmp_path: Path
) -> None:
    def said(side: str) -> list[str]:
        document = document_of(
            post(run, cubes, tmp_path / side, *CUBES, "--dose-grid", side)
        )
        return [
            w["message"]
            for w in document["warnings"]
            if (w["code"], w["severity"]) == ("H20", "warn")
        ]

    assert said("2mm") == []
    [message] = said("5mm")
    assert "'liver' contains" in message
    assert "% less activity" in message


def test_lungs_over_their_limit_and_of_another_mass(
    run: Run, exact_contours: Path, tmp_path: Path
) -> None:
    options = ("--density", "ct", "--lung-shunt", "5%", "--lung-mass", "1.5kg")
    usual = document_of(
        post(run, exact_contours, tmp_path / "usual", *options, "--method", "local")
    )
    said = [w["message"] for w in usual["warnings"] if w["code"] == "H23"]
    assert any(
        "the lung dose from the shunt is for 1.5 kg (given)" in one for one in said
    )
    assert not [w for w in usual["warnings"] if "above 30 Gy" in w["message"]]
    much = document_of(
        post(
            run,
            exact_contours,
            tmp_path / "much",
            "--density",
            "ct",
            "--administered",
            "15GBq",
        )
    )
    over = [
        w for w in much["warnings"] if "by collapsed_cone), above 30" in w["message"]
    ]
    assert [w["code"] for w in over] == ["H22"]
    assert much["lungs"]["dose_gy"] is None
    assert usual["lungs"]["dose_gy"] > 0


@pytest.mark.parametrize(
    ("options", "message"),
    [
        (["--density-curve", "GEMINI"], "is for --density ct"),
        (["--medium", "water"], "local deposition does not have"),
        (["--density", "."], "is a folder"),
    ],
)
def test_options_that_would_change_nothing(
    run: Run, cubes: Path, tmp_path: Path, options: list[str], message: str
) -> None:
    result = post(run, cubes, tmp_path / "out", *CUBES, *options)
    assert (result.exit_code, result.stdout) == (2, "")
    assert message in result.stderr


def test_the_activity_is_no_density(run: Run, cubes: Path, tmp_path: Path) -> None:
    image = cubes / "activity.nii.gz"
    result = post(
        run,
        image,
        tmp_path / "out",
        "--structures",
        cubes / "liver.nii.gz",
        "--density",
        image,
    )
    assert result.exit_code == 3
    assert "is the activity image itself" in result.stderr


def test_activity_in_air_is_said(run: Run, cubes: Path, tmp_path: Path) -> None:
    grid = Grid.regular((12, 12, 12), spacing_mm=(4.0, 4.0, 4.0))

    def outcome(planes_of_air: int) -> Result:
        density = np.full(grid.shape, 1.05)
        density[3 : 3 + planes_of_air] = 0.01
        path = tmp_path / f"air{planes_of_air}.nii.gz"
        write_nifti(Volume(density, grid, Quantity.DENSITY), path)
        # The whole liver would be in question by its mean density.
        options = ("--role", "liver=other", "--density", path)
        return post(run, cubes, tmp_path / path.stem, *CUBES, *options)

    result = outcome(1)
    assert result.exit_code == 3
    assert "16.7% of the image's activity lies in air" in result.stderr
    everything = outcome(6)
    assert everything.exit_code == 3
    document_of(outcome(0))


def test_a_mask_as_density_asks(run: Run, cubes: Path, tmp_path: Path) -> None:
    result = post(
        run, cubes, tmp_path / "out", *CUBES, "--density", cubes / "liver.nii.gz"
    )
    assert result.exit_code == 3
    assert "contains only 0 and 1" in result.stderr


def test_one_run_asks_all_about_a_place(run: Run, cubes: Path, tmp_path: Path) -> None:
    """A mask as density, and an earlier dose of 6³ of 12³ voxels in the liver."""
    grid = Grid.regular((12, 12, 12), spacing_mm=(4.0, 4.0, 4.0))
    prior = tmp_path / "prior.nii.gz"
    write_nifti(Volume(np.full(grid.shape, 20.0), grid, Quantity.DOSE), prior)
    options = (*CUBES, "--density", cubes / "liver.nii.gz", "--prior-dose", prior)
    asked = post(run, cubes, tmp_path / "out", *options).stderr
    assert "12% of the earlier dose (Gy times mL) lies in 'liver'" in asked
    assert "contains only 0 and 1" in asked
    codes = re.findall(r"--accept (H\d\d)", asked)
    accepted = [("--accept", code, "--reason", "seen") for code in sorted(set(codes))]
    assert {"H16", "H27"} <= set(codes)
    # Accepted together, nothing else is asked of the place.
    words = [word for one in accepted for word in one]
    result = post(run, cubes, tmp_path / "out", *options, *words)
    assert not {"H15", "H16", "H19", "H27"} & set(
        re.findall(r"--accept (H\d\d)", result.stderr)
    )


def test_however_the_density_is_spelled(
    run: Run, cubes: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    liver = (cubes / "liver.nii.gz").rename(tmp_path / "liver.nii.gz")
    monkeypatch.chdir(tmp_path)
    (tmp_path / "link.nii.gz").symlink_to(cubes / "rho.nii.gz")
    spelled = ["case/rho.nii.gz", cubes / "rho.nii.gz", "case/../case/rho.nii.gz"]
    found = []
    for k, density in enumerate([*spelled, "link.nii.gz"]):
        options = ("--structures", liver, "--density", density)
        result = post(run, Path("case"), tmp_path / f"out{k}", *options)
        found.append(document_of(result))
    # It is the densities each time, and no second image of the folder.
    for one in found:
        assert list(one["doses"]) == ["local_deposition", "collapsed_cone"]
        assert one["doses"] == found[0]["doses"]
        files = [row["file"] for row in one["inputs"]]
        assert len(files) == 3
        assert files[:2] == ["activity.nii.gz", "liver.nii.gz"]


def test_the_image_is_no_ct(run: Run, cubes: Path, tmp_path: Path) -> None:
    result = post(
        run,
        cubes,
        tmp_path / "out",
        *CUBES,
        *("--density", "ct", "--ct", cubes / "activity.nii.gz"),
    )
    assert result.exit_code == 3
    assert "is the activity image itself" in result.stderr


def test_a_spect_is_no_ct(run: Run, exact_voxels: Path, tmp_path: Path) -> None:
    spect = exact_voxels / "spect.dcm"
    result = post(
        run, exact_voxels, tmp_path / "out", "--dose-grid", "ct", "--ct", spect
    )
    assert result.exit_code == 3
    assert "is not a CT" in result.stderr


def test_a_ct_elsewhere_is_refused(run: Run, cubes: Path, tmp_path: Path) -> None:
    far = Grid.regular(
        (4, 4, 4), spacing_mm=(4.0, 4.0, 4.0), origin_mm=(5000.0, 0.0, 0.0)
    )
    path = tmp_path / "far.nii.gz"
    write_nifti(Volume(np.full(far.shape, -100.0), far, Quantity.CT_NUMBER), path)
    result = post(
        run, cubes, tmp_path / "out", *CUBES, "--dose-grid", "ct", "--ct", path
    )
    assert result.exit_code == 3
    assert "completely outside the image" in result.stderr


def test_why_the_ct_cannot_be_used(
    run: Run, exact_contours: Path, tmp_path: Path
) -> None:
    folder = changed_ct(exact_contours, tmp_path / "gap", lambda _: None)
    slices = sorted((folder / "ct").iterdir())
    slices[len(slices) // 2].unlink()
    result = post(run, folder, tmp_path / "out", "--density", "ct")
    assert result.exit_code == 3
    assert "missing" in result.stderr


def test_two_cts_are_to_be_chosen_from(
    run: Run, exact_contours: Path, tmp_path: Path
) -> None:
    folder = changed_ct(exact_contours, tmp_path / "two", lambda _: None)
    (folder / "again").mkdir()
    for path in (folder / "ct").iterdir():
        slice_ = pydicom.dcmread(path)
        slice_.SeriesInstanceUID = "1.2.3.4"
        slice_.save_as(folder / "again" / path.name)
    result = post(run, folder, tmp_path / "out", "--density", "ct")
    assert result.exit_code == 3
    assert "there are 2 (give --ct)" in result.stderr


def test_a_name_too_long_is_no_traceback(run: Run, cubes: Path, tmp_path: Path) -> None:
    result = post(run, cubes, tmp_path / "out", *CUBES, "--density", "x" * 300)
    assert result.exit_code == 2


def test_means_over_mass_and_over_volume(
    run: Run, exact_contours: Path, tmp_path: Path
) -> None:
    result = post(run, exact_contours, tmp_path / "out", "--density", "ct")
    document = document_of(result)
    rows = document["doses"]["local_deposition"]["structures"]
    lungs = next(row for row in rows if row["name"] == "Lungs")
    by_mass = 49.67 * lungs["activity_gbq"] / lungs["mass_kg"]
    assert lungs["dose_gy"]["mean_by_mass"] == pytest.approx(by_mass, rel=1e-4)
    assert lungs["dose_gy"]["mean"] > 1.02 * by_mass
    assert "'Lungs' over mass instead of volume" in result.stderr
    assert "'Tumor 1' over mass" not in result.stderr
    one = document_of(post(run, exact_contours, tmp_path / "one"))
    for row in one["doses"]["local_deposition"]["structures"]:
        assert row["dose_gy"]["mean_by_mass"] == pytest.approx(row["dose_gy"]["mean"])


def test_a_typed_density_in_a_map(run: Run, cubes: Path, tmp_path: Path) -> None:
    """Dose goes with its inverse; the map's own values stand everywhere else."""
    given = (*CUBES, "--density", cubes / "rho.nii.gz", "--method", "local")
    usual = document_of(post(run, cubes, tmp_path / "usual", *given))
    assert usual["density"]["regions"] == []
    typed = document_of(
        post(run, cubes, tmp_path / "typed", *given, "--density-in", "Liver=1.1g/mL")
    )
    assert typed["density"]["regions"] == [
        {"name": "liver", "g_per_ml": 1.1, "origin": "given"}
    ]
    ratio = [means(one, "local_deposition")["liver"] for one in (typed, usual)]
    assert ratio[0] / ratio[1] == pytest.approx(1.05 / 1.1)
    rho = nibabel.load(tmp_path / "typed" / "dose_local.nii.gz").get_fdata()
    assert rho.max() / ratio[0] == pytest.approx(1, rel=1e-4)


@pytest.mark.parametrize(
    ("words", "message"),
    [
        (["--density-in", "liver=1.06g/mL"], "is for --density ct or an image"),
        (["--density", "rho.nii.gz", "--density-in", "liver=1.06"], "1.05g/mL"),
        (["--density", "rho.nii.gz", "--density-in", "1.06g/mL"], "liver=1.06g/mL"),
        (
            ["--density", "rho.nii.gz", "--density-in", "spleen=1.06g/mL"],
            "not a structure here: there are liver, tumors, lungs",
        ),
    ],
)
def test_densities_in_nothing(
    run: Run, cubes: Path, tmp_path: Path, words: list[str], message: str
) -> None:
    result = post(run, cubes, tmp_path / "out", *CUBES, *words)
    assert result.exit_code in (2, 3)
    assert message in result.stderr
    assert "Traceback" not in result.stderr


def test_a_density_in_lungs_that_are_not_drawn(
    run: Run, cubes: Path, tmp_path: Path
) -> None:
    words = ("--density", "rho.nii.gz", "--density-in", "lungs=0.26g/mL")
    document = document_of(post(run, cubes, tmp_path / "out", *CUBES, *words))
    said = [w for w in document["warnings"] if "no lungs drawn" in w["message"]]
    assert [w["severity"] for w in said] == ["warn"]


def test_real_anatomy_by_its_ct(run: Run, real_images: Path, tmp_path: Path) -> None:
    """Densities of the CT, not those that Monte Carlo had: within 0.5 %."""
    folder = real_images / "mc_real_ct"
    given = ("--structures", folder / "labels.nii.gz", "--administered", "1GBq")
    by_ct = ("--density", "ct", "--ct", folder / "ct_hu.nii.gz")
    by_file = ("--density", folder / "density_g_per_ml.nii.gz", "--method", "local")
    source = folder / "activity.nii.gz"
    document = document_of(post(run, source, tmp_path / "ct", *given, *by_ct))
    filed = document_of(post(run, source, tmp_path / "file", *given, *by_file))
    local, expected = (means(one, "local_deposition") for one in (document, filed))
    cone = means(document, "collapsed_cone")
    truth = json.loads((folder / "truth.json").read_text())["structures"]
    for name in set(truth) - {"Bone", "Lungs"}:
        assert local[name] == pytest.approx(expected[name], rel=0.005)
        assert cone[name] == pytest.approx(truth[name]["mean_gy_per_gbq"], rel=0.005)
    assert not [
        w for w in document["warnings"] if (w["code"], w["severity"]) == ("H27", "warn")
    ]


def test_a_site_has_its_own_densities(
    run: Run, exact_contours: Path, tmp_path: Path
) -> None:
    site = tmp_path / "site.toml"
    site.write_text(
        '[defaults]\ndensity = "ct"\n'
        'density_in = ["liver=1.06g/mL", "tumors=1.05g/mL"]\n'
    )
    options = ("--site", site, "--method", "local")
    by_site = document_of(post(run, exact_contours, tmp_path / "site", *options))
    assert {one["g_per_ml"] for one in by_site["density"]["regions"]} == {1.06, 1.05}
    # One density that is typed has no use for them.
    typed = ("--density", "1.04g/mL", *options)
    one = document_of(post(run, exact_contours, tmp_path / "typed", *typed))
    assert one["density"]["regions"] == []
