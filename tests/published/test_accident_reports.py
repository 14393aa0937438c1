"""Doses in public event reports, recomputed. Clinical reference, section 3."""

import pytest

from sirtdose.planning.lung_shunt import lung_dose_gy
from sirtdose.planning.mird import delivered_dose_gy


@pytest.mark.parametrize(("gbq", "reported_gy"), [(1.5, 807.8), (0.629, 340.0)])
def test_abs_case_0003(gbq: float, reported_gy: float) -> None:
    """1.5 GBq instead of 0.629 into 90 cc; K 50 and 1.03 g/mL are inferred."""
    dose = delivered_dose_gy(
        activity_gbq=gbq, mass_kg=0.0927, dose_constant_gy_kg_per_gbq=50
    )
    assert dose == pytest.approx(reported_gy, rel=3e-3)


def test_glass_label_lung_limit() -> None:
    """0.61 GBq to 1 kg of lungs are 30.3 Gy."""
    dose = lung_dose_gy(
        activity_gbq=6.1,
        lung_shunt_fraction=0.1,
        lung_mass_kg=1.0,
        dose_constant_gy_kg_per_gbq=49.67,
    )
    assert dose == pytest.approx(30.3, abs=0.05)
