"""What noise moves the ends of a histogram by, on doses whose truth is known."""

import numpy as np
import pytest

from sirtdose.uncertainty.noise import noise_bias

NOISE = 10.0


def at(doses: np.ndarray, percent: float) -> float:
    return float(np.percentile(doses, 100 - percent))


@pytest.mark.parametrize("spread", [0.0, 5.0, 10.0, 40.0])
@pytest.mark.parametrize("percent", [98, 90, 70, 2])
def test_it_finds_back_what_the_doses_were(spread: float, percent: int) -> None:
    rng = np.random.default_rng(5)
    true = 100 + spread * rng.standard_normal(400_000)
    seen = true + NOISE * rng.standard_normal(true.size)
    again = seen + NOISE * rng.standard_normal(true.size)
    bias = noise_bias(
        f"d{percent}_gy",
        at(seen, percent),
        float(seen.mean()),
        at(again, percent) - at(seen, percent),
    )
    assert at(seen, percent) - bias == pytest.approx(at(true, percent), abs=1.5)


def test_doses_of_another_shape() -> None:
    """Even between 60 and 140 Gy: variances still add, shapes do not stay."""
    rng = np.random.default_rng(5)
    true = rng.uniform(60, 140, 400_000)
    seen = true + NOISE * rng.standard_normal(true.size)
    again = seen + NOISE * rng.standard_normal(true.size)
    moved = at(seen, 98) - at(true, 98)
    found = noise_bias("d98_gy", at(seen, 98), 100.0, at(again, 98) - at(seen, 98))
    assert found == pytest.approx(moved, rel=0.5)
    assert found < 0


def test_of_a_volume_it_is_what_as_much_noise_moves_it() -> None:
    assert noise_bias("v60", 0.8, 70.0, -0.02) == -0.02


def test_where_noise_moves_a_dose_towards_the_mean() -> None:
    assert noise_bias("d50_gy", 101.0, 100.0, -0.2) == -0.2
