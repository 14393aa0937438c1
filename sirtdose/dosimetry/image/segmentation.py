"""Delineate liver and tumors on a SPECT or PET by thresholds: candidates to look at."""

from dataclasses import replace
from typing import Any

import numpy as np
from numpy.typing import NDArray

from sirtdose.errors import RangeError, StructureError
from sirtdose.model.role import Role
from sirtdose.model.structure import Structure
from sirtdose.model.volume import Volume

# What is smaller is noise, or too small for an image to show.
_LEAST_TUMOR_ML = 2.0
# The image's most, but for single hot voxels.
_PERCENTILE = 99.9
_TUMORS_MAX = 20
# A region that is so much of the liver is no tumor in it.
_WHOLE = 0.7
_ROUNDS = 20


def liver_by_threshold(volume: Volume, fraction: float) -> Structure:
    """The largest connected region above a part of the image's most, without holes.

    Parameters
    ----------
    volume : Volume
        Counts or activity per volume.
    fraction : float, above 0 and below 1
        Of the image's 99.9th percentile among voxels above 0.

    Raises
    ------
    RangeError
        The fraction is outside its range.
    StructureError
        Nothing is above.
    """
    from scipy.ndimage import binary_fill_holes

    _require_fraction(fraction)
    regions = _components(volume.data >= fraction * _most(volume.data))
    if not regions:
        raise StructureError(f"no voxel exceeds {fraction:.0%} of the image maximum")
    return Structure(
        "liver (candidate)",
        Role.LIVER,
        np.asarray(binary_fill_holes(regions[0]), bool),
        volume.grid,
        f"largest region above {fraction:.0%} of the image maximum",
    ).cropped()


def tumors_by_threshold(
    volume: Volume, liver: Structure, fraction: float | None
) -> list[Structure]:
    """Connected regions in the liver above a part of its most, the largest first.

    Parameters
    ----------
    volume : Volume
    liver : Structure
        On the volume's grid.
    fraction : float, optional
        Of the liver's most; None for the threshold of each image itself: half-way
        between the mean of what is above and of what is below, until it stands still.

    Returns
    -------
    list of Structure
        Named by size, none under 2 mL.

    Raises
    ------
    RangeError
        The fraction is outside its range.
    StructureError
        Nothing in the liver stands out.

    References
    ----------
    Half-way between two means: Ridler TW, Calvard S. IEEE Trans Syst Man Cybern
    1978;8:630.
    """
    values, part = liver.values_in(volume)
    inside = values[part >= 0.5]
    if fraction is None:
        threshold, how = _between_means(inside), "half-way between two means"
    else:
        _require_fraction(fraction)
        threshold = fraction * _most(inside)
        how = f"above {fraction:.0%} of the maximum in the liver"
    mask = np.zeros(volume.grid.shape, bool)
    box = liver.box_on(volume.grid)
    if box is None:
        raise StructureError("the liver is not on the image's grid")
    mask[box] = (liver.occupancy >= 0.5) & (volume.data[box] >= threshold)
    least = _LEAST_TUMOR_ML / volume.grid.voxel_volume_ml
    regions = [one for one in _components(mask) if one.sum() >= least]
    if not regions:
        raise StructureError(
            f"no region of at least {_LEAST_TUMOR_ML:g} mL in the liver is {how}: "
            "draw the tumors, or give another threshold"
        )
    if regions[0].sum() > _WHOLE * inside.size:
        raise StructureError(
            f"most of the liver is {how}, so no tumor stands out: draw the tumors, or "
            "give a higher threshold"
        )
    unnamed = Structure("tumor", Role.TUMOR, regions[0], volume.grid, how)
    return [
        replace(unnamed, name=f"tumor {k + 1} (candidate)", occupancy=one).cropped()
        for k, one in enumerate(regions[:_TUMORS_MAX])
    ]


def _components(mask: NDArray[Any]) -> list[NDArray[np.bool_]]:
    """Connected regions, face to face, the largest first."""
    from skimage.measure import label

    numbers = np.asarray(label(mask, connectivity=1))
    sizes = np.bincount(numbers.ravel())[1:]
    order = np.argsort(sizes, kind="stable")[::-1][: 2 * _TUMORS_MAX]
    return [numbers == k + 1 for k in order]


def _most(values: NDArray[Any]) -> float:
    above = values[values > 0]
    if not above.size:
        raise StructureError("the image contains no activity to segment")
    return float(np.percentile(above, _PERCENTILE))


def _between_means(values: NDArray[Any]) -> float:
    threshold = float(values.mean(dtype=float))
    for _ in range(_ROUNDS):
        above, below = values[values >= threshold], values[values < threshold]
        if not above.size or not below.size:
            break
        last, threshold = threshold, float(above.mean() + below.mean()) / 2
        if abs(threshold - last) <= 1e-6 * abs(threshold):
            break
    return threshold


def _require_fraction(fraction: float) -> None:
    if not 0 < fraction < 1:
        raise RangeError(
            f"a threshold of {fraction:g} is not possible: give a fraction above 0 "
            "and below 1, such as 40%"
        )
