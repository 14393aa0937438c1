"""The shipped case of a simulated dose is the whole one, rounded."""

import json
import runpy
from pathlib import Path

import numpy as np
import pytest

from sirtdose.data.load import table
from sirtdose.io.read import read_image
from sirtdose.model.volume import Quantity
from sirtdose.validation.figures.anatomy import LABELS, Anatomy

ROOT = Path(__file__).resolve().parents[2]
FOLDER = ROOT / "sirtdose" / "data" / "anatomy"


def test_the_shipped_arrays_are_made_by_the_script(real_images: Path) -> None:
    script = runpy.run_path(str(ROOT / "docs" / "generate_anatomy.py"))
    made = script["arrays"](real_images / "mc_real_ct")
    with np.load(FOLDER / "liver_and_lungs.npz") as shipped:
        assert set(shipped.files) == set(made)
        for name, values in made.items():
            np.testing.assert_array_equal(shipped[name], values)


def test_rounding_is_far_below_the_noise(real_images: Path) -> None:
    folder = real_images / "mc_real_ct"
    case = Anatomy.shipped()
    dose = read_image(folder / "dose_mc_gy_per_gbq.nii.gz", quantity=Quantity.DOSE)
    activity = read_image(folder / "activity.nii.gz", quantity=Quantity.ACTIVITY)
    for name in LABELS:
        mask = case.mask(name)
        rounded, whole = case.simulated_gy.data[mask], dose.data[mask]
        assert np.abs(rounded / whole - 1).max() < 3e-4
        assert rounded.mean() == pytest.approx(whole.mean(), rel=1e-5)
        share = activity.data[mask].sum() / activity.total()
        assert case.activity_gbq.data[mask].sum() == pytest.approx(share, rel=1e-4)


def test_what_is_expected_is_the_simulation_s_record(real_images: Path) -> None:
    text = (real_images / "mc_real_ct" / "truth.json").read_text("utf-8")
    truth = {row["label"]: row for row in json.loads(text)["structures"].values()}
    compared = 0
    for check in table("validation")["checks"]:
        label = LABELS.get(check["given"].get("structure"))
        key = {
            "anatomy_mean_gy": "mean_gy_per_gbq",
            "anatomy_over_simulated": "local_deposition_over_mc",
        }.get(check["figure"])
        if label and key:
            assert check["expected"] == pytest.approx(truth[label][key], rel=1e-4)
            compared += 1
    assert compared == 14


def test_the_case_is_small_and_says_what_it_is() -> None:
    assert (FOLDER / "liver_and_lungs.npz").stat().st_size < 200_000
    notice = (FOLDER / "NOTICE.txt").read_text("utf-8")
    for said in ("EGSnrc", "49.67", "vacuum", "Apache License 2.0", "TotalSegmentator"):
        assert said in notice
    assert "Apache License" in (FOLDER / "LICENSE.txt").read_text("utf-8")
