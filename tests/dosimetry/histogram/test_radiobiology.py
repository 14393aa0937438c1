import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from sirtdose.dosimetry.histogram.dvh import Dvh
from sirtdose.dosimetry.histogram.radiobiology import (
    bed_gy,
    effects,
    equivalent_uniform_dose_gy,
    generalized_eud_gy,
    probability,
)
from sirtdose.errors import RangeError
from sirtdose.model.radiobiology import ResponseModel, TissueResponse

TUMOR = TissueResponse.named("tumor")
LIVER = TissueResponse.named("normal liver")
doses = st.lists(st.floats(0.0, 400), min_size=1, max_size=40)


def model(form: str, **parameters: float) -> ResponseModel:
    return ResponseModel("tcp", "a model", form, "mean", parameters, (), {}, "test")


def test_a_uniform_dose_is_its_own_equivalent() -> None:
    found = effects(Dvh.of_values("T", [120.0] * 5, [1.0] * 5), TUMOR, 64.1)
    assert found.eud_gy == pytest.approx(120)
    assert found.geud_gy == pytest.approx(120)
    # 120 * (1 + 120 * 1.5 / 656) = 152.927
    assert found.bed_mean_gy == pytest.approx(152.927, abs=1e-3)
    assert found.eubed_gy == pytest.approx(152.927, abs=1e-3)
    assert found.eqd2_mean_gy == pytest.approx(152.927 / 1.2, abs=1e-3)


def test_the_mean_bed_is_not_the_bed_of_the_mean() -> None:
    """Half at 0, half at 200 Gy: 200 * (1 + 200 * 1.5 / 656) / 2, mean 100 Gy."""
    found = effects(Dvh.of_values("T", [0.0, 200.0], [1.0, 1.0]), TUMOR, 64.1)
    assert found.bed_mean_gy == pytest.approx(145.732, abs=1e-3)
    assert found.bed_mean_gy > 122.866


def test_no_eud_without_alpha() -> None:
    found = effects(Dvh.of_values("L", [10.0, 30.0], [1.0, 3.0]), LIVER, 64.1)
    assert (found.eud_gy, found.eubed_gy) == (None, None)
    assert found.geud_gy == pytest.approx(25)


@given(doses)
def test_equivalents_lie_between_coldest_and_mean(values: list[float]) -> None:
    dose, volume = np.array(values), np.ones(len(values))
    eud = equivalent_uniform_dose_gy(dose, volume, alpha_per_gy=0.036)
    assert dose.min() - 1e-9 <= eud <= dose.mean() + 1e-9
    cold = generalized_eud_gy(dose, volume, a=-10)
    hot = generalized_eud_gy(dose, volume, a=8)
    assert cold <= dose.mean() + 1e-6
    assert dose.mean() - 1e-6 <= hot <= dose.max() + 1e-6


def test_extremes_neither_overflow_nor_vanish() -> None:
    dose, volume = np.array([2.0, 40000.0]), np.array([1.0, 1.0])
    # Half of the cells survive where 2 Gy is, none elsewhere: 2 + ln 2 / 0.036.
    eud = equivalent_uniform_dose_gy(dose, volume, alpha_per_gy=0.036)
    assert eud == pytest.approx(2 + np.log(2) / 0.036)
    # A part without volume counts for nothing.
    alone = np.array([0.0, 1.0])
    assert equivalent_uniform_dose_gy(dose, alone, alpha_per_gy=0.036) == 40000
    assert generalized_eud_gy(np.array([0.0, 7.0]), alone, a=-10) == pytest.approx(7)
    assert generalized_eud_gy(dose, volume, a=-200) == pytest.approx(2, rel=4e-3)
    assert generalized_eud_gy(dose, volume, a=200) == pytest.approx(40000, rel=4e-3)
    assert generalized_eud_gy(np.array([-1.0, 3.0]), volume, a=-10) == 0
    assert generalized_eud_gy(np.array([-1.0, 3.0]), volume, a=1) == pytest.approx(1.5)
    logistic = model("logistic", d50_gy=292.0, gamma50=5.0)
    assert probability(logistic, 1e-12) == pytest.approx(0, abs=1e-12)
    assert probability(logistic, -1.0) == 0
    assert probability(logistic, 1e9) == pytest.approx(1)


@pytest.mark.parametrize(
    ("one", "dose", "expected"),
    [
        # gamma50 is the slope at D50: a dose 1 % up gains 1 % of gamma50.
        (model("logistic", d50_gy=100.0, gamma50=2.0), 101.0, 0.5199),
        # 1 / (1 + exp(2 - 0.012 * 300))
        (model("logit", b0=-2.0, b1_per_gy=0.012), 300.0, 0.8320),
        # Two standard deviations under: 2.3 %.
        (model("lyman", d50_gy=52.0, m=0.25), 26.0, 0.0228),
    ],
)
def test_models(one: ResponseModel, dose: float, expected: float) -> None:
    assert probability(one, dose) == pytest.approx(expected, abs=1e-4)


def test_refusals() -> None:
    with pytest.raises(RangeError, match="alpha/beta is 0"):
        bed_gy(100.0, alpha_beta_gy=0, repair_half_time_h=1.5, half_life_h=64.1)
    with pytest.raises(RangeError, match="a = 0"):
        generalized_eud_gy(np.array([1.0]), np.array([1.0]), a=0)
