"""Uptake by region: the same on every grid and at every point, sharp at borders."""

import numpy as np
import pytest

from sirtdose.dosimetry.histogram.points import points_in
from sirtdose.dosimetry.image.blur import Blur
from sirtdose.dosimetry.image.partial_volume import iterative_yang
from sirtdose.dosimetry.image.regional_uptake import RegionalUptake
from sirtdose.dosimetry.image.uptake_regions import uptake_regions
from sirtdose.errors import GeometryError, RangeError
from sirtdose.model.grid import Grid
from sirtdose.model.role import Role
from sirtdose.model.structure import Structure
from sirtdose.model.volume import Quantity, Volume

GRID = Grid.regular((20, 26, 24), spacing_mm=(5.0, 4.0, 4.5), origin_mm=(-50, 10, 7))
FINE = Grid.regular(
    (100, 104, 108), spacing_mm=(1.0, 1.0, 1.0), origin_mm=(-52, 8.5, 5)
)
CENTER, RADIUS_MM = (2.0, 59.0, 52.0), 12.0
IN_TUMOR, IN_LIVER = 9.0, 2.0


def within(grid: Grid, radius_mm: float) -> np.ndarray:
    points = grid.world_mm(np.moveaxis(np.indices(grid.shape), 0, -1))
    return np.linalg.norm(points - CENTER, axis=-1) <= radius_mm


@pytest.fixture(scope="module")
def structures() -> list[Structure]:
    return [
        Structure("Liver", Role.LIVER, within(FINE, 36.0), FINE),
        Structure("Tumor", Role.TUMOR, within(FINE, RADIUS_MM), FINE),
    ]


@pytest.fixture(scope="module")
def uptake(structures: list[Structure]) -> RegionalUptake:
    """A tumor of 9 counts in a voxel, in a liver of 2, in nothing."""
    regions = uptake_regions(structures, GRID, 12.0)
    values = {"Tumor": IN_TUMOR, "liver": IN_LIVER, "background": 0.0}
    shape = regions.parts[0].shape
    fields = tuple(np.full(shape, values[name], np.float32) for name in regions.names)
    image = Volume(np.zeros(GRID.shape), GRID, Quantity.COUNTS)
    return RegionalUptake(image, regions, fields)


def counts(structures: list[Structure]) -> float:
    """What both hold, by their own volumes."""
    liver, tumor = (one.volume_ml for one in structures)
    return (tumor * IN_TUMOR + (liver - tumor) * IN_LIVER) / GRID.voxel_volume_ml


@pytest.mark.parametrize(
    "grid",
    [
        GRID,
        Grid.regular(
            (40, 78, 48), spacing_mm=(2.5, 4 / 3, 2.25), origin_mm=(-51, 9, 6)
        ),
        Grid.regular((34, 38, 40), spacing_mm=(3.0, 3.0, 3.0), origin_mm=(-55, 5, 3)),
    ],
)
def test_no_grid_gains_or_loses(
    uptake: RegionalUptake, structures: list[Structure], grid: Grid
) -> None:
    found = uptake.on(grid)
    assert found.grid.matches(grid)
    assert found.total() == pytest.approx(counts(structures), rel=1e-4)
    # A voxel in the middle of the tumor holds nothing else.
    middle = tuple(np.rint(grid.index(CENTER)).astype(int))
    scale = grid.voxel_volume_ml / GRID.voxel_volume_ml
    assert found.data[middle] == pytest.approx(IN_TUMOR * scale)


def test_concentrations_do_not_add_up(uptake: RegionalUptake) -> None:
    image = Volume(np.zeros(GRID.shape), GRID, Quantity.ACTIVITY_CONCENTRATION)
    fine = uptake.image.grid.crop(uptake.regions.box)
    there = Grid.regular((60, 60, 60), spacing_mm=(1.5,) * 3, origin_mm=(-42, 15, 8))
    found = RegionalUptake(image, uptake.regions, uptake.fields).on(there)
    middle = tuple(np.rint(there.index(CENTER)).astype(int))
    assert found.data[middle] == pytest.approx(IN_TUMOR)
    assert fine.voxel_volume_ml != there.voxel_volume_ml


def test_a_border_is_where_it_was_drawn(uptake: RegionalUptake) -> None:
    """Half a millimeter to either side of it, whatever the image's voxels are."""
    ways = np.random.default_rng(2).standard_normal((200, 3))
    ways /= np.linalg.norm(ways, axis=1)[:, None]
    inside = uptake.at(CENTER + (RADIUS_MM - 1.0) * ways)
    outside = uptake.at(CENTER + (RADIUS_MM + 1.0) * ways)
    assert set(inside.round(4)) == {IN_TUMOR}
    assert set(outside.round(4)) == {IN_LIVER}


def test_points_stand_for_the_structure(
    uptake: RegionalUptake, structures: list[Structure]
) -> None:
    liver, tumor = structures
    for structure, expected in (
        (tumor, IN_TUMOR),
        (liver, counts(structures) * GRID.voxel_volume_ml / liver.volume_ml),
    ):
        points, volume = points_in(structure, count=50_000)
        assert volume.sum() == pytest.approx(structure.volume_ml)
        mean = (uptake.at(points) * volume).sum() / volume.sum()
        assert mean == pytest.approx(expected, rel=2e-3)
    # Few points of a large structure lie all over it.
    few, _ = points_in(liver, count=300)
    assert np.linalg.norm(few.mean(axis=0) - CENTER) < 3.0


def test_another_unit_by_voxel(uptake: RegionalUptake) -> None:
    gain = np.full(GRID.shape, 0.5)
    found = uptake.times(gain, Quantity.ACTIVITY)
    assert found.image.quantity is Quantity.ACTIVITY
    assert found.at(np.array([CENTER]))[0] == pytest.approx(IN_TUMOR / 2)


def test_a_tail_is_undone_where_it_is_known() -> None:
    """A twelfth of the counts far away: without it the sphere is too cold."""
    z, y, x = np.indices((31, 33, 35))
    inside = (z - 15) ** 2 + (y - 16) ** 2 + (x - 17) ** 2 <= 25
    regions = [inside.astype(np.float32), 1 - inside.astype(np.float32)]
    grid = Grid.regular((31, 33, 35), spacing_mm=(4.0, 4.0, 4.0))
    seen = Blur.on(grid, (14.0,) * 3, tail_fraction=1 / 12, tail_fwhm_mm=50.0)
    image = seen(1 * regions[1] + 6 * regions[0])
    right = iterative_yang(image, regions, seen).concentrations
    core = iterative_yang(image, regions, Blur.on(grid, (14.0,) * 3)).concentrations
    assert right == pytest.approx((6.0, 1.0), rel=0.01)
    assert core[0] < 5.8


def test_a_ratio_finer_than_the_blur_is_noise() -> None:
    """Noise of every voxel widens a tumor's histogram less, and moves no mean."""
    rng = np.random.default_rng(4)
    grid = Grid.regular((25, 26, 27), spacing_mm=(4.5, 4.0, 4.2))
    z, y, x = np.indices(grid.shape)
    inside = (z - 12) ** 2 + (y - 13) ** 2 + (x - 13) ** 2 <= 30
    regions = [inside.astype(np.float32), 1 - inside.astype(np.float32)]
    blur = Blur.on(grid, (14.0, 14.0, 16.0))
    image = rng.poisson(40 * blur(regions[1] + 6 * regions[0])).astype(np.float32)
    plain = iterative_yang(image, regions, blur).fields[0][inside]
    smoothed = iterative_yang(image, regions, blur, tumors=1).fields[0][inside]
    assert smoothed.std() < plain.std() / 2
    assert smoothed.mean() == pytest.approx(plain.mean(), rel=0.01)


@pytest.mark.parametrize(
    ("fwhm_mm", "tail", "message"),
    [
        ((0.0, 5.0, 5.0), {}, "each above 0"),
        ((5.0, 5.0), {}, "give one or three"),
        ((15.0,) * 3, {"tail_fraction": 0.6, "tail_fwhm_mm": 60.0}, "at most 50 %"),
        ((15.0,) * 3, {"tail_fraction": 0.1, "tail_fwhm_mm": 15.0}, "wider than"),
    ],
)
def test_widths_that_no_camera_has(
    fwhm_mm: tuple[float, ...], tail: dict[str, float], message: str
) -> None:
    with pytest.raises(RangeError, match=message):
        Blur.on(GRID, fwhm_mm, **tail)


def test_three_widths_need_an_upright_image() -> None:
    affine = GRID.affine_mm.copy()
    turn = np.array([[0.8, -0.6, 0], [0.6, 0.8, 0], [0, 0, 1]])
    affine[:3, :3] = turn @ affine[:3, :3]
    oblique = Grid(GRID.shape, affine)
    assert Blur.on(oblique, (15.0,) * 3).tail == 0
    with pytest.raises(GeometryError, match="give a single FWHM"):
        Blur.on(oblique, (14.0, 15.0, 16.0))
