"""What two doses differ by: each explanation tried, and what it leaves."""

from collections.abc import Mapping
from itertools import combinations

import numpy as np
from numpy.typing import NDArray

from sirtdose.dosimetry.compare.cause import WORTH, Cause, best_factor, plain, scaled
from sirtdose.dosimetry.compare.dose_pair import DosePair, rms
from sirtdose.dosimetry.compare.moved_cause import shifts, turns
from sirtdose.model.volume import Volume

# Under this part of our greatest dose there is nothing to explain.
NOTHING = 1e-3
# What leaves less than this part needs no turn besides.
_ALL_BUT = 0.05
_MIRRORED = {0: "head to feet", 1: "front to back", 2: "left to right"}
_FWHM_MM = (1.0, 20.0)
_FWHM_PER_SD = 2.3548200450309493


def causes(pair: DosePair, others: Mapping[str, Volume] | None = None) -> list[Cause]:
    """Explanations of a difference, the best first; none where there is none.

    A common factor, a shift, a turn, mirrored axes, a blur, and, of `others`, our doses
    by other methods; each alone, and with a factor where that leaves less.

    Parameters
    ----------
    pair : DosePair
    others : mapping of str to Volume, optional
        Our own doses by other methods, by name, on our grid.

    Examples
    --------
    Theirs is 5 % more than ours everywhere.

    >>> from sirtdose.model.grid import Grid
    >>> from sirtdose.model.volume import Quantity
    >>> grid = Grid.regular((8, 9, 10), spacing_mm=(4.0, 3.0, 3.0))
    >>> ramp = np.add.outer(np.arange(8) ** 2, np.add.outer(np.arange(9), range(10)))
    >>> ours = Volume(ramp.astype(float), grid, Quantity.DOSE)
    >>> best = causes(DosePair(ours, ours.with_data(1.05 * ramp)))[0]
    >>> best.kind, round(best.factor, 4), round(best.explained_fraction, 4)
    ('scale', 1.05, 1.0)
    """
    ours, theirs = pair.at_points
    before = rms(theirs - ours)
    if before < NOTHING * float(pair.ours.data.max()):
        return []
    found = [scaled("scale", ours, theirs, before)]
    found += shifts(pair, before)
    found += _mirrors(pair, before)
    found += blurs(pair, before)
    for name, dose in (others or {}).items():
        model = dose.data[tuple(pair.points.T)].astype(np.float64)
        found.append(plain("method", model, theirs, before, method=name))
        found.append(scaled("method+scale", model, theirs, before, method=name))
    if min(one.rms_after_gy for one in found) > _ALL_BUT * before:
        moved = [one.shift_mm for one in found if one.shift_mm]
        found += turns(pair, before, moved[0] if moved else (0.0, 0.0, 0.0))
    helping = [one for one in found if one.explained_fraction > WORTH]
    return _without_idle(sorted(helping, key=lambda one: one.rank))


def _without_idle(ranked: list[Cause]) -> list[Cause]:
    """A cause with a factor stays only where it leaves less than either alone."""
    alone = {(one.kind, one.method, one.axis): one for one in ranked}
    kept = []
    for one in ranked:
        base, plus, _ = one.kind.partition("+")
        parts = [
            alone.get((base, one.method, one.axis)),
            alone.get(("scale", None, None)),
        ]
        if plus and any(part and part.rank <= one.rank for part in parts):
            continue
        kept.append(one)
    return kept


def _mirrors(pair: DosePair, before: float) -> list[Cause]:
    """Our array read the other way round along axes of its grid, the best of all.

    Theirs stays: read backwards it would be 0 Gy where ours is not, which a factor of
    0 explains.
    """
    every = [axes for n in (1, 2, 3) for axes in combinations(_MIRRORED, n)]
    alone = [_mirror("mirror", pair, axes, before) for axes in every]
    with_factor = [_mirror("mirror+scale", pair, axes, before) for axes in every]
    return [min(one, key=lambda one: one.rank) for one in (alone, with_factor)]


def _mirror(kind: str, pair: DosePair, axes: tuple[int, ...], before: float) -> Cause:
    mirrored = np.flip(pair.ours.data, axes)[tuple(pair.points.T)].astype(np.float64)
    along = [int(np.abs(pair.ours.grid.affine_mm[:3, axis]).argmax()) for axis in axes]
    name = " and ".join(_MIRRORED[2 - one] for one in along)
    _, theirs = pair.at_points
    made = scaled if kind.endswith("+scale") else plain
    return made(kind, mirrored, theirs, before, axis=name)


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
