"""Figures of collapsed cone across the borders of bone, liver and lung."""

from typing import TYPE_CHECKING

from sirtdose.validation.bench import Bench, Figure

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

_VOXEL_MM, _ACROSS = 4.0, 25
# How deep each tissue is, in mm, and its density in g/mL; the liver alone is active.
_TISSUES = {"bone": (32, 1.92), "liver": (40, 1.06), "lung": (48, 0.26)}


def _tissue_of_layer() -> list[str]:
    return [
        name for name, (mm, _) in _TISSUES.items() for _ in range(int(mm / _VOXEL_MM))
    ]


def _profile(axis: int) -> "NDArray[np.float64]":
    """Part of the energy that the electrons leave in each layer across an axis.

    A column of sources stands for a plane: over a layer it adds up to the same.
    """
    import numpy as np

    from sirtdose.dosimetry.engine.collapsed_cone import superpose
    from sirtdose.dosimetry.engine.radial_kernel import RadialKernel
    from sirtdose.dosimetry.engine.rays import rays

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
    profile: NDArray[np.float64] = found.energy.sum(axis=others, dtype=float)
    return profile


def _layer_energy(
    bench: Bench, *, tissue: str, depth: int | None = None, axis: int = 0
) -> float:
    """Part of the energy in a tissue, or in one of its layers, the first being 0."""
    profile = bench.once(f"layers across axis {axis}", lambda: _profile(axis))
    own = [k for k, name in enumerate(_tissue_of_layer()) if name == tissue]
    if depth is not None:
        return float(profile[own[depth]])
    return float(profile[own].sum())


SHARED_FIGURES: dict[str, Figure] = {"layer_energy": _layer_energy}
