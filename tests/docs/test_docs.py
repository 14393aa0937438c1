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


def test_pictures_are_shown_and_small() -> None:
    pages = (ROOT / "README.md", *(ROOT / "docs").rglob("*.md"))
    shown = {
        (page.parent / target).resolve()
        for page in pages
        for target in re.findall(r"!\[[^\]]*\]\(([^)]+)\)", page.read_text("utf-8"))
    }
    for picture in (ROOT / "docs" / "pictures").iterdir():
        assert picture.resolve() in shown, picture.name
        assert picture.stat().st_size < 300_000, picture.name
