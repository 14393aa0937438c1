"""A small phantom and its scan, drawn point by point: no transform of the package."""

from pathlib import Path

import nibabel
import numpy as np
from numpy.typing import NDArray
from scipy.ndimage import gaussian_filter

TOML = """
format = 1
name = "small"
title = "two balls in a cylinder"
source = "made for a test"
verified = true

[[fill]]
name = "background"
solids = [{ cylinder_mm = [0, 0, 0], diameter_mm = 110, length_mm = 90 }]
without = [
    { ball_mm = [25, 0, 0], diameter_mm = 36 },
    { ball_mm = [-22, 10, 8], diameter_mm = 26 },
]

[[fill]]
name = "spheres"
solids = [
    { ball_mm = [25, 0, 0], diameter_mm = 34 },
    { ball_mm = [-22, 10, 8], diameter_mm = 24 },
]
"""
# By hand: cylinder pi / 4 x 11^2 x 9 = 855.299 mL, less balls of 36 and 26 mm, 24.429
# and 9.203; balls of 34 and 24 mm, 20.580 and 7.238.
BACKGROUND_ML, SPHERES_ML = 821.667, 27.818
SPACING_MM, SHAPE, FINER = 6.0, (34, 34, 34), 3
CORE_MM, TAIL_MM, TAIL = 13.0, 50.0, 0.07


def scanned(
    *,
    ratio: float = 8.0,
    counts: float = 4e6,
    shift_mm: tuple[float, float, float] = (4.0, -3.0, 3.0),
    seed: int | None = 1,
) -> NDArray[np.float32]:
    """Counts (z, y, x) of voxels whose middle is at 0: blurred, with a tail."""
    fine = SPACING_MM / FINER
    z, y, x = (
        (np.arange(n * FINER) - (n * FINER - 1) / 2) * fine - shift_mm[2 - axis]
        for axis, n in enumerate(SHAPE)
    )
    z, y, x = np.meshgrid(z, y, x, indexing="ij")
    whole = ((x**2 + y**2 <= 55**2) & (abs(z) <= 45)).astype(float)
    for (a, b, c), inner in (((25, 0, 0), 34), ((-22, 10, 8), 24)):
        away = (x - a) ** 2 + (y - b) ** 2 + (z - c) ** 2
        whole[away <= (inner / 2 + 1) ** 2] = 0
        whole[away <= (inner / 2) ** 2] = ratio
    seen = sum(
        part * gaussian_filter(whole, width / 2.3548 / fine, mode="constant")
        for part, width in ((1 - TAIL, CORE_MM), (TAIL, TAIL_MM))
    )
    n = SHAPE
    voxels = seen.reshape(n[0], FINER, n[1], FINER, n[2], FINER).sum(axis=(1, 3, 5))
    voxels *= counts / whole.sum()
    if seed is not None:
        voxels = np.random.default_rng(seed).poisson(voxels)
    return np.asarray(voxels, np.float32)


def save_scan(path: Path, values: NDArray[np.float32]) -> Path:
    """As NIfTI, whose x and y run the other way."""
    start = (SHAPE[0] - 1) / 2 * SPACING_MM
    affine = np.diag([-SPACING_MM, -SPACING_MM, SPACING_MM, 1.0])
    affine[:3, 3] = start, start, -start
    nibabel.save(nibabel.Nifti1Image(values.transpose(2, 1, 0), affine), path)
    return path
