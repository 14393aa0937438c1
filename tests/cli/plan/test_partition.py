"""`sirtdose plan partition`: options, document, exit codes."""

import json
from collections.abc import Callable
from pathlib import Path

import pytest
from click.testing import Result

Run = Callable[..., Result]
CASE = ("plan", "partition", "--perfused-volume", "1000mL", "--tumor", "T1=200mL@3.0")
CASE += ("--density", "1.03g/mL", "--lung-shunt", "10%")


def test_a_tumor_dose_without_a_tumor_advises_an_option_of_this_command(
    run: Run,
) -> None:
    words = ("plan", "partition", "--perfused-volume", "1000mL", "--lung-shunt", "4%")
    result = run(*words, "--tumor-dose", "200Gy")
    assert result.exit_code == 3
    assert "has no tumor to plan a dose for: give --tumor\n" in result.stderr
    assert "--role" not in result.stderr


def test_the_published_case(run: Run, tmp_path: Path) -> None:
    out = tmp_path / "plan"
    result = run(*CASE, "--tumor-dose", "300Gy", "--json", "--out", out)
    assert result.exit_code == 0, result.stderr
    document = json.loads(result.stdout)
    assert document == json.loads((out / "plan.json").read_text())
    assert document["method"] == "partition"
    assert document["activity_gbq"] == pytest.approx(3.23, abs=0.005)
    assert document["activity_mci"] == pytest.approx(87.2, abs=0.05)
    tumor, normal, perfused = document["compartments"]
    assert (tumor["name"], tumor["role"]) == ("T1", "tumor")
    assert tumor["dose_gy"] == pytest.approx(300)
    assert normal["role"] == "normal_perfused"
    assert perfused["dose_gy"] == pytest.approx(140)
    assert document["assumptions"]["injections"][0]["goal"] == "tumor_dose"
    assert document["inputs"]["tumors"] == ["T1=200mL@3.0"]


def test_the_most_that_a_limit_allows(run: Run) -> None:
    result = run(
        *CASE, "--maximize", "--limit", "normal=70Gy", "--liver-volume", "1.8L"
    )
    assert result.exit_code == 0, result.stderr
    [limit] = [line for line in result.stderr.splitlines() if "yours" in line]
    assert "normal perfused liver" in limit
    assert limit.split()[3:6] == ["70.00", "70", "met"]
    assert limit.endswith("yours, sets the activity")
    assert "normal whole liver" in result.stderr


@pytest.mark.parametrize(
    ("options", "exit_code", "message"),
    [
        ((), 2, "give one goal"),
        (("--maximize", "--activity", "1GBq"), 2, "give one goal"),
        (("--activity", "3"), 2, "has no unit"),
        (("--maximize", "--lung-shunt", "0%"), 3, "needs a limit"),
        (("--tumor-dose", "300Gy", "--limit", "spleen=70Gy"), 3, "names no volume"),
        (("--activity", "1GBq", "--tumor", "T2=900mL@2"), 3, "must include them"),
        (("--activity", "1GBq", "--tumor", "T1=9mL@2"), 3, "names two regions"),
        (("--activity", "1GBq", "--tumor", "T2=9mL"), 2, "NAME=VOLUME@RATIO"),
        (("--activity", "1GBq", "--tumor", "T2=9@2"), 2, "has no unit"),
        (("--activity", "1GBq", "--tumor", "T2=9mL@-2"), 2, "not a ratio"),
        (("--activity", "1GBq", "--tumor", "T2=9mL@nan"), 2, "not a ratio"),
        (
            ("--activity", "1GBq", "--liver-volume", "900mL"),
            3,
            "but the liver of 900 mL",
        ),
        (
            ("--maximize", "--limit", "normal=70Gy", "--prior-liver-dose", "75Gy"),
            4,
            "has already received 75 Gy",
        ),
    ],
)
def test_refusals(
    run: Run, tmp_path: Path, options: tuple[str, ...], exit_code: int, message: str
) -> None:
    result = run(*CASE, *options, "--out", tmp_path / "plan")
    assert (result.exit_code, result.stdout) == (exit_code, "")
    assert message in result.stderr
    assert not (tmp_path / "plan").exists()


RIGHT = "right=perfused:900mL,tumor:T1=200mL@3.0,lung-shunt:6%,dose:120Gy"
LEFT = "left=perfused:500mL,tumor:T2=40mL@5,normal-dose:30Gy"


def test_several_injections(run: Run) -> None:
    both = ("plan", "partition", "--injection", RIGHT, "--injection", LEFT)
    both += ("--density", "1g/mL", "--lung-shunt", "2%", "--liver-volume", "1600mL")
    result = run(*both, "--json")
    assert result.exit_code == 0, result.stderr
    document = json.loads(result.stdout)
    right, left = document["assumptions"]["injections"]
    # 120 Gy to 0.9 kg, 6 % shunt; 30 Gy to 0.46 kg, 5 times that to 0.04 kg, 2 %.
    assert right["activity_gbq"] == pytest.approx(120 * 0.9 / (49.67 * 0.94))
    assert left["activity_gbq"] == pytest.approx(30 * (0.46 + 0.2) / (49.67 * 0.98))
    lungs = 49.67 * (0.06 * right["activity_gbq"] + 0.02 * left["activity_gbq"])
    assert document["lungs"]["dose_gy"] == pytest.approx(lungs)
    names = [row["name"] for row in document["compartments"]]
    assert "normal perfused of left" in names
    assert names[-1] == "normal whole liver"


@pytest.mark.parametrize(
    ("options", "message"),
    [
        (("--injection", RIGHT, "--activity", "1GBq"), "leave"),
        ((), "or --injection"),
        (("--injection", "right"), "is not an injection"),
        (("--injection", "right=dose:120Gy"), "needs perfused"),
        (("--injection", "right=perfused:900mL"), "one of dose"),
        (("--injection", "right=perfused:900mL,dose:120"), "has no unit"),
        (("--injection", "right=perfused:900mL,spleen:120mL"), "is not known"),
        (("--injection", "right=perfused:9mL,dose:1Gy,activity:1GBq"), "one of dose"),
    ],
)
def test_injections_refused(run: Run, options: tuple[str, ...], message: str) -> None:
    result = run("plan", "partition", *options)
    assert (result.exit_code, result.stdout) == (2, "")
    assert message in result.stderr


def test_kaos_terms_are_converted(run: Run) -> None:
    """60 in 200 mL of tumor, 30 in 800 mL of normal liver, 10 in the lungs."""
    kao = run(
        *("plan", "partition", "--perfused-volume", "1L", "--tumor", "T1=200mL@R=2"),
        *("--tlsf", "14.28571428571429%", "--activity", "2GBq", "--json", "-v"),
    )
    assert kao.exit_code == 0, kao.stderr
    document = json.loads(kao.stdout)
    parts = {row["name"]: row["activity_gbq"] for row in document["compartments"]}
    assert parts["T1"] == pytest.approx(2 * 0.6)
    assert parts["normal perfused"] == pytest.approx(2 * 0.3)
    assert document["lungs"]["activity_gbq"] == pytest.approx(2 * 0.1)
    assert "Kao's R 2 of 'T1' equals T/N 8" in kao.stderr
    assert "equals a lung shunt of 0.1" in kao.stderr
    written = run(
        *("plan", "partition", "--json", "--injection"),
        "r=perfused:1L,tumor:T1=200mL@R=2,tlsf:14.28571428571429%,activity:2GBq",
    )
    assert json.loads(written.stdout)["lungs"] == document["lungs"]
    both = run(*CASE, "--tlsf", "10%", "--activity", "2GBq")
    assert both.exit_code == 2
    assert "--tlsf replaces --lung-shunt" in both.stderr
    # The same numbers under the wrong names are another treatment.
    mistaken = run(
        *("plan", "partition", "--perfused-volume", "1L", "--tumor", "T1=200mL@2"),
        *("--lung-shunt", "14.28571428571429%", "--activity", "2GBq", "--json"),
    )
    [wrong] = [
        r for r in json.loads(mistaken.stdout)["compartments"] if "T" in r["name"]
    ]
    assert wrong["activity_gbq"] < 0.5 * parts["T1"]
