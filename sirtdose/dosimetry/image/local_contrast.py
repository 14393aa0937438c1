"""A tumor's border by its own surroundings: a threshold above them, or a watershed."""

from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from sirtdose.data.load import table
from sirtdose.dosimetry.image.peaks import Peak
from sirtdose.dosimetry.image.regions import (
    Region,
    region_at,
    regions,
    shifted,
)
from sirtdose.model.grid import box_at, three
from sirtdose.model.volume import Volume

# What surely is the tumor, and what surely is not, by how much stands out.
_CORE, _SURROUNDINGS = 0.7, 0.15
_ROUNDS = 6
# A watershed's border runs between voxels: of half the size, so that it lies nearer.
_FINER = 2
_BLOCK = np.ones((_FINER, _FINER, _FINER), np.int8)


@dataclass(frozen=True, eq=False)
class Contrast:
    """A tumor's peak and its local background, in the image's unit."""

    maximum: float
    background: float

    def at(self, part: float) -> float:
        """The value at a part of what stands out.

        >>> Contrast(80.0, 10.0).at(0.5)
        45.0
        """
        return self.background + part * (self.maximum - self.background)


def background_of(one: Region, volume: Volume, others: NDArray[np.bool_]) -> float:
    """The mean 10 to 20 mm around a region, in the image's unit.

    `others` are voxels that are no background: other tumors, and what is not searched.
    """
    from scipy.ndimage import distance_transform_edt

    least_mm, most_mm = table("segmentation")["background_mm"]["value"]
    box = one.grown_box(volume.grid, most_mm)
    away_mm = distance_transform_edt(~one.mask_in(box), volume.grid.spacing_mm)
    shell = (away_mm >= least_mm) & (away_mm <= most_mm) & ~others[box]
    around = volume.data[box][shell]
    return float(around.mean(dtype=float)) if around.size else 0.0


def adapted_to(
    peak: Peak,
    volume: Volume,
    own: NDArray[np.bool_],
    *,
    others: NDArray[np.bool_],
    part: float,
) -> tuple[Region, Contrast, float] | None:
    """A tumor above its background and a part of its contrast, until it stands still.

    Each round has the background around the border of the last, from the core on. `own`
    are the voxels that may belong to it, `others` those that are no background.

    Returns
    -------
    (Region, Contrast, float) or None
        The tumor, its contrast and its threshold; None where its maximum is not above.
    """
    border, elsewhere = peak.core, others.copy()
    for _ in range(_ROUNDS):
        elsewhere[border.box] |= border.mask
        background = background_of(border, volume, elsewhere)
        contrast = Contrast(peak.height, background)
        threshold = contrast.at(part)
        found = above_background(border, volume, own, threshold)
        if found is None:
            return None
        if found.voxels == border.voxels:
            break
        border = found
    return border, contrast, threshold


def above_background(
    one: Region, volume: Volume, inside: NDArray[np.bool_], threshold: float
) -> Region | None:
    """What is connected to a tumor's hottest voxel above its own threshold.

    None where that voxel is not above.
    """
    values = np.where(one.mask, volume.data[one.box], -np.inf)
    at = np.unravel_index(int(values.argmax()), values.shape)
    peak = three(int(a) + side.start for a, side in zip(at, one.box, strict=True))
    return region_at(inside & (volume.data >= threshold), peak)


def by_watershed(
    one: Region, volume: Volume, inside: NDArray[np.bool_], contrast: Contrast
) -> Region | None:
    """What lies within the steepest fall around a tumor.

    The gradient is that of the image on voxels of half the size, smoothed by a quarter
    of a voxel's diagonal; the watershed rises from the core and the surroundings.
    """
    from scipy.ndimage import distance_transform_edt, zoom
    from skimage.segmentation import watershed

    margin_mm = table("segmentation")["background_mm"]["value"][0]
    box = one.grown_box(volume.grid, margin_mm)
    own = one.mask_in(box)
    values = np.asarray(volume.data[box], np.float64)
    away_mm = distance_transform_edt(~own, volume.grid.spacing_mm)
    markers = np.zeros(own.shape, np.int8)
    far = (away_mm >= margin_mm - 1e-6) | (values <= contrast.at(_SURROUNDINGS))
    markers[far] = 1
    markers[own & (values >= contrast.at(_CORE))] = 2
    fine = zoom(values, _FINER, order=1, mode="nearest", grid_mode=True)
    half_mm = three(mm / _FINER for mm in volume.grid.spacing_mm)
    basins = watershed(_steepness(fine, half_mm), np.kron(markers, _BLOCK))
    found = regions((_part_of_blocks(basins == 2) >= 0.5) & inside[box])
    if not found:
        return None
    return shifted(found[0].mask_in(box_at((0, 0, 0), own.shape)), box)


def _steepness(
    values: NDArray[np.float64], spacing_mm: tuple[float, float, float]
) -> NDArray[Any]:
    """Size of the gradient, smoothed by half the diagonal of these voxels."""
    from scipy.ndimage import gaussian_filter

    sigma_mm = float(np.linalg.norm(spacing_mm)) / 2
    squares = np.zeros(values.shape)
    for axis, mm in enumerate(spacing_mm):
        order = [int(axis == n) for n in range(3)]
        sigma = [sigma_mm / one for one in spacing_mm]
        squares += (gaussian_filter(values, sigma, order=order) / mm) ** 2
    return np.sqrt(squares)


def _part_of_blocks(mask: NDArray[np.bool_]) -> NDArray[np.float64]:
    """The part of each voxel that its finer ones are inside."""
    z, y, x = (n // _FINER for n in mask.shape)
    blocks = mask.reshape(z, _FINER, y, _FINER, x, _FINER)
    return np.asarray(blocks.mean(axis=(1, 3, 5)))
