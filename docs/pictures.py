"""Make the pictures of README and tour from the demo: `make pictures`.

Needs the `browser` extra and Chromium, for the picture of the report.
"""

import shutil
import tempfile
from pathlib import Path

from click.testing import CliRunner
from PIL import Image

from sirtdose.cli.main import main

PICTURES = Path(__file__).with_name("pictures")
WIDTH = 1000


def run(*words: object) -> None:
    """Run the program in this process."""
    result = CliRunner().invoke(main, [str(word) for word in words])
    if result.exit_code:
        raise SystemExit(f"sirtdose {words[0]}: {result.output}")


def picture_of_page_one(report: Path, target: Path) -> None:
    """Save what a reader sees first of a report."""
    from playwright.sync_api import sync_playwright

    chromium = shutil.which("chromium") or shutil.which("chromium-browser")
    with sync_playwright() as started:
        browser = started.chromium.launch(
            executable_path=chromium, args=["--no-sandbox", "--disable-gpu"]
        )
        page = browser.new_page(viewport={"width": WIDTH, "height": 1400})
        page.goto(report.as_uri())
        # Page one ends where the pictures of the dose begin.
        end = page.locator("h2.next").first.bounding_box()["y"]
        page.screenshot(
            path=target,
            full_page=True,
            clip={"x": 0, "y": 0, "width": WIDTH, "height": end - 10},
        )
        browser.close()


def make() -> None:
    """Run the demo, and keep its figures and its report's first page."""
    with tempfile.TemporaryDirectory() as folder:
        demo = Path(folder).resolve() / "demo"
        run("demo", "--out", demo)
        run("report", demo / "doses" / "post.json", "--figures")
        for name in ("planes", "dvh"):
            made = demo / "doses" / "figures" / f"{name}.png"
            shutil.copy(made, PICTURES)
        picture_of_page_one(demo / "doses" / "report.html", PICTURES / "report.png")
    for name in ("planes", "dvh", "report"):
        path = PICTURES / f"{name}.png"
        # A page's few colors need no more; it loads four times as fast.
        with Image.open(path) as whole:
            small = whole.convert("RGB").quantize(128, dither=Image.Dither.NONE)
        small.save(path, optimize=True)
        print(f"{path.name}: {path.stat().st_size // 1000} kB")


if __name__ == "__main__":
    make()
