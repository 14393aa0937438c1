"""A moved page of an image's plan shows what a new plan of its activities finds."""

import csv
import json
import shlex
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from click.testing import Result

from sirtdose.report.plan.goals import page_goals
from sirtdose.report.plan.rows import names_of
from tests.overlapping import ACCEPTED, INJECTIONS, OTHERS, earlier_dose, overlapping

pytestmark = pytest.mark.browser
Run = Callable[..., Result]
SHOWN = {"D70 Gy": "d70_gy", "V100Gy %": "v100gy_percent", "D98 Gy": "d98_gy"}


@pytest.fixture(scope="module")
def scene(tmp_path_factory: pytest.TempPathFactory) -> list[object]:
    return overlapping(tmp_path_factory.mktemp("overlapping"))


def made(run: Run, out: Path, scene: list[object], *words: object) -> Path:
    result = run("plan", "image", *scene, *words, *OTHERS, *ACCEPTED, "--out", out)
    assert result.exit_code == 0, result.stderr
    return out


def table(page: Any) -> dict[str, dict[str, str]]:
    """The doses by the image, from the table of all doses."""
    heads = page.locator("table.full thead tr").nth(1).locator("th").all_inner_texts()
    first = len(heads) - heads[::-1].index("mean Gy") - 1
    return {
        row.locator("th").inner_text().strip(): dict(
            zip(heads[first:], row.locator("td").all_inner_texts()[first:], strict=True)
        )
        for row in page.locator("table.full tbody tr").all()
    }


def structures(folder: Path) -> dict[str, dict[str, str]]:
    text = (folder / "structures.csv").read_text("utf-8")
    return {row["name"]: row for row in csv.DictReader(text.splitlines())}


def compare(page: Any, fresh: Path) -> None:
    shown, found = table(page), structures(fresh)
    for name in ("Liver", "Perfused A", "Perfused B", "Tumor 1", "Tumor 2", "Tumor 3"):
        assert shown[name]["mean Gy"] == f"{float(found[name]['mean_gy']):.1f}"
        for head, column in SHOWN.items():
            own, value = float(shown[name][head]), float(found[name][column])
            digits = 0.35 if "V" in head else 0.05
            assert own == pytest.approx(value, rel=0.005, abs=digits)


def drawn(page: Any, name: str, gy: float, by: int = 0) -> float:
    """The part of a structure's volume that its curve has at a dose."""
    part: float = page.evaluate(
        """([name, gy, by]) => {
          const { curves, plot, end_gy: end } = histograms[by];
          const n = curves.findIndex((one) => one.name === name);
          const drawing = document.querySelectorAll("svg.dvh")[by];
          const line = drawing.querySelectorAll("polyline")[n];
          const x = plot.left + (plot.right - plot.left) * gy / end;
          const points = line.getAttribute("points").split(" ");
          const at = points.map((one) => one.split(",").map(Number));
          const [right] = at.filter((one) => one[0] >= x);
          return (plot.bottom - right[1]) / (plot.bottom - plot.top);
        }""",
        [name, gy, by],
    )
    return part


def again(run: Run, page: Any, scene: list[object], out: Path) -> Path:
    """The plan that the page's own command makes."""
    _, *words = shlex.split(page.inner_text("#command"))
    at = words.index("FOLDER")
    words[at : at + 1] = [str(one) for one in scene]
    result = run(*words, *ACCEPTED, "--out", out)
    assert result.exit_code == 0, result.stderr
    return out


def slide(page: Any, n: int, gbq: float) -> None:
    page.locator(f"#slide-{n}").evaluate(
        "(one, to) => { one.value = to; one.dispatchEvent(new Event('input')); }", gbq
    )


def goals_shown(page: Any) -> list[list[str]]:
    return [
        row.locator("td").all_inner_texts()
        for row in page.locator("#goals tbody tr").all()
    ]


def test_two_injections_that_overlap(
    page: Any, run: Run, scene: list[object], tmp_path: Path
) -> None:
    plan = made(run, tmp_path / "plan", scene, *INJECTIONS)
    page.goto((plan / "plan.html").as_uri())
    first, goals = table(page), goals_shown(page)
    curve = drawn(page, "Tumor 1", 150)
    slide(page, 0, round(0.6 * float(page.input_value("#slide-0")), 2))
    page.fill("#type-1", f"{1.5 * float(page.input_value('#type-1')):.3f}")
    new = again(run, page, scene, tmp_path / "new")
    compare(page, new)
    document = json.loads((new / "plan.json").read_text("utf-8"))
    [rows] = [one["structures"] for one in document["doses"].values()]
    for row in rows:
        if row["name"] in first:
            for gy in (40, 100):
                part = row["volume_fraction_above"][str(gy)]
                assert drawn(page, row["name"], gy) == pytest.approx(part, abs=0.015)
    fresh = {
        f"{one['metric']} of {one['name']}": one
        for one in page_goals(document, names_of(document))
    }
    told = [one["name"] for one in embedded(page)["goals"]]
    for name, (reached, _, apart) in zip(told, goals_shown(page), strict=True):
        assert "sets the activity" not in apart
        if name in fresh:
            known = number(fresh[name]["reached"])
            assert number(reached) == pytest.approx(known, rel=0.005)
            assert apart.split()[:2] == fresh[name]["apart"].split()[:2]
    missed = [name for name, one in fresh.items() if one["missed"]]
    assert missed
    assert f"Goal missed: {', '.join(missed)}." in page.inner_text("#verdict")
    assert page.get_by_text("The pictures show the plan,").is_visible()
    # Nothing to say of a sample that is within half a percent.
    assert page.get_by_text("from a sample of the voxels").count() == 0
    assert "NOT THE PLAN" in page.inner_text("#banner")
    assert page.locator(".blank-moved:visible").count() == 0
    page.locator("#banner button").click()
    assert table(page) == first
    assert goals_shown(page) == goals
    assert drawn(page, "Tumor 1", 150) == pytest.approx(curve, abs=0.01)


def test_one_injection_has_exact_d(
    page: Any, run: Run, scene: list[object], tmp_path: Path
) -> None:
    goals = "goal:Tumor 1:D70=120Gy,goal:tumor:V100Gy=90%"
    own = ("--injection", f"a=perfused:Perfused A,{goals}")
    plan = made(run, tmp_path / "plan", scene, *own)
    page.goto((plan / "plan.html").as_uri())
    assert "Tumor 2 V100Gy 90 % at" in page.inner_html("#marks-0")
    slide(page, 0, round(1.31 * float(page.input_value("#slide-0")), 2))
    new = again(run, page, scene, tmp_path / "new")
    compare(page, new)
    shown, found = table(page), structures(new)
    for name in ("Liver", "Tumor 1"):
        assert shown[name]["D70 Gy"] == f"{float(found[name]['d70_gy']):.1f}"
    document = json.loads((new / "plan.json").read_text("utf-8"))
    fresh = page_goals(document, names_of(document))
    for (reached, _, apart), goal in zip(goals_shown(page), fresh, strict=True):
        assert number(reached) == pytest.approx(number(goal["reached"]), rel=0.005)
        if goal["metric"] == "D70":
            assert (reached, apart) == (goal["reached"], goal["apart"])
    assert page.get_by_text("The pictures show the plan,").count() == 0


@pytest.mark.parametrize("more", [(), ("--method", "kernel")])
@pytest.mark.parametrize("injections", [INJECTIONS, INJECTIONS[:2]])
def test_an_earlier_dose_is_in_the_moved_sum(
    page: Any,
    run: Run,
    scene: list[object],
    tmp_path: Path,
    injections: tuple[str, ...],
    more: tuple[str, ...],
) -> None:
    before = earlier_dose(tmp_path)
    seen = ("--accept", "H07", "--reason", "seen")
    own = ("--prior-dose", before, *seen, *more)
    plan = made(run, tmp_path / "plan", scene, *injections, *own)
    page.goto((plan / "plan.html").as_uri())
    first = table(page)
    slide(page, 0, round(0.7 * float(page.input_value("#slide-0")), 2))
    _, *words = shlex.split(page.inner_text("#command"))
    words[words.index("FOLDER") : words.index("FOLDER") + 1] = map(str, scene)
    words[words.index("MAP")] = str(before)
    result = run(*words, *seen, *ACCEPTED, "--out", tmp_path / "new")
    assert result.exit_code == 0, result.stderr
    document = json.loads((tmp_path / "new" / "plan.json").read_text("utf-8"))
    _, (method, summed) = document["doses"].items()
    assert method.endswith("+with_prior")
    rows = {row["name"]: row for row in summed["structures"]}
    shown = table(page)
    page.get_by_role("button", name="sum of sessions").last.click()
    for name in ("Liver", "Perfused A", "Tumor 1", "Tumor 2"):
        row, own_cells = rows[name], shown[name]
        mean = row["dose_gy"]["mean"]
        assert float(own_cells["mean Gy"]) == pytest.approx(mean, abs=0.051)
        for head, key in {"D70 Gy": "d70", "D98 Gy": "d98", "D2 Gy": "d2"}.items():
            value = row["dose_gy"][key]
            near = pytest.approx(value, rel=0.005, abs=0.05)
            assert float(own_cells[head]) == near, (name, head)
        part = 100 * row["volume_fraction_above"]["100"]
        assert float(own_cells["V100Gy %"]) == pytest.approx(part, abs=0.55)
        for gy in (40, 100):
            part = row["volume_fraction_above"][str(gy)]
            # To the next of the points that are drawn.
            assert drawn(page, name, gy, 1) == pytest.approx(part, abs=0.03)
    page.locator("#banner button").click()
    assert table(page) == first


def number(text: str) -> float:
    return float(text.split()[0])


def embedded(page: Any) -> dict[str, Any]:
    found: dict[str, Any] = json.loads(page.inner_html("#what-if-data"))
    return found
