"""A dose map, what its uncertainty rests on, and what is said of its histograms."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from math import nan

import numpy as np
from numpy.typing import NDArray

from sirtdose.dosimetry.histogram.dvh import Dvh
from sirtdose.model.metric import MEAN, VOLUME, Metric, metrics_in

Array = NDArray[np.float64]
Box = tuple[slice, ...]
_POINTS = 101


@dataclass(frozen=True)
class Part:
    """A row of results as drawn structures: those that add, less those that take."""

    name: str
    role: str
    plus: tuple[str, ...]
    minus: tuple[str, ...] = ()


@dataclass(frozen=True)
class Factor:
    """A relative standard uncertainty that scales every dose alike.

    Parameters
    ----------
    name : str
        Of its component in the budget.
    relative : float, >= 0
        Standard uncertainty of the quantity, relative.
    power : float
        How a relative change of the quantity changes doses: 0.5 where half as much,
        negative where the other way.
    """

    name: str
    relative: float
    power: float

    @property
    def of_dose(self) -> float:
        """Relative standard uncertainty of a dose by this alone."""
        return abs(self.power) * self.relative


@dataclass(frozen=True)
class Contour:
    """How far a structure's border may be off: standard uncertainties, mm.

    `components` are the budget's names of what is outwards, and of what is aside.
    """

    outwards_mm: float
    aside_mm: float
    components: tuple[str, str] = ("contour_voxels", "contour_shift_voxels")


class Movable:
    """Contours that may be off, each on its own and all together."""

    contour_mm: float
    contour_shift_mm: float
    contours: Mapping[str, Contour]
    motion_mm: float
    head_feet: tuple[float, float, float]

    def contour(self, name: str) -> Contour:
        """How far a structure's border may be off."""
        usual = Contour(self.contour_mm, self.contour_shift_mm)
        return self.contours.get(name, usual)

    @property
    def breathing_mm(self) -> Array:
        """A standard shift by breathing, along the array's axes."""
        return self.motion_mm * np.array(self.head_feet)


@dataclass(frozen=True, eq=False)
class Scene(Movable):
    """A dose map in a box of voxels, structures drawn in it, and its budget.

    Parameters
    ----------
    dose_gy : array of shape (slices, rows, columns)
    spacing_mm : (float, float, float)
        In array order.
    drawn : mapping of str to array
        The part of each voxel in each drawn structure.
    occupied : mapping of str to array
        The same for each row of `parts`, as the results have it.
    parts : sequence of Part
    factors : sequence of Factor
    region : tuple of str
        The drawn structures that the treated activity was shared over; empty where it
        was the whole field of view, or another calibration.
    contour_mm, contour_shift_mm, registration_mm : float
        Standard uncertainties of where borders lie.
    contours : mapping of str to Contour
        Those of drawn structures whose borders are known otherwise.
    motion_mm : float
        That of a shift of all borders by breathing, along `head_feet`.
    head_feet : (float, float, float)
        Unit vector along the array's axes.
    noise : float
        Relative standard deviation of a voxel at `noise_at_gy`.
    noise_at_gy : float
    noise_fwhm_mm : float
    """

    dose_gy: Array
    spacing_mm: tuple[float, float, float]
    drawn: Mapping[str, Array]
    occupied: Mapping[str, Array]
    parts: Sequence[Part]
    factors: Sequence[Factor]
    region: tuple[str, ...]
    contour_mm: float
    contour_shift_mm: float
    registration_mm: float
    noise: float
    noise_at_gy: float
    noise_fwhm_mm: float
    contours: Mapping[str, Contour] = field(default_factory=dict)
    motion_mm: float = 0.0
    head_feet: tuple[float, float, float] = (1.0, 0.0, 0.0)

    @property
    def voxel_ml(self) -> float:
        """Volume of a voxel."""
        return float(np.prod(self.spacing_mm)) / 1000

    @property
    def noise_gy(self) -> Array:
        """Standard deviation of each voxel's noise."""
        return self.noise * np.sqrt(self.noise_at_gy * np.clip(self.dose_gy, 0, None))


def uncertain_metrics(asked: Iterable[Metric] = ()) -> tuple[Metric, ...]:
    """The usual ones, and those asked for that borders and noise are followed to."""
    return tuple(
        one
        for one in metrics_in("uncertainty", asked)
        if one.number is not None or one in (MEAN, VOLUME)
    )


def quantities(dvh: Dvh, metrics: Iterable[Metric]) -> dict[str, float]:
    """Every metric's value by its quantity's name; NaN where there is none.

    Examples
    --------
    >>> two = Dvh.of_values("T", [40.0, 60.0], [1.0, 1.0])
    >>> found = quantities(two, uncertain_metrics([Metric.parse("V50Gy")]))
    >>> found["mean_gy"], found["d95_gy"], found["d2_gy"], found["v50"]
    (50.0, 40.0, 60.0, 0.5)
    """
    values = ((one.quantity, one.of(dvh)) for one in metrics)
    return {name: nan if value is None else value for name, value in values}


def with_curve(dvh: Dvh, metrics: Sequence[Metric], axis: Array) -> Array:
    """Every quantity, and the histogram as fractions of volume at doses."""
    curve = dvh.curve(axis) / dvh.volume_ml
    return np.array([*quantities(dvh, metrics).values(), *curve])


def histogram_axis(scene: Scene, name: str) -> Array:
    """Doses that a row's curve is shown at: beyond its hottest voxel."""
    top = float(scene.dose_gy[scene.occupied[name] > 0].max(initial=0.0))
    return np.linspace(0, max(1.3 * top, 1e-9), _POINTS)


def composed(
    plus: Sequence[str], minus: Sequence[str], drawn: Mapping[str, Array]
) -> Array:
    """The part of each voxel in the union of structures, less others."""
    whole = np.array(drawn[plus[0]], float)
    for name in plus[1:]:
        np.maximum(whole, drawn[name], out=whole)
    for name in minus:
        np.maximum(whole - drawn[name], 0, out=whole)
    return whole


def region_total(
    region: Sequence[str], drawn: Mapping[str, Array], dose_gy: Array
) -> float:
    """Dose summed over the region that the activity was shared over; 1 without one."""
    return float((composed(region, (), drawn) * dose_gy).sum()) if region else 1.0
