"""Planned doses and what they are known to: by hand, and by two routes."""

import math

import pytest

from sirtdose.errors import RangeError
from sirtdose.model.uncertain import PlannedDose
from sirtdose.planning.partition_goal import Injection
from sirtdose.planning.partition_plan import plan
from sirtdose.planning.perfused import Tumor
from sirtdose.planning.scout_agreement import predicted
from sirtdose.planning.terms import Terms
from sirtdose.uncertainty.budget import Budget
from sirtdose.uncertainty.planned import Planned, planned_doses

NOTHING = dict.fromkeys(Budget.of({}).components, 0.0)


def case(
    limits: dict[str, float] | None = None, residual: float = 0.0, shunt: float = 0.1
) -> Planned:
    """800 mL of normal liver and 200 mL of tumor at T/N 3: 100 and 300 Gy."""
    one = Injection("right", 1000, (Tumor("T1", 200, 3),), "tumor_dose", 300.0)
    terms = Terms(
        density_g_per_ml=1.0,
        lung_shunt_fraction=shunt,
        residual_fraction=residual,
        limits_gy=limits or {},
    )
    made = plan(terms, [one], liver_volume_ml=1500)
    return Planned(made.case, made.activities_gbq, residual, made.limits)


def alone(name: str, u: float, planned: Planned | None = None) -> dict[str, float]:
    """The relative standard uncertainty of each dose by one component."""
    budget = Budget.of({**NOTHING, name: u})
    doses, _ = planned_doses(planned or case(), budget)
    return {one.name: one.first_order.standard / one.first_order.value for one in doses}


class TestByHand:
    def test_activity_and_energy_scale_every_dose(self) -> None:
        for name in ("administered", "dose_constant"):
            assert alone(name, 0.05) == pytest.approx(
                dict.fromkeys(alone(name, 1.0), 0.05)
            )

    def test_density_scales_all_but_the_lungs(self) -> None:
        found = alone("density", 0.02)
        assert found.pop("lungs") == 0
        assert list(found.values()) == pytest.approx([0.02] * len(found))

    def test_a_ratio_moves_tumor_and_normal_liver_apart(self) -> None:
        # dlnD_T/dlnr = M_N / (M_N + r M_T) = 0.8 / 1.4; the rest is normal liver's.
        found = alone("tumor_to_normal", 0.2)
        assert found["T1"] == pytest.approx(0.2 * 0.8 / 1.4, rel=1e-4)
        assert found["normal perfused"] == pytest.approx(0.2 * 0.6 / 1.4, rel=1e-4)
        assert found["perfused volume"] == pytest.approx(0, abs=1e-9)

    def test_the_shunt_by_what_is_left(self) -> None:
        found = alone("lung_shunt", 0.3)
        assert found["T1"] == pytest.approx(0.3 * 0.1 / 0.9, rel=1e-3)
        assert found["lungs"] == pytest.approx(0.3, rel=1e-4)

    def test_the_residual_by_what_is_left(self) -> None:
        found = alone("residual", 0.2, case(residual=0.1))
        assert found["T1"] == pytest.approx(0.2 * 0.1 / 0.9, rel=1e-3)
        assert alone("residual", 0.2)["T1"] == 0

    def test_borders_by_the_sphere_of_each_volume(self) -> None:
        # 1000 mL: r = 62.035 mm; 200 mL: r = 36.278 mm. Volumes to 3 u / r of each.
        found = alone("border_mm", 1.0)
        assert found["perfused volume"] == pytest.approx(3 / 62.035, rel=1e-4)
        # ln(V_N + 3 V_T) with V_N = V - V_T: 1000 / 1400 by V, 2 * 200 / 1400 by V_T.
        own = math.hypot(3 / 62.035 * 1000 / 1400, 3 / 36.278 * 400 / 1400)
        assert found["T1"] == pytest.approx(own, rel=1e-3)

    def test_components_add_as_squares(self) -> None:
        [tumor, *_] = planned_doses(case(), Budget.of({}))[0]
        assert tumor.first_order.standard**2 == pytest.approx(
            sum(part**2 for part in tumor.parts_gy.values())
        )
        assert tumor.first_order.value == pytest.approx(300)
        u = tumor.first_order.standard / 300
        assert tumor.first_order.low == pytest.approx(
            300 * math.exp(-1.96 * u), rel=1e-4
        )
        assert tumor.first_order.high == pytest.approx(
            300 * math.exp(1.96 * u), rel=1e-4
        )


class TestBothRoutes:
    def test_they_agree_within_a_tenth(self) -> None:
        budget = Budget.of({"lung_shunt": 0.1, "lung_mass": 0.1})
        doses, _ = planned_doses(case(residual=0.05), budget, realizations=2000)
        for one in doses:
            assert one.ensemble is not None
            assert one.ensemble.standard == pytest.approx(
                one.first_order.standard, rel=0.1
            )
            assert one.ensemble.low == pytest.approx(one.first_order.low, rel=0.03)
            assert one.ensemble.high == pytest.approx(one.first_order.high, rel=0.03)

    def test_the_same_seed_draws_the_same(self) -> None:
        def ends(seed: int) -> list[float]:
            doses, _ = planned_doses(case(), Budget.of({}), realizations=50, seed=seed)
            return [one.ensemble.high for one in doses if one.ensemble]

        assert ends(1) == ends(1) != ends(2)

    def test_none_without_realizations(self) -> None:
        doses, chances = planned_doses(case(), Budget.of({}))
        assert {one.ensemble for one in doses} == {None}
        assert {one.ensemble for one in chances} == {None}

    @pytest.mark.parametrize("count", [0, 19, 100_001])
    def test_counts_that_say_nothing(self, count: int) -> None:
        with pytest.raises(RangeError, match="20 to 100000"):
            planned_doses(case(), Budget.of({}), realizations=count)


class TestLimits:
    def chance(self, name: str, limits: dict[str, float]) -> tuple[float, float]:
        _, chances = planned_doses(
            case(limits), Budget.of({}), realizations=2000, seed=3
        )
        [own] = [one for one in chances if one.name == name]
        assert own.first_order is not None
        assert own.ensemble is not None
        return own.first_order, own.ensemble

    def test_a_dose_at_its_limit_meets_it_in_half_of_all_cases(self) -> None:
        first, drawn = self.chance("normal_perfused", {"normal": 100.0 + 1e-6})
        assert first == pytest.approx(0.5, abs=1e-3)
        assert drawn == pytest.approx(0.5, abs=0.03)

    def test_a_limit_far_off_is_met(self) -> None:
        assert self.chance("normal_perfused", {"normal": 200.0}) == pytest.approx(
            (1, 1)
        )

    def test_one_standard_uncertainty_above(self) -> None:
        [tumor, normal, *_] = planned_doses(case(), Budget.of({}))[0]
        u = normal.first_order.standard / normal.first_order.value
        first, drawn = self.chance("normal_perfused", {"normal": 100 * math.exp(u)})
        assert first == pytest.approx(0.8413, abs=1e-3)
        assert drawn == pytest.approx(0.8413, abs=0.03)
        assert tumor.role == "tumor"

    def test_every_tumor_has_its_own_probability(self) -> None:
        one = Injection(
            "right",
            1000,
            (Tumor("T1", 100, 3), Tumor("T2", 100, 2)),
            "tumor_dose",
            200.0,
        )
        made = plan(
            Terms(lung_shunt_fraction=0.1, limits_gy={"tumor": 300.0 + 1e-6}), [one]
        )
        planned = Planned(made.case, made.activities_gbq, 0.0, made.limits)
        budget = Budget.of({**NOTHING, "tumor_to_normal": 0.2})
        _, chances = planned_doses(planned, budget, realizations=2000)
        found = {one.value_of: one for one in chances if one.name == "tumor"}
        # T1 gets the limit's 300 Gy, T2 its 200 Gy, each with its own T/N to 20 %.
        assert list(found) == ["T1", "T2"]
        for name, low, high in (("T1", 0.45, 0.55), ("T2", 0.97, 1.0)):
            own = found[name]
            assert own.first_order is not None
            assert own.ensemble is not None
            assert low < own.first_order <= high
            assert low < own.ensemble <= high


class TestPrediction:
    def test_the_interval_of_tumors_follows_from_the_correlation(self) -> None:
        # sqrt(2 (1 - 0.62)) * 0.605 = 0.5274; exp(1.96 * 0.5274) = 2.811.
        one = predicted("tumor", 200.0)
        assert one is not None
        assert one.median_gy == pytest.approx(202.0)
        assert one.high_gy == pytest.approx(202 * 2.811, rel=1e-3)
        assert one.low_gy == pytest.approx(202 / 2.811, rel=1e-3)

    def test_half_of_normal_livers_lie_between_the_quartiles(self) -> None:
        one, wider = predicted("normal_perfused", 40.0), None
        assert one is not None
        # ln(1.25 / 0.83) / 1.349 = 0.3036.
        assert one.high_gy / one.median_gy == pytest.approx(
            math.exp(1.96 * 0.3036), rel=1e-3
        )
        wider = predicted("normal_perfused", 40.0, wider=1.5)
        assert wider is not None
        assert wider.high_gy / wider.median_gy == pytest.approx(
            (one.high_gy / one.median_gy) ** 1.5
        )

    @pytest.mark.parametrize("role", ["perfused", "liver", "lungs", "organ"])
    def test_nothing_is_published_of_others(self, role: str) -> None:
        assert predicted(role, 100.0) is None


def test_a_region_without_dose_has_none() -> None:
    """An injection of nothing: no logarithm, no interval."""
    planned = case()
    zero = Planned(planned.case, (0.0,), 0.0, planned.limits)
    doses: list[PlannedDose] = planned_doses(zero, Budget.of({}), realizations=20)[0]
    assert {(one.first_order.value, one.first_order.standard) for one in doses} == {
        (0.0, 0.0)
    }
