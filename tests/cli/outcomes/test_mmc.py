"""`sirtdose mmc`: the study's schedule and gates, by hand, and refusals."""

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from click.testing import Result

Run = Callable[..., Result]
TREATED = ("--treated", "2026-03-02")


def mmc(run: Run, *words: object) -> Any:
    result = run("mmc", *TREATED, *words, "--json")
    assert result.exit_code == 0, result.stderr
    return json.loads(result.stdout)


def test_cohort_c(run: Run, tmp_path: Path) -> None:
    out = tmp_path / "out"
    words = ("--cohort", "C", "--interval", "28d", "--platelets", "150,90")
    words += ("--reduced-dose", "hold")
    found = mmc(run, *words, "--out", out)
    assert found == json.loads((out / "mmc.json").read_text("utf-8"))
    assert (found["schema"], found["recommendation"]) == ("sirtdose.mmc/1", False)
    first, second, again = found["cycles"]
    # 2026-03-02 and 8 weeks, then 28 days.
    assert (first["date"], second["date"]) == ("2026-04-27", "2026-05-25")
    assert [one["days_after_treatment"] for one in found["cycles"]] == [56, 84, 112]
    assert [one["dose_mg"] for one in found["cycles"]] == [12, 12, 12]
    # The second is held: 12 mg until it is given 28 days later.
    summed = [one["cumulative_mg_if_all_given"] for one in found["cycles"]]
    assert summed == [12, 12, 24]
    assert (again["cycle"], again["date"], again["hold"]) == (2, "2026-06-22", None)
    assert (first["hold"], first["gates"][0]["state"]) == (None, "met")
    assert first["gates"][1]["state"] == "to be assessed"
    said = "platelets 90 x 10^9/L, below 100: held by the physician"
    assert second["hold"] == said
    assert second["gates"][0] == {
        "gate": "platelets 100 x 10^9/L or more, or a reduced dose",
        "value": 90.0,
        "state": "held",
    }
    assert found["interval_source"] == "the user: the study does not state it"
    assert any("does not state by how much" in note for note in found["notes"])


def test_a_reduced_dose_is_the_physician_s(run: Run) -> None:
    words = ("--cohort", "C", "--interval", "28d", "--platelets", "150,90")
    found = mmc(run, *words, "--reduced-dose", "9 mg")
    second = found["cycles"][1]
    assert (second["dose_mg"], second["full_dose_mg"]) == (9, 12)
    assert (second["dose_from"], second["gates"][0]["state"]) == (
        "the physician",
        "reduced",
    )
    assert second["cumulative_mg_if_all_given"] == 21
    result = run("mmc", *TREATED, *words, "--reduced-dose", "9mg")
    assert "9 of 12 mg" in result.stderr


def test_gates_and_days_of_cohort_d(run: Run) -> None:
    words = ("--cohort", "D", "--interval", "28d", "--response", "-,pd")
    words += ("--actual-days", "2026-05-04")
    found = mmc(run, *words)
    cycles = found["cycles"]
    # A week later than 2026-04-27, and 28 days each from there.
    assert [one["date"] for one in cycles[:2]] == ["2026-05-04", "2026-06-01"]
    assert cycles[0]["planned_date"] == "2026-04-27"
    assert any(
        "cycle 1 took place on 2026-05-04, 7 d later" in n for n in found["notes"]
    )
    gates = [one["gates"][2] for one in cycles if len(one["gates"]) > 2]
    assert [(one["value"], one["state"]) for one in gates] == [
        (None, "to be assessed"),
        ("PD", "held"),
    ]
    result = run("mmc", *TREATED, *words)
    assert "imaging after cycle 4: PD              HELD: PD at" in result.stderr


@pytest.mark.parametrize(
    ("cohort", "doses"),
    [("A", [6]), ("b", [12]), ("C", [12, 12]), ("D", [12, 12, 12, 12, 12, 12])],
)
def test_cohorts(run: Run, cohort: str, doses: list[int]) -> None:
    found = mmc(run, "--cohort", cohort, "--interval", "4wk")
    assert [one["dose_mg"] for one in found["cycles"]] == doses
    imaged = [one["cycle"] for one in found["cycles"] if one["imaging_after"]]
    assert imaged == ([2, 4, 6] if cohort == "D" else [])
    assert found["interval_d"] == (28 if len(doses) > 1 else None)


@pytest.mark.parametrize(
    ("platelets", "state"),
    [("99.9", "held"), ("100", "held"), ("100.1", "met"), ("-", "not known")],
)
def test_platelets(run: Run, platelets: str, state: str) -> None:
    found = mmc(run, "--cohort", "A", f"--platelets={platelets}")
    assert found["cycles"][0]["gates"][0]["state"] == state


def test_progression_holds_everything(run: Run) -> None:
    found = mmc(run, "--cohort", "D", "--interval", "28d", "--progressed")
    assert all("RECIST 1.1" in one["hold"] for one in found["cycles"])
    assert found["cycles"][0]["gates"][1]["state"] == "held"
    assert {one["cumulative_mg_if_all_given"] for one in found["cycles"]} == {0}


def test_a_first_cycle_that_is_held_too_long_is_said(run: Run) -> None:
    words = ("--cohort", "A", "--interval", "28d", "--platelets")
    found = mmc(run, *words, "90,150")
    # 8 weeks and 4: 12 weeks.
    assert [one["date"] for one in found["cycles"]] == ["2026-04-27", "2026-05-25"]
    assert found["interval_d"] == 28
    said = "the first cycle is given 12 weeks after treatment: the study had 6 to 10"
    assert said in found["notes"]
    assert said not in mmc(run, *words, "150")["notes"]


@pytest.mark.parametrize(
    ("first", "day"),
    [("6wk", "2026-04-13"), ("43d", "2026-04-14"), ("70d", "2026-05-11")],
)
def test_the_first_cycle(run: Run, first: str, day: str) -> None:
    found = mmc(run, "--cohort", "A", "--first-after", first)
    assert found["cycles"][0]["date"] == day


def test_the_laboratory_limits_at_entry(run: Run, tmp_path: Path) -> None:
    case = tmp_path / "case.toml"
    case.write_text(
        '[values]\nage = 54\nast = {value = "88 U/L", uln = "35 U/L"}\n'
        'platelets = "100 G/L"\n',
        "utf-8",
    )
    result = run("mmc", *TREATED, "--cohort", "A", "--case", case, "--json", "-v")
    entry = json.loads(result.stdout)["entry_limits"]
    found = {one["id"]: one["result"] for one in entry["results"]}
    assert list(found) == [
        *("bilirubin", "ast", "alt", "creatinine", "gfr", "neutrophils", "platelets"),
    ]
    assert (found["ast"], found["platelets"]) == ("failed", "met")
    assert found["gfr"] == "unknown"
    assert "names no laboratory limit but platelets" in entry["words"]
    assert entry["words"] in result.stderr


def test_the_summary_says_whose_protocol_it_is(run: Run) -> None:
    result = run("mmc", *TREATED, "--cohort", "B")
    assert (result.exit_code, result.stdout) == (0, "")
    assert "that protocol, not a recommendation" in result.stderr
    assert "1      2026-04-27  56 d   12 mg  12 mg" in result.stderr


@pytest.mark.parametrize(
    ("words", "exit_code", "message"),
    [
        (("--cohort", "E"), 2, "'E' is not one of"),
        (("--cohort", "C"), 3, "the study does not state the days between them"),
        (("--cohort", "C", "--interval", "28"), 2, "has no unit for number of days"),
        (("--cohort", "C", "--interval", "0d"), 3, "it must be 1 d or more"),
        (("--cohort", "C", "--interval", "2000d"), 3, "it must be 1 d or more, up to"),
        (("--cohort", "A", "--first-after", "5wk"), 3, "the study allowed 6 to 10"),
        (("--cohort", "A", "--first-after", "71d"), 3, "the study allowed 6 to 10"),
        (("--cohort", "A", "--platelets", "many"), 2, "'many' is not a platelet count"),
        (("--cohort", "A", "--platelets", "150000"), 3, "such as 150 for 150000/uL"),
        (("--cohort", "A", "--platelets", "nan"), 3, "platelets of nan"),
        (("--cohort", "A", "--platelets", "150,150"), 3, "cohort A has 1 cycle"),
        (("--cohort", "A", "--platelets", "90,150"), 3, "the next: give an interval"),
        (
            ("--cohort", "C", "--interval", "28d", "--platelets", "150,9"),
            3,
            "dose hold",
        ),
        (("--cohort", "C", "--reduced-dose", "9"), 2, "'9' is not a dose: write it in"),
        (("--cohort", "C", "--reduced-dose", "-"), 2, "'-' is not a dose"),
        (("--cohort", "A", "--actual-days", "soon"), 2, "'soon' is not a day from"),
        (("--cohort", "A", "--response", "PR"), 3, "and not for cohort A"),
        (("--cohort", "A", "--treated", "2.3.26"), 2, "'2.3.26' is not a day"),
        (("--cohort", "A", "--treated", "9999-12-01"), 2, "is not a day from 1950"),
        (("--cohort", "A", "--case", "none.toml"), 3, "cannot read none.toml"),
    ],
)
def test_refusals(
    run: Run, tmp_path: Path, words: tuple[str, ...], exit_code: int, message: str
) -> None:
    out = tmp_path / "out"
    result = run("mmc", *TREATED, *words, "--out", out)
    assert (result.exit_code, result.stdout) == (exit_code, "")
    assert message in " ".join(result.stderr.split())
    assert not out.exists()
