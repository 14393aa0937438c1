r"""First order for what has no formula: D_x, V_x and the histogram, by differences.

Each component is moved alone by its standard uncertainty, there and back; half of the
difference is what it adds, and squares add up. Noise moves a dose at a volume, or a
volume at a dose, by the voxels that lie at that dose: by a density of

.. math:: k_i = v_i \, \varphi((D_i - x) / s) / s

with s the noise at x, :math:`\delta D_x = \sum k_i \varepsilon_i / \sum k_i` and
:math:`\delta V_x = \sum k_i \varepsilon_i / V`. That noise also widens a histogram as a
whole is of second order, and the ensemble's alone.
"""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace

import numpy as np

from sirtdose.dosimetry.histogram.dvh import Dvh
from sirtdose.model.metric import MEAN, VOLUME, Metric
from sirtdose.uncertainty.borders import Border
from sirtdose.uncertainty.noise import Noise
from sirtdose.uncertainty.scene import (
    Array,
    Box,
    Part,
    Scene,
    composed,
    histogram_axis,
    region_total,
    uncertain_metrics,
    with_curve,
)

# The noise of a curve is worked out at every so many of its points.
_EVERY = 4
_ROOT_2_PI = (2 * np.pi) ** 0.5


@dataclass(frozen=True, eq=False)
class Differences:
    """Standard uncertainties of a row's quantities, by name, and of its curve."""

    standard: Mapping[str, float]
    curve: Array


@dataclass(frozen=True, eq=False)
class _Change:
    """What is other than measured: borders of some structures, or the doses' scale."""

    drawn: Mapping[str, Array] = field(default_factory=dict)
    scale: float = 1.0


def by_differences(
    scene: Scene, borders: Mapping[str, Border], *, asked: Sequence[Metric] = ()
) -> dict[str, Differences]:
    """First-order uncertainty of every row's D_x, V_x, volume and histogram.

    Parameters
    ----------
    scene : Scene
    borders : mapping of str to Border
        Of the structures drawn.
    asked : sequence of Metric
        Beside the usual ones.

    References
    ----------
    JCGM 100:2008, 5.1.3, note 2.
    """
    boxes = {name: border.box for name, border in borders.items()}
    measured = _Measured(scene, uncertain_metrics(asked), boxes)
    variance = {part.name: np.zeros(measured.size) for part in scene.parts}
    for there, back in _steps(scene, borders):
        up, down = measured.changed(there), measured.changed(back)
        for name, sum_of_squares in variance.items():
            sum_of_squares += _half(up[name], down[name], measured.still[name]) ** 2
    noise = Noise.of(scene) if scene.noise > 0 else None
    found = {}
    for part in scene.parts:
        if noise is not None:
            variance[part.name] += measured.by_noise(part, noise) ** 2
        standard = np.sqrt(variance[part.name])
        count = len(measured.names)
        found[part.name] = Differences(
            dict(zip(measured.names, map(float, standard[:count]), strict=True)),
            standard[count:],
        )
    return found


def _half(up: Array | None, down: Array | None, still: Array) -> Array:
    """Half of the difference; on one side alone where the other leaves nothing."""
    if up is not None and down is not None:
        return (up - down) / 2
    one = up if up is not None else down
    return still - one if one is not None else np.zeros_like(still)


def _steps(
    scene: Scene, borders: Mapping[str, Border]
) -> Iterator[tuple[_Change, _Change]]:
    """Each component moved alone, there and back."""
    none = np.zeros(3)
    for name, border in borders.items():
        own = scene.contour(name)
        if own.outwards_mm > 0:
            yield _both(
                {name: border.moved(sign * own.outwards_mm, none)} for sign in (1, -1)
            )
        for aside in _along_axes(own.aside_mm):
            yield _both({name: border.moved(0.0, sign * aside)} for sign in (1, -1))
    breathing = [scene.breathing_mm] if scene.motion_mm > 0 else []
    for aside in [*_along_axes(scene.registration_mm), *breathing]:
        yield _both(
            {name: one.moved(0.0, sign * aside) for name, one in borders.items()}
            for sign in (1, -1)
        )
    for factor in scene.factors:
        if factor.of_dose > 0:
            yield _Change(scale=1 + factor.of_dose), _Change(scale=1 - factor.of_dose)


def _both(drawn: Iterator[Mapping[str, Array]]) -> tuple[_Change, _Change]:
    there, back = drawn
    return _Change(there), _Change(back)


def _along_axes(far_mm: float) -> list[Array]:
    return list(far_mm * np.eye(3)) if far_mm > 0 else []


class _Measured:
    """A scene's rows as they were measured, and as they would be changed."""

    def __init__(
        self, scene: Scene, metrics: Sequence[Metric], boxes: Mapping[str, Box]
    ) -> None:
        self._scene, self._metrics, self._boxes = scene, metrics, boxes
        self.names = tuple(one.quantity for one in metrics)
        self._total = region_total(scene.region, scene.drawn, scene.dose_gy)
        self._axis = {
            part.name: histogram_axis(scene, part.name) for part in scene.parts
        }
        self._unmoved = {
            part.name: composed(part.plus, part.minus, scene.drawn)
            for part in scene.parts
        }
        self._dvh = {
            part.name: self._histogram(scene.occupied[part.name], scene.dose_gy)
            for part in scene.parts
        }
        self.still = {
            part.name: self._vector(part, self._dvh[part.name], 1.0)
            for part in scene.parts
        }
        self.size = len(self.still[scene.parts[0].name])

    def changed(self, change: _Change) -> dict[str, Array | None]:
        """Every row's quantities and curve; None where nothing is left of it."""
        scene = self._scene
        drawn = {**scene.drawn, **change.drawn}
        scale = change.scale
        if set(scene.region) & set(change.drawn):
            scale *= self._total / region_total(scene.region, drawn, scene.dose_gy)
        found: dict[str, Array | None] = {}
        for part in scene.parts:
            dvh = self._dvh[part.name]
            if {*part.plus, *part.minus} & set(change.drawn):
                moved = composed(part.plus, part.minus, drawn, boxes=self._boxes)
                occupancy = scene.occupied[part.name] + moved - self._unmoved[part.name]
                dvh = self._histogram(np.clip(occupancy, 0, 1), scene.dose_gy)
            found[part.name] = None if dvh is None else self._vector(part, dvh, scale)
        return found

    def by_noise(self, part: Part, noise: Noise) -> Array:
        """What noise adds to a row's quantities and its curve."""
        occupancy = self._scene.occupied[part.name]
        weight = occupancy / float(occupancy.sum())
        dvh = self._dvh[part.name]
        assert dvh is not None
        found = [
            self._metric_by_noise(one, dvh, noise, weight) for one in self._metrics
        ]
        axis = self._axis[part.name]
        some = axis[::_EVERY]
        curve = [self._of_volume(noise, weight, float(at)) for at in some]
        return np.array([*found, *np.interp(axis, some, curve)])

    def _metric_by_noise(
        self, metric: Metric, dvh: Dvh, noise: Noise, weight: Array
    ) -> float:
        at = metric.number if metric.is_part else metric.of(dvh)
        if at is None or metric == VOLUME:
            return 0.0
        if metric.is_part:
            return self._of_volume(noise, weight, at)
        if metric == MEAN:
            return noise.standard(weight, at)
        density = self._density(weight, at)
        whole = float(density.sum())
        return noise.standard(density / whole, at) if whole > 0 else 0.0

    def _of_volume(self, noise: Noise, weight: Array, at_gy: float) -> float:
        density = self._density(weight, at_gy)
        return noise.standard(density, at_gy * float(density.sum()))

    def _density(self, weight: Array, at_gy: float) -> Array:
        """How much of a row lies at a dose, by voxel, per Gy."""
        scene = self._scene
        width = scene.noise * (scene.noise_at_gy * max(at_gy, 0.0)) ** 0.5
        density = np.zeros_like(weight)
        if width > 0:
            inside = weight > 0
            off = (scene.dose_gy[inside] - at_gy) / width
            density[inside] = weight[inside] * np.exp(-(off**2) / 2)
            density /= width * _ROOT_2_PI
        return density

    def _histogram(self, occupancy: Array, dose_gy: Array) -> Dvh | None:
        inside = occupancy > 0
        if not inside.any():
            return None
        return Dvh.of_values(
            "", dose_gy[inside], occupancy[inside] * self._scene.voxel_ml
        )

    def _vector(self, part: Part, dvh: Dvh | None, scale: float) -> Array:
        assert dvh is not None
        return with_curve(
            replace(dvh, dose_gy=dvh.dose_gy * scale),
            self._metrics,
            self._axis[part.name],
        )
