"""The dose that a scout of the treatment's own microspheres leaves."""

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from click.testing import Result

from sirtdose.checks.scout import own_scout_findings
from sirtdose.errors import InputError, RangeError
from sirtdose.model.nuclide import Nuclide
from sirtdose.model.volume import Source
from sirtdose.planning import mird_plan, partition_plan
from sirtdose.planning.partition_goal import Injection
from sirtdose.planning.perfused import Tumor
from sirtdose.planning.terms import Terms

Run = Callable[..., Result]
T1 = (Tumor("T1", 200, 3.0),)
CASE = ("--device", "ho166", "--perfused-volume", "1000mL", "--density", "1g/mL")
SCOUT = ("--scout-activity", "250MBq", "--lung-shunt", "4%")


def ho(scout_gbq: float = 0.25, **more: Any) -> Terms:
    return Terms(
        nuclide=Nuclide.named("Ho-166"),
        density_g_per_ml=1.0,
        scout_activity_gbq=scout_gbq,
        **more,
    )


def test_a_quarter_gigabecquerel_in_one_kilogram() -> None:
    """15.87 Gy kg/GBq x 0.25 GBq / 1 kg = 3.9675 Gy; the goal is the treatment's."""
    plan = mird_plan.plan(ho(), dose_gy=50, perfused_volume_ml=1000)
    [part] = plan.compartments
    assert part.dose_gy == pytest.approx(50)
    assert part.cumulative_dose_gy == pytest.approx(53.9675)
    # 50 / 15.87, as without a scout.
    assert plan.activity_gbq == pytest.approx(3.150599, rel=1e-6)
    assert plan.assumptions["scout"]["doses_gy"] == {
        "perfused volume": pytest.approx(3.9675)
    }


def test_limits_count_it_and_lungs_too() -> None:
    """Normal 35 Gy: 35 x 1.4 / (15.87 x 0.96) - 0.25 = 2.966236 GBq."""
    one = Injection("right", 1000, T1, "maximize")
    terms = ho(lung_shunt_fraction=0.04, limits_gy={"normal": 35.0})
    plan = partition_plan.plan(terms, [one])
    assert plan.activity_gbq == pytest.approx(2.966236, rel=1e-6)
    got = {part.name: part for part in plan.compartments}
    assert got["normal perfused"].cumulative_dose_gy == pytest.approx(35.0)
    # 0.25 x 15.87 x 0.96 / 1.4 = 2.720571, three times that in the tumor.
    doses = plan.assumptions["scout"]["doses_gy"]
    assert doses["normal perfused"] == pytest.approx(2.720571, rel=1e-6)
    assert doses["T1"] == pytest.approx(8.161714, rel=1e-6)
    # 0.25 x 0.04 x 15.87 / 1 kg.
    assert plan.assumptions["scout"]["lungs_gy"] == pytest.approx(0.1587)
    lungs = plan.lungs.cumulative_dose_gy - plan.lungs.dose_gy
    assert lungs == pytest.approx(0.1587)


def test_each_injection_has_its_part() -> None:
    """125 MBq in 0.7 kg weighted, 100 MBq in 0.5 kg, beside 10 Gy from before."""
    two = [
        Injection("a", 500, T1[:0], "activity", 1.0, scout_gbq=0.125),
        Injection("b", 400, T1[:0], "activity", 1.0, scout_gbq=0.1, prior_dose_gy=10),
    ]
    plan = partition_plan.plan(ho(0.0), two)
    more = {one.name: one.cumulative_dose_gy - one.dose_gy for one in plan.compartments}
    # 15.87 x 0.125 / 0.5 and 10 + 15.87 x 0.1 / 0.4.
    assert more["perfused volume of a"] == pytest.approx(3.9675)
    assert more["perfused volume of b"] == pytest.approx(13.9675)
    with pytest.raises(InputError, match="give each --injection its part"):
        partition_plan.plan(ho(0.2), two)


@pytest.mark.parametrize("gbq", [250.0, 0.00025])
def test_an_activity_in_another_unit_is_refused(gbq: float) -> None:
    with pytest.raises(RangeError, match=r"scouts have 0\.02 to 1 GBq"):
        mird_plan.plan(ho(gbq), dose_gy=50, perfused_volume_ml=1000)


def test_a_plan_of_another_nuclide_is_refused(run: Run) -> None:
    words = ("plan", "partition", "--perfused-volume", "1L", "--tumor", "T1=200mL@3")
    refused = run(*words, *SCOUT, "--normal-dose", "30Gy")
    assert refused.exit_code == 3
    assert "this plan is for Y-90, whose scout is 99mTc-MAA" in refused.stderr


def test_a_plan_shows_it_and_the_hand_check_repeats_it(
    run: Run, tmp_path: Path
) -> None:
    words = ("plan", "partition", *CASE, *SCOUT, "--tumor", "T1=200mL@3", "--maximize")
    words += ("--liver-volume", "1500mL", "--limit", "normal=35Gy", "--out", tmp_path)
    result = run(*words)
    assert result.exit_code == 0, result.stderr
    assert "Scout, 0.2500 GBq: 8.16 Gy to T1" in result.stderr
    assert "not goals" in result.stderr
    assert "T1: 105.0 Gy with the scout" in result.stderr
    page = (tmp_path / "plan.html").read_text("utf-8")
    assert "8.16 Gy to T1" in page
    assert "--scout-activity 0.25GBq" in page
    checked = run("check", "--plan", tmp_path / "plan.json", "--json")
    assert json.loads(checked.stdout)["passed"] is True
    assert "all sessions" in json.dumps(json.loads(checked.stdout)["numbers"])


def test_a_scout_is_one_of_an_image_too(run: Run, exact_voxels: Path) -> None:
    words = ("plan", "image", exact_voxels, "--device", "ho166", "--activity", "2GBq")
    words += (*SCOUT, "--density", "1.05g/mL", "--method", "local", "--json")
    result = run(*words, "--accept", "H11", "--reason", "a test of the same spheres")
    assert result.exit_code == 0, result.stderr
    document = json.loads(result.stdout)
    for part in document["compartments"]:
        more = part["cumulative_dose_gy"] - part["dose_gy"]
        # An eighth of what 2 GBq give.
        assert more == pytest.approx(part["dose_gy"] / 8, rel=1e-6)
    left = document["assumptions"]["scout"]["by_injection_gbq"]
    assert left == {"injection": 0.25}


def test_an_image_of_another_tracer_asks() -> None:
    holmium = Nuclide.named("Ho-166")
    maa = Source(modality="NM", nuclide_in_header="Tc-99m")
    [found] = own_scout_findings(source=maa, scout_gbq=0.25, planned=holmium)
    assert (found.code, found.severity) == ("H11", "ask")
    assert "the header says Tc-99m" in found.message
    own = Source(modality="NM", nuclide_in_header="Ho-166")
    assert own_scout_findings(source=own, scout_gbq=0.25, planned=holmium) == []
    assert own_scout_findings(source=maa, scout_gbq=0.0, planned=holmium) == []
