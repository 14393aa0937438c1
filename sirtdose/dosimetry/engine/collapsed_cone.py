"""Collapsed-cone superposition: energy along straight paths through any density."""

import os
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from sirtdose.dosimetry.compiled import compiled
from sirtdose.dosimetry.engine.radial_kernel import RadialKernel
from sirtdose.dosimetry.engine.rays import Rays
from sirtdose.errors import QuantityError

# Resolution of the table of energy against areal density.
_STEP_G_PER_CM2 = 1e-4
# What surrounds the image: it stops every ray.
_WALL_G_PER_ML = 1e20
# Less than this is air: it has no dose to report.
AIR_BELOW_G_PER_ML = 0.05
# Rays are shared out the same way on every machine, so sums are the same too.
_SHARES = 2
_ENERGY_TOLERANCE = 1e-3


@dataclass(frozen=True, eq=False)
class Superposition:
    """Where the electrons' energy went, in units of one decay's whole energy.

    `energy` is per voxel; `left` is what the image's edges let out.
    """

    energy: NDArray[np.float32]
    left: float


def superpose(
    decays: NDArray[np.floating],
    density_g_per_ml: NDArray[np.floating],
    radial: RadialKernel,
    rays: Rays,
) -> Superposition:
    r"""Energy that electrons leave in each voxel where density varies.

    Along every ray the areal density adds up over the voxels crossed,
    :math:`w = \sum_i \rho_i l_i`, and a voxel gets what the radial kernel holds
    between entering and leaving it,

    .. math:: E_i = \sum_j \tilde A_j \sum_d w_d
              \left[F(w_\text{out}) - F(w_\text{in})\right]

    with `F` the cumulative energy fraction of the kernel's medium against areal
    density, its scattering included. So energy is conserved across every border, and
    in a uniform medium this is the kernel.

    Parameters
    ----------
    decays : ndarray, shape (slices, rows, columns)
        Decays, or anything in proportion to them.
    density_g_per_ml : ndarray, of the same shape, >= 0
    radial : RadialKernel
        Its medium stands for all tissues, by areal density.
    rays : Rays

    Raises
    ------
    QuantityError
        Energy was made or lost (H29).

    Notes
    -----
    Start and direction of a ray are the same for all source voxels, so one list of
    offsets serves them all. Decays in air stay in their voxel. Memory: 24
    bytes per voxel for sums, padded density and decays, and 8 bytes per voxel that
    is not zero. Without numba the same numbers take several times as long.

    References
    ----------
    Ahnesjö A. Med Phys 1989;16:577, for the principle with photons.
    """
    within = _energy_within(radial)
    # A border of one voxel, which no ray steps over.
    density = np.pad(
        np.asarray(density_g_per_ml, np.float32), 1, constant_values=_WALL_G_PER_ML
    )
    activity = np.pad(np.asarray(decays, np.float32), 1).ravel()
    shape = density.shape
    in_air = density.ravel() < AIR_BELOW_G_PER_ML
    steps_per_mm = density.ravel()
    steps_per_mm *= np.float32(0.1 / _STEP_G_PER_CM2)
    strides = np.array([shape[1] * shape[2], shape[2], 1])
    image = (np.flatnonzero((activity != 0) & ~in_air), activity, steps_per_mm, within)
    follow = compiled(_follow, _follow_together)

    def share(first: int) -> NDArray[np.float64]:
        energy = np.zeros(activity.size)
        for ray in range(first, len(rays.weights), _SHARES):
            path = rays.path(ray, sum(shape))
            steps = (path.offsets @ strides, path.lengths_mm.astype(np.float32))
            follow(steps, np.float32(rays.weights[ray]), image, energy)
        return energy

    with ThreadPoolExecutor(min(_SHARES, os.cpu_count() or 1)) as pool:
        energy, *others = pool.map(share, range(_SHARES))
    for other in others:
        energy += other
    energy += np.where(in_air, activity * within[-1], np.float32(0))
    inside = energy.reshape(shape)[1:-1, 1:-1, 1:-1]
    found = float(energy.sum())
    emitted = float(within[-1]) * float(activity.sum(dtype=float))
    allowed = float(within[-1]) * float(np.abs(activity).sum(dtype=float))
    if not abs(found - emitted) <= _ENERGY_TOLERANCE * allowed:
        raise QuantityError(
            f"the superposition changed the energy by {found / emitted - 1:.2e} (H29): "
            "no dose is computed from it"
        )
    return Superposition(inside.astype(np.float32), found - float(inside.sum()))


def _follow(
    steps: tuple[NDArray[np.intp], NDArray[np.float32]],
    weight: np.float32,
    image: tuple[
        NDArray[np.intp], NDArray[np.float32], NDArray[np.float32], NDArray[np.float32]
    ],
    energy: NDArray[np.float64],
) -> None:
    """Follow one ray from every source until its energy is used up.

    `steps` are shifts in the flattened image and lengths in mm; `image` has sources,
    activity, steps of areal density per mm, and the energy within so many of them.
    """
    shifts, lengths_mm = steps
    sources, activity, steps_per_mm, within = image
    end = within.size - 1
    for source in sources:
        carried = activity[source] * weight
        at = np.float32(0)
        before = np.float32(0)
        for k in range(shifts.size):
            here = source + shifts[k]
            at += steps_per_mm[here] * lengths_mm[k]
            if at >= end:
                energy[here] += carried * (within[end] - before)
                break
            now = within[int(at)]
            energy[here] += carried * (now - before)
            before = now


def _follow_together(
    steps: tuple[NDArray[np.intp], NDArray[np.float32]],
    weight: np.float32,
    image: tuple[
        NDArray[np.intp], NDArray[np.float32], NDArray[np.float32], NDArray[np.float32]
    ],
    energy: NDArray[np.float64],
) -> None:
    """The same as :func:`_follow`, all sources a step at a time."""
    sources, activity, steps_per_mm, within = image
    end = within.size - 1
    carried = activity[sources] * weight
    at = np.zeros_like(carried)
    before = np.zeros_like(carried)
    for shift, length_mm in zip(*steps, strict=True):
        here = sources + shift
        at += steps_per_mm[here] * length_mm
        # Behind the end there is no more energy; no two sources share a place.
        now = within[np.minimum(at, end).astype(np.intp)]
        energy[here] += carried * (now - before)
        on = at < end
        sources, carried, at, before = sources[on], carried[on], at[on], now[on]
        if not sources.size:
            break


def _energy_within(radial: RadialKernel) -> NDArray[np.float32]:
    """Cumulative energy fraction at even steps of areal density, to the range's end."""
    mm_per_step = 10 * _STEP_G_PER_CM2 / radial.density_g_per_ml
    places = np.arange(round(radial.electron_range_mm / mm_per_step) + 1) * mm_per_step
    return np.asarray(
        np.interp(places, radial.radius_mm, radial.energy_fraction_within), np.float32
    )
