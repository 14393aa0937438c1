"""Doses held against doses of another scale, with hand arithmetic."""

import json
from collections.abc import Callable, Mapping
from typing import Any

import pytest
from click.testing import Result

from sirtdose.checks.plans_beside import plans_findings
from sirtdose.checks.scale import (
    Compared,
    limits_compared,
    mixed_scale_findings,
    model_scale_findings,
    other_system_findings,
    planned_scale_findings,
    scale_findings,
    thresholds_compared,
)
from sirtdose.data.load import table
from sirtdose.dosimetry.histogram.radiobiology import ThresholdHeld
from sirtdose.model.activity_scale import SCALES, DoseScale
from sirtdose.model.limit import Limit
from sirtdose.model.radiobiology import Match, ResponseModel
from sirtdose.model.role import Role

Run = Callable[..., Result]
GLASS = DoseScale("declared", "glass")
PET_STUDY = "half of the lesions controlled"


def study(name: str = PET_STUDY) -> Mapping[str, Any]:
    [found] = [one for one in table("thresholds")["outcome"] if one["name"] == name]
    return dict(found)


def held(value_gy: float, structure: str = "T1", name: str = PET_STUDY) -> Any:
    return ThresholdHeld(study(name), structure, Match((), ()), value_gy)


def limit(value_gy: float, **change: Any) -> Limit:
    values: dict[str, Any] = {
        "name": "tumor",
        "volume": "tumor",
        "sense": "at_least",
        "limit_gy": 205.0,
        "value_gy": value_gy,
        "source": "EANM 2022",
        "binding": False,
        "verified": True,
        "value_of": "T1",
        "scale": "declared",
    }
    return Limit(**(values | change))


def test_a_study_by_pet_against_a_dose_by_the_declared_activity() -> None:
    # 350 x 0.79 = 276.5, below the study's 292; 400 x 0.79 = 316, above it.
    [turned] = scale_findings(GLASS, thresholds_compared([held(350.0)]))
    assert (turned.code, turned.severity) == ("H26", "warn")
    assert "0.79 times, T1 350 to 276.5 Gy, which turns the verdict round" in (
        turned.message
    )
    assert "J Nucl Med 2023;64:825" in turned.message
    [kept] = scale_findings(GLASS, thresholds_compared([held(400.0)]))
    assert kept.severity == "note"
    assert "T1 400 to 316 Gy, which turns no verdict round" in kept.message


def test_the_same_scale_says_nothing() -> None:
    absolute = DoseScale("absolute", "glass")
    assert scale_findings(absolute, thresholds_compared([held(350.0)])) == []
    assert scale_findings(GLASS, limits_compared([limit(210.0)])) == []


def test_the_images_own_calibrations_go_before_vials_of_others() -> None:
    own = DoseScale("declared", "glass", "absolute", 0.9)
    # 350 x 0.9 = 315: above 292, so nothing turns.
    [found] = scale_findings(own, thresholds_compared([held(350.0)]))
    assert found.severity == "note"
    assert "0.9 times, T1 350 to 315 Gy" in found.message
    assert "both calibrations of this image" in found.message


def test_without_a_published_ratio_nothing_is_guessed() -> None:
    for device in ("ho166", None):
        bare = DoseScale("declared", device)
        [found] = scale_findings(bare, thresholds_compared([held(350.0)]))
        assert found.severity == "note"
        assert "is not known for these microspheres" in found.message


def test_a_study_whose_scale_is_not_known_is_named() -> None:
    name = "objective response, breast metastases"
    [found] = scale_findings(GLASS, thresholds_compared([held(90.0, name=name)]))
    assert found.severity == "note"
    assert found.message.startswith("scale not known")
    assert name in found.message


def test_limits_of_a_plan_against_absolute_doses() -> None:
    absolute = DoseScale("absolute", "resin")
    # By the declared activity of resin 1 / 1.15 = 0.8696 times: 230 is 200 Gy.
    [found] = scale_findings(absolute, limits_compared([limit(230.0)]))
    assert found.severity == "warn"
    assert "0.87 times, T1 230 to 200 Gy" in found.message
    # A ceiling of 70 Gy: 75 x 0.8696 = 65.2 Gy, met after all. Lungs are by the ledger.
    ceiling = {"name": "normal", "volume": "normal_perfused", "sense": "at_most"}
    rows = [
        limit(75.0, **ceiling, limit_gy=70.0, value_of="normal"),
        limit(20.0, name="lungs", volume="lungs", sense="at_most", limit_gy=30.0),
        limit(230.0, scale="unknown"),
    ]
    [found] = scale_findings(absolute, limits_compared(rows))
    assert "normal 75 to 65.22 Gy, which turns the verdict round" in found.message


def test_both_ends_of_a_range_are_compared() -> None:
    row = limit(145.0, sense="range", limit_gy=140.0, upper_gy=150.0)
    assert [(one.sense, one.bound_gy) for one in limits_compared([row])] == [
        ("at_least", 140.0),
        ("at_most", 150.0),
    ]
    # Glass by PET, 145 Gy: by the declared activity 145 / 0.79 = 183.5 Gy, too much.
    absolute = DoseScale("absolute", "glass")
    [found] = scale_findings(absolute, limits_compared([row]))
    assert found.severity == "warn"
    assert "145 to 183.5 Gy" in found.message


def test_delivered_by_pet_against_a_plan() -> None:
    absolute = DoseScale("absolute", "glass")
    # Planned by the declared activity; delivered over planned is 0.79 by itself.
    [found] = planned_scale_findings(absolute, {"scale": {"doses": "declared"}})
    assert (found.code, found.severity) == ("H26", "warn")
    assert "delivered over planned 0.79 (" in found.message
    # A plan of an older version does not say so.
    assert len(planned_scale_findings(absolute, {})) == 1
    assert planned_scale_findings(GLASS, {}) == []


def test_a_model_fitted_to_the_other_scale() -> None:
    values = ("tcp", "ours", "logit", "mean", {"b0": -2.0, "b1_per_gy": 0.01})
    model = ResponseModel(*values, (Role.TUMOR,), {}, "a paper", scale="absolute")
    [found] = model_scale_findings(GLASS, [model])
    assert (found.code, found.severity) == ("H26", "warn")
    assert "on that scale they are 0.79 times" in found.message
    assert model_scale_findings(DoseScale("absolute", "glass"), [model]) == []


def test_results_side_by_side_on_two_scales() -> None:
    [found] = mixed_scale_findings({"a": "declared", "b": "absolute", "c": "declared"})
    assert (found.code, found.severity) == ("H26", "warn")
    # 1 / 0.79 = 1.266 and 1 / 1.15 = 0.870.
    assert "declared activity (a, c); absolute image calibration (b)" in found.message
    assert "1.27 times, for resin 0.87 times the second" in found.message


def test_plans_on_two_scales(run: Run) -> None:
    words = ("plan", "mird", "--dose", "100Gy", "--perfused-volume", "1000mL")
    one = json.loads(run(*words, "--lung-shunt", "5%", "--json").stdout)
    other = {**one, "scale": {**one["scale"], "doses": "absolute"}}
    assert "H26" not in {found.code for found in plans_findings([one, one])}
    assert "H26" in {found.code for found in plans_findings([one, other])}


@pytest.mark.parametrize(
    ("device", "name", "factor", "severity"),
    [
        ("glass", "declared", 0.80, "warn"),
        ("glass", "declared", 1.00, "note"),
        # Vials of glass are 0.71 to 0.89 of what is declared.
        ("glass", "declared", 0.92, "note"),
        ("glass", "absolute", 1.25, "warn"),
        ("resin", "declared", 1.20, "warn"),
    ],
)
def test_another_systems_dose(
    device: str, name: Any, factor: float, severity: str
) -> None:
    [found] = other_system_findings(DoseScale(name, device), factor)
    assert (found.code, found.severity) == ("H26", severity)


def test_a_calibrators_factor_makes_the_scale_unknown() -> None:
    typed = DoseScale.of_image(
        "administered", "glass", other_to_used=0.9, calibrator_factor=1.1
    )
    assert (typed.name, typed.other) == ("unknown", "absolute")
    assert scale_findings(typed, thresholds_compared([held(350.0)])) == []
    converted = typed.to("absolute")
    assert converted is not None
    assert converted.factor == 0.9


def test_every_dose_in_the_data_says_its_scale() -> None:
    eanm, devices = table("limits_eanm2022"), table("devices").values()
    rows = [
        *table("thresholds")["outcome"],
        *table("published_goals")["rows"],
        *table("limits").values(),
        *({"scale": eanm["scale"], **one} for one in eanm["rows"]),
        *(one for kind in devices for one in kind["ceilings"]),
        *(one for kind in devices for one in kind["whole_liver"]),
    ]
    assert {one["scale"] for one in rows} <= set(SCALES)
    # What a scout on MAA foretells is by the declared activity.
    assert {
        one["scale"]
        for one in table("thresholds")["outcome"]
        if one["imaging"] == "MAA"
    } == {"declared"}


def test_at_a_bound_it_is_held_as_everywhere() -> None:
    assert Compared("x", "T1", 292.0, 292.0, "absolute").held()
    assert not Compared("x", "T1", 292.0, 292.0, "absolute", strict=True).held()
