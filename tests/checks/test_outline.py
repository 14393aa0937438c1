"""A registration by the liver's outline: asked always, refused beyond its limits."""

from typing import Any

import numpy as np
import pytest

from sirtdose.checks.outline import outline_findings
from sirtdose.dosimetry.grid.outline_fit import OutlineFit
from sirtdose.dosimetry.grid.registration import Registration


def fitted(**changed: Any) -> Registration:
    given: dict[str, Any] = {
        "anatomy": "CT",
        "region": "perfused volume",
        "is_perfused": True,
        "start_shift_mm": (0.0, 0.0, 0.0),
        "searched_mm": 13.0,
        "rotation_deg": 4.0,
        "overlap_before": 0.7,
        "overlap_after": 0.95,
    }
    metrics = {
        name: changed.pop(name, usual)
        for name, usual in {"metric_before": -0.2, "metric_after": -0.6}.items()
    }
    return Registration(
        method="outline",
        transform=None,
        matrix=np.eye(4),
        shift_mm=(12.0, -4.0, 3.0),
        rotation_deg=4.0,
        outline=OutlineFit(**{**given, **changed}),
        **metrics,
    )


def said(found: Registration) -> list[tuple[str, str]]:
    findings = outline_findings(found)
    assert {one.code for one in findings} <= {"H16"}
    return [(str(one.severity), one.message) for one in findings]


def test_a_good_one_is_asked_about_with_all_figures() -> None:
    [(severity, message)] = said(fitted())
    assert severity == "ask"
    # 13 = sqrt(144 + 16 + 9).
    for words in (
        "moved by 13.0 mm (x 12.0, y -4.0, z 3.0) and 4.0 degrees",
        "mutual information 0.200 before and 0.600 after;",
        "overlap of outlines 70% before and 95% after",
        "sirtdose register",
    ):
        assert words in message


@pytest.mark.parametrize(
    ("changed", "words"),
    [
        ({"searched_mm": 41.0}, "a shift of 41.0 mm, of at most 40 mm"),
        ({"rotation_deg": 16.0}, "a rotation of 16.0 degrees, of at most 40 mm and 15"),
        (
            {"searched_mm": 50.0, "rotation_deg": 20.0},
            "a shift of 50.0 mm and a rotation of 20.0 degrees",
        ),
    ],
)
def test_what_reaches_its_limits_is_refused(
    changed: dict[str, float], words: str
) -> None:
    [_, (severity, message)] = said(fitted(**changed))
    assert severity == "stop"
    assert words in message


def test_what_gains_nothing_or_fits_badly_is_named() -> None:
    [(_, message)] = said(fitted(metric_after=-0.2))
    assert "0.200 before and 0.200 after, which did not improve;" in message
    [_, (severity, message)] = said(fitted(overlap_after=0.5, overlap_before=0.4))
    assert severity == "ask"
    assert "50% of the perfused volume" in message
    assert "less than 60%" in message
    [_, (_, message)] = said(fitted(overlap_after=0.8, overlap_before=0.9))
    assert "less than the 90% before" in message


def test_a_liver_alone_cannot_place_a_lobe() -> None:
    [_, (severity, message)] = said(fitted(is_perfused=False, region="liver"))
    assert severity == "warn"
    assert "no perfused volume is drawn" in message


def test_another_registration_is_not_judged_here() -> None:
    other = Registration("rigid", None, np.eye(4), (50.0, 0.0, 0.0), 20.0)
    assert outline_findings(other) == []
