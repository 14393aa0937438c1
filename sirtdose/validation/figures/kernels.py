"""Figures of dose kernels, and of collapsed cone across bone, liver and lung."""

import csv

import numpy as np
from numpy.typing import NDArray

from sirtdose.dosimetry.engine.collapsed_cone import superpose
from sirtdose.dosimetry.engine.kernel import voxel_kernel
from sirtdose.dosimetry.engine.radial_kernel import RadialKernel
from sirtdose.dosimetry.engine.rays import rays
from sirtdose.model.grid import three
from sirtdose.model.nuclide import Nuclide, dose_constant_of
from sirtdose.validation.bench import Bench, Figure
from sirtdose.validation.figures.tables import DATA

_JOULE_PER_MEV = 1.602176634e-13
_VOXEL_MM, _ACROSS = 4.0, 25
# How deep each tissue is, in mm, and its density in g/mL; the liver alone is active.
_TISSUES = {"bone": (32, 1.92), "liver": (40, 1.06), "lung": (48, 0.26)}


def _scaled_radius_mm(
    *, nuclide: str, medium: str, density_g_per_ml: float, fraction: float
) -> float:
    """Radius that holds a part of the energy where a kernel is scaled by density."""
    kernel = RadialKernel.named(nuclide, medium).at_density(density_g_per_ml)
    return kernel.radius_of_fraction(fraction)


def _rows(file: str) -> list[dict[str, str]]:
    lines = (DATA / "kernels" / file).read_text("utf-8").splitlines()
    return list(csv.DictReader(line for line in lines if not line.startswith("#")))


def _table_mev(*, file: str) -> float:
    """Energy per decay in all shells of a kernel's file."""
    return sum(float(row["E_MeV_per_decay"]) for row in _rows(file))


def _table_radius_mm(*, file: str, fraction: float) -> float:
    """Radius that holds a part of the energy, of files that no dose is made with too.

    Straight between the borders of shells.
    """
    before, inner = 0.0, 0.0
    for row in _rows(file):
        held, outer = float(row["cum_frac_of_emitted_E"]), float(row["r_outer_mm"])
        if held >= fraction:
            return inner + (outer - inner) * (fraction - before) / (held - before)
        before, inner = held, outer
    return float("inf")


def _s_value(
    *,
    side_mm: float,
    offset: list[int],
    medium: str,
    emitted_mev: float,
    density_g_per_ml: float,
) -> float:
    """Of Y-90, in mGy per MBq s, with the energy of the simulation it is held to."""
    kernel = voxel_kernel("Y-90", (side_mm,) * 3, medium=medium)
    kg = side_mm**3 * 1e-6 * density_g_per_ml
    return float(kernel.octant[tuple(offset)]) * emitted_mev * _JOULE_PER_MEV / kg * 1e9


def _tissue_of_layer() -> list[str]:
    return [
        name for name, (mm, _) in _TISSUES.items() for _ in range(int(mm / _VOXEL_MM))
    ]


def _profile(axis: int) -> NDArray[np.float64]:
    """Part of the energy that the electrons leave in each layer across an axis.

    A column of sources stands for a plane: over a layer it adds up to the same.
    """
    tissues = _tissue_of_layer()
    shape = (len(tissues), _ACROSS, _ACROSS)
    decays = np.zeros(shape)
    active = [layer for layer, name in enumerate(tissues) if name == "liver"]
    decays[active, _ACROSS // 2, _ACROSS // 2] = 1 / len(active)
    densities = np.array([_TISSUES[name][1] for name in tissues])
    density = np.broadcast_to(densities[:, None, None], shape)
    radial = RadialKernel.named("Y-90")
    found = superpose(
        np.ascontiguousarray(np.moveaxis(decays, 0, axis)),
        np.ascontiguousarray(np.moveaxis(density, 0, axis)),
        radial,
        rays(radial, (_VOXEL_MM,) * 3),
    )
    others = tuple(k for k in range(3) if k != axis)
    return np.asarray(found.energy.sum(axis=others, dtype=float))


def _layer_energy(
    bench: Bench, *, tissue: str, depth: int | None = None, axis: int = 0
) -> float:
    """Part of the energy in a tissue, or in one of its layers, the first being 0."""
    profile = bench.once(f"layers across axis {axis}", lambda: _profile(axis))
    own = [k for k, name in enumerate(_tissue_of_layer()) if name == tissue]
    return float(profile[own if depth is None else own[depth]].sum())


FIGURES: dict[str, Figure] = {
    "kernel_value": lambda *, nuclide, medium, of: float(
        getattr(RadialKernel.named(nuclide, medium), of)
    ),
    "kernel_constant": lambda *, nuclide, within_mm: dose_constant_of(
        RadialKernel.named(nuclide).fraction_within(within_mm)
        * RadialKernel.named(nuclide).energy_mev_per_decay,
        Nuclide.named(nuclide).half_life_h,
    ),
    "kernel_radius_mm": lambda *, nuclide, medium, fraction: RadialKernel.named(
        nuclide, medium
    ).radius_of_fraction(fraction),
    "scaled_radius_mm": _scaled_radius_mm,
    "table_mev": _table_mev,
    "table_radius_mm": _table_radius_mm,
    "voxel_kernel_energy": lambda *, nuclide, spacing_mm: float(
        voxel_kernel(nuclide, three(spacing_mm)).energy_fraction.sum()
    ),
    "s_value": _s_value,
}
SHARED_FIGURES: dict[str, Figure] = {"layer_energy": _layer_energy}
