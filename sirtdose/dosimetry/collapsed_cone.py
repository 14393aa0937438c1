"""Collapsed-cone superposition: energy along straight paths through any density."""

import os
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from sirtdose.dosimetry.radial_kernel import RadialKernel
from sirtdose.dosimetry.rays import Rays
from sirtdose.errors import QuantityError

# Resolution of the table of energy against areal density.
_STEP_G_PER_CM2 = 1e-4
# What surrounds the image: it stops every ray.
_WALL_G_PER_ML = 1e20
_SOURCES_AT_ONCE = 1 << 16
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
        Energy was made or lost (H30).

    Notes
    -----
    Start and direction of a ray are the same for all source voxels, so each step is
    one shift of them all. Memory: two copies of the image for sums, two for the
    padded density and decays, and 8 bytes per voxel that is not zero.

    References
    ----------
    Ahnesjö A. Med Phys 1989;16:577, for the principle with photons.
    """
    within = _energy_within(radial)
    # A border of one voxel, which no ray steps over.
    steps_per_mm = np.pad(
        np.asarray(density_g_per_ml, np.float32), 1, constant_values=_WALL_G_PER_ML
    )
    shape = steps_per_mm.shape
    steps_per_mm *= np.float32(0.1 / _STEP_G_PER_CM2)
    steps_per_mm = steps_per_mm.ravel()
    activity = np.pad(np.asarray(decays, np.float32), 1).ravel()
    sources = np.flatnonzero(activity)
    lattice = _Lattice((shape[1] * shape[2], shape[2], 1), steps_per_mm, within)

    def share(first: int) -> NDArray[np.float32]:
        energy = np.zeros(activity.size, np.float32)
        for ray in range(first, len(rays.weights), _SHARES):
            for start in range(0, len(sources), _SOURCES_AT_ONCE):
                some = sources[start : start + _SOURCES_AT_ONCE]
                carried = activity[some] * np.float32(rays.weights[ray])
                _follow(rays.path(ray), some, carried, lattice, energy)
        return energy

    with ThreadPoolExecutor(min(_SHARES, os.cpu_count() or 1)) as pool:
        shares = list(pool.map(share, range(_SHARES)))
    energy = shares[0]
    for other in shares[1:]:
        energy += other
    inside = energy.reshape(shape)[1:-1, 1:-1, 1:-1]
    found = float(energy.sum(dtype=float))
    emitted = float(within[-1]) * float(activity.sum(dtype=float))
    allowed = float(within[-1]) * float(np.abs(activity).sum(dtype=float))
    if not abs(found - emitted) <= _ENERGY_TOLERANCE * allowed:
        raise QuantityError(
            f"the superposition changed the energy by {found / emitted - 1:.2e} (H30): "
            "no dose is computed from it"
        )
    return Superposition(inside, found - float(inside.sum(dtype=float)))


class _Lattice(NamedTuple):
    """What rays run through: densities in table steps, and the table."""

    strides: tuple[int, int, int]
    steps_per_mm: NDArray[np.float32]
    within: NDArray[np.float32]


def _follow(
    path: Iterator[tuple[tuple[int, int, int], float]],
    sources: NDArray[np.intp],
    carried: NDArray[np.float32],
    lattice: _Lattice,
    energy: NDArray[np.float32],
) -> None:
    """Follow one ray from many voxels at once until the last has stopped."""
    end = np.float32(len(lattice.within) - 1)
    at = np.zeros(len(sources), np.float32)
    before = np.zeros(len(sources), np.float32)
    for offset, length in path:
        shift = sum(o * s for o, s in zip(offset, lattice.strides, strict=True))
        here = sources + shift
        at += lattice.steps_per_mm[here] * np.float32(length)
        np.minimum(at, end, out=at)
        now = lattice.within.take(at.astype(np.int32))
        # One ray is in another voxel for every source: none is written twice.
        energy[here] += carried * (now - before)
        going = np.flatnonzero(at < end)
        if not going.size:
            return
        before = now
        if going.size < len(sources):
            sources, carried = sources[going], carried[going]
            at, before = at[going], before[going]


def _energy_within(radial: RadialKernel) -> NDArray[np.float32]:
    """Cumulative energy fraction at even steps of areal density, to the range's end."""
    mm_per_step = 10 * _STEP_G_PER_CM2 / radial.density_g_per_ml
    steps = round(radial.electron_range_mm / mm_per_step)
    places = np.arange(steps + 1) * mm_per_step
    within: NDArray[np.float64] = np.interp(
        places, radial.radius_mm, radial.energy_fraction_within
    )
    return within.astype(np.float32)
