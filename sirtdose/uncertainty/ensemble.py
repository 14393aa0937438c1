"""A seeded ensemble of doses: all that is uncertain drawn together."""

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import Protocol

import numpy as np

from sirtdose.dosimetry.histogram.dvh import Dvh
from sirtdose.errors import RangeError
from sirtdose.model.metric import Metric
from sirtdose.model.progress import counted
from sirtdose.uncertainty.borders import Border, Moving, borders_of
from sirtdose.uncertainty.noise import PER_FWHM, noise_bias, smoothed
from sirtdose.uncertainty.placed_row import PlacedRow
from sirtdose.uncertainty.scene import (
    Array,
    Factor,
    Scene,
    histogram_axis,
    quantities,
    region_total,
    uncertain_metrics,
    with_curve,
)


class Moved(Protocol):
    """What has shifts that all contours share."""

    @property
    def registration_mm(self) -> float:
        """Standard uncertainty of a common shift, along each axis."""

    @property
    def breathing_mm(self) -> Array:
        """A standard shift by breathing, along the array's axes."""


REALIZATIONS = (20, 100_000)
# So many realizations are done without noise too.
PAIRS = 40
_HALF_PERCENT = 50


@dataclass(frozen=True, eq=False)
class RowDraws:
    """Every realization of a row's quantities, and its histogram's band.

    `values` go by quantity (``mean_gy``, ``d70_gy``, ``v100``, ``volume_ml``), each of
    one of the `metrics`, NaN where the row was empty or too small for it; `dose_gy` are
    the doses at which `curve_low` and `curve_high` hold 95 % of the curves, as
    fractions of volume, with `curve_mean` in their middle.

    The image has its noise already, and a realization adds another: what that moves a
    quantity by, on average, is taken off the values. What the image's own noise has
    moved the measured value by is `by_noise`: intervals reach further by it, to the
    other side.
    """

    metrics: Sequence[Metric]
    values: Mapping[str, Array]
    by_noise: Mapping[str, float]
    dose_gy: Array
    curve_low: Array
    curve_high: Array
    curve_mean: Array

    def about(self, dvh: Dvh) -> "RowDraws":
        """The same, with realizations of doses about those that were measured.

        A realization misplaces a contour once more, which lowers a hot lesion's mean,
        V and D50 to D98 on either side: that bias is no property of what was measured.
        A volume has none, nor have doses to the hottest part, which is not at the
        border.

        References
        ----------
        Efron and Tibshirani, An Introduction to the Bootstrap, 1993, chapter 10.
        """
        measured = quantities(dvh, filter(_of_border, self.metrics))
        moved = dvh.curve(self.dose_gy) / dvh.volume_ml - self.curve_mean
        return replace(
            self,
            values={
                name: _about(draws, measured.get(name, np.nan))
                for name, draws in self.values.items()
            },
            curve_low=np.clip(self.curve_low + moved, 0, 1),
            curve_high=np.clip(self.curve_high + moved, 0, 1),
            curve_mean=self.curve_mean + moved,
        )


def _of_border(metric: Metric) -> bool:
    """Whether what lies at a lesion's border decides it."""
    if metric.kind == "d":
        return (metric.number or 0) >= _HALF_PERCENT
    return metric.kind in ("mean", "v")


def _about(draws: Array, measured: float) -> Array:
    """Draws whose mean is what was measured, where there is such a dose."""
    known = draws[np.isfinite(draws)]
    if not known.size or not np.isfinite(measured):
        return draws
    return draws - (float(known.mean()) - measured)


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
    asked: Sequence[Metric] = (),
    borders: Mapping[str, Border] | None = None,
) -> Ensemble:
    """Draw everything uncertain together, and compute every row anew each time.

    Parameters
    ----------
    scene : Scene
    realizations : int
        20 or more; 200 give a standard uncertainty to about 5 %.
    seed : int
        The same seed gives the same draws.
    asked : sequence of Metric
        Beside the usual ones.
    borders : mapping of str to Border, optional
        Of the structures drawn, where they are known already.

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
    normal = normals(
        scene.factors, scene.drawn, realizations, rng, moving=scene.motion_mm > 0
    )
    scale = scales(scene.factors, normal)
    borders = borders_of(scene) if borders is None else borders
    metrics = uncertain_metrics(asked)
    placed = [PlacedRow.of(scene, part, borders) for part in scene.parts]
    rows = {
        part.name: Collected(
            part.name,
            realizations,
            metrics,
            axis=histogram_axis(scene, part.name),
            measured=next(
                own.inside(own.occupied, [(scene.dose_gy, 1.0)], scene.voxel_ml)
            ),
        )
        for part, own in zip(scene.parts, placed, strict=True)
    }
    moving = {name: Moving(border) for name, border in borders.items()}
    whole = region_total(scene.region, scene.drawn, scene.dose_gy)
    total_scale = np.empty(realizations)
    noise_gy = scene.noise_gy
    for n in counted("uncertainty", range(realizations)):
        moved = _moved(scene, moving, normal, n)
        quiet = scene.dose_gy
        noisy = _noisy(scene, noise_gy, rng)
        doses = [noisy] if n >= PAIRS or noisy is quiet else [noisy, quiet]
        by_region = [
            whole / region_total(scene.region, moved, one) if scene.region else 1.0
            for one in doses
        ]
        total_scale[n] = float(scale[n]) * by_region[0]
        scaled = [
            (one, float(scale[n]) * own)
            for one, own in zip(doses, by_region, strict=True)
        ]
        for part, own in zip(scene.parts, placed, strict=True):
            inside = own.inside(own.moved(moved), scaled, scene.voxel_ml)
            rows[part.name].add(n, list(inside))
    return Ensemble(
        {name: own.draws() for name, own in rows.items()},
        total_scale,
        {
            factor.name: relative(normal[f"factor {k}"], factor.relative)
            for k, factor in enumerate(scene.factors)
        },
    )


def interval_of(
    measured: float, draws: Array, by_noise: float = 0.0
) -> tuple[float, float]:
    """95 % interval of draws about what was measured.

    It reaches further by what noise has moved the measured value itself, and always to
    that value.

    Examples
    --------
    >>> low, high = interval_of(50.0, np.linspace(40, 60, 41), by_noise=-5.0)
    >>> low, high
    (40.5, 64.5)
    """
    low, high = np.percentile(draws[np.isfinite(draws)], (2.5, 97.5))
    return (
        min(float(low) - max(by_noise, 0.0), measured),
        max(float(high) + max(-by_noise, 0.0), measured),
    )


def normals(
    factors: Sequence[Factor],
    drawn: Collection[str],
    realizations: int,
    rng: "np.random.Generator",
    *,
    moving: bool = False,
) -> dict[str, Array]:
    """Standard normal draws by what they are of; of breathing where it is `moving`."""
    from scipy.stats import norm, qmc

    names = [
        *(f"factor {n}" for n in range(len(factors))),
        *(f"border {name}" for name in drawn),
        *(f"shift {name} {axis}" for name in drawn for axis in range(3)),
        *(f"registration {axis}" for axis in range(3)),
        "blur",
        *(["breathing"] if moving else []),
    ]
    found = qmc.LatinHypercube(len(names), rng=rng).random(realizations)
    # A half step from the ends: none is infinite.
    ends = 0.5 / realizations
    values = norm.ppf(np.clip(found, ends, 1 - ends))
    return {name: values[:, n] for n, name in enumerate(names)}


def relative(normal: Array, standard: float) -> Array:
    """Log-normal factors of mean 1 with a relative standard deviation."""
    width = np.log1p(standard**2) ** 0.5
    return np.asarray(np.exp(width * normal - width**2 / 2))


def scales(factors: Sequence[Factor], normal: Mapping[str, Array]) -> Array:
    """What all doses are scaled by in each realization."""
    found = np.ones(len(next(iter(normal.values()))))
    for n, factor in enumerate(factors):
        own = relative(normal[f"factor {n}"], factor.relative)
        # A part of the activity changes doses in proportion, a divisor inversely.
        found *= 1 / own if factor.power == -1 else 1 + factor.power * (own - 1)
    return found


def _moved(
    scene: Scene, moving: Mapping[str, Moving], normal: Mapping[str, Array], n: int
) -> dict[str, Array]:
    together = shift_of_all(scene, normal, n)
    return {
        name: border.to(
            scene.contour(name).outwards_mm * float(normal[f"border {name}"][n]),
            together
            + scene.contour(name).aside_mm
            * np.array([normal[f"shift {name} {axis}"][n] for axis in range(3)]),
        )
        for name, border in moving.items()
    }


def shift_of_all(scene: Moved, normal: Mapping[str, Array], n: int) -> Array:
    """Registration and breathing move all contours together, mm along the axes."""
    shift = np.array([normal[f"registration {axis}"][n] for axis in range(3)])
    shift = scene.registration_mm * shift
    if "breathing" in normal:
        shift += scene.breathing_mm * normal["breathing"][n]
    return shift


def _noisy(scene: Scene, noise_gy: Array, rng: "np.random.Generator") -> Array:
    """The scene's dose with other noise, of a standard deviation by voxel."""
    if scene.noise <= 0:
        return scene.dose_gy
    noise = smooth_noise(
        scene.dose_gy.shape, scene.spacing_mm, scene.noise_fwhm_mm, rng
    )
    noise *= noise_gy
    noise += scene.dose_gy
    return noise


def smooth_noise(
    shape: tuple[int, ...],
    spacing_mm: tuple[float, float, float],
    fwhm_mm: float,
    rng: "np.random.Generator",
) -> Array:
    """Normal noise of standard deviation 1 that goes together over a width."""
    sigma = [fwhm_mm * PER_FWHM / side for side in spacing_mm]
    return smoothed(rng.standard_normal(shape), sigma, wrapped=True)


class Collected:
    """Collects a row's quantities, one realization after the other."""

    def __init__(
        self,
        name: str,
        realizations: int,
        metrics: Sequence[Metric],
        *,
        axis: Array,
        measured: tuple[Array, Array],
    ) -> None:
        self._name, self._metrics, self._axis = name, metrics, axis
        self._names = tuple(one.quantity for one in metrics)
        self._vectors = np.full((realizations, self._size), np.nan)
        self._by_noise = np.full((min(realizations, PAIRS), self._size), np.nan)
        self._measured = self._vector(*measured)

    @property
    def _size(self) -> int:
        return len(self._names) + len(self._axis)

    def add(self, n: int, doses: Sequence[tuple[Array, Array]]) -> None:
        """Add a realization: with noise, and where it was done without it too."""
        if not doses[0][1].size:
            self._vectors[n, self._names.index("volume_ml")] = 0.0
            return
        noisy, *quiet = (self._vector(*one) for one in doses)
        self._vectors[n] = noisy
        for one in quiet:
            self._by_noise[n] = noisy - one

    def _vector(self, dose_gy: Array, volumes_ml: Array) -> Array:
        return with_curve(
            Dvh.of_values(self._name, dose_gy, volumes_ml), self._metrics, self._axis
        )

    def draws(self) -> RowDraws:
        """All of them, about what was measured."""
        known = np.isfinite(self._by_noise[:, 0])
        by_noise = np.zeros(self._size)
        if known.any():
            by_noise = self._by_noise[known].mean(axis=0)
            # On average a mean is not moved: that of a few would be chance alone.
            by_noise[self._names.index("mean_gy")] = 0.0
        about = self._vectors - by_noise
        count = len(self._names)
        kept = about[np.isfinite(about[:, count]), count:]
        low, high = np.percentile(kept, (2.5, 97.5), axis=0)
        further = by_noise[count:]
        mean_gy = float(self._measured[self._names.index("mean_gy")])
        return RowDraws(
            self._metrics,
            {name: about[:, k] for k, name in enumerate(self._names)},
            {
                name: noise_bias(
                    name, float(self._measured[k]), mean_gy, float(by_noise[k])
                )
                for k, name in enumerate(self._names)
            },
            self._axis,
            np.clip(low - np.clip(further, 0, None), 0, 1),
            np.clip(high + np.clip(-further, 0, None), 0, 1),
            kept.mean(axis=0),
        )
