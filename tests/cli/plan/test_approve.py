"""`sirtdose plan approve`: what was computed, and no later change."""

import json
import re
from collections.abc import Callable
from datetime import datetime
from pathlib import Path

import pytest
from click.testing import Result

from sirtdose.errors import InputError
from sirtdose.report.plan.hash import plan_of_text

Run = Callable[..., Result]


@pytest.fixture
def draft(run: Run, tmp_path: Path) -> Path:
    case = ("--dose", "120Gy", "--perfused-volume", "1000mL", "--lung-shunt", "5%")
    assert run("plan", "mird", *case, "--out", tmp_path / "plan").exit_code == 0
    return tmp_path / "plan" / "plan.json"


def test_a_plan_is_approved_once(run: Run, draft: Path) -> None:
    before = json.loads(draft.read_text())
    assert before["status"] == "draft"
    assert re.fullmatch("[0-9a-f]{64}", before["hash"])
    result = run("plan", "approve", draft, "--by", "A. Physicist", "--json")
    assert result.exit_code == 0, result.stderr
    after = json.loads(draft.read_text())
    assert after == json.loads(result.stdout)
    assert after["status"] == "approved"
    assert after["approval"]["by"] == "A. Physicist"
    assert datetime.fromisoformat(after["approval"]["at"]).utcoffset() is not None
    changed = {"status", "approval"}
    assert {k: v for k, v in after.items() if k not in changed} == {
        k: v for k, v in before.items() if k not in changed
    }
    assert plan_of_text(draft.read_text()) == after
    again = run("plan", "approve", draft, "--by", "Another")
    assert again.exit_code == 3
    assert "approved already, by A. Physicist" in again.stderr
    assert {path.name for path in draft.parent.iterdir()} == {
        *("plan.html", "plan.json", "uncertainty.csv")
    }


@pytest.mark.parametrize(
    "edit",
    [
        lambda plan: plan.update(activity_gbq=10.0),
        lambda plan: plan["compartments"][0].update(dose_gy=119.9),
        lambda plan: plan["warnings"].clear(),
        lambda plan: plan.update(note="added"),
        lambda plan: plan.pop("hash"),
    ],
)
def test_an_edited_plan_is_refused(
    run: Run, draft: Path, edit: Callable[[dict], None]
) -> None:
    plan = json.loads(draft.read_text())
    edit(plan)
    draft.write_text(json.dumps(plan))
    result = run("plan", "approve", draft, "--by", "A. Physicist")
    assert result.exit_code == 3
    assert "not what was computed" in result.stderr
    assert json.loads(draft.read_text())["status"] == "draft"


@pytest.mark.parametrize("key", ["by", "at"])
def test_an_edited_approval_is_seen(run: Run, draft: Path, key: str) -> None:
    assert run("plan", "approve", draft, "--by", "A. Physicist").exit_code == 0
    plan = json.loads(draft.read_text())
    plan["approval"][key] = "2020-01-01T00:00:00+00:00"
    with pytest.raises(InputError, match="approval was edited"):
        plan_of_text(json.dumps(plan))


@pytest.mark.parametrize("text", ["", "[]", "{}", '{"schema": "sirtdose.post/1"}'])
def test_what_is_no_plan(run: Run, tmp_path: Path, text: str) -> None:
    path = tmp_path / "plan.json"
    path.write_text(text)
    result = run("plan", "approve", path, "--by", "A. Physicist")
    assert result.exit_code == 3
    assert "no plan.json" in result.stderr
    assert path.read_text() == text


@pytest.mark.parametrize("status", ["approved", None])
def test_a_status_written_by_hand(run: Run, draft: Path, status: str | None) -> None:
    plan = json.loads(draft.read_text())
    plan["status"] = status
    draft.write_text(json.dumps(plan))
    result = run("plan", "approve", draft, "--by", "A. Physicist")
    assert result.exit_code == 3


def test_no_file_and_no_name(run: Run, draft: Path, tmp_path: Path) -> None:
    assert run("plan", "approve", tmp_path / "none.json", "--by", "A").exit_code == 3
    assert run("plan", "approve", draft).exit_code == 2
    assert run("plan", "approve", draft, "--by", " ").exit_code == 3
