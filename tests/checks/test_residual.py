"""Residuals by how they were measured, and against what is usual."""

import json
from collections.abc import Callable
from pathlib import Path

import pytest
from click.testing import Result

from sirtdose.checks.residual import (
    measured_residual_findings,
    usual_residual_findings,
)
from sirtdose.uncertainty.budget import Budget

Run = Callable[..., Result]


@pytest.mark.parametrize(
    ("device", "drawn_gbq", "part", "severities"),
    [
        # Resin: median 3.01 %, three times 9.03 %, at most 20.1 %.
        ("resin", 1.3, 0.0301, []),
        ("resin", 1.3, 0.09, []),
        ("resin", 1.3, 0.10, ["note"]),
        # Above 20 % another check warns already.
        ("resin", 1.3, 0.25, ["note"]),
        # Glass: median 0.61 %, three times 1.83 %, at most 16.2 %.
        ("glass", 3.0, 0.018, []),
        ("glass", 3.0, 0.02, ["note"]),
        ("glass", 3.0, 0.17, ["warn"]),
        # Holmium: 3.5 to 6.9 % in treatments, 17.3 to 44.1 % in scouts of 250 MBq.
        ("ho166", 6.0, 0.05, []),
        ("ho166", 6.0, 0.08, ["note"]),
        ("ho166", 6.0, 0.15, ["warn"]),
        ("ho166", 0.25, 0.31, []),
        ("ho166", 0.25, 0.50, ["note"]),
        ("resin", 1.3, 0.0, ["note"]),
        (None, 1.3, 0.15, []),
    ],
)
def test_what_is_usual(
    device: str | None, drawn_gbq: float, part: float, severities: list[str]
) -> None:
    found = usual_residual_findings(part, device=device, drawn_gbq=drawn_gbq)
    assert [one.severity.value for one in found] == severities
    assert {one.code for one in found} <= {"H08"}


def test_a_survey_meter_is_warned_of() -> None:
    values = {"device": "glass", "drawn_gbq": 3.0}
    [found] = measured_residual_findings(0.01, method="survey-meter", **values)  # type: ignore[arg-type]
    assert (found.code, found.severity) == ("H08", "warn")
    assert "Ebbers 2020" in found.message
    for method in ("calibrator", "pet", None):
        assert measured_residual_findings(0.01, method=method, **values) == []  # type: ignore[arg-type]


def test_the_method_sets_the_residuals_uncertainty_alone() -> None:
    usual = Budget.of({})
    found = {one: usual.measured(one) for one in ("calibrator", "survey-meter", "pet")}
    assert [one["residual"] for one in found.values()] == [0.1, 0.5, 0.1]
    for one in found.values():
        assert {**one.components, "residual": None} == {
            **usual.components,
            "residual": None,
        }
    assert usual.measured(None) is usual


def test_on_the_day_of_treatment(run: Run, tmp_path: Path) -> None:
    words: tuple[str, ...] = (
        "plan",
        "mird",
        "--dose",
        "100Gy",
        "--perfused-volume",
        "1000mL",
    )
    words += ("--lung-shunt", "5%", "--device", "glass", "--out", str(tmp_path / "p"))
    assert run(*words).exit_code == 0
    plan = tmp_path / "p" / "plan.json"
    assert run("plan", "approve", plan, "--by", "A. Physicist").exit_code == 0
    update = ("plan", "update", plan, "--residual-method", "survey-meter")
    lonely = run(*update, "--drawn", "3GBq")
    assert lonely.exit_code == 2
    assert "--residual-method is for a --residual" in lonely.stderr
    result = run(*update, "--residual", "3%", "--json")
    assert result.exit_code == 0, result.stderr
    document = json.loads(result.stdout)
    assert document["update"]["residual_method"] == "survey-meter"
    said = [one["message"] for one in document["warnings"] if one["code"] == "H08"]
    assert any("by survey meter" in one for one in said)
    # 3 % of glass is more than three times the median of 0.61 %.
    assert any("unusual for glass: median 0.61 %" in one for one in said)
