"""Limits of single injections, the order of maximizing, and goals by a metric."""

import json
from collections.abc import Callable, Mapping, Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from click.testing import Result

from sirtdose.checks.doses import usual_ceilings
from sirtdose.checks.planned import earlier_findings
from sirtdose.dosimetry.histogram.dvh import Dvh
from sirtdose.dosimetry.histogram.structure_dose import StructureDose
from sirtdose.dosimetry.results import PlanCompared
from sirtdose.errors import InputError, PlanningError, SafetyStop
from sirtdose.model.device import Device
from sirtdose.model.finding import Severity
from sirtdose.model.grid import Grid
from sirtdose.model.limit import Limit
from sirtdose.model.metric import Metric
from sirtdose.model.nuclide import Nuclide
from sirtdose.model.role import Role
from sirtdose.model.structure import Structure
from sirtdose.planning.aim import Aim, VoxelReach
from sirtdose.planning.hand_check import hand_check
from sirtdose.planning.partition_case import Region
from sirtdose.planning.partition_goal import Injection
from sirtdose.planning.perfused import Tumor
from sirtdose.planning.result import Plan
from sirtdose.report.plan.document import plan_document
from sirtdose.workflows.plan.numbers import PlanRequest, plan_partition
from sirtdose.workflows.post.judge import limits_of_plan
from tests import planned
from tests.treated import lungs, part, treated

Run = Callable[..., Result]
GLASS, HO166 = Device.named("glass"), Device.named("ho166")
SEGMENT = "eanm2022:glass:hcc:segmentectomy"
LOBE = "eanm2022:glass:hcc:lobectomy"


def activities(plan: Plan) -> dict[str, float]:
    return dict(zip(plan.case.injections, plan.activities_gbq, strict=True))


def dose_of(plan: Plan, name: str) -> float:
    [row] = [row for row in plan.compartments if row.name == name]
    return row.dose_gy


def session(**limits: Mapping[str, float]) -> list[Injection]:
    """600 and 300 g of normal liver alone, of which a tenth goes to the lungs."""
    return [
        Injection(name, ml, (), "maximize", None, 0.1, limits_gy=limits.get(name, {}))
        for name, ml in (("right", 600.0), ("left", 300.0))
    ]


class TestTables:
    def both(self, **change: object) -> Plan:
        """A segment at 420 Gy beside a lobe at 150 Gy, of a liver of 2400 mL."""
        right = Injection("right", 200, (), "perfused_dose", 420, limit_table=SEGMENT)
        left = Injection(
            *("left", 600, (Tumor("T2", 50, 4),), "perfused_dose", 150),
            limit_table=LOBE,
        )
        request = PlanRequest(
            device=GLASS, bilirubin_mg_per_dl=0.9, lung_shunt_fraction=0.0, **change
        )
        return plan_partition(request, [right, left], liver_volume_ml=2400)

    def test_each_holds_for_its_own_injection_and_the_liver_once(self) -> None:
        rows = [
            (one.injection, one.name, one.value_of, one.limit_gy, one.met)
            for one in self.both().limits
            if one.volume != "lungs"
        ]
        # 150 Gy x 600 mL over 550 + 4 x 50: 120 Gy to normal liver, 480 Gy to T2.
        assert rows == [
            ("right", "perfused", "perfused volume of right", 400.0, True),
            ("left", "perfused", "perfused volume of left", 140.0, True),
            ("left", "normal_perfused", "normal perfused of left", 88.0, True),
            ("left", "tumor", "T2", 205.0, True),
            ("left", "tumor", "T2", 250.0, True),
            ("", "liver", "whole liver", 150.0, True),
            ("", "normal_whole", "normal whole liver", 90.0, True),
        ]

    def test_the_shared_table_is_for_injections_without_their_own(self) -> None:
        right = Injection("right", 200, (), "perfused_dose", 420, limit_table=SEGMENT)
        left = Injection("left", 600, (), "perfused_dose", 150)
        request = PlanRequest(device=GLASS, limit_table=LOBE, lung_shunt_fraction=0.0)
        plan = plan_partition(request, [right, left], liver_volume_ml=2400)
        held = {(one.injection, one.limit_gy) for one in plan.limits}
        assert held >= {("right", 400.0), ("left", 140.0), ("left", 88.0), ("", 75.0)}
        alone = plan_partition(replace(request, limit_table=""), [right, left])
        said = [one.message for one in alone.findings if one.code == "H25"]
        assert (
            "'left' has no published limits: give its --injection a limits: part"
            in (said)
        )

    def test_the_stricter_limit_of_the_whole_liver_holds(self) -> None:
        """Holmium: 60 Gy in a lobe, 40 Gy in both with a liver not known to be good."""
        lobe, both = (
            Injection(
                *(name, 500, (), "perfused_dose", 50),
                limit_table=f"eanm2022:ho166:hcc:{scenario}",
            )
            for name, scenario in (("right", "lobectomy"), ("left", "bilobar"))
        )
        request = PlanRequest(
            device=HO166, nuclide=Nuclide.named("Ho-166"), lung_shunt_fraction=0.0
        )
        plan = plan_partition(request, [lobe, both], liver_volume_ml=2400)
        [whole] = [one for one in plan.limits if one.name == "normal_whole"]
        # 50 Gy to 1000 of 2400 mL.
        assert whole.limit_gy == 40.0
        assert whole.value_gy == pytest.approx(50 / 2.4)
        assert whole.source == "EANM 2022, Table 4, bilobar of left"
        [said] = [one for one in plan.findings if one.subject == "normal_whole"]
        assert (said.code, said.severity) == ("H25", Severity.NOTE)
        assert "40 Gy (EANM 2022, Table 4, bilobar of left) is used, not 60 Gy" in (
            said.message
        )

    def test_a_segment_does_not_excuse_a_lobe(self) -> None:
        """What one injection's table asks for is usual there alone."""
        asked = Limit(
            *("perfused", "perfused", "at_least", 400.0, None, "x", False, True),
            injection="one",
        )
        parts = [
            part("perfused", 700.0, 500.0, 0.0, name=name, of=(name,))
            for name in ("one", "two")
        ]
        case = treated(*parts, gbq=(1.0, 1.0), device="glass")
        assert [one.subject for one in usual_ceilings(case, [asked])] == ["two"]

    def test_microspheres_of_another_table_stop(self) -> None:
        one = Injection("right", 200, (), "perfused_dose", 420, limit_table=SEGMENT)
        with pytest.raises(SafetyStop, match=r"limits are for .*glass"):
            plan_partition(PlanRequest(device=Device.named("resin")), [one])

    def test_an_unknown_table_names_its_injection(self) -> None:
        one = Injection("right", 200, (), "activity", 1, limit_table="eanm2022:glas")
        with pytest.raises(InputError, match="limits of 'right' 'eanm2022:glas'"):
            plan_partition(PlanRequest(), [one])


class TestOwnLimits:
    def test_each_grows_to_its_own(self) -> None:
        plan = planned.partition(
            injections=session(right={"normal": 40.0}, left={"normal_perfused": 55.0}),
            density_g_per_ml=1.0,
        )
        assert dose_of(plan, "normal perfused of right") == pytest.approx(40.0)
        assert dose_of(plan, "normal perfused of left") == pytest.approx(55.0)
        binding = [(one.injection, one.name) for one in plan.limits if one.binding]
        assert binding == [
            ("right", "normal_perfused"),
            ("left", "normal_perfused"),
        ]

    @pytest.mark.parametrize(
        ("limits", "message"),
        [
            ({"lungs": 20.0}, "limit:lungs of 'right' is for a volume of the whole"),
            ({"normal_whole": 20.0}, "give --limit normal_whole=20Gy"),
            ({"T9": 20.0}, "limit:T9 of 'right' names no volume"),
            ({"T2": 20.0}, "'right' does not perfuse T2"),
            ({"normal": 20000.0}, "must be 0.05 to 5000"),
        ],
    )
    def test_refusals(self, limits: dict[str, float], message: str) -> None:
        right = Injection("right", 600, (), "activity", 1, limits_gy=limits)
        left = Injection("left", 300, (Tumor("T2", 50, 4),), "activity", 1)
        with pytest.raises(InputError, match=message):
            planned.partition(injections=[right, left])


class TestOrder:
    """60 Gy to normal liver bring 4 Gy to the lungs by right and 2 Gy by left.

    36 Gy kg and 18 Gy kg over 0.9 in the liver and 0.1 in lungs of 1 kg. Of 5 Gy
    together both have 5/6; first come, the other has 1 or 3 Gy left.
    """

    @pytest.mark.parametrize(
        ("order", "right_gy", "left_gy"),
        [
            ((), 50.0, 50.0),
            (("right", "left"), 60.0, 30.0),
            (("left", "right"), 45, 60),
        ],
    )
    def test_what_is_left_goes_to_the_next(
        self, order: Sequence[str], right_gy: float, left_gy: float
    ) -> None:
        plan = planned.partition(
            injections=session(),
            density_g_per_ml=1.0,
            limits_gy={"normal": 60.0, "lungs": 5.0},
            maximize_order=order,
        )
        assert dose_of(plan, "normal perfused of right") == pytest.approx(right_gy)
        assert dose_of(plan, "normal perfused of left") == pytest.approx(left_gy)
        # 49.67 Gy kg/GBq: 60 Gy x 0.6 kg / (49.67 x 0.9) = 0.80531 GBq.
        if order[:1] == ("right",):
            assert activities(plan)["right"] == pytest.approx(0.805315, rel=1e-5)
        assumed = plan.assumptions
        assert assumed["maximize_rule"] == ("in order" if order else "together")
        assert assumed["maximize_order"] == (list(order) or None)
        numbers = {one.name: one for one in hand_check(plan_document(plan))}
        for name in ("right", "left"):
            by_hand = numbers[f"greatest activity of {name}"]
            assert by_hand.agrees
            assert by_hand.by_hand == pytest.approx(activities(plan)[name])

    def test_by_hand_a_larger_activity_fails(self) -> None:
        plan = planned.partition(
            injections=session(),
            limits_gy={"normal": 60.0},
        )
        document = plan_document(plan)
        document["assumptions"]["injections"][0]["activity_gbq"] *= 1.01
        failed = [one.name for one in hand_check(document) if not one.agrees]
        assert "greatest activity of right" in failed

    @pytest.mark.parametrize(
        ("order", "message"),
        [
            (("right", "middle"), "names 'middle', but the injections are right, left"),
            (("right",), "name each injection that is maximized once, right, left"),
            (("right", "left", "left"), "maximized once"),
        ],
    )
    def test_refusals(self, order: tuple[str, ...], message: str) -> None:
        with pytest.raises(InputError, match=message):
            planned.partition(
                injections=session(), limits_gy={"normal": 60.0}, maximize_order=order
            )

    def test_one_with_a_goal_is_in_no_order(self) -> None:
        [right, _] = session()
        left = Injection("left", 300, (), "activity", 1.0, 0.1)
        with pytest.raises(InputError, match="'left', which has a goal of its own"):
            planned.partition(
                injections=[right, left],
                limits_gy={"normal": 60.0},
                maximize_order=("right", "left"),
            )

    def test_nothing_left_is_said(self) -> None:
        with pytest.raises(PlanningError, match=r"'right' took all .* 3 Gy to lungs"):
            planned.partition(
                injections=session(),
                density_g_per_ml=1.0,
                limits_gy={"normal": 60.0, "lungs": 3.0},
                maximize_order=("right", "left"),
            )


class TestAims:
    """1 kg, of which T1 has 200 g at three times, T2 100 g at twice the uptake."""

    TUMORS = (Tumor("T1", 200, 3), Tumor("T2", 100, 2))

    def plan(self, *aims: Aim, **change: object) -> Plan:
        one = Injection(
            *("right", 1000, self.TUMORS, "aim", aims[0].value), aims=aims, **change
        )
        return planned.partition(injections=[one], density_g_per_ml=1.0)

    def test_the_first_sets_the_activity_and_others_are_judged(self) -> None:
        mean = Metric.parse("mean")
        plan = self.plan(Aim("T2", mean, 100.0), Aim("T1", mean, 160.0))
        # 50 Gy to normal liver: 150 Gy to T1.
        assert dose_of(plan, "T1") == pytest.approx(150.0)
        first, second = plan.goals
        assert (first.structure, first.met, first.sets_activity) == ("T2", True, True)
        assert (second.structure, second.met) == ("T1", False)
        assert second.apart_gy == pytest.approx(-10.0)
        assert second.apart_percent == pytest.approx(-6.25)

    def test_every_tumor_is_the_one_that_gets_least(self) -> None:
        plan = self.plan(Aim("tumor", Metric.parse("mean"), 100.0))
        assert dose_of(plan, "T2") == pytest.approx(100.0)
        reached = {goal.structure: goal.reached for goal in plan.goals}
        assert reached == pytest.approx({"T1": 150.0, "T2": 100.0})
        assert all(one.agrees for one in hand_check(plan_document(plan)))

    @pytest.mark.parametrize(
        ("aim", "message"),
        [
            (Aim("T1", Metric.parse("D70"), 120.0), "use `sirtdose plan image`"),
            (Aim("T1", Metric.parse("V90Gy"), 0.9), "as goal T1:mean=90.0001Gy"),
            (Aim("T9", Metric.parse("mean"), 120.0), "no such tumor: .* T1, T2"),
        ],
    )
    def test_refusals(self, aim: Aim, message: str) -> None:
        with pytest.raises(InputError, match=message):
            self.plan(aim)


class TwoVoxels:
    """Doses by 1 GBq of each of two injections in two voxels of one volume."""

    def __init__(self, *per_gbq: tuple[float, float]) -> None:
        self.per_gbq = per_gbq

    def value(
        self, name: str, metric: Metric, activities: Sequence[float]
    ) -> float | None:
        assert (name, metric.words) == ("T", "D100")
        one, two = activities
        return min(a * one + b * two for a, b in self.per_gbq)


@pytest.mark.parametrize(
    ("wanted_gy", "first_gbq", "needed_gbq"),
    # With 5 GBq before: 50 + x and 10 + 4 x. With none: x and 4 x.
    [
        (20.0, 5.0, 2.5),
        (60.0, 5.0, 12.5),
        (80.0, 5.0, 30.0),
        (9.0, 5.0, 0.0),
        (7, 0, 7),
    ],
)
def test_a_least_dose_of_two_injections(
    wanted_gy: float, first_gbq: float, needed_gbq: float
) -> None:
    region = Region("T", "tumor", 1.0, 0.001, ("a", "b"), (0.1, 0.1), (6.0, 2.5))
    reach = VoxelReach(
        region, Metric.parse("D100"), wanted_gy, TwoVoxels((10, 1), (2, 4))
    )
    assert reach.needed_gbq(1, [first_gbq, 99.0]) == pytest.approx(
        needed_gbq, rel=1e-12
    )
    assert reach.shares(0, 1)


def test_a_cold_part_has_no_d100() -> None:
    region = Region("T", "tumor", 1.0, 0.001, ("a", "b"), (0.1, 0.1), (6.0, 2.5))
    reach = VoxelReach(region, Metric.parse("D100"), 50.0, TwoVoxels((10, 1), (0, 0)))
    with pytest.raises(PlanningError, match="a part of it has no uptake"):
        reach.needed_gbq(0, [1.0, 0.0])


CASE = """
method = "partition"
[options]
device = "glass"
lung_shunt = "5%"
maximize_order = "left,right"
[[injection]]
name = "right"
perfused_volume = "600mL"
maximize = true
limits = "eanm2022:glass:hcc:segmentectomy"
limit = ["normal=60Gy", "perfused=900Gy"]
goal = "tumor:mean=100Gy"
[[injection]]
name = "left"
perfused_volume = "300mL"
maximize = true
limit = "normal=70Gy"
[[tumor]]
name = "T1"
injection = "right"
volume = "30mL"
ratio = 3
"""


def test_a_case_file_and_check(run: Run, tmp_path: Path) -> None:
    case = tmp_path / "case.toml"
    case.write_text(CASE, "utf-8")
    done = run("plan", case, "--out", tmp_path / "out")
    assert done.exit_code == 0, done.stderr
    assert "in the order left, right" in done.stderr
    # Three times 60 Gy.
    assert "T1 mean  180.0 Gy  at least 100 Gy  met by 80.00 Gy, 80.00 %" in done.stderr
    assert "yours, of left, sets the activity" in done.stderr
    checked = run("check", "--plan", tmp_path / "out" / "plan.json")
    assert checked.stderr.startswith("PASS")
    # The same judge: the segment's own minimum is missed, in both.
    for said in (done.stderr, checked.stderr):
        assert "'perfused volume of right' gets 66 Gy, less than 400 Gy" in said
    page = (tmp_path / "out" / "plan.html").read_text("utf-8")
    assert 'id="goals"' in page
    assert "limit of left" in page


@pytest.mark.parametrize(
    ("goal", "message"),
    [
        ("T1:D70", "is not a goal: write NAME:METRIC=VALUE"),
        ("T1:homogeneity=3Gy", "is not a DVH metric"),
        ("T1:SD=3Gy", "SD cannot be a goal: use the mean, a D or a V"),
        ("T1:D70=90%", "'90%'"),
        ("T1:V100Gy=120%", "'120%' is outside 0 to 100 %"),
        ("T1:D70=0Gy", "'T1:D70=0Gy' asks for nothing: give a dose above 0 Gy"),
        ("T1:V0Gy=90%", "asks for nothing"),
    ],
)
def test_a_goal_that_cannot_be_read(run: Run, goal: str, message: str) -> None:
    words = ("plan", "partition", "--perfused-volume", "1L", "--tumor", "T1=200mL@3")
    done = run(*words, "--lung-shunt", "5%", "--goal", goal)
    assert done.exit_code == 2
    assert message in done.stderr


def test_a_limit_after_treatment_holds_what_the_plan_counts_before() -> None:
    """40 + 10 Gy of 45; a part that the plan does not have is not judged."""
    grid = Grid.regular((2, 2, 2), spacing_mm=(10.0, 10.0, 10.0))
    inside, role = np.ones((2, 2, 2), bool), Role.NORMAL_PERFUSED
    row = StructureDose(
        structure=Structure.named("Normal", inside, grid, role),
        mass_kg=0.008,
        activity_gbq=0.1,
        dvh=Dvh.of_values("Normal", [10.0], [8.0]),
        mean_by_mass_gy=10.0,
    )
    limit = {"name": "normal_perfused", "volume": "normal_perfused", "limit_gy": 45.0}
    limit |= {"sense": "at_most", "upper_gy": None, "source": "x", "strict": False}
    limit |= {"verified": True, "condition": None, "value_of": None}
    same = PlanCompared("", {}, "kernel", 1.0, 1.0, (), 49.67, 1.0)

    def judged(structure: str | None, gy: float) -> tuple[float | None, bool | None]:
        earlier = {"doses": [{"structure": structure, "dose_gy": gy}]}
        compared = replace(same, earlier=earlier)
        [found] = limits_of_plan(lungs(), {"limits": [limit]}, [row], compared)
        assert found.value_of == "Normal"
        return found.value_gy, found.met

    assert judged("Normal", 40.0) == (50.0, False)
    assert judged("Normal", 30.0) == (40.0, True)
    assert judged(None, 40.0) == (None, None)


def test_a_lung_limit_after_a_treatment_without_a_shunt_is_not_checked() -> None:
    """The dose is not known, which is no matter of how the liver is divided."""
    limit = {"name": "lungs", "volume": "lungs", "limit_gy": 4.0, "value_of": "lungs"}
    limit |= {"sense": "at_most", "upper_gy": None, "source": "x", "strict": False}
    limit |= {"verified": True, "condition": None, "given_by_user": True}

    def judged(shunt: float | None) -> Limit:
        [found] = limits_of_plan(lungs(shunt), {"limits": [limit]}, [])
        return found

    assert (judged(0.05).value_gy, judged(0.05).met) == (5.0, False)
    unknown = judged(None)
    assert unknown.met is None
    said: dict[str, Any] = {"plan": {}, "typed_lung_gy": 0.0, "summed": False}
    assert earlier_findings(**said, limits=[unknown]) == []


def test_a_limit_of_one_injection_after_treatment(run: Run, tmp_path: Path) -> None:
    """It holds for the tumor that the plan names, and for no other of that role."""
    case = tmp_path / "case.toml"
    case.write_text(CASE.replace('["normal=60Gy",', '["tumor=250Gy",'), "utf-8")
    assert run("plan", case, "--out", tmp_path / "out").exit_code == 0
    plan = json.loads((tmp_path / "out" / "plan.json").read_text("utf-8"))
    grid = Grid.regular((2, 2, 2), spacing_mm=(10.0, 10.0, 10.0))
    rows = [
        StructureDose(
            structure=Structure.named(name, np.ones((2, 2, 2), bool), grid, Role.TUMOR),
            mass_kg=0.008,
            activity_gbq=0.1,
            dvh=Dvh.of_values(name, [gy], [8.0]),
            mean_by_mass_gy=gy,
        )
        for name, gy in (("T1", 260.0), ("T2", 300.0))
    ]
    every = limits_of_plan(lungs(), plan, rows)
    found = [one for one in every if one.volume == "tumor"]
    assert [(one.value_of, one.value_gy, one.met) for one in found] == [
        ("T1", 260.0, False)
    ]
    assert found[0].injection == "right"
