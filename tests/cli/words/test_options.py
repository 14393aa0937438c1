"""An option that is declared once can be typed, stand in a file, and is recorded."""

import csv
import json
import tomllib
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import click
import pytest

from sirtdose.cli.batch import batch_command
from sirtdose.cli.plan.group import plan_command
from sirtdose.cli.post.command import post_command
from sirtdose.cli.words.case_file import METHODS, case_words
from sirtdose.cli.words.manifest import case_options, manifest_rows
from sirtdose.cli.words.option import FileOrText, Option, together
from sirtdose.cli.words.quantities import DayType, QuantityType
from sirtdose.cli.words.typed import (
    options_about,
    options_kept,
    parsed_options,
    request_asked,
    typed_options,
)
from sirtdose.errors import QuantityError
from sirtdose.model.units import ACTIVITY
from sirtdose.report.run_record import write_run_record

PLANS = {
    name: plan_command.command_of(click.Context(plan_command), name) for name in METHODS
}
SOURCES = {"image": "scans"}


def sample(option: click.Option) -> Any:
    """A text that the option takes; true for a flag."""
    kind = option.type
    if option.is_flag:
        return True
    if isinstance(kind, QuantityType):
        return kind.measure.example.partition(" or ")[0].strip("'")
    if isinstance(kind, click.Choice):
        return str(kind.choices[-1])
    if isinstance(kind, click.IntRange):
        return str((kind.min or 0) + 1)
    if isinstance(kind, FileOrText) and kind.words:
        return kind.words[-1]
    known = {"float": "1.5", "path": "own.toml", "metric": "D2cc"}
    known |= {"languages": "en,nl", "date": "2026-12-09"}
    return known.get(kind.name, "text")


def files_hold(command: click.Command) -> dict[str, click.Option]:
    return options_about(command, "case", "secret")


def context_of(command: click.Command, words: list[str]) -> click.Context:
    # click keeps the first help option that is asked for, for every later test too.
    name, helps = str(command.name), ["-h", "--help"]
    return command.make_context(name, list(words), help_option_names=helps)


def typed(command: click.Command, source: str, table: dict[str, Any]) -> dict[str, Any]:
    words = [source] if source else []
    for key, value in table.items():
        for one in value if isinstance(value, list) else [value]:
            words.append(f"--{key.replace('_', '-')}")
            words += [] if one is True else [one]
    return context_of(command, words).params


def toml(table: dict[str, Any]) -> str:
    return "[options]\n" + "".join(
        f"{key} = {json.dumps(value)}\n" for key, value in table.items()
    )


@pytest.mark.parametrize(
    ("method", "key"),
    [(name, key) for name, command in PLANS.items() for key in files_hold(command)],
)
def test_every_option_of_a_plan_stands_in_a_case_file(
    method: str, key: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    command = PLANS[method]
    table = {
        name: sample(option)
        for name, option in files_hold(command).items()
        if option.required or name == key
    }
    source = SOURCES.get(method, "")
    path = tmp_path / "case.toml"
    head = f'method = "{method}"\n' + (f'source = "{source}"\n' if source else "")
    path.write_text(head + toml(table))
    name, *words = case_words(path, PLANS.__getitem__)
    assert name == method
    found = context_of(command, words).params
    assert found == typed(command, source, table)
    assert found[str(files_hold(command)[key].name)] not in (None, (), False)
    # A file beside the case file is meant from anywhere.
    (tmp_path / "own.toml").write_text("")
    monkeypatch.chdir("/")
    beside = str(tmp_path / "own.toml")
    _, *words = case_words(path, PLANS.__getitem__)
    assert "own.toml" not in words
    assert (beside in words) is ("own.toml" in table.values())


@pytest.mark.parametrize("key", files_hold(post_command))
def test_every_option_of_post_stands_in_manifests_and_run_json(
    key: str, tmp_path: Path
) -> None:
    option = files_hold(post_command)[key]
    value = sample(option)
    command = typed(
        post_command, "scans", {key: value, "out": "."} | required(post_command)
    )
    with (tmp_path / "manifest.csv").open("w", newline="") as stream:
        csv.writer(stream).writerows(
            [
                ("case_id", "input", key),
                ("a", "scans", "yes" if value is True else value),
            ]
        )
    (tmp_path / "case.toml").write_text(toml({key: value}))
    [row] = manifest_rows(tmp_path / "manifest.csv", post_command)
    for table in (row.options, case_options(tmp_path / "case.toml", post_command)):
        found = parsed_options(post_command, Path("scans"), table, where="here")
        assert found == command
    # For all cases of a batch alike.
    assert key in files_hold(batch_command)
    asked = request_asked(tmp_path, row.options, post_command)
    write_run_record(
        tmp_path,
        started=datetime.now(UTC),
        asked=asked,
        fingerprint=None,
        nuclide={"name": "Y-90"},
        kept_in=tmp_path,
    )
    record = json.loads((tmp_path / "run.json").read_text())
    assert (key in record["asked"]["options"]) is (option.about != "secret")


def required(command: click.Command) -> dict[str, Any]:
    return {
        key: sample(option)
        for key, option in files_hold(command).items()
        if option.required
    }


CASES = {
    "mird": "--dose 90Gy --perfused-volume 1L",
    "partition": "--perfused-volume 1L --tumor T1=200mL@3 --normal-dose 40Gy",
    "bsa": "--height 165cm --weight 60kg --liver-volume 1.5L --tumor-volume 300mL",
    "compare": "--height 165cm --weight 60kg --liver-volume 1.5L --dose 60Gy",
}


@pytest.mark.parametrize("method", CASES)
def test_a_plan_keeps_every_option_but_files(run: Any, method: str) -> None:
    result = run("plan", method, *CASES[method].split(), "--lung-shunt", "5%", "--json")
    assert result.exit_code == 0, result.stderr
    kept = json.loads(result.stdout)["inputs"]
    for option in options_about(PLANS[method], "case").values():
        names = [one for one in kept if one.startswith(str(option.name))]
        is_file = isinstance(option.type, (click.Path, FileOrText))
        assert bool(names) is not is_file, option.name
    assert kept["lung_shunt_fraction"] == 0.05
    # Defaults too, in the units of their names.
    assert (kept["density_g_per_ml"], kept["prior_lung_dose_gy"]) == (1.05, 0.0)
    assert kept["patient_key"] is None
    assert "accept" not in kept


def test_an_option_is_everywhere_by_its_one_declaration(tmp_path: Path) -> None:
    @click.command("post")
    @click.argument("source")
    @together(
        Option("filter-activity", ACTIVITY, "Activity of the filter.", default="0GBq"),
        Option("phantom-file", Path, "A phantom.", many=True),
        Option("phantom", FileOrText("none"), "A phantom, or none."),
        Option("own-secret", str, "Kept nowhere.", about="secret"),
        Option("witness", str, "Who saw it.", about="person"),
        Option("out", Path, "Where.", about="results"),
    )
    def command(**_: Any) -> None: ...

    (tmp_path / "a.toml").write_text("")
    table = {
        "filter_activity": "20MBq",
        "phantom_file": ["a.toml", "b.toml"],
        "phantom": "None",
        "own_secret": "s",
    }
    (tmp_path / "case.toml").write_text(toml(table))
    found = case_options(tmp_path / "case.toml", command)
    assert found == tomllib.loads(toml(table))["options"]
    params = parsed_options(command, Path("scans"), found, where="case.toml")
    assert params["filter_activity"] == pytest.approx(0.02)
    (tmp_path / "case.toml").write_text(toml({"witness": "me"}))
    with pytest.raises(Exception, match="'witness' is not known"):
        case_options(tmp_path / "case.toml", command)
    (tmp_path / "m.csv").write_text(
        "case_id,input,phantom_file,phantom\na,.,a.toml|b.toml,none\n"
    )
    [row] = manifest_rows(tmp_path / "m.csv", command)
    assert row.options["phantom_file"] == [str(tmp_path / "a.toml"), "b.toml"]
    assert row.options["phantom"] == "none"
    words = ["x", "--own-secret", "s", "--phantom-file", row.options["phantom_file"][0]]
    context = context_of(command, words)
    _, asked = typed_options(command, context, words)
    kept = request_asked(tmp_path, asked, command)["options"]
    assert kept == {"phantom_file": [tmp_path / "a.toml"]}
    assert options_kept(context) == {"filter_activity_gbq": 0.0}
    assert "[default: 0GBq]" in command.get_help(context)


@pytest.mark.parametrize(
    ("typed", "said"),
    [
        ("12/3/2026", "write 2026-12-03 or 2026-03-12, year first"),
        ("12/25/2026", "write 2026-12-25, year first"),
        ("3.12.2026", "write 2026-12-03, year first"),
        ("soon", "write year-month-day, e.g. 2026-12-09"),
    ],
)
def test_a_day_in_another_order_is_never_guessed(typed: str, said: str) -> None:
    with pytest.raises(click.BadParameter, match=f"is not a date: {said}"):
        DayType().convert(typed, None, None)


def test_a_unit_that_is_left_out_is_asked_for_by_the_usual_ones() -> None:
    with pytest.raises(QuantityError, match="no unit for activity: use GBq, mCi, "):
        ACTIVITY.parse("2")
