r"""A phantom fitted to its image: what it holds, where it lies, how it is blurred.

.. math:: n_v \approx \sum_k a_k\, (h * o_k)(v), \qquad
    h = (1 - t)\, [(1 + b)\, g_w - b\, g_{\sqrt{1 + p}\, w}] + t\, q_W

`o_k` is what a fill takes of a voxel, `g` a Gaussian by its widths in the plane and
along the axis, `b` the overshoot of edges that a resolution model leaves, and `q` a
wide tail, as scatter and septa make it: a Gaussian, an exponential, or a power of the
distance. An image that holds nothing below 0 is compared with what is left above 0. All numbers are fitted together by weighted least squares over every voxel
of the image, also outside the phantom: there the tail shows.
"""

from collections.abc import Mapping
from dataclasses import dataclass, replace
from typing import Any

import numpy as np
from numpy.typing import NDArray

from sirtdose.dosimetry.commission.placement import Placement
from sirtdose.dosimetry.commission.transform import blurred
from sirtdose.dosimetry.commission.view import Pose, View
from sirtdose.errors import QuantityError
from sirtdose.model.grid import Grid
from sirtdose.model.solid import Ball, ScanPhantom

Array = NDArray[np.float64]
Complex = NDArray[np.complex128]
FORMS = ("gaussian", "exponential", "power")
_PER_MM2 = 2 * np.pi**2 / (8 * np.log(2))
# The width at half of the highest point of (1 + r^2)^-2.
_POWER_WIDTH = 2 * float(np.sqrt(np.sqrt(2) - 1))
_TAIL, _TAIL_MM = 0.06, {"gaussian": 55.0, "exponential": 55.0, "power": 25.0}
# What is fitted lies between these.
_WIDTH_MM, _TAIL_MOST, _TAIL_WIDTH_MM = (2.0, 45.0), 0.4, (15.0, 160.0)
_EDGE, _EDGE_MOST = 0.3, 3.0
# Where each number stands: widths, overshoot, tail, its width, place, concentrations.
_PLANE, _AXIS, _SHARP, _TAIL_AT, _TAIL_WIDTH, _PLACE, _HELD = 0, 1, 2, 3, 4, 5, 8
# Voxels that hold less, of what bright ones hold, weigh as if they held so much; an
# image is smoothed over so many mm to tell.
_FLOOR, _SMOOTH_MM = 0.03, 10.0
# The outermost voxels of a reconstruction are not used.
_EDGE = 1
# What lies farther from the phantom than this is not used.
_AROUND_MM = 60.0
_ROUNDS = 25


def tail_transfer(form: str, squared: Array, fwhm_mm: float) -> Array:
    r"""What a tail leaves of each frequency.

    By the width (FWHM) of a Gaussian of its variance; a power of the distance,
    :math:`(1 + (r/a)^2)^{-2}`, has none, and its own width counts, 1.287 a.

    Examples
    --------
    >>> [round(float(tail_transfer(f, np.array([1e-5]), 60.0)[0]), 3) for f in FORMS]
    [0.88, 0.884, 0.396]
    """
    if form == "gaussian":
        return np.asarray(np.exp(-_PER_MM2 * fwhm_mm**2 * squared))
    if form == "exponential":
        return np.asarray((1 + _PER_MM2 / 2 * fwhm_mm**2 * squared) ** -2.0)
    return np.asarray(np.exp(-2 * np.pi * fwhm_mm / _POWER_WIDTH * np.sqrt(squared)))


def _narrowed(edge: float, sharp: int) -> float:
    """The width of a core that overshoots, over that of its Gaussian."""
    from scipy.optimize import brentq

    if not sharp or not edge:
        return 1.0
    wide = 1 + sharp
    around = edge * wide**-1.5

    def above_half(x: float) -> float:
        own = (1 + edge) * 2.0 ** -(x**2) - around * 2.0 ** -(x**2 / wide)
        return float(own - (1 + edge - around) / 2)

    return float(brentq(above_half, 0.2, 2.0))


@dataclass(frozen=True, eq=False)
class PhantomFit:
    """Numbers of a camera by one scan and one form of its tail.

    `independent` is how many voxels' noise is as good as independent.

    `concentrations` are in units of the image per mL, by fill. `standard` has the
    standard uncertainty of each number by its name, by noise alone; `spheres_mm` the
    widths that spheres show where they were fitted apart from the outline. `misfit` is
    the mean weighted square that is left over, `model` what the fit says of each voxel.
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

    @property
    def fwhm_mm(self) -> tuple[float, float]:
        """The core's own width, in the plane and along the axis.

        Of a Gaussian that overshoots it is less than the Gaussian's.
        """
        part = _narrowed(self.edge, self.sharp)
        return part * self.in_plane_mm, part * self.axial_mm

    @property
    def kernel(self) -> "Kernel":
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


@dataclass(frozen=True)
class Kernel:
    """A blur: a core, edges that overshoot, and a tail of some form."""

    in_plane_mm: float
    axial_mm: float
    edge: float = 0.0
    sharp: int = 0
    tail_fraction: float = 0.0
    tail_fwhm_mm: float = 55.0
    form: str = "gaussian"

    def transfer(self, frequency: Array) -> Array:
        """What is left of each frequency (3, n), 1/mm."""
        core = blurred(frequency, self.in_plane_mm, self.axial_mm)
        if self.sharp:
            core = core * (1 + self.edge * (1 - core**self.sharp))
        tail = tail_transfer(self.form, (frequency**2).sum(axis=0), self.tail_fwhm_mm)
        return np.asarray((1 - self.tail_fraction) * core + self.tail_fraction * tail)


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
        placement: Placement,
        poured: Mapping[str, float],
    ) -> None:
        from scipy.ndimage import gaussian_filter

        box = grid.box_around(placement.pose.corners_mm(phantom), margin_mm=_AROUND_MM)
        grid = grid.crop(box)
        self._image = np.asarray(image[box], np.float32)
        self._start, self.box = placement, box
        self._view = View(grid, max(0.8 * placement.fwhm_mm, 4.0))
        self._fills = [one for one in phantom.fills if poured.get(one.name, 1.0) > 0]
        turned = self._view.of(phantom, replace(placement.pose, middle_mm=(0, 0, 0)))
        self._shown = [turned[one.name] for one in self._fills]
        self._in_balls = [
            all(isinstance(one, Ball) for one in fill.solids) for fill in self._fills
        ]
        self._inner = tuple(
            slice(_EDGE, n - _EDGE) if n > 8 * _EDGE else slice(None)
            for n in grid.shape
        )
        self._clipped = float(self._image.min()) >= 0
        self._last: Array | None = None
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
    ) -> PhantomFit:
        """Fit with one form of the tail, or none; with overshoot, or spheres apart.

        `sharp` is the power `p` of an overshoot; 0 for none.

        Raises
        ------
        QuantityError
            The fit does not settle.
        """
        from scipy.optimize import least_squares

        model = _Model(form, self._in_balls, sharp=sharp, apart=apart)
        start = self._first_guess(model)
        free = np.ones(start.size, bool)
        free[_SHARP] = sharp > 0
        free[[_TAIL_AT, _TAIL_WIDTH]] = tail
        if not tail:
            start[_TAIL_AT] = 0.0
        low, high = model.bounds()

        def whole(at: Array) -> Array:
            given = start.copy()
            given[free] = at
            return given

        found = least_squares(
            lambda at: self._rest(model, whole(at)),
            start[free],
            jac=lambda at: self._slopes(model, whole(at), free),
            bounds=(low[free], high[free]),
            x_scale="jac",
            xtol=1e-6,
            ftol=1e-7,
            max_nfev=_ROUNDS,
        )
        if not found.success or not np.isfinite(found.x).all():
            raise QuantityError(
                "the phantom cannot be fitted to its image: check --phantom, the "
                "activities of its fills, and that the whole phantom is in view"
            )
        self._last = whole(found.x)
        return self._told(model, self._last, found, free)

    def _first_guess(self, model: "_Model") -> Array:
        """Widths, tail and place as they were found, and concentrations for them."""
        last, width = self._last, self._start.fwhm_mm
        known = last is not None and (last[_SHARP] != 0) == (model.sharp > 0)
        edge = _EDGE if model.sharp else 0.0
        start = list(last[:3]) if known else [width, width, edge]
        start += [_TAIL, _TAIL_MM[model.form]]
        start += self._start.pose.middle_mm if last is None else list(last[5:8])
        start += [1.0] * len(self._fills)
        at = np.array(start + (start[:2] if model.apart else []))
        kept = model.transfers(self._view, at)
        moved = self._view.moved(at[_PLACE:_HELD])
        columns = np.stack(
            [
                self._column(one * own * moved)
                for one, own in zip(self._shown, kept, strict=True)
            ]
        )
        normal = (columns @ columns.T).astype(float)
        held = np.linalg.lstsq(normal, columns @ self._seen.ravel())[0]
        at[_HELD : _HELD + len(self._fills)] = np.maximum(held, 1e-3 * held.max())
        return at

    def _column(self, spectrum: Complex) -> NDArray[np.float32]:
        shown = self._view.image(spectrum)[self._inner] * self._weight
        return np.asarray(shown, np.float32).ravel()

    def _spectrum(self, model: "_Model", at: Array) -> Complex:
        kept = model.transfers(self._view, at)
        held = at[_HELD : _HELD + len(self._fills)]
        total = sum(
            a * own * one for a, own, one in zip(held, kept, self._shown, strict=True)
        )
        return np.asarray(total * self._view.moved(at[_PLACE:_HELD]))

    def _rest(self, model: "_Model", at: Array) -> NDArray[np.float32]:
        found = self._column(self._spectrum(model, at))
        if self._clipped:
            np.maximum(found, 0, out=found)
        return found - self._seen.ravel()

    def _slopes(
        self, model: "_Model", at: Array, free: NDArray[np.bool_]
    ) -> NDArray[np.float32]:
        """How each voxel changes with each free number."""
        moved = self._view.moved(at[_PLACE:_HELD])
        shown = [one * moved for one in self._shown]
        kept, of = model.slopes(self._view, at)
        held = at[_HELD : _HELD + len(shown)]
        columns: dict[int, Complex] = {}
        whole = np.zeros(moved.shape, complex)
        for k, (one, transfer) in enumerate(zip(shown, kept, strict=True)):
            whole += held[k] * transfer * one
            columns[_HELD + k] = transfer * one
            for place, slope in of[k].items():
                columns[place] = columns.get(place, 0) + held[k] * slope * one
        for axis in range(3):
            columns[_PLACE + axis] = -2j * np.pi * self._view.frequency[axis] * whole
        found = np.stack([self._column(columns[k]) for k in np.flatnonzero(free)], 1)
        if self._clipped:
            found[self._column(whole) < 0] = 0
        return found

    def _told(
        self, model: "_Model", at: Array, found: Any, free: NDArray[np.bool_]
    ) -> PhantomFit:
        rest = np.asarray(found.fun, float)
        misfit = float((rest**2).sum()) / (rest.size - int(free.sum()))
        curved = found.jac.astype(float)
        together = _together(rest.reshape(self._weight.shape))
        spread = misfit * together
        standard = np.zeros(at.size)
        standard[free] = np.sqrt(
            np.diag(np.linalg.pinv(curved.T @ curved, hermitian=True)) * spread
        )
        names = ["in_plane_mm", "axial_mm", "edge", "tail_fraction", "tail_fwhm_mm"]
        names += ["x_mm", "y_mm", "z_mm", *(one.name for one in self._fills)]
        names += ["spheres_in_plane_mm", "spheres_axial_mm"] if model.apart else []
        x, y, z = (float(one) for one in at[_PLACE:_HELD])
        return PhantomFit(
            form=model.form,
            pose=replace(self._start.pose, middle_mm=(x, y, z)),
            in_plane_mm=float(at[_PLANE]),
            axial_mm=float(at[_AXIS]),
            edge=float(at[_SHARP]),
            sharp=model.sharp,
            tail_fraction=float(at[_TAIL_AT]),
            tail_fwhm_mm=float(at[_TAIL_WIDTH]),
            concentrations={
                one.name: float(at[_HELD + k]) for k, one in enumerate(self._fills)
            },
            standard=dict(zip(names, map(float, standard), strict=True)),
            misfit=misfit,
            independent=rest.size / together,
            model=self._view.image(self._spectrum(model, at)),
            spheres_mm=(float(at[-2]), float(at[-1])) if model.apart else None,
        )


@dataclass(frozen=True)
class _Model:
    """Which numbers a blur has: widths, tail, and widths of spheres apart."""

    form: str
    in_balls: list[bool]
    sharp: int
    apart: bool

    def bounds(self) -> tuple[Array, Array]:
        """What each number may be."""
        count = len(self.in_balls)
        narrow, wide = _WIDTH_MM
        low = [narrow, narrow, -0.3, 0.0, _TAIL_WIDTH_MM[0], *[-np.inf] * 3]
        low += [0.0] * count
        high = [wide, wide, _EDGE_MOST, _TAIL_MOST, _TAIL_WIDTH_MM[1]]
        high += [np.inf] * (3 + count)
        if self.apart:
            low += [narrow, narrow]
            high += [wide, wide]
        return np.array(low), np.array(high)

    def _widths(self, k: int, at: Array) -> tuple[int, int]:
        """Where the widths of a fill stand."""
        return (at.size - 2, at.size - 1) if self.apart and self.in_balls[k] else (0, 1)

    def transfers(self, view: View, at: Array) -> list[Array]:
        """What is left of each frequency, by fill."""
        tail = self._tail(view, at[_TAIL_WIDTH])
        cores = self._cores(view, at)
        part = at[_TAIL_AT]
        return [
            (1 - part) * self._sharpened(cores[self._widths(k, at)], at[_SHARP])
            + part * tail
            for k in range(len(self.in_balls))
        ]

    def _tail(self, view: View, width: float) -> Array:
        return tail_transfer(self.form, sum(view.squares), width)

    def _cores(self, view: View, at: Array) -> dict[tuple[int, int], Array]:
        """Gaussians by where their widths stand."""
        wanted = {self._widths(k, at) for k in range(len(self.in_balls))}
        return {(p, z): blurred(view.frequency, at[p], at[z]) for p, z in wanted}

    def slopes(
        self, view: View, at: Array
    ) -> tuple[list[Array], list[dict[int, Array]]]:
        """Transfers, and by fill their change with each number of the blur."""
        plane, axial = view.squares
        step = 1e-3 * at[_TAIL_WIDTH]
        wider = self._tail(view, at[_TAIL_WIDTH] + step)
        wider = (wider - self._tail(view, at[_TAIL_WIDTH] - step)) / (2 * step)
        tail, cores = self._tail(view, at[_TAIL_WIDTH]), self._cores(view, at)
        part, edge = at[_TAIL_AT], at[_SHARP]
        of = []
        for k in range(len(self.in_balls)):
            p, z = self._widths(k, at)
            core = cores[p, z]
            power = self.sharp
            bent = 1 + edge * (1 - (1 + power) * core**power)
            inner = -2 * _PER_MM2 * (1 - part) * core * bent
            of.append(
                {
                    p: inner * at[p] * plane,
                    z: inner * at[z] * axial,
                    _SHARP: (1 - part) * core * (1 - core**power),
                    _TAIL_AT: tail - self._sharpened(core, edge),
                    _TAIL_WIDTH: part * wider,
                }
            )
        return self.transfers(view, at), of

    def _sharpened(self, core: Array, edge: float) -> Array:
        """A Gaussian whose edges overshoot."""
        return core * (1 + edge * (1 - core**self.sharp)) if self.sharp else core


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
