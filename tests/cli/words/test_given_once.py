"""An option with one value is given once; what nobody asked for is said."""

import json
from collections.abc import Callable
from pathlib import Path

import click
import pytest
from click.testing import CliRunner, Result

from sirtdose.cli.main import main
from sirtdose.cli.words.near import commands_of

Run = Callable[..., Result]
COMMANDS = dict(commands_of(click.Context(main)))
PLAN = ("plan", "partition", "--device", "glass", "--perfused-volume", "1000mL")
PLAN += ("--liver-volume", "1700mL", "--tumor", "T1=100mL@2", "--lung-shunt", "2%")


def single(command: click.Command) -> list[click.Option]:
    return [
        one
        for one in command.params
        if isinstance(one, click.Option) and not (one.multiple or one.is_flag)
    ]


@pytest.mark.parametrize("path", [name for name in COMMANDS if single(COMMANDS[name])])
def test_every_command_refuses_a_second_value(path: str) -> None:
    for option in single(COMMANDS[path])[::7]:
        name = option.opts[0]
        words = (*path.split(), name, "1", f"{name}=2")
        refused = CliRunner().invoke(main, words)
        assert refused.exit_code == 2
        assert f"{name} is given 2 times, but has one value: keep" in refused.stderr


def test_a_second_site_file_is_refused(run: Run, tmp_path: Path) -> None:
    sites = [tmp_path / "a.toml", tmp_path / "b.toml"]
    for one in sites:
        one.write_text("")
    first, second = (("--site", one) for one in sites)
    plan = ("plan", "mird", "--dose", "100Gy")
    for words in ((*plan, *first, f"--site={sites[1]}"), (*first, *plan, *second)):
        refused = run(*words)
        assert refused.exit_code == 2
        assert "--site is given 2 times" in refused.stderr


def test_what_replaces_a_value_of_a_case_file_is_said(run: Run, tmp_path: Path) -> None:
    case = tmp_path / "case.toml"
    case.write_text(
        'method = "mird"\n[options]\ndose = "120Gy"\nperfused_volume = "1000mL"\n'
    )
    plan = ("plan", case, "--lung-shunt", "5%")
    told = run(*plan, "--dose=100Gy", "--json")
    [perfused, *_] = json.loads(told.stdout)["compartments"]
    assert perfused["dose_gy"] == pytest.approx(100)
    said = "--dose 120Gy of the case file is replaced by the command line\n"
    assert told.stderr.startswith(said)
    assert "replaced" not in run(*plan).stderr


def test_what_may_be_repeated_may_be_repeated() -> None:
    words = (
        "--tumor",
        "T2=50mL@3",
        "--activity",
        "1GBq",
        "-v",
        "-v",
        "--json",
        "--json",
    )
    result = CliRunner().invoke(main, [*PLAN, *words])
    assert result.exit_code == 0, result.stderr
    names = [one["name"] for one in json.loads(result.stdout)["compartments"]]
    assert {"T1", "T2"} <= set(names)


def test_an_acceptance_that_no_check_asked_for_is_said(run: Run) -> None:
    """157.6 Gy, above 150 Gy, asks under H07; 83 Gy asks nothing."""
    why = ("--reason", "the remnant is large")
    asked = run(*PLAN, "--activity", "3.4GBq", "--accept", "H07", *why)
    assert "no check asked" not in asked.stderr
    for code, check in (("H07", "code"), ("h07:perfused", "code and subject")):
        told = run(*PLAN, "--activity", "1.8GBq", "--accept", code, *why, "--json")
        assert json.loads(told.stdout)["accepted"] == []
        typed = '"H07:perfused"' if ":" in code else "H07"
        assert (
            f"WARN --accept {typed}: no check asked for it, so it is not recorded; "
            f"check its {check}\n" in told.stderr
        )
