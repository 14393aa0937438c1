r"""Every fenced block of README.md and docs does what it says.

A block's language says how it is held to that. All of a page's blocks share one empty
folder, in the page's order.

* `console`: every ``$ sirtdose ...`` is run and the lines below it are what is printed,
  errors and tables too. A line of ``...`` stands for any lines; a command with nothing
  below it is only run. A command that fails is followed by ``$ echo $?``.
* `python`: is run; `pycon`: is a doctest, with the names of the blocks before it.
* `toml`, `json`, `csv`: can be read. With ``title="NAME"`` the block is that file.
* `text`: is read by people.
"""

import csv
import doctest
import json
import re
import shlex
import tomllib
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any, NamedTuple

import pytest
from click.testing import Result

ROOT = Path(__file__).resolve().parents[2]
PAGES = sorted({ROOT / "README.md", *(ROOT / "docs").rglob("*.md")})
# tests/docs/test_add_a_nuclide.py follows that one, and looks at what it wrote.
FOLLOWED = [page for page in PAGES if page.name != "add-a-nuclide.md"]
Run = Callable[..., Result]

# Shown, and not run here, by how the command begins.
NOT_RUN = {
    "make ": "sets up an environment, which needs a network",
    "python3 -m venv": "sets up an environment, which needs a network",
    ".venv/bin/": "of an environment that was not set up",
}


def not_run(command: str) -> bool:
    return command.startswith(tuple(NOT_RUN))


class Block(NamedTuple):
    """A fenced block: where it begins, its language, what else its fence says."""

    line: int
    language: str
    rest: str
    text: str


class Command(NamedTuple):
    """A command as typed, and the lines that are shown below it."""

    typed: str
    shown: list[str]


def blocks(page: Path) -> Iterator[Block]:
    text = page.read_text("utf-8")
    fenced = re.compile(r"^(`{3,}|~{3,})([\w-]*)([^\n]*)\n(.*?)^\1\s*$", re.M | re.S)
    for found in fenced.finditer(text):
        line = text.count("\n", 0, found.start()) + 1
        yield Block(line, found[2], found[3], found[4])


def commands(text: str) -> Iterator[Command]:
    lines = text.replace("\\\n", " ").splitlines()
    at = 0
    while at < len(lines):
        assert lines[at].startswith("$ "), f"no command before {lines[at]!r}"
        end = at + 1
        while end < len(lines) and not lines[end].startswith("$ "):
            end += 1
        yield Command(" ".join(lines[at][2:].split()), lines[at + 1 : end])
        at = end


def require_shown(printed: str, shown: list[str]) -> None:
    """What is shown is what is printed, but for what `...` stands for."""
    if not shown:
        return
    lines = [line.rstrip() for line in printed.splitlines()]
    parts = [
        part.strip("\n") for part in re.split(r"^\.\.\.$", "\n".join(shown), flags=re.M)
    ]
    rest = "\n".join(lines).strip("\n")
    if len(parts) == 1:
        assert rest == parts[0]
        return
    first, *middle, last = parts
    assert rest.startswith(first), (rest, first)
    rest = rest[len(first) :]
    for part in middle:
        assert part in rest
        rest = rest[rest.index(part) + len(part) :]
    assert rest.endswith(last), (rest, last)


class Page:
    """Runs a page's blocks one after the other."""

    def __init__(self, run: Run) -> None:
        self.run = run
        self.names: dict[str, Any] = {"__name__": "__docs__"}
        self.exit_code = 0

    def follow(self, block: Block) -> None:
        language = block.language
        if language == "console" or (not language and block.text.startswith("$ ")):
            self.console(block.text)
        elif not language:
            for line in block.text.splitlines():
                assert not_run(line), f"line {block.line}: a block needs its language"
        elif language in ("toml", "json", "csv"):
            self.file(block)
        elif language == "python":
            exec(compile(block.text, f"line {block.line}", "exec"), self.names)
        elif language == "pycon":
            self.doctest(block)
        else:
            assert language == "text", (
                f"line {block.line}: a block of '{language}' is not known here: see "
                "tests/docs/test_blocks.py"
            )

    def console(self, text: str) -> None:
        for command in commands(text):
            if not_run(command.typed):
                continue
            if command.typed == "echo $?":
                assert command.shown == [str(self.exit_code)]
                self.exit_code = 0
                continue
            self.require_done()
            program, *words = shlex.split(command.typed)
            assert program == "sirtdose", f"{command.typed}: run it, or list it"
            result = self.run(*words)
            self.exit_code = result.exit_code
            require_shown(result.output, command.shown)
        self.require_done()

    def require_done(self) -> None:
        assert self.exit_code == 0, f"exit code {self.exit_code} is not shown"

    def file(self, block: Block) -> None:
        if block.language == "csv":
            lines = [x for x in block.text.splitlines() if not x.startswith("#")]
            header, *rows = csv.reader(lines)
            assert rows
            assert all(len(row) == len(header) for row in rows)
        else:
            {"toml": tomllib.loads, "json": json.loads}[block.language](block.text)
        name = re.search(r'title="([^"]+)"', block.rest)
        if name:
            Path(name[1]).write_text(block.text, "utf-8")

    def doctest(self, block: Block) -> None:
        parsed = doctest.DocTestParser().get_doctest(
            block.text, self.names, f"line {block.line}", None, block.line
        )
        said: list[str] = []
        runner = doctest.DocTestRunner(verbose=False)
        runner.run(parsed, out=said.append, clear_globs=False)
        assert not runner.failures, "".join(said)
        self.names.update(parsed.globs)


@pytest.mark.parametrize("page", FOLLOWED, ids=lambda p: str(p.relative_to(ROOT)))
def test_blocks_do_what_they_say(
    page: Path, run: Run, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    followed = Page(run)
    for block in blocks(page):
        followed.follow(block)


@pytest.mark.parametrize("page", PAGES, ids=lambda p: str(p.relative_to(ROOT)))
def test_no_fence_is_overlooked(page: Path) -> None:
    fences = re.findall(r"^\s*(?:`{3,}|~{3,})", page.read_text("utf-8"), re.M)
    assert len(fences) == 2 * sum(1 for _ in blocks(page))


def test_a_wrong_output_is_found() -> None:
    require_shown("one\ntwo\nthree\n", ["one", "...", "three"])
    for shown in (
        ["one", "three"],
        ["two", "..."],
        ["...", "two"],
        ["...", "four", "..."],
    ):
        with pytest.raises(AssertionError):
            require_shown("one\ntwo\nthree\n", shown)
