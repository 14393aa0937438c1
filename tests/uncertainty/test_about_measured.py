"""Realizations that lie about what was measured."""

import numpy as np
import pytest

from sirtdose.dosimetry.histogram.dvh import Dvh
from sirtdose.model.metric import Metric
from sirtdose.uncertainty.ensemble import RowDraws


def test_a_bias_of_realizations_is_taken_off_every_dose_and_no_volume():
    # Two voxels of 1 mL: 100 Gy on average, all of it has 80 Gy and half 120 Gy.
    dvh = Dvh.of_values("T", [80.0, 120.0], [1.0, 1.0])
    draws = {
        "mean_gy": np.array([90.0, 95.0, np.nan, 97.0]),
        "d70_gy": np.array([70.0, 74.0, np.nan, 75.0]),
        "d2_gy": np.array([110.0, 118.0, np.nan, 120.0]),
        "v100": np.array([0.3, 0.5, np.nan, 0.4]),
        "v200": np.full(4, np.nan),
        "volume_ml": np.array([1.8, 2.2, 0.0, 2.6]),
    }
    metrics = [Metric.parse(one) for one in ("mean", "D70", "D2", "V100Gy")]
    own = RowDraws(
        metrics,
        draws,
        dict.fromkeys(draws, 0.0),
        dose_gy=np.array([0.0, 100.0, 130.0]),
        curve_low=np.array([1.0, 0.2, 0.0]),
        curve_high=np.array([1.0, 0.6, 0.3]),
        curve_mean=np.array([1.0, 0.4, 0.1]),
    )
    found = own.about(dvh)
    # They lie 6 Gy, 7 Gy and 0.1 below what was measured, on average.
    assert found.values["mean_gy"][[0, 1, 3]] == pytest.approx([96.0, 101.0, 103.0])
    assert found.values["d70_gy"][[0, 1, 3]] == pytest.approx([77.0, 81.0, 82.0])
    assert found.values["v100"][[0, 1, 3]] == pytest.approx([0.4, 0.6, 0.5])
    assert found.values["d2_gy"] is draws["d2_gy"]
    assert (found.values["volume_ml"] == draws["volume_ml"]).all()
    assert np.isnan(found.values["v200"]).all()
    # So does the band: half of the volume has 100 Gy and more, none 130 Gy.
    assert found.curve_low == pytest.approx([1.0, 0.3, 0.0])
    assert found.curve_high == pytest.approx([1.0, 0.7, 0.2])
