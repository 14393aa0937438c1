import numpy as np
import pytest
from scipy.ndimage import gaussian_filter

from sirtdose.dosimetry.image.blur_loss import blur_loss, sphere_recovery


@pytest.mark.parametrize(
    ("diameter_mm", "fwhm_mm"), [(56.0, 15.0), (30.0, 15.0), (22.0, 15.0), (20.0, 7.0)]
)
def test_recovery_of_a_sphere_that_is_blurred_by_voxels(
    diameter_mm: float, fwhm_mm: float
) -> None:
    """On a lattice so fine that its own softened edge is under a part in a hundred."""
    step, sigma = 1.0, fwhm_mm / 2.3548
    half = int(diameter_mm / 2 + 4 * sigma) + 1
    axis = np.arange(-half, half + 1) * step
    z, y, x = np.meshgrid(axis, axis, axis, indexing="ij")
    inside = (z**2 + y**2 + x**2) <= (diameter_mm / 2) ** 2
    blurred = gaussian_filter(inside.astype(float), sigma / step, mode="constant")
    expected = blurred[inside].mean()
    found = sphere_recovery(diameter_mm=diameter_mm, fwhm_mm=fwhm_mm)
    assert found == pytest.approx(expected, abs=0.012)


def test_a_tumor_beside_hotter_tissue_gains() -> None:
    """Half recovered: 50 = 0.5 T + 0.5 * 80, so T = 20 Gy, 60 % less."""
    assert blur_loss(mean_gy=50, around_gy=80, recovery=0.5) == pytest.approx(-0.6)
