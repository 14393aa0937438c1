"""A seeded ensemble of doses: all that is uncertain drawn together."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

import numpy as np
from numpy.typing import NDArray
from scipy import ndimage

from sirtdose.dosimetry.dvh import Dvh
from sirtdose.errors import RangeError
from sirtdose.uncertainty.borders import Border
from sirtdose.uncertainty.scene import Part, Scene

Array = NDArray[np.float64]
D_X = (98, 95, 90, 70, 50, 2)
REALIZATIONS = (20, 100_000)
_PER_FWHM = 1 / (8 * np.log(2)) ** 0.5
_POINTS = 101
# Borders beyond this many standard uncertainties are as good as there.
_FAR = 4.0


@dataclass(frozen=True, eq=False)
class RowDraws:
    """Every realization of a row's quantities, and its histogram's band.

    `values` go by quantity (``mean_gy``, ``d70_gy``, ``v100_gy``, ``volume_ml``);
    `dose_gy` are the doses at which `curve_low` and `curve_high` hold 95 % of the
    curves, as fractions of volume.
    """

    values: Mapping[str, Array]
    dose_gy: Array
    curve_low: Array
    curve_high: Array


@dataclass(frozen=True, eq=False)
class Ensemble:
    """Realizations of every row, and of the factor that scaled all of them."""

    rows: Mapping[str, RowDraws]
    scale: Array
    draws: Mapping[str, Array] = field(default_factory=dict)


def ensemble(
    scene: Scene,
    *,
    realizations: int,
    seed: int = 0,
    above_gy: Sequence[float] = (),
) -> Ensemble:
    """Draw everything uncertain together, and compute every row anew each time.

    Parameters
    ----------
    scene : Scene
    realizations : int
        20 or more; 200 give a standard uncertainty to about 5 %.
    seed : int
        The same seed gives the same draws.
    above_gy : sequence of float
        Doses of V_x.

    Raises
    ------
    RangeError
        Too few realizations to say anything, or more than can be wanted.

    Notes
    -----
    Latin hypercube samples of independent normal quantities; relative ones are
    log-normal, so that none becomes negative. Borders move outwards by one distance
    everywhere, and aside.

    References
    ----------
    JCGM 101:2008; McKay et al., Technometrics 1979;21:239.
    """
    least, most = REALIZATIONS
    if not least <= realizations <= most:
        raise RangeError(
            f"{realizations} realizations: give {least} to {most}, such as 200"
        )
    rng = np.random.default_rng(seed)
    normal = _normals(scene, realizations, rng)
    scales = _scales(scene, normal)
    reach = _FAR * float(
        np.hypot(
            scene.contour_mm,
            3**0.5 * np.hypot(scene.contour_shift_mm, scene.registration_mm),
        )
    )
    borders = {
        name: Border.of(own, scene.spacing_mm, reach)
        for name, own in scene.drawn.items()
    }
    still = {name: np.asarray(own) for name, own in scene.drawn.items()}
    unmoved = {part.name: _composed(part, still) for part in scene.parts}
    rows = {
        part.name: _Collected(part.name, scene, realizations, above_gy)
        for part in scene.parts
    }
    region_total = _total(scene.region, still, scene.dose_gy)
    total_scale = np.empty(realizations)
    for n in range(realizations):
        moved = _moved(scene, borders, normal, n)
        dose = _noisy(scene, normal, n, rng)
        scale = float(scales[n])
        if scene.region:
            scale *= region_total / _total(scene.region, moved, dose)
        total_scale[n] = scale
        dose *= scale
        for part in scene.parts:
            change = _composed(part, moved) - unmoved[part.name]
            occupancy = np.clip(scene.occupied[part.name] + change, 0, 1)
            rows[part.name].add(n, dose, occupancy)
    return Ensemble(
        {name: own.draws() for name, own in rows.items()},
        total_scale,
        {
            factor.name: _relative(normal[f"factor {k}"], factor.relative)
            for k, factor in enumerate(scene.factors)
        },
    )


def _normals(
    scene: Scene, realizations: int, rng: np.random.Generator
) -> dict[str, Array]:
    """Standard normal draws by what they are of."""
    from scipy.stats import norm, qmc

    names = [f"factor {n}" for n in range(len(scene.factors))]
    names += [f"border {name}" for name in scene.drawn]
    names += [f"shift {name} {axis}" for name in scene.drawn for axis in range(3)]
    names += [f"registration {axis}" for axis in range(3)] + ["blur"]
    drawn = qmc.LatinHypercube(len(names), rng=rng).random(realizations)
    # A half step from the ends: none is infinite.
    ends = 0.5 / realizations
    values = norm.ppf(np.clip(drawn, ends, 1 - ends))
    return {name: values[:, n] for n, name in enumerate(names)}


def _relative(normal: Array, relative: float) -> Array:
    """Log-normal factors of mean 1 with a relative standard deviation."""
    width = np.log1p(relative**2) ** 0.5
    factors: Array = np.exp(width * normal - width**2 / 2)
    return factors


def _scales(scene: Scene, normal: Mapping[str, Array]) -> Array:
    size = len(next(iter(normal.values())))
    scales = np.ones(size)
    for n, factor in enumerate(scene.factors):
        own = _relative(normal[f"factor {n}"], factor.relative)
        # A part of the activity changes doses in proportion, a divisor inversely.
        scales *= 1 / own if factor.power == -1 else 1 + factor.power * (own - 1)
    return scales


def _moved(
    scene: Scene, borders: Mapping[str, Border], normal: Mapping[str, Array], n: int
) -> dict[str, Array]:
    together = np.array([normal[f"registration {axis}"][n] for axis in range(3)])
    return {
        name: border.moved(
            scene.contour_mm * float(normal[f"border {name}"][n]),
            scene.registration_mm * together
            + scene.contour_shift_mm
            * np.array([normal[f"shift {name} {axis}"][n] for axis in range(3)]),
        )
        for name, border in borders.items()
    }


def _noisy(
    scene: Scene, normal: Mapping[str, Array], n: int, rng: np.random.Generator
) -> Array:
    """The dose with another blur and other noise."""
    dose = scene.dose_gy.copy()
    if scene.blur_step_gy is not None:
        dose += float(normal["blur"][n]) * scene.blur_step_gy
    if scene.noise > 0:
        spread = scene.noise * np.sqrt(
            scene.noise_at_gy * np.clip(scene.dose_gy, 0, None)
        )
        dose += spread * smooth_noise(
            scene.dose_gy.shape, scene.spacing_mm, scene.noise_fwhm_mm, rng
        )
    return dose


def smooth_noise(
    shape: tuple[int, ...],
    spacing_mm: tuple[float, float, float],
    fwhm_mm: float,
    rng: np.random.Generator,
) -> Array:
    """Normal noise of standard deviation 1 that goes together over a width."""
    sigma = [fwhm_mm * _PER_FWHM / side for side in spacing_mm]
    white = rng.standard_normal(shape)
    if max(sigma) <= 0:
        return white
    smooth: Array = ndimage.gaussian_filter(white, sigma, mode="wrap")
    # By the filter's own weights: what is measured of one draw is itself noisy.
    gains = [_gain(*one) for one in zip(shape, sigma, strict=True)]
    return smooth / float(np.prod(gains))


def _gain(size: int, sigma: float) -> float:
    """What a filter along an axis leaves of the standard deviation of white noise."""
    impulse = np.zeros(size)
    impulse[size // 2] = 1.0
    weights = ndimage.gaussian_filter1d(impulse, sigma, mode="wrap")
    return float(np.linalg.norm(weights))


def _composed(part: Part, drawn: Mapping[str, Array]) -> Array:
    whole = drawn[part.plus[0]]
    for name in part.plus[1:]:
        whole = np.maximum(whole, drawn[name])
    for name in part.minus:
        whole = np.clip(whole - drawn[name], 0, None)
    return whole


def _total(region: tuple[str, ...], drawn: Mapping[str, Array], dose: Array) -> float:
    if not region:
        return 1.0
    return float((_composed(Part("", "", region), drawn) * dose).sum())


class _Collected:
    """A row's quantities as they come."""

    def __init__(
        self, name: str, scene: Scene, realizations: int, above_gy: Sequence[float]
    ) -> None:
        self._name, self._voxel_ml, self._above = name, scene.voxel_ml, above_gy
        inside = scene.occupied[name] > 0
        top = float(scene.dose_gy[inside].max(initial=0.0))
        self._axis = np.linspace(0, max(1.3 * top, 1e-9), _POINTS)
        names = ["mean_gy", "volume_ml", *(f"d{x}_gy" for x in D_X)]
        names += [f"v{x:g}" for x in above_gy]
        self._values = {one: np.full(realizations, np.nan) for one in names}
        self._curves = np.zeros((realizations, _POINTS), np.float32)

    def add(self, n: int, dose: Array, occupancy: Array) -> None:
        inside = occupancy > 0
        if not inside.any():
            return
        dvh = Dvh.of_values(
            self._name, dose[inside], occupancy[inside] * self._voxel_ml
        )
        values = self._values
        values["mean_gy"][n] = dvh.mean_gy
        values["volume_ml"][n] = dvh.volume_ml
        for x in D_X:
            values[f"d{x}_gy"][n] = dvh.dose_to_volume_fraction_gy(x / 100)
        for above in self._above:
            values[f"v{above:g}"][n] = dvh.volume_fraction_above(above)
        self._curves[n] = dvh.curve(self._axis) / dvh.volume_ml

    def draws(self) -> RowDraws:
        low, high = np.percentile(self._curves, (2.5, 97.5), axis=0)
        return RowDraws(self._values, self._axis, low, high)
