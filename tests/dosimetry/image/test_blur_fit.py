"""Width and offset that an image shows itself: against those it was made with."""

from functools import cache

import numpy as np
import pytest

from sirtdose.dosimetry.image.blur import Blur
from sirtdose.dosimetry.image.blur_fit import BlurFit, fitted_blur
from sirtdose.errors import QuantityError
from sirtdose.model.grid import Grid

SHAPE, SPACING = (38, 42, 46), (4.8, 4.4, 4.2)
# A left-handed one: slices go down, as some cameras write them.
AFFINE = np.array(
    [[0, 0, 4.2, -90], [0, 4.4, 0, -80], [-4.8, 0, 0, 60], [0, 0, 0, 1]], float
)
GRID = Grid(SHAPE, AFFINE)
WIDTHS_MM = (14.0, 14.0, 17.0)
SPHERES = {(-20.0, 0.0, -20.0): 17.0, (30.0, 20.0, -50.0): 11.0}


@cache
def part(center: tuple[float, float, float], radius: float) -> np.ndarray:
    """The part of each voxel in a sphere, by 27 points."""
    total = np.zeros(SHAPE)
    index = np.moveaxis(np.indices(SHAPE), 0, -1)
    steps = (np.arange(3) + 0.5) / 3 - 0.5
    for a in steps:
        for b in steps:
            for c in steps:
                points = GRID.world_mm(index + np.array((a, b, c)))
                total += np.linalg.norm(points - center, axis=-1) <= radius
    return total / 27


def regions_at(offset: tuple[float, float, float]) -> list[np.ndarray]:
    tumors = [
        part(tuple(np.add(center, offset)), radius)
        for center, radius in SPHERES.items()
    ]
    liver = np.clip(part(tuple(np.add((0, 5, -30), offset)), 62.0) - sum(tumors), 0, 1)
    rest = np.clip(1 - liver - sum(tumors), 0, 1)
    return [one.astype(np.float32) for one in (*tumors, liver, rest)]


def seen(
    offset: tuple[float, float, float] = (0.0, 0.0, 0.0), *, tail: float = 0.0
) -> np.ndarray:
    blur = Blur.on(GRID, WIDTHS_MM, tail_fraction=tail, tail_fwhm_mm=60.0)
    first, second, liver, _ = regions_at(offset)
    return 60 * blur(7 * first + 5 * second + liver)


def found(image: np.ndarray, start_mm: float = 12.0) -> BlurFit:
    regions = regions_at((0.0, 0.0, 0.0))
    return fitted_blur(image, regions, GRID, tumors=2, start_mm=start_mm)


def test_edges_that_overshoot_are_no_narrower_blur() -> None:
    edges = (0.8, 2)
    first, second, liver, _ = regions_at((1.0, 2.0, -2.0))
    image = 60 * Blur.on(GRID, WIDTHS_MM, edges=edges)(7 * first + 5 * second + liver)
    regions = regions_at((0.0, 0.0, 0.0))
    fit = fitted_blur(image, regions, GRID, tumors=2, start_mm=12.0, edges=edges)
    assert fit.fwhm_mm == pytest.approx(WIDTHS_MM, abs=0.3)
    assert fit.offset_mm == pytest.approx((1.0, 2.0, -2.0), abs=0.1)
    assert found(image).in_plane_mm < 13


@pytest.mark.parametrize("start_mm", [10.0, 20.0])
def test_width_and_offset_come_back(start_mm: float) -> None:
    offset = (2.5, -1.5, 3.0)
    fit = found(seen(offset), start_mm)
    assert fit.in_plane_mm == pytest.approx(14.0, abs=0.2)
    assert fit.axial_mm == pytest.approx(17.0, abs=0.2)
    assert fit.offset_mm == pytest.approx(offset, abs=0.1)
    assert fit.distance_mm == pytest.approx(np.linalg.norm(offset), abs=0.1)


def test_noise_is_in_what_is_said_of_it() -> None:
    """Offsets of 8 noisy images scatter as their standard uncertainties say."""
    rng = np.random.default_rng(3)
    truth = seen()
    fits = [found(rng.poisson(truth).astype(float)) for _ in range(8)]
    spread = np.std([one.offset_mm for one in fits], axis=0, ddof=1)
    said = np.mean([one.offset_standard_mm for one in fits], axis=0)
    assert (spread < 2 * said).all()
    assert (spread > said / 2).all()
    assert all(one.distance_mm < 1.0 for one in fits)
    assert all(one.allows(WIDTHS_MM) for one in fits)
    assert not fits[0].allows((11.0, 11.0, 17.0))
    assert not fits[0].allows((14.0, 14.0, 22.0))


def test_a_wide_tail_is_no_width() -> None:
    fit = found(seen(tail=0.08))
    assert fit.in_plane_mm == pytest.approx(14.0, abs=0.6)
    assert fit.axial_mm == pytest.approx(17.0, abs=0.8)


def test_what_tells_nothing_is_refused() -> None:
    regions = regions_at((0.0, 0.0, 0.0))
    flat = np.full(SHAPE, 50.0)
    with pytest.raises(QuantityError, match="cannot be fitted"):
        fitted_blur(flat, regions, GRID, tumors=2, start_mm=14.0)
    turn = np.array([[0.8, -0.6, 0], [0.6, 0.8, 0], [0, 0, 1]])
    affine = AFFINE.copy()
    affine[:3, :3] = turn @ affine[:3, :3]
    with pytest.raises(QuantityError, match="oblique"):
        fitted_blur(seen(), regions, Grid(SHAPE, affine), tumors=2, start_mm=14.0)


def test_uneven_tumors_tell_nothing() -> None:
    """A tumor that is hot on one side only would count as an offset."""
    blur = Blur.on(GRID, WIDTHS_MM)
    first, second, liver, _ = regions_at((0.0, 0.0, 0.0))
    x = GRID.world_mm(np.moveaxis(np.indices(SHAPE), 0, -1))[..., 0]
    uneven = first * np.where(x < -22.0, 14.0, 0.2) + second * np.where(x < 30, 1, 9)
    with pytest.raises(QuantityError, match="too uneven"):
        found(60 * blur((uneven + liver).astype(np.float32)))
