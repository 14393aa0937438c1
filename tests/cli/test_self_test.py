"""Every plan and assessment says whether the program's own comparisons pass (H36)."""

import json
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from click.testing import Result

from sirtdose.data import load
from sirtdose.validation.run import self_test

Run = Callable[..., Result]
MIRD = ("plan", "mird", "--dose", "120Gy", "--perfused-volume", "1000mL")
MIRD += ("--lung-shunt", "0%")


@pytest.fixture
def half_life_off(monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    """The half-life of Y-90 1 % too long, as a damaged file would have it."""
    usual = load.table("nuclides")
    wrong = {
        **usual,
        "Y-90": {**usual["Y-90"], "half_life_h": usual["Y-90"]["half_life_h"] * 1.01},
    }
    real = load.table
    monkeypatch.setattr(
        "sirtdose.model.nuclide.table",
        lambda name: wrong if name == "nuclides" else real(name),
    )
    self_test.cache_clear()
    yield
    self_test.cache_clear()


def test_a_plan_says_that_it_passed(run: Run, tmp_path: Path) -> None:
    result = run(*MIRD, "--json", "--out", tmp_path / "plan")
    assert result.exit_code == 0, result.stderr
    said = json.loads(result.stdout)["self_test"]
    assert said["failed"] == []
    assert said["comparisons"] > 60
    page = (tmp_path / "plan" / "plan.html").read_text("utf-8")
    count = said["comparisons"]
    assert f"Self-test before it: {count} of {count} comparisons pass" in page


@pytest.mark.usefixtures("half_life_off")
def test_what_fails_has_to_be_accepted(run: Run, tmp_path: Path) -> None:
    result = run(*MIRD, "--out", tmp_path / "plan")
    assert result.exit_code == 3
    assert "H36" in result.stderr
    assert "half-life of Y-90" in result.stderr
    assert not (tmp_path / "plan").exists()
    accepted = run(*MIRD, "--accept", "H36", "--reason", "a test", "--json")
    assert accepted.exit_code == 0, accepted.stderr
    document = json.loads(accepted.stdout)
    assert "half-life of Y-90" in document["self_test"]["failed"]
    [accepted_one] = document["accepted"]
    assert (accepted_one["code"], accepted_one["reason"]) == ("H36", "a test")


@pytest.mark.usefixtures("half_life_off")
def test_an_assessment_has_it_too(run: Run, exact_voxels: Path, tmp_path: Path) -> None:
    words = ("post", exact_voxels, "--administered", "2GBq", "--out", tmp_path / "out")
    result = run(*words)
    assert result.exit_code == 3
    assert "H36" in result.stderr
    assert not (tmp_path / "out").exists()


def test_without_one_that_is_said() -> None:
    from sirtdose.workflows.plan.numbers import PlanRequest, plan_mird

    request = PlanRequest(lung_shunt_fraction=0.0)
    plan = plan_mird(request, dose_gy=100, perfused_volume_ml=1000)
    [said] = [one for one in plan.findings if one.code == "H36"]
    assert said.severity.value == "note"
    assert plan.self_test is None
