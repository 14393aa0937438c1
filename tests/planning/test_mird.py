import pytest
from hypothesis import given
from hypothesis import strategies as st

from sirtdose.errors import InputError, RangeError
from sirtdose.model.device import Device
from sirtdose.model.finding import Severity
from sirtdose.model.nuclide import Nuclide
from sirtdose.workflows.plan.numbers import PlanRequest, plan_mird
from tests import planned

CASE = {"dose_gy": 100.0, "perfused_volume_ml": 1000.0, "density_g_per_ml": 1.03}


@given(st.floats(0, 0.5))
def test_residual_changes_what_is_drawn_not_what_the_lungs_get(residual: float) -> None:
    plain = planned.mird(**CASE, lung_shunt_fraction=0.1)
    drawn = planned.mird(**CASE, lung_shunt_fraction=0.1, residual_fraction=residual)
    assert drawn.activity_gbq == plain.activity_gbq
    assert drawn.lungs == plain.lungs
    # What is left after the residual is what was to be injected.
    assert drawn.draw_activity_gbq * (1 - residual) == pytest.approx(plain.activity_gbq)


@given(st.floats(10, 500), st.floats(50, 3000), st.floats(0, 0.5))
def test_the_plan_gives_the_dose_it_was_asked_for(
    dose: float, volume: float, shunt: float
) -> None:
    plan = planned.mird(
        dose_gy=dose, perfused_volume_ml=volume, lung_shunt_fraction=shunt
    )
    [perfused] = plan.compartments
    assert perfused.dose_gy == pytest.approx(dose)
    # Every becquerel is in the perfused volume or in the lungs.
    assert perfused.activity_gbq + plan.lungs.activity_gbq == pytest.approx(
        plan.activity_gbq
    )


def test_the_shunt_raises_the_activity() -> None:
    """Two public calculators multiply by (1 - LSF), or leave it out."""
    without = planned.mird(**CASE).activity_gbq
    shunted = planned.mird(**CASE, lung_shunt_fraction=0.2).activity_gbq
    assert shunted == pytest.approx(without / 0.8)


def test_label_convention_shows_what_is_really_delivered() -> None:
    # 120 Gy, 1 kg, 5 % shunt: the label asks 120 / 50 = 2.4 GBq and gives
    # 49.67 * 2.4 * 0.95 / 1 = 113.25 Gy.
    plan = planned.mird(
        dose_gy=120,
        perfused_volume_ml=1000,
        density_g_per_ml=1.0,
        lung_shunt_fraction=0.05,
        convention="label",
    )
    assert plan.activity_gbq == pytest.approx(2.4)
    assert plan.compartments[0].dose_gy == pytest.approx(113.25, abs=0.005)


def test_holmium_has_its_own_constant_and_half_life() -> None:
    # 60 Gy to 1 kg is 3.78 GBq (J Nucl Med 2016;57 suppl 2:199).
    plan = planned.mird(
        dose_gy=60,
        perfused_volume_ml=1000,
        density_g_per_ml=1.0,
        device=Device.named("ho166"),
        nuclide=Nuclide.named("Ho-166"),
    )
    assert plan.activity_gbq == pytest.approx(3.78, abs=0.005)


def test_device_and_nuclide_must_agree() -> None:
    with pytest.raises(InputError, match="glass microspheres carry Y-90, not Ho-166"):
        planned.mird(
            **CASE, device=Device.named("glass"), nuclide=Nuclide.named("Ho-166")
        )


def test_limits_are_compared_unrounded_and_warn() -> None:
    # clinical reference, section 3: 116.5 Gy passes (29.99875), 116.51 fails.
    case = {
        "perfused_volume_ml": 1000,
        "density_g_per_ml": 1.03,
        "lung_shunt_fraction": 0.2,
    }
    passes = planned.judged_mird(dose_gy=116.5, **case)
    fails = planned.judged_mird(dose_gy=116.51, **case)
    assert passes.lungs.dose_gy == pytest.approx(29.99875)
    assert fails.lungs.dose_gy == pytest.approx(30.001325)
    assert [limit.met for limit in passes.limits] == [True, True]
    assert [limit.met for limit in fails.limits] == [False, True]
    warned = [f for f in fails.findings if "above 30 Gy" in f.message]
    assert [f.severity for f in warned] == [Severity.WARN]


def test_earlier_treatments_count_towards_the_cumulative_limit() -> None:
    plan = planned.mird(
        **CASE,
        lung_shunt_fraction=0.1,
        prior_lung_dose_gy=45,
        prior_liver_dose_gy=20,
    )
    assert plan.lungs.cumulative_dose_gy == pytest.approx(45 + plan.lungs.dose_gy)
    assert [limit.met for limit in plan.limits] == [True, False]
    assert plan.compartments[0].cumulative_dose_gy == pytest.approx(120)


def test_a_limit_the_user_gave_must_be_met() -> None:
    plan = planned.judged_mird(**CASE, lung_shunt_fraction=0.1, limits_gy={"lungs": 10})
    assert plan.limits[-1].met is False
    [unmet] = plan.unaccepted
    assert (unmet.code, unmet.subject) == ("H42", "lungs")
    assert unmet.value == pytest.approx(11.44, abs=0.01)
    allowed = float(unmet.message.split("at most ")[1].split(" GBq")[0])
    scaled = planned.mird(
        dose_gy=100 * allowed / 2.3041,
        perfused_volume_ml=1000,
        density_g_per_ml=1.03,
        lung_shunt_fraction=0.1,
    )
    assert scaled.lungs.dose_gy == pytest.approx(10, rel=1e-3)
    assert planned.mird(**CASE, limits_gy={"perfused": 100.0}).limits[-1].met
    with pytest.raises(InputError, match="--limit spleen names no volume"):
        planned.mird(**CASE, limits_gy={"spleen": 10})


@pytest.mark.parametrize(
    ("shunt", "source", "says"),
    [
        (0.05, "planar", "planar images, which overestimate"),
        (0.05, "unknown", "not checked: needs --lung-shunt-source"),
        (0.12, "spect", "above 10 %"),
        (0.25, "spect", "high: above 20 %"),
    ],
)
def test_what_is_said_of_the_lung_shunt(shunt: float, source: str, says: str) -> None:
    plan = planned.judged_mird(
        **CASE, lung_shunt_fraction=shunt, lung_shunt_source=source
    )
    assert any(f.code == "H22" and says in f.message for f in plan.findings)


@pytest.mark.parametrize(
    ("change", "says"),
    [
        ({"lung_shunt_fraction": 4.2}, r"4\.2 % is 0\.042"),
        ({"dose_gy": -1}, "dose gy is -1"),
        ({"perfused_volume_ml": 0}, "perfused volume ml is 0"),
        ({"density_g_per_ml": float("nan")}, "density g/mL is nan"),
        ({"residual_fraction": 1.0}, "residual fraction is 1"),
        ({"lung_mass_kg": 0.0}, "lung mass kg is 0"),
        ({"prior_lung_dose_gy": -3.0}, "prior lung dose gy is -3"),
    ],
)
def test_what_cannot_be_is_refused(change: dict[str, float], says: str) -> None:
    with pytest.raises(RangeError, match=says):
        planned.mird(**(CASE | change))  # type: ignore[arg-type]


def test_a_limit_counts_earlier_treatments_and_so_does_its_remedy() -> None:
    case = CASE | {"lung_shunt_fraction": 0.1}
    limit = planned.mird(
        **case, prior_liver_dose_gy=60.0, limits_gy={"perfused": 140.0}
    ).limits[-1]
    # 80 Gy are left of the limit, and 100 were asked for.
    [allowed] = limit.at_most_gbq.values()
    assert allowed == pytest.approx(0.8 * planned.mird(**case).activity_gbq)
    never = planned.judged_mird(
        **case, prior_lung_dose_gy=55.0, limits_gy={"lungs_cumulative": 50.0}
    )
    assert (never.limits[-1].passed, never.limits[-1].at_most_gbq) == (True, {})
    assert "no activity meets it" in never.unaccepted[0].message


def test_a_nuclide_of_ones_own_has_no_label() -> None:
    own = Nuclide("P-32", 342.816, 198.4, "own", "a", half_life_source="b")
    with pytest.raises(InputError, match="no device label"):
        plan_mird(
            PlanRequest(own), dose_gy=120, perfused_volume_ml=1000, convention="label"
        )
