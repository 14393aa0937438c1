r"""A phantom fitted to its image: what it holds, where it lies, how it is blurred.

.. math:: n_v \approx \sum_k a_k\, (h * o_k)(v), \qquad
    h = (1 - t)\, [(1 + b)\, g_w - b\, g_{\sqrt{1 + p}\, w}] + t\, q_W

`o_k` is what a fill takes of a voxel, `g` a Gaussian by its widths in the plane and
along the axis, `b` the overshoot of edges that a resolution model leaves, and `q` a
wide tail, as scatter and septa make it: a Gaussian, an exponential, or a power of the
distance. An image that holds nothing below 0 is compared with what is left above 0; it
is taken to keep its counts, so what an overshoot would have below 0 is lost above.
All numbers are fitted together by weighted least squares over every voxel of the image,
also outside the phantom: there the tail shows.
"""

from collections.abc import Mapping
from dataclasses import dataclass, replace
from typing import Any

import numpy as np
from numpy.typing import NDArray

from sirtdose.dosimetry.commission.blur_model import (
    AXIS,
    HELD,
    PLACE,
    PLANE,
    SHARP,
    TAIL,
    TAIL_WIDTH,
    BlurModel,
)
from sirtdose.dosimetry.commission.kernel import Kernel, narrowed
from sirtdose.dosimetry.commission.least_squares import Settled, settled
from sirtdose.dosimetry.commission.placement import Placement
from sirtdose.dosimetry.commission.view import Pose, View
from sirtdose.model.grid import Grid
from sirtdose.model.solid import Ball, ScanPhantom

Array = NDArray[np.float64]
Complex = NDArray[np.complex64]
# Where the fit begins.
_OVERSHOOT = 0.05
_FRACTION, _TAIL_MM = 0.06, {"gaussian": 55.0, "exponential": 55.0, "power": 25.0}
# Voxels that hold less, of what bright ones hold, weigh as if they held so much; an
# image is smoothed over so many mm to tell.
_FLOOR, _SMOOTH_MM = 0.03, 10.0
# The outermost voxels of a reconstruction are not used.
_BORDER = 1
# What lies farther from the phantom than this is not used.
_AROUND_MM = 50.0


@dataclass(frozen=True, eq=False)
class PhantomFit:
    """Numbers of a camera by one scan and one form of its tail.

    `independent` is how many voxels' noise is as good as independent.

    `concentrations` are in units of the image per mL, by fill. `standard` has the
    standard uncertainty of each number by its name, by noise alone; `spheres_mm` the
    widths that spheres show where they were fitted apart from the outline. `misfit` is
    the mean weighted square that is left over, `model` what the fit says of each voxel.
    `kept` is what the blur's image is multiplied with where an overshoot is cut off at
    0 and all counts are kept.
    """

    form: str
    pose: Pose
    in_plane_mm: float
    axial_mm: float
    edge: float
    sharp: int
    tail_fraction: float
    tail_fwhm_mm: float
    concentrations: Mapping[str, float]
    standard: Mapping[str, float]
    misfit: float
    independent: float
    model: NDArray[np.float32]
    spheres_mm: tuple[float, float] | None = None
    kept: float = 1.0

    @property
    def fwhm_mm(self) -> tuple[float, float]:
        """The core's own width, in the plane and along the axis.

        Of a Gaussian that overshoots it is less than the Gaussian's.
        """
        part = narrowed(self.edge, self.sharp)
        return part * self.in_plane_mm, part * self.axial_mm

    @property
    def kernel(self) -> Kernel:
        """The blur that was fitted."""
        return Kernel(
            self.in_plane_mm,
            self.axial_mm,
            self.edge,
            self.sharp,
            self.tail_fraction,
            self.tail_fwhm_mm,
            self.form,
        )


class PhantomFitter:
    """An image and a phantom that was found in it, to be fitted in several ways.

    Parameters
    ----------
    image : array of shape ``grid.shape``
    grid : Grid
    phantom : ScanPhantom
    placement : Placement
    poured : mapping
        Concentrations of fills by name; what is 0 is cold and stays so.
    """

    def __init__(
        self,
        image: NDArray[np.floating[Any]],
        grid: Grid,
        phantom: ScanPhantom,
        *,
        placement: Placement,
        poured: Mapping[str, float],
    ) -> None:
        from scipy.ndimage import gaussian_filter

        box = grid.box_around(placement.pose.corners_mm(phantom), margin_mm=_AROUND_MM)
        grid = grid.crop(box)
        self._image = np.asarray(image[box], np.float32)
        self._start, self.box = placement, box
        self.view = View(grid, max(0.8 * placement.fwhm_mm, 4.0))
        self._fills = [one for one in phantom.fills if poured.get(one.name, 1.0) > 0]
        turned = self.view.of(phantom, replace(placement.pose, middle_mm=(0, 0, 0)))
        self._shown = [turned[one.name].astype(np.complex64) for one in self._fills]
        self._in_balls = [
            all(isinstance(one, Ball) for one in fill.solids) for fill in self._fills
        ]
        self._along = (-2j * np.pi * self.view.frequency).astype(np.complex64)
        self._inner = tuple(
            slice(_BORDER, n - _BORDER) if n > 8 * _BORDER else slice(None)
            for n in grid.shape
        )
        self._clipped = float(self._image.min()) >= 0
        self._last: dict[int, Array] = {}
        self._weighted_by(
            gaussian_filter(
                self._image, [_SMOOTH_MM / 2.3548 / side for side in grid.spacing_mm]
            )
        )

    def _weighted_by(self, expected: NDArray[np.float32]) -> None:
        """Weigh voxels by what they are expected to hold: noise goes with it."""
        most = float(np.percentile(expected, 98))
        weight = 1 / np.sqrt(np.maximum(expected, _FLOOR * most))
        self._weight = np.asarray(weight[self._inner], np.float32)
        self._seen = self._image[self._inner] * self._weight

    def reweighted(self, fit: "PhantomFit") -> None:
        """Weigh by what a fit says: weights by the image itself favor low values."""
        self._weighted_by(fit.model)

    @property
    def can_be_apart(self) -> bool:
        """Whether there are spheres in something that is not."""
        return any(self._in_balls) and not all(self._in_balls)

    def fitted(
        self,
        form: str,
        *,
        tail: bool = True,
        sharp: int = 0,
        apart: bool = False,
        gain: float = 1e-5,
    ) -> PhantomFit:
        """Fit with one form of the tail, or none; with overshoot, or spheres apart.

        `sharp` is the power `p` of an overshoot, 0 for none; a step that gains less
        than `gain` is the last.

        Raises
        ------
        QuantityError
            The fit does not settle.
        """
        model = BlurModel(form, self._in_balls, sharp=sharp, apart=apart)
        start = self._first_guess(model)
        free = np.ones(start.size, bool)
        free[SHARP] = sharp > 0
        free[[TAIL, TAIL_WIDTH]] = tail
        if not tail:
            start[TAIL] = 0.0
        low, high = model.bounds()

        def whole(at: Array) -> Array:
            given = start.copy()
            given[free] = at
            return given

        found = settled(
            lambda at: self._compared(model, whole(at), free),
            start[free],
            low=low[free],
            high=high[free],
            gain=gain,
        )
        self._last[sharp] = whole(found.at)
        return self._told(model, self._last[sharp], found, free)

    def _first_guess(self, model: BlurModel) -> Array:
        """Widths, tail and place as they were found, and concentrations for them."""
        width = self._start.fwhm_mm
        start = [width, width, 0.0]
        # A blur that overshoots is found from the one that does not, however narrow.
        last = self._last.get(model.sharp, self._last.get(0))
        if last is not None:
            start = [float(one) for one in last[:3]]
        if model.sharp and start[SHARP] == 0:
            start[SHARP] = _OVERSHOOT
        start += [_FRACTION, _TAIL_MM[model.form]]
        place = self._start.pose.middle_mm if last is None else last[PLACE:HELD]
        start += [float(one) for one in place]
        start += [1.0] * len(self._fills)
        at = np.array(start + (start[:2] if model.apart else []))
        kept = model.transfers(self.view, at)
        moved = self._moved(at)
        columns = np.stack(
            [
                self._column(one * own * moved)
                for one, own in zip(self._shown, kept, strict=True)
            ]
        )
        normal, seen = (columns @ columns.T).astype(float), self._seen.ravel()
        held = np.linalg.lstsq(normal, columns @ seen)[0]
        held = np.maximum(held, 1e-3 * held.max())
        shown = held.astype(np.float32) @ columns
        if self._clipped:
            np.maximum(shown, 0, out=shown)
        held *= float(shown @ seen) / max(float(shown @ shown), 1e-30)
        at[HELD : HELD + len(self._fills)] = held
        return at

    def _moved(self, at: Array) -> Complex:
        return self.view.moved(at[PLACE:HELD]).astype(np.complex64)

    def _column(self, spectrum: Complex) -> NDArray[np.float32]:
        shown = self.view.image(spectrum)[self._inner] * self._weight
        return np.asarray(shown, np.float32).ravel()

    def _compared(
        self, model: BlurModel, at: Array, free: NDArray[np.bool_]
    ) -> tuple[NDArray[np.float32], NDArray[np.float32]]:
        """Model less image by voxel, weighted; its change with each free number."""
        moved = self._moved(at)
        shown = [one * moved for one in self._shown]
        kept, of = model.slopes(self.view, at)
        held = at[HELD : HELD + len(shown)].astype(np.float32)
        columns: dict[int, Complex] = {}
        whole = np.zeros(moved.shape, np.complex64)
        for k, (one, transfer) in enumerate(zip(shown, kept, strict=True)):
            whole += held[k] * transfer * one
            columns[HELD + k] = transfer * one
            for place, slope in of[k].items():
                columns[place] = columns.get(place, 0) + held[k] * slope * one
        for axis in range(3):
            columns[PLACE + axis] = self._along[axis] * whole
        slopes = np.stack(
            [self._column(columns[int(k)]) for k in np.flatnonzero(free)], 1
        )
        model_shown = self._column(whole)
        if self._clipped:
            slopes[model_shown < 0] = 0
            np.maximum(model_shown, 0, out=model_shown)
        return model_shown - self._seen.ravel(), slopes

    def _modeled(
        self, model: BlurModel, at: Array
    ) -> tuple[NDArray[np.float32], float]:
        """What the model says of each voxel, and what its blur alone has of that."""
        kept = model.transfers(self.view, at)
        held = at[HELD : HELD + len(self._fills)]
        total = sum(
            float(a) * own * one
            for a, own, one in zip(held, kept, self._shown, strict=True)
        )
        shown = self.view.image(np.asarray(total * self._moved(at)))
        if not self._clipped:
            return shown, 1.0
        above = np.maximum(shown, 0)
        if not model.sharp:
            return above, 1.0
        return above, float(shown.sum(dtype=float)) / float(above.sum(dtype=float))

    def _told(
        self, model: BlurModel, at: Array, found: Settled, free: NDArray[np.bool_]
    ) -> PhantomFit:
        rest = np.asarray(found.rest, float)
        misfit = float((rest**2).sum()) / (rest.size - int(free.sum()))
        together = _together(rest.reshape(self._weight.shape))
        spread = misfit * together
        standard = np.zeros(at.size)
        standard[free] = np.sqrt(
            np.diag(np.linalg.pinv(found.normal, hermitian=True)) * spread
        )
        names = ["in_plane_mm", "axial_mm", "edge", "tail_fraction", "tail_fwhm_mm"]
        names += ["x_mm", "y_mm", "z_mm", *(one.name for one in self._fills)]
        names += ["spheres_in_plane_mm", "spheres_axial_mm"] if model.apart else []
        x, y, z = (float(one) for one in at[PLACE:HELD])
        shown, kept = self._modeled(model, at)
        of_fills = slice(HELD, HELD + len(self._fills))
        standard[of_fills] /= kept
        return PhantomFit(
            form=model.form,
            pose=replace(self._start.pose, middle_mm=(x, y, z)),
            in_plane_mm=float(at[PLANE]),
            axial_mm=float(at[AXIS]),
            edge=float(at[SHARP]),
            sharp=model.sharp,
            tail_fraction=float(at[TAIL]),
            tail_fwhm_mm=float(at[TAIL_WIDTH]),
            concentrations={
                one.name: float(held) / kept
                for one, held in zip(self._fills, at[of_fills], strict=True)
            },
            standard=dict(zip(names, map(float, standard), strict=True)),
            misfit=misfit,
            independent=rest.size / together,
            model=shown,
            spheres_mm=(float(at[-2]), float(at[-1])) if model.apart else None,
            kept=kept,
        )


def _together(rest: Array) -> float:
    """How many voxels' noise goes together, by what neighbors have in common."""
    count = 1.0
    for axis in range(3):
        values = np.moveaxis(rest, axis, 0)
        size = float((values[1:] ** 2).sum())
        if size > 0:
            shared = min(max(float((values[1:] * values[:-1]).sum()) / size, 0), 0.97)
            count *= (1 + shared) / (1 - shared)
    return count
