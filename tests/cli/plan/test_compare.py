"""`plan compare`: several injections and prescriptions, and whole plans."""

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from click.testing import Result

Run = Callable[..., Result]
# 1 g/mL, so masses are 0.8, 0.2, 0.3 and 0.1 kg; K (1 - L) = 49.67 x 0.95 = 47.1865.
PATIENT = ("--density", "1g/mL", "--lung-shunt", "5%", "--liver-volume", "2000mL")
BODY = ("--height", "175cm", "--weight", "70kg")
RIGHT = "right=perfused:1000mL,tumor:T1=200mL@3"
LEFT = "left=perfused:400mL,tumor:T2=100mL@2"


def two(right: str = "", left: str = "") -> tuple[str, ...]:
    return ("--injection", f"{RIGHT}{right}", "--injection", f"{LEFT}{left}")


def methods(result: Result) -> dict[str, dict[str, Any]]:
    assert result.exit_code == 0, result.stderr
    return {one["name"]: one for one in json.loads(result.stdout)["methods"]}


def doses(method: dict[str, Any]) -> dict[str, float]:
    return {one["name"]: one["dose_gy"] for one in method["compartments"]}


def activities(method: dict[str, Any]) -> list[float]:
    return [one["activity_gbq"] for one in method["injections"]]


def test_two_injections_by_every_method(run: Run) -> None:
    own = two(",dose:100Gy,normal-dose:40Gy", ",dose:80Gy,tumor-dose:120Gy")
    result = run(
        *("plan", "compare", *PATIENT, *BODY, *own, "--json", "--device", "resin"),
        *("--accept", "H07", "--reason", "a test", "--accept", "H43"),
        *("--reason", "a test"),
    )
    found = methods(result)
    assert list(found) == ["bsa", "mird", "partition"]
    # S = 1.84814 m2: 1.64814 x 1000 / 2000 + 200 / 2000 and 1.64814 x 0.2 + 0.05 GBq.
    assert activities(found["bsa"]) == pytest.approx([0.924072, 0.379629], rel=1e-5)
    # 100 x 1 / 47.1865 and 80 x 0.4 / 47.1865.
    assert activities(found["mird"]) == pytest.approx([2.119250, 0.678160], rel=1e-6)
    # Weighted masses 0.8 + 3 x 0.2 = 1.4 and 0.3 + 2 x 0.1 = 0.5 kg; 40 and 60 Gy.
    partition = activities(found["partition"])
    assert partition == pytest.approx([1.186780, 0.635775], rel=1e-6)
    by_size, by_dose = doses(found["bsa"]), doses(found["mird"])
    # 0.924072 x 47.1865 / 1.4, and three times that.
    assert by_size["normal perfused of right"] == pytest.approx(31.1455, rel=1e-5)
    assert by_size["T1"] == pytest.approx(93.4365, rel=1e-5)
    assert by_size["whole liver"] == pytest.approx(30.7585, rel=1e-5)
    # 100 Gy in 1 kg are 71.43 Gy in what counts as 1.4 kg.
    assert by_dose["normal perfused of right"] == pytest.approx(71.42857, rel=1e-6)
    assert doses(found["partition"])["T2"] == pytest.approx(120, rel=1e-6)
    # 49.67 x 0.05 x 1.303700 GBq in 1 kg.
    assert found["bsa"]["lungs_gy"] == pytest.approx(3.237739, rel=1e-5)
    assert found["partition"]["tumor_to_normal_ratio"] == {"T1": 3.0, "T2": 2.0}
    assert "by part of the liver, right 50%, left 20%" in found["bsa"]["why"]
    assert "100 Gy to right, 1.000 kg" in found["mird"]["why"]
    assert "left by tumor dose of 120 Gy, T/N T2 2" in found["partition"]["why"]
    rest = json.loads(result.stdout)["unperfused"]
    assert (rest["volume_ml"], rest["dose_gy"]) == (600, 0)
    assert "unperfused liver Gy" in result.stderr
    assert "right GBq" in result.stderr


def test_glass_and_several_prescriptions(run: Run) -> None:
    """A common goal is another row, beside the injections' own."""
    result = run(
        *("plan", "compare", *PATIENT, *BODY, "--device", "glass", "--json", "-v"),
        *two(",normal-dose:40Gy", ",tumor-dose:120Gy"),
        *("--dose", "100Gy", "--tumor-dose", "150Gy", "--maximize"),
        *("--limit", "normal=45Gy"),
    )
    found = methods(result)
    assert list(found) == [
        *("mird", "partition by own goals", "partition by tumor dose"),
        "partition by maximize",
    ]
    # 2.119250 GBq of a vial of 3 GBq; 2500 Bq a sphere at calibration.
    first = found["mird"]["injections"][0]
    assert (first["vial_gbq"], first["name"]) == (3, "right")
    assert first["vial_fraction"] == pytest.approx(0.706417, rel=1e-5)
    assert first["spheres"] == pytest.approx(847700, rel=1e-5)
    assert "0.85 million spheres, 71 % of a vial of 3 GBq" in result.stderr
    # Each tumor gets 150 Gy: 50 x 1.4 and 75 x 0.5, over 47.1865.
    tumor = activities(found["partition by tumor dose"])
    assert tumor == pytest.approx([1.483475, 0.794719], rel=1e-6)
    # Each grows to its own 45 Gy.
    most = doses(found["partition by maximize"])
    assert most["normal perfused of right"] == pytest.approx(45)
    assert most["normal perfused of left"] == pytest.approx(45)
    missed = {
        (name, limit["value_of"])
        for name, one in found.items()
        for limit in one["limits"]
        if limit["met"] is False
    }
    # MIRD leaves 71.4 and 80 Gy there, the tumor dose 50 and 75 Gy.
    right, left = "normal perfused of right", "normal perfused of left"
    assert missed == {
        *(("mird", right), ("mird", left)),
        *(("partition by tumor dose", right), ("partition by tumor dose", left)),
        ("partition by own goals", left),
    }


@pytest.mark.parametrize(
    ("words", "said"),
    [
        (
            (*BODY, "--liver-volume", "2L", "--device", "glass"),
            "the BSA method is not compared: it is for resin microspheres with Y-90, "
            "not for glass microspheres",
        ),
        (
            (*BODY, "--liver-volume", "2L", "--device", "ho166", "--empirical"),
            "the BSA method and the empirical table are not compared: they are for "
            "resin microspheres with Y-90, not for holmium-166 microspheres",
        ),
        (
            ("--liver-volume", "2L", "--nuclide", "Ho-166", "--empirical"),
            "the empirical table is not compared: it is for resin microspheres with "
            "Y-90, not for Ho-166 microspheres",
        ),
        (
            (*BODY, "--device", "resin"),
            "the BSA method is not compared: needs --liver-volume",
        ),
        (("--liver-volume", "2L", "--device", "glass"), None),
    ],
)
def test_why_a_method_by_size_is_left_out(
    run: Run, tmp_path: Path, words: tuple[str, ...], said: str | None
) -> None:
    result = run(
        *("plan", "compare", "--perfused-volume", "1L", "--tumor", "T1=200mL@3"),
        *("--lung-shunt", "5%", "--dose", "60Gy", "--normal-dose", "30Gy", *words),
        *("--json", "--out", tmp_path),
    )
    assert list(methods(result)) == ["mird", "partition"]
    notes = json.loads(result.stdout)["warnings"]
    assert [one["message"] for one in notes if one["code"] == "H26"] == (
        [] if said is None else [said]
    )
    page = (tmp_path / "compare.html").read_text("utf-8")
    if said is None:
        assert "not compared" not in result.stderr
        assert "not compared" not in page
        return
    shown = said[0].upper() + said[1:]
    assert shown in result.stderr.splitlines()
    assert f"{shown}." in page


def test_an_injection_keeps_its_own_limits(run: Run) -> None:
    found = methods(
        run(
            *("plan", "compare", *PATIENT, "--device", "glass", "--json"),
            *two(",limit:normal=60Gy", ",limit:normal=50Gy"),
            *("--dose", "80Gy", "--normal-dose", "40Gy"),
        )
    )
    own = {
        limit["injection"]: (limit["value_gy"], limit["met"])
        for limit in found["mird"]["limits"]
        if limit["injection"]
    }
    # 80 Gy in 1 and in 0.4 kg, over 1.4 and 0.5 kg.
    assert own["right"] == (pytest.approx(57.142857), True)
    assert own["left"] == (pytest.approx(64.0), False)


def test_the_empirical_table_is_split_by_volume(run: Run) -> None:
    """A fifth of tumor: 2 GBq (data/bsa.json), 1200 and 800 of 2000 mL."""
    case = ("plan", "compare", *PATIENT, *BODY, "--device", "resin", "--json")
    answer = ("--accept", "H43", "--reason", "a test", "--accept", "H07")
    whole = (
        *("--injection", "right=perfused:1200mL,tumor:T1=300mL@3"),
        *("--injection", "left=perfused:800mL,tumor:T2=100mL@2"),
    )
    result = run(*case, *whole, "--empirical", *answer, "--reason", "a test")
    found = methods(result)
    assert list(found) == ["bsa", "empirical"]
    assert activities(found["empirical"]) == pytest.approx([1.2, 0.8])
    assert json.loads(result.stdout)["unperfused"] is None
    refused = run(*case, *two(), "--empirical")
    assert refused.exit_code == 3
    assert "1400 of 2000 mL are perfused: leave --empirical out" in refused.stderr


@pytest.mark.parametrize(
    ("words", "code", "said"),
    [
        (("--perfused-volume", "1L"), 2, "leave out --perfused-volume and --tumor"),
        (("--device", "glass", "--dose", "80Gy"), 3, "two methods are needed"),
    ],
)
def test_what_several_injections_refuse(
    run: Run, words: tuple[str, ...], code: int, said: str
) -> None:
    refused = run("plan", "compare", *PATIENT, *two(), *words)
    assert refused.exit_code == code
    assert said in " ".join(refused.stderr.split())


def test_a_dose_or_a_goal_for_every_injection(run: Run) -> None:
    case = ("plan", "compare", *PATIENT, "--device", "glass")
    one_dose = run(*case, *two(",dose:100Gy", ""), "--tumor-dose", "100Gy")
    assert one_dose.exit_code == 3
    assert "mird needs a dose for every injection, but left has none" in one_dose.stderr
    one_goal = run(*case, *two(",tumor-dose:100Gy", ""))
    assert one_goal.exit_code == 2
    assert "left has no goal, but other injections have" in one_goal.stderr


@pytest.fixture(scope="module")
def plans(tmp_path_factory: pytest.TempPathFactory) -> dict[str, Path]:
    """Plans of one patient: by two scouts, for other microspheres, and another's."""
    from click.testing import CliRunner

    from sirtdose.cli.main import main

    folder = tmp_path_factory.mktemp("plans")
    base = ("--perfused-volume", "1000mL", "--liver-volume", "1500mL", "--density")
    base += ("1g/mL", "--tumor-dose", "150Gy", "--limit", "normal=45Gy")
    answer = ("--accept", "H42", "--reason", "a test")
    cases = {
        "one": ("--device", "glass", "--tumor", "T1=200mL@3", "--lung-shunt", "5%"),
        "two": ("--device", "glass", "--tumor", "t1=200mL@4", "--lung-shunt", "10%"),
        "volume": ("--device", "glass", "--tumor", "T1=260mL@3", "--lung-shunt", "5%"),
        "resin": ("--device", "resin", "--tumor", "T9=200mL@3", "--lung-shunt", "5%"),
        "other": ("--device", "glass", "--tumor", "T1=200mL@3", "--lung-shunt", "6%"),
    }
    found = {}
    for name, own in cases.items():
        key = "D-2" if name == "other" else "D-1"
        words = ("plan", "partition", *base, *own, *answer, "--patient-key", key)
        words += ("--vessel", f"artery {name}", "--case-label", f"case {name}")
        result = CliRunner().invoke(main, [*words, "--out", str(folder / name)])
        assert result.exit_code == 0, result.stderr
        found[name] = folder / name / "plan.json"
    return found


def test_two_plans_side_by_side(
    run: Run, plans: dict[str, Path], tmp_path: Path
) -> None:
    out = tmp_path / "out"
    result = run("plan", "compare", plans["one"], plans["two"], "--json", "--out", out)
    assert result.exit_code == 0, result.stderr
    document = json.loads(result.stdout)
    first, second = document["plans"]
    # 50 x 1.4 / (49.67 x 0.95) and 37.5 x 1.6 / (49.67 x 0.9).
    assert first["activity_gbq"] == pytest.approx(1.483475, rel=1e-6)
    assert second["activity_gbq"] == pytest.approx(1.342192, rel=1e-6)
    assert second["to_first_ratio"] == pytest.approx(0.904762, rel=1e-5)
    # The same tumor, though its name differs by case.
    assert doses(second)["T1"] == pytest.approx(150)
    assert [one["lung_shunt_fraction"] for one in (first, second)] == [0.05, 0.1]
    # 49.67 x 1.483475 x 0.05 and 49.67 x 1.342192 x 0.1.
    assert first["lungs_gy"] == pytest.approx(3.684211, rel=1e-6)
    assert second["lungs_gy"] == pytest.approx(6.666667, rel=1e-6)
    assert first["plan"]["vessel"] == "artery one"
    assert first["plan"]["said"]["ask"] == 1
    assert document["inputs"]["patient_key"] == "D-1"
    said = " ".join(result.stderr.split())
    assert "plan 2 1.342 GBq (36.28 mCi), 10 % less than plan 1" in said
    assert "T1 T/N 3.000 4.000 (+33.3 %)" in said
    assert "normal perfused liver Gy 50.00 37.50 (-25.0 %)" in said
    assert "lungs Gy 3.684 6.667 (+81.0 %)" in said
    assert "plan 1 T1 mean at least 150 Gy met exactly" in said
    assert "plan 1 normal perfused liver 50.00 45 NOT MET" in said
    page = (out / "compare.html").read_text("utf-8")
    assert "Plans compared" in page
    assert "38 (-25.0 %)" in page
    assert "artery two" in page
    detailed = run("plan", "compare", plans["one"], plans["two"], "-v")
    rows = [line.split() for line in detailed.stderr.splitlines()]
    known = [
        100 * own["standard_uncertainty"] / own["value"]
        for one in (first, second)
        for row in one["uncertainty"]
        if row["name"] == "T1"
        for own in [row["dose_by_first_order_gy"]]
    ]
    [shown] = [one for one in rows if len(one) == 3 and one[0] == "T1"]
    assert [float(one.rstrip("%")) for one in shown[1:]] == pytest.approx(
        known, abs=0.051
    )
    again = run("report", out / "compare.json", "--sheet", "--deidentify")
    assert again.exit_code == 0, again.stderr
    sheet = (out / "sheet.html").read_text("utf-8")
    assert "D-1" not in sheet
    assert "case one" not in sheet


def test_earlier_doses_of_two_plans(run: Run, tmp_path: Path) -> None:
    """The same activity after 10 and after 25 Gy: 80 Gy in half of a liver are 40."""
    found = []
    for liver, lungs in (("10Gy", "2Gy"), ("25Gy", "2Gy")):
        words = ("plan", "mird", "--dose", "80Gy", "--perfused-volume", "1L")
        words += ("--liver-volume", "2L", "--density", "1g/mL", "--device", "glass")
        # 49.67 x A x 0.05 in 1 kg, where 49.67 x A x 0.95 in 1 kg is 80 Gy: 4.2105 Gy.
        words += ("--lung-shunt", "5%", "--prior-liver-dose", liver)
        words += ("--prior-lung-dose", lungs, "--patient-key", "D-1")
        asked = ("--accept", "H43", "--reason", "a test")
        made = run(*words, *asked, "--out", tmp_path / liver)
        assert made.exit_code == 0, made.stderr
        found.append(tmp_path / liver / "plan.json")
    out = tmp_path / "out"
    result = run("plan", "compare", *found, "--out", out)
    assert result.exit_code == 0, result.stderr
    lines = [" ".join(line.split()) for line in result.stderr.splitlines()]
    second = next(one for one in lines if one.startswith("plan 2 "))
    assert ", the same as plan 1; by mird" in second
    first = lines.index("The same with all earlier doses:")
    # 80 and 40 Gy with 10 and 25 Gy: 105 / 90 and 65 / 50.
    assert lines[first + 2 : first + 5] == [
        "perfused volume Gy 90.00 105.0 (+16.7 %)",
        "whole liver Gy 50.00 65.00 (+30.0 %)",
        "lungs Gy 6.211 6.211 (0 %)",
    ]
    page = (out / "compare.html").read_text("utf-8")
    assert "<h2>The same with all earlier doses</h2>" in page
    assert "105 (+16.7 %)" in page
    assert "65 (+30.0 %)" in page


def test_earlier_doses_of_methods(run: Run) -> None:
    """1 of 2 L is perfused, with a tumor of 200 mL and T/N 3; 10 Gy before."""
    result = run(
        *("plan", "compare", *PATIENT, "--perfused-volume", "1L", "--device", "glass"),
        *("--tumor", "T1=200mL@3", "--dose", "50Gy", "--normal-dose", "35Gy"),
        *("--prior-liver-dose", "10Gy"),
    )
    assert result.exit_code == 0, result.stderr
    lines = [" ".join(line.split()) for line in result.stderr.splitlines()]
    assert any(one.startswith("mird ") and ", reference;" in one for one in lines)
    first = lines.index("The same with all earlier doses:")
    own = lines[first + 1 : lines.index("", first)]
    # 50 / 1.4 and 35 Gy, in 0.8 of the normal 1.8 kg, and 10 Gy.
    assert own == [
        "mird partition",
        "normal perfused liver Gy 45.71 45.00",
        "perfused volume Gy 60.00 59.00",
        "whole liver Gy 35.00 34.50",
        "normal whole liver Gy 25.87 25.56",
        "unperfused liver Gy 10.00 10.00",
    ]
    # What was typed of earlier doses is of the liver: none of the lungs' and tumors'.
    assert not any(one.startswith(("T1 Gy", "lungs Gy")) for one in own)


def test_what_nobody_accepted_is_not_counted_as_accepted(
    run: Run, tmp_path: Path
) -> None:
    """Two limits are passed, of which one is accepted; the other plan passes none."""
    case = ("plan", "partition", *PATIENT, "--perfused-volume", "1000mL", "--tumor")
    case += ("T1=200mL@3", "--activity", "2GBq", "--patient-key", "D-1")
    # 47.1865 x 2 / 1.4 and / 1 kg are 67.4 and 94.4 Gy.
    limits = ("--limit", "normal=40Gy", "--limit", "perfused=60Gy")
    yes = ("--accept", "H42:normal perfused", "--reason", "a test")
    passed, within = tmp_path / "passed", tmp_path / "within"
    assert run(*case, *limits, *yes, "--out", passed).exit_code == 4
    assert run(*case, "--out", within).exit_code == 0
    result = run("plan", "compare", passed / "plan.json", within / "plan.json")
    assert result.exit_code == 0, result.stderr
    first, second = (
        line for line in result.stderr.splitlines() if " accepted, " in line
    )
    assert "1 not accepted, 1 accepted, " in first
    assert "not accepted" not in second
    assert "0 accepted, " in second


def test_two_catheter_positions_by_an_image(
    run: Run, exact_voxels: Path, tmp_path: Path
) -> None:
    """The same scout and 2 or 3 GBq: every dose is half as much again."""
    words = ("plan", "image", exact_voxels, "--lung-shunt", "5%", "--method", "local")
    words += ("--density", "1.05g/mL", "--device", "glass", "--patient-key", "D-1")
    answer = ("--accept", "H07", "--reason", "a test", "--accept", "H43")
    found = []
    for gbq, catheter in ((2, "same"), (3, "other")):
        own = ("--activity", f"{gbq}GBq", "--catheter", catheter)
        own += (*answer, "--reason", "a test", "--out", tmp_path / catheter)
        assert run(*words, *own).exit_code == 0
        found.append(tmp_path / catheter / "plan.json")
    result = run("plan", "compare", *found, "--json")
    assert result.exit_code == 0, result.stderr
    first, second = json.loads(result.stdout)["plans"]
    assert doses(first).keys() == doses(second).keys()
    for name, gy in doses(first).items():
        assert doses(second)[name] == pytest.approx(1.5 * gy)
    assert first["tumor_to_normal_ratio"] == second["tumor_to_normal_ratio"]
    assert "by image, local deposition, activity 2 GBq" in result.stderr
    assert "catheter position: other" in result.stderr
    assert "(+50.0 %)" in result.stderr


def codes(result: Result) -> dict[tuple[str, str], str]:
    assert result.exit_code == 0, result.stderr
    return {
        (one["code"], one["severity"]): one["message"]
        for one in json.loads(result.stdout)["warnings"]
    }


def test_what_makes_plans_incomparable_is_said(
    run: Run, plans: dict[str, Path], tmp_path: Path
) -> None:
    volume = codes(run("plan", "compare", plans["one"], plans["volume"], "--json"))
    assert "'T1' 260 mL, not 200 mL (+30.0 %)" in volume["H38", "warn"]
    assert "'normal perfused' 740 mL, not 800 mL (-7.5 %)" in volume["H38", "note"]
    other = codes(run("plan", "compare", plans["one"], plans["resin"], "--json"))
    assert "plan 2 is for resin (Y-90), plan 1 for glass" in other["H25", "warn"]
    assert "T1 in plan 1 alone and T9 in plan 2 alone" in other["H38", "warn"]
    words = ("plan", "mird", "--dose", "80Gy", "--perfused-volume", "1L", "--device")
    words += ("glass", "--lung-shunt", "5%", "--dose-constant", "50 Gy kg/GBq")
    assert run(*words, "--out", tmp_path).exit_code == 0
    by = run("plan", "compare", plans["one"], tmp_path / "plan.json", "--json")
    said = [one for one in json.loads(by.stdout)["warnings"] if one["code"] == "H26"]
    assert said[0]["message"] == "plan 2 is by mird, plan 1 by partition"
    # 50 / 49.67 = 1.0066.
    assert "which alone is +0.7 % of dose" in said[1]["message"]
    key = codes(by)["H01", "note"]
    assert key.endswith("needs a patient key in plan 2")


@pytest.mark.parametrize(
    ("names", "words", "code", "said"),
    [
        (("one", "other"), (), 3, "--patient-key of plan 1 and plan 2 differs"),
        (("one", "two", "one"), (), 3, "plan 3 is plan 1 again"),
        (("one",), (), 2, "give two or more plan.json"),
        (("one", "two"), ("--dose", "80Gy"), 2, "leave out --dose"),
    ],
)
def test_plans_that_are_not_compared(
    run: Run,
    plans: dict[str, Path],
    names: tuple[str, ...],
    words: tuple[str, ...],
    code: int,
    said: str,
) -> None:
    refused = run("plan", "compare", *(plans[one] for one in names), *words)
    assert refused.exit_code == code, refused.stderr
    assert said in " ".join(refused.stderr.split())


def test_an_edited_plan_and_a_folder_are_refused(
    run: Run, plans: dict[str, Path], tmp_path: Path
) -> None:
    edited = tmp_path / "plan.json"
    text = plans["two"].read_text("utf-8").replace('"artery two"', '"artery 2"')
    edited.write_text(text, "utf-8")
    refused = run("plan", "compare", plans["one"], edited)
    assert refused.exit_code == 3
    assert "its content does not fit its hash" in refused.stderr
    folder = run("plan", "compare", plans["one"], plans["two"].parent)
    assert folder.exit_code == 3
    assert "two is a folder: give two/plan.json" in folder.stderr
