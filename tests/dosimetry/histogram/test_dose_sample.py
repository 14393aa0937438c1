"""Points that stand for voxels: what they keep, and how near they come."""

from collections.abc import Callable

import numpy as np
import pytest
from numpy.typing import NDArray

from sirtdose.dosimetry.histogram.dose_sample import dose_sample

Fields = list[NDArray[np.float64]]
MOVES = [(1.0, 1.0), (0.5, 1.6), (3.0, 0.6), (0.8, 2.4)]


def noise(count: int = 30_000) -> NDArray[np.float64]:
    return np.random.default_rng(3).lognormal(3.0, 0.6, count)


def in_lobes() -> Fields:
    """Counts that the first injection has in one half, the second in four fifths."""
    at = np.linspace(0, 1, noise().size)
    return [noise() * (at < 0.5), 0.7 * noise() * (at > 0.2)]


def spread() -> Fields:
    """The same as a kernel blurs it: no border is sharp."""
    at = np.linspace(-6, 6, noise().size)
    return [noise() / (1 + np.exp(4 * at)) + 0.3, noise() / (1 + np.exp(-3 * at - 4))]


def dose_to(gy: NDArray[np.float64], ml: NDArray[np.float64], part: float) -> float:
    order = np.argsort(-gy)
    above = np.cumsum(ml[order]) / ml.sum()
    return float(gy[order][above >= part * (1 - 1e-9)][0])


@pytest.mark.parametrize("fields", [in_lobes, spread])
@pytest.mark.parametrize("ratios", MOVES)
def test_two_injections_at_other_activities(
    fields: Callable[[], Fields], ratios: tuple[float, float]
) -> None:
    doses, planned = fields(), np.array([0.8, 1.4])
    ml = np.random.default_rng(4).uniform(0.01, 0.06, doses[0].size)
    sample = dose_sample(doses, ml, [*planned], most=4000)
    assert len(sample.volume_ml) <= 4000
    assert sample.volume_ml.sum() == pytest.approx(ml.sum())
    gbq = planned * ratios
    full, some = gbq @ np.array(doses), sample.gy_per_gbq @ gbq
    mean = np.average(full, weights=ml)
    assert np.average(some, weights=sample.volume_ml) == pytest.approx(mean, rel=1e-12)
    for part in (0.02, 0.05, 0.3, 0.5, 0.7, 0.9, 0.95, 0.98):
        gy = dose_to(full, ml, part)
        assert dose_to(some, sample.volume_ml, part) == pytest.approx(gy, rel=0.005)
        above = sample.volume_ml[some >= gy].sum() / ml.sum()
        assert above == pytest.approx(part, abs=0.005)


def test_of_one_injection_a_few_points_are_nearly_exact() -> None:
    gy, ml = noise(), np.ones(30_000)
    sample = dose_sample([gy], ml, [2.0])
    assert len(sample.volume_ml) <= 2000
    assert sample.within <= 0.003
    own = sample.gy_per_gbq[:, 0]
    assert (own.min(), own.max()) == (gy.min(), gy.max())
    for part in (0.05, 0.5, 0.95):
        assert dose_to(own, sample.volume_ml, part) == pytest.approx(
            dose_to(gy, ml, part), rel=0.003
        )


@pytest.mark.parametrize("ratios", [(0.5, 1.0), (1.6, 0.7), (3.0, 3.0)])
@pytest.mark.parametrize("count", [1, 2])
def test_an_earlier_dose_stays_as_it_was(
    count: int, ratios: tuple[float, float]
) -> None:
    """What the same voxels had before is added, whatever is injected."""
    doses, planned = spread()[:count], np.array([0.8, 1.4])[:count]
    before = 20 + 15 * np.sin(np.linspace(0, 40, noise().size)) + 0.2 * noise()[::-1]
    ml = np.random.default_rng(4).uniform(0.01, 0.06, before.size)
    sample = dose_sample(doses, ml, [*planned], earlier_gy=before)
    assert sample.earlier_gy is not None
    assert sample.gy_per_gbq.shape == (len(sample.volume_ml), count)
    gbq = planned * ratios[:count]
    full = gbq @ np.array(doses) + before
    some = sample.gy_per_gbq @ gbq + sample.earlier_gy
    mean = np.average(full, weights=ml)
    assert np.average(some, weights=sample.volume_ml) == pytest.approx(mean, rel=1e-12)
    for part in (0.02, 0.3, 0.5, 0.7, 0.9, 0.98):
        gy = dose_to(full, ml, part)
        assert dose_to(some, sample.volume_ml, part) == pytest.approx(gy, rel=0.005)
        above = sample.volume_ml[some >= gy].sum() / ml.sum()
        assert above == pytest.approx(part, abs=0.005)


def four_lobes() -> Fields:
    """Noisy counts in an ellipsoid, of which four injections have smooth parts."""
    at = np.moveaxis(np.indices((50, 44, 38)), 0, -1).reshape(-1, 3) / (50, 44, 38)
    at = at[((2 * at - 1) ** 2).sum(axis=1) < 1]
    counts = np.random.default_rng(7).gamma(6, 1 / 6, len(at))
    counts *= np.where(((at - 0.45) ** 2).sum(axis=1) < 0.15**2, 5.0, 1.0)
    # The surface loses dose, as by a kernel.
    counts *= 1 - 0.6 * ((2 * at - 1) ** 2).sum(axis=1) ** 4
    borders = [(0, 0.55), (0, -0.4), (1, 0.5), (2, -0.6)]
    return [
        40 * k * counts / (1 + np.exp(np.sign(b) * 25 * (at[:, axis] - abs(b))))
        for k, (axis, b) in zip((1.0, 0.8, 0.6, 0.7), borders, strict=True)
    ]


@pytest.mark.parametrize("seed", range(6))
def test_four_injections_stay_within_half_a_percent(seed: int) -> None:
    """Also at activities that the sample did not try."""
    doses, planned = four_lobes(), np.array([0.5, 0.4, 0.3, 0.3])
    ml = np.full(doses[0].size, 0.064)
    sample = dose_sample(doses, ml, [*planned])
    gbq = planned * np.random.default_rng(seed).uniform(0.5, 2.5, 4)
    full, some = gbq @ np.array(doses), sample.gy_per_gbq @ gbq
    for part in (0.02, 0.05, 0.3, 0.5, 0.7, 0.9, 0.95, 0.98):
        gy = dose_to(full, ml, part)
        assert dose_to(some, sample.volume_ml, part) == pytest.approx(gy, rel=0.005)
        above = sample.volume_ml[some >= gy * (1 - 1e-6)].sum() / ml.sum()
        assert above == pytest.approx(part, abs=0.005)


def test_few_voxels_stay_as_they_are() -> None:
    doses = [noise(200), noise(200)[::-1]]
    ml = np.linspace(1, 2, 200)
    sample = dose_sample(doses, ml, [1.0, 1.0])
    assert sample.within == pytest.approx(0, abs=1e-12)
    found = sample.gy_per_gbq[np.argsort(sample.volume_ml)]
    np.testing.assert_allclose(found, np.array(doses).T)


def test_the_same_doses_are_one_point() -> None:
    """A uniform liver with a tumor, half of it without any dose."""
    gy = np.repeat([0.0, 40.0, 120.0], [5000, 4000, 1000])
    sample = dose_sample([gy, 0.5 * gy], np.ones(gy.size), [1.0, 3.0])
    order = np.argsort(sample.gy_per_gbq[:, 0])
    totals = {
        gy: sample.volume_ml[sample.gy_per_gbq[:, 0] == gy].sum()
        for gy in sample.gy_per_gbq[order, 0]
    }
    assert totals == {0.0: 5000, 40.0: 4000, 120.0: 1000}
    assert sample.within == 0


def test_what_cannot_be_near_says_so() -> None:
    """Four injections whose doses have nothing to do with each other."""
    random = np.random.default_rng(8)
    doses = [random.lognormal(3, 0.9, 60_000) for _ in range(4)]
    sample = dose_sample(doses, np.ones(60_000), [1.0] * 4, most=4000)
    assert len(sample.volume_ml) <= 4100
    full, some = np.sum(doses, axis=0), sample.gy_per_gbq.sum(axis=1)
    apart = [
        abs(dose_to(some, sample.volume_ml, p) / dose_to(full, np.ones(60_000), p) - 1)
        for p in (0.02, 0.5, 0.98)
    ]
    assert 0.003 < max(apart) <= sample.within < 0.05


def test_negative_counts_are_kept() -> None:
    gy = np.linspace(-2, 30, 5000)
    sample = dose_sample([gy], np.ones(5000), [1.0])
    assert sample.gy_per_gbq.min() == -2
    assert np.average(
        sample.gy_per_gbq[:, 0], weights=sample.volume_ml
    ) == pytest.approx(14)
