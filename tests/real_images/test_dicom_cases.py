"""Numbers to expect of real DICOM files, from ../shared/cases."""

import json
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from sirtdose.dosimetry.resample import occupancy_on
from sirtdose.io.dicom_seg import read_seg
from sirtdose.io.read import read_image, read_structures


@pytest.fixture(scope="module")
def expected(real_images: Path) -> dict[str, Any]:
    cases = real_images.parent / "cases" / "dicom_expected.json"
    loaded: dict[str, Any] = json.loads(cases.read_text())
    return loaded


def test_nm(real_images: Path, expected: dict[str, Any]) -> None:
    [(name, case)] = expected["nm"].items()
    image = read_image(real_images / name)
    assert list(image.grid.shape) == case["shape_kji"]
    assert image.total() == case["sum"]
    assert image.data.max() == case["max"]
    np.testing.assert_allclose(image.grid.spacing_mm[::-1], case["spacing_xyz"])
    np.testing.assert_allclose(
        image.grid.world_mm((0, 0, 0)), case["first_voxel_lps"], atol=1e-6
    )
    step = image.grid.affine_mm[:3, 0] / image.grid.spacing_mm[0]
    np.testing.assert_allclose(step, case["k_direction_lps"], atol=1e-9)


def test_seg(real_images: Path, expected: dict[str, Any]) -> None:
    for name, voxels in expected["seg_voxels"].items():
        structures = read_seg(real_images / name)
        assert [int(s.occupancy.sum()) for s in structures] == voxels


def test_rtstruct_volumes(real_images: Path, expected: dict[str, Any]) -> None:
    structures = read_structures(real_images / "rtdose_rtstruct" / "rtss.dcm")
    volumes = {s.name: s.volume_ml for s in structures}
    case = expected["rtdose_dvh (rtdose_rtstruct)"]
    assert volumes["Lt Lung"] == pytest.approx(case["Lt_Lung_volume_xor_mL"], rel=1e-3)
    for name in ("Heart", "Breast"):
        assert volumes[name] == pytest.approx(case["volume_mL"][name], rel=0.01)
    assert volumes["Areola"] == 0


def test_rtstruct_on_ct(real_images: Path, expected: dict[str, Any]) -> None:
    folder = real_images / "ibsi_sts003" / "CT"
    ct = read_image(folder / "image")
    [mass] = read_structures(folder / "mask" / "RS.dcm")
    voxels = expected["rtstruct_voxels_pixel_centre_even_odd"]["ibsi_sts003/CT"]
    assert occupancy_on(mass, ct.grid).volume_ml == pytest.approx(
        voxels * ct.grid.voxel_volume_ml, rel=2e-3
    )
