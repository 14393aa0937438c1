"""Organs where they belong, and every way round that they do not."""

import numpy as np
import pytest

from sirtdose.checks.anatomy import anatomy_findings
from sirtdose.model.finding import Severity
from sirtdose.model.grid import Grid
from sirtdose.model.structure import Structure

# Centers in mm (x to the left, y to the back, z up), and half widths.
ORGANS = {
    "Liver": ((-60.0, 0.0, 0.0), 60.0),
    "Lung_right": ((-80.0, 0.0, 180.0), 50.0),
    "Lung_left": ((80.0, 0.0, 180.0), 50.0),
    "Milz": ((110.0, 40.0, 0.0), 30.0),
    "vertebrae_L1": ((0.0, 80.0, 0.0), 20.0),
}


def organ(name: str, mirror: tuple[int, int, int]) -> Structure:
    center, half = ORGANS[name]
    n = int(2 * half / 10)
    corner = np.array(center) * mirror - half + 5
    affine = np.eye(4)
    affine[:3, :3] = 10 * np.eye(3)[:, ::-1]
    affine[:3, 3] = corner
    return Structure.named(name, np.ones((n, n, n), bool), Grid((n, n, n), affine))


def said(names: str, mirror: tuple[int, int, int]) -> list[tuple[Severity, str]]:
    structures = [organ(name, mirror) for name in names.split()]
    return [(f.severity, f.message) for f in anatomy_findings(structures)]


@pytest.mark.parametrize(
    "names",
    ["Liver Lung_right", "Liver Lung_left Lung_right", "Liver Milz", " ".join(ORGANS)],
)
def test_a_patient_is_no_finding(names: str) -> None:
    assert said(names, (1, 1, 1)) == []


@pytest.mark.parametrize(
    ("names", "mirror", "expected"),
    [
        ("Liver Milz", (-1, 1, 1), "left of the spleen"),
        ("Liver Lung_left Lung_right", (-1, 1, 1), "left of the middle of the lungs"),
        ("Liver Lung_right", (1, 1, -1), "above the lungs"),
        ("Liver vertebrae_L1", (1, -1, 1), "behind the spine"),
    ],
)
def test_mirrored(names: str, mirror: tuple[int, int, int], expected: str) -> None:
    [(severity, message)] = said(names, mirror)
    assert severity is Severity.ASK
    assert f"the liver lies {expected}:" in message


@pytest.mark.parametrize("names", ["Liver", "Milz Lung_right"])
def test_what_cannot_tell(names: str) -> None:
    [(severity, message)] = said(names, (-1, 1, 1))
    assert severity is Severity.NOTE
    assert "not checked: needs a liver" in message


def test_one_lung_has_no_middle() -> None:
    """The right lung alone, mirrored, could be the left one."""
    assert said("Liver Lung_right", (-1, 1, 1)) == []
