"""The result first, on one screen; why a run stopped, and no more; colors."""

import re
from collections.abc import Callable
from pathlib import Path

import click
import pytest
from click.testing import CliRunner, Result

from sirtdose.cli.main import main

Run = Callable[..., Result]

MIRD = ("plan", "mird", "--dose", "120Gy", "--perfused-volume", "1000mL")
PARTITION = (
    *("plan", "partition", "--perfused-volume", "1000mL", "--liver-volume", "1500mL"),
    *("--tumor", "T1=200mL@3", "--tumor-dose", "200Gy", "--lung-shunt", "5%"),
)
RED, YELLOW = "\x1b[31m", "\x1b[33m"
SCREEN_LINES = 28


@pytest.mark.parametrize(
    "words",
    [
        (*MIRD, "--lung-shunt", "5%"),
        PARTITION,
        (*PARTITION, "--limit", "normal=70Gy", "--limit", "lungs=25Gy"),
    ],
)
def test_a_normal_plan_fits_one_screen(run: Run, words: tuple[str, ...]) -> None:
    lines = run(*words).stderr.splitlines()
    assert len(lines) <= SCREEN_LINES
    heads = [
        next(i for i, line in enumerate(lines) if re.match(head, line))
        for head in ("Plan by", "Inject", r" +mL", "limit", r"\d+ notes: -v")
    ]
    assert heads == sorted(heads)
    assert sum(line.startswith("lungs ") for line in lines) == (
        3 if "lungs=25Gy" in words else 2
    )


def test_the_demo_fits_one_screen(run: Run, tmp_path: Path) -> None:
    result = run("demo", "--out", tmp_path / "demo")
    assert result.exit_code == 0, result.stderr
    assert len(result.output.splitlines()) <= SCREEN_LINES
    lines = result.stderr.splitlines()
    assert any("Tumor 3" in line and "-5" in line for line in lines)
    post = ("post", tmp_path / "demo" / "patient", "--administered", "2.2GBq")
    after = run(*post, "--lung-shunt", "5%", "--out", tmp_path / "post")
    assert after.exit_code == 0, after.stderr
    assert len(after.stderr.splitlines()) <= SCREEN_LINES
    # Once as it is drawn up to the lungs, not once more as an identifier.
    assert not re.search(r"\b(normal|lungs|local)_[a-z]+\b", after.stderr.split("W")[0])
    told = run(*post, "--lung-shunt", "5%", "--out", tmp_path / "all", "-v").stderr
    for detail in ("Calibration: ", "Radiobiology", "energy recovered", "NOTE H37"):
        assert detail in told
        assert detail not in after.stderr


def test_verbose_stands_behind_any_command(run: Run) -> None:
    short = run(*MIRD, "--lung-shunt", "5%", "-v").stderr
    assert short == run(*MIRD, "--lung-shunt", "5%", "--verbose").stderr
    assert "Not in it: " in short
    assert "-v shows" not in short


def test_how_much_is_shown_changes_no_document(run: Run) -> None:
    words = (*MIRD, "--lung-shunt", "5%", "--json")
    assert run(*words).stdout == run(*words, "-v").stdout


def test_a_run_that_stops_says_only_why(run: Run) -> None:
    words = (*MIRD, "--dose", "800Gy", "--lung-shunt", "25%")
    stopped = run(*words)
    assert stopped.exit_code == 3
    asked, hidden = stopped.stderr.splitlines()
    assert asked.startswith("Error: H05 ")
    assert "--accept H05 --reason" in asked
    found = re.fullmatch(r"(\d) warnings? and (\d) notes: -v shows them", hidden)
    assert found
    told = run(*words, "-v").stderr.splitlines()
    assert told[0] == asked
    assert sum(line.startswith("WARN") for line in told) == int(found[1])
    assert sum(line.startswith("NOTE") for line in told) == int(found[2])


@pytest.fixture
def colored() -> Callable[..., str]:
    def call(*words: str, **environment: str) -> str:
        told = CliRunner(env=environment).invoke(main, words, color=True)
        return told.stderr

    return call


WARNED = (*MIRD, "--lung-shunt", "15%", "--prior-lung-dose", "40Gy")


def test_colors_on_a_terminal(colored: Callable[..., str]) -> None:
    told = colored(*WARNED)
    [unmet] = [line for line in told.splitlines() if "NOT MET" in line]
    assert unmet.startswith(RED)
    warned = [line for line in told.splitlines() if "WARN" in line]
    assert warned
    assert all(line.startswith(YELLOW) for line in warned)
    assert RED in colored(*MIRD, "--lung-shunt", "60%")


def test_no_color_where_none_is_wanted(run: Run, colored: Callable[..., str]) -> None:
    told = colored(*WARNED, NO_COLOR="1")
    assert "\x1b" not in told
    assert told == click.unstyle(colored(*WARNED, NO_COLOR=""))
    assert told == run(*WARNED).stderr
    assert "\x1b" not in colored(*MIRD, "--lung-shunt", "60%", NO_COLOR="1")
