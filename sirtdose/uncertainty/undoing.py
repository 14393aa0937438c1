"""A correction of blur that is made again with everything a little off."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

import numpy as np
from numpy.typing import NDArray

from sirtdose.dosimetry.histogram.dvh import Dvh
from sirtdose.dosimetry.image.blur import Blur
from sirtdose.dosimetry.image.partial_volume import (
    geometric_transfer_matrix,
    iterative_yang,
)
from sirtdose.uncertainty.borders import Border, reach_mm
from sirtdose.uncertainty.ensemble import smooth_noise
from sirtdose.uncertainty.scene import Array, Contour, Factor, Movable

Doses = dict[str, tuple[Array, Array]]
# A region of which no more lies in a structure is beside it.
_BESIDE = 0.02


@dataclass(frozen=True, eq=False)
class Row:
    """A row of results as parts of voxels, and its histogram as it is shown.

    It moves with the layer of that name, where one is named, or is all that it `joins`.
    `leaves_out` are regions
    that are no part of it, though they lie inside.
    """

    role: str
    inside: Array
    dvh: Dvh
    moves_with: str = ""
    leaves_out: tuple[str, ...] = ()
    joins: tuple[str, ...] = ()


@dataclass(frozen=True, eq=False)
class Blurred(Movable):
    """An image in a box, what its blur was undone by, and how far that may be off.

    Parameters
    ----------
    image : array of shape (slices, rows, columns)
        With its blur; any unit.
    beyond : float
        What the image holds outside of the box.
    spacing_mm : (float, float, float)
        In array order.
    regions : mapping of str to array
        The part of each voxel in each region, as it was corrected; the `tumors` come
        first, and what is around comes last.
    layers : mapping of str to array
        The structures that they are made of, by the same names and overlaps included:
        the first ones take from those after them.
    rows : mapping of str to Row
    shared_over : str
        The row that a known activity was shared over; empty for the whole image.
    is_shared : bool
        Whether it was shared at all.
    blur : Blur
    contours : mapping of str to Contour
        Those of layers whose borders are known otherwise.
    psf : float
        Relative standard uncertainty of the blur's width.
    motion_mm, head_feet : float, (float, float, float)
        As of a :class:`sirtdose.uncertainty.scene.Scene`.
    """

    image: NDArray[np.float32]
    beyond: float
    spacing_mm: tuple[float, float, float]
    regions: Mapping[str, NDArray[np.float32]]
    layers: Mapping[str, Array]
    tumors: int
    rows: Mapping[str, Row]
    shared_over: str
    is_shared: bool
    blur: Blur
    factors: Sequence[Factor]
    contour_mm: float
    contour_shift_mm: float
    registration_mm: float
    noise: float
    noise_at: float
    noise_fwhm_mm: float
    psf: float
    is_gtm: bool = False
    contours: Mapping[str, Contour] = field(default_factory=dict)
    motion_mm: float = 0.0
    head_feet: tuple[float, float, float] = (1.0, 0.0, 0.0)

    def noise_field(self, rng: "np.random.Generator") -> Array:
        """Noise as the image's own, growing with the root of what a voxel holds."""
        size = self.noise * np.sqrt(self.noise_at * np.clip(self.image, 0, None))
        field = smooth_noise(self.image.shape, self.spacing_mm, self.noise_fwhm_mm, rng)
        noisy: Array = size * field
        return noisy


@dataclass(frozen=True, eq=False)
class Off:
    """How far everything is off: borders and shifts in mm by layer, width, noise."""

    outwards: Mapping[str, float] = field(default_factory=dict)
    aside: Mapping[str, Array] = field(default_factory=dict)
    wider: float = 1.0
    noise: Array | None = None


class Undoing:
    """The correction, to be made again with everything a little off."""

    def __init__(self, scene: Blurred) -> None:
        self.scene = scene
        together = float(np.hypot(scene.registration_mm, scene.motion_mm))
        self._borders = {
            name: Border.of(
                np.asarray(own, float),
                scene.spacing_mm,
                reach_mm(scene.contour(name), together),
            )
            for name, own in scene.layers.items()
        }
        self._taken = _taken(scene.layers)
        self._members = {
            name: _members(scene.regions, row) for name, row in scene.rows.items()
        }
        self._usual, self._total = self._undone(Off())
        self._gy = {
            name: scene.rows[name].dvh.mean_gy / mean if (mean := _mean(*own)) else 0.0
            for name, own in self._usual.items()
        }

    def doses(self, off: Off | None = None) -> Doses:
        """Doses in Gy by row, each with its volume in mL, of all that a voxel holds.

        Each row is scaled so that its mean, where nothing is off, is the one shown.
        """
        values, total = self._undone(off) if off else (self._usual, self._total)
        scale = self._total / total if self.scene.is_shared else 1.0
        voxel_ml = float(np.prod(self.scene.spacing_mm)) / 1000
        return {
            name: (own * (scale * self._gy[name]), parts * voxel_ml)
            for name, (own, parts) in values.items()
        }

    def _undone(self, off: Off) -> tuple[Doses, float]:
        """What each row holds, and what the activity is shared over."""
        scene = self.scene
        layers, regions = self._moved(off)
        there = {name: part for name, part in regions.items() if part.any()}
        image = scene.image if off.noise is None else scene.image + off.noise
        correct = geometric_transfer_matrix if scene.is_gtm else iterative_yang
        found = correct(
            np.asarray(image, np.float32),
            list(there.values()),
            scene.blur.scaled(off.wider),
            tumors=sum(name in there for name in [*regions][: scene.tumors]),
        )
        fields = dict(zip(there, found.fields, strict=True))
        rows = {}
        for name, row in scene.rows.items():
            inside = layers.get(row.moves_with, row.inside)
            if row.joins:
                inside = np.max([layers[one] for one in row.joins], axis=0)
            parts = [
                (fields[one], np.minimum(there[one], inside))
                for one in self._members[name]
                if one in there
            ]
            rows[name] = (
                np.concatenate([np.zeros(0), *(own[part > 0] for own, part in parts)]),
                np.concatenate([np.zeros(0), *(part[part > 0] for _, part in parts)]),
            )
        if scene.shared_over:
            own, parts_of = rows[scene.shared_over]
            return rows, float((own * parts_of).sum())
        whole = sum(float((fields[one] * there[one]).sum()) for one in there)
        return rows, scene.beyond + whole

    def _moved(
        self, off: Off
    ) -> tuple[dict[str, Array], dict[str, NDArray[np.float32]]]:
        """Layers and regions with their borders elsewhere."""
        none, usual = np.zeros(3), self.scene
        layers = {
            name: border.moved(off.outwards.get(name, 0.0), off.aside.get(name, none))
            if name in off.outwards or name in off.aside
            else np.asarray(usual.layers[name], float)
            for name, border in self._borders.items()
        }
        changed = _taken(layers)
        *names, around = usual.regions
        # Differences, so that what is not moved stays as it was corrected.
        own = {
            name: np.clip(usual.regions[name] + changed[name] - self._taken[name], 0, 1)
            for name in names
        }
        total = np.sum([*own.values()], axis=0)
        regions = {
            name: np.asarray(part / np.maximum(total, 1), np.float32)
            for name, part in own.items()
        }
        regions[around] = np.asarray(np.clip(1 - total, 0, 1), np.float32)
        return layers, regions


def _members(regions: Mapping[str, NDArray[np.float32]], row: Row) -> list[str]:
    """The regions that a row is made of; one that only shares its border is none.

    Of a small part of a region, the one that has most of it.
    """
    shared = {
        name: float(np.minimum(part, row.inside).sum())
        for name, part in regions.items()
        if name not in row.leaves_out
    }
    found = [
        name
        for name, own in shared.items()
        if own > _BESIDE * float(regions[name].sum())
    ]
    return found or [max(shared, key=lambda name: shared[name])]


def _taken(layers: Mapping[str, Array]) -> dict[str, Array]:
    """What is left of each layer for itself, where those before it have theirs."""
    found: dict[str, Array] = {}
    before: Array = np.zeros(next(iter(layers.values())).shape)
    for name, own in layers.items():
        found[name] = np.clip(own - before, 0, 1)
        before = np.maximum(before, np.minimum(before + found[name], 1))
    return found


def _mean(values: Array, parts: Array) -> float:
    return float((values * parts).sum() / parts.sum()) if parts.size else 0.0
