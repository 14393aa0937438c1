"""Some doses that stand for all of a structure's, whatever the activities."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from itertools import product

import numpy as np
from numpy.typing import NDArray

from sirtdose.dosimetry.histogram.dvh import Dvh

# Points are doubled until D_x and V_x of these parts are as near as this.
_FIRST, MOST, _NEAR = 1000, 16000, 0.003
_PARTS = (0.002, 0.02, 0.05, 0.1, 0.3, 0.5, 0.7, 0.9, 0.95, 0.98)
# Doses that differ by less, as a part of them, are one.
_SAME = 1e-7
# Lower doses, as a part of the greatest, are told apart no better than this one.
_LOW = 0.005
# Volume on either side, as a part of all, over which a histogram's slope is taken.
_AROUND = 0.005
# Activities that are tried: those given, and so much of some; of each one, and of all
# others, where there are many injections.
_LESS, _FEW = 0.4, 4


@dataclass(frozen=True, eq=False)
class DoseSample:
    """Doses of 1 GBq of each injection, (points, injections), and each one's volume.

    They add up: at some activities the doses are ``gy_per_gbq @ activities_gbq``, and
    `earlier_gy` with them, where earlier sessions count. `within` is how far D_x, as a
    part of it, or V_x, as a part of the volume, was found to be from that of all
    voxels.
    """

    gy_per_gbq: NDArray[np.float64]
    volume_ml: NDArray[np.float64]
    within: float
    earlier_gy: NDArray[np.float64] | None = None


def dose_sample(
    gy_per_gbq: Iterable[NDArray[np.float64]],
    volume_ml: NDArray[np.float64],
    activities_gbq: Sequence[float],
    *,
    earlier_gy: NDArray[np.float64] | None = None,
    most: int = MOST,
) -> DoseSample:
    """Voxels with nearly the same doses of every injection become one point.

    Voxels lie in a space of their dose's logarithm and of each injection's part of it:
    one activity more changes doses of one place by one factor. That space is halved
    again and again, where much volume is spread widest, and most of all where a
    histogram is flat: there a little volume moves D_x far. A point is the mean of its
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
    earlier_gy : ndarray, optional
        What earlier sessions gave the same voxels, which no activity changes.
    most : int
        About how many points at most.

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
    fixed = earlier_gy is not None
    each = [*gy_per_gbq, *([earlier_gy] if fixed else [])]
    doses = np.stack([np.asarray(one, np.float64) for one in each], axis=1)
    volume = np.asarray(volume_ml, np.float64)
    doses, volume = doses[volume > 0], volume[volume > 0]
    gbq = np.array([*activities_gbq, *([1.0] if fixed else [])])
    tried = [gbq * ratio for ratio in _ratios(len(activities_gbq), fixed=fixed)]
    whole = [Dvh.of_values("", doses @ one, volume) for one in tried]
    kept = {int(at) for one in tried for at in _extremes(doses @ one)}
    cell = np.zeros(len(doses), np.intp)
    cell[sorted(kept)] = 1 + np.arange(len(kept))
    places = _places(doses * gbq)
    # Of each voxel, the volume times what its histogram makes of it.
    weight, points = volume * _flatness(doses, volume, tried), min(_FIRST, most)
    while True:
        full = _halved(cell, places, weight, points)
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
        if within <= _NEAR or not full or points >= most:
            moved = means[:, : len(activities_gbq)]
            return DoseSample(moved, volumes, within, means[:, -1] if fixed else None)
        points = min(2 * points, most)


def _ratios(count: int, *, fixed: bool) -> list[tuple[float, ...]]:
    """All injections, less of some of them, and less of all others than one.

    Beside a dose that is `fixed`, less and more of all injections are not the same;
    the injections without it are tried too.

    >>> _ratios(1, fixed=False), _ratios(1, fixed=True)
    ([(1.0,)], [(1.0, 1.0), (0.4, 1.0), (2.5, 1.0), (1.0, 0.0)])
    >>> len(_ratios(2, fixed=False)), len(_ratios(4, fixed=False))
    (3, 15)
    """
    found = [(1.0,) * count]
    for n in range(count if count > 1 else 0):
        for own, other in ((_LESS, 1.0), (1.0, _LESS)):
            found.append(tuple(own if k == n else other for k in range(count)))
    if count <= _FEW:
        # Less of all of them is the same as all.
        found += [one for one in product((1.0, _LESS), repeat=count) if 1.0 in one]
    alone = list(dict.fromkeys(found))
    if not fixed:
        return alone
    scaled = [*alone, (_LESS,) * count, (1 / _LESS,) * count]
    return [*((*one, 1.0) for one in scaled), *((*one, 0.0) for one in alone)]


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
    logarithm, whole = _logarithm(weighed.sum(axis=1))
    return np.column_stack([logarithm, weighed / whole[:, None]])


def _logarithm(gy: NDArray[np.float64]) -> tuple[NDArray[np.float64], ...]:
    """The logarithm of doses of which the lowest are one, and these doses."""
    floor = max(_LOW * float(gy.max()), np.finfo(np.float64).tiny)
    doses = np.maximum(gy, floor)
    return np.log(doses), doses


def _flatness(
    doses: NDArray[np.float64],
    volume: NDArray[np.float64],
    tried: Sequence[NDArray[np.float64]],
) -> NDArray[np.float64]:
    """By how much the dose's logarithm changes there with the volume that has more.

    Of each voxel, the most of all the activities that are tried.
    """
    found, total = np.zeros(len(doses)), volume.sum()
    for one in tried:
        gy = doses @ one
        order = np.argsort(-gy, kind="stable")
        falling, _ = _logarithm(gy[order])
        above = np.cumsum(volume[order]) / total
        first = np.searchsorted(above, above - _AROUND)
        last = np.searchsorted(above, above + _AROUND).clip(max=len(above) - 1)
        apart = np.maximum(above[last] - above[first], np.finfo(np.float64).eps)
        slope = (falling[first] - falling[last]) / apart
        found[order] = np.maximum(found[order], slope)
    return found


def _halved(
    cell: NDArray[np.intp],
    places: NDArray[np.float64],
    weight: NDArray[np.float64],
    points: int,
) -> bool:
    """Halve the widest cells until there are so many; whether there are.

    `cell` is the number of each voxel's cell, and is changed.
    """
    while (count := int(cell.max()) + 1) < points:
        # Numbers of two bytes are sorted in a tenth of the time.
        short = cell.astype(np.min_scalar_type(points))
        order = np.argsort(short, kind="stable")
        numbers, first = np.unique(short[order], return_index=True)
        sorted_places = places[order]
        low, high = (
            one.reduceat(sorted_places, first, axis=0)
            for one in (np.minimum, np.maximum)
        )
        wide = (high - low).max(axis=1)
        rank = wide * np.add.reduceat(weight[order], first)
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
