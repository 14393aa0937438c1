"""A phantom found and fitted in images that were drawn point by point."""

import numpy as np
import pytest

from sirtdose.dosimetry.commission.phantom_fit import PhantomFitter
from sirtdose.dosimetry.commission.placement import place
from sirtdose.dosimetry.commission.scan import PhantomScan, cut_axes, scan_of
from sirtdose.model.grid import box_at
from tests.dosimetry.commission.phantoms import PLACE_MM, grid, phantom, scanned

POURED = {"background": 1.0, "spheres": 8.0}


@pytest.fixture(scope="module")
def scan() -> PhantomScan:
    image = scanned(
        ratio=8.0,
        tail=(0.06, 55.0),
        turn_deg=4.0,
        shift_mm=(3.0, -4.0, 4.0),
        seed=1,
    )
    return scan_of(image, grid(), phantom(), POURED)


def test_it_lies_where_it_was_put(scan: PhantomScan) -> None:
    pose = scan.best.pose
    place = [a + b for a, b in zip(PLACE_MM, (3.0, -4.0, 4.0), strict=True)]
    assert pose.middle_mm == pytest.approx(place, abs=0.3)
    assert scan.cut == ()
    assert scan.unlike == {}
    assert not pose.mirrored
    assert pose.angles_deg[2] % 180 == pytest.approx(4.0, abs=0.5)
    assert scan.placement.otherwise > 2 * scan.placement.unexplained


def test_widths_and_tail(scan: PhantomScan) -> None:
    blur = scan.blur
    assert blur.in_plane_mm.value == pytest.approx(13.0, rel=0.02)
    assert blur.axial_mm.value == pytest.approx(15.0, rel=0.02)
    assert blur.gaussian_tail[0] == pytest.approx(0.06, abs=0.015)
    # A Gaussian alone takes the tail for width.
    assert scan.plain.in_plane_mm > 1.05 * 13.0


def test_all_activity_is_counted_and_the_ratio_is_found(scan: PhantomScan) -> None:
    # Cylinder pi/4 13 x 11 x 12 cm = 1347.7 mL less shells and balls of 42 and 30 mm
    # (38.792 and 14.137 mL), and 8 times balls of 40 and 28 mm (33.510 and 11.494 mL).
    true = 1347.74 - 38.792 - 14.137 + 8 * (33.510 + 11.494)
    assert scan.total.value == pytest.approx(true, rel=0.004)
    assert scan.fitted_total.value == pytest.approx(true, rel=0.004)
    assert scan.ratio is not None
    assert scan.ratio.value == pytest.approx(8.0, rel=0.02)


def test_recovery_of_the_model_and_of_the_image(scan: PhantomScan) -> None:
    for row in scan.recovery:
        assert row.image is not None
        assert row.image.value == pytest.approx(row.model.value, abs=0.03)
    assert [row.diameter_mm for row in scan.recovery] == [28.0, 40.0]
    assert scan.recovery[0].model.value < scan.recovery[1].model.value


def test_noise_is_that_of_counts(scan: PhantomScan) -> None:
    # 500 counts per mL in voxels of 0.09 mL, 45 counts a voxel: 1 / sqrt(45) = 0.149,
    # and no voxel's goes with its neighbor's.
    assert scan.quality.noise == pytest.approx(0.149, rel=0.1)
    assert scan.quality.noise_fwhm_mm < 4.0


def test_another_ratio_than_was_poured_shows() -> None:
    image, at = scanned(ratio=6.0), grid()
    found = place(image, at, phantom(), POURED)
    fitter = PhantomFitter(image, at, phantom(), placement=found, poured=POURED)
    held = fitter.fitted("gaussian", tail=False).concentrations
    assert held["spheres"] / held["background"] == pytest.approx(6.0, rel=0.02)


def test_an_overshoot_around_spheres_in_the_cold() -> None:
    """Of (1 + b) g_w - b g_2w with b 0.7, 0.9743 w is half as high as the middle."""
    image = scanned(
        ratio=8.0, background=0.0, fwhm_mm=(17.0, 19.0), overshoot=0.7, seed=3
    )
    poured = {"background": 0.0, "spheres": 8.0}
    found = place(image, grid(), phantom(), poured)
    fitter = PhantomFitter(image, grid(), phantom(), placement=found, poured=poured)
    plain = fitter.fitted("gaussian", tail=False)
    fit = fitter.fitted("gaussian", tail=False, sharp=3)
    assert fit.misfit < 0.8 * plain.misfit
    assert fit.fwhm_mm == pytest.approx((16.562, 18.511), rel=0.03)
    # What is cut off below 0 is lost above, and all counts are kept.
    assert fit.kept < 0.95
    assert fit.concentrations["spheres"] == pytest.approx(8.0, rel=0.01)


def test_a_phantom_at_the_edge_of_the_image_is_cut(scan: PhantomScan) -> None:
    # Of 44 slices of 5 mm 24 hold the cylinder; 10 are left out at one end.
    at = grid().crop(box_at((10, 0, 0), (34, 52, 60)))
    assert cut_axes(at, phantom(), scan.best) == ("z",)


def test_another_phantom_leaves_much_unexplained() -> None:
    image = scanned(ratio=8.0)
    ours = place(image, grid(), phantom(), POURED)
    box = np.zeros(image.shape)
    box[12:30, 10:26, 14:50] = 1.0
    theirs = place(box, grid(), phantom(), POURED)
    assert theirs.unexplained > 10 * ours.unexplained
