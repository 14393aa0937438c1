"""`sirtdose post` on a PET series in DICOM."""

import json
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest
from click.testing import Result
from pydicom.dataset import Dataset

from sirtdose.io.image_file import write_nifti
from sirtdose.io.read import read_image
from tests.io.test_dicom_vendors import F18_H, Y90_H, edit_all, pet

Run = Callable[..., Result]
GIVEN = "2026-03-03T20:50:00+01:00"


@pytest.fixture
def folder(tmp_path: Path) -> Callable[..., Path]:
    def make(vendor: str = "SIEMENS", half_life_h: float = Y90_H, **extra: str) -> Path:
        place = tmp_path / "pet"
        (place / "slices").mkdir(parents=True)
        paths = pet(place / "slices", vendor, half_life_h, **extra)
        mask = np.zeros((6, 7, 8))
        mask[1:5, 1:6, 1:7] = 1
        image = read_image(place / "slices")
        write_nifti(image.with_data(mask), place / "liver.nii")
        assert paths
        return place

    return make


def post(run: Run, folder: Path, *options: object) -> Result:
    return run(
        *("post", folder, "--structures", folder / "liver.nii", "--no-report"),
        *("--administered", "1GBq", "--administered-at", GIVEN, "--json"),
        *("--accept", "H13", "--reason", "made up counts", "--out", folder / "out"),
        *options,
    )


def test_decay_from_administration_across_midnight(
    run: Run, folder: Callable[..., Path]
) -> None:
    options = ("--calibration", "image", "--timezone", "Europe/Brussels")
    result = post(run, folder(), *options)
    assert result.exit_code == 0, result.stderr
    document = json.loads(result.stdout)
    # Given at 20:50, reference 23:50: 3 h, and the frame runs past midnight.
    assert document["times"]["elapsed_h"] == pytest.approx(3.0, abs=1e-3)
    voxel_ml = 3.0 * 4.2 * 4.07 / 1000
    assert document["calibration"]["bq_per_unit"] == pytest.approx(
        voxel_ml * 2 ** (3 / 64.05), rel=1e-4
    )
    assert any(w["code"] == "H10" for w in document["warnings"])


def test_its_clock_needs_a_zone(run: Run, folder: Callable[..., Path]) -> None:
    result = post(run, folder(), "--calibration", "image")
    assert result.exit_code == 3
    assert "give --timezone" in result.stderr


def test_a_pet_labeled_f18_stops_until_that_is_said(
    run: Run, folder: Callable[..., Path]
) -> None:
    place = folder(half_life_h=F18_H)
    stopped = post(run, place)
    assert stopped.exit_code == 3
    assert "H11" in stopped.stderr
    assert "the header says F-18" in stopped.stderr
    assert "--header-nuclide-was F-18" in stopped.stderr
    mended = post(run, place, "--header-nuclide-was", "F-18")
    assert mended.exit_code == 0, mended.stderr
    said = [w for w in json.loads(mended.stdout)["warnings"] if w["code"] == "H11"]
    assert said[0]["severity"] == "warn"


def test_admin_needs_no_more_decay(run: Run, folder: Callable[..., Path]) -> None:
    result = post(run, folder(kind="ADMIN"), "--calibration", "image")
    assert result.exit_code == 0, result.stderr
    assert json.loads(result.stdout)["times"]["elapsed_h"] == 0


def test_the_header_and_the_user_disagree_on_the_administration(
    run: Run, folder: Callable[..., Path]
) -> None:
    place = folder(kind="ADMIN")

    def at(time: str) -> Callable[[Dataset], None]:
        def change(dataset: Dataset) -> None:
            if not dataset.get("RadiopharmaceuticalInformationSequence"):
                dataset.RadiopharmaceuticalInformationSequence = [Dataset()]
            item = dataset.RadiopharmaceuticalInformationSequence[0]
            item.RadiopharmaceuticalStartDateTime = time

        return change

    slices = sorted((place / "slices").iterdir())
    edit_all(slices, at("20260303204500"))
    agreed = post(run, place, "--calibration", "image")
    assert agreed.exit_code == 0, agreed.stderr
    elapsed = json.loads(agreed.stdout)["times"]["elapsed_h"]
    assert elapsed == pytest.approx(-5 / 60)
    edit_all(slices, at("20260302084500"))
    asked = post(run, place, "--calibration", "image", "--force")
    assert asked.exit_code == 3
    assert "H09" in asked.stderr
    assert "-36.08 h from --administered-at" in asked.stderr


def test_a_pet_without_attenuation_correction_asks(
    run: Run, folder: Callable[..., Path]
) -> None:
    place = folder()
    slices = sorted((place / "slices").iterdir())
    edit_all(slices, lambda d: setattr(d, "CorrectedImage", ["DECY", "SCAT"]))
    result = post(run, place)
    assert result.exit_code == 3
    assert "H41" in result.stderr
    assert "not corrected for attenuation" in result.stderr
