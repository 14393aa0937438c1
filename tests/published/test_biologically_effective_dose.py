"""BED and EQD2 as printed by others.

MIRD formula at 64.1 h, worked by hand; 3Dosim's documentation for normal liver: decay
constant 0.0108/h, repair 0.28/h, alpha/beta 2.5 Gy (its tumor column is wrong).
"""

from math import log

import pytest

from sirtdose.dosimetry.histogram.radiobiology import bed_gy, eqd2_gy


@pytest.mark.parametrize(
    ("dose", "alpha_beta", "repair_h", "expected"),
    [
        (100, 10, 1.5, 122.866),
        (205, 10, 1.5, 301.094),
        (292, 10, 1.5, 486.963),
        (30, 2.5, 2.5, 43.514),
        (40, 2.5, 2.5, 64.024),
        (70, 2.5, 2.5, 143.574),
    ],
)
def test_hand_values(
    dose: float, alpha_beta: float, repair_h: float, expected: float
) -> None:
    found = bed_gy(
        dose, alpha_beta_gy=alpha_beta, repair_half_time_h=repair_h, half_life_h=64.1
    )
    assert found == pytest.approx(expected, abs=5e-4)


@pytest.mark.parametrize(
    ("dose", "bed", "eqd2"), [(50, 87.14, 48.41), (100, 248.6, 138.1)]
)
def test_3dosim_normal_liver(dose: float, bed: float, eqd2: float) -> None:
    found = bed_gy(
        dose,
        alpha_beta_gy=2.5,
        repair_half_time_h=log(2) / 0.28,
        half_life_h=log(2) / 0.0108,
    )
    assert found == pytest.approx(bed, rel=2e-4)
    assert eqd2_gy(found, alpha_beta_gy=2.5) == pytest.approx(eqd2, rel=3e-4)
