"""Blur as an explanation: one dose is the other, blurred."""

import numpy as np
from numpy.typing import NDArray

from sirtdose.dosimetry.compare.cause import Cause, best_factor, plain, scaled
from sirtdose.dosimetry.compare.dose_pair import DosePair, rms

_FWHM_MM = (1.0, 20.0)
_FWHM_PER_SD = 2.3548200450309493


def blurs(pair: DosePair, before: float) -> list[Cause]:
    """Gaussian blur of ours that gives theirs, or of theirs that gives ours.

    The first alone and with a factor, each of the width that leaves least.
    """
    ours, theirs, at = _box(pair)
    spacing = pair.ours.grid.spacing_mm
    found = [
        _fitted("blur", ours, theirs, at, spacing, before, sign=1.0),
        _fitted("blur", theirs, ours, at, spacing, before, sign=-1.0),
    ]
    with_factor = _fitted("blur+scale", ours, theirs, at, spacing, before, sign=1.0)
    return [min(found, key=lambda one: one.rms_after_gy), with_factor]


def _box(
    pair: DosePair,
) -> tuple[NDArray[np.float32], NDArray[np.float32], tuple[NDArray[np.intp], ...]]:
    """Both doses as far around the points compared as blur reaches."""
    grid = pair.ours.grid
    margin = [int(np.ceil(_FWHM_MM[1] / step)) for step in grid.spacing_mm]
    low = np.maximum(pair.points.min(axis=0) - margin, 0)
    high = np.minimum(pair.points.max(axis=0) + margin + 1, grid.shape)
    box = tuple(slice(a, b) for a, b in zip(low, high, strict=True))
    at = tuple((pair.points - low).T)
    ours = pair.ours.data[box].astype(np.float32)
    return ours, pair.theirs_on_ours.data[box].astype(np.float32), at


def _fitted(
    kind: str,
    sharp: NDArray[np.float32],
    blurred: NDArray[np.float32],
    at: tuple[NDArray[np.intp], ...],
    spacing_mm: tuple[float, float, float],
    before: float,
    *,
    sign: float,
) -> Cause:
    from scipy.optimize import minimize_scalar

    wanted = blurred[at].astype(np.float64)
    free = kind.endswith("+scale")

    def left(fwhm_mm: float) -> float:
        model = _blurred(sharp, fwhm_mm, spacing_mm)[at]
        factor = best_factor(model, wanted) if free else 1.0
        return rms(wanted - factor * model)

    result = minimize_scalar(
        left, bounds=_FWHM_MM, method="bounded", options={"xatol": 0.1}
    )
    width = float(result.x)
    model = _blurred(sharp, width, spacing_mm)[at]
    made = scaled if free else plain
    return made(kind, model, wanted, before, fwhm_mm=sign * width)


def _blurred(
    dose: NDArray[np.float32], fwhm_mm: float, spacing_mm: tuple[float, float, float]
) -> NDArray[np.float64]:
    from scipy.ndimage import gaussian_filter

    sd = [fwhm_mm / _FWHM_PER_SD / step for step in spacing_mm]
    blurred: NDArray[np.float64] = gaussian_filter(
        dose, sd, mode="nearest", truncate=3.0
    ).astype(np.float64)
    return blurred
