import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from skimage.measure import points_in_poly

from sirtdose.errors import StructureError
from sirtdose.io.dicom.contour_fill import common_frame, even_odd_fill, fill


@given(st.integers(0, 10_000), st.integers(3, 12))
def test_agrees_with_another_point_in_polygon_test(seed: int, corners: int) -> None:
    rng = np.random.default_rng(seed)
    polygon = rng.uniform(-3, 23, (corners, 2))
    rows, columns = np.indices((17, 21))
    points = np.column_stack([rows.ravel(), columns.ravel()])
    expected = points_in_poly(points, polygon).reshape(17, 21)
    np.testing.assert_array_equal(even_odd_fill([polygon], (17, 21)), expected)


def test_an_island_in_a_hole_is_inside() -> None:
    def ring(half: float) -> np.ndarray:
        return np.array([[-half, -half], [-half, half], [half, half], [half, -half]])

    nested = [ring(h) + 10.2 for h in (9, 6, 3)]
    filled = even_odd_fill(nested, (21, 21))
    assert filled[10, 10]
    assert not filled[10, 15]
    assert filled[10, 18]
    assert filled.sum() == 18**2 - 12**2 + 6**2


def test_outside_the_grid_is_cut_off() -> None:
    wide = np.array([[-50.0, -50.0], [-50, 50], [50, 50], [50, -50]])
    assert even_odd_fill([wide], (4, 6)).all()


def box(places: list[float], half: float = 10.0) -> list[np.ndarray]:
    corners = np.array([[-half, -half], [half, -half], [half, half], [-half, half]])
    return [np.column_stack([corners, np.full(4, z)]) for z in places]


def volume_ml(structures: dict[str, list[np.ndarray]], name: str) -> tuple[float, str]:
    frame = common_frame([c for cs in structures.values() for c in cs], "test")
    mask, grid, remarks = fill(
        structures[name], frame, name=name, frame_of_reference_uid=None
    )
    return float(mask.sum()) * grid.voxel_volume_ml, " ".join(remarks)


TUMOR = [3.0 * k for k in range(6)]


@pytest.mark.parametrize(
    ("places", "expected_ml"),
    [
        (TUMOR, 400 * 18 / 1000),
        ([6.0 * k for k in range(6)], 400 * 36 / 1000),
        ([0.0, 3.0, 6.0, 12.0, 15.0, 18.0], 400 * 21 / 1000),
        ([1.5 + 3.0 * k for k in range(6)], 400 * 18 / 1000),
    ],
    ids=["every plane", "every other plane", "one missing", "between planes"],
)
@pytest.mark.parametrize("beside", [None, [6.0 * k for k in range(9)], TUMOR])
def test_a_structure_does_not_change_with_what_else_is_in_the_file(
    places: list[float], expected_ml: float, beside: list[float] | None
) -> None:
    drawn = {"T": box(places)} | ({"other": box(beside)} if beside else {})
    volume, _ = volume_ml(drawn, "T")
    assert volume == pytest.approx(expected_ml, rel=0.03)


def test_on_common_planes_volumes_are_exact() -> None:
    drawn = {"T": box(TUMOR), "every other": box([6.0 * k for k in range(9)])}
    assert volume_ml(drawn, "T")[0] == pytest.approx(7.2)
    assert volume_ml(drawn, "every other")[0] == pytest.approx(400 * 54 / 1000)


def test_missing_contours_are_filled_and_said_and_a_real_gap_is_left() -> None:
    missing = volume_ml({"T": box([0.0, 3.0, 6.0, 12.0, 15.0, 18.0])}, "T")
    assert missing[1].startswith("contours are missing from 6.0 to 12.0 mm")
    assert missing[1].endswith("filled")
    parted = volume_ml({"T": box([0.0, 3.0, 6.0, 30.0, 33.0, 36.0])}, "T")
    assert parted[0] == pytest.approx(400 * 18 / 1000)
    assert parted[1].endswith("left empty")


def test_one_plane_is_as_thick_as_the_file_says() -> None:
    volume, said = volume_ml({"T": box([6.0]), "other": box(TUMOR)}, "T")
    assert volume == pytest.approx(400 * 3 / 1000)
    assert "drawn on one plane: 3.00 mm thick" in said


def test_contours_no_patient_can_hold_are_refused() -> None:
    wild = box(TUMOR)
    wild[0] = wild[0] * [1e8, 1e8, 1]
    with pytest.raises(StructureError, match=r"'T' spans .* mm"):
        volume_ml({"T": wild}, "T")
