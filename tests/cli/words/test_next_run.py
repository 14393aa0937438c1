"""What is typed for one run is typed again for the next: no option is left out."""

import json
import shlex
from pathlib import Path

import click
import pytest

from sirtdose.cli.plan.group import plan_command
from sirtdose.cli.post.command import post_command
from sirtdose.cli.segment import segment_command
from sirtdose.cli.words.remembering import Remembering, next_run
from sirtdose.cli.words.typed import option_table
from sirtdose.report.review.next_run import (
    next_command,
    next_run_document,
    read_next_run,
)
from tests.cli.words.test_options import context_of, sample

PLAN_IMAGE = plan_command.command_of(click.Context(plan_command), "image")
COMMANDS = {
    "post": post_command,
    "plan image": PLAN_IMAGE,
    "segment": segment_command,
}
# What says how `segment` searches, and what is the run's own and not the case's.
OF_SEGMENT = {
    *("method", "find", "fraction", "seed"),
    *("accept", "reason", "by", "force", "verbose", "json"),
}
SALT = "0123456789abcdef"


def typed_again(name: str, words: list[str]) -> list[str]:
    """The words of the next run, kept in a document and read from it."""
    command = COMMANDS[name]
    # Whether it computes anything is not what is asked here.
    with context_of(command, words) as context:
        if name == "segment":
            from sirtdose.cli.segment import _next_run

            run = _next_run()
        else:
            run = next_run(name)
    del context
    source = Path(words[0]).absolute()
    told = json.loads(json.dumps(next_run_document(run, source=source, salt=SALT)))
    run, missing = read_next_run(told, source=source, salt=SALT)
    assert missing == []
    text = next_command(run, source, drawn=[Path("d.dcm")], accepted=Path("a.dcm"))
    return shlex.split(text)


def required(command: click.Command) -> list[str]:
    return ["--out", "o"] if option_table(command)["out"].required else []


@pytest.mark.parametrize(
    ("name", "key"),
    [(name, key) for name, one in COMMANDS.items() for key in option_table(one)],
)
def test_every_option_is_typed_again(
    name: str, key: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    for one in ("scans", "o"):
        (tmp_path / one).mkdir()
    (tmp_path / "own.toml").write_text("")
    command = COMMANDS[name]
    assert isinstance(command, Remembering)
    option = option_table(command)[key]
    dashed = f"--{key.replace('_', '-')}"
    value = "o" if key == "out" else sample(option)
    own = [dashed] if value is True else [dashed, value]
    words = ["scans", *own, *(required(command) if key != "out" else [])]
    found = typed_again(name, words)
    start = ["sirtdose", *("post" if name == "segment" else name).split()]
    assert found[: len(start) + 1] == [*start, str(tmp_path / "scans")]
    assert found[-2:] == ["--structures", "a.dcm"]
    assert ("d.dcm" in found) is (key != "structures")
    if name == "segment" and key in OF_SEGMENT:
        assert dashed not in found
        return
    if name == "segment" and key == "out":
        # The review's folder is not that of the doses.
        assert found[found.index("--out") + 1] == "doses"
        return
    assert dashed in found
    if value is not True:
        again = found[found.index(dashed) + 1]
        is_file = value in ("own.toml", "o")
        typed = str(tmp_path / value) if is_file else value
        assert again == ("KEY" if key == "patient_key" else typed)
    # What it is typed for takes it.
    next_command_line = COMMANDS["post" if name == "segment" else name]
    words = [one.replace("ACTIVITY", "2GBq") for one in found[len(start) :]]
    context_of(next_command_line, words)


def test_readers_and_words_that_look_like_files(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    for one in ("scans", "Jane Roe", "o"):
        (tmp_path / one).mkdir()
    for one in ("a.dcm", "b=c.dcm", "ct", "Jane Roe/psf.toml"):
        (tmp_path / one).write_text("")
    words = ["scans", "--structures", "reader A=a.dcm", "--structures", "b=c.dcm"]
    words += ["--density", "ct", "--pvc", "Jane Roe/psf.toml", "--out", "o"]
    found = typed_again("post", words)
    assert f"reader A={tmp_path}/a.dcm" in found
    assert f"{tmp_path}/b=c.dcm" in found
    assert found[found.index("--density") + 1] == "ct"
    with context_of(post_command, words):
        run = next_run("post")
    told = next_run_document(run, source=tmp_path / "scans", salt=SALT)
    # Folders are named after people.
    assert "Jane" not in json.dumps(told)
    # What is not there any more is named.
    (tmp_path / "a.dcm").unlink()
    _, missing = read_next_run(told, source=tmp_path / "scans", salt=SALT)
    assert missing == ["reader A=a.dcm (--structures)"]


def test_a_file_is_found_beside_an_image_that_was_moved(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    (tmp_path / "scans").mkdir()
    (tmp_path / "scans" / "ct.dcm").write_text("")
    with context_of(post_command, ["scans", "--ct", "scans/ct.dcm", "--out", "o"]):
        run = next_run("post")
    told = next_run_document(run, source=tmp_path / "scans", salt=SALT)
    (tmp_path / "scans").rename(tmp_path / "moved")
    found, _ = read_next_run(told, source=tmp_path / "moved", salt=SALT)
    assert [one.file for one in found.options[:1]] == [tmp_path / "moved" / "ct.dcm"]
