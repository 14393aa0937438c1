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
from typing import Any

import numpy as np
from numpy.typing import NDArray

from sirtdose.dosimetry.derived import union, with_role, without
from sirtdose.dosimetry.grid.resample import occupancy_on, placed_on
from sirtdose.dosimetry.image.activity import total_in
from sirtdose.errors import QuantityError
from sirtdose.model.role import Role
from sirtdose.model.structure import Structure
from sirtdose.model.volume import Quantity, Volume


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
    name: str, structure: Structure, volume: Volume, *, lung_shunt_fraction: float
) -> Perfusion:
    """A perfused volume with its counts.

    Raises
    ------
    QuantityError
        The image adds up to nothing in it.
    """
    counts = total_in(volume, occupancy_on(structure, volume.grid))
    if not counts > 0:
        raise QuantityError(
            f"the image adds up to {counts:g} {volume.quantity.unit} in "
            f"'{structure.name}', which '{name}' perfuses: a plan from the image "
            "needs counts above 0 there"
        )
    return Perfusion(name, structure, counts, lung_shunt_fraction)


def uptakes(
    structure: Structure, perfusions: Sequence[Perfusion], volume: Volume
) -> tuple[float, ...]:
    """Part of each injection that ends in a structure of the same lattice.

    What lies in a perfused volume is split on the lattice, where it is exact; what
    lies outside of all gets nothing.
    """
    return tuple(
        (1 - one.lung_shunt_fraction)
        * _counts_in(structure & one.structure, volume)
        / one.counts
        for one in perfusions
    )


def uptakes_everywhere(
    structure: Structure, perfusions: Sequence[Perfusion], volume: Volume
) -> tuple[float, ...]:
    """The same with what lies outside, as the map has it."""
    outside = without(structure, [one.structure for one in perfusions])
    shared = _counts_in(outside, volume) / counts_of_all(perfusions, volume)
    inside = uptakes(structure, perfusions, volume)
    return tuple(
        part + (1 - one.lung_shunt_fraction) * shared
        for part, one in zip(inside, perfusions, strict=True)
    )


def counts_of_all(perfusions: Sequence[Perfusion], volume: Volume) -> float:
    """Counts in any perfused volume, once where several overlap."""
    return (
        perfusions[0].counts
        if len(perfusions) == 1
        else _counts_in(union([one.structure for one in perfusions]), volume)
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
) -> Volume:
    """Where 1 GBq of an injection goes: activity in each voxel, GBq.

    Without `all_counts` it is what is perfused alone.
    """
    one = perfusions[index]
    per_count = _placed(one.structure, volume) / one.counts
    if all_counts:
        whole = union([each.structure for each in perfusions])
        beyond = 1 - np.clip(_placed(whole, volume), 0, 1)
        per_count += beyond / counts_of_all(perfusions, volume)
    treated = 1 - one.lung_shunt_fraction
    counts = np.asarray(volume.data, np.float64)
    return volume.with_data(treated * counts * per_count, Quantity.ACTIVITY)


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


def _counts_in(structure: Structure, volume: Volume) -> float:
    return (
        0.0
        if structure.empty
        else total_in(volume, occupancy_on(structure, volume.grid))
    )
