r"""How much of a sphere's activity an image shows of it, by the blur that was fitted.

.. math:: R(d) = \frac{1}{V} \int |F_d(f)|^2\, H(f)\, d^3f

is what stays in a sphere of its own; with a background of :math:`1/\rho` of it the
sphere shows :math:`R + (1 - R)/\rho` of what it holds.
"""

from collections.abc import Mapping, Sequence
from math import hypot, pi

import numpy as np
from numpy.typing import NDArray

from sirtdose.dosimetry.commission.kernel import Kernel
from sirtdose.dosimetry.commission.phantom_fit import PhantomFit
from sirtdose.dosimetry.commission.transform import transform_of
from sirtdose.dosimetry.commission.view import View
from sirtdose.model.commissioned import Measured
from sirtdose.model.grid import Grid
from sirtdose.model.solid import Ball, Fill, ScanPhantom

Array = NDArray[np.float64]
Complex = NDArray[np.complex128]
# Frequencies up to where this blur leaves nothing, and directions to the axis.
_RADII, _DIRECTIONS = 1500, 16
# Points along each axis of a voxel that may lie partly in a sphere.
_POINTS = 5


def sphere_recovery(kernel: Kernel, diameter_mm: float, ratio: float) -> float:
    """Recovery of a sphere in a wide background, by the blur alone.

    Parameters
    ----------
    kernel : Kernel
    diameter_mm : float, > 0
    ratio : float, > 0
        Concentration of the sphere over that of the background; infinite in the cold.

    Examples
    --------
    >>> gaussian = Kernel(15.0, 15.0)
    >>> [round(sphere_recovery(gaussian, d, float("inf")), 2) for d in (10, 20, 40)]
    [0.09, 0.34, 0.63]
    """
    narrow = min(kernel.in_plane_mm, kernel.axial_mm, max(kernel.tail_fwhm_mm, 1e-3))
    highest = 1.6 / min(narrow, 2 * diameter_mm)
    radius = (np.arange(_RADII) + 0.5) * highest / _RADII
    cosine = (np.arange(_DIRECTIONS) + 0.5) / _DIRECTIONS
    along = np.outer(radius, cosine)
    across = np.outer(radius, np.sqrt(1 - cosine**2))
    frequency = np.stack([across.ravel(), np.zeros(along.size), along.ravel()])
    kept = kernel.transfer(frequency).reshape(along.shape).mean(axis=1)
    ball = Fill("", (Ball((0.0, 0.0, 0.0), diameter_mm),))
    own = transform_of(ball, np.stack([radius, 0 * radius, 0 * radius])).real
    shell = 4 * pi * radius**2 * highest / _RADII
    # Transforms are in mL, volumes of frequency in 1/mm3.
    stays = float((own**2 * kept * shell).sum()) / ball.volume_ml * 1000
    return stays + (1 - stays) / ratio


def phantom_recoveries(
    fits: Sequence[PhantomFit], phantom: ScanPhantom, view: View
) -> list[Mapping[str, float]]:
    """Mean of the blurred phantom over each true sphere, over what it holds, by fit.

    With everything that is in the phantom: cold walls, neighbors and background. The
    fits are of one image, and differ in place by less than matters to it.
    """
    pose = fits[0].pose
    shown = view.of(phantom, pose)
    seen = [
        mixed(shown, one.concentrations) * one.kernel.transfer(view.frequency)
        for one in fits
    ]
    found: list[dict[str, float]] = [{} for _ in fits]
    for fill in phantom.fills:
        for ball in fill.solids if fill.name in fits[0].concentrations else ():
            if isinstance(ball, Ball):
                own = view.of_fill(Fill("", (ball,)), phantom, pose)
                for one, whole, said in zip(fits, seen, found, strict=True):
                    held = max(one.concentrations[fill.name], 1e-12)
                    inside = view.overlap(own, whole) / ball.volume_ml
                    said[f"{ball.diameter_mm:g} mm"] = one.kept * inside / held
    return list(found)


def mixed(shown: Mapping[str, Complex], held: Mapping[str, float]) -> Complex:
    """Spectra of fills, each by what it holds."""
    return np.asarray(sum(shown[name] * one for name, one in held.items()))


def image_recovery(
    image: NDArray[np.floating], fit: PhantomFit, phantom: ScanPhantom, grid: Grid
) -> Mapping[str, Measured]:
    """Mean of the image over each sphere by fractional voxels, over what it holds.

    The uncertainty is that of noise: of what the image has beyond the fit, in spheres
    of the size.
    """
    found = {}
    for fill in phantom.fills:
        held = fit.concentrations.get(fill.name, 0.0) * grid.voxel_volume_ml
        for ball in fill.solids if held > 0 else ():
            if isinstance(ball, Ball):
                part, box = ball_on(ball, fit, phantom, grid)
                mean = float((image[box] * part).sum(dtype=float) / part.sum())
                model = float((fit.model[box] * part).sum(dtype=float) / part.sum())
                relative = fit.standard[fill.name] / fit.concentrations[fill.name]
                noise = hypot((mean - model) / held, relative * mean / held)
                found[f"{ball.diameter_mm:g} mm"] = Measured(mean / held, noise)
    return found


def ball_on(
    ball: Ball, fit: PhantomFit, phantom: ScanPhantom, grid: Grid
) -> tuple[Array, tuple[slice, slice, slice]]:
    """The part of each voxel in a ball of the phantom, and the voxels' box."""
    center = fit.pose.world_mm(ball.center_mm, phantom)
    box = grid.box_around(
        center[None, :], margin_mm=ball.diameter_mm / 2 + max(grid.spacing_mm)
    )
    own = grid.crop(box)
    index = np.moveaxis(np.indices(own.shape), 0, -1).astype(float)
    inside = np.zeros(own.shape)
    steps = (np.arange(_POINTS) + 0.5) / _POINTS - 0.5
    for shift in np.stack(np.meshgrid(steps, steps, steps), -1).reshape(-1, 3):
        away = own.world_mm(index + shift) - center
        inside += (away**2).sum(axis=-1) <= (ball.diameter_mm / 2) ** 2
    return inside / _POINTS**3, box
