"""Lung shunt and lung mass, before and after treatment."""

import pytest

from sirtdose.checks.lungs import (
    lung_mass_findings,
    measured_shunt_findings,
    shunt_findings,
)
from sirtdose.model.finding import Severity
from tests.treated import lungs, treated

WARN, ASK, NOTE, STOP = Severity.WARN, Severity.ASK, Severity.NOTE, Severity.STOP


def test_a_missing_shunt_asks_before_and_is_noted_after() -> None:
    missing = {"lungs": lungs(None), "shunts": (None,)}
    [asked] = shunt_findings(treated(**missing))  # type: ignore[arg-type]
    assert (asked.code, asked.severity) == ("H22", ASK)
    assert asked.subject == "missing lung shunt"
    assert "--lung-shunt 0% to state that there is none" in asked.remedy
    [noted] = shunt_findings(treated(**missing, given=True))  # type: ignore[arg-type]
    assert noted.severity is NOTE
    assert shunt_findings(treated(lungs=lungs(0.0))) == []


@pytest.mark.parametrize(
    ("shunt", "device", "given", "expected"),
    [
        (0.10, "glass", False, []),
        (0.12, "glass", False, [WARN]),
        (0.25, "glass", False, [WARN]),
        (0.60, "glass", False, [ASK]),
        # Resin is not planned above 20 %; where it was given nothing is left to ask.
        (0.20, "resin", False, [WARN]),
        (0.25, "resin", False, [WARN, ASK]),
        (0.25, "resin", True, [WARN]),
    ],
)
def test_a_high_shunt(
    shunt: float, device: str, given: bool, expected: list[Severity]
) -> None:
    found = shunt_findings(treated(lungs=lungs(shunt), device=device, given=given))
    assert [one.severity for one in found] == expected
    high = [one for one in found if "high: above 20 %" in one.message]
    assert len(high) == (shunt == 0.25)


def test_a_high_shunt_of_one_injection() -> None:
    """3 % and 60 %, 11 % of all: the second is doubted by its name."""
    case = treated(lungs=lungs(0.09), gbq=(2.0, 0.2), shunts=(0.03, 0.6))
    [found] = shunt_findings(case)
    assert (found.severity, found.subject) == (ASK, "lung shunt of 'two'")


@pytest.mark.parametrize(
    ("source", "severity"), [("planar", WARN), ("unknown", NOTE), ("spect", None)]
)
def test_where_it_comes_from(source: str, severity: Severity | None) -> None:
    found = shunt_findings(treated(lungs=lungs(shunt_source=source)))
    assert [one.severity for one in found] == ([] if severity is None else [severity])


@pytest.mark.parametrize(
    ("fraction", "severity"),
    [(0.49, None), (0.5, ASK), (0.8, ASK), (0.81, STOP), (0.92, STOP)],
)
def test_a_shunt_that_an_image_shows(
    fraction: float, severity: Severity | None
) -> None:
    """Lungs and liver mixed up turn 8 % to 92 %."""
    found = measured_shunt_findings(fraction)
    assert [one.severity for one in found] == ([] if severity is None else [severity])
    assert all("lungs and liver mixed up" in one.message for one in found)


@pytest.mark.parametrize(
    ("kg", "source", "severity"),
    [
        (1.0, "default", NOTE),
        (0.4, "given", NOTE),
        (0.39, "given", WARN),
        (1.61, "given", WARN),
        # Weighed ones are doubted where they are weighed.
        (2.0, "CT densitovolumetry", NOTE),
    ],
)
def test_the_mass(kg: float, source: str, severity: Severity) -> None:
    [found] = lung_mass_findings(lungs(mass_kg=kg, mass_source=source))
    assert (found.code, found.severity, found.value) == ("H23", severity, kg)
    assert lung_mass_findings(lungs(None)) == []
