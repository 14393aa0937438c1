"""Few numbers between bounds."""

import numpy as np
import pytest
from numpy.typing import NDArray

from sirtdose.dosimetry.commission.least_squares import settled

Array = NDArray[np.float64]


def test_what_is_at_its_bound_does_not_hold_the_others_back() -> None:
    """Least of (a - 1)^2 + 100 (b - a^2)^2 with a at most 0.5: a 0.5, b 0.25."""

    def valley(at: Array) -> tuple[Array, Array]:
        a, b = at
        rest = np.array([a - 1, 10 * (b - a**2)])
        return rest, np.array([[1.0, 0.0], [-20 * a, 10.0]])

    found = settled(
        valley,
        np.array([-1.2, 1.0]),
        low=np.array([-2.0, -2.0]),
        high=np.array([0.5, 2.0]),
    )
    assert found.at == pytest.approx([0.5, 0.25], abs=1e-3)
