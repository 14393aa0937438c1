"""The pages make a site that needs no network."""

import os
import re
import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[2]


def test_the_site_is_built_of_every_page_and_asks_for_nothing(tmp_path: Path) -> None:
    pytest.importorskip("mkdocs", reason="needs mkdocs, of the extra docs")
    words = ["build", "--strict", "--site-dir", str(tmp_path / "site")]
    built = subprocess.run(
        [sys.executable, "-m", "mkdocs", *words],
        cwd=ROOT,
        env=os.environ | {"NO_MKDOCS_2_WARNING": "1"},
        capture_output=True,
        text=True,
        check=False,
    )
    assert built.returncode == 0, built.stderr
    pages = sorted((tmp_path / "site").rglob("*.html"))
    made = {page.relative_to(tmp_path / "site").with_suffix(".md") for page in pages}
    docs = ROOT / "docs"
    assert made >= {page.relative_to(docs) for page in docs.rglob("*.md")}
    for page in pages:
        text = page.read_text("utf-8")
        asked = re.findall(r"<(?:script|img|iframe)[^>]*src=\"?([^\s\">]+)", text)
        asked += re.findall(r"<link[^>]*href=\"?([^\s\">]+)", text)
        assert asked
        assert not [place for place in asked if re.match(r"(https?:)?//", place)]
