r"""What a scout image says an injection does: uptakes and doses per GBq.

An injection's activity is shared out by the counts in its perfused volume,

.. math:: a_v = (1 - L)\, \frac{n_v}{\sum_{w \in P} n_w}

per GBq. That is what a plan's regions get: what is injected ends in the perfused
volume or in the lungs. Counts outside of every perfused volume are blur, background, or
uptake that was not drawn: the map shows them at what the injections give per count on
average, so that nothing is hidden, and so holds more than was injected by just those. A
region that has some of them has two doses: by what is injected, and by all counts.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, TypeAlias

import numpy as np
from numpy.typing import NDArray

from sirtdose.dosimetry.derived import union, with_role, without
from sirtdose.dosimetry.grid.resample import occupancy_on, placed_on
from sirtdose.dosimetry.image.activity import total_in
from sirtdose.dosimetry.image.regional_uptake import RegionalUptake, part_at
from sirtdose.errors import QuantityError
from sirtdose.model.role import Role
from sirtdose.model.structure import Structure
from sirtdose.model.volume import Quantity, Volume

# An image by its voxels, or without blur by points.
Counted: TypeAlias = Volume | RegionalUptake


@dataclass(frozen=True, eq=False)
class Perfusion:
    """An injection's perfused volume, on the lattice it was drawn on.

    `counts` are the image's in it.
    """

    name: str
    structure: Structure
    counts: float
    lung_shunt_fraction: float


def perfusion(
    name: str, structure: Structure, image: Counted, *, lung_shunt_fraction: float
) -> Perfusion:
    """A perfused volume with its counts.

    Raises
    ------
    QuantityError
        The image adds up to nothing in it.
    """
    counts = counts_in(structure, image)
    if not counts > 0:
        unit = (image if isinstance(image, Volume) else image.image).quantity.unit
        raise QuantityError(
            f"the image adds up to {counts:g} {unit} in "
            f"'{structure.name}', which '{name}' perfuses: a plan from the image "
            "needs counts above 0 there"
        )
    return Perfusion(name, structure, counts, lung_shunt_fraction)


def uptakes(
    structure: Structure, perfusions: Sequence[Perfusion], image: Counted
) -> tuple[float, ...]:
    """Part of each injection that ends in a structure of the same lattice.

    What lies in a perfused volume is split on the lattice, where it is exact; what
    lies outside of all gets nothing.
    """
    return tuple(
        (1 - one.lung_shunt_fraction)
        * counts_in(structure & one.structure, image)
        / one.counts
        for one in perfusions
    )


def uptakes_everywhere(
    structure: Structure,
    perfusions: Sequence[Perfusion],
    image: Counted,
    *,
    inside: Sequence[float],
) -> tuple[float, ...]:
    """The same uptakes with what lies outside, as the map has it."""
    outside = without(structure, [one.structure for one in perfusions])
    shared = counts_in(outside, image) / counts_of_all(perfusions, image)
    return tuple(
        part + (1 - one.lung_shunt_fraction) * shared
        for part, one in zip(inside, perfusions, strict=True)
    )


def counts_of_all(perfusions: Sequence[Perfusion], image: Counted) -> float:
    """Counts in any perfused volume, once where several overlap."""
    return (
        perfusions[0].counts
        if len(perfusions) == 1
        else counts_in(union([one.structure for one in perfusions]), image)
    )


def inside_fractions(
    structure: Structure, volumes: Sequence[Structure]
) -> tuple[float, ...]:
    """Part of a structure's volume in each perfused volume."""
    return tuple((structure & one).volume_ml / structure.volume_ml for one in volumes)


def outside_fraction(
    volumes: Sequence[Structure], volume: Volume, lungs: Structure | None
) -> float:
    """Part of the image's counts outside of lungs and every perfused volume."""
    inside = total_in(volume, occupancy_on(union(volumes), volume.grid))
    total = volume.total()
    if lungs is not None:
        total -= total_in(volume, occupancy_on(lungs, volume.grid))
    return 1 - inside / total if total > 0 else 0.0


def activity_per_gbq(
    index: int,
    perfusions: Sequence[Perfusion],
    volume: Volume,
    *,
    all_counts: bool = True,
    counted: RegionalUptake | None = None,
) -> Volume:
    """Where 1 GBq of an injection goes: activity in each voxel, GBq.

    Without `all_counts` it is what is perfused alone. `counted` is what the
    perfusions' counts are of, where that is finer than the voxels.
    """
    one = perfusions[index]
    per_count = _placed(one.structure, volume) / one.counts
    if all_counts:
        whole = union([each.structure for each in perfusions])
        beyond = 1 - np.clip(_placed(whole, volume), 0, 1)
        per_count += beyond / counts_of_all(perfusions, counted or volume)
    treated = 1 - one.lung_shunt_fraction
    counts = np.asarray(volume.data, np.float64)
    return volume.with_data(treated * counts * per_count, Quantity.ACTIVITY)


@dataclass(frozen=True, eq=False)
class InjectedUptake:
    """Where injections of some activities go, by an image without its blur.

    GBq per voxel of the image, at every point.
    """

    counts: RegionalUptake
    perfusions: tuple[Perfusion, ...]
    activities_gbq: tuple[float, ...]
    all_counts: bool = True

    @property
    def image(self) -> Volume:
        """The image with its blur, whose voxels are meant."""
        return self.counts.image

    def at(self, points_mm: NDArray[np.float64]) -> NDArray[np.float64]:
        """What a voxel would hold, were it all as at the points (n, 3)."""
        per_count, outside = np.zeros(len(points_mm)), np.ones(len(points_mm), bool)
        treated = [
            gbq * (1 - one.lung_shunt_fraction)
            for gbq, one in zip(self.activities_gbq, self.perfusions, strict=True)
        ]
        for gbq, one in zip(treated, self.perfusions, strict=True):
            inside = part_at(one.structure, points_mm) > 0
            per_count[inside] += gbq / one.counts
            outside &= ~inside
        if self.all_counts and outside.any():
            whole = counts_of_all(self.perfusions, self.counts)
            per_count[outside] += sum(treated) / whole
        return self.counts.at(points_mm) * per_count


def lungs_in_image_gbq(
    activity: Volume, structures: Sequence[Structure]
) -> float | None:
    """Activity that the image shows in the lungs, liver left out; None if not drawn."""
    lungs = with_role(structures, Role.LUNGS)
    if not lungs:
        return None
    liver = (Role.LIVER, Role.PERFUSED, Role.TUMOR)
    whole = without(union(lungs), [one for one in structures if one.role in liver])
    return 0.0 if whole.empty else total_in(activity, whole)


def _placed(structure: Structure, volume: Volume) -> NDArray[Any]:
    return placed_on(occupancy_on(structure, volume.grid), volume.grid)


def counts_in(structure: Structure, image: Counted) -> float:
    """What an image holds in a structure."""
    if structure.empty:
        return 0.0
    if isinstance(image, RegionalUptake):
        return image.total_in(structure)
    return total_in(image, occupancy_on(structure, image.grid))
