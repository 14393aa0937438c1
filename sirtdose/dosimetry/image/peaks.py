"""Tumors by their own maxima, however bright others are."""

from dataclasses import dataclass
from math import log, sqrt

import numpy as np
from numpy.typing import NDArray

from sirtdose.data.load import table
from sirtdose.dosimetry.image.regions import Region, region_at, shifted
from sirtdose.model.grid import three
from sirtdose.model.structure import bounding_box
from sirtdose.model.volume import Volume

# What is darker than this part of the maximum is in no tumor.
_FLOOR = 0.05
# Surely a tumor: connected to its maximum, above this part of it.
_CORE = 0.7
# Heights are compared in steps of their logarithm, so that equal ones are one maximum.
_STEPS = 1000
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
    from scipy.ndimage import gaussian_filter, label, maximum_position
    from skimage.morphology import h_maxima
    from skimage.segmentation import watershed

    whole = bounding_box(inside)
    if whole is None:
        return []
    spacing_mm = np.array(volume.grid.spacing_mm)
    sigma = table("segmentation")["peak_fwhm_mm"]["value"] * _SIGMA / spacing_mm
    smooth = gaussian_filter(
        np.asarray(volume.data[whole], np.float32), sigma, output=np.float32
    )
    free = inside[whole] & (smooth >= _FLOOR * float(smooth[inside[whole]].max()))
    if not free.any() or not float(smooth[free].max()) > 0:
        return []
    level = np.rint(_STEPS * np.log(np.where(free, smooth, smooth[free].min())))
    steps = (level - level.min()).astype(np.int32)
    least = round(_STEPS * log(table("segmentation")["prominence"]["value"]))
    peaks, count = label(h_maxima(steps, least) & free)
    if not count:
        return []
    basins = watershed(-smooth, peaks, mask=free)
    found = []
    for k, at in enumerate(
        maximum_position(smooth, peaks, range(1, count + 1)), start=1
    ):
        basin = basins == k
        peak = three(int(a) for a in at)
        core = region_at(basin & (smooth >= _CORE * float(smooth[peak])), peak)
        if core is not None:
            own = core.mask_in(three(slice(0, n) for n in basin.shape))
            height = float(smooth[peak])
            found.append(Peak(height, shifted(own, whole), shifted(basin, whole)))
    return found
