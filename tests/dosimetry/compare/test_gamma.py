"""Gamma against what can be worked out by hand, and against another implementation."""

import warnings

import numpy as np
import pytest

from sirtdose.dosimetry.compare.gamma import GAMMA_MAX, Criterion, gamma_index
from sirtdose.errors import GeometryError, RangeError
from sirtdose.model.grid import Grid
from sirtdose.model.volume import Quantity, Volume
from tests.conftest import AFFINES

SHAPE = (10, 12, 14)
GRID = Grid.regular(SHAPE, spacing_mm=(4.0, 3.0, 2.5), origin_mm=(-31.0, 12.0, 240.0))


def dose(values: object, grid: Grid = GRID) -> Volume:
    return Volume(
        np.broadcast_to(values, grid.shape).astype(float), grid, Quantity.DOSE
    )


def test_a_dose_against_itself_is_0() -> None:
    ramp = dose(1.0 + np.arange(14.0))
    found = gamma_index(ramp, ramp, Criterion(0.01, 1.0))
    assert (found.pass_fraction, found.greatest) == (1.0, 0.0)


@pytest.mark.parametrize(("local", "expected"), [(False, 0.5), (True, 0.5)])
def test_more_everywhere_is_the_difference_over_the_criterion(
    local: bool, expected: float
) -> None:
    found = gamma_index(dose(40.0), dose(40.6), Criterion(0.03, 3.0, local=local))
    assert found.greatest == pytest.approx(expected, rel=1e-5)
    assert found.mean == pytest.approx(expected, rel=1e-5)


def test_local_is_of_each_points_own_dose() -> None:
    """5 % more in a dose with two levels: of the greatest, the low level is 1/4 off."""
    levels = np.where(np.arange(14) < 7, 20.0, 80.0)
    wide = gamma_index(dose(levels), dose(1.05 * levels), Criterion(0.1, 0.1))
    own = gamma_index(
        dose(levels), dose(1.05 * levels), Criterion(0.1, 0.1, local=True)
    )
    assert wide.values[5, 5, 2] == pytest.approx(0.05 * 20 / 8, rel=1e-4)
    assert own.values[5, 5, 2] == pytest.approx(0.5, rel=1e-4)
    assert wide.values[5, 5, 11] == pytest.approx(0.5, rel=1e-4)


@pytest.mark.parametrize("shift_mm", [0.5, 1.0, 2.0])
@pytest.mark.parametrize("orientation", list(AFFINES))
def test_a_shift_in_an_even_gradient(shift_mm: float, orientation: str) -> None:
    r"""The nearest point of a line: g s / sqrt(dD^2 + (g dd)^2), whatever the axes."""
    grid = Grid((9, 12, 16), np.array(AFFINES[orientation], float))
    index = np.stack(np.indices(grid.shape), -1)
    x = grid.world_mm(index)[..., 0]
    slope = 2.0
    ours = 100.0 + slope * (x - x.min())
    theirs = ours - slope * shift_mm
    found = gamma_index(dose(ours, grid), dose(theirs, grid), Criterion(0.03, 3.0))
    allowed = 0.03 * ours.max()
    expected = slope * shift_mm / np.hypot(allowed, slope * 3.0)
    # Inside, where the line does not end.
    inner = found.values[2:-2, 3:-3, 4:-4]
    np.testing.assert_allclose(inner, expected, rtol=2e-2, atol=2e-3)


def test_on_another_grid_the_same_field_passes() -> None:
    fine = Grid.regular(
        (30, 30, 30), spacing_mm=(1.5, 1.5, 1.5), origin_mm=(-34, 10, 238)
    )
    fields = []
    for grid in (GRID, fine):
        world = grid.world_mm(np.stack(np.indices(grid.shape), -1))
        fields.append(dose(50 + world @ [0.5, 0.3, 0.1], grid))
    found = gamma_index(*fields, Criterion(0.01, 1.0))
    assert found.greatest < 1e-3
    assert found.not_covered == 0


def test_what_is_low_or_not_covered_has_none() -> None:
    ramp = dose(np.arange(14.0))
    half = Grid.regular(
        (10, 12, 7), spacing_mm=(4.0, 3.0, 2.5), origin_mm=(-31, 12, 240)
    )
    part = Volume(ramp.data[:, :, :7], half, Quantity.DOSE)
    found = gamma_index(ramp, part, Criterion(0.03, 3.0, cutoff_fraction=0.3))
    # From 4 to 6 of 13 Gy; those from 7 on lie outside.
    assert found.points == 10 * 12 * 3
    assert found.not_covered == 10 * 12 * 7
    assert np.isnan(found.values[0, 0, 2])
    far = gamma_index(dose(10.0), dose(20.0), Criterion(0.01, 1.0))
    assert (far.greatest, far.pass_fraction) == (GAMMA_MAX, 0.0)


def test_refusals() -> None:
    with pytest.raises(RangeError, match="0 Gy everywhere"):
        gamma_index(dose(0.0), dose(1.0), Criterion(0.03, 3.0))
    away = Grid.regular(SHAPE, spacing_mm=(4.0, 3.0, 2.5), origin_mm=(500.0, 0.0, 0.0))
    with pytest.raises(RangeError, match="inside the other dose"):
        gamma_index(dose(1.0), dose(1.0, away), Criterion(0.03, 3.0))
    with pytest.raises(RangeError, match="dose fraction"):
        Criterion(0.0, 3.0)
    with pytest.raises(RangeError, match="cutoff"):
        Criterion(0.03, 3.0, cutoff_fraction=1.0)
    grids = [
        Grid.regular(SHAPE, spacing_mm=(4.0,) * 3, frame_of_reference_uid=uid)
        for uid in ("1.2", "1.3")
    ]
    with pytest.raises(GeometryError, match="H15"):
        gamma_index(*(dose(1.0, grid) for grid in grids), Criterion(0.03, 3.0))


@pytest.mark.parametrize(
    ("part", "distance_mm", "local"), [(0.03, 3.0, True), (0.05, 2.0, False)]
)
def test_as_pymedphys(part: float, distance_mm: float, local: bool) -> None:
    """A noisy field, blurred, scaled and moved by a voxel."""
    pymedphys = pytest.importorskip("pymedphys", reason="needs pymedphys")
    from scipy.ndimage import gaussian_filter

    ours = gaussian_filter(np.random.default_rng(1).random(SHAPE), 1.5)
    ours = 10 + 90 * (ours - ours.min()) / np.ptp(ours)
    theirs = np.roll(1.04 * gaussian_filter(ours, 0.5), 1, axis=2)
    found = gamma_index(dose(ours), dose(theirs), Criterion(part, distance_mm, local))
    axes = tuple(np.arange(n) * s for n, s in zip(SHAPE, GRID.spacing_mm, strict=True))
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        expected = pymedphys.gamma(
            *(axes, ours, axes, theirs, 100 * part, distance_mm),
            lower_percent_dose_cutoff=10,
            interp_fraction=12,
            max_gamma=GAMMA_MAX,
            local_gamma=local,
        )
    inner = (slice(1, -1),) * 3
    apart = found.values[inner] - expected[inner]
    assert np.abs(np.nanmean(apart)) < 0.02
    assert np.nanpercentile(np.abs(apart), 95) < 0.06
    passed = float((expected[inner] <= 1).mean())
    assert float((found.values[inner] <= 1).mean()) == pytest.approx(passed, abs=0.015)
