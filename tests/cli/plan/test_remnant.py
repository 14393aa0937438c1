"""The remnant and published goals in every way of planning, and on paper."""

import json
from collections.abc import Callable
from pathlib import Path

import pytest
from click.testing import Result

from tests.cli.plan.test_image import territories, two_territories  # noqa: F401

Run = Callable[..., Result]
SHUNT = ("--lung-shunt", "4%")
LIVER = ("--liver-volume", "1500mL")
SIZE = ("--height", "175cm", "--weight", "70kg")
TUMOR = ("--tumor", "T1=150mL@3")
WAYS = {
    "mird": ("--dose", "60Gy", "--perfused-volume", "900mL"),
    "partition": ("--perfused-volume", "900mL", *TUMOR, "--activity", "1GBq"),
    "bsa": ("--treated-volume", "900mL", "--tumor-volume", "150mL", *SIZE),
    "compare": (
        *("--perfused-volume", "900mL", *TUMOR, "--dose", "60Gy"),
        *("--normal-dose", "30Gy"),
    ),
}


def document_of(result: Result) -> dict:
    assert result.exit_code == 0, result.stderr
    return json.loads(result.stdout)


def warned(document: dict) -> list[str]:
    return [
        one["message"]
        for one in document["warnings"]
        if one["code"] == "H45" and one["severity"] == "warn"
    ]


@pytest.mark.parametrize("way", WAYS)
def test_every_way_knows_what_remains(run: Run, way: str) -> None:
    """600 of 1500 mL; 44 % without 150 mL of tumor, where that is known."""
    words = ("plan", way, *WAYS[way], *LIVER, *SHUNT, "--json")
    remnant = document_of(run(*words))["remnant"]
    assert remnant["treated_fraction"] == pytest.approx(0.6)
    assert remnant["volume_ml"] == pytest.approx(600.0)
    assert remnant["asked"] is False
    fractions = {one["of"]: one["fraction"] for one in remnant["shares"]}
    assert fractions["whole liver"] == pytest.approx(0.4)
    if way != "mird":
        assert fractions["liver without tumors"] == pytest.approx(600 / 1350)
    ill = document_of(run(*words, "--underlying-liver", "cirrhosis"))
    # 40 % is not above 40 %, but 44 % is.
    assert len(warned(ill)) == (way == "mird")


def test_a_lobectomy_with_35_percent_in_cirrhosis(run: Run) -> None:
    """175 cm and 70 kg: 1307.5 mL by Urata, of which 457.6 mL are 35 %."""
    words = ("plan", "partition", *WAYS["partition"], *LIVER, *SHUNT, *SIZE)
    words += ("--remnant", "457.6mL", "--slv", "urata")
    words += ("--underlying-liver", "cirrhosis")
    plan = document_of(run(*words, "--json"))
    [message] = warned(plan)
    assert "35.0 % of the standardized liver volume by Urata (1308 mL)" in message
    remnant = plan["remnant"]
    assert remnant["standard_liver"]["body_surface_formula"] == "dubois"
    assert remnant["minimum"]["met"] is False
    shown = run(*words).stderr
    assert "Treated  900 of 1500 mL of the liver, 60.0 %" in shown
    assert "Remnant  458 mL: 30.5 % of the whole liver (1500 mL), 33.9 %" in shown


def test_a_missing_height_is_named(run: Run) -> None:
    words = ("plan", "mird", *WAYS["mird"], "--slv", "vauthey", "--weight", "60kg")
    result = run(*words)
    assert (result.exit_code, result.stdout) == (3, "")
    assert "--slv vauthey needs the patient's height: give --height" in result.stderr


def test_what_nobody_asked_for_is_a_detail(run: Run) -> None:
    words = ("plan", "mird", *WAYS["mird"], *LIVER, *SHUNT)
    assert "Remnant" not in run(*words).stderr
    told = run(*words, "-v").stderr
    assert "Remnant  600 mL: 40.0 % of the whole liver (1500 mL)" in told
    assert "H45" not in told


def test_an_image_measures_what_remains(
    run: Run,
    two_territories: Path,  # noqa: F811
) -> None:
    """B perfuses 48 of 80 mL: 32 remain, of which 1 is a tumor; 78 mL are normal."""
    words = territories(two_territories, "Perfused A", "Perfused B")
    words += ["--underlying-liver", "cirrhosis", "--injection"]
    one = document_of(run(*words, "B=perfused:Perfused B,activity:20MBq"))
    remnant = one["remnant"]
    assert remnant["treated_fraction"] == pytest.approx(0.6)
    assert remnant["volume_ml"] == pytest.approx(31.0)
    fractions = {each["of"]: each["fraction"] for each in remnant["shares"]}
    assert fractions["liver without tumors"] == pytest.approx(31 / 78)
    assert "39.7 % of the liver without tumors (78 mL)" in warned(one)[0]
    # A has both tumors: 32 of 78 mL are 41 %.
    other = document_of(run(*words, "A=perfused:Perfused A,activity:20MBq"))
    assert other["remnant"]["volume_ml"] == pytest.approx(32.0)
    assert warned(other) == []
    # What both perfuse counts once.
    both = ["A=perfused:Perfused A,activity:20MBq", "--injection"]
    all_of_it = run(*words, *both, "B=perfused:Perfused B,activity:21MBq")
    remnant = document_of(all_of_it)["remnant"]
    assert remnant["treated_fraction"] == pytest.approx(1.0)
    assert remnant["volume_ml"] == pytest.approx(0.0, abs=1e-9)


def test_a_segmentectomy_shows_what_is_treated_and_its_goals(
    run: Run, tmp_path: Path
) -> None:
    """1.6 GBq into 157.5 g: 504.6 Gy."""
    words = ("plan", "mird", "--device", "glass", "--dose", "504.6Gy")
    words += ("--perfused-volume", "150mL", *LIVER, "--lung-shunt", "0%")
    words += ("--limits", "eanm2022:glass:hcc:segmentectomy")
    shown = run(*words, "--out", tmp_path / "plan")
    assert shown.exit_code == 0, shown.stderr
    assert "Treated  150 of 1500 mL of the liver, 10.0 %" in shown.stderr
    assert "Published goals reached: 3 of 3, listed with -v" in shown.stderr
    assert "Lewandowski" not in shown.stderr
    assert "Lewandowski 2018, Radiology 287(3), 70 patients" in (
        run(*words, "-v").stderr
    )
    page = (tmp_path / "plan" / "plan.html").read_text()
    for text in (
        "Published goals",
        "Gabr 2021",
        "Future liver remnant",
        "D95 over 300",
    ):
        assert text in page
    # None of them is a limit.
    plan = json.loads((tmp_path / "plan" / "plan.json").read_text())
    assert plan["treats"] == {"disease": "hcc", "scenario": "segmentectomy"}
    assert [one["limit_gy"] for one in plan["limits"]] == [30.0, 50.0, 400.0]


def test_unverified_goals_say_so(run: Run) -> None:
    words = ("plan", "mird", "--device", "resin", "--dose", "120Gy", "-v")
    words += ("--perfused-volume", "150mL", *SHUNT)
    words += ("--limits", "eanm2022:resin:mcrc:segmentectomy")
    told = run(*words).stderr
    assert "another planner's code, without a study (not verified)" in told


@pytest.mark.parametrize(("part", "limit_gy"), [("", 40.0), (",prior-dose:10Gy", 30.0)])
def test_one_lobe_treated_before_makes_a_repeated_treatment(
    run: Run, part: str, limit_gy: float
) -> None:
    injection = f"right=perfused:900mL,tumor:T1=150mL@3,activity:0.3GBq{part}"
    plan = document_of(
        run(
            *("plan", "partition", "--injection", injection, *SHUNT, "--json"),
            *("--device", "resin", "--limits", "eanm2022:resin:hcc:bilobar"),
        )
    )
    limits = [one for one in plan["limits"] if one["volume"] == "normal_perfused"]
    assert [one["limit_gy"] for one in limits] == [limit_gy]
