import numpy as np
from hypothesis import given
from hypothesis import strategies as st
from skimage.measure import points_in_poly

from sirtdose.io.contour_fill import even_odd_fill


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
