r"""First-order propagation along the chain of a dose, in the spirit of EANM 2018.

The mean dose of a structure of volume V and surface S is the integral of a dose that
was scaled by the calibration. To first order it changes with a border that lies
:math:`\delta` further out by

.. math:: \frac{\partial \bar D}{\partial \delta} = \frac{S}{V}(D_S - \bar D)

where :math:`D_S` is the mean dose on the surface: counts and volume move together, as
Gear et al. keep them. Moved aside by t, by the mean gradient inside. Where the treated
activity was shared over a region that was drawn itself, its border scales every dose
the other way. Factors that scale everything add by their relative uncertainty; noise of
voxels by how many of them are independent.
"""

from collections import defaultdict
from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np

from sirtdose.dosimetry.grid.resample import trilinear
from sirtdose.dosimetry.grid.surface import surface_of, triangles_of
from sirtdose.uncertainty.noise import Noise
from sirtdose.uncertainty.scene import Array, Part, Scene, composed, region_total


@dataclass(frozen=True)
class Propagated:
    """A mean dose with its standard uncertainty, and what each component adds to it.

    `parts_gy` are standard uncertainties by the component of the budget; the variance
    is the sum of their squares.
    """

    mean_gy: float
    standard_gy: float
    parts_gy: Mapping[str, float]

    @property
    def shares(self) -> dict[str, float]:
        """Each component's part of the variance, adding up to 1."""
        whole = self.standard_gy**2
        return {
            name: own**2 / whole if whole else 0.0
            for name, own in self.parts_gy.items()
        }


@dataclass(frozen=True)
class _Surface:
    """A drawn structure's border: its area, and the dose on it."""

    area_mm2: float
    dose_gy: float


def propagated(scene: Scene) -> dict[str, Propagated]:
    """First-order uncertainty of every row's mean dose.

    Parameters
    ----------
    scene : Scene

    Returns
    -------
    dict of str to Propagated
        By the row's name.

    References
    ----------
    Gear et al., Eur J Nucl Med Mol Imaging 2018;45:2456,
    doi:10.1007/s00259-018-4136-7; JCGM 100:2008.
    """
    surfaces = {
        name: _surface(own, scene.dose_gy, scene.spacing_mm)
        for name, own in scene.drawn.items()
    }
    noise = Noise.of(scene)
    return {part.name: _row(part, scene, surfaces, noise) for part in scene.parts}


def _row(
    part: Part, scene: Scene, surfaces: Mapping[str, _Surface], noise: Noise
) -> Propagated:
    occupancy = scene.occupied[part.name]
    voxels = float(occupancy.sum())
    mean = float((occupancy * scene.dose_gy).sum() / voxels)
    by_border = _by_border(part, scene, surfaces, mean_gy=mean, voxels=voxels)
    by_shift = _by_shift(part, scene, mean_gy=mean, voxels=voxels)
    together = np.sum(list(by_shift.values()), axis=0) if by_shift else np.zeros(3)
    parts = {
        **_by_contours(scene, by_border, by_shift),
        "registration_mm": _root(together * scene.registration_mm),
        "motion_mm": abs(float(np.dot(together, scene.breathing_mm))),
        "noise": noise.standard(occupancy / voxels, mean),
    }
    for factor in scene.factors:
        parts[factor.name] = _root([parts.get(factor.name, 0.0), mean * factor.of_dose])
    return Propagated(mean, _root(list(parts.values())), parts)


def _by_contours(
    scene: Scene, by_border: Mapping[str, float], by_shift: Mapping[str, Array]
) -> dict[str, float]:
    """What contours add, by the components that say how far they may be off."""
    every = [scene.contour(name) for name in scene.drawn]
    changes: dict[str, list[float]] = {
        name: [] for own in every for name in own.components
    }
    for name, step in by_border.items():
        own = scene.contour(name)
        changes[own.components[0]].append(step * own.outwards_mm)
    for name, steps in by_shift.items():
        own = scene.contour(name)
        changes[own.components[1]] += (steps * own.aside_mm).tolist()
    return {name: _root(values) for name, values in changes.items()}


def _root(values: object) -> float:
    return float(np.sqrt(np.sum(np.square(np.asarray(values, float)))))


def _by_border(
    part: Part,
    scene: Scene,
    surfaces: Mapping[str, _Surface],
    *,
    mean_gy: float,
    voxels: float,
) -> dict[str, float]:
    """How the mean changes with each drawn border moved outwards, Gy/mm."""
    volume_mm3 = voxels * scene.voxel_ml * 1000
    steps: dict[str, float] = defaultdict(float)
    for name in (*part.plus, *part.minus):
        surface = surfaces[name]
        inside = 1.0 if name in part.plus else -_shared(part, scene, name)
        change = surface.area_mm2 / volume_mm3 * (surface.dose_gy - mean_gy)
        steps[name] += inside * change
    total = region_total(scene.region, scene.drawn, scene.dose_gy)
    total *= scene.voxel_ml * 1000
    for name in scene.region:
        surface = surfaces[name]
        steps[name] -= mean_gy * (surface.area_mm2 * surface.dose_gy / total)
    return steps


def _shared(part: Part, scene: Scene, name: str) -> float:
    """How much of a structure that is taken away lies in what it is taken from."""
    taken = scene.drawn[name]
    whole = composed(part.plus, (), scene.drawn)
    return float(np.minimum(taken, whole).sum() / max(taken.sum(), 1e-12))


def _by_shift(
    part: Part, scene: Scene, *, mean_gy: float, voxels: float
) -> dict[str, Array]:
    """How the mean changes with each drawn structure moved along the axes, Gy/mm."""
    gradient = [
        np.gradient(scene.dose_gy, side, axis=axis)
        if scene.dose_gy.shape[axis] > 1
        else np.zeros_like(scene.dose_gy)
        for axis, side in enumerate(scene.spacing_mm)
    ]

    def slope(name: str) -> Array:
        """How the sum of a structure's doses changes."""
        own = scene.drawn[name]
        return np.array([float((own * one).sum()) for one in gradient])

    steps: dict[str, Array] = defaultdict(lambda: np.zeros(3))
    for name in (*part.plus, *part.minus):
        steps[name] += (1.0 if name in part.plus else -1.0) * slope(name) / voxels
    total = region_total(scene.region, scene.drawn, scene.dose_gy)
    for name in scene.region:
        steps[name] -= mean_gy * (slope(name) / total)
    return steps


def _surface(
    occupancy: Array, dose_gy: Array, spacing_mm: tuple[float, float, float]
) -> _Surface:
    corners, faces = surface_of(occupancy, spacing_mm)
    middles, areas = triangles_of(corners, faces)
    dose = trilinear(dose_gy, middles / np.asarray(spacing_mm))
    area = float(areas.sum())
    return _Surface(area, float((areas * dose).sum() / area))
