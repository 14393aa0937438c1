"""Vials and orders of a plan: each injection its own (H03, H04, H05)."""

import json
from collections.abc import Callable
from datetime import datetime
from pathlib import Path

import pytest
from click.testing import Result

Run = Callable[..., Result]
AT = "2026-03-04T10:00+01:00"
# 64 h and 4 min before: half is left, 2.4995 GBq of 5.
SUNDAY = "2026-03-01T12:00-05:00"


@pytest.fixture
def plan(run: Run, tmp_path: Path) -> Callable[..., Path]:
    def make(device: str = "glass", *injections: str) -> Path:
        words = ["plan", "partition", "--device", device, "--out", tmp_path / "plan"]
        words += ["--lung-shunt", "0%"]
        chosen = injections or (
            "right=perfused:900mL,tumor:T1=100mL@3,activity:2.5GBq",
            "left=perfused:500mL,tumor:T2=40mL@5,activity:0.75GBq",
        )
        for injection in chosen:
            words += ["--injection", injection]
        words += ["--accept", "H07", "--reason", "x", "--force"]
        result = run(*words)
        assert result.exit_code == 0, result.stderr
        return tmp_path / "plan" / "plan.json"

    return make


def test_the_vial_of_an_injection(run: Run, plan: Callable[..., Path]) -> None:
    path = plan()
    words = ("plan", "vial", "--plan", path, "--at", AT, "--calibrated-at", SUNDAY)
    result = run(*words, "--injection", " Right", "--json", "-v")
    assert result.exit_code == 0, result.stderr
    document = json.loads(result.stdout)
    assert document["activity_gbq"] == pytest.approx(2.5)
    assert document["plan"]["injection"] == "right"
    assert document["plan"]["hash"] == json.loads(path.read_text())["hash"]
    [five] = [one for one in document["vials"] if one["calibration_gbq"] == 5]
    # One half-life after its calibration.
    held = datetime.fromisoformat(five["holds_it_at"])
    waits = (held - datetime.fromisoformat(SUNDAY)).total_seconds() / 3600
    assert waits == pytest.approx(64.05, abs=1 / 60)
    assert "NOTE H04  the plan is draft" in result.stderr


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
        (("right=2.5",), 2, ["has no unit"]),
        (("right=2.5GBq@2026-03-01T12:00",), 2, ["no offset from UTC"]),
    ],
)
def test_orders_against_the_plan(
    run: Run,
    plan: Callable[..., Path],
    orders: tuple[str, ...],
    exit_code: int,
    messages: list[str],
) -> None:
    words = ["plan", "vial", "--plan", plan(), "--injection", "right", "--at", AT]
    words.append("-v")
    for order in orders:
        words += ["--order", order]
    result = run(*words)
    assert result.exit_code == exit_code, result.stderr
    for message in messages:
        assert message in result.stderr


def test_one_activity_twice_is_warned_of(run: Run, plan: Callable[..., Path]) -> None:
    same = plan(
        "glass",
        "right=perfused:900mL,activity:1.5GBq",
        "left=perfused:800mL,activity:1.5GBq",
    )
    words = ("plan", "vial", "--plan", same, "--injection", "right", "--at", AT)
    result = run(*words, "--order", "right=1.5GBq", "--order", "left=1.5GBq")
    assert result.exit_code == 0, result.stderr
    assert "WARN H04  'right' and 'left' are ordered with the same" in result.stderr


def test_a_resin_vial_may_hold_more_than_is_drawn(
    run: Run, plan: Callable[..., Path]
) -> None:
    one = plan("resin", "right=perfused:900mL,tumor:T1=100mL@3,activity:1.3GBq")
    words = ("plan", "vial", "--plan", one, "--at", AT)
    more = run(*words, "--order", "right=3GBq")
    assert more.exit_code == 0, more.stderr
    less = run(*words, "--order", "right=1GBq")
    assert less.exit_code == 3
    assert "H03" in less.stderr


@pytest.mark.parametrize(
    ("options", "exit_code", "message"),
    [
        ((), 3, "choose one with --injection right or left"),
        (("--injection", "up"), 3, "is not an injection of the plan"),
        (("--injection", "right", "--device", "resin"), 3, "is for glass, not for"),
        (("--injection", "right", "--activity", "1GBq"), 2, "or --plan"),
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
    assert message in result.stderr


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


def test_what_was_ordered_is_shown(
    run: Run, plan: Callable[..., Path], tmp_path: Path
) -> None:
    """5 GBq hold 2.5014 GBq 64 h later: 2.5 GBq are wanted."""
    words = ("plan", "vial", "--plan", plan(), "--injection", "right", "--at", AT)
    orders = ("--order", f"RIGHT=5GBq@{SUNDAY}", "--order", "left=0.76GBq")
    result = run(*words, *orders, "--out", tmp_path / "vial")
    assert result.exit_code == 0, result.stderr
    page = (tmp_path / "vial" / "vial.html").read_text("utf-8")
    for said in (result.stderr, page):
        assert (
            "Ordered for right: 5 GBq, calibrated Mar 1, 2026, 12:00; 2.5 GBq at use "
            "(+0.1 %)."
        ) in said
        assert "Ordered for left: 0.76 GBq; 0.76 GBq at use (+1.3 %)." in said
