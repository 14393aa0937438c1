"""What `--help` says: in groups, in plain words, with examples that can be typed."""

import re
import shlex
from collections.abc import Callable

import click
import pytest
from click.testing import Result

from sirtdose.cli.main import main
from sirtdose.cli.words.command import Command
from sirtdose.cli.words.groups import GROUPS, place_of
from sirtdose.cli.words.help import Formatter
from sirtdose.cli.words.near import commands_of
from sirtdose.cli.words.typed import option_table

Run = Callable[..., Result]
ROOT = click.Context(main)
SITE = main.get_command(ROOT, "site")
assert isinstance(SITE, click.Group)
COMMANDS = dict(commands_of(ROOT)) | {
    f"site {name}": one for name, one in SITE.commands.items()
}
# Those that need no file to read and are quick.
RUN = ("plan mird", "plan bsa", "plan partition", "plan compare", "mmc")
RUN_EXAMPLES = ("sirtdose lsf planar --lung-counts", "sirtdose plan vial --activity")


def command_of(words: list[str]) -> tuple[click.Command, list[str]]:
    """The command that words name, and the words after it."""
    found: click.Command = main
    while isinstance(found, click.Group):
        if words[0].endswith(".toml"):
            break
        own = found.get_command(ROOT, words[0])
        assert own is not None, words
        found, words = own, words[1:]
    return found, words


def examples() -> list[str]:
    groups = [main, *(main.get_command(ROOT, one) for one in ("plan", "lsf", "site"))]
    every = [*COMMANDS.values(), *groups]
    return [
        example for one in every if isinstance(one, Command) for example in one.examples
    ]


def test_every_command_has_two_examples() -> None:
    for name, command in COMMANDS.items():
        assert isinstance(command, Command)
        assert len(command.examples) == 2, name
        own = [one for one in command.examples if one.startswith(f"sirtdose {name}")]
        assert len(own) == 2, name


@pytest.mark.parametrize("example", sorted(set(examples())))
def test_an_example_is_understood(run: Run, example: str) -> None:
    program, *words = shlex.split(example)
    assert program == "sirtdose"
    command, rest = command_of(words)
    if isinstance(command, click.Group):
        return  # A case file.
    # click keeps the first help option that is asked for, for every later test too.
    command.make_context(str(command.name), rest, help_option_names=["-h", "--help"])
    name = example.removeprefix("sirtdose ")
    if name.startswith(RUN) or example.startswith(RUN_EXAMPLES):
        result = run(*words)
        assert result.exit_code == 0, result.stderr


def test_every_option_is_in_one_group_of_the_help() -> None:
    names = [one for own in GROUPS.values() for one in own]
    assert len(names) == len(set(names))
    for name, command in COMMANDS.items():
        options = [one for one in command.params if isinstance(one, click.Option)]
        assert not [one.opts for one in options if place_of(one) is None], name


@pytest.mark.parametrize("name", ["plan mird", "plan image", "post", "check"])
def test_groups_stand_in_one_order(run: Run, name: str) -> None:
    said = run(*name.split(), "--help").stdout
    titles = re.findall(r"^(\w[\w ]*):$", said, re.MULTILINE)
    assert titles == [*(one for one in GROUPS if one in titles), *titles[-2:]]
    assert titles[0] == "What you give"
    assert titles[-2:] == ["Other options", "Examples"]


def test_commands_stand_in_sections(run: Run) -> None:
    said = run("--help").stdout
    sections = ["Plan", "Assess", "Many cases", "Outcomes", "Trust", "DICOM"]
    assert re.findall(r"^(\w[\w ]*):$", said, re.MULTILINE)[:6] == sections
    for name in {one.split()[0] for one in COMMANDS}:
        assert re.search(rf"^  {name} ", said, re.MULTILINE), name


@pytest.mark.parametrize("name", ["lsf", "site"])
def test_a_group_lists_its_commands_with_a_line_each(run: Run, name: str) -> None:
    result = run(name, "--help")
    assert result.exit_code == 0, result.stderr
    listed = result.stdout.partition("Commands:\n")[2].partition("\n\n")[0]
    names = {"lsf": ["planar", "spect"], "site": ["check", "init", "trend"]}[name]
    lines = [one.split(maxsplit=1) for one in listed.splitlines()]
    assert [words[0] for words in lines] == names
    assert all(words[1][0].isupper() for words in lines)


def test_a_help_text_stands_alone() -> None:
    """It begins with a capital or a value it explains, and ends; none is long."""
    for command in COMMANDS.values():
        for key, option in option_table(command).items():
            text = (option.help or "").partition("  [default")[0]
            values = getattr(option.type, "choices", ()) or ("adaptive", "plan.json")
            begins = text[:1].isupper() or text.startswith(tuple(values))
            assert begins, (key, text)
            assert text.endswith("."), (key, text)
            plain = re.sub(r"e\.g\.|\.\w|\d\.\d|\.\.\.", "", text)
            for sentence in re.split(r"[.:] ", plain.partition("Parts")[0]):
                assert len(sentence.split()) <= 25, (key, sentence)
            riddles = r"\b(instead|Instead of|stands for|held against|so much)\b"
            assert not re.search(riddles, text.replace("instead of tables", "")), key


def test_a_long_example_is_continued(run: Run) -> None:
    said = run("plan", "bsa", "--help").stdout
    shown = said.partition("Examples:\n")[2].replace("\\\n", " ")
    assert len(shown.splitlines()) == 2
    words = shlex.split(shown.splitlines()[0])
    assert run(*words[1:]).exit_code == 0


@pytest.mark.parametrize("width", [60, 100])
def test_no_word_is_cut(width: int) -> None:
    for name, command in COMMANDS.items():
        context = command.context_class(command, terminal_width=width)
        shown = command.get_help(context).split()
        for option in option_table(command).values():
            said = str(option.help).split()
            assert not [one for one in said if one not in shown], name


def test_what_is_quoted_and_a_unit_stay_on_one_line() -> None:
    said = "The value, e.g. '49.67 Gy kg/GBq' or 49.67 Gy, and kept-together."
    for width in range(30, 60):
        formatter = Formatter(width=width)
        formatter.write_dl([("--dose", said)])
        lines = formatter.getvalue().splitlines()
        for whole in ("'49.67 Gy kg/GBq'", "49.67 Gy,", "kept-together."):
            assert any(whole in one for one in lines), width


def test_help_says_what_an_option_does_in_its_command(run: Run) -> None:
    for name in ("mird", "partition", "image"):
        said = " ".join(run("plan", name, "--help").stdout.split())
        assert "needed for bsa" not in said
        assert "165cm or 65in; shown on the plan's page." in said
    said = " ".join(run("plan", "bsa", "--help").stdout.split())
    assert "[default: 10%=20%, 15%=40%, not verified]" in said
    said = run("batch", "--help").stdout
    assert "--lung-shunt FRACTION" in said
    assert "TEXT" not in said
