"""The published law of contour uncertainty by size."""

import math

import pytest

from sirtdose.uncertainty.contour_law import DrawnOn, diameter_standard_mm


@pytest.mark.parametrize(
    ("voxel", "fwhm", "diameter", "published"),
    # Worked out by hand with 4 ln 2 = 2.772589: relative uncertainty of the volume.
    [
        *[
            (4.8, 15.0, d, u)
            for d, u in ((10, 2.77), (20, 1.38), (30, 0.92), (50, 0.55))
        ],
        *[
            (4.0, 7.0, d, u)
            for d, u in ((10, 1.35), (20, 0.68), (30, 0.45), (50, 0.27))
        ],
    ],
)
def test_relative_uncertainty_of_a_volume(voxel, fwhm, diameter, published):
    of_diameter = diameter_standard_mm(voxel_mm=voxel, fwhm_mm=fwhm)
    assert 3 * of_diameter / diameter == pytest.approx(published, abs=0.006)


def test_a_border_lies_half_as_far_off_as_a_diameter():
    image = DrawnOn("the activity image", 4.0, 7.0, is_emission=True)
    own = image.contour(14.0, tumor=True, aside_mm=1.0)
    assert own.outwards_mm == pytest.approx(0.5 * (16 / 6 + 49 / 2.772589) ** 0.5)
    assert own.aside_mm == 1.0


def test_readers_of_a_ct_differ_by_more_than_its_voxels_make_them():
    ct = DrawnOn("a CT or MR", 1.5, 1.0, is_emission=False)
    # A sphere of 40 mm: 17.2 % of its volume is 0.172 * 40 / 6 mm of its border.
    volume = 4 / 3 * math.pi * 20**3 / 1000
    law = 0.5 * (2.25 / 6 + 1 / 2.772589) ** 0.5
    own = ct.contour(volume, tumor=True, aside_mm=1.0)
    assert own.outwards_mm == pytest.approx(math.hypot(law, 0.172 * 40 / 6), rel=1e-5)
    liver = ct.contour(volume, tumor=False, aside_mm=1.0)
    assert liver.outwards_mm == pytest.approx(law, rel=1e-5)
