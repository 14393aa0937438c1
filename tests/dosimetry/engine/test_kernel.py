"""Voxel kernels against published ones, and the energy they hold."""

import csv

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy.integrate import quad

from sirtdose.dosimetry.engine.kernel import voxel_kernel
from sirtdose.dosimetry.engine.radial_kernel import RadialKernel
from sirtdose.errors import InputError, RangeError

MEV = 1.602176634e-13
# Mean energies of the tables' own runs, MeV per decay.
EMITTED = {"soft-tissue": 0.932384, "water": 0.932631}
sides = st.floats(0.8, 10.0)


def s_values(side_mm: float, medium: str) -> np.ndarray:
    """mGy per MBq s."""
    kernel = voxel_kernel("Y-90", (side_mm,) * 3, medium=medium)
    kg = side_mm**3 * 1e-6 * kernel.radial.density_g_per_ml
    values: np.ndarray = kernel.octant * EMITTED[medium] * MEV / kg * 1e9
    return values


@pytest.mark.parametrize(("side_mm", "published"), [(3.0, 1.61), (6.0, 0.346)])
def test_mird_17(side_mm: float, published: float) -> None:
    # Bolch 1999, J Nucl Med 40:11S, Y-90 self-dose in water.
    assert s_values(side_mm, "water")[0, 0, 0] == pytest.approx(published, rel=0.015)


def test_direct_simulation_of_a_voxel_source() -> None:
    s = s_values(3.0, "water")
    assert s[0, 0, 0] == pytest.approx(1.5997, rel=0.005)
    assert s[0, 0, 1] == pytest.approx(0.2804, rel=0.005)
    assert s[1, 1, 1] == pytest.approx(0.04549, rel=0.005)


def test_lanconelli(physics_tables) -> None:  # type: ignore[no-untyped-def]
    lines = (physics_tables / "vsv_Y90_lanconelli2012.csv").read_text().splitlines()
    rows = csv.DictReader(line for line in lines if not line.startswith("#"))
    near = {"000": (0, 0, 0), "001": (0, 0, 1)}
    checked = 0
    for row in rows:
        at = near.get(row["i"] + row["j"] + row["k"])
        if row["medium"] != "soft" or at is None:
            continue
        ours = s_values(float(row["voxel_mm"]), "soft-tissue")[at]
        assert ours == pytest.approx(float(row["S_mGy_per_MBq_s"]), rel=0.015), row
        checked += 1
    assert checked == 26


@given(st.tuples(sides, sides, sides), st.sampled_from(["Y-90", "Ho-166"]))
def test_energy_at_any_spacing(
    spacing_mm: tuple[float, float, float], nuclide: str
) -> None:
    kernel = voxel_kernel(nuclide, spacing_mm)
    held = RadialKernel.named(nuclide).fraction_within(12.0)
    assert kernel.energy_recovered == pytest.approx(held, abs=1e-6)
    assert kernel.energy_fraction.sum() == pytest.approx(held, abs=1e-6)
    assert kernel.energy_fraction.shape == tuple(2 * n - 1 for n in kernel.octant.shape)


@settings(max_examples=20)
@given(st.tuples(sides, sides, sides), st.permutations([0, 1, 2]))
def test_axes_are_alike(
    spacing_mm: tuple[float, float, float], order: list[int]
) -> None:
    kernel = voxel_kernel("Y-90", spacing_mm)
    turned = voxel_kernel("Y-90", tuple(spacing_mm[axis] for axis in order))  # type: ignore[arg-type]
    np.testing.assert_allclose(
        turned.octant, kernel.octant.transpose(order), rtol=1e-9, atol=1e-15
    )


def test_self_dose_of_a_thin_plate_by_integration() -> None:
    """In a plate of 0.8 x 200 x 200 mm only the thickness matters.

    A displacement of length r has a component along the normal that is uniform from
    -r to r: it stays within a plate of thickness a with the mean of the triangle.
    """
    radial = RadialKernel.named("Y-90")
    a = 0.8

    def stays(r: float) -> float:
        return float(quad(lambda t: max(0.0, 1 - r * t / a), 0, 1, points=[a / r])[0])

    edges = radial.radius_mm[radial.radius_mm <= 12.0]
    within = radial.energy_fraction_within[: len(edges)]
    expected = sum(
        part * stays(r)
        for part, r in zip(np.diff(within), (edges[1:] + edges[:-1]) / 2, strict=True)
    )
    block = voxel_kernel("Y-90", (a, 200.0, 200.0)).energy_fraction
    plate = block[block.shape[0] // 2].sum()
    assert plate == pytest.approx(expected, rel=1e-3)


def test_density_scales_every_length() -> None:
    dense = voxel_kernel("Y-90", (2.0, 3.0, 4.0), density_g_per_ml=2.08)
    usual = voxel_kernel("Y-90", (4.0, 6.0, 8.0))
    np.testing.assert_allclose(dense.octant, usual.octant, rtol=1e-2, atol=1e-6)


def test_radial_kernels_hold_what_their_tables_say() -> None:
    for medium, x50, x90 in (("water", 2.344, 5.431), ("soft-tissue", 2.281, 5.288)):
        radial = RadialKernel.named("Y-90", medium)
        assert radial.radius_of_fraction(0.5) == pytest.approx(x50, abs=2e-3)
        assert radial.radius_of_fraction(0.9) == pytest.approx(x90, abs=2e-3)
    assert 1 - RadialKernel.named("Y-90").electron_fraction == pytest.approx(
        0.0039, abs=1e-4
    )
    assert 1 - RadialKernel.named("Ho-166").electron_fraction == pytest.approx(
        0.0416, abs=1e-3
    )


def test_what_is_not_known_is_refused() -> None:
    with pytest.raises(InputError, match="no dose kernel of Y-90 in 'bone'"):
        RadialKernel.named("Y-90", "bone")
    with pytest.raises(InputError, match="'Tc-99m' is not a known nuclide"):
        voxel_kernel("Tc-99m", (1.0, 1.0, 1.0))
    with pytest.raises(RangeError, match="spacing mm is 0"):
        voxel_kernel("Y-90", (1.0, 0.0, 1.0))
