"""Transforms of solids against sums over points."""

import numpy as np
import pytest

from sirtdose.dosimetry.commission.transform import transform_of
from sirtdose.model.solid import Ball, Cylinder, Fill, Prism, Solid, arc_mm

# Half a disc of 30 mm beside a rectangle of 40 x 15 mm, from z = -12 to 20 mm.
OUTLINE = (
    *arc_mm((0.0, 0.0), 20.0, 180.0, 360.0),
    (20.0, 15.0),
    (-20.0, 15.0),
)
SOLIDS: dict[str, Solid] = {
    "ball": Ball((5.0, -3.0, 4.0), 30.0),
    "cylinder": Cylinder((2.0, 1.0, -4.0), 36.0, 24.0, 30.0),
    "prism": Prism(OUTLINE, -12.0, 20.0),
}
FREQUENCY = np.array(
    [[0.0, 0.004, 0.02, -0.013], [0.0, 0.01, -0.015, 0.007], [0.0, -0.006, 0.012, 0.02]]
)


def inside(name: str, x: np.ndarray, y: np.ndarray, z: np.ndarray) -> np.ndarray:
    if name == "ball":
        return (x - 5) ** 2 + (y + 3) ** 2 + (z - 4) ** 2 <= 15**2
    if name == "cylinder":
        disc = ((x - 2) / 18) ** 2 + ((y - 1) / 12) ** 2 <= 1
        return disc & (np.abs(z + 4) <= 15)
    disc = (y <= 0) & (x**2 + y**2 <= 400)
    block = (y > 0) & (y <= 15) & (np.abs(x) <= 20)
    return (disc | block) & (z >= -12) & (z <= 20)


@pytest.mark.parametrize("name", SOLIDS)
def test_a_transform_is_the_sum_over_the_solid(name: str) -> None:
    # Faces lie between points.
    at, along = np.arange(-30, 30, 0.25) + 0.125, np.arange(-30, 30, 0.5) + 0.25
    x, y, z = np.meshgrid(at, at, along, indexing="ij")
    held = inside(name, x, y, z)
    points = np.stack([x[held], y[held], z[held]])
    by_points = [
        np.exp(-2j * np.pi * (one @ points)).sum() * 0.25 * 0.25 * 0.5 / 1000
        for one in FREQUENCY.T
    ]
    found = transform_of(Fill("one", (SOLIDS[name],)), FREQUENCY)
    assert np.abs(found - by_points).max() < 0.004 * abs(by_points[0])


def test_what_lies_in_a_fill_is_taken_out_of_it() -> None:
    # 30 mm across: 14.137 mL; 10 mm across: 0.524 mL.
    ball = Fill("shell", (Ball((0.0, 0.0, 0.0), 30.0),), (Ball((0.0, 0.0, 0.0), 10.0),))
    found = transform_of(ball, np.zeros((3, 1)))
    assert found[0] == pytest.approx(14.137 - 0.524, abs=0.001)
