"""The phantom's truth, and doses against it."""

import json
from pathlib import Path

import numpy as np
import pytest
from click.testing import CliRunner

from sirtdose.cli.main import main
from sirtdose.phantom.anatomy import REGIONS, TUMOR_TO_NORMAL_RATIO
from sirtdose.phantom.make import make_phantom
from sirtdose.phantom.request import PhantomRequest


def doses(folder: Path, out: Path) -> tuple[dict, dict]:
    """Mean dose by structure, assessed with the options of truth.json; the truth."""
    truth = json.loads((folder / "truth.json").read_text())
    arguments = ["post", str(folder), *truth["post_options"], "--no-report", "--json"]
    result = CliRunner().invoke(main, [*arguments, "--out", str(out)])
    assert result.exit_code == 0, result.stderr
    structures = json.loads(result.stdout)["doses"]["local_deposition"]["structures"]
    return {s["name"]: s for s in structures}, {
        s["name"]: s for s in truth["structures"]
    }


def test_doses_are_exact_where_structures_follow_voxels(
    exact_voxels: Path, tmp_path: Path
) -> None:
    ours, truth = doses(exact_voxels, tmp_path / "out")
    for name in ("Liver", "Perfused lobe", *TUMOR_TO_NORMAL_RATIO):
        assert ours[name]["dose_gy"]["mean"] == pytest.approx(
            truth[name]["analytic_gy"], rel=1e-3
        )
        assert ours[name]["volume_ml"] == pytest.approx(truth[name]["volume_ml"])
        assert ours[name]["activity_gbq"] == pytest.approx(
            truth[name]["activity_gbq"], rel=1e-3
        )
    for name in TUMOR_TO_NORMAL_RATIO:
        # Uniform by construction: every dose is the mean, to the counts' rounding.
        assert ours[name]["dose_gy"]["sd"] < 1e-3 * ours[name]["dose_gy"]["mean"]


def test_doses_on_contours_are_within_one_percent(
    exact_contours: Path, tmp_path: Path
) -> None:
    ours, truth = doses(exact_contours, tmp_path / "out")
    for name in ("Liver", "Perfused lobe", *TUMOR_TO_NORMAL_RATIO):
        assert ours[name]["dose_gy"]["mean"] == pytest.approx(
            truth[name]["mean_on_grid_gy"], rel=0.01
        )
        assert ours[name]["volume_ml"] == pytest.approx(
            truth[name]["volume_ml"], rel=0.01
        )


def test_voxels_cost_dose_and_the_smallest_tumor_most(exact_contours: Path) -> None:
    truth = json.loads((exact_contours / "truth.json").read_text())
    cost = {s["name"]: s["voxel_cost"] for s in truth["structures"]}
    assert cost["Tumor 3"] < cost["Tumor 2"] < cost["Tumor 1"] < 0


def test_blur_costs_more() -> None:
    sharp = make_phantom(PhantomRequest(fwhm_mm=0, noise=False)).truth["structures"]
    blurred = make_phantom(PhantomRequest(fwhm_mm=15)).truth["structures"]
    for a, b in zip(sharp, blurred, strict=True):
        assert b["mean_on_grid_gy"] == a["mean_on_grid_gy"]
        if a["role"] == "tumor":
            assert b["mean_in_image_gy"] < 0.9 * a["mean_in_image_gy"]


def test_volumes_are_those_of_the_shapes() -> None:
    volumes = {region.name: region.volume_ml for region in REGIONS}
    assert volumes["Tumor 1"] == pytest.approx(4 / 3 * np.pi * 2.8**3)
    assert volumes["Liver"] == pytest.approx(4 / 3 * np.pi * 9.0 * 7.0 * 6.1)
    # The cut lobe, by counting random points.
    rng = np.random.default_rng(2)
    [lobe] = REGIONS[1].shapes
    box = np.array(lobe.radii_mm)
    points = rng.uniform(-1, 1, (400_000, 3)) * box + lobe.center_mm
    part = lobe.inside(*points.T).mean()
    assert volumes["Perfused lobe"] == pytest.approx(
        part * 8 * box.prod() / 1000, rel=0.01
    )


def test_activity_is_where_the_ledger_says() -> None:
    phantom = make_phantom(PhantomRequest(fwhm_mm=0, noise=False))
    truth = {s["name"]: s for s in phantom.truth["structures"]}
    tumors = sum(truth[name]["activity_gbq"] for name in TUMOR_TO_NORMAL_RATIO)
    assert tumors < truth["Perfused lobe"]["activity_gbq"]
    assert truth["Perfused lobe"]["activity_gbq"] == pytest.approx(
        phantom.truth["treated_gbq"]
    )
    mean = {
        name: s["activity_gbq"] / s["volume_on_grid_ml"] for name, s in truth.items()
    }
    assert mean["Tumor 2"] / mean["Tumor 1"] == pytest.approx(2, rel=1e-9)


def test_the_patient_is_the_right_way_up() -> None:
    """Liver to the patient's right, lungs above it, spine behind."""
    phantom = make_phantom(PhantomRequest(fwhm_mm=0, noise=False))
    counts, grid = phantom.spect.data, phantom.spect.grid
    middle = np.array([23.7, -41.3, 18.9])
    bright = grid.world_mm(np.argwhere(counts > 0.3 * counts.max()))
    assert bright.mean(axis=0)[0] < middle[0] - 30
    assert bright.mean(axis=0)[2] < middle[2] - 30
    bone = phantom.ct.grid.world_mm(np.argwhere(phantom.ct.data > 300))
    assert bone.mean(axis=0)[1] > middle[1] + 50
    air = phantom.ct.grid.world_mm(
        np.argwhere((phantom.ct.data < -700) & (phantom.ct.data > -900))
    )
    assert air.mean(axis=0)[2] > middle[2] + 50
