"""Recovery of spheres against an integral over distances."""

import numpy as np
import pytest

from sirtdose.dosimetry.commission.kernel import Kernel
from sirtdose.dosimetry.commission.recovery import sphere_recovery


def by_distances(core_mm: float, tail: float, tail_mm: float, diameter: float) -> float:
    """What of a ball meets itself when it is moved by r, weighed by the blur."""
    r = (np.arange(400_000) + 0.5) * 0.001
    radius = diameter / 2
    both = np.where(r < diameter, 1 - 0.75 * r / radius + (r / radius) ** 3 / 16, 0)

    def part(fwhm: float) -> float:
        bell = np.exp(-4 * np.log(2) * (r / fwhm) ** 2) * r**2
        return float(bell @ both / bell.sum())

    return (1 - tail) * part(core_mm) + tail * part(tail_mm)


@pytest.mark.parametrize("diameter", [10.0, 22.0, 37.0])
def test_a_sphere_in_the_cold(diameter: float) -> None:
    kernel = Kernel(14.0, 14.0, tail_fraction=0.08, tail_fwhm_mm=60.0)
    expected = by_distances(14.0, 0.08, 60.0, diameter)
    found = sphere_recovery(kernel, diameter, float("inf"))
    assert found == pytest.approx(expected, abs=0.002)


def test_a_background_fills_what_is_lost() -> None:
    # 0.3 stays, and of the 0.7 lost an eighth comes back: 0.3875.
    kernel = Kernel(15.0, 15.0)
    alone = sphere_recovery(kernel, 20.0, float("inf"))
    assert sphere_recovery(kernel, 20.0, 8.0) == pytest.approx(
        alone + (1 - alone) / 8, abs=1e-12
    )


def test_a_sharpened_core_keeps_more() -> None:
    assert sphere_recovery(Kernel(18.0, 18.0, edge=0.8, sharp=2), 20.0, 8.0) > (
        sphere_recovery(Kernel(18.0, 18.0), 20.0, 8.0) + 0.05
    )
