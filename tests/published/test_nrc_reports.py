"""Medical events reported to the NRC, recomputed; clinical reference, sections 3 and 5.

What was given stands against what was prescribed, as a measured vial does.
"""

from datetime import UTC, datetime

import pytest

from sirtdose.checks.vials import measured_findings
from sirtdose.model.finding import Finding, Severity
from sirtdose.model.nuclide import Nuclide
from sirtdose.model.units import ACTIVITY, DOSE
from sirtdose.planning.delivered import delivered_activity_gbq
from sirtdose.planning.mird import activity_gbq, delivered_dose_gy
from sirtdose.planning.ordered_vial import MeasuredVial, Reading, measured_vial
from sirtdose.planning.vial_choice import Want
from tests import planned

AT = datetime(2026, 3, 4, 12, tzinfo=UTC)
LABEL = Nuclide.named("Y-90", dose_constant="label")


def compared(prescribed: float, given: float) -> MeasuredVial:
    """Activities in GBq, at one time."""
    want = Want("right", prescribed, AT)
    return measured_vial(want, [Reading(given, AT)], Nuclide.named("Y-90"))


def fraction(vial: MeasuredVial) -> float:
    return vial.to_wanted_ratio


def against_the_order(vial: MeasuredVial) -> Finding:
    [found] = [f for f in measured_findings([vial]) if f.code == "H03"]
    return found


class TestEns46665:
    """60.5 mCi planned for 74.4 Gy gave 159.4 Gy: the volume of another lobe."""

    @pytest.mark.parametrize(("mass_kg", "gy"), [(1.504, 74.4), (0.702, 159.4)])
    def test_dose_to_either_mass(self, mass_kg: float, gy: float) -> None:
        dose = delivered_dose_gy(
            activity_gbq=ACTIVITY.parse("60.5 mCi"),
            mass_kg=mass_kg,
            dose_constant_gy_kg_per_gbq=LABEL.dose_constant_gy_kg_per_gbq,
        )
        assert dose == pytest.approx(gy, abs=0.05)

    @pytest.mark.parametrize(("volume_ml", "gy"), [(1504, 74.4), (702, 159.4)])
    def test_both_plans_are_one_activity(self, volume_ml: float, gy: float) -> None:
        plan = planned.mird(
            dose_gy=gy,
            perfused_volume_ml=volume_ml,
            density_g_per_ml=1.0,
            nuclide=LABEL,
            convention="label",
        )
        assert plan.activity_mci == pytest.approx(60.5, abs=0.05)


@pytest.mark.parametrize(
    ("prescribed", "given", "percent", "within", "says"),
    [
        ("1.33 GBq", "0.798 GBq", 60, 0.5, "-40.0%"),
        ("64.8 mCi", "41.87 mCi", 64.6, 0.05, "-35.4%"),
        ("30.7 mCi", "21.9 mCi", 71, 0.5, "-28.7%"),
        ("17.6 mCi", "12.8 mCi", 72.7, 0.05, "-27.3%"),
        ("16.2 mCi", "12.7 mCi", 78.4, 0.05, "-21.6%"),
    ],
)
def test_delivered_of_prescribed(
    prescribed: str, given: str, percent: float, within: float, says: str
) -> None:
    vials = compared(ACTIVITY.parse(prescribed), ACTIVITY.parse(given))
    assert 100 * fraction(vials) == pytest.approx(percent, abs=within)
    found = against_the_order(vials)
    assert found.severity is Severity.STOP
    assert says in found.message


def test_12000_rem_prescribed_and_6920_given() -> None:
    """58 %, later retracted; 1 rem of beta rays is 1 cGy."""
    activities = [
        activity_gbq(
            dose_gy=DOSE.parse(dose), mass_kg=1.0, dose_constant_gy_kg_per_gbq=50.0
        )
        for dose in ("12000 cGy", "6920 cGy")
    ]
    vials = compared(*activities)
    assert 100 * fraction(vials) == pytest.approx(58, abs=0.5)
    assert against_the_order(vials).severity is Severity.STOP


def test_ens_46567_the_order_of_the_other_lobe() -> None:
    """10 GBq where 3 were prescribed: 233 % more."""
    vials = compared(3.0, 10.0)
    assert 100 * (fraction(vials) - 1) == pytest.approx(233, abs=0.5)
    assert against_the_order(vials).severity is Severity.STOP
    assert "+233.3% from the 3 GBq to draw up" in against_the_order(vials).message


# The reference has the percentages and the 11.9 mCi: 9.2, 8.92, 11.868 and 12.748 mCi
# are the amounts that make them.
@pytest.mark.parametrize(
    ("given", "assayed", "of_assayed", "of_prescribed"),
    [
        ("9.2 mCi", "11.868 mCi", -22.48, -22.69),
        ("8.92 mCi", "12.748 mCi", -30.03, -25.04),
    ],
)
def test_ens_49450_depends_on_the_denominator(
    given: str, assayed: str, of_assayed: float, of_prescribed: float
) -> None:
    gbq = ACTIVITY.parse(given)
    by_assay = compared(ACTIVITY.parse(assayed), gbq)
    by_prescription = compared(ACTIVITY.parse("11.9 mCi"), gbq)
    assert 100 * (fraction(by_assay) - 1) == pytest.approx(of_assayed, abs=5e-3)
    assert 100 * (fraction(by_prescription) - 1) == pytest.approx(
        of_prescribed, abs=5e-3
    )
    for vials in (by_assay, by_prescription):
        assert against_the_order(vials).severity is Severity.STOP


def test_selwyn_2008_vials_above_their_label() -> None:
    """Resin vials 26 % above 3 GBq (abstract): not to be used as labeled."""
    vials = compared(3.0, 3.78)
    assert 100 * (fraction(vials) - 1) == pytest.approx(26, abs=0.5)
    assert "+26.0%" in against_the_order(vials).message
    assert against_the_order(vials).severity is Severity.STOP


@pytest.mark.parametrize(
    ("dispensed", "delivered", "percent"), [(1.33, 0.798, 60.0), (64.8, 41.87, 64.6)]
)
def test_delivered_by_what_stayed_behind(
    dispensed: float, delivered: float, percent: float
) -> None:
    """The residual measured a day later has decayed to 77 %."""
    later = (dispensed - delivered) * 0.77142
    found = delivered_activity_gbq(
        dispensed_gbq=dispensed,
        residual_gbq=later,
        residual_after_h=24,
        nuclide=Nuclide.named("Y-90").with_half_life(64.1),
    )
    assert 100 * found / dispensed == pytest.approx(percent, abs=0.05)
