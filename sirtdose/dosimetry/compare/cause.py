"""Explanations of what two doses differ by, another place or blur, and what is left."""

from dataclasses import dataclass
from functools import cached_property

import numpy as np
from numpy.typing import NDArray

from sirtdose.dosimetry.compare.dose_pair import DosePair, rms, sampled_at
from sirtdose.model.grid import three

# Each parameter has to take away this part of the difference to be worth it.
WORTH = 0.02
_SHIFTS_MM = (-10.0, -5.0, 0.0, 5.0, 10.0)
_SHIFT_MAX_MM = 60.0
_SHIFT_LEAST_MM = 0.1
_TURN_MAX_DEG = 30.0
_TURN_LEAST_DEG = 0.2
# A turn is fitted to this many points: six unknowns need no more.
_POINTS_OF_TURN = 10_000
_FWHM_MM = (1.0, 20.0)
_FWHM_PER_SD = 2.3548200450309493


@dataclass(frozen=True)
class Cause:
    """An explanation of a difference, and what is left after it.

    `kind` is scale, shift, rigid, blur, method or mirror; `+scale` where a factor goes
    with it. `factor` is theirs over ours; `shift_mm` is where theirs lies from ours
    along x, y and z; `rotation_deg` its turn about these axes, as a vector, around the
    middle of our dose; `fwhm_mm` the blur that theirs has beyond ours (below 0: ours
    beyond theirs).
    """

    kind: str
    rms_before_gy: float
    rms_after_gy: float
    factor: float | None = None
    shift_mm: tuple[float, float, float] | None = None
    rotation_deg: tuple[float, float, float] | None = None
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
        parts = self.kind.count("+") + (2 if self.rotation_deg else 1)
        return self.rms_after_gy / self.rms_before_gy + WORTH * parts


def explained(
    kind: str,
    model: NDArray[np.float64],
    theirs: NDArray[np.float64],
    before: float,
    **said: object,
) -> Cause:
    """What a model of theirs leaves; of a kind with a factor, with the one for least.

    >>> found = explained("scale", np.array([1.0, 2.0]), np.array([3.0, 6.0]), 3.0)
    >>> found.factor, found.rms_after_gy
    (3.0, 0.0)
    """
    factor = best_factor(model, theirs) if kind.endswith("scale") else None
    left = rms(theirs - (1.0 if factor is None else factor) * model)
    return Cause(kind, before, left, factor=factor, **said)  # type: ignore[arg-type]


def both_ways(
    kind: str,
    model: NDArray[np.float64],
    theirs: NDArray[np.float64],
    before: float,
    **said: object,
) -> list[Cause]:
    """What a model of theirs leaves, alone and with a factor."""
    return [
        explained(one, model, theirs, before, **said) for one in (kind, f"{kind}+scale")
    ]


def best_factor(model: NDArray[np.float64], theirs: NDArray[np.float64]) -> float:
    """Least squares through the origin.

    >>> best_factor(np.array([1.0, 2.0]), np.array([3.0, 6.0]))
    3.0
    """
    return float((model * theirs).sum() / max(float((model**2).sum()), 1e-30))


@dataclass(frozen=True)
class Motion:
    """Where theirs lies from ours: x, y, z in mm, and a turn in degrees about them."""

    shift_mm: NDArray[np.float64]
    turn_deg: NDArray[np.float64]

    @classmethod
    def of(cls, numbers: NDArray[np.float64]) -> "Motion":
        """Of three numbers, a shift, or of six."""
        return cls(numbers[:3], numbers[3:] if len(numbers) > 3 else np.zeros(3))

    @property
    def too_far(self) -> bool:
        """Whether it is beyond what is searched."""
        return bool(
            np.abs(self.shift_mm).max() >= _SHIFT_MAX_MM
            or np.linalg.norm(self.turn_deg) >= _TURN_MAX_DEG
        )


class Moved:
    """Both doses at the points compared, one of them looked at from a distance."""

    def __init__(self, pair: DosePair, points_max: int | None = None) -> None:
        self.pair = pair
        step = -(-len(pair.points) // points_max) if points_max else 1
        self.at = pair.ours.grid.world_mm(pair.points[::step])
        ours, theirs = pair.at_points
        self.ours, self.theirs = ours[::step], theirs[::step]

    @cached_property
    def center_mm(self) -> NDArray[np.float64]:
        """The middle of our dose, which a turn is around."""
        whole = max(float(self.ours.sum()), 1e-30)
        return np.asarray((self.at * self.ours[:, None]).sum(0) / whole)

    def models(
        self, motion: Motion, *, back: bool
    ) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
        """Our and their dose once the motion is undone.

        Theirs is looked at from where it lies; or ours from there, whichever has
        been interpolated less.
        """
        places = self._places(motion, back=back)
        return (
            (sampled_at(self.pair.ours, places)[0], self.theirs)
            if back
            else (self.ours, sampled_at(self.pair.theirs, places)[0])
        )

    def _places(self, motion: Motion, *, back: bool) -> NDArray[np.float64]:
        if not motion.turn_deg.any():
            return self.at + (-motion.shift_mm if back else motion.shift_mm)
        from scipy.spatial.transform import Rotation

        turn = Rotation.from_rotvec(motion.turn_deg, degrees=True).as_matrix()
        away = self.at - self.center_mm
        return np.asarray(
            (away - motion.shift_mm) @ turn + self.center_mm
            if back
            else away @ turn.T + self.center_mm + motion.shift_mm
        )

    def left(self, numbers: NDArray[np.float64], *, back: bool) -> float:
        """What a motion leaves, in Gy."""
        motion = Motion.of(numbers)
        if motion.too_far:
            return float("inf")
        still, looked_at = self.models(motion, back=back)
        if back:
            still, looked_at = looked_at, still
        # A factor besides must not move the place that is found. The dose that stays is
        # the one to be met: else looking past the edge, at 0 Gy, would leave nothing.
        return rms(still - best_factor(looked_at, still) * looked_at)


def shifts(pair: DosePair, before: float) -> list[Cause]:
    """The rigid shift that leaves least, alone and with a factor."""
    moved = Moved(pair)
    steps = np.stack(np.meshgrid(_SHIFTS_MM, _SHIFTS_MM, _SHIFTS_MM), -1).reshape(-1, 3)
    starts = np.vstack([steps, _center_shift_mm(pair)])
    start = min(starts, key=lambda one: moved.left(one, back=False))
    shift, back = _fitted(moved, start, 2 * np.eye(3), before)
    # At the end of what is searched nothing was found.
    if np.linalg.norm(shift) < _SHIFT_LEAST_MM or _at_the_end(shift):
        return []
    ours, theirs = moved.models(Motion.of(shift), back=back)
    return both_ways("shift", ours, theirs, before, shift_mm=three(shift.tolist()))


def turns(
    pair: DosePair, before: float, start_mm: tuple[float, float, float]
) -> list[Cause]:
    """The turn and shift that leave least, alone and with a factor.

    It begins at a shift; a turn that is too small to see is none.
    """
    some = Moved(pair, _POINTS_OF_TURN)
    found, back = _fitted(
        some,
        np.array([*start_mm, 0.0, 0.0, 0.0]),
        np.diag([2.0] * 3 + [4.0] * 3),
        before,
    )
    motion = Motion.of(found)
    angle = float(np.linalg.norm(motion.turn_deg))
    if not _TURN_LEAST_DEG <= angle <= _TURN_MAX_DEG - 0.5 or _at_the_end(
        motion.shift_mm
    ):
        return []
    whole = Moved(pair)
    # Both turn around the same place.
    whole.center_mm = some.center_mm
    ours, theirs = whole.models(motion, back=back)
    return both_ways(
        *("rigid", ours, theirs, before),
        shift_mm=three(motion.shift_mm.tolist()),
        rotation_deg=three(motion.turn_deg.tolist()),
    )


def _at_the_end(shift_mm: NDArray[np.float64]) -> bool:
    return bool(np.abs(shift_mm).max() > _SHIFT_MAX_MM - 0.5)


def _fitted(
    moved: Moved,
    start: NDArray[np.float64],
    steps: NDArray[np.float64],
    before: float,
) -> tuple[NDArray[np.float64], bool]:
    """Where theirs lies from ours, and whether ours is the one to be interpolated."""
    from scipy.optimize import minimize

    least, best, looked_back = float("inf"), start, False
    for back in (False, True):
        result = minimize(
            lambda one, back=back: moved.left(one, back=back),
            best,
            method="Nelder-Mead",
            options={
                "initial_simplex": best + np.vstack([np.zeros(len(best)), steps]),
                "xatol": 0.01,
                "fatol": 1e-6 * before,
            },
        )
        if result.fun < least * (1 - 1e-6):
            least, best, looked_back = float(result.fun), result.x, back
    return best, looked_back


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
    most = 0.9 * _SHIFT_MAX_MM
    return np.clip(centers[0] - centers[1], -most, most)


def blurs(pair: DosePair, before: float) -> list[Cause]:
    """Gaussian blur of ours that gives theirs, or of theirs that gives ours.

    The first alone and with a factor, each of the width that leaves least.
    """
    from scipy.optimize import minimize_scalar

    ours, theirs, at = _box(pair)
    spacing = pair.ours.grid.spacing_mm

    def fitted(kind: str, *, backwards: bool = False) -> Cause:
        sharp, blurred = (theirs, ours) if backwards else (ours, theirs)
        wanted = blurred[at].astype(np.float64)

        def of_width(fwhm_mm: float) -> Cause:
            model = _blurred(sharp, fwhm_mm, spacing)[at]
            signed_mm = -fwhm_mm if backwards else fwhm_mm
            return explained(kind, model, wanted, before, fwhm_mm=signed_mm)

        result = minimize_scalar(
            lambda fwhm_mm: of_width(fwhm_mm).rms_after_gy,
            bounds=_FWHM_MM,
            method="bounded",
            options={"xatol": 0.1},
        )
        return of_width(float(result.x))

    found = [fitted("blur"), fitted("blur", backwards=True)]
    return [min(found, key=lambda one: one.rms_after_gy), fitted("blur+scale")]


def _box(
    pair: DosePair,
) -> tuple[NDArray[np.float32], NDArray[np.float32], tuple[NDArray[np.intp], ...]]:
    """Both doses as far around the points compared as blur reaches."""
    grid = pair.ours.grid
    margin = [int(np.ceil(_FWHM_MM[1] / step)) for step in grid.spacing_mm]
    low = np.maximum(pair.points.min(axis=0) - margin, 0)
    high = np.minimum(pair.points.max(axis=0) + margin + 1, grid.shape)
    box = tuple(slice(a, b) for a, b in zip(low, high, strict=True))
    return (
        pair.ours.data[box].astype(np.float32),
        pair.theirs_on_ours.data[box].astype(np.float32),
        tuple((pair.points - low).T),
    )


def _blurred(
    dose: NDArray[np.float32], fwhm_mm: float, spacing_mm: tuple[float, float, float]
) -> NDArray[np.float64]:
    from scipy.ndimage import gaussian_filter

    sd = [fwhm_mm / _FWHM_PER_SD / step for step in spacing_mm]
    return np.asarray(
        gaussian_filter(dose, sd, mode="nearest", truncate=3.0), np.float64
    )
