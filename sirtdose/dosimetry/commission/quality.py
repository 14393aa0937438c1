"""Noise, contrast and evenness of a phantom's image, as NEMA NU 2 names them."""

from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from sirtdose.dosimetry.commission.phantom_fit import PhantomFit
from sirtdose.dosimetry.commission.recovery import ball_on
from sirtdose.dosimetry.commission.view import View
from sirtdose.model.grid import Grid
from sirtdose.model.solid import Ball, Fill, ScanPhantom

Array = NDArray[np.float64]
# A voxel is even where so much of it is background, blurred and not taken out.
_EVEN = 0.985
_POSITIONS = 60
# Correlation over one voxel beyond this is not told from an image that is even.
_CORRELATED_MAX = 0.995


@dataclass(frozen=True)
class Quality:
    r"""Figures of the even background and of the spheres in it.

    `noise` is the standard deviation of a voxel over the mean, `noise_fwhm_mm` over
    what distance it goes together, `per_voxel` the mean itself. `uniformity` is
    (highest - lowest) over their sum, smoothed over a sphere of 37 mm.
    `contrast` is :math:`(S/B - 1)/(\rho - 1)` by diameter, `variability` the standard
    deviation of so large a sphere in the background over its mean, `cold` what cold
    parts show of the background. Each is 0 or empty where the phantom has no such part.
    """

    noise: float
    noise_fwhm_mm: float
    per_voxel: float
    uniformity: float
    contrast: Mapping[str, float]
    variability: Mapping[str, float]
    cold: Mapping[str, float]


def quality_of(
    image: NDArray[np.float32], view: View, phantom: ScanPhantom, fit: PhantomFit
) -> Quality:
    """Measure an image of a phantom that was fitted."""
    grid = view.grid
    held = fit.concentrations
    name = "background" if "background" in held else next(iter(held))
    even = _even(view, phantom, fit, name)
    if even.sum() < 50 or name == "spheres":
        return Quality(0.0, 0.0, 0.0, 0.0, {}, {}, {})
    mean = float(image[even].mean(dtype=float))
    rest = np.where(even, image - fit.model, 0.0)
    noise = float(rest[even].std()) / mean
    contrast, variability = {}, {}
    if "spheres" in held and held[name] > 0:
        ratio = held["spheres"] / held[name]
        for ball in phantom.fill("spheres").solids:
            if isinstance(ball, Ball) and abs(ratio - 1) > 0.05:
                label = f"{ball.diameter_mm:g} mm"
                part, box = ball_on(ball, fit, phantom, grid)
                inside = float((image[box] * part).sum(dtype=float) / part.sum())
                contrast[label] = (inside / mean - 1) / (ratio - 1)
                variability[label] = _variability(image, even, grid, ball.diameter_mm)
    return Quality(
        noise=noise,
        noise_fwhm_mm=_together_mm(rest, even, grid),
        per_voxel=mean,
        uniformity=_uniformity(image, even, grid),
        contrast=contrast,
        variability={k: one for k, one in variability.items() if one > 0},
        cold=_cold(image, grid, phantom, fit=fit, mean=mean),
    )


def _even(
    view: View, phantom: ScanPhantom, fit: PhantomFit, name: str
) -> NDArray[np.bool_]:
    """Voxels into which nothing else is blurred, and out of which nothing."""
    seen = view.moved(fit.pose.middle_mm) * fit.kernel.transfer(view.frequency)
    own = view.image(view.of(phantom, fit.pose)[name] * seen)
    only = Fill("", phantom.fill(name).solids)
    full = view.image(view.of_fill(only, phantom, fit.pose) * seen)
    most = float(np.percentile(full, 99))
    return np.asarray((own > 0.93 * most) & (own > _EVEN * full))


def _together_mm(rest: Array, even: NDArray[np.bool_], grid: Grid) -> float:
    """Width (FWHM) of the Gaussian that would correlate white noise so."""
    widths = []
    for axis, side in enumerate(grid.spacing_mm):
        values, inside = np.moveaxis(rest, axis, 0), np.moveaxis(even, axis, 0)
        both = inside[1:] & inside[:-1]
        if both.sum() < 50:
            continue
        a, b = values[1:][both], values[:-1][both]
        shared = float((a * b).mean() / np.sqrt((a**2).mean() * (b**2).mean()))
        if 0 < shared < _CORRELATED_MAX:
            widths.append(side / (2 * np.sqrt(-np.log(shared))) * 2.3548)
    return float(np.mean(widths)) if widths else 0.0


def _smoothed(
    image: NDArray[np.float32], even: NDArray[np.bool_], grid: Grid, diameter: float
) -> tuple[Array, NDArray[np.bool_]]:
    """Means over spheres that lie in the even part alone, and where they do."""
    from scipy.ndimage import convolve

    half = [int(diameter / 2 // side) for side in grid.spacing_mm]
    axes = [
        np.arange(-n, n + 1) * side
        for n, side in zip(half, grid.spacing_mm, strict=True)
    ]
    z, y, x = np.meshgrid(*axes, indexing="ij")
    ball = (z**2 + y**2 + x**2 <= (diameter / 2) ** 2).astype(np.float32)
    ball /= ball.sum()
    inside = convolve(even.astype(np.float32), ball, mode="constant") > 0.999
    return convolve(image, ball, mode="nearest").astype(float), inside


def _variability(
    image: NDArray[np.float32], even: NDArray[np.bool_], grid: Grid, diameter: float
) -> float:
    """Spread of spheres of one size in the background; 0 where too few fit."""
    means, inside = _smoothed(image, even, grid, diameter)
    places = np.flatnonzero(inside)
    if places.size < _POSITIONS:
        return 0.0
    chosen = means.ravel()[places[:: max(1, places.size // _POSITIONS)]]
    return float(chosen.std(ddof=1) / chosen.mean())


def _uniformity(
    image: NDArray[np.float32], even: NDArray[np.bool_], grid: Grid
) -> float:
    means, inside = _smoothed(image, even, grid, 37.0)
    if inside.sum() < _POSITIONS:
        return 0.0
    high, low = float(means[inside].max()), float(means[inside].min())
    return (high - low) / (high + low)


def _cold(
    image: NDArray[np.float32],
    grid: Grid,
    phantom: ScanPhantom,
    *,
    fit: PhantomFit,
    mean: float,
) -> Mapping[str, float]:
    """What is seen in the middle of cold parts, over the background."""
    found = {}
    for solid in phantom.cold:
        core = Ball(solid.middle_mm, max(0.8 * min(solid.half_mm) * 2, 5.0))
        part, box = ball_on(core, fit, phantom, grid)
        inside = float((image[box] * part).sum(dtype=float) / part.sum())
        found[f"cold part of {2 * min(solid.half_mm):g} mm"] = inside / mean
    return found
