"""Breathing moves all contours along head and feet: by hand, to first order, drawn."""

from dataclasses import replace

import numpy as np
import pytest

from sirtdose.model.grid import Grid
from sirtdose.uncertainty.borders import borders_of
from sirtdose.uncertainty.differences import by_differences
from sirtdose.uncertainty.ensemble import ensemble
from sirtdose.uncertainty.first_order import propagated
from sirtdose.uncertainty.scene import Part, Scene
from sirtdose.workflows.post.uncertain_scene import head_feet_of

# Gy per mm along the first axis, and a standard shift in mm.
SLOPE, MOTION_MM = 0.8, 3.0


@pytest.fixture(scope="module")
def scene() -> Scene:
    """A dose that rises along the first axis alone, and a box in it."""
    shape, spacing = (30, 14, 16), (4.0, 3.0, 2.5)
    index = np.indices(shape)
    inside = np.zeros(shape)
    inside[10:20, 4:10, 5:12] = 1.0
    return Scene(
        dose_gy=20.0 + SLOPE * spacing[0] * index[0].astype(float),
        spacing_mm=spacing,
        drawn={"0": inside},
        occupied={"0": inside},
        parts=[Part("0", "tumor", ("0",))],
        factors=[],
        region=(),
        contour_mm=0.0,
        contour_shift_mm=0.0,
        registration_mm=0.0,
        noise=0.0,
        noise_at_gy=30.0,
        noise_fwhm_mm=5.0,
        motion_mm=MOTION_MM,
    )


def test_a_slope_times_a_shift_is_what_the_mean_moves_by(scene: Scene) -> None:
    found = propagated(scene)["0"]
    assert found.parts_gy["motion_mm"] == pytest.approx(SLOPE * MOTION_MM, rel=1e-6)
    assert found.standard_gy == pytest.approx(SLOPE * MOTION_MM, rel=1e-6)
    drawn = ensemble(scene, realizations=100, seed=2).rows["0"].values
    assert drawn["mean_gy"].std(ddof=1) == pytest.approx(SLOPE * MOTION_MM, rel=0.05)
    others = by_differences(scene, borders_of(scene))["0"].standard
    # All doses of the box move alike, in steps of a slice: 3.2 Gy.
    assert others["d70_gy"] == pytest.approx(SLOPE * MOTION_MM, abs=3.2 / 2)


def test_across_the_slope_nothing_moves(scene: Scene) -> None:
    aside = replace(scene, head_feet=(0.0, 1.0, 0.0))
    assert propagated(aside)["0"].standard_gy == pytest.approx(0.0, abs=1e-9)
    drawn = ensemble(aside, realizations=20).rows["0"].values["mean_gy"]
    assert drawn.std() < 0.02


def test_without_motion_draws_are_as_before(scene: Scene) -> None:
    still = replace(scene, motion_mm=0.0)
    assert propagated(still)["0"].standard_gy == pytest.approx(0.0, abs=1e-9)
    drawn = ensemble(still, realizations=20).rows["0"].values["mean_gy"]
    assert drawn.std() == pytest.approx(0.0, abs=1e-9)


def test_head_and_feet_are_found_on_any_grid() -> None:
    """Coronal slices from the top row down: the second axis runs to the feet."""
    affine = np.array(
        [[0, 0, 2.0, 5], [3.0, 0, 0, -40], [0, -4.0, 0, 77], [0, 0, 0, 1]]
    )
    assert head_feet_of(Grid((5, 6, 7), affine)) == (0.0, -1.0, 0.0)
