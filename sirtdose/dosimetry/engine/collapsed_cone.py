"""Collapsed-cone superposition: energy along straight paths through any density."""

import os
from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from functools import partial
from typing import TypeAlias

import numpy as np
from numpy.typing import NDArray

from sirtdose.dosimetry.compiled import compiled
from sirtdose.dosimetry.engine.media import Media
from sirtdose.dosimetry.engine.radial_kernel import RadialKernel
from sirtdose.dosimetry.engine.rays import Rays
from sirtdose.errors import QuantityError
from sirtdose.model.progress import Task, task

# Resolution of the table of energy against areal density.
_STEP_G_PER_CM2 = 1e-4
# What surrounds the image: it stops every ray.
_WALL_G_PER_ML = 1e20
# Denser than this is no tissue, in steps of areal density per mm.
_NO_TISSUE = np.float32(1e6)
# Less than this is air: it has no dose to report.
AIR_BELOW_G_PER_ML = 0.05
# Rays are shared out the same way on every machine, so sums are the same too.
_SHARES = 2
_ENERGY_TOLERANCE = 1e-3


# Sources, activity, steps of areal density per mm, the energy within so many of them,
# and four numbers of bone.
Image: TypeAlias = tuple[
    NDArray[np.intp],
    NDArray[np.float32],
    NDArray[np.float32],
    NDArray[np.float32],
    tuple[np.float32, np.float32, np.float32, np.float32],
]


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
    fans: Sequence[Rays],
    *,
    media: Media | None = None,
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

    Where `media` says so, `rho` counts as the soft tissue that stops as much, and at a
    step from soft tissue to bone a part of what a ray still carries goes back along
    it: straight paths of one medium have neither.

    Parameters
    ----------
    decays : ndarray, shape (slices, rows, columns)
        Decays, or anything in proportion to them.
    density_g_per_ml : ndarray, of the same shape, >= 0
    radial : RadialKernel
        Its medium stands for all tissues, by areal density.
    fans : sequence of Rays
        Sources take them in turn.
    media : Media, optional
        What lung and bone do beside it.

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
    if media is not None:
        for plane in density:
            plane *= media.length(plane)
    steps_per_mm *= np.float32(0.1 / _STEP_G_PER_CM2)
    most = sum(shape)
    strides = np.array([shape[1] * shape[2], shape[2], 1])
    bone = _bone(media)
    sources = np.flatnonzero((activity != 0) & ~in_air)
    taken = _fans_of(sources, shape, len(fans))
    images = [
        (sources[taken == fan], activity, steps_per_mm, within, bone)
        for fan in range(len(fans))
    ]
    follow = compiled(_follow, _follow_together)

    def share(first: int, going: Task) -> NDArray[np.float64]:
        energy = np.zeros(activity.size)
        for fan, image in zip(fans, images, strict=True):
            for ray, path in fan.paths(range(first, fan.weights.size, _SHARES), most):
                steps = (path.offsets @ strides, path.lengths_mm.astype(np.float32))
                follow(steps, np.float32(fan.weights[ray]), image, energy)
                going.done()
        return energy

    rays = sum(fan.weights.size for fan in fans)
    with (
        task("collapsed cone", rays) as going,
        ThreadPoolExecutor(min(_SHARES, os.cpu_count() or 1)) as pool,
    ):
        energy, *others = pool.map(partial(share, going=going), range(_SHARES))
    for other in others:
        energy += other
    energy += np.where(in_air, activity * within[-1], np.float32(0))
    inside = energy.reshape(shape)[1:-1, 1:-1, 1:-1]
    found = float(energy.sum())
    emitted = float(within[-1]) * float(activity.sum(dtype=float))
    allowed = float(within[-1]) * float(np.abs(activity).sum(dtype=float))
    if not abs(found - emitted) <= _ENERGY_TOLERANCE * allowed:
        raise QuantityError(
            f"the superposition changed the energy by {found / emitted - 1:.2e} "
            "(H29): no dose was computed"
        )
    return Superposition(inside.astype(np.float32), found - float(inside.sum()))


def _bone(
    media: Media | None,
) -> tuple[np.float32, np.float32, np.float32, np.float32]:
    """Soft tissue's most and bone's steps per mm; what turns back, and how it slows."""
    if media is None:
        return _NO_TISSUE, _NO_TISSUE, np.float32(0), np.float32(1)
    edges = np.array([media.soft_tissue_g_per_ml[1], media.bone_g_per_ml])
    soft, hard = (edges * media.length(edges) * (0.1 / _STEP_G_PER_CM2)).astype("f4")
    return soft, hard, np.float32(media.turned_back), np.float32(media.way_back)


def _fans_of(
    sources: NDArray[np.intp], shape: tuple[int, ...], fans: int
) -> NDArray[np.int8]:
    """Which fan each source takes: one in a row, all alike often in any plane.

    Steps by powers of the root of x^3 = x + 1. Neighbors in a row stay together, which
    memory is read by.
    """
    steps = 1.324717957244746 ** -np.arange(1, 3)
    rows = np.stack(np.unravel_index(sources // shape[2], shape[:2]), 1)
    return (rows @ steps % 1 * fans).astype(np.int8)


def _follow(
    steps: tuple[NDArray[np.intp], NDArray[np.float32]],
    weight: np.float32,
    image: Image,
    energy: NDArray[np.float64],
) -> None:
    """Follow one ray from every source until its energy is used up.

    `steps` are shifts in the flattened image and lengths in mm.
    """
    shifts, lengths_mm = steps
    sources, activity, steps_per_mm, within, bone = image
    soft, hard, turned_back, way_back = bone
    end = within.size - 1
    for source in sources:
        carried = activity[source] * weight
        at = np.float32(0)
        before = np.float32(0)
        for k in range(shifts.size):
            here = source + shifts[k]
            own = steps_per_mm[here]
            if own > soft and own < _NO_TISSUE and k > 0:
                last = max(steps_per_mm[source + shifts[k - 1]], soft)
                if own > last and hard > last:
                    back = carried * turned_back
                    back *= (min(own, hard) - last) / (hard - soft)
                    carried -= back
                    there_at = at
                    then = before
                    for m in range(k - 1, -shifts.size, -1):
                        there = source + shifts[m] if m >= 0 else source - shifts[-m]
                        there_at += way_back * steps_per_mm[there] * lengths_mm[abs(m)]
                        if there_at >= end:
                            energy[there] += back * (within[end] - then)
                            break
                        now = within[int(there_at)]
                        energy[there] += back * (now - then)
                        then = now
            at += own * lengths_mm[k]
            if at >= end:
                energy[here] += carried * (within[end] - before)
                break
            now = within[int(at)]
            energy[here] += carried * (now - before)
            before = now


def _follow_together(
    steps: tuple[NDArray[np.intp], NDArray[np.float32]],
    weight: np.float32,
    image: Image,
    energy: NDArray[np.float64],
) -> None:
    """The same as :func:`_follow`, all sources a step at a time."""
    sources, activity, steps_per_mm, within, bone = image
    soft, hard, turned_back, _ = bone
    end = within.size - 1
    carried = activity[sources] * weight
    at = np.zeros_like(carried)
    before = np.zeros_like(carried)
    last = steps_per_mm[sources]
    for k, (shift, length_mm) in enumerate(zip(*steps, strict=True)):
        here = sources + shift
        own = steps_per_mm[here]
        np.maximum(last, soft, out=last)
        denser = (own > last) & (own < _NO_TISSUE) & (last < hard)
        if denser.any():
            rise = (np.minimum(own[denser], hard) - last[denser]) / (hard - soft)
            back = carried[denser] * turned_back * rise
            carried[denser] -= back
            start = sources[denser], back, at[denser], before[denser]
            _return_together((k, *steps), start, image, energy)
        at += own * length_mm
        # Behind the end there is no more energy; no two sources share a place.
        now = within[np.minimum(at, end).astype(np.intp)]
        energy[here] += carried * (now - before)
        on = at < end
        sources, carried, at, before = sources[on], carried[on], at[on], now[on]
        last = own[on]
        if not sources.size:
            break


def _return_together(
    path: tuple[int, NDArray[np.intp], NDArray[np.float32]],
    start: tuple[
        NDArray[np.intp], NDArray[np.float32], NDArray[np.float32], NDArray[np.float32]
    ],
    image: Image,
    energy: NDArray[np.float64],
) -> None:
    """What bone turns back at step `k` goes where it came from, and beyond."""
    k, shifts, lengths_mm = path
    sources, back, at, before = start
    _, _, steps_per_mm, within, (_, _, _, way_back) = image
    end = within.size - 1
    for m in range(k - 1, -shifts.size, -1):
        there = sources + shifts[m] if m >= 0 else sources - shifts[-m]
        at = at + way_back * steps_per_mm[there] * lengths_mm[abs(m)]
        now = within[np.minimum(at, end).astype(np.intp)]
        energy[there] += back * (now - before)
        on = at < end
        sources, back, at, before = sources[on], back[on], at[on], now[on]
        if not sources.size:
            break


def _energy_within(radial: RadialKernel) -> NDArray[np.float32]:
    """Cumulative energy fraction at even steps of areal density, to the range's end."""
    mm_per_step = 10 * _STEP_G_PER_CM2 / radial.density_g_per_ml
    places = np.arange(round(radial.electron_range_mm / mm_per_step) + 1) * mm_per_step
    return np.asarray(
        np.interp(places, radial.radius_mm, radial.energy_fraction_within), np.float32
    )
