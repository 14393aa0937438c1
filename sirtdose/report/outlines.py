"""Outlines without voxel stairs: smoothed masks, and the curves around them."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from sirtdose.model.grid import Grid, three
from sirtdose.model.structure import Structure
from sirtdose.report.sampling import blurred, sample, sampled

SMOOTHING_MM = 2.5
# Inside from this value on.
INSIDE = 0.5
_FINEST_MM, _COARSEST_MM = 1.0, 4.0
_VOXELS = 250_000
# Fewer voxels have no curve around them.
_SMALLEST_VOXELS = 8
_STEPS_A_VOXEL = 2.5


@dataclass(frozen=True, eq=False)
class Smooth:
    """A structure's mask made smooth: half inside, on a grid of its own."""

    structure: Structure
    values: NDArray[np.float32]
    grid: Grid

    def at(self, points_mm: NDArray[np.float64]) -> NDArray[Any]:
        """Its values at points (rows, columns, 3)."""
        return sample(self.values, self.grid, points_mm)


def smooth(structure: Structure, axes: Grid) -> Smooth:
    """Blur a mask along a grid's axes, so that it keeps its volume.

    A Gaussian alone shrinks what is small: the values are scaled until as much volume
    lies at and above half as the mask has.
    """
    grid = _own_grid(structure, axes)
    [side_mm, *_] = grid.spacing_mm
    inside = sampled(structure.occupancy, structure.grid, grid)
    soft = blurred(inside, SMOOTHING_MM / side_mm)
    voxels = structure.volume_ml / grid.voxel_volume_ml
    count = int(np.clip(round(voxels), _SMALLEST_VOXELS, soft.size))
    level = float(np.partition(soft, -count, axis=None)[-count])
    scaled = np.clip(soft * (INSIDE / max(level, 1e-6)), 0, 1)
    return Smooth(structure, scaled.astype(np.float32), grid)


def _own_grid(structure: Structure, axes: Grid) -> Grid:
    """A cubic lattice along some axes around a structure, finer where it is small."""
    spacing = np.array(axes.spacing_mm)
    corners_mm = axes.index(structure.cropped().grid.corners_mm()) * spacing
    low = corners_mm.min(axis=0) - 3 * SMOOTHING_MM
    size = corners_mm.max(axis=0) + 3 * SMOOTHING_MM - low
    side = float(np.clip(np.cbrt(size.prod() / _VOXELS), _FINEST_MM, _COARSEST_MM))
    affine = axes.affine_mm.copy()
    affine[:3, :3] *= side / spacing
    affine[:3, 3] = axes.world_mm(low / spacing)
    return Grid(three(int(n) + 2 for n in size / side), affine)


def curves(values: NDArray[Any], level: float) -> list[NDArray[np.float64]]:
    """Lines around what is at and above a level: points (column, row) each.

    What reaches the edge of the picture ends there. A closed line ends where it began.
    """
    from skimage.measure import find_contours

    return [line[:, ::-1] for line in find_contours(values, level) if len(line) > 3]


def path_of(line: NDArray[np.float64], scale: float) -> str:
    """An SVG path along a line, its corners rounded; whole numbers after scaling."""
    closed = bool(np.allclose(line[0], line[-1]))
    points = _thinned(line[:-1] if closed else line) * scale
    after = np.roll(points, -1, axis=0)
    middles = (points + after) / 2
    pairs = zip(points, middles, strict=True)
    if closed:
        start, curve = middles[-1], list(pairs)
        end = "Z"
    else:
        start, curve = points[0], list(pairs)[1:-1]
        end = f"L{_place(points[-1])}"
    steps = "".join(f"Q{_place(one)} {_place(to)}" for one, to in curve)
    return f"M{_place(start)}{steps}{end}"


def _thinned(line: NDArray[np.float64]) -> NDArray[np.float64]:
    """Every few points: marching squares give two or more a voxel."""
    count = max(int(len(line) / _STEPS_A_VOXEL), min(len(line), 6))
    kept: NDArray[np.float64] = line[
        np.linspace(0, len(line) - 1, count).round().astype(int)
    ]
    return kept


def _place(point: Sequence[float] | NDArray[np.float64]) -> str:
    return f"{point[0]:.0f} {point[1]:.0f}"
