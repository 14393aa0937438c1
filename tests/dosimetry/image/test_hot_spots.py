"""Hot spots outside of liver and lungs: found where they are, and nowhere else."""

import numpy as np
import pytest
from scipy.ndimage import distance_transform_edt

from sirtdose.dosimetry.image.hot_spots import _far, extrahepatic
from sirtdose.model.grid import Grid
from sirtdose.model.role import Role
from sirtdose.model.structure import Structure
from sirtdose.model.volume import Quantity, Volume

GRID = Grid.regular(
    (20, 24, 30), spacing_mm=(5.0, 4.0, 4.0), origin_mm=(-60.0, 10.0, 200.0)
)


def structure(name: str, role: Role, *box: slice) -> Structure:
    mask = np.zeros(GRID.shape, bool)
    mask[box] = True
    return Structure(name, role, mask, GRID).cropped()


def test_a_hot_stomach_is_listed_with_its_place() -> None:
    liver = structure("Liver", Role.LIVER, slice(2, 14), slice(2, 16), slice(1, 12))
    stomach = structure(
        "Stomach", Role.ORGAN, slice(8, 14), slice(6, 14), slice(20, 29)
    )
    dose = np.zeros(GRID.shape, np.float32)
    dose[2:14, 2:16, 1:12] = 80.0
    # Blur beside the liver is no hot spot; a single voxel is too small to be one.
    dose[2:14, 2:16, 12:15] = 30.0
    dose[18, 20, 25] = 50.0
    # 3 x 4 x 5 voxels of 0.08 mL at 45 Gy, one of them at 60.
    dose[9:12, 8:12, 22:27] = 45.0
    dose[10, 9, 24] = 60.0
    activity = Volume(dose / 100, GRID, Quantity.ACTIVITY)
    found = extrahepatic(Volume(dose, GRID, Quantity.DOSE), activity, [liver, stomach])
    assert found is not None
    [spot] = found.spots
    assert spot.inside == "Stomach"
    assert spot.volume_ml == 60 * 0.08
    assert spot.peak_gy == 60.0
    assert spot.at_mm == (-60 + 24 * 4.0, 10 + 9 * 4.0, 200 + 10 * 5.0)
    beyond = dose.copy()
    beyond[2:14, 2:16, 1:12] = 0
    np.testing.assert_allclose(
        found.activity_fraction, beyond.sum() / dose.sum(), rtol=1e-6
    )


def test_nothing_outside() -> None:
    liver = structure("Liver", Role.LIVER, slice(2, 14), slice(2, 16), slice(1, 12))
    dose = np.zeros(GRID.shape, np.float32)
    dose[2:14, 2:16, 1:12] = 80.0
    found = extrahepatic(
        Volume(dose, GRID, Quantity.DOSE),
        Volume(dose, GRID, Quantity.ACTIVITY),
        [liver],
    )
    assert found is not None
    assert (found.spots, found.activity_fraction) == ((), 0.0)


@pytest.mark.parametrize("spacing", [(5.0, 4.0, 4.0), (2.4, 3.1, 25.0), (1.0,) * 3])
@pytest.mark.parametrize("part", [0.0, 0.0005, 0.02])
def test_far_is_farther_than_the_margin(
    spacing: tuple[float, float, float], part: float
) -> None:
    random = np.random.default_rng(7)
    covered = random.random((21, 34, 45)) < part
    hot = (random.random(covered.shape) < 0.3) & ~covered
    hot[:, :3] = False
    expected = hot
    if covered.any():
        expected = hot & (distance_transform_edt(~covered, spacing) > 20.0)
    assert np.array_equal(_far(covered, hot, spacing), expected)
