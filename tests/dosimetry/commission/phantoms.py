"""A small phantom, drawn point by point, and what a camera makes of it.

Nothing here uses the transforms that are tested.
"""

import numpy as np
from numpy.typing import NDArray
from scipy import ndimage

from sirtdose.model.grid import Grid
from sirtdose.model.solid import Ball, Cylinder, Fill, ScanPhantom

Array = NDArray[np.float64]
SPACING_MM = (5.0, 4.5, 4.0)
SHAPE = (44, 52, 60)
FINER = 3
# Where the phantom lies: an image is seldom in the middle of its coordinates.
PLACE_MM = (260.0, -35.0, -300.0)
CENTERS_MM = {40.0: (28.0, 6.0, 12.0), 28.0: (-26.0, -20.0, -10.0)}


def phantom() -> ScanPhantom:
    """A cylinder of 130 x 110 mm, 120 mm long, with two spheres of thin walls."""
    body = Cylinder((0.0, 0.0, 0.0), 130.0, 110.0, 120.0)
    balls = tuple(Ball(center, size) for size, center in CENTERS_MM.items())
    walls = tuple(Ball(center, size + 2) for size, center in CENTERS_MM.items())
    return ScanPhantom(
        "small",
        "Small phantom",
        (Fill("background", (body,), walls), Fill("spheres", balls)),
        body,
        "made for the tests",
        verified=True,
    )


def grid() -> Grid:
    """Around the phantom, off its center."""
    a, b, c = PLACE_MM
    z, y, x = (-(n - 1) / 2 * side for n, side in zip(SHAPE, SPACING_MM, strict=True))
    return Grid.regular(
        SHAPE, spacing_mm=SPACING_MM, origin_mm=(x + a + 3, y + b - 2, z + c + 4)
    )


def scanned(
    *,
    ratio: float,
    background: float = 1.0,
    fwhm_mm: tuple[float, float] = (13.0, 15.0),
    overshoot: float = 0.0,
    tail: tuple[float, float] = (0.0, 1.0),
    turn_deg: float = 0.0,
    shift_mm: tuple[float, float, float] = (0.0, 0.0, 0.0),
    seed: int | None = None,
) -> Array:
    """Activity by voxel, mL times concentration, of a background of 1 per mL.

    Where edges overshoot, a Gaussian of twice the width is taken off, nothing is below
    0, and all counts are kept.
    """
    at = grid()
    fine = [side / FINER for side in SPACING_MM]
    axes = [
        (np.arange(n * FINER) - (FINER - 1) / 2) * step + first
        for n, step, first in zip(SHAPE, fine, at.affine_mm[2::-1, 3], strict=True)
    ]
    z, y, x = np.meshgrid(*axes, indexing="ij", sparse=True)
    x, y, z = (
        one - place - shift
        for one, place, shift in zip((x, y, z), PLACE_MM, shift_mm, strict=True)
    )
    c, s = np.cos(np.radians(turn_deg)), np.sin(np.radians(turn_deg))
    u, v = c * x + s * y, -s * x + c * y
    body = (u / 65) ** 2 + (v / 55) ** 2 <= 1
    held = (body & (np.abs(z) <= 60)) * background
    for size, (a, b, d) in CENTERS_MM.items():
        away = np.sqrt((u - a) ** 2 + (v - b) ** 2 + (z - d) ** 2)
        held = np.where(away <= size / 2 + 1, 0.0, held)
        held = np.where(away <= size / 2, ratio, held)
    core = (fwhm_mm[1], fwhm_mm[0], fwhm_mm[0])
    seen = (1 + overshoot) * _blurred(held, core, fine)
    if overshoot:
        seen -= overshoot * _blurred(held, tuple(2 * one for one in core), fine)
    seen *= 1 - tail[0]
    if tail[0]:
        seen += tail[0] * _blurred(held, (tail[1],) * 3, fine)
    if overshoot:
        counts = seen.sum()
        seen = np.maximum(seen, 0)
        seen *= counts / seen.sum()
    a, b, d = SHAPE
    whole = seen.reshape(a, FINER, b, FINER, d, FINER).sum(axis=(1, 3, 5))
    whole *= float(np.prod(fine)) / 1000
    if seed is not None:
        rng = np.random.default_rng(seed)
        whole = rng.poisson(whole * 500) / 500.0
    return np.asarray(whole)


def _blurred(
    held: Array, fwhm_mm: tuple[float, ...], steps: list[float]
) -> NDArray[np.float64]:
    sigma = [w / 2.354820045 / d for w, d in zip(fwhm_mm, steps, strict=True)]
    return np.asarray(ndimage.gaussian_filter(held, sigma, mode="constant", truncate=5))
