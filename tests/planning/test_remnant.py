"""The future liver remnant, standardized volumes and published goals, by hand."""

from dataclasses import replace

import pytest

from sirtdose.errors import InputError, RangeError
from sirtdose.model.device import Device
from sirtdose.planning.partition_goal import Injection
from sirtdose.planning.perfused import Tumor
from sirtdose.planning.published_goals import PublishedGoal, Treated, published_goals
from sirtdose.planning.remnant import (
    NORMAL,
    WHOLE,
    Minimum,
    Remnant,
    RemnantAsked,
    Share,
    remnant_of,
)
from sirtdose.planning.standard_liver import standard_liver, standard_volume_ml
from tests import planned

LOBE = (Tumor("T1", 150.0, 3.0),)
SIZE = {"height_cm": 175.0, "weight_kg": 70.0}


def lobectomy(**change: object) -> Remnant:
    """900 of 1500 mL, with a tumor of 150 mL: 600 mL remain."""
    right = Injection("right", 900.0, LOBE, "activity", 2.0)
    plan = planned.partition(injections=[right], liver_volume_ml=1500.0)
    remnant = remnant_of(plan.case, RemnantAsked(**change))
    assert remnant is not None
    return remnant


def test_a_body_surface_of_1_8_m2() -> None:
    """1267.28 x 1.8 = 2281.104, less 794.41; 706.2 x 1.8 = 1271.16, and 2.4."""
    assert standard_volume_ml("vauthey", 1.8) == pytest.approx(1486.694)
    assert standard_volume_ml("urata", 1.8) == pytest.approx(1273.56)


def test_a_standardized_liver_names_its_body_surface() -> None:
    """175 cm and 70 kg are 1.8481 m2 by DuBois: 706.2 x 1.8481 + 2.4 = 1307.5 mL."""
    found = standard_liver("urata", **SIZE)
    assert found.surface_formula == "dubois"
    assert found.body_surface_m2 == pytest.approx(1.8481, abs=1e-4)
    assert found.volume_ml == pytest.approx(1307.5, abs=0.1)
    with pytest.raises(InputError, match="weight is 700 kg, but adults have 25 to 300"):
        standard_liver("urata", height_cm=175.0, weight_kg=700.0)


def test_every_denominator_is_named() -> None:
    remnant = lobectomy(formula="urata", **SIZE)
    assert remnant.volume_ml == 600.0
    assert remnant.treated_fraction == pytest.approx(0.6)
    whole, normal, standard = remnant.shares
    assert (whole.of, whole.of_ml) == (WHOLE, 1500.0)
    assert whole.fraction == pytest.approx(0.4)
    assert (normal.of, normal.of_ml) == (NORMAL, 1350.0)
    assert normal.fraction == pytest.approx(600 / 1350)
    assert standard.of == "standardized liver volume by Urata"
    assert standard.fraction == pytest.approx(600 / 1307.5, abs=1e-4)
    # Tumors are no liver that stays: the whole liver with them decides nothing.
    assert remnant.judged == [normal, standard]


def test_a_typed_remnant_needs_no_liver() -> None:
    one = planned.mird(dose_gy=120.0, perfused_volume_ml=900.0)
    assert remnant_of(one.case, RemnantAsked()) is None
    typed = remnant_of(one.case, RemnantAsked(400.0, "vauthey", **SIZE))
    assert typed is not None
    assert (typed.source, typed.treated_ml, typed.liver_ml) == ("typed", None, None)
    # 1267.28 x 1.8481 - 794.41 = 1547.7 mL.
    [share] = typed.shares
    assert share.fraction == pytest.approx(400 / 1547.7, abs=1e-4)


def test_methods_agree_on_one_liver() -> None:
    """By BSA the tumors are typed; by MIRD they are not known."""
    case = {"liver_volume_ml": 1500.0}
    by_body = planned.bsa(
        **case, **SIZE, tumor_volume_ml=150.0, treated_volume_ml=900.0
    )
    by_dose = planned.mird(**case, dose_gy=120.0, perfused_volume_ml=900.0)
    body = remnant_of(by_body.case, RemnantAsked())
    dose = remnant_of(by_dose.case, RemnantAsked())
    assert body is not None
    assert dose is not None
    assert body.shares == lobectomy().shares
    assert [one.of for one in dose.judged] == [WHOLE]


def test_a_remnant_that_reaches_into_what_is_treated() -> None:
    assert lobectomy(volume_ml=600.0).volume_ml == 600.0
    with pytest.raises(InputError, match="is 601 mL, but 600 mL of the liver are not"):
        lobectomy(volume_ml=601.0)
    with pytest.raises(RangeError):
        RemnantAsked(volume_ml=0.0)


@pytest.mark.parametrize(
    ("underlying", "percent", "missed"),
    [
        ("normal", 20.0, False),
        ("normal", 19.99, True),
        ("chemotherapy", 30.0, True),
        ("chemotherapy", 30.01, False),
        ("cirrhosis", 40.0, True),
        ("cirrhosis", 40.01, False),
    ],
)
def test_at_least_20_but_more_than_30_and_40(
    underlying: str, percent: float, missed: bool
) -> None:
    share = Share(NORMAL, 1000.0, percent / 100)
    assert Minimum.of(underlying).missed_by(share) is missed


@pytest.mark.parametrize(
    ("size", "says"),
    [
        ({"weight_kg": 70.0}, "needs the patient's height: give --height$"),
        ({"height_cm": 175.0}, "needs the patient's weight: give --weight$"),
        ({}, "needs the patient's height and weight: give --height and --weight$"),
    ],
)
def test_what_is_missing_is_named(size: dict[str, float], says: str) -> None:
    with pytest.raises(InputError, match=says):
        RemnantAsked(formula="urata", **size)


def goals(words: str, device: str = "glass", **case: object) -> list[PublishedGoal]:
    """The goals of one injection of 1 GBq into 100 mL with a tumor of 20 mL.

    Of density 1 and without a shunt: 496.7 Gy on average; 4 parts of normal liver and
    3 of tumor: 80 mL get 354.79 Gy, the tumor 1064.4 Gy.
    """
    one = Injection("one", 100.0, (Tumor("T1", 20.0, 3.0),), "activity", 1.0)
    plan = planned.partition(injections=[one], density_g_per_ml=1.0, **case)
    return list(
        published_goals(
            plan.case,
            plan.activities_gbq,
            device=Device.named(device),
            treated=Treated.named(words),
        )
    )


def test_goals_of_a_segmentectomy() -> None:
    found = goals("eanm2022:glass:hcc:segmentectomy")
    assert [(one.statistic, one.dose_gy, one.reached) for one in found] == [
        ("mean", 190.0, True),
        ("mean", 190.0, True),
        ("mean", 400.0, True),
        ("d95", 300.0, None),
    ]
    assert found[0].value_gy == pytest.approx(496.7)
    at_bound = replace(found[2], value_gy=400.0)
    assert at_bound.reached is False
    assert replace(found[0], value_gy=190.0).reached is True


def test_goals_of_a_lobectomy_are_for_large_tumors() -> None:
    found = goals("eanm2022:glass:hcc:lobectomy")
    assert [(one.volume, one.dose_gy) for one in found] == [
        ("normal_perfused", 88.0),
        # Not that of Palard, whose tumors had 100 mL or more.
        ("tumor", 205.0),
    ]
    assert found[0].value_gy == pytest.approx(354.79, abs=0.01)
    assert found[1].value_gy == pytest.approx(1064.4, abs=0.1)
    assert "DOSISPHERE" in found[1].source


def test_goals_are_of_this_treatment_and_device() -> None:
    earlier = goals("eanm2022:resin:icc:lobectomy", "resin", prior_liver_dose_gy=60.0)
    assert earlier == []
    resin = goals("eanm2022:resin:icc:segmentectomy", "resin", prior_liver_dose_gy=60.0)
    assert [(one.dose_gy, one.verified) for one in resin] == [
        (250.0, False),
        (300.0, False),
    ]
    assert resin[0].value_gy == pytest.approx(496.7)


@pytest.mark.parametrize(
    ("liver_ml", "scenarios"),
    [
        (None, {()}),
        (400.0, {(), ("segmentectomy",)}),
        (399.0, {(), ("lobectomy",), ("lobectomy", "unilobar", "bilobar")}),
        (100.0, {(), ("lobectomy", "unilobar", "bilobar")}),
    ],
)
def test_without_a_scenario_what_is_treated_of_the_liver_tells(
    liver_ml: float | None, scenarios: set[tuple[str, ...]]
) -> None:
    """100 mL are treated: at most a quarter of the liver is a segmentectomy."""
    found = goals("", liver_volume_ml=liver_ml)
    assert {one.scenario for one in found} == scenarios
