"""A word of the field that is no option or command is answered with the one that is."""

from collections.abc import Callable
from pathlib import Path

import click
import pytest
from click.testing import Result

from sirtdose.cli.main import main
from sirtdose.cli.words.near import commands_of
from sirtdose.cli.words.typed import option_table
from sirtdose.data.load import table

Run = Callable[..., Result]
COMMANDS = dict(commands_of(click.Context(main)))
OPTIONS = {
    name: [key.replace("_", "-") for key in option_table(command)]
    for name, command in COMMANDS.items()
}


@pytest.mark.parametrize(
    ("words", "says"),
    [
        ("plan mird --lsf 5%", "Use --lung-shunt, such as --lung-shunt 5%."),
        ("plan mird --LSF 5%", "Use --lung-shunt"),
        ("plan partition --t/n 3", "Use --tumor, such as --tumor T1=200mL@3.0."),
        ("plan mird --activity 2GBq", "computes the activity from --dose"),
        ("plan mird --mci 45", "use `sirtdose plan partition --activity`"),
        ("plan mird --tumor 3", "use `sirtdose plan partition --tumor`"),
        ("plan mird --target 120Gy", "Use --dose, such as --dose 120Gy."),
        ("plan mird --limt lungs=30Gy", "Use --limit, such as --limit lungs=30Gy."),
        ("plan partition --dose 120Gy", "Give --tumor-dose or --normal-dose"),
        ("plan image x --dose 120Gy", "Use --tumor-dose or --normal-dose."),
        ("plan bsa --mci 45", "`sirtdose plan partition --activity`"),
        ("post x --activity 2GBq", "Use --administered, such as --administered 1.68"),
        ("post x -o here", "Use --out."),
        ("send x --lsf 5%", "--lung-shunt is an option of `sirtdose"),
        ("--lsf 5%", "--lung-shunt is an option of `sirtdose"),
        ("plan mird --frobnicate", "See `sirtdose plan mird --help`."),
        ("mird", "Did you mean `sirtdose plan mird`?"),
        ("plna", "Did you mean `sirtdose plan`?"),
        ("plan mrid", "Did you mean `sirtdose plan mird`?"),
        ("recist", "Did you mean `sirtdose response`?"),
        ("lsf plannar", "Did you mean `sirtdose lsf planar`?"),
        ("frobnicate", "See `sirtdose --help`."),
    ],
)
def test_a_near_miss_is_answered(run: Run, words: str, says: str) -> None:
    result = run(*words.split())
    assert (result.exit_code, result.stdout) == (2, "")
    assert says in " ".join(result.stderr.split())


def test_a_key_of_a_file_is_answered(run: Run, tmp_path: Path) -> None:
    case = tmp_path / "case.toml"
    case.write_text('method = "mird"\n[options]\nlsf = "5%"\n')
    assert "'lsf' is not known in the options of plan mird: was lung_shunt meant?" in (
        run("plan", case).stderr
    )
    manifest = tmp_path / "cases.csv"
    manifest.write_text("case_id,input,lsf\none,scan,5%\n")
    assert "'lsf' is not known in a manifest: was lung_shunt meant?" in (
        run("batch", manifest, "--out", tmp_path / "out").stderr
    )
    site = tmp_path / "site.toml"
    site.write_text('[defaults]\nproduct = "glass"\n')
    refused = run("--site", site, "plan", "mird").stderr
    assert "line 2: 'product' is not known: was device meant?" in refused


def test_the_table_names_what_there_is() -> None:
    words = table("near_misses")
    every = {one for known in OPTIONS.values() for one in known}
    for typed, meant in words["options"].items():
        assert set(meant) <= every, typed
    assert set(words["examples"]) <= every
    groups = {name.split()[0] for name in COMMANDS}
    assert set(words["commands"].values()) <= {*COMMANDS, *groups}
    for command, reasons in words["instead"].items():
        assert not set(reasons) & set(OPTIONS[command])


def test_any_option_of_another_plan_is_answered(run: Run) -> None:
    """Typed in each way of planning that does not have it, a command is named."""
    plans = {name: own for name, own in OPTIONS.items() if name.startswith("plan ")}
    for option in {one for own in plans.values() for one in own}:
        lacks = next((name for name, own in plans.items() if option not in own), None)
        if lacks is not None:
            said = " ".join(run(*lacks.split(), f"--{option}", "1").stderr.split())
            assert f"No such option: --{option}. " in said
            assert "sirtdose plan" in said.partition("No such option")[2] or (
                "Use --" in said
            )
