"""Several readers' contours of one patient: what they agree on, and how far."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from itertools import combinations
from typing import Any

import numpy as np
from numpy.typing import NDArray

from sirtdose.dosimetry.compare.consensus import PackedMask, majority, staple
from sirtdose.dosimetry.compare.overlap import Overlap, Surface, overlap
from sirtdose.dosimetry.derived import centroid_mm
from sirtdose.dosimetry.grid.resample import occupancy_on
from sirtdose.model.grid import Grid, box_at
from sirtdose.model.structure import Structure
from sirtdose.model.uncertain import Z95

# Standard deviation of the median of so many normal values over that of their mean.
_OF_MEDIAN = {
    2: 1.0,
    3: 1.1602,
    4: 1.0922,
    5: 1.1976,
    6: 1.1351,
    7: 1.2137,
    8: 1.1604,
}
_ROUNDING = 1e-9
Curve = tuple[NDArray[np.float64], NDArray[np.float64]]


@dataclass(frozen=True)
class Lacking:
    """A structure that not all readers drew; `used` where half of them or more did."""

    name: str
    role: str
    drawn_by: tuple[str, ...]
    lacking: tuple[str, ...]

    @property
    def used(self) -> bool:
        """Whether it is in the consensus: of those who drew it."""
        return len(self.drawn_by) >= len(self.lacking)


@dataclass(frozen=True)
class BorderSpread:
    """How far apart readers drew a structure's border, in standard deviations.

    `outwards_mm` is of its distance outwards, by volume over surface; `aside_mm` that
    of its middle along each axis. Both are multiplied by the factors before they are
    standard uncertainties: a few readers tell their spread badly.
    """

    name: str
    readers: int
    outwards_mm: float
    aside_mm: float
    outwards_factor: float
    aside_factor: float


@dataclass(frozen=True, eq=False)
class Agreement:
    """What readers agree on, by majority and by STAPLE, and how far they do.

    STAPLE's is packed: its doses are computed later, and once. `alike` are names of
    what all readers have the same contour of.
    """

    readers: tuple[str, ...]
    by_majority: tuple[Structure, ...]
    by_staple: tuple[PackedMask, ...]
    overlaps: tuple[Overlap, ...]
    borders: tuple[BorderSpread, ...]
    lacking: tuple[Lacking, ...]
    alike: tuple[str, ...] = ()


@dataclass(frozen=True)
class Spread:
    """How far readers' values of one row are apart; None where only one has it.

    Coefficients of variation: standard deviation over mean. None of what all have by
    one contour, `shared`: of the dose only where it is the same by all, as readers may
    share the activity otherwise. `lowest_gy` and `highest_gy` are of the mean dose.
    """

    name: str
    role: str
    readers: int
    shared: bool
    volume_cv: float | None
    mean_cv: float | None
    lowest_gy: float
    highest_gy: float


@dataclass(frozen=True, eq=False)
class Observers:
    """Doses by each reader's contours, and by STAPLE's, beside those of the majority.

    `rows` are rows of results by whose contours, then by method; `curves` histograms
    (doses in Gy, volumes in mL) by the same and the structure's name; `outlines` each
    reader's structures on the dose grid; `over` the region that the activity was shared
    over; `shared` the names of contours that all readers have. One reader alone has a
    name and no more.
    """

    readers: tuple[str, ...]
    agreement: Agreement | None = None
    rows: Mapping[str, Mapping[str, Sequence[Mapping[str, Any]]]] = field(
        default_factory=dict
    )
    curves: Mapping[str, Mapping[str, Mapping[str, Curve]]] = field(
        default_factory=dict
    )
    outlines: Mapping[str, tuple[Structure, ...]] = field(default_factory=dict)
    over: Mapping[str, str] = field(default_factory=dict)
    shared: frozenset[str] = frozenset()

    def spread(self, method: str) -> list[Spread]:
        """Of every row that a reader has, by a method."""
        own = [self.rows[name].get(method, ()) for name in self.readers if self.rows]
        names = dict.fromkeys(
            (row["name"], row["role"]) for rows in own for row in rows
        )
        return [
            _spread(
                name,
                role,
                [r for rows in own for r in rows if r["name"] == name],
                shared=name in self.shared,
            )
            for name, role in names
        ]


def _spread(
    name: str, role: str, rows: Sequence[Mapping[str, Any]], *, shared: bool
) -> Spread:
    means = [float(row["dose_gy"]["mean"]) for row in rows]
    volumes = [float(row["volume_ml"]) for row in rows]
    alike = max(means) - min(means) <= _ROUNDING * max(means)
    # What is left of shared contours is one contour, too.
    shared = shared or (len(rows) > 1 and alike and min(volumes) == max(volumes))
    return Spread(
        name,
        role,
        len(rows),
        shared,
        None if shared else variation(volumes),
        None if shared and alike else variation(means),
        min(means),
        max(means),
    )


def variation(values: Sequence[float]) -> float | None:
    """Coefficient of variation: standard deviation (n - 1) over the mean.

    >>> variation([9.0, 10.0, 11.0]), variation([10.0])
    (0.1, None)
    """
    mean = float(np.mean(values))
    if len(values) < 2 or not mean > 0:
        return None
    return float(np.std(values, ddof=1)) / mean


def spread_factor(readers: int, values: int) -> float:
    r"""What a spread among readers is multiplied by to be a standard uncertainty.

    .. math:: k = \max\left(1, m_n \frac{t_{0.975, \nu}}{1.96\sqrt{n}}\right)

    By Student's t with the degrees of freedom of the spread, and with m what a median
    of n normal values is less sure by than their mean: a majority's border is the
    median of theirs. Never below the spread of one reader: errors that all of
    them share are in none of it.

    Parameters
    ----------
    readers : int
        n, 2 or more.
    values : int
        What each reader gives to the spread: 1 for a volume, 3 for a place; the degrees
        of freedom are so many times n - 1.

    References
    ----------
    JCGM 101:2008, 6.4.9.

    Examples
    --------
    1.1602 * 4.3027 / (1.95996 * 1.73205) for a volume by three readers.

    >>> round(spread_factor(3, 1), 3), spread_factor(3, 3)
    (1.47, 1.0)
    """
    from scipy.special import stdtrit

    student = float(stdtrit(values * (readers - 1), 0.975))
    found: float = _OF_MEDIAN[readers] * student / (Z95 * readers**0.5)
    return max(1.0, found)


def agreement(drawn: Mapping[str, Sequence[PackedMask]]) -> Agreement:
    """What readers agree on, structure by structure.

    Parameters
    ----------
    drawn : mapping of str to sequence of PackedMask
        By reader, none empty; structures of one name are one structure.

    Raises
    ------
    GeometryError
        They were drawn in different frames of reference.
    """
    readers = tuple(drawn)
    by_name: dict[str, dict[str, PackedMask]] = {}
    for who, own in drawn.items():
        for one in own:
            by_name.setdefault(one.empty.name.strip().casefold(), {})[who] = one
    every = [one.grid for own in drawn.values() for one in own]
    finest = min(every, key=lambda grid: grid.voxel_volume_ml)
    majorities, staples, overlaps, borders, lacking = [], [], [], [], []
    alike: list[str] = []
    for packed in by_name.values():
        first = next(iter(packed.values())).empty
        absent = tuple(one for one in readers if one not in packed)
        missed = Lacking(first.name, str(first.role), tuple(packed), absent)
        lacking += [missed] if absent else []
        if not missed.used:
            continue
        known, *others = packed.values()
        if others and all(one.same_as(known) for one in others):
            # One contour in several files tells nothing of readers.
            majorities.append(known.structure())
            staples.append(known)
            alike += [] if absent else [first.name]
            continue
        held = {
            who: replace(_on(finest, one), name=first.name)
            for who, one in packed.items()
        }
        agreed = majority([*held.values()])
        # Contours that share nothing have no majority: one that is left out.
        if agreed.empty:
            lacking.append(replace(missed, drawn_by=(), lacking=readers))
            continue
        majorities.append(agreed)
        weighted = staple([*held.values()]) if len(held) > 1 else agreed
        staples.append(PackedMask.of(agreed if weighted.empty else weighted))
        if len(held) > 1:
            found, spread = _apart(held, agreed.name)
            overlaps += found
            borders.append(spread)
    return Agreement(
        readers,
        tuple(majorities),
        tuple(staples),
        tuple(overlaps),
        tuple(borders),
        tuple(lacking),
        tuple(alike),
    )


def _on(lattice: Grid, packed: PackedMask) -> Structure:
    """A mask on the lattice that all are compared on, by the centers of its voxels."""
    own = packed.structure()
    lattice.require_frame(own.grid, what=f"structure '{own.name}'")
    if own.grid.offset_in(lattice) is not None:
        return own
    index = lattice.index(own.grid.corners_mm())
    low = np.floor(index.min(axis=0)).astype(int) - 1
    high = np.ceil(index.max(axis=0)).astype(int) + 2
    whole = lattice.crop(box_at(low.tolist(), (high - low).tolist()))
    found = occupancy_on(own, whole, sampling="center")
    return replace(found, occupancy=found.occupancy >= 0.5)


def _apart(
    held: Mapping[str, Structure], name: str
) -> tuple[list[Overlap], BorderSpread]:
    """Every pair of readers, and the spread of all of a structure's borders."""
    surfaces = {who: Surface(one) for who, one in held.items()}
    pairs = [
        overlap((a, held[a], surfaces[a]), (b, held[b], surfaces[b]))
        for a, b in combinations(held, 2)
    ]
    volumes = np.array([one.volume_ml for one in held.values()])
    area_mm2 = float(np.mean([one.area_mm2 for one in surfaces.values()]))
    middles = np.array([centroid_mm(one) for one in held.values()])
    count = len(held)
    return pairs, BorderSpread(
        name,
        count,
        float(np.std(volumes, ddof=1)) * 1000 / area_mm2,
        float(np.sqrt(np.var(middles, axis=0, ddof=1).mean())),
        spread_factor(count, 1),
        spread_factor(count, 3),
    )
