"""Where a CT shows a phantom, beside where the image shows it."""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from sirtdose.dosimetry.commission.view import Pose
from sirtdose.model.grid import Grid
from sirtdose.model.solid import ScanPhantom
from sirtdose.model.volume import Quantity, Volume

# Water and plastic are above, air and foam below.
_THRESHOLD_HU = -300.0
_VOXEL_MM = 4.0
# A table, or a CT that cuts the phantom, makes another volume of it; walls add some.
_VOLUME_PARTS = (0.9, 1.3)


@dataclass(frozen=True)
class CtOutline:
    """What is above the threshold: how large, and how far it is from the image's fit.

    `offset_mm` is image less CT along x, y and z, None where it cannot be told, `why`.
    """

    offset_mm: tuple[float, float, float] | None
    volume_ml: float
    why: str = ""


def ct_outline(ct: Volume, phantom: ScanPhantom, pose: Pose) -> CtOutline:
    """Compare the center of mass of a phantom on a CT with its place in the image."""
    mask, grid = _largest(ct)
    volume = float(mask.sum()) * grid.voxel_volume_ml
    if not mask.any():
        return CtOutline(None, 0.0, "the CT shows nothing above -300 HU")
    low, high = (part * phantom.outer.volume_ml for part in _VOLUME_PARTS)
    if not low <= volume <= high:
        return CtOutline(
            None,
            volume,
            f"the CT shows {volume:.0f} mL above {_THRESHOLD_HU:g} HU, the phantom is "
            f"{phantom.outer.volume_ml:.0f} mL inside: a table, or another phantom",
        )
    middle = np.asarray(grid.world_mm(np.argwhere(mask).mean(axis=0)))
    there = pose.world_mm(phantom.outer.middle_mm, phantom)
    x, y, z = (float(one) for one in np.ravel(there) - middle)
    return CtOutline((x, y, z), volume)


def _largest(ct: Volume) -> tuple[NDArray[np.bool_], Grid]:
    """The largest body in every few voxels of a CT, its holes filled slice by slice."""
    from scipy.ndimage import binary_fill_holes, label

    steps = [max(1, round(_VOXEL_MM / side)) for side in ct.grid.spacing_mm]
    values = ct.require(Quantity.CT_NUMBER)[tuple(slice(None, None, n) for n in steps)]
    affine = ct.grid.affine_mm.copy()
    affine[:3, :3] *= steps
    above = np.asarray(values > _THRESHOLD_HU)
    labels, count = label(above)
    if count:
        sizes = np.bincount(labels.ravel())
        above = labels == 1 + int(sizes[1:].argmax())
    filled = np.stack([binary_fill_holes(one) for one in above])
    a, b, c = filled.shape
    return filled, Grid((a, b, c), affine)
