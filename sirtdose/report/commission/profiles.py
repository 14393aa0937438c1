"""Lines through a phantom: the image, what was fitted, and a plain Gaussian."""

from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from sirtdose.dosimetry.commission.scan import PhantomScan
from sirtdose.model.solid import Ball, Fill, ScanPhantom
from sirtdose.report.commission.places import depth_mm, own_mm

Array = NDArray[np.float64]
_AXES = ("x", "y", "z")
# How far a line leads beyond a sphere, and what a line across the outline is the mean
# of to each side: its tail is weak.
_BEYOND_MM, _ASIDE_MM = 45.0, 15.0


@dataclass(frozen=True, eq=False)
class Profile:
    """Values along one axis of the patient, over what the `fill` holds by the fit.

    `inside` are the stretches that lie in the sphere, or in the outline; `aside_mm`
    how far to each side values were averaged. `across` marks one across the outline.
    """

    name: str
    axis: str
    fill: str
    at_mm: Array
    image: Array
    fit: Array
    plain: Array
    inside: tuple[tuple[float, float], ...]
    across: bool = False
    aside_mm: float = 0.0


def profiles(scan: PhantomScan, phantom: ScanPhantom) -> list[Profile]:
    """Along x through every sphere that is filled, then across the outline."""
    held = scan.best.concentrations
    found = []
    for fill in phantom.fills:
        if held.get(fill.name, 0.0) > 0 and fill.known:
            balls = [one for one in fill.solids if isinstance(one, Ball)]
            for ball in sorted(balls, key=lambda one: one.diameter_mm):
                found.append(_through(scan, phantom, fill, ball))
    return found + _across(scan, phantom)


def _through(
    scan: PhantomScan, phantom: ScanPhantom, fill: Fill, ball: Ball
) -> Profile:
    center = scan.best.pose.world_mm(ball.center_mm, phantom)
    half = ball.diameter_mm / 2
    line = _Line(scan, phantom, center, axis=0)
    return line.profile(
        f"{ball.diameter_mm:g} mm sphere",
        fill,
        within=(center[0] - half - _BEYOND_MM, center[0] + half + _BEYOND_MM),
        solid=ball,
    )


def _across(scan: PhantomScan, phantom: ScanPhantom) -> list[Profile]:
    """Along each axis, far from what is not the largest fill."""
    fill = _largest(scan, phantom)
    if all(isinstance(one, Ball) for one in fill.solids):
        ball = max(fill.solids, key=lambda one: one.volume_ml)
        places = [scan.best.pose.world_mm(ball.middle_mm, phantom)] * 3
        aside = 0.0
    else:
        middle = scan.best.pose.world_mm(_free_middle(phantom), phantom)
        places, aside = [middle, middle, _deepest(scan, middle)], _ASIDE_MM
    return [
        _Line(scan, phantom, place, axis=axis, aside_mm=aside).profile(
            f"outline along {_AXES[axis]}", fill, solid=phantom.outer, across=True
        )
        for axis, place in enumerate(places)
    ]


def _largest(scan: PhantomScan, phantom: ScanPhantom) -> Fill:
    """The fill that takes most room of those that hold something."""
    held = scan.best.concentrations
    some = [one for one in phantom.fills if held.get(one.name, 0.0) > 0]
    return max(some, key=lambda one: one.volume_ml)


def _free_middle(phantom: ScanPhantom) -> tuple[float, float, float]:
    """On the phantom's axis, halfway from the spheres to the farther end."""
    x, y, z = phantom.middle_mm
    if not phantom.spheres:
        return x, y, z
    half = phantom.outer.half_mm[2]
    balls = [one.center_mm[2] for one in phantom.spheres.values()]
    plane = sum(balls) / len(balls)
    end = max((z - half, z + half), key=lambda one: abs(one - plane))
    return x, y, (plane + end) / 2


def _deepest(scan: PhantomScan, middle: Array) -> Array:
    """The place in that slice where the fit has most."""
    slice_at = int(np.clip(np.rint(scan.grid.index(middle)[0]), 0, None))
    slice_at = min(slice_at, scan.grid.shape[0] - 1)
    plane = scan.best.model[slice_at]
    row, column = np.unravel_index(int(plane.argmax()), plane.shape)
    return scan.grid.world_mm([slice_at, float(row), float(column)])


class _Line:
    """Voxels along the axis of the array that leads along one of the patient's."""

    def __init__(
        self,
        scan: PhantomScan,
        phantom: ScanPhantom,
        place: Array,
        *,
        axis: int,
        aside_mm: float = 0.0,
    ) -> None:
        grid = scan.grid
        self._scan, self._phantom, self._axis = scan, phantom, axis
        self._aside = aside_mm
        self._along = int(np.abs(grid.affine_mm[axis, :3]).argmax())
        middle = np.rint(grid.index(place)).astype(int)
        self._box: list[slice] = []
        index = np.tile(middle.astype(float), (grid.shape[self._along], 1))
        index[:, self._along] = np.arange(grid.shape[self._along])
        for n, (at, side, size) in enumerate(
            zip(middle, grid.spacing_mm, grid.shape, strict=True)
        ):
            far = int(aside_mm // side) if self._is_even(n) else 0
            at = min(max(int(at), 0), size - 1)
            self._box.append(slice(max(at - far, 0), at + far + 1))
        self._box[self._along] = slice(None)
        self._at = grid.world_mm(index)

    def _is_even(self, n: int) -> bool:
        """Whether the phantom is the same to both sides along an axis of the array."""
        along_z = int(np.abs(self._scan.grid.affine_mm[2, :3]).argmax())
        return (n == along_z) != (self._along == along_z) and n != self._along

    def profile(
        self,
        name: str,
        fill: Fill,
        *,
        solid: Any,
        within: tuple[float, float] | None = None,
        across: bool = False,
    ) -> Profile:
        at = self._at[:, self._axis]
        order = np.argsort(at)
        if within:
            order = order[(at[order] >= within[0]) & (at[order] <= within[1])]
        scan = self._scan
        held = scan.best.concentrations[fill.name] * scan.grid.voxel_volume_ml
        image, fit, plain = (
            self._mean(data)[order] / held
            for data in (scan.image, scan.best.model, scan.plain.model)
        )
        return Profile(
            name,
            _AXES[self._axis],
            fill.name,
            at[order],
            image,
            fit,
            plain,
            self._inside(solid, at[order]),
            across,
            self._aside,
        )

    def _mean(self, data: NDArray[Any]) -> Array:
        others = tuple(n for n in range(3) if n != self._along)
        return np.asarray(data[tuple(self._box)].mean(axis=others, dtype=float))

    def _inside(self, solid: Any, at: Array) -> tuple[tuple[float, float], ...]:
        """Where a line through the middle of the voxels lies in a solid."""
        if at.size < 2:
            return ()
        fine = np.linspace(at[0], at[-1], 1000)
        points = np.tile(self._at[0], (fine.size, 1))
        points[:, self._axis] = fine
        own = own_mm(self._scan.best.pose, self._phantom, points)
        inside = np.concatenate([[False], depth_mm(solid, own) > 0, [False]])
        edges = np.flatnonzero(inside[1:] != inside[:-1]).reshape(-1, 2)
        return tuple(
            (float(fine[low]), float(fine[min(high, fine.size - 1)]))
            for low, high in edges
        )
