"""Another place as an explanation: one dose is the other, shifted or turned."""

from dataclasses import dataclass
from functools import cached_property

import numpy as np
from numpy.typing import NDArray

from sirtdose.dosimetry.compare.cause import Cause, best_factor, plain, scaled
from sirtdose.dosimetry.compare.dose_pair import DosePair, rms, sampled_at

_SHIFTS_MM = (-10.0, -5.0, 0.0, 5.0, 10.0)
_SHIFT_MAX_MM = 60.0
_SHIFT_LEAST_MM = 0.1
_TURN_MAX_DEG = 30.0
_TURN_LEAST_DEG = 0.2
# A turn is fitted to this many points: six unknowns need no more.
_POINTS_OF_TURN = 10_000


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
        far = np.abs(self.shift_mm).max() >= _SHIFT_MAX_MM
        return bool(far or np.linalg.norm(self.turn_deg) >= _TURN_MAX_DEG)


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
        middle: NDArray[np.float64] = (self.at * self.ours[:, None]).sum(0)
        return middle / max(float(self.ours.sum()), 1e-30)

    def models(
        self, motion: Motion, *, back: bool
    ) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
        """Our and their dose once the motion is undone.

        Theirs is looked at from where it lies; or ours from there, whichever has
        been interpolated less.
        """
        places = self._places(motion, back=back)
        if back:
            return sampled_at(self.pair.ours, places)[0], self.theirs
        return self.ours, sampled_at(self.pair.theirs, places)[0]

    def _places(self, motion: Motion, *, back: bool) -> NDArray[np.float64]:
        if not motion.turn_deg.any():
            sign = -1.0 if back else 1.0
            places: NDArray[np.float64] = self.at + sign * motion.shift_mm
            return places
        from scipy.spatial.transform import Rotation

        turn = Rotation.from_rotvec(motion.turn_deg, degrees=True).as_matrix()
        there: NDArray[np.float64]
        if back:
            there = (self.at - self.center_mm - motion.shift_mm) @ turn
            return there + self.center_mm
        there = (self.at - self.center_mm) @ turn.T
        return there + self.center_mm + motion.shift_mm

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
    motion = Motion.of(shift)
    # At the end of what is searched nothing was found.
    if np.linalg.norm(shift) < _SHIFT_LEAST_MM or _at_the_end(shift):
        return []
    ours, theirs = moved.models(motion, back=back)
    said = {"shift_mm": _three(shift)}
    return [
        plain("shift", ours, theirs, before, **said),
        scaled("shift+scale", ours, theirs, before, **said),
    ]


def turns(
    pair: DosePair, before: float, start_mm: tuple[float, float, float]
) -> list[Cause]:
    """The turn and shift that leave least, alone and with a factor.

    It begins at a shift; a turn that is too small to see is none.
    """
    some = Moved(pair, _POINTS_OF_TURN)
    start = np.array([*start_mm, 0.0, 0.0, 0.0])
    found, back = _fitted(some, start, np.diag([2.0] * 3 + [4.0] * 3), before)
    motion = Motion.of(found)
    angle = float(np.linalg.norm(motion.turn_deg))
    seen = _TURN_LEAST_DEG <= angle <= _TURN_MAX_DEG - 0.5
    if not seen or _at_the_end(motion.shift_mm):
        return []
    whole = Moved(pair)
    # Both turn around the same place.
    whole.center_mm = some.center_mm
    ours, theirs = whole.models(motion, back=back)
    said = {
        "shift_mm": _three(motion.shift_mm),
        "rotation_deg": _three(motion.turn_deg),
    }
    return [
        plain("rigid", ours, theirs, before, **said),
        scaled("rigid+scale", ours, theirs, before, **said),
    ]


def _three(numbers: NDArray[np.float64]) -> tuple[float, float, float]:
    x, y, z = (float(one) for one in numbers)
    return x, y, z


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
    apart: NDArray[np.float64] = np.array(centers[0] - centers[1], float)
    most = 0.9 * _SHIFT_MAX_MM
    kept: NDArray[np.float64] = np.clip(apart, -most, most)
    return kept
