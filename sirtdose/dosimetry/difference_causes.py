"""What two doses differ by: each explanation tried, and what it leaves."""

from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from sirtdose.dosimetry.dose_pair import DosePair, rms, sampled_at
from sirtdose.model.volume import Volume

# Under this part of our greatest dose there is nothing to explain.
NOTHING = 1e-3
# Each parameter has to take away this part of the difference to be worth it.
_WORTH = 0.02
_SHIFTS_MM = (-10.0, -5.0, 0.0, 5.0, 10.0)
_SHIFT_MAX_MM = 60.0
_SHIFT_LEAST_MM = 0.1
_FWHM_MM = (1.0, 20.0)
_FWHM_PER_SD = 2.3548200450309493
_MIRRORED = {0: "head to feet", 1: "front to back", 2: "left to right"}


@dataclass(frozen=True)
class Cause:
    """An explanation of a difference, and what is left after it.

    `kind` is scale, shift, blur, method or mirror, two of them joined by a plus.
    `factor` is theirs over ours, `shift_mm` is where theirs lies from ours along x, y
    and z, `fwhm_mm` the blur that theirs has beyond ours (below 0: ours beyond theirs).
    """

    kind: str
    rms_before_gy: float
    rms_after_gy: float
    factor: float | None = None
    shift_mm: tuple[float, float, float] | None = None
    fwhm_mm: float | None = None
    method: str | None = None
    axis: str | None = None

    @property
    def explained_fraction(self) -> float:
        """Part of the root mean square that it takes away."""
        return 1 - self.rms_after_gy / self.rms_before_gy

    @property
    def rank(self) -> float:
        """Less is better: what is left, and a little for each thing assumed."""
        parts = self.kind.count("+") + 1
        return self.rms_after_gy / self.rms_before_gy + _WORTH * parts


def causes(pair: DosePair, others: Mapping[str, Volume] | None = None) -> list[Cause]:
    """Explanations of a difference, the best first; none where there is none.

    A common factor, a shift, a mirrored axis, a blur, and, of `others`, our doses by
    other methods; each alone, and with a factor where that leaves less.

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
    found = [_scaled("scale", ours, theirs, before)]
    found += _shifts(pair, before)
    found += [_mirror(pair, axis, before) for axis in _MIRRORED]
    found += _blurs(pair, before)
    for name, dose in (others or {}).items():
        model = dose.data[tuple(pair.points.T)].astype(np.float64)
        found.append(_plain("method", model, theirs, before, method=name))
        found.append(_scaled("method+scale", model, theirs, before, method=name))
    helping = [one for one in found if one.explained_fraction > _WORTH]
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


def _plain(
    kind: str,
    model: NDArray[np.float64],
    theirs: NDArray[np.float64],
    before: float,
    **said: object,
) -> Cause:
    return Cause(kind, before, rms(theirs - model), **said)  # type: ignore[arg-type]


def _scaled(
    kind: str,
    model: NDArray[np.float64],
    theirs: NDArray[np.float64],
    before: float,
    **said: object,
) -> Cause:
    """With the factor that leaves least: least squares through the origin."""
    factor = float((model * theirs).sum() / max(float((model**2).sum()), 1e-30))
    left = rms(theirs - factor * model)
    return Cause(kind, before, left, factor=factor, **said)  # type: ignore[arg-type]


class _Moved:
    """Both doses at the points compared, one of them looked at from a distance."""

    def __init__(self, pair: DosePair) -> None:
        self.pair = pair
        self.at = pair.ours.grid.world_mm(pair.points)
        self.ours, self.theirs = pair.at_points

    def models(
        self, shift_mm: NDArray[np.float64], *, back: bool
    ) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
        """Our and their dose once the shift is undone.

        Theirs is looked at from where it lies; or ours from there, whichever has
        been interpolated less.
        """
        if back:
            return sampled_at(self.pair.ours, self.at - shift_mm)[0], self.theirs
        return self.ours, sampled_at(self.pair.theirs, self.at + shift_mm)[0]

    def left(self, shift_mm: NDArray[np.float64], *, back: bool) -> float:
        if np.abs(shift_mm).max() > _SHIFT_MAX_MM:
            return float("inf")
        still, looked_at = self.models(shift_mm, back=back)
        if back:
            still, looked_at = looked_at, still
        # A factor besides must not move the place that is found. The dose that stays is
        # the one to be met: else looking past the edge, at 0 Gy, would leave nothing.
        size = max(float((looked_at**2).sum()), 1e-30)
        factor = (still * looked_at).sum() / size
        return rms(still - factor * looked_at)


def _shifts(pair: DosePair, before: float) -> list[Cause]:
    """The rigid shift that leaves least, alone and with a factor."""
    moved = _Moved(pair)
    shift, back = _best_shift(pair, moved, before)
    if np.linalg.norm(shift) < _SHIFT_LEAST_MM:
        return []
    ours, theirs = moved.models(shift, back=back)
    x, y, z = (float(one) for one in shift)
    return [
        _plain("shift", ours, theirs, before, shift_mm=(x, y, z)),
        _scaled("shift+scale", ours, theirs, before, shift_mm=(x, y, z)),
    ]


def _best_shift(
    pair: DosePair, moved: _Moved, before: float
) -> tuple[NDArray[np.float64], bool]:
    """Where theirs lies from ours, and whether ours is the one to be interpolated."""
    from scipy.optimize import minimize

    steps = np.stack(np.meshgrid(_SHIFTS_MM, _SHIFTS_MM, _SHIFTS_MM), -1).reshape(-1, 3)
    starts = np.vstack([steps, _center_shift_mm(pair)])
    shift = min(starts, key=lambda one: moved.left(one, back=False))
    least, looked_back = float("inf"), False
    for back in (False, True):
        result = minimize(
            lambda one, back=back: moved.left(one, back=back),
            shift,
            method="Nelder-Mead",
            options={
                "initial_simplex": shift + np.vstack([np.zeros(3), 2 * np.eye(3)]),
                "xatol": 0.01,
                "fatol": 1e-6 * before,
            },
        )
        if result.fun < least * (1 - 1e-6):
            least, shift, looked_back = float(result.fun), result.x, back
    return shift, looked_back


def _center_shift_mm(pair: DosePair) -> NDArray[np.float64]:
    """From the middle of our dose to that of theirs."""
    centers = []
    for dose in (pair.theirs, pair.ours):
        above = np.argwhere(dose.data >= pair.cutoff_gy)
        if not len(above):
            return np.zeros(3)
        weights = dose.data[tuple(above.T)].astype(np.float64)
        centers.append(
            dose.grid.world_mm((above * weights[:, None]).sum(0) / weights.sum())
        )
    apart: NDArray[np.float64] = np.array(centers[0] - centers[1], float)
    kept: NDArray[np.float64] = np.clip(apart, -_SHIFT_MAX_MM, _SHIFT_MAX_MM)
    return kept


def _mirror(pair: DosePair, axis: int, before: float) -> Cause:
    """Their array read the other way round along an axis of our grid."""
    mirrored = np.flip(pair.theirs_on_ours.data, axis)[tuple(pair.points.T)]
    along = pair.ours.grid.affine_mm[:3, axis]
    name = _MIRRORED[2 - int(np.abs(along).argmax())]
    ours, _ = pair.at_points
    return _plain("mirror", ours, mirrored, before, axis=name)


def _blurs(pair: DosePair, before: float) -> list[Cause]:
    """Gaussian blur of ours that gives theirs, or of theirs that gives ours."""
    from scipy.optimize import minimize_scalar

    grid = pair.ours.grid
    margin = [int(np.ceil(_FWHM_MM[1] / step)) for step in grid.spacing_mm]
    low = np.maximum(pair.points.min(axis=0) - margin, 0)
    high = np.minimum(pair.points.max(axis=0) + margin + 1, grid.shape)
    box = tuple(slice(a, b) for a, b in zip(low, high, strict=True))
    at = tuple((pair.points - low).T)
    found = []
    for sign, sharp, blurred in (
        (1.0, pair.ours.data[box], pair.theirs_on_ours.data[box]),
        (-1.0, pair.theirs_on_ours.data[box], pair.ours.data[box]),
    ):
        wanted = blurred[at].astype(np.float64)

        def model(
            fwhm_mm: float, dose: NDArray[np.float64] = sharp
        ) -> NDArray[np.float64]:
            values: NDArray[np.float64] = _blurred(dose, fwhm_mm, grid.spacing_mm)[at]
            return values

        result = minimize_scalar(
            lambda fwhm, model=model, wanted=wanted: rms(wanted - model(fwhm)),
            bounds=_FWHM_MM,
            method="bounded",
            options={"xatol": 0.1},
        )
        width = float(result.x)
        made = model(width)
        found.append(_plain("blur", made, wanted, before, fwhm_mm=sign * width))
        if sign > 0:
            found.append(_scaled("blur+scale", made, wanted, before, fwhm_mm=width))
    best = min(found[0], found[2], key=lambda one: one.rms_after_gy)
    return [best, found[1]]


def _blurred(
    dose: NDArray[np.float64], fwhm_mm: float, spacing_mm: tuple[float, float, float]
) -> NDArray[np.float64]:
    from scipy.ndimage import gaussian_filter

    sd = [fwhm_mm / _FWHM_PER_SD / step for step in spacing_mm]
    blurred: NDArray[np.float64] = gaussian_filter(
        np.asarray(dose, np.float32), sd, mode="nearest", truncate=3.0
    ).astype(np.float64)
    return blurred
