"""Uptake outside of liver and lungs: where it is, and what dose it gets."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

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
    from scipy.ndimage import find_objects, label

    dose.require(Quantity.DOSE)
    covered = np.zeros(dose.grid.shape, bool)
    part = np.zeros(dose.grid.shape, np.float32)
    for structure in inside:
        box = _box(structure, dose)
        covered[box] |= structure.occupancy > 0
        part[box] = np.maximum(part[box], structure.occupancy)
    rest = 1 - part
    held = activity.data * rest
    total = activity.total()
    hot = _far(covered, (dose.data >= _LEAST_GY) & ~covered, dose)
    numbers, count = label(hot, structure=np.ones((3, 3, 3)))
    least = _LEAST_ML / dose.grid.voxel_volume_ml
    sizes = np.bincount(numbers.ravel(), minlength=count + 1)
    boxes = find_objects(numbers)
    large = [
        _spot(numbers[boxes[k - 1]] == k, boxes[k - 1], dose, named)
        for k in range(1, count + 1)
        if sizes[k] >= least * (1 - 1e-6)
    ]
    outside = float(held.sum(dtype=float))
    voxels = float(rest.sum(dtype=float))
    return Extrahepatic(
        volume_ml=voxels * dose.grid.voxel_volume_ml,
        mean_gy=float((dose.data * rest).sum(dtype=float)) / voxels if voxels else 0.0,
        activity_gbq=outside,
        activity_fraction=outside / total if total > 0 else 0.0,
        spots=tuple(sorted(large, key=lambda spot: -spot.mean_gy * spot.volume_ml)),
    )


def _far(
    covered: NDArray[np.bool_], hot: NDArray[np.bool_], dose: Volume
) -> NDArray[np.bool_]:
    """The hot voxels that lie well outside of what is covered."""
    box = bounding_box(hot)
    if box is None or not covered.any():
        return hot
    from scipy.ndimage import distance_transform_edt

    # What is nearer than the margin lies in the box or within the margin of it.
    spacing = dose.grid.spacing_mm
    around = tuple(
        slice(max(0, side.start - reach), side.stop + reach)
        for side, reach in zip(
            box, (int(_MARGIN_MM / mm) + 1 for mm in spacing), strict=True
        )
    )
    near = covered[around]
    if not near.any():
        return hot
    far = np.zeros(hot.shape, bool)
    distance = distance_transform_edt(~near, sampling=spacing)
    far[around] = hot[around] & (distance > _MARGIN_MM)
    return far


def _spot(
    mask: NDArray[np.bool_],
    box: tuple[slice, ...],
    dose: Volume,
    named: Sequence[Structure],
) -> HotSpot:
    values = dose.data[box][mask]
    index = np.argwhere(mask) + [side.start for side in box]
    peak = index[int(values.argmax())]
    x, y, z = (float(v) for v in dose.grid.world_mm(peak))
    return HotSpot(
        at_mm=(x, y, z),
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


def _box(structure: Structure, dose: Volume) -> tuple[slice, ...]:
    offset = structure.grid.offset_in(dose.grid)
    if offset is None:
        return tuple(slice(0, 0) for _ in range(3))
    return tuple(
        slice(start, start + n)
        for start, n in zip(offset, structure.grid.shape, strict=True)
    )
