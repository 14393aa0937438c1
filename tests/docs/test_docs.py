"""What the documents and examples say is what the program does."""

import re
import runpy
from collections.abc import Callable
from pathlib import Path

import pytest
from click.testing import Result

from sirtdose.data.load import table

ROOT = Path(__file__).resolve().parents[2]
Run = Callable[..., Result]


@pytest.mark.parametrize(
    "script", sorted((ROOT / "examples").glob("*.py")), ids=lambda p: p.stem
)
def test_examples_run(script: Path, capsys: pytest.CaptureFixture[str]) -> None:
    runpy.run_path(str(script), run_name="__main__")
    assert "Gy" in capsys.readouterr().out


@pytest.mark.parametrize(
    "case", sorted((ROOT / "examples").glob("*.toml")), ids=lambda p: p.stem
)
def test_example_cases_are_planned(case: Path, run: Run) -> None:
    result = run("plan", case)
    assert result.exit_code == 0, result.stderr
    assert "Plan by" in result.stderr


def blocks(name: str, language: str) -> list[str]:
    text = (ROOT / name).read_text("utf-8")
    return re.findall(rf"^```{language}\n(.*?)^```", text, re.M | re.S)


def test_readme_plan_shows_what_is_printed(run: Run) -> None:
    [block] = [b for b in blocks("README.md", "") if b.startswith("$ sirtdose plan")]
    command, _, shown = block.partition("\n")
    result = run(*command.split()[2:])
    assert result.stderr == shown


def test_readme_post_shows_what_is_printed(run: Run, tmp_path: Path) -> None:
    [block] = [b for b in blocks("README.md", "") if b.startswith("$ sirtdose phantom")]
    assert run("phantom", tmp_path / "patient").exit_code == 0
    command = block[block.index("$ sirtdose post") : block.index("Doses after")]
    words = command.replace("\\\n", " ").split()[3:]
    words[words.index("--out") + 1] = str(tmp_path / "doses")
    result = run("post", tmp_path / "patient", *words[1:])
    shown = block[block.index("Doses after") : block.index("...")]
    assert result.stderr.startswith(shown)


def test_readme_python_runs(
    tmp_path: Path, exact_contours: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "patient").symlink_to(exact_contours)
    monkeypatch.chdir(tmp_path)
    [code] = blocks("README.md", "python")
    exec(compile(code, "README.md", "exec"), {})


def test_every_code_of_a_check_is_documented() -> None:
    documented = set(
        re.findall(r"^\| (H\d\d) ", (ROOT / "docs/hazards.md").read_text(), re.M)
    )
    used = {
        code
        for path in (ROOT / "sirtdose").rglob("*.py")
        for code in re.findall(r"\bH\d\d\b", path.read_text("utf-8"))
    }
    assert set(table("findings")) <= documented
    assert used <= documented


def test_linked_files_exist() -> None:
    for document in (ROOT / "README.md", *sorted((ROOT / "docs").rglob("*.md"))):
        for target in re.findall(r"\]\(([^)#]+)\)", document.read_text("utf-8")):
            assert (document.parent / target).exists(), (document.name, target)
