"""Blur undone in `sirtdose post`: against a phantom's truth, and said how."""

import json
from collections.abc import Callable
from pathlib import Path

import pytest
from click.testing import Result

Run = Callable[..., Result]
GIVEN = ("--administered", "2.2GBq", "--administered-at", "2026-03-02T10:00+01:00")
GIVEN += ("--residual", "50MBq", "--residual-at", "2026-03-02T10:00+01:00")
GIVEN += ("--lung-shunt", "5%", "--calibrate-over", "fov")
SPHERES = {"Tumor 1": 40, "Tumor 2": 20, "Tumor 3": 10}


@pytest.fixture(scope="module")
def spheres(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Blurred by 15 mm and noisy, tumors of 40, 20 and 10 mm at 8:1."""
    from tests.conftest import _phantom

    folder = tmp_path_factory.mktemp("blurred") / "spheres"
    return _phantom(folder, spheres=True)


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
def test_tumors_come_back(run: Run, spheres: Path, tmp_path: Path, how: str) -> None:
    out = tmp_path / "out"
    words = ("post", spheres, *GIVEN, "--psf", "15mm", "--pvc", how)
    document = document_of(run(*words, "--json", "--out", out))
    key = how.replace("-", "_")
    assert list(document["doses"]) == ["local_deposition", f"local_deposition+{key}"]
    plain = means(document, "local_deposition")
    corrected = means(document, f"local_deposition+{key}")
    on_grid, inside = truth(spheres, "mean_on_grid_gy"), truth(spheres, "analytic_gy")
    # 41 % of a 20 mm sphere's dose is what blur and voxels leave.
    assert plain["Tumor 2"] / inside["Tumor 2"] == pytest.approx(0.41, abs=0.02)
    for name in ("Tumor 1", "Tumor 2"):
        assert corrected[name] == pytest.approx(on_grid[name], rel=0.03)
        uniform = document["partial_volume"]["uniform_gy"][name]
        assert uniform == pytest.approx(inside[name], rel=0.03)
    assert abs(document["partial_volume"]["total_change"]) < 0.005
    assert document["partial_volume"]["unreliable"] == ["Tumor 3"]
    assert (out / f"dose_local_{key}.nii.gz").is_file()
    assert (out / "dose_local.nii.gz").is_file()


def test_what_width_and_contour_do_is_said(
    run: Run, spheres: Path, tmp_path: Path
) -> None:
    words = ("post", spheres, *GIVEN, "--json", "--out", tmp_path / "out", "--psf")
    usual = document_of(run(*words, "15mm"))
    changes = usual["partial_volume"]["sensitivity"]["Tumor 2"]
    assert set(changes) == {
        *("width 10 % less", "width 10 % more"),
        *("contours a voxel tighter", "contours a voxel wider"),
    }
    # What is said of a wider blur is what a wider blur gives.
    wider = document_of(run(*words, "16.5mm", "--force"))
    key = "local_deposition+iterative_yang"
    ratio = means(wider, key)["Tumor 2"] / means(usual, key)["Tumor 2"] - 1
    assert changes["width 10 % more"] == pytest.approx(ratio, abs=2e-3)
    said = run(*words, "15mm,15mm,15mm", "--force").stderr
    assert "WARN H20  Tumor 3: under one width of the blur" in said
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


@pytest.mark.parametrize(
    ("options", "exit_code", "message"),
    [
        (("--pvc", "gtm"), 2, "needs --psf"),
        (("--pvc", "richardson-lucy"), 2, "neither iterative-yang nor gtm nor a file"),
        (("--psf", "15"), 2, "has no unit"),
        (("--psf", "15mm,12mm"), 2, "has 2 lengths"),
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
