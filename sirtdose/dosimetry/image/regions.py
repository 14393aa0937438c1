"""Connected regions of an image, and the numbers that thresholds are made of."""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from sirtdose.data.load import table
from sirtdose.errors import StructureError
from sirtdose.model.grid import Box, Grid, three
from sirtdose.model.structure import bounding_box
from sirtdose.model.volume import Volume

_ROUNDS = 20
_REGIONS_MAX = 40


@dataclass(frozen=True, eq=False)
class Region:
    """Voxels in a box of the image: all that is connected."""

    mask: NDArray[np.bool_]
    box: Box

    @property
    def voxels(self) -> int:
        """How many there are."""
        return int(np.count_nonzero(self.mask))

    def values(self, volume: Volume) -> NDArray[np.floating]:
        """The image in it."""
        return np.asarray(volume.data[self.box][self.mask])

    def grown_box(self, grid: Grid, margin_mm: float) -> Box:
        """Its box with a margin, within the grid."""
        sides = zip(self.box, grid.shape, grid.spacing_mm, strict=True)
        return three(
            slice(
                max(0, side.start - int(np.ceil(margin_mm / mm))),
                min(size, side.stop + int(np.ceil(margin_mm / mm))),
            )
            for side, size, mm in sides
        )

    def mask_in(self, box: Box) -> NDArray[np.bool_]:
        """The same voxels in a box that holds its own."""
        mask = np.zeros([side.stop - side.start for side in box], bool)
        mask[
            three(_inner(own, side) for own, side in zip(self.box, box, strict=True))
        ] = self.mask
        return mask


def _inner(own: slice, outer: slice) -> slice:
    return slice(own.start - outer.start, own.stop - outer.start)


def shifted(mask: NDArray[np.bool_], box: Box) -> Region:
    """A mask of a box's shape as a region of the image, in the smallest box."""
    inner = bounding_box(mask)
    if inner is None:
        return Region(mask, box)
    moved = three(
        slice(own.start + side.start, own.stop + side.start)
        for own, side in zip(inner, box, strict=True)
    )
    return Region(mask[inner].copy(), moved)


def regions(mask: NDArray[np.bool_], *, least: float = 1.0) -> list[Region]:
    """Regions whose voxels touch face to face, of at least so many, largest first."""
    from scipy.ndimage import find_objects, label

    numbers, count = label(mask)
    sizes = np.bincount(numbers.ravel(), minlength=count + 1)[1:]
    order = np.argsort(-sizes, kind="stable")[:_REGIONS_MAX]
    boxes = find_objects(numbers)
    return [
        Region(numbers[boxes[k]] == k + 1, boxes[k]) for k in order if sizes[k] >= least
    ]


def region_at(mask: NDArray[np.bool_], index: tuple[int, int, int]) -> Region | None:
    """The region that holds a voxel; None where that is outside."""
    from scipy.ndimage import label

    if not mask[index]:
        return None
    numbers, _ = label(mask)
    same = np.asarray(numbers == numbers[index])
    box = bounding_box(same)
    return None if box is None else Region(same[box].copy(), box)


def maximum_of(values: NDArray[np.floating]) -> float:
    """The maximum but for single hot voxels: the 99.9th percentile of what is above 0.

    Raises
    ------
    StructureError
        Nothing is above 0.

    Examples
    --------
    >>> maximum_of(np.array([-1.0, 0.0, 4.0, 4.0]))
    4.0
    """
    above = values[values > 0]
    if not above.size:
        raise StructureError("the image contains no activity to segment")
    percentile = table("segmentation")["maximum_percentile"]["value"]
    return float(np.percentile(above, percentile))


def between_means(values: NDArray[np.floating]) -> float:
    """Half-way between the mean of what is above and of what is below, standing still.

    References
    ----------
    Ridler TW, Calvard S. IEEE Trans Syst Man Cybern 1978;8:630,
    doi:10.1109/TSMC.1978.4310039.

    Examples
    --------
    >>> between_means(np.array([10.0, 10.0, 10.0, 80.0]))
    45.0
    """
    threshold = float(values.mean(dtype=float))
    for _ in range(_ROUNDS):
        above, below = values[values >= threshold], values[values < threshold]
        if not above.size or not below.size:
            break
        last = threshold
        threshold = float(above.mean(dtype=float) + below.mean(dtype=float)) / 2
        if abs(threshold - last) <= 1e-6 * abs(threshold):
            break
    return threshold
