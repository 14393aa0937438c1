"""Uptake of lesions against the IBSI's digital phantom, and against geometry."""

from pathlib import Path

import numpy as np
import pytest

from sirtdose.dosimetry.suv.diameter import diameters
from sirtdose.dosimetry.suv.lesion import lesion_uptake
from sirtdose.dosimetry.suv.peak import peaks
from sirtdose.dosimetry.suv.reference import drawn_reference, placed_liver
from sirtdose.errors import StructureError
from sirtdose.model.grid import Grid
from sirtdose.model.role import Role
from sirtdose.model.structure import Structure
from sirtdose.model.volume import Quantity, Volume
from sirtdose.validation.figures.uptake import ibsi_phantom


@pytest.fixture(scope="module")
def phantom() -> Volume:
    return ibsi_phantom()[0]


@pytest.fixture(scope="module")
def region() -> Structure:
    return ibsi_phantom()[1]


def test_the_reference_values_of_the_ibsi(phantom: Volume, region: Structure) -> None:
    found = lesion_uptake(phantom, region, fixed={}, relative={})
    # As its manual prints them: mean 2.15, maximum 6, volume by voxels 592 mm3, local
    # and global intensity peak 2.6 and 3.1.
    assert round(found.mean, 2) == 2.15
    assert found.maximum == 6
    assert found.volume_ml == pytest.approx(0.592)
    assert round(found.peaks.at_maximum.value, 1) == 2.6
    assert round(found.peaks.anywhere.value, 1) == 3.1


def test_the_phantom_is_that_of_the_file(
    real_images: Path, phantom: Volume, region: Structure
) -> None:
    import nibabel

    for name, own in (("phantom", phantom.data), ("mask", region.occupancy)):
        image = nibabel.load(real_images / "ibsi_digital" / f"{name}.nii.gz")
        np.testing.assert_array_equal(np.asarray(image.dataobj).T, own)


def ball(grid: Grid, center_mm: tuple[float, ...], radius_mm: float) -> Structure:
    places = grid.world_mm(np.argwhere(np.ones(grid.shape, bool)))
    near = np.linalg.norm(places - center_mm, axis=1) <= radius_mm
    return Structure.named("Tumor", near.reshape(grid.shape), grid)


def test_a_peak_between_voxels_is_where_the_tumor_is() -> None:
    grid = Grid.regular((15, 17, 16), spacing_mm=(4.0, 5.0, 4.5))
    places = grid.world_mm(np.argwhere(np.ones(grid.shape, bool)))
    # Centered a third of a voxel off: a paraboloid, whose mean over a sphere of radius
    # r is that at its center less 3/5 of r2 times its curvature. Between voxels lines
    # run below it, by a sixth of each spacing's square on the average.
    center = grid.world_mm([7.0 + 1 / 3, 8.0 - 1 / 4, 8.0 + 1 / 3])
    square = ((places - center) ** 2).sum(axis=1)
    volume = Volume((9 - 0.01 * square).reshape(grid.shape), grid, Quantity.SUV)
    tumor = ball(grid, tuple(center), 20.0)
    found = peaks(volume, tumor)
    exact = 9 - 0.01 * (0.6 * 6.2035**2 + (4**2 + 5**2 + 4.5**2) / 6)
    assert found.between.value == pytest.approx(exact, abs=0.01)
    assert np.linalg.norm(found.between.center_mm - center) < 1.0
    assert found.at_maximum.value <= found.anywhere.value


def test_a_spike_outside_the_hottest_region_moves_the_peak_around_it() -> None:
    """Why one definition must be primary: noise draws the maximum aside."""
    grid = Grid.regular((12, 12, 30), spacing_mm=(4.0, 4.0, 4.0))
    values = np.full(grid.shape, 2.0)
    values[3:9, 3:9, 18:26] = 8.0
    values[6, 6, 5] = 9.0
    volume = Volume(values, grid, Quantity.SUV)
    tumor = Structure.named("Tumor", np.ones(grid.shape, bool), grid)
    found = peaks(volume, tumor)
    assert found.anywhere.value == pytest.approx(8.0)
    # One voxel of 9 and 18 of 2 within 6.2 mm: 19 voxels.
    assert found.at_maximum.value == pytest.approx((9 + 18 * 2) / 19)


def test_a_peak_at_the_edge_of_the_image_counts_what_is_there() -> None:
    grid = Grid.regular((6, 6, 6), spacing_mm=(4.0, 4.0, 4.0))
    values = np.ones(grid.shape)
    values[0, 0, 0] = 5.0
    tumor = Structure.named("Tumor", values > 4, grid)
    found = peaks(Volume(values, grid, Quantity.SUV), tumor)
    # Itself, 3 neighbors of a face and 3 of an edge are in the image.
    assert found.anywhere.value == pytest.approx((5 + 6) / 7)


def test_a_lesion_smaller_than_a_voxel_cannot_be_measured() -> None:
    grid = Grid.regular((3, 4, 5), spacing_mm=(4.0, 4.0, 4.0))
    part = np.zeros(grid.shape, np.float32)
    part[1, 1, 1] = 0.3
    tumor = Structure("Tumor 4", Role.TUMOR, part, grid)
    volume = Volume(np.ones(grid.shape), grid, Quantity.SUV)
    with pytest.raises(StructureError, match=r"'Tumor 4' \(0.019 mL\) fills no voxel"):
        peaks(volume, tumor)


def test_volumes_at_thresholds_count_voxels_by_their_part() -> None:
    grid = Grid.regular((1, 2, 4), spacing_mm=(10.0, 10.0, 10.0))
    values = np.array([[[1, 2, 3, 4], [5, 6, 7, 8]]], float)
    part = np.full(grid.shape, 0.5, np.float32)
    part[0, 1] = 1.0
    tumor = Structure("T", Role.TUMOR, part, grid)
    found = lesion_uptake(
        Volume(values, grid, Quantity.SUV),
        tumor,
        fixed={"4": 4.0},
        relative={"half": 0.5},
    )
    # 4 (half), 5, 6, 7, 8: 4.5 mL with (2 + 5 + 6 + 7 + 8) / 4.5.
    for name in ("4", "half"):
        assert found.above[name].volume_ml == pytest.approx(4.5)
        assert found.above[name].mean == pytest.approx(28 / 4.5)
        assert found.above[name].glycolysis == pytest.approx(28)
    assert found.mean == pytest.approx((0.5 * 10 + 26) / 6)


def test_diameters_of_an_ellipse_in_its_plane() -> None:
    grid = Grid.regular((3, 120, 160), spacing_mm=(5.0, 0.5, 0.5))
    y, x = np.mgrid[:120, :160] * 0.5
    turn = np.radians(31)
    u = (x - 40) * np.cos(turn) + (y - 30) * np.sin(turn)
    v = -(x - 40) * np.sin(turn) + (y - 30) * np.cos(turn)
    mask = np.zeros(grid.shape, bool)
    mask[1] = (u / 24) ** 2 + (v / 13) ** 2 <= 1
    mask[2, 50:56, 60:66] = True
    found = diameters(Structure.named("T", mask, grid))
    assert found.plane == 1
    # Axes of 48 and 26 mm; between corners up to a voxel more, between centers less.
    assert found.longest_mm == pytest.approx(48.3, abs=0.5)
    assert found.longest_centers_mm == pytest.approx(47.8, abs=0.5)
    assert found.short_mm == pytest.approx(26.3, abs=0.5)
    assert found.short_centers_mm == pytest.approx(25.8, abs=0.5)
    assert found.longest_centers_mm < found.longest_mm


def test_a_single_voxel_has_its_own_diagonal_and_no_length_between_centers() -> None:
    grid = Grid.regular((1, 2, 2), spacing_mm=(5.0, 3.0, 4.0))
    mask = np.zeros(grid.shape, bool)
    mask[0, 0, 0] = True
    found = diameters(Structure.named("T", mask, grid))
    assert found.longest_mm == pytest.approx(5.0)
    # Across a diagonal of 5 the longest line is to the sides of both triangles.
    assert found.short_mm == pytest.approx(3.75)
    assert (found.longest_centers_mm, found.short_centers_mm) == (0, 0)


def liver_case() -> tuple[Volume, Structure]:
    grid = Grid.regular((30, 40, 60), spacing_mm=(4.0, 4.0, 4.0))
    liver = np.zeros(grid.shape, bool)
    liver[5:25, 6:34, 4:56] = True
    # Uptake grows from the patient's right, the first column, to the left.
    values = np.broadcast_to(np.linspace(1, 3, 60), grid.shape)
    return Volume(values, grid, Quantity.SUV), Structure(
        "Liver", Role.LIVER, liver, grid
    )


def test_the_liver_sphere_is_in_the_right_half_away_from_tumors() -> None:
    volume, liver = liver_case()
    free = placed_liver(volume, liver, [])
    assert free is not None
    assert free.center_mm is not None
    assert free.center_mm[0] <= 118
    # Points of a cubic lattice within 15 mm / 4 mm: sums of three squares up to 14.
    assert free.voxels == 251
    assert free.mean == pytest.approx(1 + 2 * free.center_mm[0] / 4 / 59, abs=1e-3)
    tumor = ball(volume.grid, (70.0, 80.0, 56.0), 22.0)
    away = placed_liver(volume, liver, [tumor])
    assert away is not None
    assert away.center_mm is not None
    apart = np.linalg.norm(np.array(away.center_mm) - (70.0, 80.0, 56.0))
    assert apart >= 22 + 10 + 15 - 4


def test_no_room_for_a_liver_sphere() -> None:
    volume, liver = liver_case()
    assert placed_liver(volume, liver, [liver]) is None
    thin = np.zeros(volume.grid.shape, bool)
    thin[5:11] = True
    small = Structure("Liver", Role.LIVER, thin, volume.grid)
    assert placed_liver(volume, small, []) is None


def test_a_drawn_reference() -> None:
    grid = Grid.regular((1, 1, 4), spacing_mm=(4.0, 4.0, 4.0))
    volume = Volume(np.array([[[1.0, 2.0, 3.0, 9.0]]]), grid, Quantity.SUV)
    mask = np.array([[[True, True, True, False]]])
    found = drawn_reference(volume, Structure("Aorta", Role.OTHER, mask, grid))
    assert (found.mean, found.sd, found.voxels) == (2.0, 1.0, 3)


def test_a_tumor_beside_the_liver_keeps_its_margin() -> None:
    """Outside the liver's own box it is no less a lesion."""
    volume, _ = liver_case()
    grid = volume.grid
    flat = np.zeros(grid.shape, bool)
    flat[5:15, 6:34, 4:56] = True
    slab = Structure("Liver", Role.LIVER, flat, grid)
    beside = np.zeros(grid.shape, bool)
    beside[15:17] = True
    tumor = Structure("Tumor", Role.TUMOR, beside, grid)
    free, away = (placed_liver(volume, slab, some) for some in ([], [tumor]))
    assert free is not None
    assert away is not None
    # In the middle of 40 mm; then 15 mm from below and 25 mm from the tumor.
    assert free.center_mm is not None
    assert free.center_mm[2] == 36
    assert away.center_mm is not None
    assert away.center_mm[2] == 32


def test_a_peak_between_voxels_counts_nothing_outside_the_image() -> None:
    grid = Grid.regular((8, 9, 9), spacing_mm=(4.0, 4.0, 4.0))
    values = np.ones(grid.shape)
    values[0, 4, 4] = 20.0
    tumor = Structure.named("Tumor", values > 4, grid)
    volume = Volume(values, grid, Quantity.SUV)
    # Doubled by its mirror image the same voxel is seen whole: as much in each half.
    whole = np.concatenate([values[:0:-1], values])
    double = Grid.regular(whole.shape, spacing_mm=(4.0, 4.0, 4.0))
    both = Structure.named("Tumor", whole > 4, double)
    half = peaks(volume, tumor).between.value
    full = peaks(Volume(whole, double, Quantity.SUV), both).between.value
    assert full < half < 1.75 * full


def test_diameters_of_any_shape_are_those_of_all_its_voxels() -> None:
    from scipy.spatial.distance import pdist

    rng = np.random.default_rng(3)
    for _ in range(20):
        spacing = rng.uniform(0.5, 4, 3)
        mask = np.zeros((1, *rng.integers(3, 12, 2)), bool)
        mask[0] = rng.random(mask.shape[1:]) > 0.6
        mask[0, 1, 1:3] = True
        grid = Grid.regular(mask.shape, spacing_mm=tuple(spacing))
        found = diameters(Structure.named("T", mask, grid))
        places = np.argwhere(mask[0])
        assert found.longest_centers_mm == pytest.approx(
            pdist(places * spacing[1:]).max()
        )
        corners = [places + np.array([a, b]) for a in (0, 1) for b in (0, 1)]
        every = np.concatenate(corners) * spacing[1:]
        assert found.longest_mm == pytest.approx(pdist(every).max())
