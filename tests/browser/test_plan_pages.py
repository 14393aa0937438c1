"""Pages of plans in a real browser: on a phone, on paper, and another activity."""

import io
import json
import re
from pathlib import Path
from typing import Any

import pytest

pytestmark = pytest.mark.browser
WHO = (
    *("--case-label", "Case 7", "--patient-key", "DEMO-01"),
    *("--vessel", "right hepatic artery", "--treatment-date", "2026-12-09"),
)
PARTITION = (
    *("plan", "partition", "--perfused-volume", "1000mL", "--liver-volume", "1700mL"),
    *("--tumor", "T1=150mL@4.4", "--tumor", "T2=60mL@3", "--normal-dose", "40Gy"),
    *("--lung-shunt", "5%", "--residual", "3%", "--device", "glass", *WHO),
    *("--limits", "eanm2022:glass:hcc:lobectomy", "--bilirubin", "0.9mg/dL"),
)
TWO = (
    *("plan", "partition", "--lung-shunt", "5%", "--liver-volume", "1700mL", *WHO),
    "--injection",
    "right=perfused:700mL,tumor:T1=150mL@4,normal-dose:40Gy",
    "--injection",
    "seg 4=perfused:200mL,tumor:T2=40mL@3,tumor-dose:200Gy",
)
COMPARE = (
    *("plan", "compare", "--height", "165cm", "--weight", "60kg"),
    *("--liver-volume", "1500mL", "--tumor", "T1=300mL@3", "--lung-shunt", "4%"),
    *("--dose", "60Gy", "--normal-dose", "40Gy", "--device", "resin", *WHO),
)


def call(*words: object) -> None:
    from click.testing import CliRunner

    from sirtdose.cli.main import main

    result = CliRunner().invoke(main, [str(word) for word in words])
    assert result.exit_code == 0, result.output


@pytest.fixture(scope="module")
def plans(exact_voxels: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Plans by numbers, of two injections and of an image, with all their pages."""
    out = tmp_path_factory.mktemp("plans")
    image = ("plan", "image", exact_voxels, "--tumor-dose", "150Gy", "--lung-shunt")
    image += ("5%", "--density", "1.05g/mL", "--limit", "normal=60Gy", *WHO)
    call(*PARTITION, "--out", out / "partition")
    call(*TWO, "--out", out / "two")
    call(*image, "--method", "local", "--out", out / "image")
    call(*COMPARE, "--out", out / "compare")
    vial = ("plan", "vial", "--plan", out / "partition/plan.json")
    call(*vial, "--at", "2026-12-09T10:00+01:00", "--out", out / "vial")
    measured = ("--measured", "1.5GBq@2026-12-09T08:00+01:00")
    order = ("--choose", "3GBq@2026-12-06", "--out", out / "order")
    call(*vial, "--at", "2026-12-09T10:00+01:00", *measured, *order)
    for name in ("partition/plan", "two/plan", "image/plan"):
        call("report", out / f"{name}.json", "--sheet")
    call("report", out / "compare/compare.json", "--sheet")
    call("report", out / "vial/vial.json", "--sheet")
    call("report", out / "image/plan.json", "--deidentify", "--out", out / "hidden")
    return out


PLANS = ("partition/plan.html", "two/plan.html", "image/plan.html", "hidden/plan.html")
SHEETS = (
    *("partition/sheet.html", "two/sheet.html", "image/sheet.html"),
    *("compare/sheet.html", "vial/sheet.html"),
    *("compare/compare.html", "vial/vial.html"),
    *("order/order.html", "order/vial.html"),
)


def sheets_of(page: Any) -> list[str]:
    """The text of every sheet that a page prints."""
    pypdf = pytest.importorskip("pypdf", reason="needs the browser extra")
    printed = page.pdf(prefer_css_page_size=True, print_background=True)
    found = pypdf.PdfReader(io.BytesIO(printed)).pages
    return [re.sub(r"\s+", " ", one.extract_text()) for one in found]


def digest_of(page: Any) -> str:
    said = re.search(r"Document ([0-9a-f]{12})", page.inner_text(".head"))
    assert said
    return said[1]


@pytest.mark.parametrize("name", [*PLANS, *SHEETS])
def test_nothing_scrolls_sideways_on_a_phone(page: Any, plans: Path, name: str) -> None:
    page.set_viewport_size({"width": 390, "height": 844})
    page.goto((plans / name).as_uri())
    page.wait_for_timeout(200)
    assert page.evaluate("document.scrollingElement.scrollWidth") == 390
    assert (plans / name).stat().st_size < 3_000_000


def test_a_long_name_wraps_on_a_phone(page: Any, run: Any, tmp_path: Path) -> None:
    """A structure's name has up to 64 letters in DICOM, and may have no space."""
    words = ("plan", "partition", "--perfused-volume", "1000mL", "--lung-shunt", "5%")
    words += ("--tumor", f"{'Metastasis_segment_' * 4}=200mL@3", "--activity", "2GBq")
    assert run(*words, "--out", tmp_path / "plan").exit_code == 0
    page.set_viewport_size({"width": 390, "height": 844})
    page.goto((tmp_path / "plan" / "plan.html").as_uri())
    page.wait_for_timeout(200)
    assert page.evaluate("document.scrollingElement.scrollWidth") == 390


@pytest.mark.parametrize("name", PLANS)
def test_every_sheet_says_whose_and_which(page: Any, plans: Path, name: str) -> None:
    page.goto((plans / name).as_uri())
    digest = digest_of(page)
    sheets = sheets_of(page)
    for number, text in enumerate(sheets, start=1):
        assert digest in text
        assert f"Page {number} of {len(sheets)}" in text
        assert "Not a medical device" in text
        if name.startswith("hidden"):
            assert not re.search(r"DEMO|Case 7|[A-Z][a-z]{2} \d{1,2}, 20\d\d", text)
        else:
            assert "Case 7 / DEMO-01" in text
            assert "treatment Dec 9, 2026" in text
            assert "made " in text
    # What is signed stands with what it is signed for.
    assert "Medical physicist, date" in sheets[0]
    assert "Inject" in sheets[0] or "inject" in sheets[0]


@pytest.mark.parametrize("name", SHEETS)
def test_a_sheet_is_one_page(page: Any, plans: Path, name: str) -> None:
    page.goto((plans / name).as_uri())
    digest = digest_of(page)
    [text] = sheets_of(page)
    assert digest in text
    assert "Page 1 of 1" in text
    assert "Case 7 / DEMO-01" in text
    assert "right hepatic artery" in text
    assert re.search(r"\d(\.\d\d)? GBq \( ?\d+\.\d mCi", text)
    assert "date" in text.lower()


LONG = (
    *("--case-label", "Case 7 of the multicenter registry, second look"),
    *("--vessel", "accessory right hepatic artery, segments 6 and 7"),
    *("--treatment-date", "2026-12-09", "--patient-key", "DEMO-01-OF-SITE-0012"),
    *("--prior-liver-dose", "20Gy", "--prior-lung-dose", "12Gy"),
)
LIMITS = (
    *("--limit", "normal=60Gy", "--limit", "lungs=20Gy", "--limit", "perfused=200Gy"),
    *("--limit", "normal_whole=45Gy", "--limit", "lungs_cumulative=25Gy"),
    *("--limit", "liver=60Gy"),
)
FOUR = (
    *("plan", "partition", "--lung-shunt", "5%", "--liver-volume", "1700mL"),
    *("--device", "resin", "--limits", "eanm2022:resin:hcc:bilobar"),
    *("--injection", "right anterior=perfused:400mL,tumor:T1=150mL@4,normal-dose:40Gy"),
    *("--injection", "segment 4=perfused:200mL,tumor:T2=40mL@3,tumor-dose:200Gy"),
    "--injection",
    "right posterior=perfused:350mL,tumor:T3=60mL@2.2,lung-shunt:8%,tumor-dose:180Gy",
    *("--injection", "left lateral=perfused:300mL,tumor:T4=50mL@6,activity:0.9GBq"),
    *(word for n in range(1, 5) for word in ("--limit", f"T{n}={400 + n}Gy")),
)
REASON = (
    "discussed by the tumor board with the hepatologist, no other way is left. " * 4
)
WHOLE = ("--accept", "H43", "--reason", REASON)
ONE = (
    *("plan", "partition", "--perfused-volume", "1000mL", "--liver-volume", "1700mL"),
    *("--lung-shunt", "5%", "--device", "glass", "--normal-dose", "70Gy"),
    *("--limits", "eanm2022:glass:hcc:lobectomy", "--bilirubin", "0.9mg/dL"),
    *(
        word
        for n, ml in enumerate((150, 60, 30, 20, 12, 8))
        for word in ("--tumor", f"{'Metastasis_segment_' * 3}{n}={ml}mL@{2 + n}")
    ),
)


def smallest_pt(page: Any) -> float:
    """The smallest letters of a printed page, points."""
    pypdf = pytest.importorskip("pypdf", reason="needs the browser extra")
    printed = page.pdf(prefer_css_page_size=True, print_background=True)
    sizes = []

    def seen(text: str, cm: Any, tm: Any, _font: Any, size: float) -> None:
        if text.strip():
            shrunk = (cm[0] ** 2 + cm[1] ** 2) * (tm[0] ** 2 + tm[1] ** 2)
            sizes.append(size * shrunk**0.5)

    for one in pypdf.PdfReader(io.BytesIO(printed)).pages:
        one.extract_text(visitor_text=seen)
    return min(sizes)


@pytest.mark.parametrize("name", ["four", "tumors", "image", "compare"])
def test_a_full_sheet_leaves_out_and_counts(
    page: Any, run: Any, exact_voxels: Path, tmp_path: Path, name: str
) -> None:
    """One page of letters that can be read; no limit is lost that is not met."""
    image = ("plan", "image", exact_voxels, "--lung-shunt", "5%", "--density")
    image += ("1.05g/mL", "--method", "local", "--tumor-dose", "250Gy", "--device")
    image += ("glass", "--limits", "eanm2022:glass:hcc:lobectomy", "--bilirubin")
    tumors = [word for n in range(2, 7) for word in ("--tumor", f"T{n}={9 * n}mL@{n}")]
    limits = [word for n in range(1, 7) for word in ("--limit", f"T{n}=200Gy")]
    words = {
        "four": (*FOUR, *LIMITS, *WHOLE),
        "tumors": (*ONE, *LIMITS),
        "image": (*image, "0.9mg/dL", *LIMITS),
        "compare": (*COMPARE[:-8], *tumors, *limits, *LIMITS[:4], *WHOLE),
    }[name]
    if name == "compare":
        by = [
            word
            for one in ("mird", "partition")
            for word in ("--accept", f"H43:whole liver by {one}", "--reason", REASON)
        ]
        words = (*words[:-4], *by)
    result = run(*words, *LONG, "--out", tmp_path / "out")
    assert result.exit_code in (0, 4), result.output
    [saved] = [
        *(tmp_path / "out").glob("plan.json"),
        *(tmp_path / "out").glob("c*.json"),
    ]
    call("report", saved, "--sheet")
    page.goto((tmp_path / "out" / "sheet.html").as_uri())
    [text] = sheets_of(page)
    assert smallest_pt(page) > 7.4
    left_out = page.inner_text(".left-out") if name != "compare" else ""
    assert name == "compare" or re.match(r"\d+ more limits, all met", left_out)
    assert "Physician" in text
    document = json.loads(saved.read_text())
    shown = page.locator("[data-limit]:visible, tr[data-limit]:visible td")
    missed = [one for one in shown.all_inner_texts() if "missed" in one]
    every = document.get("methods", [document])
    assert len(missed) >= sum(
        limit["met"] is False for one in every for limit in one["limits"]
    )


def test_a_long_list_of_warnings_is_made_smaller_not_cut(
    page: Any, plans: Path
) -> None:
    page.goto((plans / "partition/sheet.html").as_uri())
    page.evaluate(
        "const list = document.querySelector('.finds');"
        "for (let n = 0; n < 25; n += 1) list.append(list.children[0].cloneNode(true));"
    )
    [text] = sheets_of(page)
    assert text.count("WARN") >= 25
    assert "Medical physicist" in text


def test_where_margins_stay_empty_a_table_head_says_it(
    browser: Any, plans: Path
) -> None:
    """As in browsers that do not print what is in a sheet's margin."""
    opened = browser.new_page(user_agent="Mozilla/5.0 Gecko/20100101 Firefox/140.0")
    opened.goto((plans / "partition/plan.html").as_uri())
    digest = digest_of(opened)
    for text in sheets_of(opened):
        # In this browser the margin has it as well.
        assert text.count(f"| {digest}") >= 2
    opened.close()


def answer(page: Any) -> str:
    return re.sub(r"\s+", " ", page.inner_text(".answer"))


def test_another_activity_shows_the_doses_of_a_new_plan(
    page: Any, plans: Path, tmp_path: Path
) -> None:
    page.goto((plans / "partition/plan.html").as_uri())
    before = page.inner_html("body > .cols")
    page.fill("#type-0", "2.10")
    assert page.evaluate("document.body.classList.contains('moved')")
    assert "NOT THE PLAN" in page.inner_text("#banner")
    assert "2.10 GBq" in answer(page)
    # 2.10 GBq injected with a residual of 3 %.
    assert "2.16 GBq" in answer(page)
    words = list(PARTITION)
    at = words.index("--normal-dose")
    words[at : at + 2] = ["--activity", "2.10GBq"]
    call(*words, "--out", tmp_path / "new")
    new = json.loads((tmp_path / "new" / "plan.json").read_text())
    shown = page.locator("table.ladder tr:has(.lad)")
    doses = {
        row.locator("th").inner_text().strip(): row.locator("td.lead").inner_text()
        for row in shown.all()
    }
    for name, own in (("T1", "T1"), ("T2", "T2"), ("Whole liver", "whole liver")):
        [part] = [one for one in new["compartments"] if one["name"] == own]
        assert float(doses[name]) == pytest.approx(part["dose_gy"], abs=0.5)
    missed = page.locator("[data-state=false]").all_inner_texts()
    assert sum(limit["met"] is False for limit in new["limits"]) == len(missed)
    sheets = sheets_of(page)
    for text in sheets:
        assert text.startswith("NOT THE PLAN | Case 7 / DEMO-01 | activity moved from")
    page.locator("#banner button").click()
    assert page.inner_html("body > .cols") == before
    assert not page.evaluate("document.body.classList.contains('moved')")
    assert "NOT THE PLAN" not in sheets_of(page)[0]


@pytest.mark.parametrize("typed", ["", "two", "2,1", "1e3", "-1", "0", "99", "2.1 GBq"])
def test_nonsense_is_refused_in_place(page: Any, plans: Path, typed: str) -> None:
    page.goto((plans / "partition/plan.html").as_uri())
    before = answer(page)
    page.fill("#type-0", typed)
    said = page.inner_text("#wrong-0")
    assert re.fullmatch(r"Type [\d.]+ to [\d.]+ GBq, e\.g\. 1\.45\.", said)
    assert answer(page) == before
    page.fill("#type-0", "1.60")
    assert page.inner_text("#wrong-0") == ""
    assert "1.60 GBq" in answer(page)


@pytest.mark.parametrize("typed", ["0", "-1", "0.05", "99"])
def test_what_is_out_of_range_is_said_until_it_is_not(
    page: Any, plans: Path, typed: str
) -> None:
    """Of every injection, also after another field, and until the slider moves."""
    page.goto((plans / "two/plan.html").as_uri())
    for number in (0, 1):
        field, wrong = f"#type-{number}", page.locator(f"#wrong-{number}")
        page.fill(field, typed)
        page.press(field, "Tab")
        assert wrong.is_visible()
        assert re.fullmatch(r"Type [\d.]+ to [\d.]+ GBq, .*", wrong.inner_text())
        assert page.get_attribute(field, "aria-invalid") == "true"
        page.locator(f"#slide-{number}").press("ArrowRight")
        assert wrong.inner_text() == ""
        assert page.get_attribute(field, "aria-invalid") == "false"
        assert page.input_value(field) != typed


def test_a_typed_value_close_to_the_plan_is_not_dropped(
    page: Any, tmp_path: Path
) -> None:
    """0.105 GBq moves by 3.8 % to 0.109, less than a step of the slider."""
    words = ("plan", "partition", "--perfused-volume", "100mL", "--lung-shunt", "5%")
    words += ("--tumor", "T1=20mL@3", "--activity", "0.105GBq")
    call(*words, "--out", tmp_path / "small")
    page.goto((tmp_path / "small/plan.html").as_uri())
    page.fill("#type-0", "0.109")
    assert "(+4 %)" in page.inner_text("#moved-text")
    shown = page.input_value("#type-0")
    page.click("[data-reset] >> visible=true")
    page.fill("#type-0", page.input_value("#type-0"))
    assert shown == "0.109"
    assert page.inner_text("#moved-text") == ""


def test_a_dose_above_its_goal_is_not_called_met(page: Any, tmp_path: Path) -> None:
    """10 Gy to 1.4 kg weighted are 0.297 GBq; three times that gives 20 Gy more."""
    words = ("plan", "partition", "--perfused-volume", "1000mL", "--density", "1g/mL")
    words += ("--tumor", "T1=200mL@3", "--lung-shunt", "5%", "--normal-dose", "10Gy")
    call(*words, "--limit", "perfused=150Gy", "--out", tmp_path / "low")
    page.goto((tmp_path / "low/plan.html").as_uri())
    gbq = 1.4 * 10 / 49.67 / 0.95
    page.fill("#type-0", f"{1.5 * gbq:.4f}")
    verdict = page.inner_text("#verdict")
    assert "All limits of this page are met." in verdict
    assert "goals and limits" not in verdict
    assert "Normal perfused liver: 5.0 Gy above the goal." in verdict


def test_each_of_two_injections_moves_alone(page: Any, plans: Path) -> None:
    page.goto((plans / "two/plan.html").as_uri())
    doses = page.locator("table.ladder td.lead")
    names = page.locator("table.ladder th[scope]").all_inner_texts()
    before = dict(zip(names, doses.all_inner_texts(), strict=True))
    page.fill("#type-1", "0.60")
    after = dict(zip(names, doses.all_inner_texts(), strict=True))
    apart = {name.strip() for name in names if before[name] != after[name]}
    assert "T2" in apart
    assert "T1" not in apart
    assert "seg 4: activity moved" in page.inner_text("#banner")


def test_pictures_and_histogram_follow(page: Any, plans: Path) -> None:
    page.goto((plans / "image/plan.html").as_uri())
    page.wait_for_selector("#view[data-ready=yes]", timeout=20000)

    def read() -> tuple[float, float]:
        """Dose at the crosshair, and where the perfused volume's curve is at half."""
        said = re.search(r"([\d.]+) Gy", page.inner_text("#here"))
        assert said
        points = page.locator("svg.dvh polyline", has_text="Perfused lobe").first
        pairs = [
            [float(one) for one in pair.split(",")]
            for pair in points.get_attribute("points").split()
        ]
        left, middle = pairs[0][0], (pairs[0][1] + pairs[-1][1]) / 2
        return float(said[1]), max(x for x, y in pairs if y < middle) - left

    dose, half = read()
    gbq = float(page.input_value("#type-0"))
    page.fill("#type-0", f"{1.2 * gbq:.2f}")
    moved, further = read()
    assert moved == pytest.approx(1.2 * dose, rel=0.02)
    assert further == pytest.approx(1.2 * half, rel=0.05)
    page.locator("#banner button").click()
    assert read() == (dose, pytest.approx(half, abs=2))
