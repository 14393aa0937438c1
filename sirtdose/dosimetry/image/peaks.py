"""Tumors that a first threshold leaves connected, told apart by their own maxima."""

import numpy as np
from numpy.typing import NDArray

from sirtdose.data.load import table
from sirtdose.dosimetry.image.regions import Region, shifted
from sirtdose.model.volume import Volume


def by_peaks(
    one: Region, volume: Volume, inside: NDArray[np.bool_], background: float
) -> list[tuple[Region, Region]]:
    """The parts of a region, one a maximum that stands out, and where each may grow.

    Maxima are those of the image smoothed by half a voxel's diagonal; a watershed
    between them says which voxels are nearer to which.

    Parameters
    ----------
    one : Region
    volume : Volume
    inside : array of bool
        All that is searched, on the volume's grid.
    background : float
        Around the region, in the image's unit.

    Returns
    -------
    list of (Region, Region)
        The part of the region, and all voxels around it that may belong to it.
    """
    from scipy.ndimage import gaussian_filter, label
    from skimage.morphology import h_maxima
    from skimage.segmentation import watershed

    spacing_mm = np.array(volume.grid.spacing_mm)
    margin_mm = table("segmentation")["background_mm"]["value"][1]
    box = one.grown_box(volume.grid, margin_mm)
    own, free = one.mask_in(box), inside[box]
    sigma = np.linalg.norm(spacing_mm) / 2 / spacing_mm
    smooth = gaussian_filter(np.asarray(volume.data[box], np.float64), sigma)
    least = table("segmentation")["prominence"]["value"]
    contrast = float(smooth[own].max()) - background
    if not contrast > 0:
        return [(one, shifted(free, box))]
    # Whole numbers: maxima of equal height are then one.
    steps = np.rint(1000 * (smooth - background) / contrast).astype(np.int32)
    steps[~own] = steps.min()
    peaks, count = label(h_maxima(steps, round(1000 * least)) & own)
    if count < 2:
        return [(one, shifted(free, box))]
    basins = watershed(-smooth, peaks, mask=free)
    return [
        (shifted((basins == k) & own, box), shifted(basins == k, box))
        for k in range(1, count + 1)
    ]
