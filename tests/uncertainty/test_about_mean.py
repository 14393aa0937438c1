"""Realizations that lie about what was measured."""

import numpy as np
import pytest

from sirtdose.model.metric import MEAN
from sirtdose.uncertainty.ensemble import RowDraws


def test_a_bias_of_realizations_is_taken_off_the_mean_alone():
    draws = {"mean_gy": np.array([90.0, 95.0, np.nan, 97.0]), "d70_gy": np.arange(4.0)}
    empty = np.zeros(1)
    own = RowDraws((MEAN,), draws, {"mean_gy": 0.0}, empty, empty, empty)
    found = own.about_mean(100.0)
    # They lie 6 Gy below 100 Gy on average.
    assert found.values["mean_gy"][[0, 1, 3]] == pytest.approx([96.0, 101.0, 103.0])
    assert (found.values["d70_gy"] == draws["d70_gy"]).all()
