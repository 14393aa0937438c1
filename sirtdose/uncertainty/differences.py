r"""First order for what has no formula: D_x, V_x and the histogram, by differences.

Each component is moved alone by its standard uncertainty, there and back; half of the
difference is what it adds, and squares add up. Noise moves a dose at a volume, or a
volume at a dose, by the voxels that lie at that dose: by a density of

.. math:: k_i = v_i \, \varphi((D_i - x) / s) / s

with s the noise at x, :math:`\delta D_x = \sum k_i \varepsilon_i / \sum k_i` and
:math:`\delta V_x = \sum k_i \varepsilon_i / V`. That noise also widens a histogram as a
whole is of second order, and the ensemble's alone.
"""

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace

import numpy as np

from sirtdose.dosimetry.histogram.dvh import Dvh
from sirtdose.model.metric import Metric
from sirtdose.uncertainty.borders import Border, Moving
from sirtdose.uncertainty.noise import Noise
from sirtdose.uncertainty.placed_row import PlacedRow
from sirtdose.uncertainty.row_noise import RowNoise
from sirtdose.uncertainty.scene import (
    Array,
    Part,
    Scene,
    histogram_axis,
    region_total,
    uncertain_metrics,
    with_curve,
)

# The noise of a curve is worked out at every so many of its points.
_EVERY = 4


@dataclass(frozen=True, eq=False)
class Differences:
    """Standard uncertainties of a row's quantities, by name, and of its curve."""

    standard: Mapping[str, float]
    curve: Array


@dataclass(frozen=True, eq=False)
class _Change:
    """What is other than measured: borders of some structures, or the doses' scale.

    Borders by their structures' names: how far each is moved outwards, and aside.
    """

    moves: Mapping[str, tuple[float, Array]] = field(default_factory=dict)
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
    measured = _Measured(scene, uncertain_metrics(asked), borders)
    variance = {part.name: np.zeros(measured.size) for part in scene.parts}
    for there, back in _steps(scene):
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


def _steps(scene: Scene) -> Iterator[tuple[_Change, _Change]]:
    """Each component moved alone, there and back."""
    none = np.zeros(3)
    for name in scene.drawn:
        own = scene.contour(name)
        if own.outwards_mm > 0:
            yield _both([name], own.outwards_mm, none)
        for aside in _along_axes(own.aside_mm):
            yield _both([name], 0.0, aside)
    breathing = [scene.breathing_mm] if scene.motion_mm > 0 else []
    for aside in [*_along_axes(scene.registration_mm), *breathing]:
        yield _both(scene.drawn, 0.0, aside)
    for factor in scene.factors:
        if factor.of_dose > 0:
            yield _Change(scale=1 + factor.of_dose), _Change(scale=1 - factor.of_dose)


def _both(
    names: Iterable[str], outwards_mm: float, aside_mm: Array
) -> tuple[_Change, _Change]:
    there, back = (
        _Change(dict.fromkeys(names, (sign * outwards_mm, sign * aside_mm)))
        for sign in (1, -1)
    )
    return there, back


def _along_axes(far_mm: float) -> list[Array]:
    return list(far_mm * np.eye(3)) if far_mm > 0 else []


class _Measured:
    """A scene's rows as they were measured, and as they would be changed."""

    def __init__(
        self,
        scene: Scene,
        metrics: Sequence[Metric],
        borders: Mapping[str, Border],
    ) -> None:
        self._scene, self._metrics = scene, metrics
        self._moving = {name: Moving(border) for name, border in borders.items()}
        self.names = tuple(one.quantity for one in metrics)
        self._total = region_total(scene.region, scene.drawn, scene.dose_gy)
        self._placed = {
            part.name: PlacedRow.of(scene, part, borders) for part in scene.parts
        }
        self._axis = {
            part.name: histogram_axis(scene, part.name) for part in scene.parts
        }
        self._dvh = {
            name: self._histogram(own, own.occupied)
            for name, own in self._placed.items()
        }
        self.still = {
            name: self._vector(name, dvh, 1.0) for name, dvh in self._dvh.items()
        }
        self.size = len(self.still[scene.parts[0].name])

    def changed(self, change: _Change) -> dict[str, Array | None]:
        """Every row's quantities and curve; None where nothing is left of it."""
        scene, scale = self._scene, change.scale
        drawn = {
            **scene.drawn,
            **{name: self._moving[name].to(*own) for name, own in change.moves.items()},
        }
        if set(scene.region) & set(change.moves):
            scale *= self._total / region_total(scene.region, drawn, scene.dose_gy)
        found: dict[str, Array | None] = {}
        for name, own in self._placed.items():
            dvh = self._dvh[name]
            if {*own.part.plus, *own.part.minus} & set(change.moves):
                dvh = self._histogram(own, own.moved(drawn))
            found[name] = None if dvh is None else self._vector(name, dvh, scale)
        return found

    def by_noise(self, part: Part, noise: Noise) -> Array:
        """What noise adds to a row's quantities and its curve."""
        dvh = self._dvh[part.name]
        assert dvh is not None
        own = RowNoise.of(self._scene, noise, part.name)
        found = [own.of_metric(one, dvh) for one in self._metrics]
        axis = self._axis[part.name]
        some = axis[::_EVERY]
        curve = [own.of_volume(float(at)) for at in some]
        return np.array([*found, *np.interp(axis, some, curve)])

    def _histogram(self, row: PlacedRow, occupancy: Array) -> Dvh | None:
        scene = self._scene
        doses = [(scene.dose_gy, 1.0)]
        dose_gy, volumes_ml = next(row.inside(occupancy, doses, scene.voxel_ml))
        return Dvh.of_values("", dose_gy, volumes_ml) if dose_gy.size else None

    def _vector(self, name: str, dvh: Dvh | None, scale: float) -> Array:
        assert dvh is not None
        return with_curve(
            replace(dvh, dose_gy=dvh.dose_gy * scale), self._metrics, self._axis[name]
        )
