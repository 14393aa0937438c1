"""Images on another grid: totals, means, identity, rotation."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from sirtdose.dosimetry.grid.regrid import activity_on, mean_on
from sirtdose.errors import GeometryError, QuantityError
from sirtdose.model.grid import Grid
from sirtdose.model.volume import Quantity, Volume


def blob(shape: tuple[int, int, int], seed: int = 0) -> np.ndarray:
    """Hot spots and negative noise in the middle, nothing at the edges."""
    random = np.random.default_rng(seed)
    data = np.zeros(shape, np.float32)
    inner = tuple(slice(n // 4, n - n // 4) for n in shape)
    data[inner] = random.gamma(0.3, 10, data[inner].shape) - 0.2
    return data


def rotated(grid: Grid, degrees: float, axis: int, shift_mm: float = 0.0) -> Grid:
    """The grid turned about its middle."""
    angle = np.radians(degrees)
    a, b = (k for k in range(3) if k != axis)
    turn = np.eye(3)
    turn[[a, a, b, b], [a, b, a, b]] = (
        np.cos(angle),
        -np.sin(angle),
        np.sin(angle),
        np.cos(angle),
    )
    middle = grid.world_mm((np.array(grid.shape) - 1) / 2)
    affine = grid.affine_mm.copy()
    affine[:3, :3] = turn @ affine[:3, :3]
    affine[:3, 3] = turn @ (affine[:3, 3] - middle) + middle + shift_mm
    return Grid(grid.shape, affine)


def center_mm(volume: Volume) -> np.ndarray:
    index = np.argwhere(volume.data != 0)
    weights = volume.data[volume.data != 0].astype(float)
    return weights @ volume.grid.world_mm(index) / weights.sum()


@settings(max_examples=20, deadline=None)
@given(
    spacing=st.tuples(*[st.floats(1.0, 9.0)] * 3),
    shift=st.tuples(*[st.floats(-3.0, 3.0)] * 3),
    quantity=st.sampled_from([Quantity.COUNTS, Quantity.ACTIVITY_CONCENTRATION]),
    seed=st.integers(0, 100),
)
def test_shifted_and_anisotropic_grids_keep_the_total(
    spacing: tuple[float, float, float],
    shift: tuple[float, float, float],
    quantity: Quantity,
    seed: int,
) -> None:
    source = Grid.regular((12, 16, 14), spacing_mm=(5.0, 4.0, 4.8))
    volume = Volume(blob(source.shape, seed), source, quantity)
    extent = np.array(source.shape) * source.spacing_mm
    shape = tuple(int(n) for n in np.ceil((extent + 12) / spacing))
    origin = tuple(s - 6 for s in shift)
    grid = Grid.regular(shape, spacing_mm=spacing, origin_mm=origin)  # type: ignore[arg-type]
    moved = activity_on(volume, grid)
    size = 1.0 if quantity is Quantity.COUNTS else source.voxel_volume_ml
    new_size = 1.0 if quantity is Quantity.COUNTS else grid.voxel_volume_ml
    scale = float(np.abs(volume.data).sum()) * size
    assert moved.total() * new_size == pytest.approx(
        volume.total() * size, abs=1e-5 * scale
    )
    assert center_mm(moved) == pytest.approx(center_mm(volume), abs=0.06 * max(spacing))


@pytest.mark.parametrize("degrees", [0.5, 12.0, 45.0])
@pytest.mark.parametrize("side", [1.7, 4.0, 7.0])
@pytest.mark.parametrize("axis", [0, 1, 2])
def test_rotated_grids_keep_the_total(degrees: float, side: float, axis: int) -> None:
    source = Grid.regular((12, 16, 14), spacing_mm=(5.0, 4.0, 4.8))
    volume = Volume(blob(source.shape), source, Quantity.COUNTS)
    shape = tuple(int(n) for n in np.ceil(np.full(3, 110) / side))
    around = Grid.regular(
        shape,  # type: ignore[arg-type]
        spacing_mm=(side,) * 3,
        origin_mm=(-20.0, -20.0, -20.0),
    )
    grid = rotated(around, degrees, axis, 0.7)
    moved = activity_on(volume, grid)
    scale = float(np.abs(volume.data).sum())
    assert moved.total() == pytest.approx(volume.total(), abs=1e-5 * scale)
    assert center_mm(moved) == pytest.approx(center_mm(volume), abs=0.1 * max(side, 5))


def test_on_the_same_grid_it_is_the_same_image() -> None:
    grid = Grid.regular((3, 4, 5), spacing_mm=(3.0, 2.0, 2.0))
    volume = Volume(blob((3, 4, 5)), grid, Quantity.COUNTS)
    assert activity_on(volume, Grid(grid.shape, grid.affine_mm)) is volume


def test_there_and_back_through_eighths() -> None:
    grid = Grid.regular((6, 6, 6), spacing_mm=(4.0, 4.0, 4.0))
    fine = Grid.regular((12, 12, 12), spacing_mm=(2.0,) * 3, origin_mm=(-1.0,) * 3)
    volume = Volume(blob((6, 6, 6)), grid, Quantity.COUNTS)
    back = activity_on(activity_on(volume, fine), grid)
    np.testing.assert_allclose(back.data, volume.data, atol=1e-6)


def test_flipped_axes_and_another_order() -> None:
    grid = Grid.regular((6, 8, 10), spacing_mm=(4.0, 3.0, 2.0))
    volume = Volume(blob((6, 8, 10)), grid, Quantity.COUNTS)
    affine = grid.affine_mm.copy()
    affine[:3, 3] = grid.world_mm((5, 0, 9))
    affine[:3, [0, 2]] *= -1
    turned = Grid((10, 8, 6), affine[:, [2, 1, 0, 3]])
    moved = activity_on(volume, turned)
    expected = volume.data[::-1, :, ::-1].transpose(2, 1, 0)
    np.testing.assert_allclose(moved.data, expected, atol=1e-6)


def test_what_lies_outside_the_new_grid_is_left_out() -> None:
    grid = Grid.regular((4, 4, 4), spacing_mm=(4.0, 4.0, 4.0))
    volume = Volume(np.ones((4, 4, 4)), grid, Quantity.COUNTS)
    half = Grid.regular((2, 4, 4), spacing_mm=(4.0, 4.0, 4.0))
    assert activity_on(volume, half).total() == pytest.approx(32)


def test_another_frame_is_refused() -> None:
    one = Grid.regular((2, 2, 2), spacing_mm=(1.0,) * 3, frame_of_reference_uid="1")
    two = Grid.regular((2, 2, 2), spacing_mm=(2.0,) * 3, frame_of_reference_uid="2")
    with pytest.raises(GeometryError, match="H15"):
        activity_on(Volume(np.ones((2, 2, 2)), one, Quantity.COUNTS), two)


def test_too_coarse_and_rotated_is_refused_not_lost() -> None:
    source = Grid.regular((30, 30, 30), spacing_mm=(0.5, 0.5, 0.5))
    volume = Volume(blob((30, 30, 30)), source, Quantity.COUNTS)
    coarse = Grid.regular((3, 3, 3), spacing_mm=(20.0,) * 3, origin_mm=(-13.0,) * 3)
    with pytest.raises(QuantityError, match="finer voxels"):
        activity_on(volume, rotated(coarse, 10, 0))


# Points of a rotated voxel miss an edge by up to half their distance of 0.4 mm.
@pytest.mark.parametrize(("degrees", "rel"), [(0.0, 1e-5), (30.0, 0.015)])
def test_mass_is_kept_and_cover_known(degrees: float, rel: float) -> None:
    fine = Grid.regular((30, 30, 30), spacing_mm=(2.0, 1.0, 1.0))
    density = np.where(np.indices(fine.shape)[2] < 15, 0.26, 1.06)
    around = Grid.regular(
        (20, 14, 14), spacing_mm=(4.0, 4.0, 4.0), origin_mm=(-12.0, -12.0, -9.0)
    )
    grid = rotated(around, degrees, 0)
    mean, covered = mean_on(Volume(density, fine, Quantity.DENSITY), grid)
    mass_g = float((mean * covered).sum()) * grid.voxel_volume_ml
    assert mass_g == pytest.approx(density.sum() * fine.voxel_volume_ml, rel=rel)
    volume_ml = float(covered.sum()) * grid.voxel_volume_ml
    assert volume_ml == pytest.approx(30**3 * fine.voxel_volume_ml, rel=rel)
    # Where an edge voxel is covered in part, the mean is of that part.
    assert mean[covered > 0.01].min() >= 0.26 - 1e-6
    assert mean[covered < 1e-7].max() == 0
