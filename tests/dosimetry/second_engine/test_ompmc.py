"""ompMC itself: `make test-engine`."""

from importlib.util import find_spec

import numpy as np
import pytest

from sirtdose.dosimetry.engine.dose import compute_dose
from sirtdose.model.grid import Grid
from sirtdose.model.nuclide import Nuclide
from sirtdose.model.structure import Structure
from sirtdose.model.volume import Quantity, Volume
from sirtdose.workflows.check.simulated import Scene, SimulationRequest, simulated

pytestmark = [
    pytest.mark.engine,
    pytest.mark.skipif(
        find_spec("ompmc") is None, reason='needs ompMC: pip install "sirtdose[ompmc]"'
    ),
]
SIZE, HALF = 21, 10
# EGSnrc, 3 mm voxels of water, mGy per MBq s.
WATER = {
    (0, 0, 0): 1.5987,
    (0, 0, 1): 0.2805,
    (0, 1, 1): 0.0989,
    (1, 1, 1): 0.0456,
    (0, 0, 2): 0.0222,
}


def shells(grid: Grid) -> dict[tuple[int, ...], Structure]:
    """Voxels at each offset from the middle, in every direction."""
    index = np.sort(np.abs(np.indices(grid.shape) - HALF), axis=0)
    return {
        at: Structure.named(
            f"at {at}", (index == np.array(at)[:, None, None, None]).all(axis=0), grid
        )
        for at in WATER
    }


def scene(nuclide: Nuclide, density: float, medium: str, side_mm: float) -> Scene:
    grid = Grid.regular((SIZE,) * 3, spacing_mm=(side_mm,) * 3)  # type: ignore[arg-type]
    decays = np.zeros(grid.shape, np.float32)
    decays[HALF, HALF, HALF] = 1
    structures = list(shells(grid).values())
    return Scene(
        Volume(decays, grid, Quantity.TIME_INTEGRATED_ACTIVITY),
        nuclide,
        density,
        medium,
        structures,
        {one.name: 1.0 for one in structures},
    )


def test_the_voxel_kernel_of_water() -> None:
    """EGSnrc's, within 1 % and four standard uncertainties."""
    yttrium = Nuclide.named("Y-90")
    asked = SimulationRequest(known_to=0.004, processes=2, histories=10000)
    means, made = simulated(scene(yttrium, 1.0, "water", 3.0), asked)
    # 1 GBq h is 3.6e6 MBq s; the energy of a decay is that of the dose constant.
    per_mbq_s = means.gy() / 3.6e6 * 1000 * 0.9327 / yttrium.energy_mev_per_decay
    standard = means.relative()
    for number, expected in enumerate(WATER.values()):
        apart = per_mbq_s[number] / expected - 1
        assert abs(apart) < 0.01 + 4 * standard[number], list(WATER)[number]
    assert made.reached is not None
    assert made.reached <= 0.004


@pytest.mark.parametrize(
    ("nuclide", "side_mm"), [("Y-90", 4.0), ("Ho-166", 4.0)], ids=["Y-90", "Ho-166"]
)
def test_our_kernel_of_soft_tissue(nuclide: str, side_mm: float) -> None:
    """Our EGSnrc kernels: conversion electrons and photons of Ho-166 as well."""
    own = Nuclide.named(nuclide).for_energy(emitted=True)
    given = scene(own, 1.04, "soft-tissue", side_mm)
    ours = compute_dose(
        given.tia, nuclide=own, density_g_per_ml=1.04, method="kernel"
    ).volume.data
    asked = SimulationRequest(known_to=0.01, processes=2, histories=10000)
    means, _ = simulated(given, asked)
    for one, gy, relative in zip(
        given.structures, means.gy(), means.relative(), strict=True
    ):
        expected = float(ours[one.occupancy].mean())
        assert gy == pytest.approx(expected, rel=0.015 + 4 * relative), one.name


def test_the_same_seed_gives_the_same() -> None:
    given = scene(Nuclide.named("Y-90"), 1.0, "water", 3.0)
    asked = SimulationRequest(known_to=0.05, processes=1, histories=500, seed=4)
    first, _ = simulated(given, asked)
    again, _ = simulated(given, asked)
    assert first.gy().tolist() == again.gy().tolist()
