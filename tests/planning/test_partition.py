"""The partition model: its identities, and plans that limits bound."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from sirtdose.checks.limits import limit_findings
from sirtdose.errors import InputError, PlanningError, RangeError
from sirtdose.planning import mird
from sirtdose.planning.kao import (
    lung_shunt_of_tumor_lung_shunt,
    ratio_of_activity_ratio,
)
from sirtdose.planning.limits import Rule
from sirtdose.planning.partition import (
    normal_dose_gy,
    uptake_fractions,
)
from sirtdose.planning.partition_goal import Injection
from sirtdose.planning.perfused import Tumor
from sirtdose.planning.result import Plan
from tests import planned

K = 49.67
T1 = (Tumor("T1", 200.0, 3.0),)

masses = st.floats(0.005, 2.0)
ratios = st.floats(0.2, 20.0)
shunts = st.floats(0.0, 0.6)
tumors = st.lists(st.tuples(masses, ratios), min_size=1, max_size=4)


def dose_of(result: Plan, name: str) -> float:
    [row] = [row for row in result.compartments if row.name == name]
    return row.dose_gy


@given(masses, tumors, shunts)
def test_every_becquerel_is_somewhere(
    normal_kg: float, pairs: list[tuple[float, float]], shunt: float
) -> None:
    normal, parts = uptake_fractions(
        normal_mass_kg=normal_kg,
        tumor_masses_kg=[m for m, _ in pairs],
        tumor_to_normal_ratios=[r for _, r in pairs],
        lung_shunt_fraction=shunt,
    )
    assert normal + sum(parts) + shunt == pytest.approx(1.0)
    for (mass, ratio), part in zip(pairs, parts, strict=True):
        # Concentrations stand to each other as T/N says.
        assert part / mass == pytest.approx(ratio * normal / normal_kg)


@given(masses, masses, shunts, st.floats(0.1, 10))
def test_at_ratio_one_it_is_one_compartment(
    normal_kg: float, tumor_kg: float, shunt: float, activity: float
) -> None:
    dose = normal_dose_gy(
        activity_gbq=activity,
        normal_mass_kg=normal_kg,
        tumor_masses_kg=[tumor_kg],
        tumor_to_normal_ratios=[1.0],
        dose_constant_gy_kg_per_gbq=K,
        lung_shunt_fraction=shunt,
    )
    assert dose == pytest.approx(
        mird.delivered_dose_gy(
            activity_gbq=activity,
            mass_kg=normal_kg + tumor_kg,
            dose_constant_gy_kg_per_gbq=K,
            lung_shunt_fraction=shunt,
        )
    )


@given(masses, ratios, shunts)
def test_a_tumor_alone_takes_all(tumor_kg: float, ratio: float, shunt: float) -> None:
    normal = normal_dose_gy(
        activity_gbq=1.0,
        normal_mass_kg=0.0,
        tumor_masses_kg=[tumor_kg],
        tumor_to_normal_ratios=[ratio],
        dose_constant_gy_kg_per_gbq=K,
        lung_shunt_fraction=shunt,
    )
    assert ratio * normal == pytest.approx(K * (1 - shunt) / tumor_kg)


@given(st.floats(0.01, 1), st.floats(0.05, 2), st.floats(0.05, 20), st.floats(0, 0.5))
def test_kaos_definitions_are_other_names_for_the_same_activities(
    tumor_kg: float, normal_kg: float, ratio: float, shunt: float
) -> None:
    normal, [tumor] = uptake_fractions(
        normal_mass_kg=normal_kg,
        tumor_masses_kg=[tumor_kg],
        tumor_to_normal_ratios=[ratio],
        lung_shunt_fraction=shunt,
    )
    kao_ratio, tlsf = tumor / normal, shunt / (tumor + shunt)
    assert ratio_of_activity_ratio(
        tumor_to_normal_activity=kao_ratio,
        tumor_mass_kg=tumor_kg,
        normal_mass_kg=normal_kg,
    ) == pytest.approx(ratio)
    assert lung_shunt_of_tumor_lung_shunt(
        tumor_lung_shunt_fraction=tlsf, tumor_to_normal_activity=kao_ratio
    ) == pytest.approx(shunt, abs=1e-12)


@pytest.mark.parametrize(
    ("goal", "value", "name"),
    [
        ("tumor_dose", 250.0, "T1"),
        ("normal_dose", 40.0, "normal perfused"),
        ("perfused_dose", 120.0, "perfused volume"),
    ],
)
def test_the_goal_is_reached(goal: str, value: float, name: str) -> None:
    result = planned.partition(
        injections=[Injection("right", 1000, T1, goal, value, 0.08)]
    )  # type: ignore[arg-type]
    assert dose_of(result, name) == pytest.approx(value)
    assert dose_of(result, "T1") == pytest.approx(
        3 * dose_of(result, "normal perfused")
    )


@given(st.floats(0.2, 9.0))
def test_doses_are_linear_in_the_activity(activity: float) -> None:
    def doses(gbq: float) -> list[float]:
        one = Injection("right", 1000, T1, "activity", gbq, 0.05)
        result = planned.partition(injections=[one], liver_volume_ml=1800)
        return [row.dose_gy for row in result.compartments] + [result.lungs.dose_gy]

    assert [2 * gy for gy in doses(activity)] == pytest.approx(doses(2 * activity))


def test_every_tumor_gets_at_least_the_dose() -> None:
    two = (*T1, Tumor("T2", 40.0, 1.5))
    result = planned.partition(
        injections=[Injection("right", 1000, two, "tumor_dose", 200, 0.0)]
    )
    assert dose_of(result, "T2") == pytest.approx(200)
    assert dose_of(result, "T1") == pytest.approx(400)


def test_the_whole_normal_liver_counts_what_is_not_perfused() -> None:
    result = planned.partition(
        injections=[Injection("right", 1000, T1, "normal_dose", 90, 0.0)],
        liver_volume_ml=1800,
    )
    # 800 mL at 90 Gy and 800 mL at none.
    assert dose_of(result, "normal whole liver") == pytest.approx(45.0)


@given(st.floats(20, 200), st.floats(0.0, 0.3), st.floats(0, 29), st.floats(0, 15))
def test_the_most_activity_breaks_no_limit_and_meets_one(
    normal_gy: float, shunt: float, prior_lungs: float, prior_liver: float
) -> None:
    result = planned.partition(
        injections=[Injection("right", 1000, T1, "maximize", None, shunt)],
        liver_volume_ml=1500,
        limits_gy={"normal": normal_gy, "T1": 300.0, "normal_whole": 60.0},
        prior_lung_dose_gy=prior_lungs,
        prior_liver_dose_gy=prior_liver,
    )
    assert all(limit.met for limit in result.limits)
    binding = [limit for limit in result.limits if limit.binding]
    assert binding
    for limit in binding:
        assert limit.value_gy == pytest.approx(limit.limit_gy)


@pytest.mark.parametrize(
    ("shunt", "limits", "binds"),
    [
        (0.05, {"normal": 70.0}, "normal_perfused"),
        (0.20, {"normal": 200.0}, "lungs"),
        (0.05, {"normal": 70.0, "T1": 100.0}, "T1"),
        (0.05, {"normal": 70.0, "normal_whole": 20.0}, "normal_whole"),
        (0.20, {}, "lungs"),
    ],
)
def test_the_limit_that_binds_is_named(
    shunt: float, limits: dict[str, float], binds: str
) -> None:
    result = planned.partition(
        injections=[Injection("right", 1000, T1, "maximize", None, shunt)],
        liver_volume_ml=1800,
        limits_gy=limits,
    )
    assert [limit.name for limit in result.limits if limit.binding] == [binds]


def test_several_injections_add_up() -> None:
    right = Injection("right", 900, T1, "tumor_dose", 200, 0.06)
    left = Injection("left", 500, (Tumor("T2", 50, 5),), "normal_dose", 30, 0.02)
    result = planned.partition(
        injections=[right, left], liver_volume_ml=1600, density_g_per_ml=1.0
    )
    alone = [
        planned.partition(injections=[one], density_g_per_ml=1.0)
        for one in (right, left)
    ]
    assert result.activity_gbq == pytest.approx(sum(p.activity_gbq for p in alone))
    assert result.lungs.dose_gy == pytest.approx(sum(p.lungs.dose_gy for p in alone))
    assert dose_of(result, "normal perfused of left") == pytest.approx(30)
    # 0.7 kg at 200 / 3 Gy and 0.45 kg at 30 Gy, of 1.35 kg of normal liver.
    expected = (0.7 * 200 / 3 + 0.45 * 30) / 1.35
    assert dose_of(result, "normal whole liver") == pytest.approx(expected)


def test_shared_limits_scale_all_that_grow_and_nothing_else() -> None:
    fixed = Injection("left", 500, (), "activity", 0.5, 0.2)
    grows = [
        Injection(name, volume, (Tumor(f"T {name}", 50, 4),), "maximize", None, 0.2)
        for name, volume in (("a", 400.0), ("b", 600.0))
    ]
    result = planned.partition(injections=[fixed, *grows], limits_gy={"normal": 200.0})
    by_name = {one["name"]: one for one in result.assumptions["injections"]}
    assert by_name["left"]["activity_gbq"] == pytest.approx(0.5)
    assert result.lungs.dose_gy == pytest.approx(30.0)
    a, b = (dose_of(result, f"normal perfused of {name}") for name in "ab")
    assert a == pytest.approx(b)


@pytest.mark.parametrize(
    ("injection", "options", "message"),
    [
        (Injection("r", 100, T1, "activity", 1), {}, "but the perfused volume"),
        (Injection("r", 1000, (), "tumor_dose", 9), {}, "has no tumor"),
        (Injection("r", 1000, T1, "tumor_dose"), {}, "needs a value"),
        (Injection("T1", 1000, T1, "activity", 1), {}, "names two regions"),
        (Injection("r", 1000, T1, "maximize"), {}, "needs a limit"),
        (
            Injection("r", 1000, T1, "activity", 1),
            {"liver_volume_ml": 900},
            "but the liver of 900 mL",
        ),
        (
            Injection("r", 1000, T1, "activity", 1),
            {"limits_gy": {"x": 1}},
            "names no volume",
        ),
    ],
)
def test_refusals(injection: Injection, options: dict, message: str) -> None:
    with pytest.raises((InputError, RangeError), match=message):
        planned.partition(injections=[injection], **options)


def test_a_goal_beyond_a_limit_says_what_would_meet_it() -> None:
    """300 Gy at three times the normal liver's are 100 Gy there: 0.7 of it would do."""
    plan = planned.partition(
        injections=[Injection("right", 1000, T1, "tumor_dose", 300, 0.1)],
        limits_gy={"normal": 70.0},
    )
    assert plan.limits[-1].passed
    assert plan.limits[-1].at_most_gbq["right"] == pytest.approx(
        0.7 * plan.activity_gbq
    )


def test_a_limit_has_a_row_for_each_volume_it_holds_for() -> None:
    """T1 has 1.5 GBq in 1 kg with 0.2 kg of tumor at 3: 49.67 * 1.5 * 3 / 1.4 Gy."""
    result = planned.partition(
        injections=[
            Injection("right", 1000, T1, "activity", 1.5, 0.0),
            Injection("left", 500, (Tumor("T2", 50, 5),), "activity", 0.5, 0.0),
        ],
        density_g_per_ml=1.0,
        rules=(Rule("tumor", "at_least", 200.0),),
    )
    rows = [limit for limit in result.limits if limit.name == "tumor"]
    assert [(row.value_of, row.met) for row in rows] == [("T1", False), ("T2", False)]
    first, second = rows
    assert first.value_gy == pytest.approx(159.65, abs=0.01)
    # 0.45 kg and five times 0.05 kg: 49.67 * 0.5 * 5 / 0.7.
    assert second.value_gy == pytest.approx(177.39, abs=0.01)
    assert (first.activity_of, second.activity_of) == ("right", "left")
    # Each by its own injection, the other as it is: 200 / 159.65 and 200 / 177.39.
    assert first.activity_needed_gbq == pytest.approx(1.8791, abs=1e-4)
    assert second.activity_needed_gbq == pytest.approx(0.5637, abs=1e-4)


def test_every_volume_above_a_limit_is_named() -> None:
    """49.67 Gy kg by 1 GBq: 52.5 Gy in 0.946 kg, 66.2 in 0.75, 24.8 in 2."""
    plan = planned.partition(
        injections=[
            Injection("right", 946, (), "activity", 1.0, 0.0),
            Injection("left", 750, (), "activity", 1.0, 0.0),
            Injection("rest", 2000, (), "activity", 1.0, 0.0),
        ],
        density_g_per_ml=1.0,
        limits_gy={"normal": 50.0},
    )
    right, left = limit_findings(plan.limits, injections=3)
    assert (right.code, right.subject) == ("H42", "normal perfused of right")
    assert "52.51 Gy is above the limit of 50 Gy" in right.message
    assert right.remedy == "inject at most 0.9522 GBq (25.73 mCi) to 'right' to meet it"
    assert left.remedy == "inject at most 0.7549 GBq (20.4 mCi) to 'left' to meet it"


def test_no_room_left_by_earlier_treatments() -> None:
    with pytest.raises(PlanningError, match="has already received 80 Gy"):
        planned.partition(
            injections=[Injection("right", 1000, T1, "maximize", None, 0.1)],
            limits_gy={"normal": 70.0},
            prior_liver_dose_gy=80.0,
        )
