"""What two doses differ by: made differences are named, and only these."""

import numpy as np
import pytest
from numpy.typing import NDArray
from scipy.ndimage import gaussian_filter
from scipy.spatial.transform import Rotation

from sirtdose.dosimetry.compare.cause import Cause
from sirtdose.dosimetry.compare.difference_causes import causes
from sirtdose.dosimetry.compare.dose_pair import DosePair, sampled_at
from sirtdose.model.grid import Grid
from sirtdose.model.volume import Quantity, Volume

GRID = Grid.regular((24, 30, 36), spacing_mm=(5.0, 4.5, 4.0))
# Three hot places of different size and dose: no symmetry that hides a turn.
SPOTS = (((10, 12, 14), 3.0, 400.0), ((14, 19, 24), 2.0, 700.0), ((8, 20, 12), 4.0, 90))


@pytest.fixture(scope="module")
def ours() -> Volume:
    index = np.indices(GRID.shape).astype(float)
    dose = np.zeros(GRID.shape)
    for at, width, most in SPOTS:
        away = sum((index[n] - at[n]) ** 2 for n in range(3))
        dose += most * np.exp(-away / 2 / width**2)
    return Volume(dose, GRID, Quantity.DOSE)


def best(ours: Volume, theirs: NDArray[np.float64]) -> Cause:
    return causes(DosePair(ours, ours.with_data(theirs)))[0]


def turned(ours: Volume, turn: list[float], shift: list[float]) -> NDArray[np.float64]:
    """Ours turned around the middle of the grid, then shifted."""
    at = GRID.world_mm(np.indices(GRID.shape).reshape(3, -1).T)
    center = at.mean(axis=0)
    matrix = Rotation.from_rotvec(turn, degrees=True).as_matrix()
    values, _ = sampled_at(ours, (at - center - shift) @ matrix + center)
    return values.reshape(GRID.shape)


@pytest.mark.parametrize("axis", [0, 1, 2])
@pytest.mark.parametrize("factor", [1.0, 1.05])
def test_a_shift_along_each_axis(ours: Volume, axis: int, factor: float) -> None:
    shift = [0.0, 0.0, 0.0]
    shift[axis] = -4.0
    found = best(ours, factor * turned(ours, [0, 0, 0], shift))
    assert found.kind == ("shift" if factor == 1 else "shift+scale")
    assert found.shift_mm == pytest.approx(shift, abs=0.05)
    assert found.factor == (None if factor == 1 else pytest.approx(factor, rel=1e-4))
    assert found.explained_fraction > 0.99


@pytest.mark.parametrize("axis", [0, 1, 2])
def test_a_turn_about_each_axis(ours: Volume, axis: int) -> None:
    turn = [0.0, 0.0, 0.0]
    turn[axis] = 6.0
    found = best(ours, turned(ours, turn, [3.0, 0.0, 0.0]))
    assert found.kind == "rigid"
    assert found.rotation_deg == pytest.approx(turn, abs=0.05)
    assert found.explained_fraction > 0.99


def test_a_shift_needs_no_turn(ours: Volume) -> None:
    pair = DosePair(ours, ours.with_data(turned(ours, [0, 0, 0], [0.0, 4.0, 0.0])))
    assert "rigid" not in {one.kind for one in causes(pair)}


def test_blur_with_a_factor_has_its_own_width(ours: Volume) -> None:
    """Of the width that blur alone would have, 1.037 were left for the factor."""
    sd = [6 / 2.3548 / step for step in GRID.spacing_mm]
    found = best(ours, 1.05 * gaussian_filter(np.asarray(ours.data, float), sd))
    assert found.kind == "blur+scale"
    assert found.fwhm_mm == pytest.approx(6, abs=0.2)
    assert found.factor == pytest.approx(1.05, rel=2e-3)


@pytest.mark.parametrize(
    ("axes", "name"),
    [
        ((2,), "left to right"),
        ((0, 2), "head to feet and left to right"),
        ((0, 1, 2), "head to feet and front to back and left to right"),
    ],
)
def test_axes_the_other_way_round(
    ours: Volume, axes: tuple[int, ...], name: str
) -> None:
    mirrored = np.flip(np.asarray(ours.data, float), axes)
    found = best(ours, mirrored)
    assert (found.kind, found.axis) == ("mirror", name)
    found = best(ours, 1.05 * mirrored)
    assert (found.kind, found.axis) == ("mirror+scale", name)
    assert found.factor == pytest.approx(1.05, rel=1e-4)


def test_no_factor_of_nothing_explains(ours: Volume) -> None:
    """Looking where the other dose is 0 Gy leaves nothing at a factor of 0."""
    rng = np.random.default_rng(8)
    theirs = ours.data * np.clip(rng.normal(1, 0.5, GRID.shape), 0, None)
    for one in causes(DosePair(ours, ours.with_data(theirs))):
        assert one.factor is None or one.factor > 0.5
