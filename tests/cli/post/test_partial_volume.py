"""Blur undone in `sirtdose post`: against a phantom's truth, and said how."""

import json
import re
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest
from click.testing import Result

from sirtdose.io.tables.camera import camera_text
from sirtdose.model.commissioned import CameraRecovery, Measured
from tests.commissioned import commissioned

Run = Callable[..., Result]
GIVEN = ("--administered", "2.2GBq", "--administered-at", "2026-03-02T10:00+01:00")
GIVEN += ("--residual", "50MBq", "--residual-at", "2026-03-02T10:00+01:00")
GIVEN += ("--lung-shunt", "5%", "--calibrate-over", "fov", "--no-report", "--no-dicom")
SPHERES = {"Tumor 1": 40, "Tumor 2": 20, "Tumor 3": 10}


@pytest.fixture(scope="module")
def spheres(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Blurred by 15 mm and noisy, tumors of 40, 20 and 10 mm at 8:1."""
    from tests.conftest import _phantom

    folder = tmp_path_factory.mktemp("blurred") / "spheres"
    return _phantom(folder, spheres=True)


@pytest.fixture(scope="module")
def undone(
    run: Run, spheres: Path, tmp_path_factory: pytest.TempPathFactory
) -> tuple[dict, Path]:
    """What comes of 15 mm undone by iterative Yang, and its folder."""
    out = tmp_path_factory.mktemp("undone") / "out"
    words = ("post", spheres, *GIVEN, "--psf", "15mm", "--pvc", "iterative-yang")
    return document_of(run(*words, "--json", "--out", out)), out


def document_of(result: Result) -> dict:
    assert result.exit_code == 0, result.stderr
    return json.loads(result.stdout)


def means(document: dict, method: str) -> dict[str, float]:
    rows = document["doses"][method]["structures"]
    return {row["name"]: row["dose_gy"]["mean"] for row in rows}


def truth(folder: Path, key: str) -> dict[str, float]:
    rows = json.loads((folder / "truth.json").read_text())["structures"]
    return {row["name"]: row[key] for row in rows}


@pytest.mark.parametrize("how", ["iterative-yang", "gtm"])
def test_tumors_come_back(
    run: Run, spheres: Path, undone: tuple[dict, Path], tmp_path: Path, how: str
) -> None:
    document, out = undone
    if how == "gtm":
        out = tmp_path / "out"
        words = ("post", spheres, *GIVEN, "--psf", "15mm", "--pvc", how)
        document = document_of(run(*words, "--json", "--out", out))
    key = how.replace("-", "_")
    assert list(document["doses"]) == ["local_deposition", f"local_deposition+{key}"]
    plain = means(document, "local_deposition")
    corrected = means(document, f"local_deposition+{key}")
    inside = truth(spheres, "analytic_gy")
    # 41 % of a 20 mm sphere's dose is what blur and voxels leave.
    assert plain["Tumor 2"] / inside["Tumor 2"] == pytest.approx(0.41, abs=0.02)
    # What is even in truth is even without blur: the mean and D70 alike.
    for row in document["doses"][f"local_deposition+{key}"]["structures"]:
        if row["role"] == "tumor":
            true = inside[row["name"]]
            assert row["dose_gy"]["mean"] == pytest.approx(true, rel=0.02)
            assert row["dose_gy"]["d70"] == pytest.approx(true, rel=0.03)
    assert abs(document["partial_volume"]["total_change"]) < 0.005
    # A sphere smaller than the blur gets no dose that is called corrected.
    assert document["partial_volume"]["unreliable"] == ["Tumor 3"]
    assert "Tumor 3" in plain
    assert "Tumor 3" not in corrected
    assert (out / f"dose_local_{key}.nii.gz").is_file()
    assert (out / "dose_local.nii.gz").is_file()


def test_what_width_and_contour_do_is_said(
    run: Run, spheres: Path, undone: tuple[dict, Path], tmp_path: Path
) -> None:
    words = ("post", spheres, *GIVEN, "--json", "--out", tmp_path / "out", "--psf")
    usual, _ = undone
    changes = usual["partial_volume"]["sensitivity"]["Tumor 2"]
    assert set(changes) == {
        *("FWHM 10 % smaller", "FWHM 10 % larger"),
        *("contours one voxel smaller", "contours one voxel larger"),
    }
    # What is said of a wider blur is what a wider blur gives.
    wider = document_of(run(*words, "16.5mm"))
    key = "local_deposition+iterative_yang"
    ratio = means(wider, key)["Tumor 2"] / means(usual, key)["Tumor 2"] - 1
    assert changes["FWHM 10 % larger"] == pytest.approx(ratio, abs=5e-3)
    said = run(*words, "15mm,15mm,15mm", "--force").stderr
    assert "WARN H20  Tumor 3: smaller than the FWHM of the image" in said
    assert "Blur undone by iterative yang, 15 x 15 x 15 mm FWHM" in said


def test_recovery_coefficients(run: Run, spheres: Path, tmp_path: Path) -> None:
    table = tmp_path / "rc.csv"
    table.write_text("volume_ml,rc\n1,0.25\n4,0.5\n40,0.8\n")
    words = ("post", spheres, *GIVEN, "--pvc", table, "--json")
    document = document_of(run(*words, "--out", tmp_path / "out"))
    recoveries = document["partial_volume"]["recoveries"]
    assert recoveries["Tumor 3"] == 0.25
    assert 0.5 < recoveries["Tumor 2"] < 0.51
    plain = means(document, "local_deposition")
    corrected = means(document, "local_deposition+recovery")
    for name in SPHERES:
        assert corrected[name] == pytest.approx(plain[name] / recoveries[name])
    assert corrected["normal_whole"] == pytest.approx(plain["normal_whole"], rel=0.05)
    assert document["partial_volume"]["unreliable"] == ["Tumor 3"]
    assert document["partial_volume"]["total_change"] > 0.005


def curve(path: Path, *rows: tuple[float, float, float], ratio: float = 0.0) -> Path:
    """A camera's file with recoveries by diameter, and their standard uncertainties."""
    recovery = [CameraRecovery(d, ratio, Measured(r, u)) for d, r, u in rows]
    path.write_text(camera_text(commissioned(recovery=recovery)), "utf-8")
    return path


def test_recovery_of_the_cameras_own_file(
    run: Run, spheres: Path, tmp_path: Path
) -> None:
    """By a Gaussian of 15 mm: of spheres alone, 0.0948, 0.3418 and 0.6361 are left.

    With B around it a tumor that holds T shows r T + (1 - r) B.
    """
    rows = ((20.0, 0.3418, 0.02), (22.0, 0.3932, 0.02), (50.0, 0.7066, 0.01))
    camera = curve(tmp_path / "camera.toml", *rows)
    words = ("post", spheres, *GIVEN, "--pvc", "recovery", "--camera", camera)
    out = tmp_path / "out"
    result = run(*words, "--uncertainty", 20, "--json", "--out", out)
    document = document_of(result)
    known = document["partial_volume"]
    assert document["camera"]["gives"] == ["blur", "recovery"]
    assert known["source"] == (
        "curve of camera 'room 2', camera.toml, 2026-01-02 with nema-iec"
    )
    plain = means(document, "local_deposition")
    corrected = means(document, "local_deposition+recovery")
    around, seen, r = plain["normal_perfused"], plain["Tumor 2"], 0.3418
    volumes = {
        row["name"]: row["volume_ml"]
        for row in document["doses"]["local_deposition"]["structures"]
    }
    # 4.189 mL of 20 mm, drawn as a little more or less.
    at = np.log(volumes["Tumor 2"] / 4.18879) / np.log(22**3 / 20**3)
    r += max(at, 0) * (0.3932 - 0.3418)
    held = (seen - (1 - r) * around) / r
    assert corrected["Tumor 2"] == pytest.approx(held, rel=2e-3)
    assert known["recoveries"]["Tumor 2"] == pytest.approx(seen / held, rel=2e-3)
    # What is around it holds some of the tumors' own activity; as if it were cold,
    # 0.3418 alone would be 19 % high.
    true = truth(spheres, "analytic_gy")["Tumor 2"]
    assert corrected["Tumor 2"] == pytest.approx(true, rel=0.06)
    # 0.02 of r moves T by (T - B) / r.
    part = 0.02 * (held - around) / r / held
    assert known["recovery_relative"]["Tumor 2"] == pytest.approx(part, rel=0.01)
    [row] = [
        one
        for one in document["uncertainty"]["methods"]["local_deposition+recovery"]
        if one["name"] == "Tumor 2"
    ]
    own = row["components"]["recovery"]["standard_gy"]
    assert own == pytest.approx(part * held, rel=0.01)
    total = row["by_first_order"]["mean_gy"]["standard_uncertainty"]
    others = [one["standard_gy"] for one in row["components"].values()]
    assert total == pytest.approx(sum(one**2 for one in others) ** 0.5, rel=0.02)
    # 10 mm is below the curve: said, and by its smallest sphere.
    assert known["unreliable"] == ["Tumor 3"]
    said = [one["message"] for one in document["warnings"] if one["code"] == "H20"]
    assert any(one.startswith("Tumor 3: smaller than any volume") for one in said)
    page = (out / "report.html").read_text("utf-8") if "report" in words else ""
    assert "; it adds" in page + result.stderr


def test_a_curve_that_ends_below_a_tumor_is_said(
    run: Run, spheres: Path, tmp_path: Path
) -> None:
    """At 8:1 a sphere shows r + (1 - r) / 8: 0.3418 is 0.4241, and 0.2211 0.3185."""
    rows = ((15.0, 0.3185, 0.01), (21.0, 0.4241, 0.01))
    camera = curve(tmp_path / "camera.toml", *rows, ratio=8.0)
    words = ("post", spheres, *GIVEN, "--pvc", "recovery", "--camera", camera)
    document = document_of(run(*words, "--json", "--out", tmp_path / "out"))
    known = document["partial_volume"]
    assert known["too_large"] == ["Tumor 1"]
    plain = means(document, "local_deposition")
    seen, around, r = plain["Tumor 1"], plain["normal_perfused"], 0.3418
    held = (seen - (1 - r) * around) / r
    assert known["recoveries"]["Tumor 1"] == pytest.approx(seen / held, rel=1e-3)
    said = [one["message"] for one in document["warnings"] if one["code"] == "H20"]
    assert (
        "Tumor 1: larger than any volume in the recovery table; the recovery of "
        in (" ".join(said))
    )


def test_a_tumor_no_warmer_than_its_liver_is_left_as_it_is(
    run: Run, spheres: Path, tmp_path: Path
) -> None:
    """Lungs, said to be a tumor, hold less per mL than the liver."""
    rows = ((15.0, 0.22, 0.01), (50.0, 0.7, 0.01))
    camera = curve(tmp_path / "camera.toml", *rows)
    role = ("--role", "Lungs=tumor", "--accept", "H02", "--reason", "test")
    words = ("post", spheres, *GIVEN, "--pvc", "recovery", "--camera", camera, *role)
    document = document_of(run(*words, "--json", "--out", tmp_path / "out"))
    known = document["partial_volume"]
    assert (known["as_seen"], known["too_large"]) == (["Lungs"], [])
    assert known["recoveries"]["Lungs"] == 1
    plain, corrected = (
        means(document, f"local_deposition{tag}") for tag in ("", "+recovery")
    )
    assert corrected["Lungs"] == pytest.approx(plain["Lungs"])
    said = [one["message"] for one in document["warnings"] if one["code"] == "H20"]
    assert (
        "Lungs: no more activity per mL than the normal liver, so recovery corrects "
        "nothing there"
    ) in said


@pytest.mark.parametrize(
    ("options", "exit_code", "message"),
    [
        (("--pvc", "gtm"), 2, "needs --psf"),
        (("--pvc", "recovery"), 2, "--pvc recovery takes the curve of the camera's"),
        (("--pvc", "recovery", "--psf", "9mm"), 2, "--psf is not used with recovery"),
        (("--pvc", "richardson-lucy"), 2, "nor gtm nor recovery nor a file"),
        (("--psf", "15"), 2, "has no unit"),
        (("--psf", "15mm,12mm"), 2, "has 2 lengths"),
        (("--psf-tail", "8%@60mm"), 2, "--psf-tail needs --psf"),
        (("--psf", "15mm", "--psf-tail", "8%"), 2, "has no width: write the fraction"),
        (("--psf", "15mm", "--psf-tail", "8@60mm"), 2, "--psf-tail"),
        (("--psf", "15mm", "--psf-tail", "8%@12mm"), 3, "wider than the blur"),
        (("--psf", "15mm", "--psf-tail", "70%@60mm"), 3, "give at most 50 %"),
        (("--psf", "15mm", "--role", "Tumor 1=other"), 0, "Blur undone"),
        (("--psf", "120mm"), 3, "under 100 mm"),
        (
            (
                *("--psf", "15mm", "--role", "Tumor 1=other"),
                *("--role", "Tumor 2=other", "--role", "Tumor 3=other"),
            ),
            3,
            "needs tumors",
        ),
    ],
)
def test_refusals(
    run: Run,
    spheres: Path,
    tmp_path: Path,
    options: tuple[str, ...],
    exit_code: int,
    message: str,
) -> None:
    result = run("post", spheres, *GIVEN, *options, "--out", tmp_path / "out")
    assert result.exit_code == exit_code, result.stderr
    assert message in result.stderr


@pytest.mark.parametrize(
    "text", ["a,b\n1,2\n", "volume_ml,rc\n1,0.5\n", "volume_ml,rc\n4,0.5\n1,0.4\n"]
)
def test_tables_refused(run: Run, spheres: Path, tmp_path: Path, text: str) -> None:
    table = tmp_path / "rc.csv"
    table.write_text(text)
    words = ("post", spheres, *GIVEN, "--pvc", table, "--out", tmp_path / "out")
    result = run(*words)
    assert (result.exit_code, result.stdout) == (3, "")
    assert "recovery coefficients" in result.stderr


@pytest.mark.slow
def test_other_voxels_and_kernels_agree(
    run: Run, spheres: Path, undone: tuple[dict, Path], tmp_path: Path
) -> None:
    """A finer dose grid changes no corrected dose; a kernel spreads it a little."""
    words = ("post", spheres, *GIVEN, "--psf", "15mm", "--json")
    key = "local_deposition+iterative_yang"
    methods = ("--method", "local", "--method", "kernel")
    cubes = document_of(
        run(*words, "--dose-grid", "3mm", *methods, "--out", tmp_path / "cubes")
    )
    usual = means(undone[0], key)
    for name, mean in means(cubes, key).items():
        assert mean == pytest.approx(usual[name], rel=0.005)
    spread = means(cubes, "kernel+iterative_yang")
    # Electrons of Y-90 leave a sphere of 40 mm by about a tenth of its dose.
    assert 0.88 < spread["Tumor 1"] / usual["Tumor 1"] < 0.95
    assert 0.75 < spread["Tumor 2"] / usual["Tumor 2"] < 0.90


def test_the_tail_is_told(
    run: Run, spheres: Path, undone: tuple[dict, Path], tmp_path: Path
) -> None:
    words = ("post", spheres, *GIVEN, "--psf", "15mm", "--psf-tail", "8%@60mm")
    result = run(*words, "--json", "--out", tmp_path / "out")
    found = document_of(result)
    assert found["partial_volume"]["tail"] == [pytest.approx(0.08), 60.0]
    assert "15 x 15 x 15 mm FWHM and a tail of 8.0% with 60 mm" in result.stderr
    # The phantom has none: what is taken for one makes its tumors hotter.
    key = "local_deposition+iterative_yang"
    assert means(found, key)["Tumor 1"] > 1.03 * means(undone[0], key)["Tumor 1"]


def test_the_image_tells_its_blur(run: Run, spheres: Path, tmp_path: Path) -> None:
    """The phantom's 15 mm come back, and a typed width far from them is doubted."""
    words = ("post", spheres, *GIVEN, "--json", "--psf")
    fitted = run(*words, "Fit", "--out", tmp_path / "fit")
    found = document_of(fitted)["partial_volume"]
    fit = found["fit"]
    assert found["fwhm_mm"] == [fit["in_plane_mm"], fit["in_plane_mm"], fit["axial_mm"]]
    for name in ("in_plane", "axial"):
        off = abs(fit[f"{name}_mm"] - 15.0)
        assert off < 2 * fit[f"{name}_standard_mm"]
        assert off < 1.0
    assert max(map(abs, fit["offset_mm"])) < 0.5
    inside = truth(spheres, "analytic_gy")
    corrected = means(document_of(fitted), "local_deposition+iterative_yang")
    assert corrected["Tumor 1"] == pytest.approx(inside["Tumor 1"], rel=0.03)
    assert "The image shows a blur of 1" in fitted.stderr
    assert "differs from that of the image" not in fitted.stderr
    narrow = run(*words, "10mm", "--out", tmp_path / "narrow")
    assert "the FWHM given, 10 x 10 x 10 mm, differs from that of the image" in (
        narrow.stderr
    )


def test_contours_aside_are_told_of(run: Run, spheres: Path, tmp_path: Path) -> None:
    """Contours moved by 5 mm: by how much, and that nothing was moved back."""
    import SimpleITK

    from sirtdose.io.read import read_image, read_structures
    from sirtdose.model.volume import Quantity

    ct = read_image(spheres / "ct", quantity=Quantity.CT_NUMBER)
    assert ct is not None
    moved = tmp_path / "moved"
    moved.mkdir()
    options: list[object] = []
    for one in read_structures(spheres / "structures.dcm"):
        if one.name == "Lungs":
            continue
        grid = one.grid
        image = SimpleITK.GetImageFromArray(
            (one.occupancy > 0.5).astype("uint8")  # type: ignore[operator]
        )
        image.SetSpacing(grid.spacing_mm[::-1])
        x, y, z = grid.affine_mm[:3, 3]
        image.SetOrigin((x + 3.0, y - 4.0, z))
        path = moved / f"{one.name}.nii.gz"
        SimpleITK.WriteImage(image, path)
        options += ["--structures", path]
    words = ("post", spheres, *GIVEN, "--psf", "15mm", "--image", spheres / "spect.dcm")
    result = run(*words, *options, "--json", "--out", tmp_path / "out")
    found = document_of(result)
    offset = found["partial_volume"]["fit"]["offset_mm"]
    assert offset == pytest.approx([-3.0, 4.0, 0.0], abs=0.7)
    said = [one["message"] for one in found["warnings"] if one["code"] == "H16"]
    assert any("nothing was moved" in one for one in said), said
    # What it says to type brings the image onto the contours, and their doses back.
    [typed] = re.findall(r"--image-shift=\S+mm", " ".join(said))
    again = document_of(
        run(*words, *options, typed, "--json", "--out", tmp_path / "on")
    )
    assert np.abs(again["partial_volume"]["fit"]["offset_mm"]).max() < 0.3
    told = [one["message"] for one in again["warnings"] if one["code"] == "H16"]
    assert ["by --image-shift" in one for one in told] == [True]
    key = "local_deposition+iterative_yang"
    inside = truth(spheres, "analytic_gy")
    for name in ("Tumor 1", "Tumor 2"):
        aside, on = (d70(one, key)[name] / inside[name] for one in (found, again))
        assert aside < 0.9
        # Masks of whole voxels: their borders are not the spheres'.
        assert on == pytest.approx(1, abs=0.06)


def d70(document: dict, method: str) -> dict[str, float]:
    rows = document["doses"][method]["structures"]
    return {row["name"]: row["dose_gy"]["d70"] for row in rows}


@pytest.mark.parametrize(
    ("typed", "said"),
    [
        ("1mm,2mm", "has 2 of three lengths"),
        ("1,2,3", "no unit for length"),
        ("1mm,2mm,high", "high"),
        ("1mm,2mm,nanmm", "nan"),
    ],
)
def test_a_shift_that_is_none(
    run: Run, spheres: Path, tmp_path: Path, typed: str, said: str
) -> None:
    result = run(
        *("post", spheres, *GIVEN, "--image-shift", typed, "--out", tmp_path / "o")
    )
    assert result.exit_code == 2
    assert said in result.stderr
    assert not (tmp_path / "o").exists()


def test_a_shift_of_centimeters_is_asked_about(
    run: Run, spheres: Path, tmp_path: Path
) -> None:
    words = ("--image-shift", "-3cm,0mm,0mm", "--no-report", "--out", tmp_path / "o")
    result = run("post", spheres, *GIVEN, *words)
    assert result.exit_code == 3
    assert "more than 20 mm; is the unit right?" in result.stderr
