import json
from collections.abc import Callable
from pathlib import Path

import pytest
from click.testing import Result

Run = Callable[..., Result]
CASE = ["plan", "mird", "--dose", "100Gy", "--perfused-volume", "1000mL"]
CASE += ["--density", "1.03g/mL"]
NO_SHUNT_GIVEN = tuple(CASE)
CASE += ["--lung-shunt", "0%"]


def test_published_case_in_the_document(run: Run) -> None:
    result = run(*CASE, "--lung-shunt", "10%", "--residual", "10%", "--json")
    assert result.exit_code == 0
    plan = json.loads(result.stdout)
    assert plan["schema"] == "sirtdose.plan/1"
    assert plan["activity_gbq"] == pytest.approx(2.30, abs=0.005)
    assert plan["activity_mci"] == pytest.approx(62.3, abs=0.05)
    assert plan["draw_activity_gbq"] == pytest.approx(2.56, abs=0.005)
    assert plan["lungs"]["dose_gy"] == pytest.approx(11.4, abs=0.05)
    assert plan["nuclide"]["dose_constant_gy_kg_per_gbq"] == 49.67
    assert {limit["name"] for limit in plan["limits"]} == {"lungs", "lungs_cumulative"}
    assert all(limit["sense"] == "at_most" for limit in plan["limits"])


def test_table_shows_both_units_and_goes_to_stderr(run: Run) -> None:
    result = run(*CASE, "--lung-shunt", "10%")
    assert result.stdout == ""
    assert "2.304 GBq (62.27 mCi)" in result.stderr
    assert "49.67 Gy kg/GBq" in result.stderr
    assert "NOTE" not in result.stderr
    assert result.stderr.endswith("notes: -v shows them\n")
    told = run(*CASE, "--lung-shunt", "10%", "-v").stderr
    assert "NOTE H37  not a medical device" in told
    notes = sum(line.startswith("NOTE") for line in told.splitlines())
    assert f"{notes} notes: " in result.stderr


def test_plan_file(run: Run, tmp_path: Path) -> None:
    out = tmp_path / "plan"
    assert run(*CASE, "--out", out).exit_code == 0
    first = (out / "plan.json").read_bytes()
    again = run(*CASE, "--out", out)
    assert again.exit_code == 5
    assert "--force" in again.stderr
    assert run(*CASE, "--out", out, "--force").exit_code == 0
    assert (out / "plan.json").read_bytes() == first


def test_label_convention_says_what_is_delivered(run: Run) -> None:
    result = run(*CASE, "--lung-shunt", "5%", "--convention", "label")
    assert "Label formula (K 50, no lung shunt): 100 Gy prescribed, 94.37 Gy" in (
        result.stderr
    )


@pytest.mark.parametrize(
    ("options", "constant", "half_life"),
    [
        (["--dose-constant", "ddep"], 49.38, 64.05),
        (["--dose-constant", "49.8 J/GBq"], 49.8, 64.05),
        (["--half-life", "64.1h"], 49.67, 64.1),
        (["--device", "ho166", "--dose", "50Gy"], 15.87, 26.8),
        (["--nuclide", "Ho-166", "--dose-constant", "icrp107"], 15.53, 26.8),
    ],
)
def test_constants_are_chosen_and_shown(
    run: Run, options: list[str], constant: float, half_life: float
) -> None:
    nuclide = json.loads(run(*CASE, *options, "--json").stdout)["nuclide"]
    assert nuclide["dose_constant_gy_kg_per_gbq"] == constant
    assert nuclide["half_life_h"] == half_life


@pytest.mark.parametrize(
    ("options", "code", "says"),
    [
        (["--dose", "100"], 2, "has no unit for dose: use Gy, cGy, mGy"),
        (["--lung-shunt", "8"], 2, "write 8%"),
        (["--lung-shunt", "100%"], 3, "0 to below 1"),
        (["--perfused-volume", "-5mL"], 2, "above 0"),
        (["--device", "plastic"], 2, "use resin, glass, ho166"),
        (["--nuclide", "Lu-177"], 2, "'Lu-177' is not one of"),
        (["--device", "glass", "--nuclide", "Ho-166"], 3, "carry Y-90"),
        (["--dose-constant", "mine"], 2, "one of clinical, label"),
        (["--limit", "lungs=1Gy", "--lung-shunt", "10%"], 4, "at most"),
        (["--limit", "lungs"], 2, "write it like lungs=30Gy"),
        (["--limit", "lungs=30"], 2, "no unit"),
        (["--accept", "H22"], 2, "1 --accept and 0 --reason"),
        (["--accept", "X1", "--reason", "so"], 2, "not the code"),
        (["--frobnicate"], 2, "No such option"),
    ],
)
def test_refusals(run: Run, options: list[str], code: int, says: str) -> None:
    result = run(*CASE, *options)
    assert result.exit_code == code
    assert says in " ".join(result.stderr.split())
    assert result.stdout == ""


def test_a_missing_option_is_a_usage_error(run: Run) -> None:
    result = run("plan", "mird", "--dose", "100Gy")
    assert result.exit_code == 2
    assert "--perfused-volume" in result.stderr


def test_acceptance_is_recorded(run: Run) -> None:
    accepts = ("--accept", "H22", "--reason", "measured twice", "--json")
    result = run(*CASE, "--lung-shunt", "60%", *accepts)
    assert json.loads(result.stdout)["accepted"] == [
        {"code": "H22", "subject": "", "reason": "measured twice"}
    ]
    # Where nothing was asked there is nothing to accept.
    assert json.loads(run(*CASE, *accepts).stdout)["accepted"] == []


def test_every_command_helps_with_an_example(run: Run) -> None:
    for command in ("", "plan", "plan mird", "post", "inspect", "phantom", "demo"):
        result = run(*command.split(), "-h")
        assert result.exit_code == 0
        assert "Examples:\n  sirtdose" in result.stdout


def test_a_missing_shunt_asks(run: Run, tmp_path: Path) -> None:
    result = run(*NO_SHUNT_GIVEN, "--out", tmp_path / "plan")
    assert (result.exit_code, result.stdout) == (3, "")
    assert "H22 Lung shunt and lung dose: no lung shunt was given" in result.stderr
    assert "Give --lung-shunt, or --lung-shunt 0% to state that" in result.stderr
    assert not (tmp_path / "plan").exists()
    # Who states that there is none is not asked.
    none = run(*NO_SHUNT_GIVEN, "--lung-shunt", "0%", "--json")
    assert none.exit_code == 0, none.stderr
    assert "no lung shunt was given" not in none.stderr
    document = json.loads(none.stdout)
    assert document["lungs"]["dose_gy"] == 0
    assert [limit["met"] for limit in document["limits"]] == [True, True]


def test_lungs_are_not_checked_without_a_shunt(run: Run) -> None:
    unmeasured = (*NO_SHUNT_GIVEN, "--reason", "not measured")
    unmeasured += ("--accept", "H22:missing lung shunt")
    result = run(*unmeasured, "--json")
    assert [limit["met"] for limit in json.loads(result.stdout)["limits"]] == [
        None,
        None,
    ]
    [limit, _] = [one for one in result.stderr.splitlines() if "not checked" in one]
    assert limit.split()[:3] == ["lungs", "-", "30"]
    assert "no lung shunt was given: the lung dose is not known" in result.stderr
    assert json.loads(result.stdout)["lungs"]["dose_gy"] is None
    limited = run(*unmeasured, "--limit", "lungs=20Gy")
    assert limited.exit_code == 3
    assert "cannot be checked" in limited.stderr
    before = run(*unmeasured, "--prior-lung-dose", "60Gy")
    [limit] = [one for one in before.stderr.splitlines() if "NOT MET" in one]
    assert limit.startswith("lungs, all treatments  60.00        50  NOT MET")


def test_a_density_of_no_tissue_is_asked_for(run: Run) -> None:
    result = run(*CASE, "--density", "10.5g/mL")
    assert result.exit_code == 3
    assert "H27 Density: one density, 10.5 g/mL" in result.stderr
    # Ten times the mass takes ten times the activity: no vial holds it.
    assert (
        "H05 Unit of an activity: a goal of 100 Gy needs 21.14 GBq (571.3 mCi), "
        "above the largest vial, 20 GBq: is the dose wrong, or a volume wrong?"
        in result.stderr
    )
    accepted = run(
        *(*CASE, "--density", "10.5g/mL"),
        *("--accept", "H27", "--reason", "a metal"),
        *("--accept", "H05", "--reason", "several vials"),
    )
    assert accepted.exit_code == 0


@pytest.mark.parametrize(
    ("options", "says"),
    [
        (["--density", "1.2g/mL"], "WARN H27  one density, 1.2 g/mL"),
        (["--half-life", "64.1min"], "WARN H09  half-life 1.06833 h"),
        (["--dose-constant", "15 Gy kg/GBq"], "WARN H09  dose constant 15"),
        (["--prior-liver-dose", "50Gy"], "perfused volume: 150.0 Gy with earlier"),
    ],
)
def test_the_unusual_is_said(run: Run, options: list[str], says: str) -> None:
    result = run(*CASE, *options)
    assert result.exit_code == 0
    assert says in result.stderr


@pytest.mark.parametrize("limit", ["lungs=30000Gy", "lungs=30mGy", "normal=0Gy"])
def test_a_limit_of_another_unit_is_refused(run: Run, limit: str) -> None:
    """30 Gy typed as if it were mGy, or in mGy; one of 0 allows nothing."""
    result = run(*CASE, "--lung-shunt", "5%", "--limit", limit)
    assert (result.exit_code, result.stdout) == (3, "")
    assert "it must be 0.05 to 5000 Gy; is the unit right?" in result.stderr
