"""Uptake outside of liver and lungs: where it is, and what dose it gets."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from sirtdose.errors import GeometryError
from sirtdose.model.grid import SAME_PLACE_MM, Box, Grid, three
from sirtdose.model.role import Role
from sirtdose.model.structure import Structure, bounding_box
from sirtdose.model.volume import Quantity, Volume

# Where uptake is meant to be, or is told of by the lungs' own dose.
_INSIDE = (
    *(Role.LIVER, Role.PERFUSED, Role.TUMOR, Role.LUNGS, Role.NORMAL_GIVEN),
    *(Role.NORMAL_WHOLE, Role.NORMAL_PERFUSED),
)
# Organs that a liver or a perfused volume may have been drawn over.
_AT_RISK = (Role.GALLBLADDER, Role.ORGAN)
# What a place is told by, where it is in no structure.
_LANDMARKS = (*_AT_RISK, Role.LIVER, Role.LUNGS, Role.TUMOR_OUTSIDE)
# Blur carries the liver's and the lungs' counts so far.
_MARGIN_MM = 20.0
# Least dose and volume of a hot spot: under these an image's noise has many.
_LEAST_GY = 20.0
_LEAST_ML = 1.0
# Spill-out falls on the way out: a focus is the hottest voxel within this.
_PEAK_MM = 10.0
# Parts of its peak, one after the other, at which a focus may stand apart from what
# is covered; and how much of it then lies outside.
_LEVELS = (0.5, 0.6, 0.7)
_OUTSIDE_LEAST = 0.5
# Half a side of the box that a focus is looked at in.
_AROUND_MM = 50.0
# Voxels in a box of the grid.
_Region = tuple[NDArray[np.bool_], Box]


@dataclass(frozen=True)
class HotSpot:
    """A place with dose outside of liver and lungs; `at_mm` is x, y, z (LPS).

    `outside_fraction` of its volume lies outside of them. `inside` names the structure
    that has its peak, `near` is the nearest one and how far it is, mm, and `reaches`
    are the organs that it has a part in.
    """

    at_mm: tuple[float, float, float]
    volume_ml: float
    mean_gy: float
    peak_gy: float
    outside_fraction: float = 1.0
    inside: str = ""
    near: tuple[str, float] | None = None
    reaches: tuple[str, ...] = ()


@dataclass(frozen=True)
class Extrahepatic:
    """Everything outside of liver, perfused volume and lungs: the background.

    `volume_ml` is all of it that is imaged, air too, and `mean_gy` its mean;
    `activity_fraction` is of the image; `spots` the hottest first.
    """

    volume_ml: float
    mean_gy: float
    activity_gbq: float
    activity_fraction: float
    spots: tuple[HotSpot, ...]


def extrahepatic(
    dose: Volume, activity: Volume, structures: Sequence[Structure]
) -> Extrahepatic | None:
    """Activity outside of liver and lungs, and the hot spots there.

    Parameters
    ----------
    dose, activity : Volume
        On one grid.
    structures : sequence of Structure
        On that grid: by their roles liver, perfused volume, tumors and lungs are what
        is left out, others may say where a hot spot lies.

    Returns
    -------
    Extrahepatic or None
        None where no liver is drawn.

    Notes
    -----
    A hot spot is connected voxels of 20 Gy and more, 1 mL and more together, more
    than 20 mm from what is left out. A focus may lie nearer: its peak is outside and
    the hottest voxel within 10 mm, so that spill-out is none; connected voxels of 20
    Gy and half of the peak (else 0.6 or 0.7 of it) are 1 mL and more, half of them
    outside.
    """
    dose.require(Quantity.DOSE)
    if not any(one.role is Role.LIVER for one in structures):
        return None
    part = np.zeros(dose.grid.shape, np.float32)
    at_risk = np.zeros(dose.grid.shape, bool)
    for structure in structures:
        box = _box(structure, dose.grid)
        if structure.role in _INSIDE:
            part[box] = np.maximum(part[box], structure.occupancy)
        elif structure.role in _AT_RISK:
            at_risk[box] |= structure.occupancy >= _OUTSIDE_LEAST
    covered = part > 0
    rest = 1 - part
    outside = float((activity.data * rest).sum(dtype=float))
    total = activity.total()
    voxels = float(rest.sum(dtype=float))
    hot = (dose.data >= _LEAST_GY) & ~covered
    far = [*_connected(_far(covered, hot, dose.grid.spacing_mm), dose.grid)]
    part[at_risk] = 0
    spots = [
        _spot(region, dose, part, structures) for region in _with_foci(far, dose, part)
    ]
    return Extrahepatic(
        volume_ml=voxels * dose.grid.voxel_volume_ml,
        mean_gy=float((dose.data * rest).sum(dtype=float)) / voxels if voxels else 0.0,
        activity_gbq=outside,
        activity_fraction=outside / total if total > 0 else 0.0,
        spots=tuple(sorted(spots, key=lambda one: -one.mean_gy * one.volume_ml)),
    )


def foci_gy(spots: Sequence[HotSpot]) -> dict[str, float]:
    """The hottest peak of the spots that reach into an organ, by its name."""
    found: dict[str, float] = {}
    for spot in spots:
        for name in spot.reaches:
            found[name] = max(spot.peak_gy, found.get(name, 0.0))
    return found


def _connected(far: NDArray[np.bool_], grid: Grid) -> Iterator[_Region]:
    """Connected voxels that are large enough together, each with its box."""
    least = _least_voxels(grid)
    if np.count_nonzero(far) < least:
        return
    from scipy.ndimage import find_objects, label

    numbers, _ = label(far, structure=np.ones((3, 3, 3)))
    for number, box in enumerate(find_objects(numbers), start=1):
        mask = numbers[box] == number
        if np.count_nonzero(mask) >= least:
            yield mask, box


def _far(
    covered: NDArray[np.bool_], hot: NDArray[np.bool_], spacing_mm: tuple[float, ...]
) -> NDArray[np.bool_]:
    """The hot voxels that have nothing covered within the margin.

    Most are beside what is covered, and go at the first rows that are looked at: the
    distance from everything takes far longer, and scipy to be imported.
    """
    box = bounding_box(hot)
    if box is None:
        return hot
    reach = [int(_MARGIN_MM / mm) for mm in spacing_mm]
    around = tuple(
        slice(side.start, side.stop + 2 * r) for side, r in zip(box, reach, strict=True)
    )
    near = np.pad(covered, [(r, r) for r in reach])[around]
    # How many voxels it is along the row to the nearest that is covered.
    along = np.full(near.shape, reach[2] + 1, np.uint16)
    for steps in range(reach[2], -1, -1):
        along[..., steps:][near[..., : near.shape[2] - steps]] = steps
        along[..., : near.shape[2] - steps][near[..., steps:]] = steps
    left = np.flatnonzero(np.pad(hot[box], [(r, r) for r in reach]))
    steps_to = along.ravel()
    for offset, within in _rows_within(reach, spacing_mm, near.shape):
        left = left[steps_to[left + offset] > within]
    at = np.unravel_index(left, near.shape)
    far = np.zeros(hot.shape, bool)
    far[
        tuple(
            index + side.start - r
            for index, side, r in zip(at, box, reach, strict=True)
        )
    ] = True
    return far


def _rows_within(
    reach: Sequence[int], spacing_mm: tuple[float, ...], shape: tuple[int, ...]
) -> list[tuple[int, int]]:
    """Rows that the margin reaches, nearest first: where, and how many voxels along."""
    z, y, x = (
        np.arange(-r, r + 1) * mm for r, mm in zip(reach, spacing_mm, strict=True)
    )
    apart = np.sqrt(z[:, None, None] ** 2 + y[:, None] ** 2 + x**2)
    within = ((apart <= _MARGIN_MM).sum(axis=2) - 1) // 2
    order = np.argsort(apart.min(axis=2), axis=None)
    rows = np.stack(np.unravel_index(order, within.shape), axis=1) - reach[:2]
    offsets = rows @ (shape[1] * shape[2], shape[2])
    return [
        (int(offset), int(steps))
        for offset, steps in zip(offsets, within.ravel()[order], strict=True)
        if steps >= 0
    ]


def _with_foci(
    far: Sequence[_Region], dose: Volume, part: NDArray[np.float32]
) -> list[_Region]:
    """What is far away, and regions around peaks that stand apart from the rest.

    `part` of each voxel is covered. Of two that have voxels in common the one with
    the hotter peak is told of, and of a focus not its tail.
    """
    told = np.zeros_like(dose.data)
    for mask, box in far:
        told[box][mask] = dose.data[box][mask].max()
    foci = []
    for peak in _peaks(dose, part > 0):
        top = dose.data[tuple(peak)]
        box = _around(peak, dose.grid, _AROUND_MM)
        mask = _apart(dose.data[box], part[box], peak - [side.start for side in box])
        if mask.sum() >= _least_voxels(dose.grid) and told[box][mask].max() < top:
            told[box][mask] = np.inf
            foci.append((mask, box))
    tails = [
        np.isinf(told[_around(_hottest(one, dose), dose.grid, _PEAK_MM)]).any()
        for one in far
    ]
    return [*foci, *(one for one, tail in zip(far, tails, strict=True) if not tail)]


def _hottest(region: _Region, dose: Volume) -> NDArray[np.intp]:
    """The index of a region's hottest voxel."""
    mask, box = region
    at = np.unravel_index(
        int(np.where(mask, dose.data[box], -np.inf).argmax()), mask.shape
    )
    return np.array(at, np.intp) + np.array([side.start for side in box], np.intp)


def _apart(
    values: NDArray[np.float32], part: NDArray[np.float32], at: NDArray[np.intp]
) -> NDArray[np.bool_]:
    """The voxels of a peak that lie apart from what is covered; none if they do not."""
    from scipy.ndimage import label

    for level in _LEVELS:
        hot = values >= max(level * values[tuple(at)], _LEAST_GY)
        numbers, _ = label(hot, structure=np.ones((3, 3, 3)))
        mask = np.asarray(numbers == numbers[tuple(at)], bool)
        if 1 - part[mask].mean() >= _OUTSIDE_LEAST:
            return mask
    return np.zeros(values.shape, bool)


def _peaks(dose: Volume, covered: NDArray[np.bool_]) -> NDArray[np.intp]:
    """Voxels outside, hottest within 10 mm of them and in 1 mL there, hottest first.

    Of equal neighbors the first stands for all.
    """
    spacing = dose.grid.spacing_mm
    reach = [int(_PEAK_MM / mm) for mm in spacing]
    padded = np.pad(dose.data, [(r, r) for r in reach], constant_values=-np.inf)
    row, plane = padded.shape[2], padded.shape[1] * padded.shape[2]
    steps = np.stack(
        np.meshgrid(*(np.arange(-r, r + 1) for r in reach), indexing="ij"), axis=-1
    ).reshape(-1, 3)
    apart = np.sqrt(((steps * spacing) ** 2).sum(axis=1))
    near = np.argsort(apart, kind="stable")
    near = near[apart[near] <= _PEAK_MM]
    offsets = steps[near] @ (plane, row, 1)
    flat = padded.ravel()
    at = (np.argwhere((dose.data >= _LEAST_GY) & ~covered) + reach) @ (plane, row, 1)
    for offset in offsets[1:]:
        beside, own = flat[at + offset], flat[at]
        at = at[(beside < own) if offset < 0 else (beside <= own)]
    level = np.maximum(_LEVELS[0] * flat[at], _LEAST_GY)
    held = sum((flat[at + offset] >= level).astype(int) for offset in offsets)
    at = at[held >= _least_voxels(dose.grid)] if at.size else at
    at = at[np.argsort(-flat[at], kind="stable")]
    return np.stack(np.unravel_index(at, padded.shape), axis=1) - reach


def _around(peak: NDArray[np.intp], grid: Grid, reach_mm: float) -> Box:
    """The part of a grid around a voxel."""
    reach = [int(reach_mm / mm) for mm in grid.spacing_mm]
    z, y, x = (
        slice(max(int(i) - r, 0), min(int(i) + r + 1, n))
        for i, r, n in zip(peak, reach, grid.shape, strict=True)
    )
    return z, y, x


def _least_voxels(grid: Grid) -> float:
    return _LEAST_ML / grid.voxel_volume_ml * (1 - 1e-6)


def _spot(
    region: _Region,
    dose: Volume,
    part: NDArray[np.float32],
    structures: Sequence[Structure],
) -> HotSpot:
    mask, box = region
    values, covered = dose.data[box][mask], part[box][mask]
    peak = _hottest((mask & (part[box] == 0), box), dose)
    at_mm = dose.grid.world_mm(peak)
    held = Structure("", Role.OTHER, mask, dose.grid.crop(box))
    around = dose.grid.crop(_around(peak, dose.grid, _AROUND_MM))
    window = Structure("", Role.OTHER, np.ones(around.shape, bool), around)
    others = [one for one in structures if one.role not in _INSIDE]
    apart = {one: _apart_mm(one & window, at_mm) for one in structures}
    near = [
        (mm > _MARGIN_MM or one.role not in _AT_RISK, mm, one.name)
        for one, mm in apart.items()
        if one.role in _LANDMARKS and mm < np.inf
    ]
    return HotSpot(
        at_mm=three(at_mm.tolist()),
        volume_ml=float(mask.sum()) * dose.grid.voxel_volume_ml,
        mean_gy=float(values.mean(dtype=float)),
        peak_gy=float(dose.data[tuple(peak)]),
        outside_fraction=1 - float(covered.mean(dtype=float)),
        inside=next((one.name for one in others if apart[one] < SAME_PLACE_MM), ""),
        near=min(near)[:0:-1] if near else None,
        reaches=tuple(
            one.name
            for one in others
            if one.role in _AT_RISK and ((one & held).occupancy >= _OUTSIDE_LEAST).any()
        ),
    )


def _apart_mm(structure: Structure, at_mm: NDArray[np.float64]) -> float:
    """From a place to the nearest voxel that has a part in a structure."""
    places = structure.grid.world_mm(np.argwhere(structure.occupancy > 0))
    return float(np.linalg.norm(places - at_mm, axis=1).min(initial=np.inf))


def _box(structure: Structure, grid: Grid) -> Box:
    box = structure.box_on(grid)
    if box is None:
        raise GeometryError(f"'{structure.name}' is not on the dose's grid")
    return box
