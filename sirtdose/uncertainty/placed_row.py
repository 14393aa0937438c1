"""A row of results in the box of voxels that it may come to lie in."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np

from sirtdose.model.structure import bounding_box
from sirtdose.uncertainty.borders import Border
from sirtdose.uncertainty.scene import Array, Box, Part, Scene, composed


@dataclass(frozen=True, eq=False)
class PlacedRow:
    """A row in the box that it may come to lie in: its occupancy, its structures'."""

    part: Part
    box: Box
    occupied: Array
    unmoved: Array

    @classmethod
    def of(cls, scene: Scene, part: Part, borders: Mapping[str, Border]) -> "PlacedRow":
        """Find the box of a row and of all that its structures' borders may reach."""
        occupied = scene.occupied[part.name]
        some = np.zeros(occupied.shape, bool)
        some[bounding_box(occupied) or (slice(0, 0),) * 3] = True
        for name in part.plus:
            some[borders[name].box] = True
        box = bounding_box(some) or (slice(0, 0),) * 3
        still = {name: np.asarray(own) for name, own in scene.drawn.items()}
        boxes = {name: border.box for name, border in borders.items()}
        unmoved = composed(part.plus, part.minus, still, box=box, boxes=boxes)
        return cls(part, box, occupied[box], unmoved)

    def moved(self, drawn: Mapping[str, Array], boxes: Mapping[str, Box]) -> Array:
        """The part of each voxel of the box, with structures as they are drawn now."""
        part = self.part
        found = composed(part.plus, part.minus, drawn, box=self.box, boxes=boxes)
        found -= self.unmoved
        found += self.occupied
        return np.clip(found, 0, 1, out=found)

    def inside(
        self,
        occupancy: Array,
        doses: Sequence[tuple[Array, float]],
        voxel_ml: float,
    ) -> list[tuple[Array, Array]]:
        """Doses of the voxels inside, by their scale, and their volumes."""
        at = np.flatnonzero(occupancy > 0)
        volumes_ml = occupancy.ravel()[at] * voxel_ml
        return [(dose[self.box].ravel()[at] * own, volumes_ml) for dose, own in doses]
