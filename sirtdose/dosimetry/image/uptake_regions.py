"""The image as regions of one concentration each, which add up to every voxel."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any

import numpy as np
from numpy.typing import NDArray

from sirtdose.dosimetry.derived import union, with_role
from sirtdose.dosimetry.grid.resample import occupancy_on, on_one_lattice, placed_on
from sirtdose.dosimetry.image.injection_shares import parts_in_common
from sirtdose.errors import StructureError
from sirtdose.model.grid import Box, Grid
from sirtdose.model.role import Role
from sirtdose.model.structure import Structure

# What is around the structures, so far that blur reaches no further.
_MARGIN_FWHM = 3.0
BACKGROUND = "background"


@dataclass(frozen=True, eq=False)
class Regions:
    """Parts of voxels by region, on a box of the grid; the last is what is around.

    `drawn` are the same regions but the last, where they were drawn, none in another;
    `layers` the structures that they come of, overlaps included, each of which takes
    from those after it.
    After the `tumors` come so many regions of what is perfused, `perfused`; 0 where
    none is drawn.
    """

    names: tuple[str, ...]
    parts: tuple[NDArray[np.float32], ...]
    drawn: tuple[Structure, ...]
    layers: Mapping[str, Structure]
    tumors: int
    box: Box
    perfused: int = 0

    def without_empty(self) -> "Regions":
        """The same without regions that have no voxel."""
        kept = [k for k, part in enumerate(self.parts) if part.any()]
        return replace(
            self,
            names=tuple(self.names[k] for k in kept),
            parts=tuple(self.parts[k] for k in kept),
            drawn=tuple(self.drawn[k] for k in kept if k < len(self.drawn)),
            tumors=sum(k < self.tumors for k in kept),
            perfused=sum(0 <= k - self.tumors < self.perfused for k in kept),
        )

    def moved(self, voxels: int) -> "Regions":
        """The same with every tumor wider by so many voxels, or tighter (below 0).

        What a tumor gives up goes to the region after the tumors, the liver around it;
        of several perfused regions to those that border on it.
        """
        from scipy.ndimage import generate_binary_structure, grey_dilation, grey_erosion

        cross = generate_binary_structure(3, 1)
        change = grey_dilation if voxels > 0 else grey_erosion
        tumors = list(self.parts[: self.tumors])
        before = _sum(tumors, self.parts[-1])
        for _ in range(abs(voxels)):
            tumors = [change(one, footprint=cross) for one in tumors]
        after = _sum(tumors, self.parts[-1])
        scale = np.where(after > 1, np.maximum(after, 1), 1)
        tumors = [np.asarray(one / scale, np.float32) for one in tumors]
        after = np.minimum(after, 1)
        room = np.where(before < 1, (1 - after) / np.maximum(1 - before, 1e-6), 0)
        others = [
            np.asarray(np.minimum(one * room, 1), np.float32)
            for one in self.parts[self.tumors :]
        ]
        rest = np.clip(1 - after - _sum(others, self.parts[-1]), 0, 1)
        for k, share in enumerate(
            self._beside(others, grey_dilation, abs(voxels), cross)
        ):
            others[k] = others[k] + rest * share
        return replace(
            self,
            parts=tuple(np.asarray(one, np.float32) for one in (*tumors, *others)),
        )

    def _beside(
        self,
        others: Sequence[NDArray[np.float32]],
        widened: Callable[..., Any],
        voxels: int,
        cross: NDArray[np.bool_],
    ) -> list[Any]:
        """How what tumors give up is shared by the regions of what is perfused."""
        if self.perfused < 2:
            return [1.0]
        near = []
        for one in others[: self.perfused]:
            wider = one
            for _ in range(voxels):
                wider = widened(wider, footprint=cross)
            near.append(wider)
        total = _sum(near, near[0])
        shares = [one / np.where(total > 0, total, 1) for one in near]
        return [shares[0] + (total == 0), *shares[1:]]


def uptake_regions(
    structures: Sequence[Structure], grid: Grid, fwhm_mm: float
) -> Regions:
    """Tumors, liver by what is perfused, lungs and organs as regions of an image.

    Parameters
    ----------
    structures : sequence of Structure
        As drawn; those of other roles are background.
    grid : Grid
        The image's.
    fwhm_mm : float
        The widest blur: the box reaches three times as far.

    Raises
    ------
    StructureError
        No tumor: there is nothing whose uptake blur would hide.
    """
    drawn = on_one_lattice([s for s in structures if not s.empty])
    tumors = with_role(drawn, Role.TUMOR)
    if not tumors:
        raise StructureError(
            "partial-volume correction needs tumors: draw them, or leave --psf out"
        )
    organs = [one for one in drawn if one.role.excluded_from_liver]
    layers = [(one.name, one) for one in (*tumors, *organs)]
    for name, role in (
        ("perfused liver", Role.PERFUSED),
        ("liver", Role.LIVER),
        ("lungs", Role.LUNGS),
    ):
        layers += _layers_of(name, with_role(drawn, role))
    corners = np.concatenate([one.grid.corners_mm() for _, one in layers])
    box = grid.box_around(corners, margin_mm=_MARGIN_FWHM * fwhm_mm)
    found, taken = [], None
    for name, layer in layers:
        own = layer if taken is None else layer - taken
        taken = layer if taken is None else taken | layer
        found.append((name, own, _on_box(own, grid, box)))
    # The liver around the tumors comes right after them, and organs last.
    found.sort(key=lambda one: one[1].role.excluded_from_liver)
    found = [one for one in found if one[2].any()]
    total = _sum([part for _, _, part in found], found[0][2])
    kept = [one / np.maximum(total, 1) for _, _, one in found]
    background = np.clip(1 - total, 0, 1)
    roles = [own.role for _, own, _ in found]
    names = [name for name, _, _ in found]
    return Regions(
        names=(*names, BACKGROUND),
        parts=tuple(np.asarray(one, np.float32) for one in (*kept, background)),
        drawn=tuple(own for _, own, _ in found),
        layers={name: one for name, one in layers if name in names},
        tumors=roles.count(Role.TUMOR),
        box=box,
        perfused=roles.count(Role.PERFUSED),
    )


def _layers_of(name: str, members: Sequence[Structure]) -> list[tuple[str, Structure]]:
    """One region of a role; several perfused volumes by what lies in the same of them.

    Each injection has a concentration of its own, and an overlap has their sum.
    """
    if not members:
        return []
    if members[0].role is not Role.PERFUSED or len(members) == 1:
        return [(name, union(members))]
    return [
        (f"{name}, {' and '.join(members[i].name for i in inside)}", part)
        for inside, part in parts_in_common(members)
    ]


def _sum(
    parts: Sequence[NDArray[np.float32]], like: NDArray[np.float32]
) -> NDArray[np.float32]:
    total = np.zeros(like.shape, np.float32)
    for part in parts:
        total += part
    return total


def _on_box(structure: Structure, grid: Grid, box: Box) -> NDArray[np.float32]:
    target = grid.crop(box)
    try:
        return placed_on(occupancy_on(structure, target), target).astype(np.float32)
    except StructureError:
        # Nothing is left of it, or all of it lies beyond the box.
        return np.zeros(target.shape, np.float32)
