"""The search of the pages, from a disk."""

import os
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

pytestmark = pytest.mark.browser
ROOT = Path(__file__).resolve().parents[2]


@pytest.fixture(scope="module")
def site(tmp_path_factory: pytest.TempPathFactory) -> Path:
    pytest.importorskip("mkdocs", reason="needs mkdocs, of the extra docs")
    folder = tmp_path_factory.mktemp("docs") / "site"
    subprocess.run(
        [sys.executable, "-m", "mkdocs", "build", "--quiet", "-d", str(folder)],
        cwd=ROOT,
        env=os.environ | {"NO_MKDOCS_2_WARNING": "1"},
        check=True,
    )
    return folder


@pytest.mark.parametrize("name", ["index.html", "how-to/uncertainty.html"])
def test_what_is_typed_is_found_without_a_server(
    page: Any, site: Path, name: str
) -> None:
    page.goto((site / name).as_uri())
    page.fill(".md-search__input", "geometric transfer matrix")
    found = page.locator("a.md-search-result__link")
    found.first.wait_for(timeout=20000)
    assert any("theory.html" in one.get_attribute("href") for one in found.all())
