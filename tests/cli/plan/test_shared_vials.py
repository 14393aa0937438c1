"""Two resin vials for several injections of a large session, by hand.

3 GBq of 18:00 are 3 x 2 ** (8 / 64.05) = 3.27130 GBq at 10:00 and 3 x 2 ** (4 / 64.05)
= 3.13272 at 14:00. 3.6 and 1.35 GBq injected are 4 and 1.5 GBq drawn with a residual
of 10 %: 4 / 6.54260 = 0.61138 and 1.5 / 6.26543 = 0.23941 of each of two vials.
"""

import csv
import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from click.testing import Result

from tests.cli.plan.test_pages import visible

Run = Callable[..., Result]
TODAY = "2026-03-04T18:00+01:00"
YESTERDAY = "2026-03-03T18:00+01:00"
TIMES = (
    *("--at", "right=2026-03-04T10:00+01:00", "--at", "left=2026-03-04T14:00+01:00"),
)
BOTH = ("--choose", f"right,left=3GBq@{TODAY}")
PARTS = {"right": 0.61138, "left": 0.23941}


@pytest.fixture
def vial(run: Run, tmp_path: Path) -> tuple[object, ...]:
    words = ["plan", "partition", "--device", "resin", "--lung-shunt", "0%"]
    words += ["--injection", "right=perfused:2500mL,activity:3.6GBq"]
    words += ["--injection", "left=perfused:900mL,activity:1.35GBq"]
    made = run(*words, "--residual", "10%", "--out", tmp_path / "plan")
    assert made.exit_code == 0, made.stderr
    return ("plan", "vial", "--plan", tmp_path / "plan" / "plan.json", *TIMES)


def document(result: Result) -> dict[str, Any]:
    assert result.exit_code == 0, result.stderr
    found: dict[str, Any] = json.loads(result.stdout)
    return found


def near(values: dict[str, float]) -> Any:
    return pytest.approx(values, abs=2e-5)


def test_pairs_are_offered_where_two_are_asked_for(
    run: Run, vial: tuple[object, ...], tmp_path: Path
) -> None:
    # Vials of a later calibration, which hold more, suffice alone.
    plain = document(run(*vial, "--json"))["shared"]
    assert {len(one["vials"]) for one in plain} == {1}
    two = ("--vials-per-injection", "2")
    result = run(*vial, *two, "--json", "--out", tmp_path / "o")
    shared = document(result)["shared"]
    days = [tuple(own["calibrated_at"] for own in one["vials"]) for one in shared]
    [pair] = [shared[n] for n, one in enumerate(days) if one == (TODAY, TODAY)]
    assert pair["at_use_gbq"] == near({"right": 6.54260, "left": 6.26543})
    assert (pair["parts"], pair["fits"]) == (near(PARTS), True)
    for own in pair["vials"]:
        assert own["drawn_gbq"] == near({"right": 2.0, "left": 0.75})
        assert own["residual_gbq"] == near({"right": 0.2, "left": 0.075})
    assert all(one["fits"] for one in shared if len(one["vials"]) == 2)
    # One of today alone would have to be drawn 1.7 times.
    [alone] = [shared[n] for n, one in enumerate(days) if one == (TODAY,)]
    assert (sum(alone["parts"].values()), alone["fits"]) == (
        pytest.approx(2 * 0.85079, abs=2e-5),
        False,
    )
    # One hospital has one time of calibration.
    assert all(len({when[10:] for when in one}) == 1 for one in days)
    row = "3 GBq, Mar 4 18:00, delivered Mar 4 + 3 GBq, Mar 4 18:00, delivered Mar 4"
    [line] = [one for one in result.stderr.splitlines() if one.startswith(row)]
    assert line.removeprefix(row).split() == ["61%", "24%", "85%", "*"]
    text = visible((tmp_path / "o" / "vial.html").read_text("utf-8"))
    assert "3 + 3 Mar 4 18:00, delivered Mar 4 61 % 24 % 85 % fits" in text


def test_two_vials_are_ordered_for_both(
    run: Run, vial: tuple[object, ...], tmp_path: Path
) -> None:
    """Held at 10:00: 6.5426 GBq; wanted then: 4 + 1.5 x 1.04424 = 5.5664, +17.5 %."""
    result = run(*vial, *BOTH, *BOTH, "-v", "--out", tmp_path / "o")
    assert result.exit_code == 0, result.stderr
    said = (
        "'right and left' is ordered with 6.543 GBq at use, +17.5% from the 5.566 GBq"
    )
    assert f"NOTE H03  {said}" in result.stderr
    assert "+63" not in result.stderr
    assert "(shared with left); 6.543 GBq at use (draw 61 % of each)" in result.stderr
    order = json.loads((tmp_path / "o" / "order.json").read_text())
    [line] = order["lines"]
    assert (line["vials"], line["injections"]) == (2, ["right", "left"])
    assert line["at_use_gbq"] == pytest.approx(3.27130, abs=2e-5)
    assert line["draw_by_injection"] == near(PARTS)
    assert line["part_to_draw"] == pytest.approx(0.85079, abs=2e-5)
    assert line["drawn_gbq"] == near({"right": 2.0, "left": 0.75})
    assert line["residual_gbq"] == near({"right": 0.2, "left": 0.075})
    text = visible((tmp_path / "o" / "order.html").read_text("utf-8"))
    assert "2 vials of resin microspheres, 3 GBq" in text
    assert "shared with left draw 61 % of each" in text
    for number in (1, 2):
        start = (
            f"{number}: 3 GBq right Mar 4, 2026, 10:00 UTC+01:00 61 % 2.00 54.1 0.20"
        )
        assert start in text
    with (tmp_path / "o" / "order.csv").open(newline="") as stream:
        [row] = csv.DictReader(stream)
    assert (row["vials"], row["draw_by_injection"]) == ("2", "right 61 %, left 24 %")


def test_one_vial_of_two_days_or_three_are_judged_together(
    run: Run, vial: tuple[object, ...]
) -> None:
    """Yesterday's hold 2.5230 at 10:00: 5.0461 of two are 9.3 % less than 5.5664."""
    refused = run(*vial, *BOTH)
    assert refused.exit_code == 3
    said = " ".join(refused.stderr.split())
    assert "one vial does not suffice for all that is drawn from it: right 122%" in said
    old = ("--choose", f"right,left=3GBq@{YESTERDAY}")
    refused = run(*vial, *old, *old)
    assert refused.exit_code == 3
    said = " ".join(refused.stderr.split())
    # 4 / 5.04606 and 1.5 / 4.83229.
    assert (
        "2 vials do not suffice for all that is drawn from them: right 79%, left 31% "
        "of each, together 110%" in said
    )
    mixed = run(*vial, *old, *BOTH, "--json")
    names = {one["name"]: one["ordered"] for one in document(mixed)["injections"]}
    # 4 / (2.52303 + 3.27130), of each.
    assert [one["part_to_draw"] for one in names["right"]["vials"]] == pytest.approx(
        [0.69033] * 2, abs=2e-5
    )


def test_an_injection_draws_from_its_own_vial_first(
    run: Run, vial: tuple[object, ...]
) -> None:
    """4 - 3.27130 = 0.72870 of the shared one: 22.3 %; left 1.5 of 3.13272: 47.9 %."""
    own = ("--choose", f"right=3GBq@{TODAY}")
    found = document(run(*vial, *own, *BOTH, "--json"))
    right, left = (one["ordered"]["vials"] for one in found["injections"])
    assert [one["part_to_draw"] for one in right] == pytest.approx(
        [1.0, 0.22276], abs=2e-5
    )
    assert [one["part_to_draw"] for one in left] == pytest.approx([0.47882], abs=2e-5)
    [said] = [one for one in found["warnings"] if "is ordered with" in one["message"]]
    assert "'right and left' is ordered with 6.543 GBq" in said["message"]


def test_parts_of_two_vials_are_measured_for_each(
    run: Run, vial: tuple[object, ...]
) -> None:
    """2 GBq of each vial for the right, the second 2 h early: 2.04376 decay to 2."""
    words = ["--measured", "right=2GBq@2026-03-04T10:00+01:00"]
    words += ["--measured", "right=2.04376GBq@2026-03-04T08:00+01:00"]
    words += ["--measured", "left=0.75GBq@2026-03-04T14:00+01:00"] * 2
    found = document(run(*vial, *BOTH, *BOTH, *words, "--json"))
    for one, wanted, injected in zip(
        found["injections"], (4.0, 1.5), (3.6, 1.35), strict=True
    ):
        own = one["measured"]
        assert len(own["readings"]) == 2
        assert own["at_use_gbq"] == pytest.approx(wanted, rel=1e-5)
        assert own["injected_gbq"] == pytest.approx(injected, rel=1e-5)
        assert own["to_ordered_ratio"] is None
    refused = run(*vial, "--measured", "right,left=5.5GBq@2026-03-04T10:00+01:00")
    assert refused.exit_code == 2
    assert "measure the part drawn for each" in " ".join(refused.stderr.split())
