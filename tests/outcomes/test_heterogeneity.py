"""Q and I-squared: by hand, and the interval as its authors write it."""

import pytest

from sirtdose.errors import InputError
from sirtdose.outcomes.heterogeneity import heterogeneity


def test_five_estimates_by_hand():
    # Errors of 1, mean 0, Q = 4 + 1 + 0 + 1 + 4 = 10 on 4 df: H = sqrt(2.5), and
    # ln H = 0.458145 with an error of 0.458145 / (sqrt 20 - sqrt 7) = 0.250848: H from
    # 0.9670 to 2.5852, I-squared from 0 to 1 - 1 / 2.5852^2 = 0.8504.
    found = heterogeneity([-2, -1, 0, 1, 2], [1] * 5)
    assert found.q == pytest.approx(10)
    assert found.i_squared == pytest.approx(0.6)
    assert found.p == pytest.approx(0.040428, abs=1e-6)
    assert found.low == 0
    assert found.high == pytest.approx(0.8504, abs=1e-4)
    # Q - 4 over 5 - 5 / 5.
    assert found.tau_squared == pytest.approx(1.5)
    assert found.random == pytest.approx(0)
    assert found.random_error == pytest.approx((2.5 / 5) ** 0.5)


def test_estimates_that_are_the_same():
    # With Q = 0, ln H is 0 and its error sqrt((1 - 1 / 27) / 6) = 0.400617 of five:
    # H to exp(0.785195) = 2.1928, I-squared to 1 - 1 / 4.8085 = 0.7920.
    found = heterogeneity([0.3] * 5, [0.1] * 5)
    assert (found.q, found.i_squared, found.p) == (0, 0, 1)
    assert found.high == pytest.approx(0.792, abs=5e-4)


def test_two_have_no_interval():
    found = heterogeneity([0.0, 1.0], [1.0, 0.5])
    assert (found.low, found.high) == (None, None)
    assert found.weights == pytest.approx((0.2, 0.8))


@pytest.mark.parametrize("errors", [[1.0], [1.0, 0.0]])
def test_what_cannot_be_compared(errors):
    with pytest.raises(InputError, match="two estimates or more"):
        heterogeneity([0.0] * len(errors), errors)
