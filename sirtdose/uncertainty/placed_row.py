"""A row of results in the voxels that it may come to lie in."""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from sirtdose.uncertainty.borders import Border
from sirtdose.uncertainty.scene import Array, Part, Scene

Places = NDArray[np.intp]


@dataclass(frozen=True, eq=False)
class PlacedRow:
    """A row in the voxels that it and its structures' borders may come to lie in.

    `at` are these voxels in the flattened array, and `occupied` the part of each in
    the row as measured. `others` are the row's other structures: their names, which of
    these voxels they may come to lie in, and whether they add or are taken away.
    `off` is what the row has and its structures as drawn have not.
    """

    part: Part
    at: Places
    occupied: Array
    others: Sequence[tuple[str, Places, bool]]
    off: Array | None

    @classmethod
    def of(cls, scene: Scene, part: Part, borders: Mapping[str, Border]) -> "PlacedRow":
        """Find the voxels of a row and of all that its structures' borders reach."""
        some = scene.occupied[part.name].ravel() > 0
        for name in part.plus:
            some[borders[name].reached] = True
        at = np.flatnonzero(some)
        others = [
            (name, np.flatnonzero(np.isin(at, borders[name].reached)), adds)
            for names, adds in ((part.plus[1:], True), (part.minus, False))
            for name in names
        ]
        occupied = scene.occupied[part.name].ravel()[at]
        found = cls(part, at, occupied, others, None)
        off = occupied - found.moved(scene.drawn)
        return cls(part, at, occupied, others, off if off.any() else None)

    def moved(self, drawn: Mapping[str, Array]) -> Array:
        """The part of each voxel of `at`, with structures as they are drawn now."""
        found: Array = drawn[self.part.plus[0]].ravel().take(self.at).astype(float)
        for name, inner, adds in self.others:
            own = drawn[name].ravel().take(self.at[inner])
            before = found[inner]
            found[inner] = (
                np.maximum(before, own) if adds else np.maximum(before - own, 0)
            )
        if self.off is not None:
            found += self.off
            np.clip(found, 0, 1, out=found)
        return found

    def inside(
        self,
        occupancy: Array,
        doses: Sequence[tuple[Array, float]],
        voxel_ml: float,
    ) -> Iterator[tuple[Array, Array]]:
        """Doses of the voxels inside, by their scale, and their volumes."""
        inside = np.flatnonzero(occupancy > 0)
        volumes_ml = occupancy[inside] * voxel_ml
        at = self.at[inside]
        for dose, own in doses:
            yield dose.ravel().take(at) * own, volumes_ml
