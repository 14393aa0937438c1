import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from sirtdose.errors import GeometryError
from sirtdose.model.grid import Grid, to_lps
from sirtdose.model.volume import Volume

AXIAL = Grid.regular((5, 7, 9), spacing_mm=(4.0, 2.5, 1.5), origin_mm=(-40, 17, 230))


def test_a_known_corner_is_where_it_should_be() -> None:
    assert AXIAL.world_mm((1, 2, 3)).tolist() == [-40 + 4.5, 17 + 5, 230 + 4]
    assert AXIAL.spacing_mm == (4.0, 2.5, 1.5)
    assert AXIAL.voxel_volume_ml == pytest.approx(0.015)
    assert AXIAL.right_handed


def test_index_undoes_world(oriented: Volume) -> None:
    index = np.array([[0, 0, 0], [4, 6, 8], [1.25, 3.5, 7.75]])
    back = oriented.grid.index(oriented.grid.world_mm(index))
    np.testing.assert_allclose(back, index, atol=1e-9)


def test_a_slice_step_to_the_feet_is_left_handed() -> None:
    affine = AXIAL.affine_mm.copy()
    affine[2, 0] = -4
    assert not Grid(AXIAL.shape, affine).right_handed


@pytest.mark.parametrize(
    ("change", "says"),
    [
        (lambda a: a.__setitem__((0, 0), np.nan), "finite"),
        (lambda a: a.__setitem__((slice(0, 3), 0), 0), "above 0"),
        (lambda a: a.__setitem__((1, 0), 1.0), "right angles"),
        (lambda a: a.__setitem__((3, 0), 1.0), "last row"),
    ],
)
def test_what_is_no_grid_is_refused(change: object, says: str) -> None:
    affine = AXIAL.affine_mm.copy()
    change(affine)  # type: ignore[operator]
    with pytest.raises(GeometryError, match=says):
        Grid((5, 7, 9), affine)


def test_an_empty_shape_is_refused() -> None:
    with pytest.raises(GeometryError, match="at least one voxel"):
        Grid((0, 7, 9), np.eye(4))


def test_frames_of_reference() -> None:
    def framed(uid: str | None) -> Grid:
        return Grid(AXIAL.shape, AXIAL.affine_mm, uid)

    assert framed("1.2").matches(framed("1.2"))
    assert framed("1.2").matches(framed(None))
    assert not framed("1.2").matches(framed("1.3"))
    with pytest.raises(GeometryError, match="H15"):
        framed("1.2").require_frame(framed("1.3"), what="the CT")


def test_a_single_voxel_of_another_size_does_not_match() -> None:
    one = Grid.regular((1, 1, 1), spacing_mm=(2.0, 2.0, 2.0))
    other = Grid.regular((1, 1, 1), spacing_mm=(4.0, 4.0, 4.0))
    assert not one.matches(other)


@given(st.tuples(*[st.integers(-20, 20)] * 3))
def test_a_crop_knows_where_it_came_from(start: tuple[int, int, int]) -> None:
    box = tuple(slice(a, a + 3) for a in start)
    assert AXIAL.crop(box).offset_in(AXIAL) == start  # type: ignore[arg-type]


def test_another_lattice_has_no_offset() -> None:
    moved = AXIAL.affine_mm.copy()
    moved[0, 3] += 0.7
    assert Grid(AXIAL.shape, moved).offset_in(AXIAL) is None


def test_axis_map_tells_permuted_from_oblique(oriented: Volume) -> None:
    axes = AXIAL.axis_map(oriented.grid)
    across = np.linalg.inv(oriented.grid.affine_mm[:3, :3]) @ AXIAL.affine_mm[:3, :3]
    if axes is None:
        assert (np.abs(across) > 0.05).sum() > 3
    else:
        for axis, other in enumerate(axes):
            assert np.flatnonzero(np.abs(across[:, axis]) > 1e-9).tolist() == [other]


def test_column_row_slice_affine_becomes_array_order() -> None:
    ijk = np.array([[1.5, 0, 0, -40], [0, 2.5, 0, 17], [0, 0, 4, 230], [0, 0, 0, 1]])
    shape, affine = to_lps(ijk, (9, 7, 5))
    assert Grid(shape, affine).matches(AXIAL)
