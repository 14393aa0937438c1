"""ABS case 0003: a glass vial given before it had decayed to the prescription.

Clinical reference, section 3: 1.5 GBq instead of 0.629 into 90 cc, reported as 807.8
instead of 340 Gy; K 50 and 1.03 g/mL are inferred. The doses here are those computed
with them; tests/published/test_accident_reports.py has the reported ones.
"""

import pytest

from sirtdose.model.nuclide import Nuclide
from sirtdose.planning.partition_goal import Injection
from sirtdose.planning.vial_choice import calibration_lead_h
from tests import planned


@pytest.mark.parametrize(("gbq", "gy"), [(1.5, 809.1), (0.629, 339.3)])
def test_doses_of_both_activities(gbq: float, gy: float) -> None:
    plan = planned.partition(
        injections=[Injection("segment", 90, (), "activity", gbq)],
        density_g_per_ml=1.03,
        nuclide=Nuclide.named("Y-90", dose_constant="label"),
    )
    [dose] = [row.dose_gy for row in plan.compartments if row.role == "perfused"]
    assert dose == pytest.approx(gy, abs=0.05)


def test_given_80_4_h_too_early() -> None:
    """1.5 GBq decay to 0.629 in 80.4 h at 64.1 h."""
    lead_h = calibration_lead_h(
        calibration_gbq=1.5,
        activity_gbq=0.629,
        nuclide=Nuclide.named("Y-90").with_half_life(64.1),
    )
    assert lead_h == pytest.approx(80.4, abs=0.05)
