"""Only voxels that a move can reach are followed: as when all of them are."""

import numpy as np
import pytest
from numpy.typing import NDArray
from scipy import ndimage

from sirtdose.uncertainty.borders import Border, Moving, borders_of, signed_distance_mm
from sirtdose.uncertainty.placed_row import PlacedRow
from sirtdose.uncertainty.scene import Part, Scene
from tests.uncertainty.simulated import ellipsoid_in

Array = NDArray[np.float64]
SHAPE, SPACING, REACH_MM = (26, 40, 36), (5.0, 2.0, 3.0), 9.0
SIDE_MM = 30.0 ** (1 / 3)


def bent(near_an_edge: bool = False) -> Array:
    """Two ellipsoids that overlap, with a notch between them; at an edge or not."""
    first = -3.0 if near_an_edge else 55.0
    one = ellipsoid_in(SHAPE, SPACING, (first, 36.0, 48.0), (22, 15, 13))
    other = ellipsoid_in(SHAPE, SPACING, (first + 12, 50.0, 60.0), (14, 13, 22))
    return np.maximum(one, other)


def everywhere(occupancy: Array, outwards_mm: float, shift_mm: Array) -> Array:
    """The same of every voxel of the whole array, wherever its border is."""
    distance = signed_distance_mm(occupancy, SPACING, 1000.0)
    spline = ndimage.spline_filter(distance, order=3, mode="nearest")
    steps = shift_mm / np.array(SPACING)
    moved = ndimage.map_coordinates(
        spline,
        np.indices(SHAPE) - steps[:, None, None, None],
        order=3,
        mode="nearest",
        prefilter=False,
    )
    ramps = [
        np.clip(0.5 - one / SIDE_MM, 0, 1) for one in (moved - outwards_mm, distance)
    ]
    return np.clip(occupancy + ramps[0] - ramps[1], 0, 1)


@pytest.mark.parametrize("near_an_edge", [False, True])
def test_a_move_is_that_of_every_voxel(near_an_edge: bool) -> None:
    drawn = bent(near_an_edge)
    border = Border.of(drawn, SPACING, REACH_MM)
    moving = Moving(border)
    rng = np.random.default_rng(5)
    for _ in range(12):
        # Together no farther than borders are looked for.
        outwards = float(rng.uniform(-2.5, 2.5))
        shift = rng.uniform(-1, 1, 3) * (5.0, 2.5, 2.5)
        found = moving.to(outwards, shift)
        assert np.abs(found - everywhere(drawn, outwards, shift)).max() < 2e-3
        assert np.array_equal(found, border.moved(outwards, shift))
    assert np.abs(moving.to(0.0, np.zeros(3)) - drawn).max() < 1e-12


def test_a_row_in_its_voxels_is_that_in_all_voxels() -> None:
    liver = ellipsoid_in(SHAPE, SPACING, (60.0, 40.0, 52.0), (42, 26, 30))
    tumors = {
        "A": ellipsoid_in(SHAPE, SPACING, (50.0, 34.0, 44.0), (14, 9, 10)),
        "B": ellipsoid_in(SHAPE, SPACING, (62.0, 38.0, 52.0), (12, 10, 9)),
    }
    drawn = {"L": liver, **tumors}
    rng = np.random.default_rng(8)
    # A result that is not what was drawn: a hole that nothing moves.
    normal = np.clip(liver - tumors["A"] - tumors["B"], 0, 1)
    normal[12, 20:24, 20] = 0.0
    dose = rng.uniform(1, 100, SHAPE)
    scene = Scene(
        dose_gy=dose,
        spacing_mm=SPACING,
        drawn=drawn,
        occupied={"N": normal, "T": np.maximum(*tumors.values())},
        parts=[Part("N", "normal", ("L",), ("A", "B")), Part("T", "all", ("A", "B"))],
        factors=[],
        region=(),
        contour_mm=1.0,
        contour_shift_mm=0.5,
        registration_mm=1.0,
        noise=0.0,
        noise_at_gy=30.0,
        noise_fwhm_mm=5.0,
    )
    borders = borders_of(scene)
    moved = {
        name: one.moved(float(rng.normal()), rng.normal(size=3))
        for name, one in borders.items()
    }

    def row(name: str, own: dict[str, Array]) -> Array:
        if name == "T":
            return np.maximum(own["A"], own["B"])
        left = np.maximum(own["L"] - own["A"], 0)
        return np.maximum(left - own["B"], 0)

    for part in scene.parts:
        placed = PlacedRow.of(scene, part, borders)
        wanted = scene.occupied[part.name] + row(part.name, moved)
        wanted = np.clip(wanted - row(part.name, drawn), 0, 1)
        found = placed.moved(moved)
        assert np.abs(found - wanted.ravel()[placed.at]).max() < 1e-12
        assert found.sum() == pytest.approx(wanted.sum(), rel=1e-12)
        (doses, volumes), (scaled, _) = placed.inside(
            found, [(dose, 1.0), (dose, 1.5)], 0.03
        )
        mean = (doses * volumes).sum() / volumes.sum()
        assert mean == pytest.approx((dose * wanted).sum() / wanted.sum(), rel=1e-12)
        assert volumes.sum() == pytest.approx(0.03 * wanted.sum(), rel=1e-12)
        assert np.allclose(scaled, 1.5 * doses)
