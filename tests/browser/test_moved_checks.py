"""The what-if of a plan says what a new plan of that activity says."""

import json
import re
import shlex
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from sirtdose.report.plan.moved import sentences

pytestmark = pytest.mark.browser
GRAVE = ("stop", "ask", "warn")
LIVER = ("--perfused-volume", "1000mL", "--liver-volume", "1700mL")
SHUNT = ("--lung-shunt", "5%", "--lung-shunt-source", "spect")
PLANS = {
    "mird": (
        *("mird", "--dose", "100Gy", *LIVER, *SHUNT, "--device", "glass"),
        *("--limit", "lungs=12Gy"),
    ),
    "partition": (
        *("partition", *LIVER, *SHUNT, "--tumor", "T1=150mL@4.4", "--device", "resin"),
        *("--limit", "normal=65Gy", "--activity", "1.5GBq", "--residual", "3%"),
    ),
    "earlier": (
        *("partition", *LIVER, *SHUNT, "--tumor", "T1=150mL@4.4", "--device", "glass"),
        *("--limits", "eanm2022:glass:hcc:lobectomy", "--bilirubin", "0.9mg/dL"),
        *("--normal-dose", "40Gy", "--prior-liver-dose", "30Gy"),
        *("--prior-lung-dose", "44Gy"),
    ),
    "two": (
        *("partition", *SHUNT, "--liver-volume", "1700mL", "--device", "resin"),
        *("--limit", "liver=40Gy", "--injection"),
        *("right=perfused:700mL,tumor:T1=150mL@4,activity:0.9GBq", "--injection"),
        "left=perfused:200mL,tumor:T2=40mL@3,lung-shunt:12%,activity:0.35GBq",
    ),
    "bsa": (
        *("bsa", "--height", "165cm", "--weight", "60kg", "--liver-volume", "1500mL"),
        *("--tumor-volume", "150mL", *SHUNT),
    ),
}
_OPTION = re.compile(r"--accept (\"[^\"]+\"|\S+) --reason")


def planned(*words: object) -> dict[str, Any]:
    """A plan, past all that it asks; a limit that is not met is no reason to stop."""
    from click.testing import CliRunner

    from sirtdose.cli.main import main

    asked: list[str] = []
    for _ in range(9):
        result = CliRunner().invoke(main, ["plan", *map(str, words), *asked])
        more = _OPTION.findall(result.stderr)
        if result.exit_code == 0 or not more:
            break
        for option in more:
            asked += ["--accept", option.strip('"'), "--reason", "seen"]
    assert result.exit_code == 0, result.stderr
    found: dict[str, Any] = json.loads(result.stdout)
    return found


def said(warnings: list[dict[str, Any]]) -> set[tuple[str, ...]]:
    return {
        (one["severity"], one["code"], *sentences(one["message"], one["remedy"]))
        for one in warnings
        if one["severity"] in GRAVE
    }


def shown(page: Any) -> set[tuple[str, ...]]:
    """What is seen under what to worry about: severity, code, text and what to do."""
    found: list[list[str]] = page.evaluate(
        """() => [...document.querySelectorAll("#worries li .one")]
          .filter((one) => one.checkVisibility())
          .map((one) => [
            one.closest("li").className,
            one.closest("li").querySelector(".code").textContent,
            one.children[0].firstChild.textContent.trim(),
            (one.querySelector(".do") || { textContent: "" }).textContent,
          ])"""
    )
    return {tuple(one) for one in found}


@pytest.fixture(scope="module")
def folders(tmp_path_factory: pytest.TempPathFactory) -> Path:
    out = tmp_path_factory.mktemp("moved")
    for name, words in PLANS.items():
        planned(*words, "--out", out / name, "--json")
    return out


def crossings(page: Any, n: int) -> list[float]:
    """Where marks are that limits and checks have, for one injection."""
    marks, at, low, high = page.evaluate(
        """(n) => {
          const data = JSON.parse(document.getElementById("what-if-data").textContent);
          const { low, high } = data.injections[n];
          return [data.marks, data.injections.map((one) => one.gbq), low, high];
        }""",
        n,
    )
    found = []
    for mark in marks:
        if mark["k"][n] > 0 and mark["kind"] != "goal":
            pairs = zip(mark["k"], at, strict=True)
            others = sum(k * g for m, (k, g) in enumerate(pairs) if m != n)
            found.append((mark["gy"] - mark["c"] - others) / mark["k"][n])
    return [gbq for gbq in sorted(set(found)) if low < gbq < high]


def compare(page: Any, again: Callable[[], dict[str, Any]]) -> None:
    new = said(again()["warnings"])
    assert shown(page) == new
    count = (
        f"{len(new)} warning{'s' if len(new) > 1 else ''}." if new else "No warnings."
    )
    assert count in re.sub(r"\s+", " ", page.inner_text(".answer"))


@pytest.mark.parametrize("name", ["mird", "partition", "earlier", "two"])
def test_what_is_said_is_what_the_printed_command_says(
    page: Any, folders: Path, name: str
) -> None:
    page.goto((folders / name / "plan.html").as_uri())
    words = {frozenset(shown(page))}
    injections = 2 if name == "two" else 1
    # A dose to plan has six digits too, so that its activity is not quite the same.
    beyond = 1.0001 if name == "mird" else 1.00002
    for n in range(injections):
        near = crossings(page, n)
        assert near, "no limit is within reach"
        for gbq in near:
            for part in (0.9999, beyond):
                # Six digits, as the command has them.
                page.fill(f"#type-{n}", f"{gbq * part:.6g}")
                _, *typed = shlex.split(page.inner_text("#command"))
                compare(page, lambda typed=typed: planned(*typed[1:], "--json"))
                words.add(frozenset(shown(page)))
        page.locator("#banner button").click()
    assert len(words) > 3


def test_a_plan_by_surface_is_judged_at_another_activity(
    page: Any, folders: Path
) -> None:
    """No command plans it; the same volume of one compartment gets the same dose."""
    page.goto((folders / "bsa/plan.html").as_uri())
    for gbq in ("1.30", "1.66", "1.67", "2.2", "2.5"):
        page.fill("#type-0", gbq)
        dose = 49.67 * float(gbq) * 0.95 / 1.575
        new = planned(
            *("mird", "--dose", f"{dose}Gy", "--perfused-volume", "1500mL", *SHUNT),
            *("--liver-volume", "1500mL", "--device", "resin", "--json"),
        )
        found = {one[:2] for one in shown(page)}
        assert found == {one[:2] for one in said(new["warnings"])}


def test_a_plan_by_an_image_says_what_it_does_not_repeat(
    page: Any, exact_voxels: Path, tmp_path: Path
) -> None:
    words = ("image", exact_voxels, "--lung-shunt", "5%", "--density", "1.05g/mL")
    words += ("--limit", "normal=60Gy", "--method", "local", "--device", "resin")
    planned(*words, "--tumor-dose", "150Gy", "--out", tmp_path / "own", "--json")
    page.goto((tmp_path / "own" / "plan.html").as_uri())
    first = float(page.input_value("#type-0"))
    for part in (0.7, 1.5):
        gbq = f"{part * first:.3f}"
        page.fill("#type-0", gbq)
        new = planned(*words, "--activity", f"{gbq}GBq", "--json")
        assert {one[:2] for one in shown(page)} == {
            one[:2] for one in said(new["warnings"])
        }
        left_out = page.inner_text("#left-out")
        assert re.findall(r"H\d\d", left_out) == ["H14", "H22", "H28"]
    page.locator("#banner button").click()
    assert not page.is_visible("#left-out")


def test_earlier_treatments_stay_in_the_words(page: Any, folders: Path) -> None:
    page.goto((folders / "earlier/plan.html").as_uri())
    page.fill("#type-0", "2.00")
    rows = {
        row.locator("th").inner_text().strip(): row.inner_text()
        for row in page.locator("table.ladder tr:has(.lad)").all()
    }
    # 49.67 * 2 * 0.95 / 1.785 kg = 52.87 Gy, and 30 Gy before.
    assert "82.9 Gy with earlier treatments" in rows["Whole liver"]
    assert "met by 67 Gy" in rows["Whole liver"]
    assert "over all sessions" in rows["Lungs"]
    full = page.locator("table.full tbody tr").all()
    [cells] = [
        row.locator("td").all_inner_texts()
        for row in full
        if row.locator("th").inner_text().strip() == "Whole liver"
    ]
    # mL, kg, GBq, and the doses of this session and with 30 Gy before.
    assert [one.strip() for one in cells[:5]] == [
        *("1700", "1.785", "1.900", "52.9", "82.87")
    ]


def test_numbers_are_written_as_the_program_writes_them(
    page: Any, folders: Path
) -> None:
    page.goto((folders / "mird/plan.html").as_uri())
    values = [0.5, 1.5, 2.5, 0.125, 12345.0, 99995.0, 1e-5, 0.00012345, 9.9995, 0.1]
    values += [1234567.0, 0.045, 30.0, 2.0625, 99.95, 1e5, 73.0, 0.375]
    for form in (".4g", ".3g", "g", ".0f", ".1f", ".1%", "+.1%", ".0%"):
        told = page.evaluate(
            "([values, form]) => values.map((one) => numbers.written(one, form))",
            [values, form],
        )
        assert told == [format(one, form) for one in values]
