r"""The width of an image's blur, and how far contours lie aside, by the image.

Regions of one concentration each, blurred by a Gaussian and moved by `d`, are fitted to
what the image holds near the tumors,

.. math:: n_v \approx \sum_j m_j\, (h_\sigma * o_j)(v - d)

by weighted least squares over concentrations, widths and offset together
(Gauss-Newton). Farther from tumors than their blur reaches a wide tail of scatter would
count as width: there nothing is fitted.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from sirtdose.dosimetry.image.blur import Blur
from sirtdose.errors import QuantityError
from sirtdose.model.grid import Box, Grid, box_at
from sirtdose.model.progress import counted
from sirtdose.model.structure import bounding_box

_SIGMA_PER_FWHM = 1 / np.sqrt(8 * np.log(2))
# Where tumors hold less than this part of a blurred voxel, nothing is fitted.
_NEAR = 0.03
# So many widths around the tumors are looked at.
_REACH = 2.5
# Voxels around the box, so that what is moved does not come in on the other side.
_PAD = 10
_ROUNDS = 15
# A step of less has settled, mm.
_SETTLED_MM = 0.01
# What is found beyond is no camera's, or no patient's.
_FWHM_MM, _OFFSET_MM = (2.0, 40.0), 25.0
_STEP_MM = 3.0
# Of a width, beside noise: no patient's blur is a Gaussian (measurements.md).
_MODEL = 0.03
# Where widths are not known to this part, or offsets to so many mm, nothing is: uneven
# tumors are no regions of one concentration.
_KNOWN, _KNOWN_MM = 0.15, 2.0
_Z95 = 1.96

Array = NDArray[np.float64]


@dataclass(frozen=True)
class BlurFit:
    """Widths (FWHM) in the plane and along the axis, and offset of the image, mm.

    `offset_mm` is along the patient's x, y and z, from where contours are to where the
    image has what they hold. All with their standard uncertainty.
    """

    in_plane_mm: float
    axial_mm: float
    offset_mm: tuple[float, float, float]
    in_plane_standard_mm: float
    axial_standard_mm: float
    offset_standard_mm: tuple[float, float, float]

    @property
    def fwhm_mm(self) -> tuple[float, float, float]:
        """Along the patient's x, y and z."""
        return self.in_plane_mm, self.in_plane_mm, self.axial_mm

    @property
    def distance_mm(self) -> float:
        """How far aside the contours lie."""
        return float(np.linalg.norm(self.offset_mm))

    def allows(self, fwhm_mm: Sequence[float]) -> bool:
        """Whether widths along x, y and z lie in the 95 % intervals of those found."""
        x, y, z = fwhm_mm
        return (
            abs(max(x, y) - self.in_plane_mm) <= _Z95 * self.in_plane_standard_mm
            and abs(z - self.axial_mm) <= _Z95 * self.axial_standard_mm
        )


def fitted_blur(
    image: NDArray[np.floating[Any]],
    regions: Sequence[NDArray[np.float32]],
    grid: Grid,
    *,
    tumors: int,
    start_mm: float,
    edges: tuple[float, int] | None = None,
) -> BlurFit:
    """Fit widths and offset to an image.

    Parameters
    ----------
    image : array of shape (slices, rows, columns)
        Counts or concentrations.
    regions : sequence of arrays like it
        The part of each voxel in each region; they add up to 1. So many `tumors` come
        first.
    grid : Grid
        Of the image, along the patient's axes.
    start_mm : float
        A width (FWHM) to begin with.
    edges : (float, int), optional
        How edges overshoot, as in :class:`sirtdose.dosimetry.image.blur.Blur`; the
        widths are then its Gaussian's.

    Raises
    ------
    QuantityError
        The image does not tell: it is oblique, tumors are too small or too cold, or
        nothing settles.
    """
    axes = _axes(grid)
    box = _around(regions[:tumors], grid.spacing_mm, _REACH * start_mm)
    parts = [one[box] for one in regions]
    fit = _Fit(
        image[box],
        [one for k, one in enumerate(parts) if k < tumors or one.any()],
        grid.spacing_mm,
        axes,
        tumors=tumors,
        start=start_mm,
        edges=edges,
    )
    found, standard = fit.settled()
    # Array axes to the patient's: a step along an axis is one along x, y or z.
    along = grid.affine_mm[:3, :3] / np.array(grid.spacing_mm)
    offset, spread = along @ found[2:], np.abs(along) @ standard[2:]
    return BlurFit(
        float(found[0]),
        float(found[1]),
        (float(offset[0]), float(offset[1]), float(offset[2])),
        float(np.hypot(standard[0], _MODEL * found[0])),
        float(np.hypot(standard[1], _MODEL * found[1])),
        (float(spread[0]), float(spread[1]), float(spread[2])),
    )


def _around(
    tumors: Sequence[NDArray[np.float32]],
    spacing_mm: tuple[float, float, float],
    reach_mm: float,
) -> Box:
    """The voxels around all tumors."""
    own = bounding_box(np.sum(tumors, axis=0) > 0)
    if own is None:
        raise QuantityError(
            "no tumor has a voxel, so the FWHM of the image cannot be fitted: give "
            "--psf a value in mm"
        )
    far = [int(np.ceil(reach_mm / side)) for side in spacing_mm]
    low = [max(side.start - n, 0) for side, n in zip(own, far, strict=True)]
    high = [
        min(side.stop + n, size)
        for side, n, size in zip(own, far, tumors[0].shape, strict=True)
    ]
    return box_at(low, [b - a for a, b in zip(low, high, strict=True)])


def _axes(grid: Grid) -> int:
    """The array's axis that runs along the patient."""
    direction = np.abs(grid.affine_mm[:3, :3]) / np.array(grid.spacing_mm)
    if (direction.max(axis=0) < 0.999).any():
        raise QuantityError(
            "the image is oblique to the patient, so its FWHM cannot be fitted: give "
            "--psf a value in mm"
        )
    return int(direction[2].argmax())


class _Fit:
    """The model in the Fourier domain, and its derivatives."""

    def __init__(
        self,
        image: NDArray[np.floating[Any]],
        regions: Sequence[NDArray[np.float32]],
        spacing_mm: tuple[float, float, float],
        axial: int,
        *,
        tumors: int,
        start: float,
        edges: tuple[float, int] | None,
    ) -> None:
        from scipy import fft

        padded = [np.pad(one, _PAD, mode="edge") for one in regions]
        self._shape = padded[0].shape
        self._parts = [fft.rfftn(one, workers=1) for one in padded]
        self._frequency = np.meshgrid(
            *(
                (fft.rfftfreq if k == 2 else fft.fftfreq)(n, side)
                for k, (n, side) in enumerate(zip(self._shape, spacing_mm, strict=True))
            ),
            indexing="ij",
            sparse=True,
        )
        self._axial, self._start, self._edges = axial, start, edges
        sigma = [start * _SIGMA_PER_FWHM / side for side in spacing_mm]
        blur = Blur((sigma[0], sigma[1], sigma[2]))
        near = blur(np.sum(regions[:tumors], axis=0)) > _NEAR
        expected = np.maximum(blur(image), 1e-3 * float(np.max(image)))
        self._weight = (near / expected)[near]
        self._near, self._image = near, np.asarray(image, float)[near]

    def settled(self) -> tuple[Array, Array]:
        """Widths, offset along the array's axes, and their standard uncertainties."""
        at = np.array([self._start, self._start, 0.0, 0.0, 0.0])
        for _ in counted("blur width", range(_ROUNDS)):
            step, covariance = self._step(at)
            step = np.clip(step, -_STEP_MM, _STEP_MM)
            at = at + step
            low, high = _FWHM_MM
            if not (
                np.isfinite(at).all()
                and (low < at[:2]).all()
                and (at[:2] < high).all()
                and np.abs(at[2:]).max() < _OFFSET_MM
            ):
                break
            if np.abs(step).max() < _SETTLED_MM:
                standard = np.sqrt(np.diag(covariance))
                if (standard[:2] > _KNOWN * at[:2]).any() or (
                    standard[2:].max() > _KNOWN_MM
                ):
                    break
                return at, standard
        raise QuantityError(
            "the FWHM of the image cannot be fitted: its tumors are too small, too "
            "cold, too uneven, or drawn elsewhere"
        )

    def _step(self, at: Array) -> tuple[Array, Array]:
        """One step of Gauss-Newton from there, and the covariance of where it ends."""
        transfer, slopes = self._transfer(at)
        seen = np.stack([self._back(one * transfer) for one in self._parts])
        weighted = seen * self._weight
        held = np.linalg.lstsq(weighted @ seen.T, weighted @ self._image, rcond=None)[0]
        whole = sum(m * one for m, one in zip(held, self._parts, strict=True))
        columns = np.concatenate(
            [seen, np.stack([self._back(whole * transfer * one) for one in slopes])]
        )
        rest = self._image - held @ seen
        normal = (columns * self._weight) @ columns.T
        try:
            inverse = np.linalg.inv(normal)
        except np.linalg.LinAlgError:
            return np.full(5, np.nan), np.full((5, 5), np.nan)
        moved = inverse @ ((columns * self._weight) @ rest)
        count = len(self._parts)
        variance = float((self._weight * rest**2).sum() / max(rest.size - 16, 1))
        spread = variance * self._together(rest)
        return moved[count:], inverse[count:, count:] * spread

    def _transfer(self, at: Array) -> tuple[Array, list[Array]]:
        """What is left of each frequency; its relative change with each number."""
        wide = 2 * (np.pi * _SIGMA_PER_FWHM) ** 2
        squares = [one**2 for one in self._frequency]
        axial = squares[self._axial]
        plane = sum(one for k, one in enumerate(squares) if k != self._axial)
        core = np.exp(-wide * (at[0] ** 2 * plane + at[1] ** 2 * axial))
        kept, bent = core, -2 * wide
        if self._edges is not None:
            edge, power = self._edges
            around = edge * core**power
            kept = core * (1 + edge - around)
            bent = bent * (1 + edge - (1 + power) * around) / (1 + edge - around)
        phase = sum(f * d for f, d in zip(self._frequency, at[2:], strict=True))
        return kept * np.exp(-2j * np.pi * phase), [
            bent * at[0] * plane,
            bent * at[1] * axial,
            *(-2j * np.pi * one for one in self._frequency),
        ]

    def _back(self, spectrum: Array) -> Array:
        from scipy import fft

        whole = fft.irfftn(spectrum, self._shape, workers=1)
        inner = tuple(slice(_PAD, n - _PAD) for n in self._shape)
        return np.asarray(whole[inner][self._near])

    def _together(self, rest: Array) -> float:
        """How many voxels' noise goes together, by what neighbors have in common."""
        field = np.zeros(self._near.shape)
        field[self._near] = rest * np.sqrt(self._weight)
        count = 1.0
        for axis in range(3):
            near = np.moveaxis(self._near, axis, 0)
            values = np.moveaxis(field, axis, 0)
            both = near[1:] & near[:-1]
            size = float((values[1:][both] ** 2).sum())
            if size > 0:
                shared = float((values[1:] * values[:-1])[both].sum()) / size
                shared = min(max(shared, 0.0), 0.95)
                count *= (1 + shared) / (1 - shared)
        return count
