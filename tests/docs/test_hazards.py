"""The page of safety checks is what the checks say of themselves."""

import runpy
from pathlib import Path

DOCS = Path(__file__).resolve().parents[2] / "docs"


def test_the_page_is_of_these_checks() -> None:
    made = runpy.run_path(str(DOCS / "generate_hazards.py"))["page"]()
    assert made == (DOCS / "hazards.md").read_text("utf-8"), (
        "docs/hazards.md is out of date: run `make reference`, or "
        "`python docs/generate_hazards.py`"
    )
    # Every check has a test that fires it.
    assert "| `` |" not in made
