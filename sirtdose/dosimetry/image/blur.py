"""What a camera does to an image: a Gaussian, and a wide tail where it is known."""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import Any

import numpy as np
from numpy.typing import NDArray

from sirtdose.errors import GeometryError, RangeError
from sirtdose.model.grid import Grid
from sirtdose.model.structure import bounding_box

_SIGMA_PER_FWHM = 1 / np.sqrt(8 * np.log(2))
_ALONG_AXIS = 0.999
# How far a Gaussian is followed, in standard deviations: what is left out of it is
# 6e-5 of the core, and 3e-3 of a tail that holds a tenth.
_REACH, _REACH_OF_TAIL = 4.0, 3.0

Widths = tuple[float, float, float]
Array = NDArray[np.float32]


@dataclass(frozen=True)
class Blur:
    """Standard deviations along an array's axes, in voxels.

    `tail` is the part of the counts (0 to 1) in a second, wide Gaussian, as scatter and
    a collimator's septa make it, of width `tail_sigma`. Edges that overshoot, as a
    resolution model leaves them, have `edge` and `edge_power`: of a Gaussian g of width
    w the core is then (1 + edge) g(w) - edge g(w sqrt(1 + edge_power)).

    Examples
    --------
    >>> point = np.zeros((21, 21, 21), np.float32)
    >>> point[10, 10, 10] = 1.0
    >>> seen = Blur((1.5, 1.5, 1.5))(point)
    >>> round(float(seen.sum()), 3), round(float(seen[10, 10, 10]), 3)
    (1.0, 0.019)
    """

    sigma: Widths
    tail: float = 0.0
    tail_sigma: Widths = (0.0, 0.0, 0.0)
    edge: float = 0.0
    edge_power: int = 0

    @classmethod
    def on(
        cls,
        grid: Grid,
        fwhm_mm: Sequence[float],
        *,
        tail_fraction: float = 0.0,
        tail_fwhm_mm: float = 0.0,
        edges: tuple[float, int] | None = None,
    ) -> "Blur":
        """The blur of an image on a grid, by widths in mm along x, y and z.

        Raises
        ------
        RangeError
            A width that is not above 0, or a tail's part beyond 0 to 0.5.
        GeometryError
            Widths that differ, on a grid that is oblique to the patient.
        """
        core = cls(sigma_in_voxels(grid, fwhm_mm))
        if edges is not None:
            core = replace(core, edge=edges[0], edge_power=edges[1])
        if not tail_fraction:
            return core
        if not 0 < tail_fraction <= 0.5 or not tail_fwhm_mm > max(fwhm_mm):
            raise RangeError(
                f"the tail of the blur is {tail_fraction:.1%} and {tail_fwhm_mm:g} "
                "mm: give at most 50 %, wider than the blur"
            )
        wide = sigma_in_voxels(grid, (tail_fwhm_mm,) * 3)
        return replace(core, tail=tail_fraction, tail_sigma=wide)

    def scaled(self, factor: float) -> "Blur":
        """The same with a wider or narrower core."""
        z, y, x = self.sigma
        return replace(self, sigma=(z * factor, y * factor, x * factor))

    def local(self, values: NDArray[Any]) -> Array:
        """As a call, where most of the image holds nothing: only near what does."""
        inside = bounding_box(values != 0)
        if inside is None:
            return np.zeros(values.shape, np.float32)
        wide = [_REACH_OF_TAIL * one if self.tail else 0.0 for one in self.tail_sigma]
        far = _REACH * (1 + self.edge_power) ** 0.5 if self.edge else _REACH
        reach = np.ceil(np.maximum(far * np.array(self.sigma), wide)).astype(int)
        box = tuple(
            slice(max(side.start - one, 0), side.stop + one)
            for side, one in zip(inside, reach + 1, strict=True)
        )
        found = np.zeros(values.shape, np.float32)
        found[box] = self(values[box])
        return found

    def __call__(self, values: NDArray[Any]) -> Array:
        """An image as the camera would show it."""
        core = self._core(values)
        if not self.tail:
            return core
        wide = _gaussian(values, self.tail_sigma, _REACH_OF_TAIL)
        mixed: Array = np.float32(1 - self.tail) * core + np.float32(self.tail) * wide
        return mixed

    def _core(self, values: NDArray[Any]) -> Array:
        core = _gaussian(values, self.sigma, _REACH)
        if not self.edge:
            return core
        z, y, x = (one * (1 + self.edge_power) ** 0.5 for one in self.sigma)
        around = np.float32(self.edge) * _gaussian(values, (z, y, x), _REACH)
        sharper: Array = np.float32(1 + self.edge) * core - around
        return sharper


def _gaussian(values: NDArray[Any], sigma: Widths, reach: float) -> Array:
    from scipy.ndimage import gaussian_filter

    found = gaussian_filter(values, sigma, mode="nearest", truncate=reach)
    return np.asarray(found, np.float32)


def sigma_in_voxels(grid: Grid, fwhm_mm: Sequence[float]) -> Widths:
    """Standard deviation of a Gaussian along the array's axes.

    Parameters
    ----------
    grid : Grid
    fwhm_mm : sequence of 3 float, > 0
        Along x, y and z of the patient.

    Raises
    ------
    RangeError
        A width that is not above 0.
    GeometryError
        Widths that differ, on a grid that is oblique to the patient.

    Examples
    --------
    >>> grid = Grid.regular((9, 9, 9), spacing_mm=(5.0, 4.0, 4.0))
    >>> [round(s, 3) for s in sigma_in_voxels(grid, (9.42, 9.42, 11.77))]
    [1.0, 1.0, 1.0]
    """
    if len(fwhm_mm) != 3 or not all(0 < width < 200 for width in fwhm_mm):
        raise RangeError(
            f"the FWHM of the blur is {', '.join(f'{w:g}' for w in fwhm_mm)} mm: give "
            "one or three values, each above 0 and under 200 mm"
        )
    widths = []
    for axis, spacing in enumerate(grid.spacing_mm):
        direction = np.abs(grid.affine_mm[:3, axis]) / spacing
        along = int(direction.argmax())
        if direction[along] < _ALONG_AXIS and len(set(fwhm_mm)) > 1:
            raise GeometryError(
                "the image is oblique to the patient: give a single FWHM for its blur"
            )
        widths.append(float(fwhm_mm[along] * _SIGMA_PER_FWHM / spacing))
    return widths[0], widths[1], widths[2]
