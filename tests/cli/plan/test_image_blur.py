"""A scout whose blur is undone: a sphere that is blurred by formula."""

import json
from collections.abc import Callable
from pathlib import Path

import nibabel
import numpy as np
import pytest
from click.testing import Result
from scipy.special import erf

from sirtdose.io.tables.camera import camera_text
from sirtdose.planning.hand_check import hand_check
from sirtdose.report.plan.page import plan_page
from tests.commissioned import blur, commissioned

Run = Callable[..., Result]
# A sphere of 5 in a cube of 1, blurred with a FWHM of 10 mm.
RADIUS_MM, HALF_MM, SIGMA_MM = 16.0, 40.0, 10 / 2.35482
ROOT = np.sqrt(2) * SIGMA_MM


def lattice(side_mm: float, half_mm: float) -> tuple[np.ndarray, np.ndarray]:
    """The middles of voxels around the origin, and their affine."""
    along = np.arange(-half_mm + side_mm / 2, half_mm, side_mm)
    affine = np.diag([side_mm, side_mm, side_mm, 1.0])
    affine[:3, 3] = along[0]
    return np.stack(np.meshgrid(along, along, along, indexing="ij")), affine


def blurred_sphere(r: np.ndarray) -> np.ndarray:
    """A sphere of 1 convolved with a Gaussian."""
    inner, outer = RADIUS_MM - r, RADIUS_MM + r
    gauss = np.exp(-((inner / ROOT) ** 2)) - np.exp(-((outer / ROOT) ** 2))
    edge = SIGMA_MM / (np.sqrt(2 * np.pi) * r) * gauss
    return (erf(inner / ROOT) + erf(outer / ROOT)) / 2 - edge


def blurred_cube(at: np.ndarray) -> np.ndarray:
    each = (erf((at + HALF_MM) / ROOT) - erf((at - HALF_MM) / ROOT)) / 2
    return each.prod(axis=0)


@pytest.fixture(scope="module")
def words(tmp_path_factory: pytest.TempPathFactory) -> list[object]:
    folder = tmp_path_factory.mktemp("blurred")

    def save(name: str, data: np.ndarray, affine: np.ndarray) -> Path:
        path = folder / f"{name}.nii.gz"
        nibabel.save(nibabel.nifti1.Nifti1Image(data, affine), path)
        return path

    at, affine = lattice(4.0, 56.0)
    counts = 100 * (blurred_cube(at) + 4 * blurred_sphere(np.linalg.norm(at, axis=0)))
    image = save("maa", counts.astype(np.float32), affine)
    at, affine = lattice(2.0, 44.0)
    liver = save("Liver", (abs(at).max(axis=0) < HALF_MM).astype(np.uint8), affine)
    inside = np.linalg.norm(at, axis=0) < RADIUS_MM
    tumor = save("Tumor 1", inside.astype(np.uint8), affine)
    return [
        *("plan", "image", folder, "--image", image, "--structures", liver),
        *("--structures", tumor, "--density", "1g/mL", "--lung-shunt", "0%"),
        *("--accept", "H05", "--reason", "x"),
    ]


def test_before_and_after(run: Run, words: list[object]) -> None:
    """By integrals of the formulas over sphere and cube: 0.6898 and 0.9576^3 remain.

    As seen tumor has 1 + 4 x 0.6898 = 3.759 and normal liver 0.9170: T/N 4.099, and
    an uptake of 12.44 % instead of 14.77 %; 1 GBq gives 360.3 instead of 427.7 Gy.
    """
    goal = ("--goal", "tumor:mean=400Gy", "--goal", "Tumor 1:D70=300Gy")
    result = run(*words, *goal, "--psf", "10mm", "--json")
    assert result.exit_code == 0, result.stderr
    plan = json.loads(result.stdout)
    blur = plan["measured"]["blur"]
    assert (blur["method"], blur["used"]) == ("iterative_yang", "without blur")
    [seen] = [one for one in blur["as_seen"] if one["name"] == "Tumor 1"]
    [used] = [one for one in plan["measured"]["structures"] if one["name"] == "Tumor 1"]
    [seen_ratio] = seen["tumor_to_normal_ratios"].values()
    [used_ratio] = used["tumor_to_normal_ratios"].values()
    assert seen_ratio == pytest.approx(4.099, rel=0.02)
    assert used_ratio == pytest.approx(5.0, rel=0.02)
    gbq = plan["activity_gbq"]
    assert gbq == pytest.approx(400 / 427.7, rel=0.02)
    # Voxels of 4 mm blur a little more than the formula.
    assert seen["dose_gy"] / gbq == pytest.approx(360.3, rel=0.02)
    [whole] = [one["counts"] for one in plan["measured"]["injections"]]
    # Five times as much in the sphere as drawn, of a cube of 512 mL.
    ml = used["volume_ml"]
    assert used["counts"] / whole == pytest.approx(5 * ml / (512 + 4 * ml), rel=0.01)
    # An even tumor: without blur its D70 is near its mean, by the same points.
    mean, d70 = plan["goals"]
    assert mean["reached"] == pytest.approx(400)
    assert d70["reached"] == pytest.approx(400, rel=0.03)
    [row] = [
        row
        for row in plan["doses"]["local_deposition"]["structures"]
        if row["name"] == "Tumor 1"
    ]
    assert row["dose_gy"]["d70"] == pytest.approx(d70["reached"])
    assert row["dose_gy"]["mean"] == pytest.approx(400, rel=1e-3)
    assert all(one.agrees for one in hand_check(plan))
    assert 'id="blur"' in plan_page(result.stdout)


def test_the_blur_of_the_cameras_own_file(
    run: Run, words: list[object], tmp_path: Path
) -> None:
    """As if width and tail of it were typed."""
    goal = ("--goal", "tumor:mean=400Gy", "--json")
    own = blur(gaussian_core_mm=(10.0, 11.0), gaussian_tail=(0.05, 60.0))
    path = tmp_path / "camera.toml"
    path.write_text(camera_text(commissioned(blur=own)), "utf-8")
    camera = ("--camera", path)
    typed = ("--psf", "10mm,10mm,11mm", "--psf-tail", "5%@60mm")
    plans = []
    for more in (typed, ("--psf", "camera", *camera), ("--pvc", "iterative-yang")):
        result = run(*words, *goal, *(more if "--psf" in more else (*more, *camera)))
        assert result.exit_code == 0, result.stderr
        plans.append(json.loads(result.stdout))
    by_hand, *by_file = plans
    for plan in by_file:
        assert plan["activity_gbq"] == by_hand["activity_gbq"]
        assert plan["assumptions"]["blur"] == by_hand["assumptions"]["blur"]
        inputs = plan["images"]
        assert [one["file"] for one in inputs if one["kind"] == "camera"] == [path.name]
        said = [one["message"] for one in plan["warnings"] if one["code"] == "H46"]
        assert said[0].startswith("camera 'room 2' is used as commissioned 2026-01-02")
    # With the camera alone, nothing is corrected that was not asked for.
    result = run(*words, *goal, *camera)
    assert "blur" not in json.loads(result.stdout)["assumptions"]


@pytest.mark.parametrize(
    ("more", "message"),
    [
        (("--psf", "40mm"), "'Tumor 1' (32 mm): smaller than the FWHM of 40 mm"),
        (("--psf", "10mm", "--method", "kernel"), "--psf corrects doses by local"),
        (
            ("--psf", "10mm", "--pvc", "gtm", "--goal", "tumor:D70=9Gy"),
            "--pvc gtm gives each tumor one dose, so the goal D70 of every tumor",
        ),
        (("--psf-tail", "8%@60mm"), "--psf-tail needs --psf"),
        (("--pvc", "gtm"), "--pvc gtm needs --psf"),
    ],
)
def test_refusals(
    run: Run, words: list[object], more: tuple[str, ...], message: str
) -> None:
    result = run(*words, "--activity", "1GBq", *more)
    assert result.exit_code in (2, 3)
    assert message in result.stderr
