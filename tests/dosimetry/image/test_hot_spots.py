"""Hot spots outside of liver and lungs: found where they are, and nowhere else."""

import numpy as np
import pytest
from scipy.ndimage import distance_transform_edt, gaussian_filter

from sirtdose.dosimetry.image.hot_spots import HotSpot, _far, extrahepatic, foci_gy
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


FINE = Grid.regular((40, 44, 52), spacing_mm=(4.0, 4.0, 4.0))


def scene(
    *,
    fwhm_mm: float,
    counts_per_ml: float,
    seed: int,
    focus_mm: float | None = None,
) -> tuple[Volume, Structure]:
    """A liver at 60 Gy up to x = 120 mm, a tumor at 400 Gy on that border, noise.

    A focus of 16 mm at 600 Gy has its center so far outside of the border.
    """
    z, y, x = (
        4.0 * (axis + 0.5)
        for axis in np.meshgrid(*map(np.arange, FINE.shape), indexing="ij")
    )
    liver = (x > 40) & (x < 120) & (y > 30) & (y < 146) & (z > 30) & (z < 130)
    tumor = (x - 108) ** 2 + (y - 120) ** 2 + (z - 80) ** 2 < 20**2
    true = np.where(liver, 60.0, 0.6)
    true[tumor & liver] = 400.0
    if focus_mm is not None:
        ball = (x - 120 - focus_mm) ** 2 + (y - 60) ** 2 + (z - 80) ** 2 < 8**2
        true[ball & ~liver] = 600.0
    counted = gaussian_filter(true, fwhm_mm / 2.3548 / 4.0) * counts_per_ml * 0.064
    noisy = np.random.default_rng(seed).poisson(counted / 60.0)
    dose = noisy * 60.0 / (counts_per_ml * 0.064)
    return (
        Volume(dose.astype(np.float32), FINE, Quantity.DOSE),
        Structure("Liver", Role.LIVER, liver, FINE).cropped(),
    )


def spots_of(dose: Volume, *structures: Structure) -> tuple[HotSpot, ...]:
    activity = dose.with_data(dose.data / 1000, Quantity.ACTIVITY)
    found = extrahepatic(dose, activity, structures)
    assert found is not None
    return found.spots


@pytest.mark.parametrize("seed", range(5))
@pytest.mark.parametrize(("fwhm_mm", "counts_per_ml"), [(15.0, 500.0), (7.0, 100.0)])
def test_spill_out_and_noise_are_no_focus(
    fwhm_mm: float, counts_per_ml: float, seed: int
) -> None:
    dose, liver = scene(fwhm_mm=fwhm_mm, counts_per_ml=counts_per_ml, seed=seed)
    assert spots_of(dose, liver) == ()


@pytest.mark.parametrize("focus_mm", [5.0, 10.0, 15.0])
@pytest.mark.parametrize("fwhm_mm", [15.0, 7.0])
def test_a_focus_beside_the_liver(fwhm_mm: float, focus_mm: float) -> None:
    dose, liver = scene(fwhm_mm=fwhm_mm, counts_per_ml=2000, seed=1, focus_mm=focus_mm)
    # Positions are of voxel centers, half a voxel below the drawn places.
    [spot] = spots_of(dose, liver)
    x, y, z = np.array(spot.at_mm) + 2.0
    assert abs(x - 120 - focus_mm) <= 6
    assert max(abs(y - 60), abs(z - 80)) <= 6
    assert spot.near is not None
    assert spot.near[0] == "Liver"
    assert abs(spot.near[1] - focus_mm) <= 8
    assert spot.outside_fraction > 0.6
    assert 1 <= spot.volume_ml <= 12
    assert 20 < spot.mean_gy < spot.peak_gy


def test_a_focus_in_an_organ_that_the_liver_was_drawn_over() -> None:
    dose, liver = scene(fwhm_mm=7.0, counts_per_ml=2000, seed=1, focus_mm=10.0)
    whole = np.zeros(FINE.shape, bool)
    whole[:, :, :38] = True
    bladder = np.zeros(FINE.shape, bool)
    bladder[15:26, 10:21, 28:40] = True
    drawn_over = Structure("Liver", Role.LIVER, whole, FINE)
    organ = Structure("Gallbladder", Role.GALLBLADDER, bladder, FINE).cropped()
    assert spots_of(dose, drawn_over) == ()
    [spot] = spots_of(dose, drawn_over, organ)
    assert (spot.inside, spot.reaches) == ("Gallbladder", ("Gallbladder",))
    assert foci_gy([spot]) == {"Gallbladder": spot.peak_gy}
    assert liver.volume_ml < drawn_over.volume_ml


def test_without_a_liver_nothing_is_known() -> None:
    dose, liver = scene(fwhm_mm=7.0, counts_per_ml=100, seed=0)
    activity = dose.with_data(dose.data, Quantity.ACTIVITY)
    assert extrahepatic(dose, activity, [liver.given(Role.LUNGS)]) is None
