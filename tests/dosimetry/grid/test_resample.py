import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from sirtdose.dosimetry.grid.resample import occupancy_by_slabs, occupancy_on
from sirtdose.errors import GeometryError, StructureError
from sirtdose.model.grid import Grid
from sirtdose.model.structure import Structure
from sirtdose.model.volume import Volume

COARSE = Grid.regular(
    (30, 32, 36), spacing_mm=(4.8, 4.1, 3.7), origin_mm=(-60.0, -63.0, -71.0)
)


def sphere(
    radius_mm: float, affine: np.ndarray, shape: tuple[int, int, int]
) -> Structure:
    grid = Grid(shape, affine)
    index = np.stack(np.indices(shape), axis=-1)
    distance = np.linalg.norm(grid.world_mm(index) - [3.0, 2.0, -1.0], axis=-1)
    return Structure.named("Tumor", distance <= radius_mm, grid).cropped()


def fine(
    degrees: float = 0.0, spacing: tuple[float, ...] = (2.2, 0.9, 0.8)
) -> np.ndarray:
    """A fine lattice turned about z and x, its middle at the sphere."""
    c, s = np.cos(np.radians(degrees)), np.sin(np.radians(degrees))
    turn = np.array([[c, -s, 0], [s, c, 0], [0, 0, 1]])
    turn = turn @ np.array([[1, 0, 0], [0, c, -s], [0, s, c]])
    affine = np.eye(4)
    affine[:3, :3] = turn @ np.fliplr(np.diag(spacing[::-1]))
    affine[:3, 3] = np.array([3.0, 2.0, -1.0]) - affine[:3, :3] @ [18, 42, 45]
    return affine


def brute_force(structure: Structure, grid: Grid, points: int) -> np.ndarray:
    """Occupancy by many points in each voxel, one axis after another."""
    part = (np.arange(points) + 0.5) / points - 0.5
    total = np.zeros(grid.shape)
    corners = np.stack(np.indices((2, 2, 2)), axis=-1).reshape(-1, 3)
    ends = corners * structure.grid.shape - 0.5
    reached = grid.index(structure.grid.world_mm(ends))
    # Beyond a voxel's half of the structure's box there is nothing of it.
    first = np.maximum(np.floor(reached.min(axis=0)).astype(int) - 1, 0)
    last = np.minimum(np.ceil(reached.max(axis=0)).astype(int) + 1, grid.shape)
    box = tuple(slice(*one) for one in zip(first, last, strict=True))
    index = np.moveaxis(np.indices(grid.shape)[(slice(None), *box)], 0, -1)
    padded = np.pad(structure.occupancy, 1)
    for a in part:
        for b in part:
            for c in part:
                at = structure.grid.index(grid.world_mm(index + np.array([a, b, c])))
                at = np.rint(at).astype(int) + 1
                at = np.clip(at, 0, np.array(padded.shape) - 1)
                total[box] += padded[tuple(np.moveaxis(at, -1, 0))]
    return total / points**3


def full(structure: Structure, grid: Grid) -> np.ndarray:
    offset = structure.grid.offset_in(grid)
    assert offset is not None
    whole = np.zeros(grid.shape)
    whole[
        tuple(
            slice(a, a + n) for a, n in zip(offset, structure.grid.shape, strict=True)
        )
    ] = structure.occupancy
    return whole


@pytest.mark.parametrize("flip", [False, True])
def test_exact_overlap_is_what_many_points_converge_to(flip: bool) -> None:
    affine = fine()
    if flip:
        affine[:3, 3] += affine[:3, 0] * 36
        affine[:3, 0] *= -1
    mask = sphere(16, affine, (37, 85, 91))
    exact = full(occupancy_on(mask, COARSE), COARSE)
    errors = [np.abs(brute_force(mask, COARSE, n) - exact).max() for n in (2, 4, 12)]
    assert errors[0] > errors[1] > errors[2]
    assert errors[2] < 0.05
    assert exact.sum() * COARSE.voxel_volume_ml == pytest.approx(mask.volume_ml)


@pytest.mark.parametrize("degrees", [7.0, 30.0])
def test_oblique_grids_keep_the_volume(degrees: float) -> None:
    mask = sphere(16, fine(degrees), (37, 85, 91))
    moved = occupancy_on(mask, COARSE)
    assert moved.volume_ml == pytest.approx(mask.volume_ml, rel=3e-3)
    reference = brute_force(mask, COARSE, 10)
    assert np.abs(full(moved, COARSE) - reference).max() < 0.12


def test_nothing_changes_on_its_own_grid(oriented: Volume) -> None:
    rng = np.random.default_rng(1)
    mask = Structure.named("T", rng.random(oriented.grid.shape) > 0.7, oriented.grid)
    moved = occupancy_on(mask, oriented.grid)
    assert sorted(moved.values_in(oriented)[0]) == sorted(oriented.data[mask.occupancy])


def test_every_orientation_gives_the_same_volume(oriented: Volume) -> None:
    """A block in the middle of the field, whichever way the voxels run."""
    center = oriented.grid.world_mm((2, 3, 4))
    lattice = Grid.regular(
        (40, 40, 40),
        spacing_mm=(0.2, 0.2, 0.2),
        origin_mm=tuple(center - 3.9),  # type: ignore[arg-type]
    )
    block = Structure.named("T", np.ones((40, 40, 40), bool), lattice)
    moved = occupancy_on(block, oriented.grid)
    assert moved.volume_ml == pytest.approx(0.512, rel=0.02)


def test_center_sampling_takes_voxels_whole() -> None:
    mask = sphere(16, fine(), (37, 85, 91))
    center = occupancy_on(mask, COARSE, sampling="center")
    assert set(np.unique(center.occupancy)) == {0.0, 1.0}
    index = np.stack(np.indices(COARSE.shape), axis=-1)
    distance = np.linalg.norm(COARSE.world_mm(index) - [3.0, 2.0, -1.0], axis=-1)
    # All but voxels within a fine voxel of the surface must agree with the sphere.
    clear = np.abs(distance - 16) > 2.2
    assert ((full(center, COARSE) > 0) == (distance <= 16))[clear].all()


@given(st.tuples(*[st.floats(-8, 8)] * 3))
def test_shifts_keep_the_volume(shift: tuple[float, float, float]) -> None:
    affine = fine()
    affine[:3, 3] += shift
    block = Structure.named("T", np.ones((9, 11, 13), bool), Grid((9, 11, 13), affine))
    assert occupancy_on(block, COARSE).volume_ml == pytest.approx(block.volume_ml)


def test_partly_outside_keeps_what_is_inside() -> None:
    grid = Grid.regular((2, 2, 4), spacing_mm=(10.0, 10.0, 10.0))
    beyond = Grid.regular(
        (2, 2, 4), spacing_mm=(10.0, 10.0, 10.0), origin_mm=(25.0, 0.0, 0.0)
    )
    block = Structure.named("T", np.ones((2, 2, 4), bool), beyond)
    assert occupancy_on(block, grid).volume_ml == pytest.approx(16 * 1.5 / 4)


def test_outside_empty_and_foreign_are_refused() -> None:
    far = fine()
    far[:3, 3] += 500
    block = np.ones((4, 4, 4), bool)
    with pytest.raises(StructureError, match="completely outside the image"):
        occupancy_on(Structure.named("T", block, Grid((4, 4, 4), far)), COARSE)
    with pytest.raises(StructureError, match="'T' is empty"):
        occupancy_on(Structure.named("T", ~block, Grid((4, 4, 4), fine())), COARSE)
    ours = Grid(COARSE.shape, COARSE.affine_mm, "1.2.3")
    theirs = Structure.named("T", block, Grid((4, 4, 4), fine(), "1.2.4"))
    with pytest.raises(GeometryError, match="another frame of reference"):
        occupancy_on(theirs, ours)


@pytest.mark.parametrize("turned", [(0, 1, 2), (2, 0, 1), (1, 2, 0)])
def test_the_overlap_is_the_product_of_three_on_any_size(
    turned: tuple[int, int, int],
) -> None:
    random = np.random.default_rng(3)
    mask = random.random((31, 40, 57)) < 0.4
    # Two planes alike and one empty, as contours give them.
    mask[7], mask[20] = mask[6], False
    fine = Grid.regular(mask.shape, spacing_mm=(0.7, 0.5, 0.6), origin_mm=(1, 2, 3))
    affine = fine.affine_mm[:, [*turned, 3]] @ np.diag([2.3, -1.9, 3.1, 1])
    start = np.full(3, -1.7)
    start[turned[1]] += mask.shape[turned[1]]
    affine[:3, 3] = fine.world_mm(start)
    grid = Grid((40, 40, 40), affine)
    found = occupancy_on(Structure.named("Liver", mask, fine), grid)
    weights = []
    to_fine = np.linalg.inv(fine.affine_mm) @ found.grid.affine_mm
    for axis, source in enumerate(turned):
        ends = to_fine[source, 3] + to_fine[source, axis] * (
            np.arange(found.grid.shape[axis])[:, None] + (-0.5, 0.5)
        )
        edges = np.arange(mask.shape[source] + 1) - 0.5
        low = np.maximum(ends.min(axis=1)[:, None], edges[:-1])
        high = np.minimum(ends.max(axis=1)[:, None], edges[1:])
        weights.append(np.clip(high - low, 0, None) / np.ptp(ends, axis=1)[:, None])
    whole = mask.transpose(turned) * 1.0
    expected = np.einsum("ai,bj,ck,ijk->abc", *weights, whole, optimize=True)
    np.testing.assert_allclose(found.occupancy, expected, atol=1e-6)


def test_slabs_are_the_whole_in_pieces() -> None:
    inside = np.random.default_rng(3).random((50, 9, 14)) > 0.4
    # A gap, in which slabs of the finer grid hold nothing.
    inside[20:38] = False
    drawn = Grid.regular((50, 9, 14), spacing_mm=(2.0, 1.5, 1.1), origin_mm=(3, 4, 5))
    mask = Structure.named("Lungs", inside, drawn)
    finer = Grid.regular((90, 20, 23), spacing_mm=(1.3, 0.7, 0.8), origin_mm=(2, 4, -6))
    whole, placed = occupancy_on(mask, finer), np.zeros(finer.shape)
    slabs = list(occupancy_by_slabs(mask, finer))
    for slab in slabs:
        placed[slab.box_on(finer)] += slab.occupancy
    assert len(slabs) > 3
    assert np.array_equal(placed[whole.box_on(finer)], whole.occupancy)
    assert np.count_nonzero(placed) == np.count_nonzero(whole.occupancy)


def test_slabs_of_what_lies_outside_are_refused() -> None:
    mask = Structure.named(
        "Lungs",
        np.ones((2, 3, 4), bool),
        Grid.regular((2, 3, 4), spacing_mm=(1.0, 1.0, 1.0), origin_mm=(500, 0, 0)),
    )
    there = Grid.regular((3, 4, 5), spacing_mm=(3.0, 2.0, 1.0))
    with pytest.raises(StructureError, match="outside the image"):
        list(occupancy_by_slabs(mask, there))
