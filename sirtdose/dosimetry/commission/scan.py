"""A scan of a phantom: where it lies, its blur, its counts, its spheres."""

from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from math import hypot, sqrt
from typing import Any

import numpy as np
from numpy.typing import NDArray

from sirtdose.dosimetry.commission.averaged import averaged
from sirtdose.dosimetry.commission.kernel import FORMS
from sirtdose.dosimetry.commission.phantom_fit import PhantomFit, PhantomFitter
from sirtdose.dosimetry.commission.placement import Placement, place
from sirtdose.dosimetry.commission.quality import Quality, quality_of
from sirtdose.dosimetry.commission.recovery import (
    ball_on,
    image_recovery,
    mixed,
    phantom_recoveries,
    sphere_recovery,
)
from sirtdose.dosimetry.commission.view import View
from sirtdose.model.commissioned import CameraBlur, CameraRecovery, Measured
from sirtdose.model.grid import Grid
from sirtdose.model.progress import counted
from sirtdose.model.solid import ScanPhantom

# An overshoot is believed where it explains so much of what is left over without it,
# and is at least so large.
_EXPLAINS, _EDGE_LEAST = 0.05, 0.15
# Powers of an overshoot: one to begin with, then those around it.
_POWER, _POWERS = 2, (1, 3)
# A fit that is only compared ends when a step gains less.
_NEARLY = 1e-3
# Of widths, recoveries and totals, what no form of the model tells: how far the blind
# cameras of benchmarks/commissioning.py were off, less noise.
_UNTOLD_WIDTH, _UNTOLD_RECOVERY, _UNTOLD_TOTAL = 0.015, 0.005, 0.001
_UNTOLD_COLD = 0.004
# Widths of outline and spheres differ where they do by so many standard uncertainties,
# and by this part.
_DIFFER, _DIFFER_PART = 3.0, 0.015
_COARSE_MM = 13.0
# Of the brightest fill, what a sphere may be apart from the fit.
_UNLIKE = 0.25
CURVE_MM = (10.0, 13.0, 17.0, 22.0, 28.0, 37.0, 45.0, 60.0, 80.0)


@dataclass(frozen=True, eq=False)
class PhantomScan:
    """What one scan said.

    `fits` are with each form of the tail, `plain` is a Gaussian alone and `apart` the
    best form with spheres of their own width, None where there are none. `total` is the
    sum of counts, or of Bq, in a field without end, `fitted_total` by the model alone.
    `ratio` is of spheres to background, as it was fitted. `recovery` goes by diameter;
    `curve` is the blur's own for spheres in a wide background. `cut` names the axes
    along which the phantom reaches the edge of the image, `unlike` the spheres whose
    mean is not what the fit says, with the difference over the highest concentration.
    """

    placement: Placement
    grid: Grid
    image: NDArray[np.float32]
    fits: tuple[PhantomFit, ...]
    plain: PhantomFit
    apart: PhantomFit | None
    blur: CameraBlur
    total: Measured
    fitted_total: Measured
    ratio: Measured | None
    recovery: tuple[CameraRecovery, ...]
    curve: tuple[CameraRecovery, ...]
    quality: Quality
    cut: tuple[str, ...] = ()
    unlike: Mapping[str, float] = field(default_factory=dict)

    @property
    def best(self) -> PhantomFit:
        """The form that fits best."""
        return min(self.fits, key=lambda one: one.misfit)

    @property
    def spheres_alone(self) -> bool:
        """Whether spheres lie in the cold, where an image that stops at 0 is cut."""
        return set(self.best.concentrations) == {"spheres"}

    @property
    def is_uneven(self) -> bool:
        """Whether outline and spheres show different widths."""
        return self.apart is not None and widths_differ(self.apart)


def scan_of(
    image: NDArray[np.floating[Any]],
    grid: Grid,
    phantom: ScanPhantom,
    poured: Mapping[str, float],
) -> PhantomScan:
    """Fit a phantom to its scan.

    Parameters
    ----------
    image : array of shape ``grid.shape``
        Counts, or Bq, in each voxel.
    grid : Grid
    phantom : ScanPhantom
    poured : mapping
        Activity per mL of every fill, by name, MBq/mL at the scan; 0 is cold.

    Raises
    ------
    QuantityError
        The phantom cannot be fitted.
    """
    placement = place(image, grid, phantom, poured)
    fitter = PhantomFitter(image, grid, phantom, placement=placement, poured=poured)
    # Only for the weights of the others.
    first = fitter.fitted("exponential", gain=_NEARLY)
    fitter.reweighted(first)
    fits = _fits(fitter)
    best = min(fits, key=lambda one: one.misfit)
    apart = (
        fitter.fitted(best.form, sharp=best.sharp, apart=True)
        if fitter.can_be_apart
        else None
    )
    own, shown = grid.crop(fitter.box), np.asarray(image[fitter.box], np.float32)
    uneven = apart if apart is not None and widths_differ(apart) else None
    spheres, curve = _recoveries(
        shown, fitter.view, phantom, fits=(fits, uneven), poured=poured
    )
    held = {fill.name: fill.volume_ml for fill in phantom.fills}
    fitted = averaged(
        fits,
        lambda one: sum(held[k] * a for k, a in one.concentrations.items()),
        standard=lambda one: hypot(
            *(held[k] * one.standard[k] for k in one.concentrations)
        ),
        untold=_UNTOLD_TOTAL,
    )
    return PhantomScan(
        placement=placement,
        grid=own,
        image=shown,
        fits=fits,
        plain=fitter.fitted("gaussian", tail=False, gain=_NEARLY),
        apart=apart,
        blur=_blur(fits, apart),
        total=_whole(shown, own, phantom, fits=fits, fitted=fitted),
        fitted_total=fitted,
        ratio=_ratio(apart or best),
        recovery=spheres,
        curve=curve,
        quality=quality_of(shown, fitter.view, phantom, best),
        cut=cut_axes(grid, phantom, best),
        unlike=_unlike(shown, own, phantom, best),
    )


def cut_axes(grid: Grid, phantom: ScanPhantom, fit: PhantomFit) -> tuple[str, ...]:
    """Axes along which the phantom is nearer to the edge than half a width."""
    index = grid.index(fit.pose.corners_mm(phantom))
    near = {}
    for axis, (side, count) in enumerate(zip(grid.spacing_mm, grid.shape, strict=True)):
        along = "xyz"[int(np.abs(grid.affine_mm[:3, axis]).argmax())]
        room = side * min(
            index[:, axis].min() + 0.5, count - 0.5 - index[:, axis].max()
        )
        near[along] = room < fit.fwhm_mm[along == "z"] / 2
    return tuple(name for name in "xyz" if near.get(name))


def _unlike(
    image: NDArray[np.float32], grid: Grid, phantom: ScanPhantom, fit: PhantomFit
) -> dict[str, float]:
    """Spheres whose mean is not the fit's, by a quarter of the brightest or more."""
    most = max(fit.concentrations.values()) * grid.voxel_volume_ml
    found = {}
    for name, ball in phantom.spheres.items():
        part, box = ball_on(ball, fit, phantom, grid)
        apart = float(((image[box] - fit.model[box]) * part).sum(dtype=float))
        found[name] = apart / float(part.sum()) / most
    return {name: one for name, one in found.items() if abs(one) > _UNLIKE}


def _fits(fitter: PhantomFitter) -> tuple[PhantomFit, ...]:
    """With every form of the tail; with overshoot where there is one."""
    form = "exponential"
    plain = fitter.fitted(form, gain=_NEARLY)
    sharp = fitter.fitted(form, sharp=_POWER, gain=_NEARLY)
    if not (sharp.edge > _EDGE_LEAST and sharp.misfit < (1 - _EXPLAINS) * plain.misfit):
        return tuple(
            fitter.fitted(one) for one in counted("phantom, forms of the tail", FORMS)
        )
    found = [
        fitter.fitted(one, sharp=_POWER) for one in counted("phantom, overshoot", FORMS)
    ]
    form = min(found, key=lambda one: one.misfit).form
    powers = [fitter.fitted(form, sharp=one) for one in _POWERS]
    return (*found, *powers)


def _blur(fits: tuple[PhantomFit, ...], apart: PhantomFit | None) -> CameraBlur:
    widths = [
        averaged(
            fits,
            lambda one: one.fwhm_mm[0],
            standard=lambda one: one.standard["in_plane_mm"],
            untold=_UNTOLD_WIDTH,
        ),
        averaged(
            fits,
            lambda one: one.fwhm_mm[1],
            standard=lambda one: one.standard["axial_mm"],
            untold=_UNTOLD_WIDTH,
        ),
    ]
    if apart is not None and widths_differ(apart):
        widths = [
            _between(one, *pair)
            for one, pair in zip(widths, _both_widths(apart), strict=True)
        ]
    best = min(fits, key=lambda one: one.misfit)
    gaussian = min(
        (one for one in fits if one.form == "gaussian"), key=lambda one: one.misfit
    )
    return CameraBlur(
        in_plane_mm=widths[0],
        axial_mm=widths[1],
        tail_fraction=averaged(
            fits,
            lambda one: one.tail_fraction,
            standard=lambda one: one.standard["tail_fraction"],
        ),
        tail_fwhm_mm=Measured(best.tail_fwhm_mm, best.standard["tail_fwhm_mm"]),
        tail_form=best.form,
        gaussian_core_mm=(gaussian.in_plane_mm, gaussian.axial_mm),
        gaussian_tail=(gaussian.tail_fraction, gaussian.tail_fwhm_mm),
        edge=gaussian.edge,
        edge_power=gaussian.sharp,
    )


def _both_widths(apart: PhantomFit) -> tuple[tuple[float, float], tuple[float, float]]:
    """Of outline and spheres, in the plane and along the axis."""
    part = apart.fwhm_mm[0] / apart.in_plane_mm
    in_plane, axial = apart.spheres_mm or (apart.in_plane_mm, apart.axial_mm)
    return (apart.fwhm_mm[0], part * in_plane), (apart.fwhm_mm[1], part * axial)


def widths_differ(apart: PhantomFit) -> bool:
    """Whether spheres are blurred otherwise than the outline, beyond noise."""
    (outline, spheres), _ = _both_widths(apart)
    noise = hypot(apart.standard["in_plane_mm"], apart.standard["spheres_in_plane_mm"])
    off = abs(outline - spheres)
    return off > _DIFFER * noise and off > _DIFFER_PART * outline


def _between(one: Measured, outline: float, spheres: float) -> Measured:
    """The middle of two widths, either of which may hold where a tumor lies."""
    half = abs(outline - spheres) / 2
    return Measured((outline + spheres) / 2, hypot(one.standard, half))


def _ratio(fit: PhantomFit) -> Measured | None:
    """Spheres to background, of a phantom that has both."""
    held = fit.concentrations
    if not {"spheres", "background"} <= held.keys() or not held["background"] > 0:
        return None
    value = held["spheres"] / held["background"]
    relative = hypot(*(fit.standard[k] / held[k] for k in ("spheres", "background")))
    return Measured(value, value * sqrt(relative**2 + 0.005**2))


def _whole(
    image: NDArray[np.floating[Any]],
    grid: Grid,
    phantom: ScanPhantom,
    *,
    fits: tuple[PhantomFit, ...],
    fitted: Measured,
) -> Measured:
    """What the image holds around the phantom, and what the tail carries beyond.

    Farther away an image that holds nothing below 0 has noise that adds up.
    """
    seen = float(image.sum(dtype=float))
    steps = [max(1, round(_COARSE_MM / side)) for side in grid.spacing_mm]
    shape = tuple(max(1, round(n / k)) for n, k in zip(grid.shape, steps, strict=True))
    affine = grid.affine_mm.copy()
    scale = [n / k for n, k in zip(grid.shape, shape, strict=True)]
    affine[:3, :3] *= scale
    affine[:3, 3] = grid.world_mm([(one - 1) / 2 for one in scale])
    view = View(Grid((shape[0], shape[1], shape[2]), affine), _COARSE_MM)

    def outside(one: PhantomFit) -> float:
        shown = view.placed(phantom, one.pose)
        spectrum = mixed(shown, one.concentrations)
        inside = view.image(spectrum * one.kernel.transfer(view.frequency))
        total = sum(
            phantom.fill(k).volume_ml * held for k, held in one.concentrations.items()
        )
        return one.kept * (total - float(inside.sum(dtype=float)))

    beyond = averaged(fits, outside)
    total = seen + beyond.value
    # What the model alone gives differs by noise and by the form of the blur.
    apart = (fitted.value - total) / 3
    # Around spheres in the cold nothing tells a tail from what is scattered farther.
    warm = all("background" in one.concentrations for one in fits)
    untold = 0.0 if warm else _UNTOLD_COLD * total
    return Measured(total, hypot(fitted.standard, beyond.standard, apart, untold))


def _recoveries(
    image: NDArray[np.float32],
    view: View,
    phantom: ScanPhantom,
    *,
    fits: tuple[tuple[PhantomFit, ...], PhantomFit | None],
    poured: Mapping[str, float],
) -> tuple[tuple[CameraRecovery, ...], tuple[CameraRecovery, ...]]:
    """Of the phantom's own spheres, and of spheres in a wide background.

    Where spheres are blurred otherwise than the outline, the middle of both.
    """
    forms, uneven = fits
    best = min(forms, key=lambda one: one.misfit)
    background = poured.get("background", 0.0)
    # Cold spheres have no recovery: then as in the cold.
    hot = poured.get("spheres", 0.0)
    ratio = hot / background if hot and background else float("inf")
    every = [*forms, *([] if uneven is None else [_of_spheres(uneven)])]
    found = phantom_recoveries(every, phantom, view)
    of = {id(one): own for one, own in zip(every, found, strict=True)}
    shown = image_recovery(image, best, phantom, view.grid)

    def row(diameter: float, name: str | None) -> CameraRecovery:
        def modeled(one: PhantomFit) -> float:
            if name is not None:
                return of[id(one)][name]
            return one.kept * sphere_recovery(one.kernel, diameter, ratio)

        model = averaged(forms, modeled)
        half = 0.0 if uneven is None else (modeled(every[-1]) - model.value) / 2
        by_width = _by_width(best, diameter, ratio)
        noise = hypot(model.standard, by_width, half, _UNTOLD_RECOVERY)
        seen = None if name is None else shown[name]
        middle = Measured(model.value + half, noise)
        return CameraRecovery(diameter, ratio, middle, seen)

    own = sorted((ball.diameter_mm, name) for name, ball in phantom.spheres.items())
    return (
        tuple(row(diameter, name) for diameter, name in own if name in shown),
        tuple(row(diameter, None) for diameter in CURVE_MM),
    )


def _of_spheres(apart: PhantomFit) -> PhantomFit:
    """A fit whose spheres are blurred otherwise, as if all were blurred so."""
    in_plane, axial = apart.spheres_mm or (apart.in_plane_mm, apart.axial_mm)
    return replace(apart, in_plane_mm=in_plane, axial_mm=axial)


def _by_width(fit: PhantomFit, diameter_mm: float, ratio: float) -> float:
    """What the noise of the widths makes of a recovery."""
    wider = replace(
        fit.kernel,
        in_plane_mm=fit.in_plane_mm + fit.standard["in_plane_mm"],
        axial_mm=fit.axial_mm + fit.standard["axial_mm"],
    )
    return abs(
        sphere_recovery(wider, diameter_mm, ratio)
        - sphere_recovery(fit.kernel, diameter_mm, ratio)
    )
