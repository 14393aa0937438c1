"""What two doses differ by: each explanation tried, and what it leaves."""

from collections.abc import Mapping
from itertools import combinations

import numpy as np

from sirtdose.dosimetry.compare.cause import (
    WORTH,
    Cause,
    blurs,
    both_ways,
    explained,
    shifts,
    turns,
)
from sirtdose.dosimetry.compare.dose_pair import DosePair, rms
from sirtdose.model.volume import Volume

# Under this part of our greatest dose there is nothing to explain.
NOTHING = 1e-3
# What leaves less than this part needs no turn besides.
_ALL_BUT = 0.05
_MIRRORED = {0: "head to feet", 1: "front to back", 2: "left to right"}


def causes(pair: DosePair, others: Mapping[str, Volume] | None = None) -> list[Cause]:
    """Explanations of a difference, the best first; none where there is none.

    A common factor, a shift, a turn, mirrored axes, a blur, and, of `others`, our doses
    by other methods; each alone, and with a factor where that leaves less.

    Parameters
    ----------
    pair : DosePair
    others : mapping of str to Volume, optional
        Our own doses by other methods, by name, on our grid.

    Examples
    --------
    Theirs is 5 % more than ours everywhere.

    >>> from sirtdose.model.grid import Grid
    >>> from sirtdose.model.volume import Quantity
    >>> grid = Grid.regular((8, 9, 10), spacing_mm=(4.0, 3.0, 3.0))
    >>> ramp = np.add.outer(np.arange(8) ** 2, np.add.outer(np.arange(9), range(10)))
    >>> ours = Volume(ramp.astype(float), grid, Quantity.DOSE)
    >>> best = causes(DosePair(ours, ours.with_data(1.05 * ramp)))[0]
    >>> best.kind, round(best.factor, 4), round(best.explained_fraction, 4)
    ('scale', 1.05, 1.0)
    """
    ours, theirs = pair.at_points
    before = rms(theirs - ours)
    if before < NOTHING * float(pair.ours.data.max()):
        return []
    found = [
        explained("scale", ours, theirs, before),
        *shifts(pair, before),
        *_mirrors(pair, before),
        *blurs(pair, before),
    ]
    for name, dose in (others or {}).items():
        found += both_ways(
            "method",
            dose.data[tuple(pair.points.T)].astype(np.float64),
            theirs,
            before,
            method=name,
        )
    if min(one.rms_after_gy for one in found) > _ALL_BUT * before:
        moved = [one.shift_mm for one in found if one.shift_mm]
        found += turns(pair, before, moved[0] if moved else (0.0, 0.0, 0.0))
    helping = [one for one in found if one.explained_fraction > WORTH]
    return _without_idle(sorted(helping, key=lambda one: one.rank))


def _without_idle(ranked: list[Cause]) -> list[Cause]:
    """A cause with a factor stays only where it leaves less than either alone."""
    alone = {(one.kind, one.method, one.axis): one for one in ranked}
    kept = []
    for one in ranked:
        base, plus, _ = one.kind.partition("+")
        parts = [
            alone.get((base, one.method, one.axis)),
            alone.get(("scale", None, None)),
        ]
        if not plus or not any(part and part.rank <= one.rank for part in parts):
            kept.append(one)
    return kept


def _mirrors(pair: DosePair, before: float) -> list[Cause]:
    """Our array read the other way round along axes of its grid, the best of all.

    Theirs stays: read backwards it would be 0 Gy where ours is not, which a factor of
    0 explains.
    """
    every = [axes for n in (1, 2, 3) for axes in combinations(_MIRRORED, n)]
    found = [_mirror(pair, axes, before) for axes in every]
    return [min(some, key=lambda one: one.rank) for some in zip(*found, strict=True)]


def _mirror(pair: DosePair, axes: tuple[int, ...], before: float) -> list[Cause]:
    mirrored = np.flip(pair.ours.data, axes)[tuple(pair.points.T)].astype(np.float64)
    along = [int(np.abs(pair.ours.grid.affine_mm[:3, axis]).argmax()) for axis in axes]
    name = " and ".join(_MIRRORED[2 - one] for one in along)
    return both_ways("mirror", mirrored, pair.at_points[1], before, axis=name)
