"""A plan by an image by what is injected and by all counts; what lies outside."""

import json
from collections.abc import Callable
from pathlib import Path

import nibabel
import numpy as np
import pytest
from click.testing import Result

Run = Callable[..., Result]
K = 49.67
T = "2026-03-02T10:00+01:00"
AFFINE = np.diag([-2.0, -2.5, 4.0, 1.0])
# Of 20 uL at 1 g/mL.
VOXEL_KG = 2e-5
MORE = ", all counts of the map"


def save(path: Path, data: np.ndarray, affine: np.ndarray = AFFINE) -> None:
    nibabel.save(nibabel.nifti1.Nifti1Image(data, affine), path)


@pytest.fixture(scope="module")
def lobe(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A liver of 20 x 20 x 10 voxels, the first 12 x perfused, the stomach beside it.

    Normal liver has 10 counts a voxel where it is perfused and 2 where not, a tumor
    half of which is perfused 50, the stomach 5.
    """
    folder = tmp_path_factory.mktemp("lobe")
    masks = {
        name: np.zeros((24, 22, 12), bool)
        for name in ("Liver", "Perfused", "Tumor 1", "Stomach")
    }
    masks["Liver"][1:21, 1:21, 1:11] = True
    masks["Perfused"][1:13, 1:21, 1:11] = True
    masks["Tumor 1"][11:15, 5:10, 3:8] = True
    masks["Stomach"][22:23, 1:21, 1:11] = True
    counts = np.where(masks["Perfused"], 10.0, np.where(masks["Liver"], 2.0, 0.0))
    counts[masks["Tumor 1"]] = 50.0
    counts[masks["Stomach"]] = 5.0
    save(folder / "maa.nii.gz", counts)
    save(folder / "perfused.nii.gz", np.where(masks["Perfused"], counts, 0.0))
    for name, mask in masks.items():
        save(folder / f"{name}.nii.gz", mask.astype(np.uint8))
    return folder


def planned(folder: Path, *options: object, image: str = "maa") -> list[object]:
    words: list[object] = [
        *("plan", "image", folder, "--image", folder / f"{image}.nii.gz"),
        *("--density", "1g/mL", "--lung-shunt", "0%", "--json"),
    ]
    for name in ("Liver", "Perfused", "Tumor 1", "Stomach"):
        words += ["--structures", folder / f"{name}.nii.gz"]
    return [*words, *options]


def document_of(result: Result) -> dict:
    assert result.exit_code == 0, result.stderr
    return json.loads(result.stdout)


def doses(plan: dict) -> dict[str, float]:
    """Mean doses of both readings, by their names."""
    found = {}
    for one in plan["compartments"]:
        found[one["name"]] = one["dose_gy"]
        if one["all_counts"]:
            found[one["all_counts"]["name"]] = one["all_counts"]["dose_gy"]
    return found


def test_both_readings_by_hand(run: Run, lobe: Path) -> None:
    """26000 counts are perfused: 2350 voxels of 10, 50 of the tumor's 50."""
    result = run(*planned(lobe, "--activity", "50MBq"))
    found = doses(document_of(result))
    per_count = K * 0.05 / 26000

    def dose(counts: float, voxels: int) -> float:
        return per_count * counts / (voxels * VOXEL_KG)

    # Outside of it 1550 voxels of 2, the tumor's other half, and the stomach.
    by_hand = {
        "Tumor 1": dose(2500, 100),
        f"Tumor 1{MORE}": dose(5000, 100),
        "normal perfused": dose(23500, 2350),
        "perfused volume": dose(26000, 2400),
        "whole liver": dose(26000, 4000),
        f"whole liver{MORE}": dose(31600, 4000),
        "normal whole liver": dose(23500, 3900),
        f"normal whole liver{MORE}": dose(26600, 3900),
        "Stomach": 0.0,
        f"Stomach{MORE}": dose(1000, 200),
    }
    assert found == {name: pytest.approx(gy) for name, gy in by_hand.items()}
    for name in by_hand:
        assert f"\n{name} " in result.stderr
    assert "WARN H28  'Stomach, all counts of the map' gets" in result.stderr


def test_another_method_has_the_same_two(run: Run, lobe: Path) -> None:
    """The first is that of an image without counts outside, whatever the method."""
    words = ("--activity", "50MBq", "--method", "kernel")
    both = document_of(run(*planned(lobe, *words)))
    alone = doses(document_of(run(*planned(lobe, *words, image="perfused"))))
    found = doses(both)
    assert not [name for name in alone if MORE in name]
    for name, gy in alone.items():
        assert found[name] == pytest.approx(gy, rel=1e-4, abs=1e-6)
    # The second is the map's.
    rows = {row["name"]: row for row in both["doses"]["kernel"]["structures"]}
    for name, row in (
        (f"Tumor 1{MORE}", "Tumor 1"),
        (f"normal whole liver{MORE}", "normal_whole"),
        (f"Stomach{MORE}", "Stomach"),
    ):
        assert found[name] == pytest.approx(rows[row]["dose_gy"]["mean_by_mass"])


@pytest.mark.parametrize("method", ["local", "kernel"])
def test_limits_hold_for_the_higher_and_goals_for_the_lower(
    run: Run, lobe: Path, method: str
) -> None:
    words = ("--method", method, "--tumor-dose", "200Gy")
    found = doses(document_of(run(*planned(lobe, *words))))
    assert found["Tumor 1"] == pytest.approx(200)
    low, high = found["normal whole liver"], found[f"normal whole liver{MORE}"]
    between = f"normal_whole={(low + high) / 2:.6f}Gy"
    refused = run(*planned(lobe, *words, "--limit", between))
    assert refused.exit_code == 4
    assert f"normal whole liver{MORE}: {high:.4g} Gy is above the limit" in (
        refused.stderr
    )
    most = document_of(
        run(*planned(lobe, "--method", method, "--maximize", "--limit", between))
    )
    [limit] = [one for one in most["limits"] if one["volume"] == "normal_whole"]
    assert (limit["binding"], limit["value_of"]) == (True, f"normal whole liver{MORE}")
    assert doses(most)[f"normal whole liver{MORE}"] == pytest.approx((low + high) / 2)


@pytest.mark.parametrize("method", ["local", "kernel"])
def test_an_untouched_plan_passes_by_hand(
    run: Run, lobe: Path, tmp_path: Path, method: str
) -> None:
    out = tmp_path / "plan"
    words = ("--activity", "50MBq", "--method", method, "--out", out)
    plan = document_of(run(*planned(lobe, *words)))
    checked = run("check", "--plan", out / "plan.json", "--json")
    assert checked.exit_code == 0, checked.stderr
    numbers = {
        (one["name"], one["unit"]): one for one in json.loads(checked.stdout)["numbers"]
    }
    for name in ("perfused volume", "whole liver", f"whole liver{MORE}"):
        own = numbers[name, "Gy"]
        assert own["plan"] == pytest.approx(doses(plan)[name])
        assert own["agrees_to"] == 1e-6 if method == "local" else own["agrees_to"] < 0.3
    own = numbers[f"activity in Tumor 1{MORE}", "GBq"]
    assert own["by_hand"] == pytest.approx(0.05 * 5000 / 26000)
    page = (out / "plan.html").read_text("utf-8")
    assert f"<td>normal whole liver{MORE}</td>" in page


def test_an_edited_dose_fails_by_hand(lobe: Path, run: Run) -> None:
    from sirtdose.planning.hand_check import hand_check

    plan = document_of(run(*planned(lobe, "--activity", "50MBq")))
    [whole] = [one for one in plan["compartments"] if one["role"] == "normal_whole"]
    whole["all_counts"]["dose_gy"] = whole["dose_gy"]
    failed = [one.name for one in hand_check(plan) if not one.agrees]
    assert f"normal whole liver{MORE}" in failed


@pytest.fixture(scope="module")
def beside(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A liver of 80 x 88 x 80 mm, blurred by 15 mm, and a focus 10 mm beside it."""
    from scipy.ndimage import gaussian_filter

    folder = tmp_path_factory.mktemp("beside")
    affine = np.diag([-4.0, -4.0, 4.0, 1.0])
    x, y, z = np.indices((36, 32, 30)) * 4.0
    liver = (x > 18) & (x < 98) & (y > 18) & (y < 106) & (z > 18) & (z < 98)
    at = (x - 108) ** 2 + (y - 60) ** 2 + (z - 60) ** 2
    true = np.where(liver, 1.0, np.where(at < 8**2, 15.0, 0.005))
    counts = gaussian_filter(true, 15 / 2.3548 / 4) * 200
    save(folder / "maa.nii.gz", np.random.default_rng(3).poisson(counts) * 1.0, affine)
    save(folder / "Liver.nii.gz", liver.astype(np.uint8), affine)
    duct = (x > 106) & (x < 134) & (y > 40) & (y < 80) & (z > 40) & (z < 80)
    save(folder / "Duodenum.nii.gz", duct.astype(np.uint8), affine)
    return folder


def test_a_focus_beside_the_liver_is_found_before_and_after(
    run: Run, beside: Path, tmp_path: Path
) -> None:
    words = [beside, "--image", beside / "maa.nii.gz", "--lung-shunt", "0%", "--json"]
    for name in ("Liver", "Duodenum"):
        words += ["--structures", beside / f"{name}.nii.gz"]
    words += ["--accept", "H14", "--reason", "x", "--accept", "H19", "--reason", "x"]
    before = run("plan", "image", *words, "--activity", "0.5GBq")
    after = run(
        *("post", *words, "--administered", "0.5GBq", "--no-report"),
        *("--out", tmp_path / "post"),
    )
    for result in (before, after):
        [spot] = document_of(result)["extrahepatic"]["hot_spots"]
        assert np.abs(np.array(spot["at_mm_lps"]) - (108, 60, 60)).max() <= 8
        assert spot["inside"] == "Duodenum"
        assert spot["reaches"] == ["Duodenum"]
        assert spot["outside_fraction"] > 0.9
        assert 1 < spot["volume_ml"] < 12
        assert spot["peak_gy"] > 1.3 * spot["mean_gy"]
        # Not on average alone: the focus is named with the organ it lies in.
        assert "'Duodenum" in result.stderr
        assert f"hot spot of {spot['peak_gy']:.4g} Gy reaches into it" in result.stderr
