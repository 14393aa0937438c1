"""The page of a commissioning in a real browser, on a phone and on paper."""

from pathlib import Path
from typing import Any

import pytest

from sirtdose.report.commission.page import commission_page
from tests import commissioning

pytestmark = pytest.mark.browser

# What reaches beyond the screen, but for what scrolls in a box of its own.
BEYOND = """() => [...document.body.querySelectorAll("*")].filter(one =>
  !one.closest(".wide") && one.getBoundingClientRect().right > innerWidth + 0.5
  && one.getBoundingClientRect().width > 0).map(one => one.outerHTML.slice(0, 80))"""


@pytest.fixture(scope="module")
def written(tmp_path_factory: pytest.TempPathFactory) -> Path:
    path = tmp_path_factory.mktemp("commission") / "commission.html"
    one = commissioning.commissioning(scans=2, findings=[commissioning.QUESTION])
    path.write_text(commission_page(one, "name = 'room 2'"), "utf-8")
    return path


def test_nothing_is_wider_than_a_phone(page: Any, written: Path) -> None:
    page.set_viewport_size({"width": 390, "height": 844})
    page.goto(written.as_uri())
    assert page.evaluate("document.scrollingElement.scrollWidth") == 390
    assert page.evaluate(BEYOND) == []
    # Every table that scrolls has its box within the screen.
    for box in page.locator(".wide").all():
        place = box.bounding_box()
        assert place["x"] + place["width"] <= 390


def test_outlines_let_the_image_be_seen(page: Any, written: Path) -> None:
    page.goto(written.as_uri())
    fills = page.evaluate(
        "[...document.querySelectorAll('.still path')]"
        ".map(one => getComputedStyle(one).fill)"
    )
    assert fills
    assert set(fills) == {"none"}
    # A path drawn again by `use` is outside of a page's styles: it says so itself.
    for name in page.locator("defs path").all():
        assert name.get_attribute("fill") == "none"


def test_letters_of_graphs_can_be_read_on_a_phone(page: Any, written: Path) -> None:
    page.set_viewport_size({"width": 390, "height": 844})
    page.goto(written.as_uri())
    heights = page.evaluate(
        "[...document.querySelectorAll('.figures svg text:not([transform])')]"
        ".map(one => one.getBoundingClientRect().height)"
    )
    assert min(heights) >= 10
