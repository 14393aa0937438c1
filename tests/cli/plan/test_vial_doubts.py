"""What a vial is doubted for: names, times, zones, half-life, size and goals."""

import csv
import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from click.testing import Result

from sirtdose.report.plan.goals_at import goal_names, goal_rows, goals_at
from tests.cli.plan.test_pages import visible

Run = Callable[..., Result]
AT = "2026-12-09T10:00+01:00"
RESIN = ("plan", "vial", "--device", "resin", "--activity", "1GBq")
GLASS = ("plan", "vial", "--device", "glass", "--activity", "2.3GBq")


@pytest.fixture
def plan(run: Run, tmp_path: Path) -> Callable[[str], tuple[Any, ...]]:
    def make(device: str) -> tuple[Any, ...]:
        out = tmp_path / device
        words = ["plan", "partition", "--device", device, "--lung-shunt", "0%"]
        for name in ("right", "left"):
            words += ["--injection", f"{name}=perfused:900mL,activity:1.2GBq"]
        made = run(*words, "--out", out)
        assert made.exit_code == 0, made.stderr
        return ("plan", "vial", "--plan", out / "plan.json")

    return make


def said(result: Result) -> str:
    return " ".join(result.stderr.split())


@pytest.mark.parametrize("device", ["glass", "resin"])
@pytest.mark.parametrize("names", ["right,right,left", "right,left,Left", "left, left"])
def test_a_name_given_twice_is_refused(
    run: Run, plan: Callable[[str], tuple[Any, ...]], device: str, names: str
) -> None:
    result = run(*plan(device), "--at", AT, "--choose", f"{names}=3GBq")
    assert result.exit_code == 2
    twice = "right" if names.startswith("right,right") else "left"
    assert f"names '{twice}' 2 times: name it once" in said(result)


def test_a_vial_that_is_given_whole_is_not_asked_for_its_calibration(
    run: Run, plan: Callable[[str], tuple[Any, ...]]
) -> None:
    late = ("--at", f"right={AT}", "--at", f"left={AT[:11]}14:00+01:00")
    result = run(*plan("glass"), *late, "--choose", "right,left=3GBq")
    assert result.exit_code == 3
    assert "are given whole: order a vial for each" in said(result)


def test_two_orders_of_names_are_one_line(
    run: Run, plan: Callable[[str], tuple[Any, ...]], tmp_path: Path
) -> None:
    vial = f"3GBq@{AT[:11]}18:00+01:00"
    result = run(
        *(*plan("resin"), "--at", AT, "--out", tmp_path / "o"),
        *("--choose", f"right,left={vial}", "--choose", f"left,right={vial}"),
    )
    assert result.exit_code == 0, result.stderr
    with (tmp_path / "o" / "order.csv").open(newline="") as stream:
        [row] = csv.DictReader(stream)
    assert (row["vials"], row["injection"]) == ("2", "right, left")


def test_a_vial_shared_at_different_times_needs_its_calibration(
    run: Run, plan: Callable[[str], tuple[Any, ...]]
) -> None:
    """3 GBq of 18:00 hold 3.2713 GBq at 10:00 and 3.1327 four hours later.

    2 ** (8 / 64.05) = 1.09043 and 2 ** (4 / 64.05) = 1.04424 of 3 GBq; of that 1.2 GBq
    are 36.7 % and 38.3 %.
    """
    words = (*plan("resin"), "--at", f"right={AT}")
    late = (*words, "--at", f"left={AT[:11]}14:00+01:00")
    refused = run(*late, "--choose", "right,left=3GBq")
    assert refused.exit_code == 2
    assert "between which it decays: write its calibration too" in said(refused)
    result = run(*late, "--choose", f"right,left=3GBq@{AT[:11]}18:00+01:00", "--json")
    assert result.exit_code == 0, result.stderr
    parts = [
        one["ordered"]["vials"][0]["part_to_draw"]
        for one in json.loads(result.stdout)["injections"]
    ]
    assert parts == pytest.approx([0.36683, 0.38305], abs=2e-5)
    # At one time there is no decay between them.
    at_once = run(*words, "--at", f"left={AT}", "--choose", "right,left=3GBq")
    assert at_once.exit_code == 0, at_once.stderr
    # Two days later: 40 h after its calibration, beyond 24 h.
    late = (*words, "--at", "left=2026-12-11T10:00+01:00")
    old = run(*late, "--choose", f"right,left=3GBq@{AT[:11]}18:00+01:00")
    assert old.exit_code == 3
    assert "for right and left is used 40 h after calibration, beyond" in said(old)


def test_two_shared_vials_do_not_stop_and_a_third_is_refused(
    run: Run, plan: Callable[[str], tuple[Any, ...]]
) -> None:
    vial = f"3GBq@{AT[:11]}18:00+01:00"
    both = ("--choose", f"right,left={vial}", "--choose", f"right,left={vial}")
    words = (*plan("resin"), "--at", AT, *both)
    result = run(*words)
    assert result.exit_code == 0, result.stderr
    third = run(*words, "--choose", f"left={vial}")
    assert third.exit_code == 2
    assert "3 vials are chosen for 'left', and two are the most" in said(third)


@pytest.mark.parametrize(("own", "code"), [("1.2GBq", 2), ("2GBq", 2), ("1GBq", 0)])
def test_an_injection_that_draws_nothing_from_a_shared_vial_is_refused(
    run: Run, plan: Callable[[str], tuple[Any, ...]], own: str, code: int
) -> None:
    """1.2 GBq are wanted: of 1 GBq of its own it still needs 0.2 GBq of the other."""
    words = (*plan("resin"), "--at", AT, "--choose", f"right={own}")
    result = run(*words, "--choose", "right,left=3GBq")
    assert result.exit_code == code, result.stderr
    nothing = "'right' draws nothing from the vial of 3 GBq for right and left"
    assert (nothing in said(result)) is (code == 2)


@pytest.mark.parametrize(
    ("calibrated", "zone", "fits"),
    [
        # 18:00 in London is 13:00 where it is used.
        ("2026-12-09T18:00+00:00", (), False),
        ("2026-12-09T23:00+00:00", (), True),
        ("2026-12-09T18:00-05:00", (), True),
        ("2026-12-09T18:00+00:00", ("--timezone", "Europe/London"), True),
    ],
)
def test_a_schedule_is_on_the_hospitals_clock(
    run: Run, calibrated: str, zone: tuple[str, ...], fits: bool
) -> None:
    words = (*RESIN, "--at", "2026-12-10T10:00-05:00", *zone)
    result = run(*words, "--choose", f"3GBq@{calibrated}")
    assert result.exit_code == (0 if fits else 3), result.stderr
    assert ("are not calibrated at" in result.stderr) is not fits
    offered = run(*words, "--calibrated-at", calibrated)
    assert ("are not calibrated at" in offered.stderr) is not fits


def test_delivery_days_are_on_the_hospitals_clock(run: Run) -> None:
    """18:00 of the 12th in Boston is the 13th in UTC: 3 days, not 4, after the 9th."""
    words = (*RESIN, "--at", "2026-12-09T10:00-05:00")
    result = run(*words, "--choose", "3GBq@2026-12-12T23:00-05:00")
    assert result.exit_code == 0, result.stderr
    same = run(*words, "--choose", "3GBq@2026-12-13T04:00+00:00")
    assert same.exit_code == 0, same.stderr
    later = run(*words, "--choose", "3GBq@2026-12-14T04:00+00:00")
    assert later.exit_code == 3
    assert "cannot be had by then" in later.stderr


def test_another_half_life_is_said_and_of_a_plan_asked(
    run: Run, plan: Callable[[str], tuple[Any, ...]]
) -> None:
    by_activity = run(*GLASS, "--at", AT, "--half-life", "70h")
    assert by_activity.exit_code == 0
    warned = "half-life 70 h, but Y-90 has 64.05 h; the dose constant is not changed"
    assert f"WARN H09  {warned}" in by_activity.stderr
    words = (*plan("glass"), "--at", AT, "--half-life")
    asked = run(*words, "70h")
    assert asked.exit_code == 3
    assert "the half-life is 70 h here, but 64.05 h in the plan" in asked.stderr
    accepted = run(*words, "70h", "--accept", "H09:half-life", "--reason", "x")
    assert accepted.exit_code == 0
    assert run(*words, "64.05h").exit_code == 0


def test_a_plans_own_half_life_is_not_asked_about(run: Run, tmp_path: Path) -> None:
    words = ("plan", "mird", "--dose", "120Gy", "--perfused-volume", "1L")
    words += ("--lung-shunt", "5%", "--device", "glass", "--half-life", "63h")
    assert run(*words, "--out", tmp_path).exit_code == 0
    result = run("plan", "vial", "--plan", tmp_path / "plan.json", "--at", AT)
    assert result.exit_code == 0, result.stderr
    assert "half-life 63 h, but Y-90 has 64.05 h" in result.stderr


@pytest.mark.parametrize(
    ("typed", "gbq"),
    [
        # x 0.037: 4.9987, 4.995 and 7.0004 GBq.
        *(("135.1mCi", 5.0), ("135mCi", 5.0), ("189.2mCi", 7.0)),
        # 4.958 GBq, 0.8 % from it.
        ("134mCi", None),
    ],
)
def test_sizes_in_mci_are_those_of_the_catalogue(
    run: Run, typed: str, gbq: float | None
) -> None:
    at = "2026-12-09T10:00-05:00" if gbq != 7.0 else "2026-12-10T17:00-05:00"
    words = (*GLASS, "--at", at, "--json", "--choose", f"{typed}@2026-12-06")
    result = run(*words)
    assert result.exit_code == (0 if gbq else 3), result.stderr
    if gbq is None:
        assert "4.958 GBq is not a size of glass" in result.stderr
        return
    [one] = json.loads(result.stdout)["injections"]
    assert one["ordered"]["vials"][0]["calibration_gbq"] == gbq


def test_a_computed_calibration_is_on_the_named_clock(run: Run, tmp_path: Path) -> None:
    """8 to 4 GBq is one half-life: 26 h 48 min before 08:00 UTC is 05:12 UTC.

    Clocks in Brussels show 06:12 then, before they change in the night.
    """
    words = ("plan", "vial", "--device", "ho166", "--activity", "4GBq", "--vial")
    words += ("8GBq", "--timezone", "Europe/Brussels")
    for at in ("2027-03-28T10:00", "2027-03-28T08:00+00:00"):
        result = run(*words, "--at", at, "--out", tmp_path, "--force")
        assert result.exit_code == 0, result.stderr
        assert "at Mar 28, 2027, 10:00 UTC+02:00" in result.stderr
        assert "8 GBq of Mar 27 06:12 UTC+01:00" in result.stderr
        document = json.loads((tmp_path / "vial.json").read_text("utf-8"))
        [vial] = document["injections"][0]["choices"][0]["vials"]
        assert vial["calibrated_at"] == "2027-03-27T06:12+01:00"
        page = visible((tmp_path / "vial.html").read_text("utf-8"))
        assert "Mar 27 06:12 UTC+01:00" in page
    # 26.8 h x log2(4.3 / 4) = 2.796 h after 00:00 UTC; in Brussels it is summer then.
    night = "2027-03-28T01:00"
    measured = run(*words, "--at", night, "--measured", f"4.3GBq@{night}")
    assert "exactly what is wanted at Mar 28 04:47 UTC+02:00" in measured.stderr


def test_a_measurement_after_the_injection_is_asked_about(run: Run) -> None:
    """18 h later: 2 x 2 ** (18 / 64.05) = 2.430 GBq at use."""
    words = (*GLASS, "--at", AT, "--measured", "2GBq@2026-12-10T04:00+01:00")
    asked = run(*words)
    assert asked.exit_code == 3
    assert "is measured 18.0 h after its injection" in asked.stderr
    accepted = run(*words, "--accept", "H09", "--reason", "clock")
    assert accepted.exit_code == 0, accepted.stderr
    assert "2.430 GBq" in accepted.stderr
    assert run(*GLASS, "--at", AT, "--measured", f"2.3GBq@{AT}").exit_code == 0


def test_small_refusals(run: Run, plan: Callable[[str], tuple[Any, ...]]) -> None:
    for gbq in ("5000GBq", "0GBq"):
        result = run(*GLASS, "--at", AT, "--vial", gbq)
        assert result.exit_code == 2
        assert f"--vial: {gbq[:-3]} GBq is not a vial's activity" in said(result)
    both = run(*plan("glass"), "--activity", "2GBq", "--at", AT)
    assert "--activity and --plan are both given" in said(both)
    neither = run("plan", "vial", "--at", AT)
    assert "give --activity, or --plan" in said(neither)


def test_one_calibration_for_all_is_doubted_once(
    run: Run, plan: Callable[[str], tuple[Any, ...]]
) -> None:
    """Noon of a Thursday, 17:00 UTC, to 9:00 UTC 13 days later: 304 h, twice."""
    words = (*plan("glass"), "--at", AT, "--calibrated-at", "2026-11-26T12:00-05:00")
    result = run(*words)
    assert result.stderr.count("glass microspheres are not calibrated at") == 1
    for name in ("right", "left"):
        assert result.stderr.count(f"the vial for {name} is used 304 h after") == 1


GOALS = (
    *("plan", "partition", "--device", "resin", "--lung-shunt", "3%"),
    *("--perfused-volume", "900mL", "--tumor", "T1=100mL@3", "--tumor", "T3=20mL@1.5"),
    *("--liver-volume", "1700mL"),
    *("--goal", "T1:mean=150Gy", "--goal", "T3:mean=100Gy"),
)


def test_goals_hold_on_the_day(run: Run, tmp_path: Path) -> None:
    """Weights 100 x 3 + 20 x 1.5 + 780 = 1110 mL: 49.67 x 0.97 x 3 / 1.1655 kg a GBq.

    T1 gets 124.02 Gy a GBq: 150 Gy need 1.2095 GBq. T3, with half of that, 62.01 Gy a
    GBq: 100 Gy need 1.6127, so T3 sets the activity or misses.
    """
    made = run(*GOALS, "--out", tmp_path / "p", "--json")
    assert made.exit_code == 0, made.stderr
    planned = json.loads(made.stdout)
    words = ("plan", "vial", "--plan", tmp_path / "p" / "plan.json", "--at", AT)
    accept = ("--accept", "H03", "--reason", "x")
    result = run(
        *(*words, "--measured", f"1.1GBq@{AT}", "--json", "--out", tmp_path / "v"),
        *accept,
    )
    assert result.exit_code == 0, result.stderr
    goals = {one["name"]: one for one in json.loads(result.stdout)["goals"]}
    reached = {name: one["reached_gy"] for name, one in goals.items()}
    assert reached == pytest.approx({"T1": 124.015 * 1.1, "T3": 62.008 * 1.1}, rel=1e-4)
    assert [one["met"] for one in goals.values()] == [False, False]
    assert "T1 mean" in result.stderr
    assert "MISSED by 13.58 Gy, 9.056 %" in result.stderr
    assert "MISSED by 13.58 Gy, 9.056 %" in visible(
        (tmp_path / "v" / "vial.html").read_text("utf-8")
    )
    # A new plan with that activity says the same.
    new = run(*GOALS, "--activity", "1.1GBq", "--json")
    assert {
        one["structure"]: (one["reached"], one["met"])
        for one in json.loads(new.stdout)["goals"]
    } == {
        name: (pytest.approx(one["reached_gy"]), one["met"])
        for name, one in goals.items()
    }
    assert planned["goals"]
    # Nothing is ordered or measured: there is nothing to hold them against.
    assert json.loads(run(*words, "--json").stdout)["goals"] == []
    ordered = run(*words, "--choose", "1.15GBq", "--json")
    [t1] = [o for o in json.loads(ordered.stdout)["goals"] if o["name"] == "T1"]
    assert t1["reached_gy"] == pytest.approx(124.015 * 1.15, rel=1e-4)


def test_goals_by_a_part_of_the_volume(run: Run, tmp_path: Path) -> None:
    """D70 of 120 Gy and D90 of 48 Gy, of a V100Gy, at 1.2 GBq grow in proportion.

    With 2.4 GBq they are 240 and 96 Gy, with 2.64 GBq 264 and 105.6 Gy.
    """
    words = ["plan", "partition", "--device", "glass", "--lung-shunt", "0%"]
    words += ["--tumor", "T1=100mL@3", "--perfused-volume", "900mL"]
    made = run(*words, "--activity", "1.2GBq", "--out", tmp_path, "--json")
    assert made.exit_code == 0, made.stderr
    plan = json.loads(made.stdout)
    same = {"injection": "injection", "structure": "T1", "sense": "at_least"}
    dose = {"metric": "D70", "unit": "Gy", "wanted": 120.0, "reached": 120.0}
    part = {"metric": "V100Gy", "unit": "1", "wanted": 0.9, "reached": 0.75}
    plan["goals"] = [
        {**same, **dose, "apart_gy": 0.0},
        {**same, **part, "apart_gy": -52.0},
    ]
    found = goals_at(plan, [2.4])
    assert [one["reached_gy"] for one in found] == pytest.approx([240.0, 96.0])
    assert [one["met"] for one in found] == [True, False]
    assert goal_rows(found)[1][1:] == [
        *("D90 96.00 Gy", "at least 90 %", "MISSED by 4.000 Gy, 4.000 %"),
    ]
    assert [one["met"] for one in goals_at(plan, [2.64])] == [True, True]
    assert goal_names(found) == []


def test_goals_that_need_the_image_again_are_named(
    plan: Callable[[str], tuple[Any, ...]],
) -> None:
    document = json.loads(plan("glass")[-1].read_text("utf-8"))
    name = document["compartments"][0]["name"]
    document["goals"] = [
        {
            "injection": "right",
            "structure": name,
            "sense": "at_least",
            "metric": "D70",
            "unit": "Gy",
            "wanted": 120.0,
            "reached": 120.0,
            "apart_gy": 0.0,
        }
    ]
    found = goals_at(document, [1.0, 1.0])
    assert [(one["reached_gy"], one["met"]) for one in found] == [(None, None)]
    assert goal_rows(found) == []
    assert goal_names(found) == [f"goal D70 of {found[0]['name']}"]
