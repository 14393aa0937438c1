"""Straight paths from a voxel that stand for all directions of a decay."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from functools import lru_cache
from typing import TYPE_CHECKING, NamedTuple

import numpy as np
from numpy.typing import NDArray

from sirtdose.dosimetry.engine.kernel import electron_kernel
from sirtdose.dosimetry.engine.radial_kernel import RadialKernel
from sirtdose.model.grid import three

if TYPE_CHECKING:
    from scipy import sparse

NUMBER = 768
# Fans of so many rays, from one source to the next: faces alias with one alone.
FANS = 4
# So many paths are found together.
_AT_ONCE = 64
# How strongly weights are held alike: they stay positive at any voxel size.
_EVENNESS = 0.3
# How much the energy in whole planes of voxels counts beside that in each voxel.
_PLANES = 10.0


class Path(NamedTuple):
    """Voxels along a ray."""

    offsets: NDArray[np.intp]
    lengths_mm: NDArray[np.float64]


@dataclass(frozen=True, eq=False)
class Rays:
    """Rays through a lattice of voxels, the same for every source voxel.

    Parameters
    ----------
    directions : ndarray, shape (n, 3)
        Unit vectors in array order (slice, row, column).
    starts : ndarray, shape (n, 3)
        Where each leaves its voxel's middle, in voxels, -0.5 to 0.5.
    weights : ndarray, shape (n,)
        Part of a decay's energy that each carries; their sum is 1.
    spacing_mm : tuple of float
    """

    directions: NDArray[np.float64]
    starts: NDArray[np.float64]
    weights: NDArray[np.float64]
    spacing_mm: tuple[float, float, float]

    def path(self, ray: int, steps: int) -> Path:
        """The voxels that a ray crosses, one after the other.

        Parameters
        ----------
        ray, steps : int
            Which ray, and how many voxels of it.

        Returns
        -------
        Path
            `offsets`, shape (steps, 3), from the source voxel, and `lengths_mm`,
            shape (steps,), inside each.
        """
        return next(self.paths((ray,), steps))[1]

    def paths(self, rays: Sequence[int], steps: int) -> Iterator[tuple[int, Path]]:
        """The same of many rays, each with its number."""
        for some, together in self.bundles(rays, steps):
            yield from zip(some.tolist(), map(Path, *together), strict=True)

    def bundles(
        self, rays: Sequence[int], steps: int
    ) -> Iterator[tuple[NDArray[np.intp], Path]]:
        """The same of some rays at once, with their numbers: an axis more in front."""
        for first in range(0, len(rays), _AT_ONCE):
            some = np.array(rays[first : first + _AT_ONCE])
            speed = self.directions[some] / self.spacing_mm
            forward = np.sign(speed).astype(np.intp)
            with np.errstate(divide="ignore"):
                between = 1 / np.abs(speed)
            # Millimeters from the start to every next voxel, an axis each.
            start = (0.5 - forward * self.starts[some]) * between
            with np.errstate(invalid="ignore"):
                borders = start[..., None] + np.arange(steps) * between[..., None]
            borders = borders.reshape(len(some), -1)
            order = np.argsort(borders, axis=1, kind="stable")[:, :steps]
            axis = order // steps
            crossed = np.zeros((len(some), steps, 3), np.intp)
            each, step = np.arange(len(some))[:, None], np.arange(1, steps)
            crossed[each, step, axis[:, :-1]] = forward[each, axis[:, :-1]]
            reached = np.take_along_axis(borders, order, axis=1)
            lengths = np.diff(reached, prepend=0.0)
            yield some, Path(crossed.cumsum(axis=1), lengths)


def fans(
    radial: RadialKernel, spacing_mm: tuple[float, float, float], number: int = NUMBER
) -> tuple[Rays, ...]:
    r"""Fans of directions, starting points and weights, which sources take in turn.

    Layers beside a face get what all rays together would give, at the price of one fan.

    Directions and starting points are a sequence of low discrepancy on sphere and
    voxel together, each with its opposite; a fan goes on where the one before ended.
    The weights `w` of each are fitted: in the kernel's own uniform medium its rays
    shall give its voxel kernel `E`, which is known exactly, voxel by voxel and summed
    over whole planes,

    .. math:: \min_w \left\| \sum_d w_d\, e_d - E \right\|^2
              + \mu \left\| \sum_d w_d\, \bar e_d - \bar E \right\|^2
              + \lambda \left\| w - \tfrac1n \right\|^2

    with `e_d` what ray `d` alone leaves in every voxel. The sum of the weights stays
    1, so no energy is made or lost in any medium.

    Parameters
    ----------
    radial : RadialKernel
    spacing_mm : tuple of float, > 0
        In array order.
    number : int, even
        Rays of each; more give a smoother dose in single voxels far from a small
        source.

    Examples
    --------
    >>> some = fans(RadialKernel.named("Y-90"), (4.0, 4.0, 4.0), 64)
    >>> [round(float(fan.weights.sum()), 12) for fan in some]
    [1.0, 1.0, 1.0, 1.0]
    """
    sides = three(float(side) for side in spacing_mm)
    return tuple(_fitted(radial, sides, number, fan) for fan in range(FANS))


@lru_cache(maxsize=4 * FANS)
def _fitted(
    radial: RadialKernel, spacing_mm: tuple[float, float, float], number: int, fan: int
) -> Rays:
    directions, starts = _opposite_pairs(number, fan)
    even = Rays(directions, starts, np.full(number, 1 / number), spacing_mm)
    exact = electron_kernel(radial, spacing_mm).energy_fraction
    alone = _alone(even, radial, exact.shape)
    matrix = (alone @ alone.T).toarray()
    wanted = alone @ (exact.ravel() - alone.mean(axis=0))
    for axis in range(3):
        others = tuple(k for k in range(3) if k != axis)
        planes = _in_planes(alone, exact.shape, axis)
        matrix += _PLANES * planes @ planes.T
        wanted += _PLANES * planes @ (exact.sum(axis=others) - planes.mean(axis=0))
    # Rows and columns less their means: the changes then add up to 0 by themselves.
    matrix -= matrix.mean(axis=0)
    matrix -= matrix.mean(axis=1)[:, None]
    matrix[np.diag_indices(number)] += _EVENNESS
    weights = even.weights + np.linalg.solve(matrix, wanted - wanted.mean())
    return Rays(directions, starts, weights, spacing_mm)


def _in_planes(
    alone: "sparse.csr_array", shape: tuple[int, ...], axis: int
) -> NDArray[np.float64]:
    """Sums over the planes across an axis, a row for every ray."""
    entries = alone.tocoo()
    ray, voxel = entries.coords
    sums = np.zeros((alone.shape[0], shape[axis]))
    np.add.at(sums, (ray, np.unravel_index(voxel, shape)[axis]), entries.data)
    return sums


def _alone(
    rays: Rays, radial: RadialKernel, shape: tuple[int, ...]
) -> "sparse.csr_array":
    """What each ray leaves in each voxel around its source, in the uniform medium."""
    from scipy import sparse

    end = radial.electron_range_mm
    strides = (shape[1] * shape[2], shape[2], 1)
    middle = sum(n // 2 * stride for n, stride in zip(shape, strides, strict=True))
    steps = sum(shape)
    energy, rows, columns = [], [], []
    for ray in range(len(rays.weights)):
        path = rays.path(ray, steps)
        at = np.minimum(path.lengths_mm.cumsum(), end)
        within = np.interp(at, radial.radius_mm, radial.energy_fraction_within)
        crossed = int(np.searchsorted(at, end)) + 1
        energy.append(np.diff(within, prepend=0.0)[:crossed])
        rows.append(np.full(crossed, ray))
        columns.append(middle + path.offsets[:crossed] @ strides)
    return sparse.csr_array(
        (np.concatenate(energy), (np.concatenate(rows), np.concatenate(columns))),
        shape=(len(rays.weights), np.prod(shape)),
    )


def _opposite_pairs(
    number: int, fan: int
) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    """Evenly spread directions and starting points, each with its opposite.

    Steps by powers of the root of x^6 = x + 1, of which the first two place a point
    on the sphere and the others one in the voxel.
    """
    steps = 1.1347241384015194 ** -np.arange(1, 6)
    first = fan * (number // 2) + 1
    points = (0.5 + np.outer(np.arange(first, first + number // 2), steps)) % 1
    z, azimuth = points[:, 0], points[:, 1] * 2 * np.pi
    across = np.sqrt(1 - z * z)
    directions = np.stack([across * np.cos(azimuth), across * np.sin(azimuth), z], 1)
    starts = points[:, 2:] - 0.5
    return np.concatenate([directions, -directions]), np.concatenate([starts, -starts])
