"""A limit that is not met: the result is shown, and goes nowhere without a reason."""

import json
import re
from collections.abc import Callable
from pathlib import Path

import pytest
from click.testing import Result

Run = Callable[..., Result]
CASE = ("plan", "partition", "--perfused-volume", "1000mL", "--tumor", "T1=200mL@3")
CASE += ("--lung-shunt", "5%", "--activity", "3GBq")
NORMAL, T1 = ("--limit", "normal=70Gy"), ("--limit", "T1=250Gy")


def accepted(subject: str) -> tuple[str, ...]:
    return ("--accept", f"H42:{subject}", "--reason", "the tumor board's decision")


def test_the_result_is_shown_and_written(run: Run, tmp_path: Path) -> None:
    """3 GBq less 5 %: 49.67 * 2.85 / (0.84 + 3 * 0.21) = 96.30 Gy to normal liver.

    In 1 L of 1.05 kg; 70 Gy there are 2.181 GBq.
    """
    result = run(*CASE, *NORMAL, "--out", tmp_path / "plan")
    assert result.exit_code == 4
    assert "96.30" in result.stderr
    assert "NOT MET" in result.stderr
    assert "normal perfused liver: 96.3 Gy is above the limit of 70 Gy" in result.stderr
    assert "nject at most 2.18 GBq" in result.stderr
    document = json.loads((tmp_path / "plan" / "plan.json").read_text())
    [limit] = [one for one in document["limits"] if one["volume"] == "normal_perfused"]
    assert (limit["met"], limit["given_by_user"]) == (False, True)
    assert limit["at_most_gbq"] == {
        "perfused volume": pytest.approx(3 * 70 / 96.2988, rel=1e-5)
    }
    [unmet] = [one for one in document["warnings"] if one["code"] == "H42"]
    assert (unmet["severity"], unmet["value"]) == ("ask", limit["value_gy"])
    page = (tmp_path / "plan" / "plan.html").read_text()
    assert "normal perfused: 96.3 Gy is above the limit of 70 Gy" in page


def test_the_document_is_whole_on_the_standard_output(run: Run) -> None:
    result = run(*CASE, *NORMAL, "--json")
    assert result.exit_code == 4
    assert json.loads(result.stdout)["activity_gbq"] == 3.0


def test_it_is_approved_only_with_a_reason(run: Run, tmp_path: Path) -> None:
    draft, by = tmp_path / "plan", ("--by", "a physicist")
    run(*CASE, *NORMAL, "--out", draft)
    before = (draft / "plan.json").read_bytes()
    refused = run("plan", "approve", draft / "plan.json", *by)
    assert refused.exit_code == 3
    assert "70 Gy" in refused.stderr
    advised = refused.stderr.split("--accept ")[1].split(" --reason")[0].strip('"')
    assert (draft / "plan.json").read_bytes() == before

    again = run(
        *(*CASE, *NORMAL, "--accept", advised, "--reason", "salvage"),
        *("--out", draft, "--force"),
    )
    assert again.exit_code == 0, again.stderr
    document = json.loads((draft / "plan.json").read_text())
    assert document["accepted"] == [
        {"code": "H42", "subject": "normal perfused", "reason": "salvage"}
    ]
    assert document["limits"][-1]["met"] is False
    assert "salvage" in (draft / "plan.html").read_text()
    assert run("plan", "approve", draft / "plan.json", *by).exit_code == 0


def test_each_limit_is_accepted_by_its_own_name(run: Run) -> None:
    both = (*CASE, *NORMAL, *T1, "--json")
    for known in ((), accepted("T1"), accepted("normal perfused")):
        assert run(*both, *known).exit_code == 4
    one = run(*both, "--accept", "H42", "--reason", "which of them?")
    assert one.exit_code == 4
    all_of_them = run(*both, *accepted("t1"), *accepted("normal perfused liver"))
    assert all_of_them.exit_code == 0, all_of_them.stderr


def test_a_limit_of_a_table_is_one_that_was_given(run: Run) -> None:
    """1.4 GBq give normal liver 44.9 Gy; resin has 40 Gy in one lobe of two."""
    case = (*CASE[:-2], "--activity", "1.4GBq", "--liver-volume", "1500mL")
    case += ("--device", "resin", "--bilirubin", "1mg/dL", "--json")
    result = run(*case, "--limits", "eanm2022:resin:hcc:unilobar")
    unmet = [
        one for one in json.loads(result.stdout)["warnings"] if one["code"] == "H42"
    ]
    assert (result.exit_code, [one["bound"] for one in unmet]) == (4, [40.0])


def test_lungs_whose_limit_nobody_typed_only_warn(run: Run) -> None:
    """3 GBq with a fifth to 1 kg of lungs: 29.8 Gy; 4 GBq 39.7 Gy."""
    case = (*CASE[:6], "--lung-shunt", "20%", "--activity", "4GBq", "--json")
    document = json.loads(run(*case).stdout)
    codes = {one["code"]: one["severity"] for one in document["warnings"]}
    assert (codes["H22"], "H42" in codes) == ("warn", False)
    typed = run(*case, "--limit", "lungs=30Gy")
    assert typed.exit_code == 4
    assert "lungs: 39.74 Gy is above the limit of 30 Gy" in typed.stderr


def test_methods_side_by_side_each_say_it(run: Run) -> None:
    case = ("plan", "compare", "--perfused-volume", "1000mL", "--tumor", "T1=200mL@3")
    case += ("--lung-shunt", "5%", "--dose", "120Gy", "--activity", "3GBq", *NORMAL)
    result = run(*case)
    assert result.exit_code == 0, result.stderr
    liver = "normal perfused liver: "
    assert f"by partition, {liver}96.3 Gy is above the limit" in result.stderr
    assert f"by mird, {liver}" in result.stderr


def test_one_name_inside_of_another_is_another(run: Run) -> None:
    """T1 and "T1 liver" are two tumors: one reason is not for both."""
    case = (*CASE[:-2], "--tumor", "T1 liver=50mL@4", "--activity", "2GBq", "--json")
    case += ("--limit", "T1=60Gy", "--limit", "T1 liver=60Gy")
    assert run(*case, *accepted("T1")).exit_code == 4
    both = run(*case, *accepted("T1"), *accepted("T1 liver"))
    assert both.exit_code == 0, both.stderr


def test_a_run_that_stops_for_another_check_names_the_limit_too(run: Run) -> None:
    result = run(*CASE[:-1], "4GBq", "--device", "resin", "--limit", "normal=60Gy")
    assert result.exit_code == 3
    assert "H07" in result.stderr
    assert '--accept "H42:normal perfused"' in result.stderr


def test_what_is_advised_meets_the_limit(run: Run) -> None:
    case = (*CASE[:-2], "--tumor", "T2=20mL@5", "--limit", "T2=100Gy", "--json")
    limit = json.loads(run(*case, "--activity", "1GBq").stdout)["limits"][-1]
    said = run(*case, "--activity", "1GBq").stderr
    advised = said.split("at most ")[1].split(" GBq")[0]
    assert float(advised) <= limit["at_most_gbq"]["perfused volume"]
    met = run(*case, "--activity", f"{advised}GBq")
    assert met.exit_code == 0, met.stderr


def test_a_dose_at_a_bound_that_is_left_out_is_not_above_it(run: Run) -> None:
    case = (*CASE[:-2], "--liver-volume", "1500mL", "--bilirubin", "1mg/dL")
    case += ("--device", "resin", "--limits", "eanm2022:resin:hcc:unilobar")
    result = run(*case, "--normal-dose", "40Gy")
    assert result.exit_code == 4
    assert "40 Gy is not below the limit of 40 Gy" in result.stderr
    assert "nject less than 1.24" in result.stderr


def test_at_least_and_at_most_have_chances_of_their_own(run: Run) -> None:
    """At 60 Gy, at most 70 Gy is probable, and at least 70 Gy is not."""
    case = (*CASE[:-2], "--liver-volume", "1500mL", "--device", "resin")
    case += ("--limits", "eanm2022:resin:icc:lobectomy", "--limit", "normal=70Gy")
    result = run(*case, "--normal-dose", "60Gy", "--json")
    chances = {
        one["sense"]: one["probability_met_first_order"]
        for one in json.loads(result.stdout)["uncertainty"]["limits"]
        if one["limit_gy"] == 70.0
    }
    assert chances["at_most"] == pytest.approx(1 - chances["at_least"], abs=0.01)
    assert chances["at_most"] > 0.8
    row = next(one for one in result.stderr.splitlines() if "yours" in one)
    assert f"{chances['at_most']:.1%}".replace("%", " %") in row


def test_vials_for_it_say_that_nobody_accepted_it(run: Run, tmp_path: Path) -> None:
    run(*CASE, *NORMAL, "--out", tmp_path / "plan")
    order = ("plan", "vial", "--plan", tmp_path / "plan" / "plan.json")
    order += ("--at", "2026-03-04T10:00+01:00", "--device", "glass")
    result = run(*order)
    assert result.exit_code == 0, result.stderr
    assert "WARN H42" in result.stderr
    assert "nobody accepted this: normal perfused liver: 96.3 Gy" in result.stderr


@pytest.mark.parametrize(
    ("name", "volume"),
    [
        ("normal perfused liver", "normal_perfused"),
        ("Normal whole liver", "normal_whole"),
        ("perfused volume", "perfused"),
        ("whole liver", "liver"),
        ("lungs, all treatments", "lungs_cumulative"),
    ],
)
def test_a_limit_is_typed_as_it_is_shown(run: Run, name: str, volume: str) -> None:
    result = run(*CASE, "--liver-volume", "1500mL", "--limit", f"{name}=2Gy", "--json")
    assert result.exit_code == 4, result.stderr
    assert re.search(rf"^{name}  .*NOT MET", result.stderr, re.MULTILINE | re.I)
    limits = json.loads(result.stdout)["limits"]
    [own] = [one["name"] for one in limits if one["limit_gy"] == 2]
    assert own == volume


def test_a_limit_for_one_of_two_injections(run: Run) -> None:
    right = "right=perfused:900mL,tumor:T1=200mL@3.0,lung-shunt:6%,dose:120Gy"
    left = "left=perfused:500mL,lung-shunt:6%,dose:100Gy"
    both = ("plan", "partition", "--injection", right, "--injection", left)
    result = run(*both, "--limit", "normal perfused liver of right=70Gy", "--json")
    assert result.exit_code == 4, result.stderr
    limits = json.loads(result.stdout)["limits"]
    own = [one["value_of"] for one in limits if one["limit_gy"] == 70]
    assert own == ["normal perfused of right"]


@pytest.mark.parametrize(
    ("subjects", "exit_code"),
    [
        (("normal",), 0),
        (("normal_perfused",), 0),
        (("normal perfused liver",), 0),
        (("perfused",), 4),
    ],
)
def test_a_limit_is_accepted_by_the_name_it_was_given(
    run: Run, subjects: tuple[str, ...], exit_code: int
) -> None:
    given = [word for one in subjects for word in accepted(one)]
    assert run(*CASE, *NORMAL, *given).exit_code == exit_code


def test_a_name_that_is_of_two_accepts_neither(run: Run) -> None:
    both = (*NORMAL, "--limit", "normal_whole=30Gy", "--liver-volume", "1500mL")
    result = run(*CASE, *both, *accepted("normal"))
    assert result.exit_code == 4
    lungs = ("--limit", "lungs_cumulative=5Gy")
    assert run(*CASE, *lungs, *accepted("lungs, all treatments")).exit_code == 0


def test_a_limit_that_nobody_typed_says_how_to_make_it_one(run: Run) -> None:
    case = ("plan", "mird", "--dose", "800Gy", "--perfused-volume", "1000mL")
    case += ("--lung-shunt", "5%")
    warned = run(*case)
    assert warned.exit_code == 0
    [said] = [one for one in warned.stderr.splitlines() if "WARN H22" in one]
    options = said.partition("give ")[2].split()
    assert options == ["--limit", "lungs=30Gy"]
    assert run(*case, *options).exit_code == 4
