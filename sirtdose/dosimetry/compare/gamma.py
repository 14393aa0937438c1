"""Gamma index: how near a dose comes to another, in distance and dose at once."""

from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from os import cpu_count

import numpy as np
from numpy.typing import NDArray

from sirtdose.dosimetry.compiled import compiled
from sirtdose.dosimetry.grid.resample import trilinear
from sirtdose.errors import RangeError
from sirtdose.model.bounds import require_positive
from sirtdose.model.progress import task
from sirtdose.model.volume import Quantity, Volume

# The search goes no further than this many criteria: a point that is worse has this.
GAMMA_MAX = 2.0
# Points of the search along the distance criterion, and halvings of it around the best.
_STEPS, _HALVINGS = 8, 4
_POINTS_AT_ONCE = 2000


@dataclass(frozen=True)
class Criterion:
    """Dose difference as a fraction, and distance to agreement in mm.

    `local` takes the fraction of each point's own reference dose, else it is of the
    greatest reference dose. Points below `cutoff_fraction` of that are left out.
    """

    dose_fraction: float
    distance_mm: float
    local: bool = False
    cutoff_fraction: float = 0.1

    def __post_init__(self) -> None:
        require_positive(dose_fraction=self.dose_fraction, distance_mm=self.distance_mm)
        if not 0 < self.cutoff_fraction < 1:
            raise RangeError(
                f"a dose cutoff of {self.cutoff_fraction:g} leaves nothing to "
                "compare, or is a percentage of 0 Gy: give one above 0 and below 1"
            )

    def __str__(self) -> str:
        kind = "local" if self.local else "global"
        return f"{100 * self.dose_fraction:g} %/{self.distance_mm:g} mm {kind}"


@dataclass(frozen=True, eq=False)
class Gamma:
    """Gamma at the points of a reference dose, NaN where it was not asked for.

    `not_covered` counts points of the reference above its cutoff that lie outside of
    the evaluated dose: they have no gamma.
    """

    criterion: Criterion
    values: NDArray[np.float32]
    norm_gy: float
    not_covered: int

    @property
    def points(self) -> int:
        """How many points have a gamma."""
        return int(np.isfinite(self.values).sum())

    @property
    def pass_fraction(self) -> float:
        """Part of the points whose gamma is at most 1."""
        return float((self._known() <= 1.0).mean())

    @property
    def mean(self) -> float:
        """Mean of gamma, values beyond the search taken as its end."""
        return float(self._known().mean(dtype=float))

    @property
    def greatest(self) -> float:
        """The largest gamma, at most :data:`GAMMA_MAX`."""
        return float(self._known().max())

    def _known(self) -> NDArray[np.float32]:
        return self.values[np.isfinite(self.values)]


def gamma_index(reference: Volume, evaluated: Volume, criterion: Criterion) -> Gamma:
    r"""Gamma index of an evaluated dose at every point of a reference dose.

    .. math::

        \gamma(r) = \min_{r'} \sqrt{\frac{|r' - r|^2}{\Delta d^2} +
            \frac{(D_e(r') - D_r(r))^2}{\Delta D^2}}

    The evaluated dose is interpolated (trilinear) where it is looked at: on a lattice
    of an eighth of the distance criterion, nearest places first, until none can be
    nearer than the best; then around the best in steps halved four times. What is found
    is never below gamma, and above it only where the dose is steep between two places.

    Parameters
    ----------
    reference, evaluated : Volume
        Doses in Gy, each on its own grid, in one frame of reference. Up to half a voxel
        beyond its outermost points the evaluated one is as there.
    criterion : Criterion

    Raises
    ------
    RangeError
        No reference point is above the cutoff, or none is covered by the other dose.

    References
    ----------
    Low DA et al., Med Phys 1998;25:656, doi:10.1118/1.598248.
    Wendling M et al., Med Phys 2007;34:1647, doi:10.1118/1.2721657 (the search).

    Examples
    --------
    10.2 Gy everywhere against 10 Gy: no place is better, 2 % of 3 % are 0.667.

    >>> from sirtdose.model.grid import Grid
    >>> grid = Grid.regular((4, 5, 6), spacing_mm=(3.0, 2.0, 2.0))
    >>> flat = Volume(np.full((4, 5, 6), 10.0), grid, Quantity.DOSE)
    >>> more = Volume(np.full((4, 5, 6), 10.2), grid, Quantity.DOSE)
    >>> round(gamma_index(flat, more, Criterion(0.03, 3.0)).greatest, 3)
    0.667
    """
    ours = reference.require(Quantity.DOSE)
    theirs = evaluated.require(Quantity.DOSE)
    reference.grid.require_frame(evaluated.grid, what="the evaluated dose")
    norm = float(ours.max(initial=0.0))
    above = np.argwhere(ours >= criterion.cutoff_fraction * norm)
    if not norm > 0 or not len(above):
        raise RangeError("the reference dose is 0 Gy everywhere: gamma is not defined")
    at = evaluated.grid.index(reference.grid.world_mm(above))
    inside = _inside(at, theirs.shape)
    above, at = above[inside], at[inside]
    values = ours[tuple(above.T)].astype(np.float64)
    allowed = criterion.dose_fraction * (
        values if criterion.local else np.full(len(values), norm)
    )
    gamma = np.full(ours.shape, np.nan, np.float32)
    gamma[tuple(above.T)] = _Search((values, at, allowed), evaluated, criterion).gamma()
    return Gamma(criterion, gamma, norm, int((~inside).sum()))


def _inside(at: NDArray[np.float64], shape: Sequence[int]) -> NDArray[np.bool_]:
    """Two doses without a common point above the cutoff (H15); else the points inside.

    `at` are indices of points on the evaluated dose's grid.
    """
    last = np.array(shape) - 1.0
    inside = ((at >= -0.5) & (at <= last + 0.5)).all(axis=1)
    if not inside.any():
        raise RangeError(
            "no point of the reference dose above its cutoff lies inside the other "
            "dose (H15): are both of one patient and scan?"
        )
    return np.asarray(inside)


class _Search:
    """Points with their reference dose, and the dose that is looked at around them."""

    def __init__(
        self,
        points: tuple[NDArray[np.float64], NDArray[np.float64], NDArray[np.float64]],
        evaluated: Volume,
        criterion: Criterion,
    ) -> None:
        self.values, at, self.allowed = points
        self.at = at + 1.0
        # A border, so that half a voxel beyond the outermost points is as there.
        self.dose = np.pad(evaluated.data.astype(np.float64), 1, mode="edge")
        # Takes a place in distance criteria along x, y, z to an offset in index.
        inverse = np.linalg.inv(evaluated.grid.affine_mm[:3, :3])
        self.to_index = inverse * criterion.distance_mm

    def gamma(self) -> NDArray[np.float64]:
        """Gamma of every point."""
        places, squares = _lattice()
        offsets = np.ascontiguousarray(places @ self.to_index.T)
        chosen = np.empty(len(self.values), np.intp)
        search = compiled(_nearest, _nearest_together)

        def some(start: int) -> None:
            part = slice(start, start + _POINTS_AT_ONCE)
            points = (self.values[part], self.at[part], self.allowed[part])
            search(points, self.dose, (offsets, squares, GAMMA_MAX**2), chosen[part])

        starts = range(0, len(self.values), _POINTS_AT_ONCE)
        with (
            task("gamma", len(starts)) as going,
            ThreadPoolExecutor(cpu_count()) as threads,
        ):
            for _ in threads.map(some, starts):
                going.done()
        return self._refined(chosen, places)

    def _refined(
        self, chosen: NDArray[np.intp], places: NDArray[np.float64]
    ) -> NDArray[np.float64]:
        """Walk from the best place of the lattice in ever smaller steps."""
        found = np.full(len(chosen), GAMMA_MAX)
        near = np.flatnonzero(chosen >= 0)
        place = places[chosen[near]]
        best = self._squared(near, place)
        for halving in range(1, _HALVINGS + 1):
            for step in np.vstack([np.eye(3), -np.eye(3)]) / _STEPS / 2**halving:
                tried = self._squared(near, place + step)
                better = tried < best
                best[better] = tried[better]
                place[better] += step
        found[near] = np.minimum(np.sqrt(best), GAMMA_MAX)
        return found

    def _squared(
        self, points: NDArray[np.intp], place: NDArray[np.float64]
    ) -> NDArray[np.float64]:
        """Gamma squared of some points, with the dose taken at places around them."""
        index = self.at[points] + place @ self.to_index.T
        off_gy = trilinear(self.dose, index) - self.values[points]
        squared = (place**2).sum(axis=1) + (off_gy / self.allowed[points]) ** 2
        edge = np.array(self.dose.shape) - 1.5
        outside = (index < 0.5).any(axis=1) | (index > edge).any(axis=1)
        return np.where(outside, np.inf, squared)


def _lattice() -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    """Places within :data:`GAMMA_MAX` criteria of a point, nearest first."""
    reach = int(_STEPS * GAMMA_MAX)
    along = np.arange(-reach, reach + 1) / _STEPS
    places = np.stack(np.meshgrid(along, along, along, indexing="ij"), -1)
    places = places.reshape(-1, 3)
    squares = (places**2).sum(axis=1)
    order = np.argsort(squares, kind="stable")
    order = order[squares[order] < GAMMA_MAX**2]
    return places[order], squares[order]


def _nearest(
    points: tuple[NDArray[np.float64], NDArray[np.float64], NDArray[np.float64]],
    dose: NDArray[np.float64],
    lattice: tuple[NDArray[np.float64], NDArray[np.float64], float],
    chosen: NDArray[np.intp],
) -> None:
    """The place of the lattice with the least gamma, -1 where none is below `most`.

    `points` are their reference doses, indices and differences allowed; `lattice` has
    offsets in index, gamma squared by distance alone, and `most`.
    """
    values, at, allowed = points
    offsets, squares, most = lattice
    end_z, end_y, end_x = (
        dose.shape[0] - 1.5,
        dose.shape[1] - 1.5,
        dose.shape[2] - 1.5,
    )
    for n in range(values.size):
        best = most
        chosen[n] = -1
        for m in range(squares.size):
            if squares[m] >= best:
                break
            z, y, x = (
                at[n, 0] + offsets[m, 0],
                at[n, 1] + offsets[m, 1],
                at[n, 2] + offsets[m, 2],
            )
            if min(z, y, x) < 0.5 or z > end_z or y > end_y or x > end_x:
                continue
            k, j, i = int(z), int(y), int(x)
            w, v, u = z - k, y - j, x - i
            low = (1 - v) * ((1 - u) * dose[k, j, i] + u * dose[k, j, i + 1]) + v * (
                (1 - u) * dose[k, j + 1, i] + u * dose[k, j + 1, i + 1]
            )
            high = (1 - v) * (
                (1 - u) * dose[k + 1, j, i] + u * dose[k + 1, j, i + 1]
            ) + v * ((1 - u) * dose[k + 1, j + 1, i] + u * dose[k + 1, j + 1, i + 1])
            apart = ((1 - w) * low + w * high - values[n]) / allowed[n]
            square = squares[m] + apart * apart
            if square < best:
                best = square
                chosen[n] = m


def _nearest_together(
    points: tuple[NDArray[np.float64], NDArray[np.float64], NDArray[np.float64]],
    dose: NDArray[np.float64],
    lattice: tuple[NDArray[np.float64], NDArray[np.float64], float],
    chosen: NDArray[np.intp],
) -> None:
    """The same as :func:`_nearest`, all points at a place of the lattice at once."""
    values, at, allowed = points
    offsets, squares, most = lattice
    end = np.array(dose.shape) - 1.5
    best = np.full(values.size, most)
    chosen[:] = -1
    open_ = np.arange(values.size)
    for m, (offset, square) in enumerate(zip(offsets, squares, strict=True)):
        open_ = open_[best[open_] > square]
        if not open_.size:
            break
        index = at[open_] + offset
        inside = (index >= 0.5).all(axis=1) & (index <= end).all(axis=1)
        some, index = open_[inside], index[inside]
        apart = (trilinear(dose, index) - values[some]) / allowed[some]
        squared = square + apart * apart
        better = squared < best[some]
        best[some[better]] = squared[better]
        chosen[some[better]] = m
