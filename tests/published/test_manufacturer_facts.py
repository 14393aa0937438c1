"""Product facts of three kinds of microspheres; clinical reference, sections 1 and 3.

SIR-Spheres: sirtex.com. TheraSphere: US package insert version 12. QuiremSpheres:
Taranis and EANM 2022.
"""

from datetime import UTC, datetime, timedelta

import pytest

from sirtdose.model.device import Device
from sirtdose.model.nuclide import Nuclide
from sirtdose.model.units import ACTIVITY, DURATION, MCI_PER_GBQ
from sirtdose.planning.mird import activity_gbq, delivered_dose_gy
from sirtdose.planning.mird_plan import label_constant
from sirtdose.planning.vial import Asked, vials_for
from sirtdose.planning.vial_choice import Want
from tests import planned

GLASS, RESIN = Device.named("glass"), Device.named("resin")
AT = datetime(2026, 3, 4, 12, tzinfo=UTC)


class TestSirSpheres:
    def test_one_vial_of_3_gbq(self) -> None:
        assert RESIN.vials.fixed_gbq == (3.0,)

    def test_1_gbq_per_kg_is_50_gy(self) -> None:
        dose = delivered_dose_gy(
            activity_gbq=1.0,
            mass_kg=1.0,
            dose_constant_gy_kg_per_gbq=label_constant(Nuclide.named("Y-90")),
        )
        assert dose == pytest.approx(50, abs=1e-9)
        plan = planned.mird(
            dose_gy=50,
            perfused_volume_ml=1000,
            density_g_per_ml=1.0,
            convention="label",
        )
        assert plan.activity_gbq == pytest.approx(1.0)

    def test_a_day_before_calibration_the_vial_holds_1_296_times_as_much(self) -> None:
        vials = vials_for(
            Want("right", 3.0, AT),
            RESIN,
            Nuclide.named("Y-90").with_half_life(64.1),
            Asked(calibrated_at=AT + timedelta(hours=24)),
        )
        [vial] = vials.choices
        assert vial.to_wanted_ratio == pytest.approx(1.296, abs=5e-4)


class TestTheraSphere:
    # 540 mCi of the 20 GBq vial is 27 mCi for each GBq; 20 GBq are 540.54 mCi.
    @pytest.mark.parametrize(
        ("gbq", "mci"), [(3, 81), (5, 135), (7, 189), (10, 270), (15, 405)]
    )
    def test_sizes_in_mci(self, gbq: float, mci: float) -> None:
        assert gbq in GLASS.vials.fixed_gbq
        assert gbq * MCI_PER_GBQ == pytest.approx(mci, abs=0.5)

    @pytest.mark.parametrize(
        ("mci", "gbq"),
        [(81, 3), (135, 5), (189, 7), (270, 10), (405, 15), (540, 20)],
    )
    def test_sizes_in_gbq(self, mci: float, gbq: float) -> None:
        read = ACTIVITY.parse(f"{mci} mCi")
        assert read == pytest.approx(gbq, abs=0.5)
        assert min(GLASS.vials.fixed_gbq, key=lambda one: abs(one - read)) == gbq

    def test_half_life_in_days(self) -> None:
        assert DURATION.parse("2.67d") == pytest.approx(64.1, abs=0.05)

    def test_mean_beta_energy_gives_49_96(self) -> None:
        per_unit = Nuclide.named("Y-90").with_half_life(64.1).with_dose_constant(1.0)
        constant = 0.9367 / per_unit.energy_mev_per_decay
        assert constant == pytest.approx(49.96, abs=5e-3)

    def test_a_vial_in_the_second_week(self) -> None:
        """Of 3 to 20 GBq calibrated 168 h before, the factor 0.16257 is left."""
        vials = vials_for(
            Want("right", 1.0, AT),
            GLASS,
            Nuclide.named("Y-90").with_half_life(64.1),
            Asked(calibrated_at=AT - timedelta(hours=168)),
        )
        assert len(vials.choices) >= 6
        for one in vials.choices:
            left = one.at_use_gbq / one.vials[0].calibration_gbq
            assert left == pytest.approx(0.16257, abs=5e-6)


class TestQuiremSpheres:
    HOLMIUM = Nuclide.named("Ho-166")

    def test_constant_and_half_life(self) -> None:
        assert self.HOLMIUM.dose_constant_gy_kg_per_gbq == 15.87
        assert self.HOLMIUM.half_life_h == 26.8
        assert Device.named("ho166").nuclide_name == "Ho-166"

    def test_60_gy_are_3_78_gbq_per_kg(self) -> None:
        constant = self.HOLMIUM.dose_constant_gy_kg_per_gbq
        activity = activity_gbq(
            dose_gy=60, mass_kg=1.0, dose_constant_gy_kg_per_gbq=constant
        )
        assert activity == pytest.approx(3.78, abs=5e-3)
        dose = delivered_dose_gy(
            activity_gbq=3.78, mass_kg=1.0, dose_constant_gy_kg_per_gbq=constant
        )
        assert dose == pytest.approx(60, abs=0.5)

    def test_it_decays_2_4_times_as_fast(self) -> None:
        yttrium = Nuclide.named("Y-90").with_half_life(64.1)
        ratio = yttrium.mean_life_h / self.HOLMIUM.mean_life_h
        assert ratio == pytest.approx(2.4, abs=0.05)


def test_becquerels_of_a_sphere() -> None:
    """44 million spheres in 3 GBq of resin are 68 Bq each; glass 2500, holmium 450."""
    for name, bq in (("resin", 68), ("glass", 2500), ("ho166", 450)):
        each = 1e9 / Device.named(name).vials.spheres_per_gbq
        assert each == pytest.approx(bq, rel=0.005)
