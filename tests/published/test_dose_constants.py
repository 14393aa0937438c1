"""Dose constants in live use, and the energies per decay that they hold.

Clinical reference, section 2, table "Dose constant K"; each row names its source.
"""

import pytest

from sirtdose.model.nuclide import Nuclide
from sirtdose.planning.mird import delivered_dose_gy
from tests import planned

Y90 = Nuclide.named("Y-90")


@pytest.mark.parametrize(
    ("constant", "half_life_h", "mev", "within"),
    [
        pytest.param(50, 64.1, 0.9374, 5e-5, id="label, EANM, Sirtex"),
        pytest.param(49.93, 64.1, 0.936, 5e-4, id="Lanconelli 2012, highest"),
        pytest.param(49.80, 64.1, 0.934, 5e-4, id="Lanconelli 2012, lowest"),
        pytest.param(49.88, 64.2, 0.9337, 5e-5, id="0.9337 MeV, 64.2 h"),
        pytest.param(49.695, 64.05, 0.9324, 5e-5, id="NDS"),
        pytest.param(49.67, 64.1, 0.9312, 5e-5, id="Radulator, most literature"),
        pytest.param(49.43, 64.1, 0.9267, 5e-5, id="older literature, 0.9267 MeV"),
        pytest.param(49.38, 64.1, 0.9258, 5e-5, id="older literature"),
    ],
)
def test_energy_that_a_constant_holds(
    constant: float, half_life_h: float, mev: float, within: float
) -> None:
    nuclide = Y90.with_half_life(half_life_h).with_dose_constant(constant)
    assert nuclide.energy_mev_per_decay == pytest.approx(mev, abs=within)


@pytest.mark.parametrize(
    ("mev", "half_life_h", "constant", "within"),
    [
        (0.9374, 64.1, 50.00, 5e-3),
        (0.9337, 64.2, 49.88, 5e-3),
        (0.9337, 64.1, 49.80, 5e-3),
        (0.9324, 64.05, 49.695, 5e-4),
        (0.9312, 64.1, 49.67, 5e-3),
        (0.9267, 64.1, 49.43, 5e-3),
        (0.9258, 64.1, 49.38, 5e-3),
    ],
)
def test_constant_that_an_energy_gives(
    mev: float, half_life_h: float, constant: float, within: float
) -> None:
    per_unit = Y90.with_half_life(half_life_h).with_dose_constant(1.0)
    assert mev / per_unit.energy_mev_per_decay == pytest.approx(constant, abs=within)


def test_the_spread_of_constants_is_1_3_percent() -> None:
    """One activity, doses by 50 and by 49.38."""
    high, low = (
        delivered_dose_gy(
            activity_gbq=2.0,
            mass_kg=1.0,
            dose_constant_gy_kg_per_gbq=Nuclide.named(
                "Y-90", dose_constant=name
            ).dose_constant_gy_kg_per_gbq,
        )
        for name in ("label", "ddep")
    )
    assert 100 * (high / low - 1) == pytest.approx(1.3, abs=0.05)


def test_the_spread_of_densities_is_larger() -> None:
    """1.06 (3Dosim) against 1.0 g/mL (several web calculators): 6 % of activity."""
    dense, light = (
        planned.mird(dose_gy=120, perfused_volume_ml=1000, density_g_per_ml=density)
        for density in (1.06, 1.0)
    )
    ratio = dense.activity_gbq / light.activity_gbq
    assert 100 * (ratio - 1) == pytest.approx(6, abs=0.5)
