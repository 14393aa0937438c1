"""Images between voxels, against scipy, which is what pictures were made with."""

import subprocess
import sys

import numpy as np
import pytest
from numpy.typing import NDArray
from scipy import ndimage

from sirtdose.model.grid import Grid
from sirtdose.report.sampling import blurred, sample, sampled

_TO_DATA = {
    "along": np.diag([0.45, -0.8, 1.3]),
    "turned": np.array([[0, 0, 0.45], [-0.8, 0, 0], [0, 1.3, 0]]),
    "oblique": np.array([[0.36, -0.48, 0], [0.27, 0.64, 0], [0, 0, 1.3]]),
}
_START = np.array([-2.0, 2.0, -1.5])


def _image(kind: str) -> NDArray[np.float32]:
    values = np.random.default_rng(5).random((9, 8, 11)) * 3000 - 1000
    return (values > 0).astype(bool) if kind == "mask" else values.astype(kind)


def _lattices(turn: NDArray[np.float64]) -> tuple[Grid, Grid]:
    """The data's, left-handed and off the origin; and the points', beyond its edges."""
    affine = np.eye(4)
    affine[:3] = [[0, 0, 2.0, 7], [0, -2.0, 0, 30], [2.0, 0, 0, -4]]
    between = np.eye(4)
    between[:3, :3], between[:3, 3] = turn, _START
    return Grid((9, 8, 11), affine), Grid((24, 13, 15), affine @ between)


@pytest.mark.parametrize("kind", ["float32", "int16", "mask"])
@pytest.mark.parametrize("outside", [0.0, -1000.0])
@pytest.mark.parametrize("turn", _TO_DATA.values(), ids=_TO_DATA)
def test_a_lattice_is_sampled_as_by_scipy(
    turn: NDArray[np.float64], outside: float, kind: str
) -> None:
    data, (grid, points) = _image(kind), _lattices(turn)
    wanted = ndimage.affine_transform(
        data.astype(np.float32),
        turn,
        offset=_START,
        output_shape=points.shape,
        order=1,
        mode="grid-constant",
        cval=outside,
    )
    found = sampled(data, grid, points, outside=outside)
    assert found.dtype == np.float32
    assert np.allclose(found, wanted, rtol=1e-6, atol=1e-3 * (kind != "mask") + 1e-6)
    assert 0 < (found == outside).sum() < found.size


@pytest.mark.parametrize("turn", _TO_DATA.values(), ids=_TO_DATA)
def test_points_are_sampled_as_by_scipy(turn: NDArray[np.float64]) -> None:
    data, (grid, points) = _image("float32"), _lattices(turn)
    index = np.moveaxis(np.indices(points.shape)[:, :, 2], 0, -1)
    wanted = ndimage.map_coordinates(
        data, np.moveaxis(index @ turn.T + _START, -1, 0), order=1, cval=7.0
    )
    found = sample(data, grid, points.world_mm(index), 7.0)
    # Whether a point on the edge is inside is the last bit's to say.
    assert np.isclose(found, wanted, rtol=1e-6, atol=1e-3).mean() > 0.98
    assert 0 < (found == 7.0).sum() < found.size


def test_points_wholly_beyond_are_outside() -> None:
    grid, _ = _lattices(_TO_DATA["along"])
    beyond = np.full((2, 3, 3), 500.0)
    assert (sample(_image("float32"), grid, beyond, 7.0) == 7.0).all()


@pytest.mark.parametrize("sigma", [0.63, 1.0, 2.5])
def test_a_blur_is_that_of_scipy(sigma: float) -> None:
    values = _image("mask").astype(np.float32)
    wanted = ndimage.gaussian_filter(values, sigma, truncate=3.0)
    assert np.allclose(blurred(values, sigma), wanted, rtol=1e-6, atol=1e-7)


def test_scipy_is_not_loaded_for_a_page() -> None:
    code = (
        "import sys, sirtdose.report.planes, sirtdose.report.view_data;"
        "import sirtdose.workflows.post.results;"
        "assert 'scipy.ndimage' not in sys.modules"
    )
    subprocess.run([sys.executable, "-c", code], check=True)
