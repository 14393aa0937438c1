"""Which choices give a factor between two doses."""

import pytest

from sirtdose.dosimetry.compare.known_factors import (
    OurChoices,
    explanations,
    known_factors,
)

OURS = OurChoices(
    half_life_h=64.05,
    dose_constant_gy_kg_per_gbq=49.67,
    density_g_per_ml=1.05,
    lung_shunt_fraction=0.08,
    residual_fraction=0.02,
    elapsed_h=24.0,
    calibrations_ratio=1.26,
)


@pytest.mark.parametrize(
    ("factor", "says"),
    [
        (1.05, "density 1 g/mL"),
        (50 / 49.67, "dose constant 50 Gy kg/GBq (label)"),
        (49.38 / 49.67, "dose constant 49.38 Gy kg/GBq (ddep)"),
        (64.2 / 64.05, "half-life 64.2 h"),
        (1 / 0.92, "lung shunt of 8.00% not subtracted"),
        (1 / 0.98, "residual of 2.00% not subtracted"),
        (0.77126, "decay over the 24 h from administration to scan not corrected"),
        (1.26, "the image's other calibration"),
        (27.03, "an activity in mCi read as GBq"),
        (50 / 49.67 * 1.05 / 1.03, "(label) instead of our 49.67, and density 1.03"),
    ],
)
def test_a_factor_has_its_reason(factor: float, says: str) -> None:
    assert any(says in one.says for one in explanations(factor, OURS))


def test_what_is_not_known_is_not_guessed() -> None:
    kinds = {one.kind for one in known_factors(OurChoices())}
    assert kinds == {"unit"}
    assert explanations(1.17, OurChoices()) == []
    holmium = OurChoices("Ho-166", 26.8, 15.87, 1.05)
    assert any("15.53" in one.says for one in explanations(15.53 / 15.87, holmium))
