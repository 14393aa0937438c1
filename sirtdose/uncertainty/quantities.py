"""What is said of a structure's histogram: mean, D_x, V_x, volume and the curve."""

from collections.abc import Iterable, Mapping, Sequence
from math import nan

import numpy as np
from numpy.typing import NDArray

from sirtdose.dosimetry.histogram.dvh import Dvh
from sirtdose.model.metric import MEAN, VOLUME, Metric, metrics_in
from sirtdose.uncertainty.scene import Scene

Array = NDArray[np.float64]
_POINTS = 101


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
    whole = drawn[plus[0]]
    for name in plus[1:]:
        whole = np.maximum(whole, drawn[name])
    for name in minus:
        whole = np.clip(whole - drawn[name], 0, None)
    return whole


def region_total(
    region: Sequence[str], drawn: Mapping[str, Array], dose_gy: Array
) -> float:
    """Dose summed over the region that the activity was shared over; 1 without one."""
    if not region:
        return 1.0
    return float((composed(region, (), drawn) * dose_gy).sum())
