"""The pages in a real browser: Debian's Chromium, from disk, without a network.

Needs the `browser` extra and a Chromium; skipped, saying so, where one is missing.
"""

import base64
import csv
import json
import shutil
from pathlib import Path
from typing import Any

import nibabel
import numpy as np
import pytest

pytestmark = pytest.mark.browser


@pytest.fixture(scope="module")
def results(exact_contours: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    from click.testing import CliRunner

    from sirtdose.cli.main import main

    out = tmp_path_factory.mktemp("browser") / "out"
    words = ["post", str(exact_contours), "--administered", "2.2GBq"]
    words += ["--lung-shunt", "5%", "--method", "local", "--method", "kernel"]
    words += ["--out", str(out)]
    assert CliRunner().invoke(main, words).exit_code == 0
    return out


def opened(page: Any, path: Path) -> Any:
    page.goto(path.as_uri())
    page.wait_for_selector("#view[data-ready=yes]", timeout=20000)
    return page


def array_gy(results: Path, page: Any, place: str, name: str = "local") -> float:
    """The dose map's own value where the page says it is."""
    view = json.loads(page.evaluate("document.getElementById('view-data').textContent"))
    index = [int(n) for n in place.split(",")]
    affine = np.array(view["grid"]["affine_mm"])
    x, y, z = affine[:3, :3] @ index + affine[:3, 3]
    image = nibabel.load(results / f"dose_{name}.nii.gz")
    # NIfTI points to the right and the front where DICOM points left and back.
    voxel = np.linalg.inv(image.affine) @ [-x, -y, z, 1]
    return float(image.get_fdata()[tuple(np.rint(voxel[:3]).astype(int))])


def picture(page: Any, name: str = "axial") -> str:
    """A plane as drawn; drawing waits for the next frame."""
    page.evaluate(
        "new Promise((done) => requestAnimationFrame(() => setTimeout(done)))"
    )
    return page.evaluate(f"document.getElementById('plane-{name}').toDataURL()")


def crosshair(page: Any) -> float:
    return float(page.locator("#here").get_attribute("data-gy"))


def test_gy_under_crosshair_and_pointer_are_the_arrays(
    page: Any, results: Path
) -> None:
    opened(page, results / "report.html")
    for name in ("axial", "coronal", "sagittal"):
        plane = page.locator(f"#plane-{name}")
        box = plane.bounding_box()
        for part in (0.3, 0.5, 0.62):
            place = {"x": box["width"] * part, "y": box["height"] * (0.95 - part)}
            plane.hover(position=place)
            pointed = page.locator("#pointer")
            index = pointed.get_attribute("data-index")
            shown = float(pointed.get_attribute("data-gy"))
            expected = array_gy(results, page, index)
            assert shown == pytest.approx(expected, rel=0.01, abs=0.02)
            plane.click(position=place)
            assert page.locator("#here").get_attribute("data-index") == index
            assert crosshair(page) == shown


def test_every_map_is_shown_by_a_switch(page: Any, results: Path) -> None:
    opened(page, results / "report.html")
    names = page.locator("#view-maps button").all_inner_texts()
    assert names == ["Local deposition", "Kernel", "Kernel \u2212 local deposition"]
    index = page.locator("#here").get_attribute("data-index")
    expected = [array_gy(results, page, index, one) for one in ("local", "kernel")]
    expected.append(expected[1] - expected[0])
    pictures = set()
    for button, gy in zip(
        page.locator("#view-maps button").all(), expected, strict=True
    ):
        button.click()
        pictures.add(picture(page))
        assert crosshair(page) == pytest.approx(gy, rel=0.01, abs=0.3)
    assert len(pictures) == 3
    # The difference has a scale of its own, on both sides of 0.
    assert page.locator("#ramp-ticks").inner_text().startswith("\u2212")
    assert not page.locator("#isodose-key").is_visible()


def test_the_plans_map_ends_where_it_ends(
    page: Any, exact_contours: Path, tmp_path: Path
) -> None:
    """A map that begins amid the liver: beyond it there is no dose, not 0 Gy."""
    from click.testing import CliRunner

    from sirtdose.cli.main import main
    from tests.cli.post.test_plan_map import half_beside, planned_by

    plan = planned_by(exact_contours, tmp_path / "plan")
    half = half_beside(plan, tmp_path / "half.nii.gz")
    out = tmp_path / "out"
    words = ["post", str(exact_contours), "--administered", "2.1GBq"]
    words += ["--lung-shunt", "5%", "--plan", str(plan), "--plan-dose", str(half)]
    assert CliRunner().invoke(main, [*words, "--out", str(out)]).exit_code == 0
    opened(page, out / "report.html")
    maps = page.locator("#view-maps button")
    names = ["Local deposition", "Plan", "Local deposition \u2212 plan"]
    assert maps.all_inner_texts() == names
    page.locator("#plane-axial").focus()
    shown = []
    for key, times in (("PageUp", 12), ("PageDown", 24)):
        for _ in range(times):
            page.keyboard.press(key)
        doses = []
        for button in maps.all():
            button.click()
            picture(page)
            doses.append(crosshair(page))
        shown.append((doses, page.locator("#here").inner_text()))
        page.locator("#plane-axial").focus()
    ended = [text for doses, text in shown if np.isnan(doses[1])]
    there = [doses for doses, _ in shown if not np.isnan(doses[1])]
    assert len(ended) == len(there) == 1
    assert "not in the map" in ended[0]
    [(delivered, planned, apart)] = there
    assert apart == pytest.approx(delivered - planned, abs=1e-4)
    assert delivered == pytest.approx(1.05 * planned, rel=0.01)


def test_isodoses_and_outlines_have_their_labels(page: Any, results: Path) -> None:
    opened(page, results / "report.html")
    levels = page.input_value("#levels").split(", ")
    assert 2 <= len(levels) <= 4
    labels = page.locator("#plane-axial").get_attribute("data-labels").split("|")
    assert set(labels) & set(levels)
    assert "T1" in labels
    assert "liver" in labels
    assert page.locator("#isodose-key li").all_inner_texts()[1:] == levels
    page.emulate_media(media="print")
    printed = page.locator("#still text").all_text_contents()
    assert {"T1", "liver", "5 cm", *"RLAPHF"} <= set(printed)
    assert set(printed) & set(levels)


def test_dragging_changes_the_window(page: Any, results: Path) -> None:
    opened(page, results / "report.html")
    before, at = picture(page), page.locator("#here").get_attribute("data-index")
    low, high = (float(page.input_value(f"#gray-{one}")) for one in ("low", "high"))
    page.locator("#plane-axial").scroll_into_view_if_needed()
    box = page.locator("#plane-axial").bounding_box()
    x, y = box["x"] + box["width"] / 3, box["y"] + box["height"] / 2
    page.mouse.move(x, y)
    page.mouse.down(button="right")
    page.mouse.move(x + 60, y + 20)
    page.mouse.up(button="right")
    changed = [float(page.input_value(f"#gray-{one}")) for one in ("low", "high")]
    # To the right is wider, down is higher.
    assert changed[1] - changed[0] > high - low
    assert sum(changed) > low + high
    assert picture(page) != before
    assert page.locator("#here").get_attribute("data-index") == at
    page.select_option("#window", "lung")
    assert page.input_value("#gray-low") == "-1350"


def test_zoom_and_pan_keep_the_value(page: Any, results: Path) -> None:
    opened(page, results / "report.html")
    before, gy = picture(page), crosshair(page)
    page.get_by_role("button", name="zoom in").click()
    zoomed = picture(page)
    assert zoomed != before
    page.get_by_role("button", name="Move").click()
    # All of it: what is below the window cannot be dragged.
    page.locator("#plane-axial").scroll_into_view_if_needed()
    box = page.locator("#plane-axial").bounding_box()
    page.mouse.move(box["x"] + 100, box["y"] + 100)
    page.mouse.down()
    page.mouse.move(box["x"] + 140, box["y"] + 120)
    page.mouse.up()
    assert picture(page) != zoomed
    assert crosshair(page) == gy
    page.get_by_role("button", name="Fit").click()
    assert picture(page) == before


NONSENSE = (
    ("#levels", "50, abc", "abc"),
    ("#levels", "1,2,3,4,5", "at most 4"),
    ("#wash-max", "0", "above 0"),
    ("#wash-max", "1,000", "not a number"),
    ("#gray-low", "900", "below"),
    ("#gray-high", "", "not a number"),
)


def test_nonsense_is_refused_in_place(page: Any, results: Path) -> None:
    opened(page, results / "report.html")
    before = picture(page)
    for field, nonsense, word in NONSENSE:
        good = page.input_value(field)
        page.fill(field, nonsense)
        said = page.locator(f"label:has({field}) .refused")
        assert word in said.inner_text()
        assert page.get_attribute(field, "aria-invalid") == "true"
        assert picture(page) == before
        page.fill(field, good)
        assert page.locator(".refused").count() == 0


def test_a_finding_shows_its_place(page: Any, results: Path) -> None:
    opened(page, results / "report.html")
    # Both small tumors are in one finding: each has its own button.
    page.locator("button.jump:has-text('Show Tumor 3')").click()
    assert "Tumor 3" in page.locator("#here").inner_text()


def test_nothing_scrolls_sideways_on_a_phone(page: Any, results: Path) -> None:
    page.set_viewport_size({"width": 390, "height": 844})
    opened(page, results / "report.html")
    assert page.evaluate("document.scrollingElement.scrollWidth") == 390
    for name in ("axial", "coronal", "sagittal"):
        box = page.locator(f"#plane-{name}").bounding_box()
        assert box["width"] >= 300
        assert box["height"] == pytest.approx(box["width"], abs=1)


def test_planes_move_together(page: Any, results: Path) -> None:
    opened(page, results / "report.html")

    def pictures() -> dict[str, str]:
        return {name: picture(page, name) for name in ("axial", "coronal", "sagittal")}

    def index() -> list[int]:
        text = page.locator("#here").get_attribute("data-index")
        return [int(n) for n in text.split(",")]

    before, at = pictures(), index()
    page.locator("#plane-axial").focus()
    page.keyboard.press("PageUp")
    page.keyboard.press("ArrowRight")
    page.keyboard.press("ArrowDown")
    assert index() == [at[0] + 1, at[1] + 1, at[2] + 1]
    after = pictures()
    assert all(after[name] != before[name] for name in before)
    page.locator("#plane-coronal").hover()
    page.mouse.wheel(0, 100)
    assert index() == [at[0] + 1, at[1], at[2] + 1]
    captions = page.locator("#view figcaption").all_inner_texts()
    assert [text.split(",")[0] for text in captions] == ["Axial", "Coronal", "Sagittal"]


CONTROLS = (
    *(("#wash-max", "120"), ("#gray-low", "-800"), ("#gray-high", "900")),
    *(("#levels", "30, 60"), ("#wash-opacity", "5"), ("#smooth", None)),
    *(("#isodoses", None), ("#view-structures input >> nth=0", None)),
    ("#outlines", None),
)


def test_every_control_changes_the_picture(page: Any, results: Path) -> None:
    opened(page, results / "report.html")
    before = picture(page)
    for control, value in CONTROLS:
        if value is None:
            page.locator(control).click()
        else:
            page.locator(control).fill(value)
        after = picture(page)
        assert after != before, control
        before = after


def test_the_histogram_says_what_it_holds(page: Any, results: Path) -> None:
    opened(page, results / "report.html")
    for method, name in (
        ("local_deposition", "Local deposition"),
        ("kernel", "Kernel"),
    ):
        page.locator("#dvh-methods button", has_text=name).click()
        drawing = page.locator("svg.dvh:not([hidden])")
        drawing.scroll_into_view_if_needed()
        box = drawing.bounding_box()
        page.mouse.move(box["x"] + box["width"] * 0.3, box["y"] + box["height"] * 0.5)
        dose = float(page.locator("#dvh-here").get_attribute("data-gy"))
        rows = {
            row.split("\t")[0]: float(row.split("\t")[1])
            for row in page.locator("#dvh-here tbody").inner_text().strip().split("\n")
        }
        for derived in ("Normal whole liver", "Normal perfused liver"):
            part = "perfused" if "perfused" in derived else "whole"
            rows[f"normal_{part}"] = rows.pop(derived)
        rows["all_tumors"] = rows.pop("All tumors")
        curves = curves_of(results, method)
        assert set(rows) == set(curves)
        for one, points in curves.items():
            doses, fractions = zip(*points, strict=True)
            expected = 100 * np.interp(dose, doses, fractions, right=0.0)
            assert rows[one] == pytest.approx(expected, abs=1.0), one


def curves_of(results: Path, method: str) -> dict[str, list[tuple[float, float]]]:
    curves: dict[str, list[tuple[float, float]]] = {}
    with (results / "dvh.csv").open() as file:
        for one in csv.DictReader(file):
            if one["method"] == method:
                point = (float(one["dose_gy"]), float(one["volume_fraction"]))
                curves.setdefault(one["name"], []).append(point)
    return curves


def test_it_prints_with_its_answer_on_page_one(
    page: Any, results: Path, tmp_path: Path
) -> None:
    opened(page, results / "report.html")
    page.pdf(path=tmp_path / "report.pdf", format="A4")
    content = (tmp_path / "report.pdf").read_bytes()
    assert content.startswith(b"%PDF")
    assert 2 <= content.count(b"/Type /Page\n") + content.count(b"/Type /Page ") <= 8
    page.emulate_media(media="print")
    assert not page.locator("#view").is_visible()
    assert page.locator("#still img").first.is_visible()
    # What comes after page one begins below it: 273 mm of A4 at 96 dots an inch.
    page.set_viewport_size({"width": 703, "height": 1032})
    assert page.locator("h2.next").bounding_box()["y"] < 1032


def test_without_script_the_still_pictures_stand(browser: Any, results: Path) -> None:
    context = browser.new_context(java_script_enabled=False)
    page = context.new_page()
    page.goto((results / "report.html").as_uri())
    assert page.locator("#still img").count() == 3
    assert page.locator("#still img").first.is_visible()
    assert not page.locator("#view").is_visible()
    context.close()


def test_the_view_alone(page: Any, results: Path, tmp_path: Path) -> None:
    from click.testing import CliRunner

    from sirtdose.cli.main import main

    words = ["view", str(results / "dose_local.dcm"), "--structures"]
    words += [str(results / "dose_structures.dcm"), "--out", str(tmp_path)]
    assert CliRunner().invoke(main, words).exit_code == 0
    opened(page, tmp_path / "view.html")
    assert float(page.locator("#here").get_attribute("data-gy")) > 100
    assert "Tumor 1" in page.locator("#here").inner_text()
    assert not page.locator("#view-maps").is_visible()


def test_a_list_of_cases_is_sorted_by_a_click(
    page: Any, results: Path, tmp_path: Path
) -> None:
    from sirtdose.report.batch import CaseList, batch_page
    from sirtdose.report.batch_commands import COMMAND_TABLES
    from sirtdose.report.planes import png

    shutil.copytree(results, tmp_path / "case-b")
    (tmp_path / "case-b" / "thumbnail.png").write_bytes(
        base64.b64decode(png(np.full((9, 12, 3), 128.0)))
    )
    for name in ("case-c", "case-d"):
        (tmp_path / name).symlink_to("case-b")
    of, listed = COMMAND_TABLES["post"], CaseList()
    for name, mean in (
        ("case-a", None),
        ("case-b", 90.0),
        ("case-c", 210.0),
        ("case-d", 40.0),
    ):
        line = dict.fromkeys(of.case_columns) | {
            "case_id": name,
            "state": "failed" if mean is None else "done",
            "exit_code": 0,
            "error": "no <image> in it" if mean is None else "",
            "tumors_mean_gy": mean,
            "picture": mean is not None,
            "page": mean is not None,
        }
        listed.add(line)
    (tmp_path / "index.html").write_text(batch_page(listed, [], of), "utf-8")
    page.goto((tmp_path / "index.html").as_uri())

    def order() -> str:
        cells = page.locator("tbody tr td:nth-child(2)").all_inner_texts()
        return "".join(cell[-1] for cell in cells)

    assert order() == "abcd"
    assert "no <image> in it" in page.inner_text("tbody tr:first-child")
    button = page.get_by_role("button", name="tumors Gy")
    button.click()
    assert order() == "dbca"
    button.click()
    assert order() == "cbda"
    assert page.locator("th[aria-sort=descending]").inner_text().startswith("tumors Gy")
    assert page.evaluate("document.images[0].naturalWidth") > 0
