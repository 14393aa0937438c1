"""Templates can be read side by side with what they write."""

from pathlib import Path

import pytest

import sirtdose

TEMPLATES = sorted((Path(sirtdose.__file__).parent / "report/templates").iterdir())
LONGEST = 120


@pytest.mark.parametrize("path", TEMPLATES, ids=lambda path: path.name)
def test_a_templates_lines_are_short(path: Path) -> None:
    lines = enumerate(path.read_text("utf-8").splitlines(), start=1)
    assert not [number for number, line in lines if len(line) > LONGEST]


def test_there_are_templates() -> None:
    assert {path.suffix for path in TEMPLATES} == {".html", ".css", ".js"}
