"""What a terminal shows: the result first, each limit once, notes counted."""

import json
import re
from typing import Any

import pytest

from sirtdose.report.limit_lines import limit_table
from sirtdose.report.plan.lines import plan_screen
from sirtdose.report.screen import Screen, Tone
from sirtdose.report.wording import spoken


def finding(severity: str, code: str = "H01") -> dict[str, str]:
    return {"severity": severity, "code": code, "message": f"a {severity}"}


SCREEN = Screen(
    ["the result"],
    ["a detail"],
    [finding(one) for one in ("note", "warn", "ask", "note", "stop")],
    [{"code": "H01", "reason": "seen"}],
    ["without a code"],
    ["what to type"],
)


def test_gravest_first_and_notes_counted() -> None:
    assert SCREEN.text().split("\n") == [
        "the result",
        "",
        "STOP H01  a stop",
        "ACCEPTED H01: seen (a ask)",
        "WARN H01  a warn",
        "3 notes: -v shows them",
        "",
        "what to type",
    ]


def test_all_of_it_on_demand() -> None:
    lines = SCREEN.text(verbose=True).split("\n")
    assert lines.index("a detail") < lines.index("STOP H01  a stop")
    assert lines.count("NOTE H01  a note") == 2
    assert "NOTE without a code" in lines
    assert "-v" not in SCREEN.text(verbose=True)


def test_what_is_red_and_what_is_yellow() -> None:
    tones = {line: tone for tone, line in SCREEN.lines()}
    assert tones["STOP H01  a stop"] is Tone.BAD
    assert tones["WARN H01  a warn"] is Tone.WARN
    assert tones["ACCEPTED H01: seen (a ask)"] is Tone.WARN
    [(tone, line)] = Screen([], findings=[finding("ask")]).lines()
    assert (line, tone) == ("ASK  H01  a ask", Tone.BAD)
    assert tones["the result"] is tones["3 notes: -v shows them"] is Tone.PLAIN
    [(tone, _)] = Screen(["lungs  35  30  NOT MET"]).lines()
    assert tone is Tone.BAD


def limit(**own: Any) -> dict[str, Any]:
    usual = {
        "name": "lungs",
        "volume": "lungs",
        "sense": "at_most",
        "limit_gy": 30.0,
        "upper_gy": None,
        "strict": False,
        "condition": None,
        "value_gy": 5.0,
        "value_of": "lungs",
        "met": True,
        "binding": False,
        "activity_needed_gbq": None,
        "activity_of": None,
        "verified": True,
        "source": "30 Gy in one session: a book",
    }
    return usual | own


def rows(*limits: dict[str, Any], **more: Any) -> list[str]:
    [text] = limit_table({"limits": limits, **more})
    return text.split("\n")[1:]


def test_a_limit_stands_once_with_its_probability() -> None:
    chances = [
        {
            "name": "lungs",
            "limit_gy": 30.0,
            "probability_met_first_order": 0.9469,
            "probability_met_ensemble": None,
        }
    ]
    yours = limit(source="given by the user")
    [row] = rows(limit(), yours, uncertainty={"limits": chances})
    assert re.split(r"  +", row) == ["lungs", "5.000", "30", "met", "94.7 %", "yours"]


def test_limits_that_are_not_met_come_first() -> None:
    first, second, third = rows(
        limit(),
        limit(name="lungs_cumulative", limit_gy=50.0, value_gy=None, met=None),
        limit(name="tumor", value_of="T1", sense="at_least", met=False),
    )
    assert re.split(r"  +", first)[:4] == ["T1", "5.000", "at least 30", "NOT MET"]
    assert second.startswith("lungs ")
    assert second.endswith("in one session")
    assert third.startswith("lungs, all treatments")
    assert "not checked" in third


def test_a_dose_just_under_a_strict_limit_says_so() -> None:
    [row] = rows(limit(value_gy=29.99999, strict=True))
    assert "just under 30.00  under 30" in row


@pytest.mark.parametrize(
    "typed",
    [
        "--limit normal_whole=50Gy",
        '--accept "H25:normal_perfused"',
        "normal_whole_mean_gy",
        "dose_local_deposition.nii.gz",
    ],
)
def test_what_is_typed_stays(typed: str) -> None:
    assert spoken(typed) == typed


def test_a_plan_has_no_identifier(plan_document: dict[str, Any]) -> None:
    for verbose in (False, True):
        text = plan_screen(plan_document).text(verbose=verbose)
        assert not re.search(r"\b(normal|lungs|local)_[a-z]+\b(?!=)", text)


@pytest.fixture(scope="module")
def plan_document() -> dict[str, Any]:
    from click.testing import CliRunner

    from sirtdose.cli.main import main

    words = (
        "plan partition --perfused-volume 1000mL --liver-volume 1500mL --tumor "
        "T1=200mL@3 --lung-shunt 5% --tumor-dose 200Gy --device glass --limits "
        "eanm2022:glass:hcc:lobectomy --prior-lung-dose 3Gy --json"
    )
    found: dict[str, Any] = json.loads(CliRunner().invoke(main, words.split()).stdout)
    return found
