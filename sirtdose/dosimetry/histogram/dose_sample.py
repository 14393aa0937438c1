"""Some doses that stand for all of a structure's, whatever the activities."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from sirtdose.dosimetry.histogram.dvh import Dvh

# Points are doubled until D_x and V_x of these parts are as near as this.
_FIRST, _MOST, _NEAR = 1000, 4000, 0.003
_PARTS = (0.002, 0.02, 0.05, 0.1, 0.3, 0.5, 0.7, 0.9, 0.95, 0.98)
# Doses that differ by less, as a part of them, are one.
_SAME = 1e-7
# Lower doses, as a part of the greatest, are told apart no better than this one.
_LOW = 0.005
# Activities that are tried: those given, and so much of one or of all others.
_LESS = 0.4


@dataclass(frozen=True, eq=False)
class DoseSample:
    """Doses of 1 GBq of each injection, (points, injections), and each one's volume.

    They add up: at some activities the doses are ``gy_per_gbq @ activities_gbq``.
    `within` is how far D_x, as a part of it, or V_x, as a part of the volume, was
    found to be from that of all voxels.
    """

    gy_per_gbq: NDArray[np.float64]
    volume_ml: NDArray[np.float64]
    within: float


def dose_sample(
    gy_per_gbq: Iterable[NDArray[np.float64]],
    volume_ml: NDArray[np.float64],
    activities_gbq: Sequence[float],
) -> DoseSample:
    """Voxels with nearly the same doses of every injection become one point.

    Voxels lie in a space of their dose's logarithm and of each injection's part of it:
    one activity more changes doses of one place by one factor. That space is halved
    again and again, where much volume is spread widest. A point is the mean of its
    voxels, so means over the structure are exact at any activities. Where there are few
    voxels, each is a point; those of the least and the greatest dose always are.

    Parameters
    ----------
    gy_per_gbq : iterable of ndarray
        Doses of the same voxels by each injection.
    volume_ml : ndarray
        Of each voxel.
    activities_gbq : sequence of float
        About which activities will move.

    Examples
    --------
    Ten thousand voxels by two injections, of which the second gets 3 GBq.

    >>> first = np.linspace(10.0, 20.0, 10_000)
    >>> sample = dose_sample([first, 40.0 - first], np.ones(10_000), [1.0, 1.0])
    >>> len(sample.volume_ml), sample.within < 0.003
    (1000, True)
    >>> doses = sample.gy_per_gbq @ [1.0, 3.0]
    >>> round(float(np.average(doses, weights=sample.volume_ml)), 6)
    90.0
    """
    doses = np.stack([np.asarray(one, np.float64) for one in gy_per_gbq], axis=1)
    volume = np.asarray(volume_ml, np.float64)
    doses, volume = doses[volume > 0], volume[volume > 0]
    gbq = np.asarray(activities_gbq, np.float64)
    tried = [gbq * ratio for ratio in _ratios(gbq.size)]
    whole = [Dvh.of_values("", doses @ one, volume) for one in tried]
    kept = {int(at) for one in tried for at in _extremes(doses @ one)}
    cell = np.zeros(len(doses), np.intp)
    cell[sorted(kept)] = 1 + np.arange(len(kept))
    places, points = _places(doses * gbq), _FIRST
    while True:
        full = _halved(cell, places, volume, points)
        used, number = np.unique(cell, return_inverse=True)
        volumes = np.zeros(used.size)
        means = np.zeros((used.size, gbq.size))
        np.add.at(volumes, number, volume)
        np.add.at(means, number, doses * volume[:, None])
        means /= volumes[:, None]
        within = max(
            _apart(known, Dvh.of_values("", means @ one, volumes))
            for known, one in zip(whole, tried, strict=True)
        )
        if within <= _NEAR or not full or points >= _MOST:
            return DoseSample(means, volumes, within)
        points *= 2


def _ratios(count: int) -> list[tuple[float, ...]]:
    """All injections, less of one, and less of all others."""
    found = [(1.0,) * count]
    for n in range(count):
        for own, other in ((_LESS, 1.0), (1.0, _LESS)):
            found.append(tuple(own if k == n else other for k in range(count)))
    return list(dict.fromkeys(found)) if count > 1 else found[:1]


def _apart(whole: Dvh, some: Dvh) -> float:
    """How far D_x and V_x of a sample are from those of all voxels."""
    found = [0.0]
    for part in _PARTS:
        dose = whole.dose_to_volume_fraction_gy(part)
        if dose > 0:
            found.append(abs(some.dose_to_volume_fraction_gy(part) / dose - 1))
            # Voxels at this very dose are on one side of it in both.
            dose *= 1 - 10 * _SAME
        own, other = (one.volume_fraction_above(dose) for one in (whole, some))
        found.append(abs(own - other))
    return max(found)


def _extremes(doses: NDArray[np.float64]) -> tuple[int, int]:
    return int(doses.argmin()), int(doses.argmax())


def _places(weighed: NDArray[np.float64]) -> NDArray[np.float64]:
    """The logarithm of each dose, and the part of it that each injection brings."""
    whole = weighed.sum(axis=1)
    floor = max(_LOW * float(whole.max()), np.finfo(np.float64).tiny)
    parts = weighed / np.maximum(whole, floor)[:, None]
    return np.column_stack([np.log(np.maximum(whole, floor)), parts])


def _halved(
    cell: NDArray[np.intp],
    places: NDArray[np.float64],
    volume: NDArray[np.float64],
    points: int,
) -> bool:
    """Halve the widest cells until there are so many; whether there are.

    `cell` is the number of each voxel's cell, and is changed.
    """
    total = float(volume.sum())
    while (count := int(cell.max()) + 1) < points:
        order = np.argsort(cell, kind="stable")
        numbers, first = np.unique(cell[order], return_index=True)
        low, high = (
            one.reduceat(places[order], first, axis=0)
            for one in (np.minimum, np.maximum)
        )
        wide = (high - low).max(axis=1)
        rank = wide * np.sqrt(np.add.reduceat(volume[order], first) / total)
        rank[wide <= _SAME] = 0
        best = np.argsort(-rank, kind="stable")[: points - count]
        best = best[rank[best] > rank.max() / 2]
        if not best.size:
            return False
        axis = (high - low).argmax(axis=1)[best]
        other = np.zeros(count, np.intp)
        other[numbers[best]] = count + np.arange(best.size)
        where = np.zeros(count, np.intp)
        where[numbers[best]] = axis
        middle = np.zeros(count)
        middle[numbers[best]] = (low + high)[best, axis] / 2
        above = places[np.arange(len(cell)), where[cell]] >= middle[cell]
        above &= other[cell] > 0
        cell[above] = other[cell[above]]
    return True
