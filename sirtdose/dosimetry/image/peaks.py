"""Tumors by their own maxima, however bright others are."""

from dataclasses import dataclass
from math import log, sqrt

import numpy as np
from numpy.typing import NDArray

from sirtdose.data.load import table
from sirtdose.dosimetry.image.regions import Region, region_at, shifted
from sirtdose.model.grid import Box, three
from sirtdose.model.structure import bounding_box
from sirtdose.model.volume import Volume

# What is darker than this part of the maximum is in no tumor.
_FLOOR = 0.05
# Surely a tumor: connected to its maximum, above this part of it.
_CORE = 0.7
# Heights are compared in steps of their logarithm, so that equal ones are one maximum.
_STEPS = 1000
_PEAKS_MAX = 60
# A Gaussian's standard deviation over its full width at half maximum.
_SIGMA = 1 / sqrt(8 * log(2))


@dataclass(frozen=True, eq=False)
class Peak:
    """A maximum of the smoothed image, in the image's unit.

    Around it are its core, and `near` all voxels that no other peak may have.
    """

    height: float
    core: Region
    near: Region


def peaks_in(volume: Volume, inside: NDArray[np.bool_]) -> list[Peak]:
    """Each maximum that stands out.

    The image is smoothed first. A maximum stands out where it exceeds the saddle to any
    higher one by a factor; a watershed between them says which voxels are nearer to
    which.

    Parameters
    ----------
    volume : Volume
    inside : array of bool
        All that is searched, on the volume's grid.
    """
    from scipy.ndimage import label, maximum_position
    from skimage.morphology import h_maxima
    from skimage.segmentation import watershed

    searched = bounding_box(inside)
    if searched is None:
        return []
    smooth = _smooth(volume, searched)
    searching = inside[searched]
    free = searching & (smooth >= _FLOOR * float(smooth[searching].max()))
    lit = bounding_box(free)
    if lit is None or not float(smooth[free].max()) > 0:
        return []
    # Most of an image is dark: what follows takes much memory a voxel.
    smooth, free = smooth[lit].copy(), free[lit].copy()
    whole = three(
        slice(own.start + side.start, own.stop + side.start)
        for own, side in zip(lit, searched, strict=True)
    )
    level = np.rint(_STEPS * np.log(np.where(free, smooth, smooth[free].min())))
    steps = (level - level.min()).astype(np.int32)
    least = round(_STEPS * log(table("segmentation")["prominence"]["value"]))
    peaks, count = label(h_maxima(steps, least) & free)
    if not count:
        return []
    basins = watershed(-smooth, peaks, mask=free)
    numbers = range(1, count + 1)
    places = [
        three(int(a) for a in at) for at in maximum_position(smooth, peaks, numbers)
    ]
    # The highest first: in noise there may be hundreds.
    order = sorted(numbers, key=lambda k: -float(smooth[places[k - 1]]))
    found = []
    for k in order[:_PEAKS_MAX]:
        peak, basin = places[k - 1], basins == k
        core = region_at(basin & (smooth >= _CORE * float(smooth[peak])), peak)
        if core is not None:
            own = core.mask_in(three(slice(0, n) for n in basin.shape))
            height = float(smooth[peak])
            found.append(Peak(height, shifted(own, whole), shifted(basin, whole)))
    return found


def _smooth(volume: Volume, box: Box) -> NDArray[np.float32]:
    from scipy.ndimage import gaussian_filter

    fwhm_mm = table("segmentation")["peak_fwhm_mm"]["value"]
    sigma = fwhm_mm * _SIGMA / np.array(volume.grid.spacing_mm)
    data = np.asarray(volume.data[box], np.float32)
    return np.asarray(gaussian_filter(data, sigma, output=np.float32))
