"""The page of safety checks is what the checks say of themselves."""

import re
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


def test_every_check_has_a_test_that_was_seen_to_fire_it() -> None:
    page = (DOCS / "hazards.md").read_text("utf-8")
    assert "| - |" not in page, "write a test that fires it, then run `make fired`"
    named = set(re.findall(r"`([\w/]+\.py)(?:::(\w+))?(?:::(\w+))?`", page))
    assert len(named) > 100
    for file, *names in named:
        path = DOCS.parent / "tests" / file
        text = (path if path.is_file() else DOCS.parent / file).read_text("utf-8")
        for name in filter(None, names):
            assert f" {name}" in text, f"{file} has no {name}: run `make fired`"
