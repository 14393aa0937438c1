"""The blur of an image on a point, by its formula."""

import numpy as np
import pytest

from sirtdose.dosimetry.image.blur import Blur
from sirtdose.dosimetry.image.partial_volume import iterative_yang
from sirtdose.model.grid import Grid


def peak(sigma: float) -> float:
    """A Gaussian's density at its middle."""
    return float((2 * np.pi * sigma**2) ** -1.5)


def test_edges_that_overshoot() -> None:
    """1.3 of a Gaussian of 3 voxels, less 0.3 of one that is sqrt(3) times as wide."""
    grid = Grid.regular((61, 61, 61), spacing_mm=(1.0, 1.0, 1.0))
    point = np.zeros(grid.shape, np.float32)
    point[30, 30, 30] = 1.0
    blur = Blur.on(grid, (3 * 2.354820,) * 3, edges=(0.3, 2))
    seen = blur.local(point)
    assert seen.sum() == pytest.approx(1.0, abs=1e-4)
    middle = 1.3 * peak(3.0) - 0.3 * peak(3.0 * 3**0.5)
    assert seen[30, 30, 30] == pytest.approx(middle, rel=2e-3)
    assert blur(point)[30, 30, 30] == pytest.approx(middle, rel=2e-3)
    tailed = Blur.on(
        grid,
        (3 * 2.354820,) * 3,
        tail_fraction=0.1,
        tail_fwhm_mm=30.0,
        edges=(0.3, 2),
    )
    wide = peak(30.0 / 2.354820)
    assert tailed(point)[30, 30, 30] == pytest.approx(
        0.9 * middle + 0.1 * wide, rel=0.01
    )
    assert tailed.scaled(2.0).edge == 0.3


def test_what_overshoots_is_undone_by_the_same_edges() -> None:
    """A ball of 5 in 1, of 10 voxels across: each is found; without edges, too much."""
    grid = Grid.regular((41, 41, 41), spacing_mm=(2.0, 2.0, 2.0))
    z, y, x = np.indices(grid.shape) - 20
    ball = (z**2 + y**2 + x**2 < 25).astype(np.float32)
    blur = Blur.on(grid, (10.0, 10.0, 12.0), edges=(0.4, 2))
    image = blur(1 + 4 * ball)
    regions = [ball, 1 - ball]
    tumor, around = iterative_yang(image, regions, blur, tumors=1).concentrations
    assert (tumor, around) == pytest.approx((5.0, 1.0), rel=1e-3)
    plain = Blur.on(grid, (10.0, 10.0, 12.0))
    assert iterative_yang(image, regions, plain, tumors=1).concentrations[0] > 5.3
