"""The digital patient's PET: the SUV that was asked for is the one that is read."""

from datetime import datetime
from pathlib import Path

import numpy as np
import pytest

from sirtdose import PhantomUptake, read_uptake, write_phantom_pet
from sirtdose.errors import InputError, RangeError
from sirtdose.phantom.anatomy import REGIONS
from sirtdose.phantom.uptake import LIVER_SUV

SCAN_AT = datetime(2026, 3, 2, 10)


def test_the_suv_asked_for_is_read_back(tmp_path: Path) -> None:
    request = PhantomUptake({"Tumor 1": 9.0, "Tumor 2": 6.0}, SCAN_AT, patient_id="x")
    write_phantom_pet(request, tmp_path)
    suv = read_uptake(sorted((tmp_path / "pet").iterdir())).suv
    known = {"Tumor 1": 9.0, "Tumor 2": 6.0, "Liver": LIVER_SUV}
    [tumor_1, tumor_2, liver] = (
        next(one for one in REGIONS if one.name == name).shapes[0] for name in known
    )
    # Within 7 mm of a center that blur of 6 mm does not reach; liver far from tumors.
    places = (tumor_1.center_mm, tumor_2.center_mm, np.add(liver.center_mm, (45, 0, 0)))
    k, j, i = np.indices(suv.grid.shape).reshape(3, -1)
    points = suv.grid.world_mm(np.column_stack([k, j, i]))
    for place, expected in zip(places, known.values(), strict=True):
        near = np.linalg.norm(points - place, axis=1) < 7
        # 5 % of noise in about 20 voxels.
        assert suv.data.ravel()[near].mean() == pytest.approx(expected, rel=0.04)


def test_what_cannot_be_made_is_refused() -> None:
    with pytest.raises(InputError, match="no tumor 'Tumor 9': use Tumor 1, Tumor 2"):
        PhantomUptake({"Tumor 9": 4.0}, SCAN_AT)
    with pytest.raises(RangeError):
        PhantomUptake({"Tumor 1": -1.0}, SCAN_AT)
