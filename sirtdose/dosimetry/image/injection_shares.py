r"""Several injections in one image: which of its activity is whose.

One scan has one activity per count. Where perfused volumes overlap, the counts of the
overlap belong to several injections, and only their union tells the factor,

.. math:: k = \frac{\sum_i T_i}{\sum_{w \in \cup P_i} n_w}

with T the treated activities decayed to one moment. Volumes that overlap, directly or
through others, form a group with one factor; a volume that overlaps with none keeps
its own. How the activity of an overlap is divided matters only where injections lie
apart in time, each being brought back to its own administration. The division is the
one that gives every injection what was typed for it and every part what the image shows
there (iterative proportional fitting); where no division does both, the image stands
and the injections' ratios say by how much they differ.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from functools import cached_property

import numpy as np
from numpy.typing import NDArray

from sirtdose.dosimetry.grid.resample import covered_fraction, occupancy_on
from sirtdose.dosimetry.image.activity import total_in
from sirtdose.errors import QuantityError
from sirtdose.model.structure import Structure
from sirtdose.model.volume import Volume

_ROUNDS, _SETTLED = 10_000, 1e-12


@dataclass(frozen=True, eq=False)
class Part:
    """What lies in the same perfused volumes: `members` are the injections' indices."""

    members: tuple[int, ...]
    structure: Structure
    on_grid: Structure


def parts_of_union(volumes: Sequence[Structure], image: Volume) -> tuple[Part, ...]:
    """Cut perfused volumes into parts that do not overlap, on the lattice they have.

    Parameters
    ----------
    volumes : sequence of Structure
        Of one lattice, in the injections' order; two may be the same.
    image : Volume
        Whose grid the parts are brought to as well.

    Examples
    --------
    >>> from sirtdose.model.grid import Grid
    >>> from sirtdose.model.volume import Quantity
    >>> grid = Grid.regular((1, 1, 4), spacing_mm=(10.0, 10.0, 10.0))
    >>> lobe = Structure.named("Lobe", np.array([[[1, 1, 1, 0]]], bool), grid)
    >>> segment = Structure.named("S8", np.array([[[0, 1, 0, 0]]], bool), grid)
    >>> image = Volume(np.ones(grid.shape), grid, Quantity.COUNTS)
    >>> [(one.members, one.structure.volume_ml)
    ...     for one in parts_of_union([lobe, segment], image)]
    [((0,), 2.0), ((0, 1), 1.0)]
    """
    return tuple(
        Part(members, structure, occupancy_on(structure, image.grid))
        for members, structure in parts_in_common(volumes)
        # A part may lie beyond the image, where nothing is counted.
        if covered_fraction(structure, image.grid) > 0
    )


def parts_in_common(
    volumes: Sequence[Structure],
) -> list[tuple[tuple[int, ...], Structure]]:
    """What lies in the same of several volumes, with the volumes' indices."""
    parts: list[tuple[tuple[int, ...], Structure]] = []
    for index, volume in enumerate(volumes):
        cut = []
        rest = volume
        for members, structure in parts:
            cut += [
                (members, structure - volume),
                ((*members, index), structure & volume),
            ]
            rest = rest - structure
        cut.append(((index,), rest))
        parts = [(members, one) for members, one in cut if not one.empty]
    return sorted(parts, key=lambda part: part[0])


@dataclass(frozen=True, eq=False)
class Shares:
    """Activities of injections in the parts of their volumes, at one moment.

    Parameters
    ----------
    parts : tuple of Part
    counts : tuple of float
        The image's in each part.
    treated_gbq : tuple of float
        Of each injection, decayed to the one moment.
    decayed : tuple of float, above 0 to 1
        Decay of each injection until that moment.

    Raises
    ------
    QuantityError
        The image adds up to nothing in a group of volumes.
    """

    parts: tuple[Part, ...]
    counts: tuple[float, ...]
    treated_gbq: tuple[float, ...]
    decayed: tuple[float, ...]

    def __post_init__(self) -> None:
        if {i for part in self.parts for i in part.members} != set(
            range(len(self.treated_gbq))
        ):
            raise QuantityError(
                "a perfused volume lies outside the image: check on "
                "which image it was drawn"
            )
        for group in self.groups:
            if not self._counts_of(group) > 0:
                names = " and ".join(
                    f"'{part.structure.name}'"
                    for part in self.parts
                    if part.members[0] in group
                )
                raise QuantityError(
                    f"the image adds up to {self._counts_of(group):g} counts in "
                    f"{names}: counts above 0 are needed in every perfused volume"
                )

    @cached_property
    def groups(self) -> tuple[tuple[int, ...], ...]:
        """Injections whose volumes overlap, directly or through others."""
        groups: list[set[int]] = []
        for part in self.parts:
            own = set(part.members)
            joined = own.union(*(group for group in groups if group & own))
            groups = [*(group for group in groups if not group & own), joined]
        return tuple(sorted(tuple(sorted(group)) for group in groups))

    def gbq_per_count(self, group: Sequence[int]) -> float:
        """A group's one factor, at the one moment."""
        return sum(self.treated_gbq[i] for i in group) / self._counts_of(group)

    @cached_property
    def gbq(self) -> NDArray[np.float64]:
        """Activity at the one moment by injection and part.

        A part's column adds up to what the image shows there.
        """
        table = np.zeros((len(self.treated_gbq), len(self.parts)))
        for group in self.groups:
            columns = [i for i, p in enumerate(self.parts) if p.members[0] in group]
            shown = self.gbq_per_count(group) * np.array(
                [self.counts[i] for i in columns]
            )
            may = np.array(
                [[row in self.parts[i].members for i in columns] for row in group]
            )
            typed = np.array([self.treated_gbq[row] for row in group])
            table[np.ix_(group, columns)] = _divided(may, typed, shown)
        return table

    @cached_property
    def image_to_typed(self) -> tuple[float, ...]:
        """By the image over what was typed, of each injection, within its group."""
        return tuple(
            float(found / typed)
            for found, typed in zip(self.gbq.sum(axis=1), self.treated_gbq, strict=True)
        )

    @cached_property
    def at_administration(self) -> tuple[float, ...]:
        """Activity per count in each part, each injection's at its own time, GBq."""
        own = self.gbq / np.array(self.decayed)[:, None]
        found = []
        for i, part in enumerate(self.parts):
            column = self.gbq[:, i].sum()
            group = next(one for one in self.groups if part.members[0] in one)
            back = own[:, i].sum() / column if column else self._back(part)[0]
            found.append(float(self.gbq_per_count(group) * back))
        return tuple(found)

    def reach(self, index: int) -> tuple[float, float]:
        """How far a dose in a part moves with whose counts it holds: low, high.

        Were all of it the latest injection's, and were all of it the earliest's; 0
        where only one, or all at one time, went there.
        """
        part = self.parts[index]
        group = next(one for one in self.groups if part.members[0] in one)
        shown = self.at_administration[index] / self.gbq_per_count(group)
        back = self._back(part)
        return min(back) / shown - 1, max(back) / shown - 1

    def _back(self, part: Part) -> list[float]:
        return [1 / self.decayed[i] for i in part.members]

    def _counts_of(self, group: Sequence[int]) -> float:
        return sum(
            counts
            for part, counts in zip(self.parts, self.counts, strict=True)
            if part.members[0] in group
        )


def shares(
    parts: Sequence[Part],
    image: Volume,
    *,
    treated_gbq: Sequence[float],
    decayed: Sequence[float],
) -> Shares:
    """Divide an image's activity among injections.

    Parameters
    ----------
    parts : sequence of Part
        By :func:`parts_of_union`.
    image : Volume
        Counts or Bq/mL, decayed alike in all voxels.
    treated_gbq : sequence of float, above 0
        What stayed in the liver of each injection, at its own administration.
    decayed : sequence of float, above 0 to 1
        Decay of each injection until one moment, such as the latest administration.

    Examples
    --------
    1 GBq evenly in a lobe of 4 voxels, 1 GBq in one of them: that one shows 1.25 GBq,
    of which a fifth is the lobe's.

    >>> from sirtdose.model.grid import Grid
    >>> from sirtdose.model.volume import Quantity
    >>> grid = Grid.regular((1, 1, 4), spacing_mm=(10.0, 10.0, 10.0))
    >>> lobe = Structure.named("Lobe", np.ones((1, 1, 4), bool), grid)
    >>> segment = Structure.named("S8", np.array([[[0, 1, 0, 0]]], bool), grid)
    >>> image = Volume(np.array([[[1.0, 5.0, 1.0, 1.0]]]), grid, Quantity.COUNTS)
    >>> found = shares(parts_of_union([lobe, segment], image), image,
    ...                treated_gbq=(1.0, 1.0), decayed=(1.0, 1.0))
    >>> found.gbq.round(6).tolist()
    [[0.75, 0.25], [0.0, 1.0]]
    """
    return Shares(
        tuple(parts),
        tuple(total_in(image, part.on_grid) for part in parts),
        tuple(gbq * part for gbq, part in zip(treated_gbq, decayed, strict=True)),
        tuple(decayed),
    )


def _divided(
    may: NDArray[np.bool_], typed: NDArray[np.float64], shown: NDArray[np.float64]
) -> NDArray[np.float64]:
    """Rows to what was typed, columns to what is shown, in turn; columns last."""
    # Noise may leave a small part with a negative sum: it has nothing to divide.
    positive = np.clip(shown, 0, None)
    table = np.where(may, positive, 0.0)
    table *= positive / np.where(table.sum(axis=0) > 0, table.sum(axis=0), 1.0)
    for _ in range(_ROUNDS):
        before = table
        rows = table.sum(axis=1)
        table = table * (typed / np.where(rows > 0, rows, 1.0))[:, None]
        columns = table.sum(axis=0)
        table = table * (positive / np.where(columns > 0, columns, 1.0))
        if np.abs(table - before).max() <= _SETTLED * typed.sum():
            break
    return table + np.where(shown < 0, may / may.sum(axis=0) * shown, 0.0)
