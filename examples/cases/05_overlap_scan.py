"""A scout whose uptakes are known: writes the folder overlap_scan for 05_overlap.toml.

A box of 40 x 30 x 10 voxels of 5 mm is the liver: 12000 voxels of 0.125 mL, 1500 mL.
Perfused A is its 24 slabs on one side, perfused B the 24 on the other; 8 lie in both.
"""

from pathlib import Path

import nibabel
import numpy as np

folder = Path("overlap_scan")
folder.mkdir(exist_ok=True)
affine = np.diag([-5.0, -5.0, 5.0, 1.0])


def box(x: slice, y: slice = slice(2, 32), z: slice = slice(2, 12)) -> np.ndarray:
    """The voxels of a box; those of the liver where an axis is not given."""
    mask = np.zeros((44, 34, 14), np.uint8)
    mask[x, y, z] = 1
    return mask


structures = {
    "Liver": box(slice(2, 42)),
    "Perfused A": box(slice(2, 26)),
    "Perfused B": box(slice(18, 42)),
    # 10 x 10 x 6 voxels, 75 mL, in A alone.
    "Tumor 1": box(slice(5, 15), slice(10, 20), slice(4, 10)),
    # 4 x 10 x 4 voxels, 20 mL, in both.
    "Tumor 2": box(slice(20, 24), slice(10, 20), slice(4, 8)),
}
counts = 10.0 * structures["Liver"]
counts[structures["Tumor 1"] == 1] = 50.0
counts[structures["Tumor 2"] == 1] = 30.0
for name, data in {"scout": counts, **structures}.items():
    image = nibabel.nifti1.Nifti1Image(data, affine)
    nibabel.save(image, folder / f"{name}.nii.gz")
print(f"{folder}: scout.nii.gz and {len(structures)} structures")
