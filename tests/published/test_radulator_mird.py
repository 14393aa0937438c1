"""Worked single-compartment cases published with the Radulator calculators.

K 49.67 Gy kg/GBq, density 1.03 g/mL, 1 kg of lungs; corrected tests of the
public repository, as retyped in the project's clinical reference, section 3.
"""

import pytest

from tests import planned


def test_delivered_dose_with_lung_shunt() -> None:
    plan = planned.mird(
        dose_gy=100,
        perfused_volume_ml=1000,
        density_g_per_ml=1.03,
        lung_shunt_fraction=0.10,
    )
    assert plan.activity_gbq == pytest.approx(2.30, abs=0.005)
    assert plan.activity_mci == pytest.approx(62.3, abs=0.05)
    assert plan.lungs.dose_gy == pytest.approx(11.4, abs=0.05)


def test_residual_is_drawn_not_injected() -> None:
    plan = planned.mird(
        dose_gy=100,
        perfused_volume_ml=1000,
        density_g_per_ml=1.03,
        lung_shunt_fraction=0.10,
        residual_fraction=0.10,
    )
    assert plan.draw_activity_gbq == pytest.approx(2.56, abs=0.005)
    assert plan.draw_activity_mci == pytest.approx(69.2, abs=0.05)
    assert plan.activity_gbq == pytest.approx(2.30, abs=0.005)
    assert plan.lungs.dose_gy == pytest.approx(11.4, abs=0.05)
