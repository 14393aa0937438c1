"""Collapsed-cone superposition: energy along straight paths through any density."""

import os
from collections.abc import Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from functools import partial
from typing import TypeAlias

import numpy as np
from numpy.typing import NDArray

from sirtdose.dosimetry.compiled import compiled
from sirtdose.dosimetry.engine.lanes import (
    NO_TISSUE,
    PARTS,
    WIDTH,
    Bone,
    Image,
    Lanes,
    Steps,
    follow,
    rises_by_way,
)
from sirtdose.dosimetry.engine.media import Media
from sirtdose.dosimetry.engine.radial_kernel import RadialKernel
from sirtdose.dosimetry.engine.rays import Path, Rays
from sirtdose.errors import QuantityError
from sirtdose.model.grid import three
from sirtdose.model.progress import Task, task

# Resolution of the table of energy against areal density.
_STEP_G_PER_CM2 = 1e-4
# What surrounds the image, in steps per mm: it stops every ray.
_WALL = 1e23
# Less than this is air: it has no dose to report.
AIR_BELOW_G_PER_ML = 0.05
# Rays are shared out the same way on every machine, so sums are the same too.
_SHARES = 2
_ENERGY_TOLERANCE = 1e-3


# Steps of areal density per mm, the energy within so many, what is known of bone.
Tissue: TypeAlias = tuple[NDArray[np.float32], NDArray[np.float32], Bone]


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
    offsets serves them all. Decays in air stay in their voxel. Memory: 8 bytes per
    voxel for density and the result, 4 per voxel of rows with decays, and 16 per voxel
    that energy reaches. Without numba the same numbers take several times as long.

    References
    ----------
    Ahnesjö A. Med Phys 1989;16:577, for the principle with photons.
    """
    shape = three(n + 2 for n in decays.shape)
    steps_per_mm = _steps_per_mm(density_g_per_ml, media)
    lanes = Lanes.of(_followed(decays, density_g_per_ml), shape[2])
    taken = _fans_of(lanes.starts, shape, len(fans))
    within, bone = _energy_within(radial), _bone(media)
    strides = (shape[1] * shape[2], shape[2], 1)
    rises = rises_by_way(steps_per_mm, strides, bone)
    images = [
        (one.starts, one.activity, steps_per_mm, within, bone, rises)
        for one in (lanes.some(taken == fan) for fan in range(len(fans)))
    ]
    loop = compiled(follow, _follow_together, *PARTS)
    most = sum(shape)

    def share(first: int, going: Task) -> NDArray[np.float64]:
        energy = np.zeros(steps_per_mm.size)
        for fan, image in zip(fans, images, strict=True):
            rays = range(first, fan.weights.size, _SHARES)
            for some, path in fan.bundles(rays, most):
                lengths_mm = path.lengths_mm.astype(np.float32)
                weights = fan.weights[some].astype(np.float32)
                shifts = path.offsets @ strides
                loop((shifts, lengths_mm, weights, _ways(path)), image, energy)
                for _ in some:
                    going.done()
        return energy

    rays = sum(fan.weights.size for fan in fans)
    with (
        task("collapsed cone", rays) as going,
        ThreadPoolExecutor(min(_SHARES, os.cpu_count() or 1)) as pool,
    ):
        energies = list(pool.map(partial(share, going=going), range(_SHARES)))
    found, result = _added_up(energies, (decays, density_g_per_ml), within[-1])
    emitted = float(within[-1]) * float(decays.sum(dtype=float))
    allowed = float(within[-1]) * float(np.abs(decays).sum(dtype=float))
    if not abs(found - emitted) <= _ENERGY_TOLERANCE * allowed:
        raise QuantityError(
            f"the superposition changed the energy by {found / emitted - 1:.2e} "
            "(H29): no dose was computed"
        )
    return Superposition(result, found - float(result.sum(dtype=float)))


def _ways(path: Path) -> NDArray[np.int8]:
    """The direction (of six) in which a ray enters each voxel; the first is unused."""
    moved = np.diff(path.offsets, axis=1, prepend=0)
    axis = np.abs(moved).argmax(axis=2)
    return np.asarray(2 * axis + (moved.sum(axis=2) < 0), np.int8)


def _steps_per_mm(
    density_g_per_ml: NDArray[np.floating], media: Media | None
) -> NDArray[np.float32]:
    """Steps of areal density in each voxel, flattened, in a wall that stops all rays.

    The wall is a voxel thick, which no ray steps over; lanes reach beyond its end.
    """
    shape = three(n + 2 for n in density_g_per_ml.shape)
    flat = np.full(np.prod(shape) + WIDTH, _WALL, np.float32)
    inside = flat[: np.prod(shape)].reshape(shape)[1:-1, 1:-1, 1:-1]
    for plane, own in zip(inside, density_g_per_ml, strict=True):
        plane[:] = own
        if media is not None:
            plane *= media.length(plane)
        plane *= np.float32(0.1 / _STEP_G_PER_CM2)
    return flat


def _in_air(density_g_per_ml: NDArray[np.floating]) -> NDArray[np.bool_]:
    return np.asarray(density_g_per_ml, np.float32) < AIR_BELOW_G_PER_ML


def _followed(
    decays: NDArray[np.floating], density_g_per_ml: NDArray[np.floating]
) -> Iterator[NDArray[np.float32]]:
    """Decays that are not in air, plane by plane."""
    for plane, density in zip(decays, density_g_per_ml, strict=True):
        yield np.where(_in_air(density), np.float32(0), plane).astype(np.float32)


def _added_up(
    energies: Sequence[NDArray[np.float64]],
    image: tuple[NDArray[np.floating], NDArray[np.floating]],
    air: np.float32,
) -> tuple[float, NDArray[np.float32]]:
    """All energy, the walls' too, and that of each voxel; decays in air leave `air`."""
    decays, density = image
    result = np.empty(decays.shape, np.float32)
    shape = three(n + 2 for n in decays.shape)
    found = 0.0
    for z in range(shape[0]):
        plane = slice(z * shape[1] * shape[2], (z + 1) * shape[1] * shape[2])
        total = sum((energy[plane] for energy in energies[1:]), energies[0][plane])
        total = total.reshape(shape[1:])
        if 0 < z < shape[0] - 1:
            inside, own = total[1:-1, 1:-1], decays[z - 1].astype(np.float32)
            inside += np.where(_in_air(density[z - 1]), own * air, np.float32(0))
            result[z - 1] = inside
        found += float(total.sum())
    return found, result


def _bone(media: Media | None) -> Bone:
    """How bone turns energy back; without media nothing does."""
    if media is None:
        return NO_TISSUE, NO_TISSUE, np.float32(0), np.float32(0), np.float32(1)
    edges = np.array([media.soft_tissue_g_per_ml[1], media.bone_g_per_ml])
    steps = np.array([*(edges * media.length(edges)), media.least_rise_g_per_ml])
    soft, hard, least = (steps * (0.1 / _STEP_G_PER_CM2)).astype(np.float32)
    return soft, hard, least, np.float32(media.turned_back), np.float32(media.way_back)


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


def _follow_together(steps: Steps, image: Image, energy: NDArray[np.float64]) -> None:
    """The same as :func:`follow`, all sources a step at a time."""
    starts, activity, steps_per_mm, within, bone, _ = image
    lane, place = np.nonzero(activity)
    sources, carried = starts[lane] + place, activity[lane, place]
    rest = (steps_per_mm, within, bone)
    for shifts, lengths_mm, weight, _ in zip(*steps, strict=True):
        _follow_one((shifts, lengths_mm), (sources, carried * weight), rest, energy)


def _follow_one(
    steps: tuple[NDArray[np.intp], NDArray[np.float32]],
    start: tuple[NDArray[np.intp], NDArray[np.float32]],
    tissue: Tissue,
    energy: NDArray[np.float64],
) -> None:
    sources, carried = start
    steps_per_mm, within, bone = tissue
    soft, hard, least, turned_back, _ = bone
    end = within.size - 1
    at = np.zeros_like(carried)
    before = np.zeros_like(carried)
    last = steps_per_mm[sources]
    for k, (shift, length_mm) in enumerate(zip(*steps, strict=True)):
        here = sources + shift
        own = steps_per_mm[here]
        np.maximum(last, soft, out=last)
        denser = (np.minimum(own, hard) > last + least) & (own < NO_TISSUE)
        if denser.any():
            rise = (np.minimum(own[denser], hard) - last[denser]) / (hard - soft)
            back = carried[denser] * turned_back * rise
            carried[denser] -= back
            turned = sources[denser], back, at[denser], before[denser]
            _return_together((k, *steps), turned, tissue, energy)
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
    tissue: Tissue,
    energy: NDArray[np.float64],
) -> None:
    """What bone turns back at step `k` goes where it came from, and beyond."""
    k, shifts, lengths_mm = path
    sources, back, at, before = start
    steps_per_mm, within, (_, _, _, _, way_back) = tissue
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
