"""What several readers agree on: by majority, and by STAPLE."""

from collections.abc import Sequence
from dataclasses import dataclass, replace

import numpy as np
from numpy.typing import NDArray

from sirtdose.errors import GeometryError
from sirtdose.model.grid import Grid, Shape, box_at
from sirtdose.model.structure import Structure

# STAPLE's answer hangs on who drew a voxel alone: so many tell each reader's quality.
_VOXELS = 500_000


@dataclass(frozen=True, eq=False)
class PackedMask:
    """A structure with a bit a voxel: at least half inside, or not.

    Examples
    --------
    >>> grid = Grid.regular((1, 2, 4), spacing_mm=(10.0, 10.0, 10.0))
    >>> mask = Structure.named("T", np.eye(2, 4, dtype=bool)[None], grid)
    >>> PackedMask.of(mask).structure().volume_ml
    2.0
    """

    empty: Structure
    shape: tuple[int, ...]
    bits: NDArray[np.uint8]
    grid: Grid

    @classmethod
    def of(cls, structure: Structure) -> "PackedMask":
        """Pack a structure, cut to where it is."""
        held = structure.cropped()
        nothing = held.grid.crop(box_at((0, 0, 0), (1, 1, 1)))
        return cls(
            replace(held, occupancy=np.zeros((1, 1, 1), bool), grid=nothing),
            held.occupancy.shape,
            np.packbits(held.occupancy >= 0.5),
            held.grid,
        )

    def same_as(self, other: "PackedMask") -> bool:
        """Whether both are one mask in one place, as of a file that was copied."""
        return self.grid.matches(other.grid) and np.array_equal(self.bits, other.bits)

    def structure(self) -> Structure:
        """The structure again."""
        voxels = int(np.prod(self.shape))
        inside = np.unpackbits(self.bits, count=voxels).view(bool)
        return replace(self.empty, occupancy=inside.reshape(self.shape), grid=self.grid)


def majority(drawn: Sequence[Structure]) -> Structure:
    """Every voxel that more than half of the readers drew.

    One that exactly half of them drew is half inside: of two readers the consensus has
    their mean volume.

    Parameters
    ----------
    drawn : sequence of Structure
        One mask by each reader, on one lattice.

    Examples
    --------
    >>> grid = Grid.regular((1, 1, 4), spacing_mm=(10.0, 10.0, 10.0))
    >>> one, two, three = (
    ...     Structure.named("T", np.array([[row]], bool), grid)
    ...     for row in ([1, 1, 0, 0], [0, 1, 1, 0], [0, 1, 1, 1]))
    >>> majority([one, two, three]).volume_ml, majority([one, two]).volume_ml
    (2.0, 2.0)
    """
    votes = np.array([2 * one.bit_count() - len(drawn) for one in range(256)])
    parts = np.where(votes > 0, 1.0, np.where(votes == 0, 0.5, 0.0))
    parts = np.asarray(parts, np.float32) if len(drawn) % 2 == 0 else parts > 0.5
    return _Votes(drawn).told(parts)


def staple(drawn: Sequence[Structure]) -> Structure:
    """The voxels that are probably inside, by readers weighted by their own agreement.

    Parameters
    ----------
    drawn : sequence of Structure
        One mask by each reader, on one lattice.

    Notes
    -----
    SimpleITK's filter on the box around all of them, with a margin of a voxel; of a
    large structure on every so many voxels. Its probability hangs on which readers drew
    a voxel and on nothing else, so that it is known for all of them.

    References
    ----------
    Warfield et al., IEEE Trans Med Imaging 2004;23:903.
    """
    import SimpleITK

    votes = _Votes(drawn)
    seen = np.pad(votes.every(_VOXELS), 1)
    images = [
        SimpleITK.GetImageFromArray((seen >> bit) & np.uint8(1))
        for bit in range(len(drawn))
    ]
    probable = SimpleITK.GetArrayFromImage(SimpleITK.STAPLE(images, 1.0))
    known = np.bincount(seen.ravel(), minlength=256)
    summed = np.bincount(seen.ravel(), probable.ravel(), minlength=256)
    most = np.array([2 * one.bit_count() > len(drawn) for one in range(256)])
    is_in = np.where(known > 0, summed >= 0.5 * known, most)
    is_in[0] = False
    return votes.told(is_in)


def _start(grid: Grid, lattice: Grid) -> Shape:
    found = grid.offset_in(lattice)
    if found is None:
        raise GeometryError("masks of a consensus do not lie on one lattice of voxels")
    return found


class _Votes:
    """Who drew each voxel of the box around all masks: a bit a reader."""

    def __init__(self, drawn: Sequence[Structure]) -> None:
        self._drawn = [one.cropped() for one in drawn]
        first = self._drawn[0].grid
        starts = [_start(one.grid, first) for one in self._drawn]
        low = np.min(starts, axis=0)
        ends = [
            np.add(a, b.grid.shape) for a, b in zip(starts, self._drawn, strict=True)
        ]
        high = np.max(ends, axis=0)
        self.box = first.crop(box_at(low.tolist(), (high - low).tolist()))
        self._starts = [np.subtract(a, low) for a in starts]

    def plane(self, k: int) -> NDArray[np.uint8]:
        """One slice."""
        found = np.zeros(self.box.shape[1:], np.uint8)
        for bit, (one, (z, y, x)) in enumerate(
            zip(self._drawn, self._starts, strict=True)
        ):
            slices, rows, columns = one.grid.shape
            if z <= k < z + slices:
                part = found[y : y + rows, x : x + columns]
                part |= (one.occupancy[k - z] >= 0.5).astype(np.uint8) << bit
        return found

    def every(self, most: int) -> NDArray[np.uint8]:
        """Every so many voxels along each axis, so that there are no more than that."""
        step = int(np.ceil((np.prod(self.box.shape) / most) ** (1 / 3)))
        planes = range(0, self.box.shape[0], step)
        return np.stack([self.plane(k)[::step, ::step] for k in planes])

    def told(self, parts: NDArray[np.float32] | NDArray[np.bool_]) -> Structure:
        """How much of each voxel is inside, by who drew it."""
        occupancy = np.empty(self.box.shape, parts.dtype)
        for k in range(self.box.shape[0]):
            occupancy[k] = parts[self.plane(k)]
        first = replace(self._drawn[0], accepted=None)
        return replace(first, occupancy=occupancy, grid=self.box).cropped()
