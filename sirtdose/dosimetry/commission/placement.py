"""Find a phantom in its image: which way round, turned by how much, and where."""

from collections.abc import Mapping
from dataclasses import dataclass, replace
from math import ceil
from typing import Any

import numpy as np
from numpy.typing import NDArray

from sirtdose.dosimetry.commission.transform import blurred
from sirtdose.dosimetry.commission.view import Pose, View
from sirtdose.model.grid import Box, Grid, box_at
from sirtdose.model.progress import counted
from sirtdose.model.solid import Ball, Fill, ScanPhantom
from sirtdose.model.structure import bounding_box

# So much more blur, and voxels of about so many mm, show where a phantom lies.
_SMOOTH_MM, _VOXEL_MM = 22.0, 13.0
_USUAL_MM = 15.0
_TAIL, _TAIL_MM = 0.07, 60.0
_STEP_DEG = 30
# Voxels that hold less, of what the brightest hold, weigh as if they held so much.
_FLOOR = 0.05
# Another way round is refined too where it leaves less than so many times as much.
_CLOSE = 1.5
# Voxels brighter than this part of the brightest, and so far around them, are used.
_BRIGHT, _AROUND_MM = 0.05, 50.0
# Steps of middle, angles and width that slopes are taken over, mm and degrees.
_STEPS = (0.5, 0.5, 0.5, 0.3, 0.3, 0.3, 0.5)

Array = NDArray[np.float64]


@dataclass(frozen=True)
class Placement:
    """Where a phantom lies, and how well it explains the image.

    `unexplained` is the part of the image, as weighted squares, that the phantom leaves
    over, `otherwise` what it would leave the next best way round; `fwhm_mm` is a first
    width of the blur.
    """

    pose: Pose
    fwhm_mm: float
    unexplained: float
    otherwise: float


def place(
    image: NDArray[np.floating[Any]],
    grid: Grid,
    phantom: ScanPhantom,
    poured: Mapping[str, float],
) -> Placement:
    """Find a phantom in an image.

    Parameters
    ----------
    image : array of shape ``grid.shape``
        Counts or concentrations.
    grid : Grid
    phantom : ScanPhantom
    poured : mapping
        Concentrations of its fills by name, in any unit; a fill of 0 is cold.

    Returns
    -------
    Placement

    Notes
    -----
    Every turn about the axis in steps of 30 degrees, head first and feet first, and
    with the spheres in either order is tried on a smoothed image. The best is refined,
    and another one that is nearly as good.
    """
    search = _Search(image, grid, phantom, poured)
    starts = sorted(
        (search.left_over(start), k, start)
        for k, start in enumerate(counted("phantom, placement", search.starts()))
    )
    found = [search.refined(starts[0][2])]
    rest = [one for one in starts[1:] if not _near(one[2], found[0].pose)]
    if rest and rest[0][0] < _CLOSE * starts[0][0]:
        found.append(search.refined(rest.pop(0)[2]))
    found.sort(key=lambda one: one.unexplained)
    best = found[0]
    others = [
        *(one.unexplained for one in found[1:] if not _alike(one.pose, best.pose)),
        *(left for left, _, start in rest if not _near(start, best.pose)),
    ]
    return replace(best, otherwise=min(others, default=1.0))


Start = tuple[float, ...]


def _alike(one: Pose, other: Pose) -> bool:
    """Whether two poses are the same way round, to half a step of those tried."""
    cosine = (float(np.trace(one.turn.T @ other.turn)) - 1) / 2
    alike = one.mirrored == other.mirrored
    return alike and cosine > np.cos(np.radians(_STEP_DEG / 2))


def _near(start: "Start", pose: Pose) -> bool:
    """Whether a start is within a step of a pose."""
    own = Pose((0.0, 0.0, 0.0), (start[3], start[4], start[5]), bool(start[7]))
    cosine = (float(np.trace(own.turn.T @ pose.turn)) - 1) / 2
    alike = own.mirrored == pose.mirrored
    return alike and cosine > np.cos(np.radians(1.2 * _STEP_DEG))


class _Search:
    """The smoothed image, and what a pose leaves over of it."""

    def __init__(
        self,
        image: NDArray[np.floating[Any]],
        grid: Grid,
        phantom: ScanPhantom,
        poured: Mapping[str, float],
    ) -> None:
        from scipy.ndimage import gaussian_filter

        steps = [max(1, round(_VOXEL_MM / side)) for side in grid.spacing_mm]
        smooth = gaussian_filter(
            np.asarray(image, float),
            [_SMOOTH_MM / 2.3548 / side for side in grid.spacing_mm],
            mode="nearest",
        )
        box = _bright(smooth, grid)
        seen = smooth[box][tuple(slice(n // 2, None, n) for n in steps)]
        affine = grid.affine_mm.copy()
        affine[:3, :3] *= steps
        first = [side.start + n // 2 for side, n in zip(box, steps, strict=True)]
        affine[:3, 3] = grid.world_mm([float(one) for one in first])
        self._grid = Grid(seen.shape, affine)
        self._view = View(self._grid, np.hypot(_USUAL_MM * 0.7, _SMOOTH_MM))
        self._phantom = phantom
        self._fills = [one for one in phantom.fills if poured.get(one.name, 1.0) > 0]
        self._poured = poured
        most = float(np.percentile(seen, 95))
        self._weight = 1 / np.sqrt(np.maximum(seen, _FLOOR * max(most, 1e-12)))
        self._seen = seen * self._weight
        self._total = float((self._seen**2).sum())
        at = self._grid.world_mm(np.moveaxis(np.indices(seen.shape), 0, -1))
        self._middle = (np.maximum(seen, 0)[..., None] * at).sum(axis=(0, 1, 2)) / (
            np.maximum(seen, 0).sum()
        )
        self._turned: tuple[Pose, list[NDArray[np.complex128]]] | None = None

    def starts(self) -> list[Start]:
        """Poses to begin with: middle, angles, a width, and 1 where it is mirrored."""
        own = np.array(_middle(self._fills, self._poured))
        away = own - np.array(self._phantom.middle_mm)
        has_balls = any(
            isinstance(one, Ball) for fill in self._fills for one in fill.solids
        )
        found: list[Start] = []
        for mirrored in (0.0, 1.0) if has_balls else (0.0,):
            for over in (0.0, 180.0):
                for about in range(0, 360, _STEP_DEG):
                    angles = (0.0, over, float(about))
                    turn = Pose((0.0, 0.0, 0.0), angles, bool(mirrored)).turn
                    middle = self._middle - turn @ away
                    found.append((*middle.tolist(), *angles, _USUAL_MM, mirrored))
        return found

    def left_over(self, start: Start) -> float:
        """The part of the image that a pose does not explain."""
        rest = self._rest(np.array(start[:7]), bool(start[7]))
        return float((rest**2).sum()) / self._total

    def refined(self, start: Start) -> Placement:
        """The pose that explains most, near one to begin with."""
        from scipy.optimize import least_squares

        mirrored = bool(start[7])
        found = least_squares(
            lambda at: self._rest(at, mirrored),
            start[:7],
            jac=lambda at: self._slopes(at, mirrored),
            x_scale=[5.0, 5.0, 5.0, 3.0, 3.0, 3.0, 3.0],
            bounds=([-np.inf] * 6 + [4.0], [np.inf] * 6 + [40.0]),
            max_nfev=12,
            xtol=1e-4,
            ftol=1e-4,
        )
        x, y, z, a, b, c, width = (float(one) for one in found.x)
        pose = Pose((x, y, z), (a, b, c), mirrored)
        left = 2 * float(found.cost) / self._total
        return Placement(pose, width, left, left)

    def _rest(self, at: Array, mirrored: bool) -> Array:
        """Model less image, weighted, with the best concentrations."""
        fills = self._shown(Pose((0.0, 0.0, 0.0), (at[3], at[4], at[5]), mirrored))
        width = float(np.hypot(at[6], _SMOOTH_MM))
        kept = (1 - _TAIL) * blurred(self._view.frequency, width, width)
        kept += _TAIL * blurred(self._view.frequency, _TAIL_MM, _TAIL_MM)
        placed = kept * self._view.moved(at[:3])
        columns = np.stack(
            [(self._view.image(one * placed) * self._weight).ravel() for one in fills]
        )
        held = np.linalg.lstsq(columns @ columns.T, columns @ self._seen.ravel())[0]
        return np.asarray(np.maximum(held, 0) @ columns - self._seen.ravel())

    def _slopes(self, at: Array, mirrored: bool) -> Array:
        """How what is left over changes with each number."""
        # What only moves or widens goes first: the turned phantom is kept.
        here = self._rest(at, mirrored)
        found = np.empty((here.size, at.size))
        for k in (0, 1, 2, 6, 3, 4, 5):
            beside = at.copy()
            beside[k] += _STEPS[k]
            found[:, k] = (self._rest(beside, mirrored) - here) / _STEPS[k]
        return found

    def _shown(self, pose: Pose) -> list[NDArray[np.complex128]]:
        """Transforms of the fills, kept while only the place changes."""
        if self._turned is None or self._turned[0] != pose:
            of = self._view.of(self._phantom, pose)
            self._turned = pose, [of[one.name] for one in self._fills]
        return self._turned[1]


def _bright(smooth: Array, grid: Grid) -> Box:
    """Where the image holds something, and around it."""
    own = bounding_box(smooth > _BRIGHT * smooth.max()) or box_at((0, 0, 0), grid.shape)
    far = [ceil(_AROUND_MM / side) for side in grid.spacing_mm]
    low = [max(side.start - n, 0) for side, n in zip(own, far, strict=True)]
    high = [
        min(side.stop + n, size)
        for side, n, size in zip(own, far, smooth.shape, strict=True)
    ]
    return box_at(low, [b - a for a, b in zip(low, high, strict=True)])


def _middle(fills: list[Fill], poured: Mapping[str, float]) -> list[float]:
    """Center of mass of what is poured, in the phantom's axes."""
    total, moment = 0.0, np.zeros(3)
    for fill in fills:
        held = poured.get(fill.name, 1.0)
        for solid, sign in (
            *((one, 1.0) for one in fill.solids),
            *((one, -1.0) for one in fill.without),
        ):
            total += sign * held * solid.volume_ml
            moment += sign * held * solid.volume_ml * np.array(solid.middle_mm)
    return [float(one) for one in moment / total]
