"""The references are what program and package say of themselves."""

import runpy
from pathlib import Path

import pytest

DOCS = Path(__file__).resolve().parents[2] / "docs"


def test_the_api_page_is_of_this_package() -> None:
    made = runpy.run_path(str(DOCS / "generate_api.py"))["page"]()
    assert made == (DOCS / "api.md").read_text("utf-8"), (
        "docs/api.md is out of date: run `make reference`, or "
        "`python docs/generate_api.py`"
    )


@pytest.mark.parametrize("columns", ["40", "200"])
def test_the_reference_is_of_this_program(
    columns: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("COLUMNS", columns)
    made = runpy.run_path(str(DOCS / "generate_commands.py"))["page"]()
    written = (DOCS / "commands.md").read_text("utf-8")
    assert made == written, (
        "docs/commands.md is out of date: run `make reference`, or "
        "`python docs/generate_commands.py`"
    )
