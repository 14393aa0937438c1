"""What is said of a structure's histogram: mean, D_x, V_x, volume and the curve."""

from collections.abc import Mapping, Sequence

import numpy as np
from numpy.typing import NDArray

from sirtdose.dosimetry.histogram.dvh import Dvh
from sirtdose.uncertainty.scene import Scene

Array = NDArray[np.float64]
D_X = (98, 95, 90, 70, 50, 2)
_POINTS = 101


def quantities(dvh: Dvh, above_gy: Sequence[float]) -> dict[str, float]:
    """Every quantity by its name.

    Examples
    --------
    >>> two = Dvh.of_values("T", [40.0, 60.0], [1.0, 1.0])
    >>> found = quantities(two, (50.0,))
    >>> found["mean_gy"], found["d95_gy"], found["d2_gy"], found["v50"]
    (50.0, 40.0, 60.0, 0.5)
    """
    found = {"mean_gy": dvh.mean_gy, "volume_ml": dvh.volume_ml}
    found |= {f"d{x}_gy": dvh.dose_to_volume_fraction_gy(x / 100) for x in D_X}
    found |= {f"v{x:g}": dvh.volume_fraction_above(x) for x in above_gy}
    return found


def quantity_of(dvh: Dvh, name: str) -> float:
    """One of them, with a dose of V_x as it is written in its name."""
    above = () if not name.startswith("v") or "_" in name else (float(name[1:]),)
    return quantities(dvh, above)[name]


def with_curve(dvh: Dvh, above_gy: Sequence[float], axis: Array) -> Array:
    """Every quantity, and the histogram as fractions of volume at doses."""
    curve = dvh.curve(axis) / dvh.volume_ml
    return np.array([*quantities(dvh, above_gy).values(), *curve])


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
