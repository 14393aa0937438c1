"""Vials of a plan, each injection its own: ordered, measured (H03, H04, H05, H42)."""

import csv
import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from click.testing import Result

from tests.cli.plan.test_pages import visible

Run = Callable[..., Result]
AT = "2026-03-04T10:00+01:00"
# 64 h and 4 min before: half is left, 2.4995 GBq of 5.
SUNDAY = "2026-03-01T12:00-05:00"
RIGHT = "right=perfused:900mL,tumor:T1=100mL@3,activity:2.5GBq"
LEFT = "left=perfused:500mL,tumor:T2=40mL@5,activity:0.75GBq"


@pytest.fixture
def plan(run: Run, tmp_path: Path) -> Callable[..., Path]:
    def make(device: str = "glass", *injections: str, more: tuple = ()) -> Path:
        words = ["plan", "partition", "--device", device, "--out", tmp_path / "plan"]
        words += more or ("--lung-shunt", "0%")
        for injection in injections or (RIGHT, LEFT):
            words += ["--injection", injection]
        words += ["--accept", "H07", "--reason", "x", "--force"]
        result = run(*words)
        assert result.exit_code == 0, result.stderr
        return tmp_path / "plan" / "plan.json"

    return make


def injections_of(result: Result) -> dict[str, dict[str, Any]]:
    assert result.exit_code == 0, result.stderr
    return {one["name"]: one for one in json.loads(result.stdout)["injections"]}


def test_every_injection_has_its_vials_and_doses(
    run: Run, plan: Callable[..., Path]
) -> None:
    """T1: 306.4 x 0.9998 Gy with 2.4995 of 2.5 GBq; at its own time the left."""
    path = plan("glass", more=("--lung-shunt", "5%", "--residual", "2%"))
    words = ("plan", "vial", "--plan", path, "--at", f"Right={AT}", "--json")
    result = run(*words, "--at", "left=2026-03-04T14:00+01:00", "-v")
    found = injections_of(result)
    # Drawn: 2.5 / 0.98.
    assert found["right"]["activity_gbq"] == pytest.approx(2.5 / 0.98)
    assert found["left"]["at"] == "2026-03-04T14:00+01:00"
    [five] = [
        one
        for one in found["right"]["choices"]
        if (own := one["vials"][0])["calibration_gbq"] == 5
        and own["calibrated_at"] == SUNDAY
    ]
    hours = 64 + 0 / 60
    at_use = 5 * 2 ** (-hours / 64.05)
    assert five["at_use_gbq"] == pytest.approx(at_use)
    assert five["injected_gbq"] == pytest.approx(0.98 * at_use)
    assert five["vials"][0]["residual_gbq"] == pytest.approx(0.02 * at_use)
    planned = {
        one["name"]: one["dose_gy"]
        for one in json.loads(path.read_text())["compartments"]
    }
    doses = {one["name"]: one["dose_gy"] for one in five["doses"]}
    part = 0.98 * at_use / 2.5
    assert doses["T1"] == pytest.approx(part * planned["T1"])
    assert doses["Normal perfused liver of right"] == pytest.approx(
        part * planned["normal perfused of right"]
    )
    # Lungs of 1 kg: 5 % of this vial and of the left, as planned.
    lungs = 49.67 * 0.05 * (0.98 * at_use + 0.75)
    assert doses["Lungs"] == pytest.approx(lungs)
    assert "T2" not in doses
    assert "NOTE H04  the plan is a draft" in result.stderr


@pytest.mark.parametrize(
    ("orders", "exit_code", "messages"),
    [
        ((f"RIGHT=5GBq@{SUNDAY}", "left =0.75GBq"), 0, ["NOTE H03  'right'"]),
        # The form of the first, unchanged, for the second: ENS 46567.
        (
            (f"right=5GBq@{SUNDAY}", f"left=5GBq@{SUNDAY}"),
            3,
            ["'left' is ordered with 2.50", "5.00", "are ordered in total"],
        ),
        ((f"right=5GBq@{SUNDAY}", "left=0.85GBq"), 3, ["--accept H03"]),
        # 0.75 GBq is 20.27 mCi.
        (("right=2.5GBq", "left=20.27GBq"), 3, ["GBq and mCi mixed up"]),
        (("right=2.5GBq",), 0, ["WARN H04  no activity is ordered for left"]),
        (("up=2.5GBq",), 3, ["is not an injection of the plan"]),
        (("2.5GBq",), 2, ["write it like right=ACTIVITY@TIME"]),
        (("right=2.5",), 2, ["has no unit"]),
        (("right=2.5GBq@2026-03-01T12:00",), 2, ["no offset from UTC"]),
        # 3 GBq and 2 GBq of Sunday, half a half-life each: their sum is judged.
        (
            (f"right=3GBq@{SUNDAY}", f"right=3GBq@{SUNDAY}", "left=0.75GBq"),
            3,
            ["'right' is ordered with 3.002 GBq at use, +20.1%"],
        ),
        (("right=2.5GBq", f"left=2GBq@{SUNDAY}"), 3, ["2 GBq is not a size of glass"]),
        (
            ("right=2.5GBq", "left=3GBq@2026-03-02T12:00-05:00"),
            3,
            ["are not calibrated at 2026-03-02T12:00-05:00"],
        ),
        (
            ("right=2.5GBq", "left=20GBq@2026-02-15T12:00-05:00"),
            3,
            ["beyond the shelf life of 288 h (12 days, glass package insert"],
        ),
        (
            ("right=3GBq@2026-03-08T12:00-04:00", "left=0.75GBq"),
            3,
            ["the vial is calibrated 103.0 h after its use and cannot be had"],
        ),
        (("right,left=3GBq@2026-02-22", "left=0.75GBq"), 3, ["are given whole"]),
    ],
)
def test_orders_against_the_plan(
    run: Run,
    plan: Callable[..., Path],
    orders: tuple[str, ...],
    exit_code: int,
    messages: list[str],
) -> None:
    words = ["plan", "vial", "--plan", plan(), "--at", AT, "-v"]
    for order in orders:
        words += ["--choose", order]
    result = run(*words)
    assert result.exit_code == exit_code, result.stderr
    for message in messages:
        assert message in result.stderr


def test_a_vial_of_other_microspheres_is_asked_about(
    run: Run, plan: Callable[..., Path]
) -> None:
    path = plan("resin", RIGHT.replace("2.5GBq", "1.5GBq"))
    words = ("plan", "vial", "--plan", path, "--at", AT)
    result = run(*words, "--choose", "right=5GBq@2026-03-04T18:00+01:00")
    assert result.exit_code == 3
    assert "5 GBq is not a size of resin microspheres" in result.stderr
    assert "is it a vial of glass?" in result.stderr


def test_one_activity_twice_is_warned_of(run: Run, plan: Callable[..., Path]) -> None:
    same = plan(
        "glass",
        "right=perfused:900mL,activity:1.5GBq",
        "left=perfused:800mL,activity:1.5GBq",
    )
    words = ("plan", "vial", "--plan", same, "--at", AT)
    result = run(*words, "--choose", "right=1.5GBq", "--choose", "left=1.5GBq")
    assert result.exit_code == 0, result.stderr
    assert "WARN H04  'right' and 'left' are ordered with the same" in result.stderr


def test_a_resin_vial_may_hold_more_than_is_drawn(
    run: Run, plan: Callable[..., Path]
) -> None:
    one = plan("resin", RIGHT.replace("2.5GBq", "1.3GBq"))
    words = ("plan", "vial", "--plan", one, "--at", AT)
    more = run(*words, "--choose", "right=3GBq")
    assert more.exit_code == 0, more.stderr
    less = run(*words, "--choose", "right=1GBq")
    assert less.exit_code == 3
    assert "H03" in less.stderr


def test_one_resin_vial_for_two_injections_at_two_times(
    run: Run, plan: Callable[..., Path], tmp_path: Path
) -> None:
    """3 GBq of 18:00 at 10:00: 3 x 2 ** (8 / 64.05) = 3.271; at 14:00 3.133.

    1.5 / 3.271 + 1.25 / 3.133 = 0.459 + 0.399 of the vial.
    """
    path = plan(
        "resin", RIGHT.replace("2.5GBq", "1.5GBq"), LEFT.replace("0.75GBq", "1.25GBq")
    )
    words = ("plan", "vial", "--plan", path, "--at", "right=2026-03-04T10:00+01:00")
    words += ("--at", "left=2026-03-04T14:00+01:00")
    found = json.loads(run(*words, "--json").stdout)["shared"]
    of = {own["vials"][0]["calibrated_at"]: own for own in found}
    one = of["2026-03-04T18:00+01:00"]
    assert one["at_use_gbq"] == pytest.approx(
        {"right": 3.2714, "left": 3.1328}, abs=1e-4
    )
    assert one["parts"] == pytest.approx({"right": 0.4585, "left": 0.3990}, abs=1e-4)
    assert one["fits"] is True
    # The vial of the day before, 16 and 20 h old, holds 2.52: 0.594 + 0.517 of it.
    old = of["2026-03-03T18:00+01:00"]
    assert (sum(old["parts"].values()), old["fits"]) == (
        pytest.approx(1.1118, abs=1e-4),
        False,
    )
    shared = "right,left=3GBq@2026-03-0{}T18:00+01:00"
    order = run(*words, "--choose", shared.format(4), "--out", tmp_path / "o", "-v")
    assert order.exit_code == 0, order.stderr
    # Against the sum that it serves: 1.5 + 1.25 x 2 ** (4 / 64.05) = 2.8053 at 10:00.
    said = (
        "'right and left' is ordered with 3.271 GBq at use, +16.6% from the 2.805 GBq"
    )
    assert f"NOTE H03  {said} to draw up" in order.stderr
    assert order.stderr.count("is ordered with") == 1
    [line] = json.loads((tmp_path / "o" / "order.json").read_text())["lines"]
    assert (line["vials"], line["injections"]) == (1, ["right", "left"])
    assert line["part_to_draw"] == pytest.approx(0.8575, abs=1e-4)
    assert line["delivery"] == "2026-03-04"
    own = line["draw_by_injection"]
    assert sum(own.values()) == pytest.approx(line["part_to_draw"])
    assert own == pytest.approx({"right": 0.4585, "left": 0.3990}, abs=1e-4)
    text = visible((tmp_path / "o" / "order.html").read_text("utf-8"))
    each = ", ".join(f"{name} {100 * part:.0f} %" for name, part in own.items())
    assert each in text
    assert f"shared with left draw {100 * own['right']:.0f} % of it" in text
    assert "+2" not in text.partition("Against the plan")[2].partition("Y-90")[0]
    refused = run(*words, "--choose", shared.format(3))
    assert refused.exit_code == 3
    assert "does not suffice for all that is drawn from it" in refused.stderr


def test_an_order_past_a_limit_is_not_written(
    run: Run, plan: Callable[..., Path], tmp_path: Path
) -> None:
    """49.67 x 0.18 x (2.5 + 0.75) = 29.06 Gy; with 2.7 GBq for the right 30.8 Gy."""
    path = plan("glass", more=("--lung-shunt", "18%", "--limit", "lungs=30Gy"))
    words = ["plan", "vial", "--plan", path, "--at", AT, "--out", tmp_path / "o"]
    words += ["--choose", "left=0.75GBq", "--choose", "right=2.7GBq"]
    asked = run(*words)
    assert asked.exit_code == 4
    assert (
        "with the vials as ordered, lungs: 30.85 Gy is above the limit" in asked.stderr
    )
    assert "No order form is written" in asked.stderr
    assert not (tmp_path / "o" / "order.json").exists()
    accept = ("--accept", "H42:Lungs", "--reason", "agreed")
    accepted = run(*words, *accept, "--force")
    assert accepted.exit_code == 0, accepted.stderr
    assert (tmp_path / "o" / "order.html").exists()


@pytest.mark.parametrize(
    ("options", "exit_code", "message"),
    [
        (("--injection", "up"), 3, "is not an injection of the plan"),
        (("--injection", "right", "--device", "resin"), 3, "is for glass, not for"),
        (("--injection", "right", "--activity", "1GBq"), 2, "are both given"),
        (("--assay", "1GBq", "--assay-at", AT), 2, "--measured right=ACTIVITY@TIME"),
        (("--vials-per-injection", "3"), 2, "1<=x<=2"),
    ],
)
def test_plans_refused(
    run: Run,
    plan: Callable[..., Path],
    options: tuple[str, ...],
    exit_code: int,
    message: str,
) -> None:
    result = run("plan", "vial", "--plan", plan(), "--at", AT, *options)
    assert (result.exit_code, result.stdout) == (exit_code, "")
    assert message in " ".join(result.stderr.split())


@pytest.mark.parametrize(
    ("times", "message"),
    [
        ((f"right={AT}",), "no time for left: give --at left=TIME"),
        ((f"right={AT}", f"right={AT}"), "'right' is given twice"),
        ((f"right={AT}", f"up={AT}"), "'up' is not an injection"),
    ],
)
def test_times_refused(
    run: Run, plan: Callable[..., Path], times: tuple[str, ...], message: str
) -> None:
    words = ["plan", "vial", "--plan", plan()]
    for one in times:
        words += ["--at", one]
    result = run(*words)
    assert result.exit_code in (2, 3)
    assert message in " ".join(result.stderr.split())


def test_an_edited_plan_orders_nothing(run: Run, plan: Callable[..., Path]) -> None:
    path = plan()
    path.write_text(
        path.read_text().replace('"activity_gbq": 2.5', '"activity_gbq": 9')
    )
    result = run("plan", "vial", "--plan", path, "--injection", "right", "--at", AT)
    assert result.exit_code == 3
    assert "does not fit its hash" in result.stderr


@pytest.mark.parametrize(
    ("at", "more", "says"),
    [
        ("2026-12-03T23:30-05:00", (), ""),
        (
            "2026-12-04T10:00-05:00",
            (),
            "the plan is for Dec 3, 2026, but the vial is for Dec 4, 2026: correct "
            "--at, or plan again",
        ),
        ("2026-12-04T10:00-05:00", ("--treatment-date", "2026-12-04"), ""),
        (
            "2026-12-03T10:00-05:00",
            ("--treatment-date", "2026-12-05"),
            "--treatment-date is Dec 5, 2026, but the vial is for Dec 3, 2026",
        ),
    ],
)
def test_a_vial_for_another_day_than_the_plan_is_asked_about(
    run: Run, tmp_path: Path, at: str, more: tuple[str, ...], says: str
) -> None:
    words = ("plan", "mird", "--device", "glass", "--dose", "120Gy", "--lung-shunt")
    words += ("5%", "--perfused-volume", "1L", "--treatment-date", "2026-12-03")
    assert run(*words, "--out", tmp_path).exit_code == 0
    vial = ("plan", "vial", "--plan", tmp_path / "plan.json", "--at", at, *more)
    result = run(*vial)
    assert result.exit_code == (3 if says else 0), result.stderr
    assert says in result.stderr
    accepted = run(*vial, "--accept", "H09", "--reason", "moved by a day")
    assert accepted.exit_code == 0


@pytest.fixture
def written(run: Run, plan: Callable[..., Path], tmp_path: Path) -> Path:
    """The order of two injections: two vials for the right, one for the left."""
    more = ("--lung-shunt", "5%", "--case-label", "Case 7")
    path = plan("glass", RIGHT.replace("2.5GBq", "3GBq"), LEFT, more=more)
    words = ["plan", "vial", "--plan", path, "--at", AT, "--out", tmp_path / "o"]
    words += ["--choose", "right=3GBq@2026-03-01", "--choose", "right=3GBq@2026-03-01"]
    result = run(*words, "--choose", "left=9.5GBq@2026-02-22")
    assert result.exit_code == 0, result.stderr
    assert "WARN H04  the plan is a draft" in result.stderr
    assert (
        "Ordered for right: 3 GBq calibrated Mar 1 12:00 UTC-05:00 and 3 GBq"
        in result.stderr
    )
    return tmp_path / "o"


def test_an_order_is_written(written: Path) -> None:
    """6 GBq of Sunday are 3.0016 GBq after 64 h; 9.5 GBq 0.773 after 232 h."""
    document = json.loads((written / "order.json").read_text("utf-8"))
    right, left = document["lines"]
    assert (right["vials"], right["calibration_gbq"], right["size"]) == (
        *(2, 3.0, "standard"),
    )
    assert (left["vials"], left["calibration_gbq"], left["size"]) == (1, 9.5, "custom")
    assert right["calibrated_at"] == SUNDAY
    assert right["calibration_zone"] == "America/New_York"
    assert left["at_use_gbq"] == pytest.approx(9.5 * 2 ** (-232 / 64.05))
    sums = {one["name"]: one["ordered_at_use_gbq"] for one in document["injections"]}
    assert sums["right"] == pytest.approx(6 * 2 ** (-64 / 64.05))
    plan = json.loads((written.parent / "plan" / "plan.json").read_text())
    assert document["plan"] == {"hash": plan["hash"], "status": "draft"}
    with (written / "order.csv").open(newline="") as stream:
        rows = list(csv.DictReader(stream))
    assert [(one["injection"], one["vials"]) for one in rows] == [
        *(("right", "2"), ("left", "1")),
    ]
    assert rows[0]["calibrated_at"] == SUNDAY
    assert rows[0]["plan_hash"] == plan["hash"]
    assert rows[0]["treatment_at"] == AT


def test_the_order_form_says_what_is_ordered(run: Run, written: Path) -> None:
    page = (written / "order.html").read_text("utf-8")
    text = visible(page)
    assert "2 vials of glass microspheres, 3 GBq ( 81.1 mCi )" in text
    assert "1 vial of glass microspheres, 9.5 GBq" in text
    assert "Mar 1, 2026, 12:00 UTC-05:00 (America/New_York)" in text
    assert "Case 7" in text
    assert "Plan not approved" in text
    for signer in ("Ordered by, date", "Physicist, date", "Second check, date"):
        assert signer in text
    assert 'counter(page) " of " counter(pages)' in page
    again = run("report", written / "order.json", "--out", written / "again")
    assert again.exit_code == 0, again.stderr
    hidden = run(
        *("report", written / "order.json", "--deidentify", "--out", written / "hid")
    )
    assert hidden.exit_code == 0, hidden.stderr
    blank = (written / "hid" / "order.html").read_text("utf-8")
    assert "Case 7" not in blank
    assert "2026" not in visible(blank)


def test_vials_of_a_page(written: Path) -> None:
    text = visible((written / "vial.html").read_text("utf-8"))
    assert "Vials for right" in text
    assert "Vials for left" in text
    assert "Not verified: custom sizes" in text
    assert "Ordered for left: 9.5 GBq calibrated Feb 22 12:00" in text
    # 10 GBq of the Sunday before, for the left: 0.812 GBq, 8.3 % too much.
    assert "10 Feb 22 12:00, week 2 0.81 +8.3 % 4.00 203" in text


def test_measured_vials_are_judged_together(
    run: Run, plan: Callable[..., Path], tmp_path: Path
) -> None:
    """Lungs of 1 kg, shunt 18 %: 49.67 x 0.18 x 3.25 = 29.06 Gy; 4 % more, 30.2."""
    limited = ("--lung-shunt", "18%", "--residual", "1%", "--limit", "lungs=30Gy")
    path = plan("glass", more=limited)
    words = ["plan", "vial", "--plan", path, "--at", AT, "--out", tmp_path / "o"]
    # Two vials of the right at 10:00, one reading 4 h early: x 0.9576.
    words += ["--measured", f"right=1.6GBq@{AT}"]
    words += ["--measured", "right=1.105GBq@2026-03-04T06:00+01:00"]
    one = [*words, "--measured", f"left=0.7575GBq@{AT}", "--json", "--force"]
    asked = run(*one)
    assert asked.exit_code == 4
    assert "lungs: 30.23 Gy is above the limit of 30 Gy" in asked.stderr
    assert '--accept "H42:lungs"' in asked.stderr
    accepted = run(
        *one, "--accept", "H42:Lungs", "--reason", "agreed with the physician"
    )
    found = injections_of(accepted)
    at_use = 1.6 + 1.105 * 2 ** (-4 / 64.05)
    own = found["right"]["measured"]
    assert own["at_use_gbq"] == pytest.approx(at_use)
    assert own["to_wanted_ratio"] == pytest.approx(at_use * 0.99 / 2.5)
    doses = {row["name"]: row for row in json.loads(accepted.stdout)["measured_doses"]}
    lungs = 49.67 * 0.18 * 0.99 * (at_use + 0.7575)
    assert doses["Lungs"]["dose_gy"] == pytest.approx(lungs)
    assert {one["limit_gy"] for one in doses["Lungs"]["not_met"]} == {30}
    text = visible((tmp_path / "o" / "vial.html").read_text("utf-8"))
    assert "Today's vial against the plan" in text
    assert "NOT MET: 30.2 Gy, above 30 Gy" in text


def test_measured_against_the_order(run: Run, plan: Callable[..., Path]) -> None:
    """2.5 GBq wanted, 2.5 GBq ordered, 2.8 GBq measured: 12 % over both."""
    words = ("plan", "vial", "--plan", plan("glass", RIGHT), "--at", AT, "--json")
    words += ("--choose", f"5GBq@{SUNDAY}", "--measured", f"2.8GBq@{AT}")
    asked = run(*words)
    assert asked.exit_code == 3
    assert "+11.9% from the 2.501 GBq ordered: over 10 %" in asked.stderr
    accepted = run(*words, "--accept", "H03", "--reason", "agreed")
    own = injections_of(accepted)["right"]["measured"]
    assert own["to_ordered_ratio"] == pytest.approx(2.8 / (5 * 2 ** (-64 / 64.05)))


def test_vials_of_a_plan_by_an_image(
    run: Run, exact_voxels: Path, tmp_path: Path
) -> None:
    """Half of the activity planned is half of every dose, with the image's names."""
    words = ("plan", "image", exact_voxels, "--activity", "2GBq", "--lung-shunt", "5%")
    words += ("--device", "glass", "--density", "1.05g/mL", "--method", "local")
    made = run(*words, "--out", tmp_path / "plan")
    assert made.exit_code in (0, 4), made.stderr
    path = tmp_path / "plan" / "plan.json"
    vial = ("plan", "vial", "--plan", path, "--at", AT, "--vial", "2GBq", "--json")
    # One half-life, 64 h 3 min, before.
    result = run(*vial, "--calibrated-at", "2026-03-01T17:57+01:00", "-v")
    assert result.exit_code == 3
    assert "-50.0% from the 2 GBq wanted" in result.stderr
    result = run(*vial, "--choose", "1GBq@2026-03-04T10:00+01:00")
    assert result.exit_code == 3
    today = run(*vial, "--measured", f"1.9GBq@{AT}")
    assert today.exit_code == 0, today.stderr
    doses = {
        one["name"]: one["dose_gy"]
        for one in json.loads(today.stdout)["measured_doses"]
    }
    # In the words of the plan's page, which repeats the same checks.
    left = "H14 (counts outside the perfused volumes), H22 (lung dose by the image), "
    left = f"Not repeated here: {left}H28 (hot spots)"
    assert left in today.stderr
    assert left in visible((path.parent / "plan.html").read_text("utf-8"))
    shown = run(*vial, "--measured", f"1.9GBq@{AT}", "--out", tmp_path / "vial")
    assert shown.exit_code == 0, shown.stderr
    assert left in visible((tmp_path / "vial" / "vial.html").read_text("utf-8"))
    planned = json.loads(path.read_text())
    tumors = [one for one in planned["compartments"] if one["role"] == "tumor"]
    assert tumors
    for one in tumors:
        assert doses[one["name"]] == pytest.approx(0.95 * one["dose_gy"])
    assert doses["Lungs"] == pytest.approx(0.95 * planned["lungs"]["dose_gy"])
