"""Uptake outside of liver and lungs: where it is, and what dose it gets."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from sirtdose.model.grid import Grid, three
from sirtdose.model.structure import Structure, bounding_box
from sirtdose.model.volume import Quantity, Volume

# Blur carries the liver's and the lungs' counts so far.
_MARGIN_MM = 20.0
# Least dose and volume of a hot spot: under these an image's noise has many.
_LEAST_GY = 20.0
_LEAST_ML = 1.0


@dataclass(frozen=True)
class HotSpot:
    """A place with dose outside of liver and lungs; `at_mm` is x, y, z (LPS)."""

    at_mm: tuple[float, float, float]
    volume_ml: float
    mean_gy: float
    peak_gy: float
    inside: str


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
    dose: Volume,
    activity: Volume,
    inside: Sequence[Structure],
    named: Sequence[Structure],
) -> Extrahepatic:
    """Activity outside of structures, and the hot spots well outside of them.

    Parameters
    ----------
    dose, activity : Volume
        On one grid.
    inside : sequence of Structure
        Liver, perfused volume, tumors and lungs, on that grid.
    named : sequence of Structure
        Others, which may say where a hot spot lies.

    Notes
    -----
    A hot spot is connected voxels of 20 Gy and more, 1 mL and more together, more
    than 20 mm from the structures.
    """
    dose.require(Quantity.DOSE)
    covered = np.zeros(dose.grid.shape, bool)
    part = np.zeros(dose.grid.shape, np.float32)
    for structure in inside:
        box = structure.box_on(dose.grid)
        if box is not None:
            covered[box] |= structure.occupancy > 0
            part[box] = np.maximum(part[box], structure.occupancy)
    rest = 1 - part
    held = activity.data * rest
    total = activity.total()
    hot = (dose.data >= _LEAST_GY) & ~covered
    far = _far(covered, hot, dose.grid.spacing_mm)
    large = [_spot(mask, box, dose, named) for mask, box in _connected(far, dose.grid)]
    outside = float(held.sum(dtype=float))
    voxels = float(rest.sum(dtype=float))
    return Extrahepatic(
        volume_ml=voxels * dose.grid.voxel_volume_ml,
        mean_gy=float((dose.data * rest).sum(dtype=float)) / voxels if voxels else 0.0,
        activity_gbq=outside,
        activity_fraction=outside / total if total > 0 else 0.0,
        spots=tuple(sorted(large, key=lambda spot: -spot.mean_gy * spot.volume_ml)),
    )


def _connected(
    far: NDArray[np.bool_], grid: Grid
) -> Iterator[tuple[NDArray[np.bool_], tuple[slice, ...]]]:
    """Connected voxels that are large enough together, each with its box."""
    least = _LEAST_ML / grid.voxel_volume_ml * (1 - 1e-6)
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


def _spot(
    mask: NDArray[np.bool_],
    box: tuple[slice, ...],
    dose: Volume,
    named: Sequence[Structure],
) -> HotSpot:
    values = dose.data[box][mask]
    index = np.argwhere(mask) + [side.start for side in box]
    peak = index[int(values.argmax())]
    return HotSpot(
        at_mm=three(dose.grid.world_mm(peak).tolist()),
        volume_ml=float(mask.sum()) * dose.grid.voxel_volume_ml,
        mean_gy=float(values.mean(dtype=float)),
        peak_gy=float(values.max()),
        inside=_name_at(peak, dose, named),
    )


def _name_at(peak: NDArray[Any], dose: Volume, named: Sequence[Structure]) -> str:
    for structure in named:
        offset = structure.grid.offset_in(dose.grid)
        if offset is None:
            continue
        at = peak - np.array(offset)
        within = bool((at >= 0).all() and (at < structure.grid.shape).all())
        if within and structure.occupancy[tuple(at)] > 0:
            return structure.name
    return ""
