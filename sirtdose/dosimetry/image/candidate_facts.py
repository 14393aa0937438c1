"""Where a candidate lies, and what the image shows in it."""

from collections.abc import Sequence
from dataclasses import dataclass

from sirtdose.dosimetry.derived import centroid_mm, union, with_role
from sirtdose.errors import StructureError
from sirtdose.model.role import Role
from sirtdose.model.structure import Structure
from sirtdose.model.volume import Volume

# A structure that holds at least so much of a candidate says where it is.
_HOLDS = 0.5


@dataclass(frozen=True)
class Place:
    """Center in mm, x, y, z (LPS); its side of the liver's center; what holds it.

    `side` is ``right`` or ``left`` of the patient, empty where no liver is drawn.
    """

    center_mm: tuple[float, float, float]
    side: str
    within: tuple[str, ...]


@dataclass(frozen=True)
class UptakeIn:
    """Mean and maximum in the image's unit, and the part of all that the image holds.

    `part` is None where the image's total is not above 0.
    """

    mean: float
    maximum: float
    part: float | None


def place_of(one: Structure, drawn: Sequence[Structure]) -> Place:
    """Where a candidate lies among drawn structures, all on one lattice of voxels.

    Examples
    --------
    >>> import numpy as np
    >>> from sirtdose.model.grid import Grid
    >>> grid = Grid.regular((1, 1, 6), spacing_mm=(10.0, 10.0, 10.0))
    >>> def mask(name, *inside):
    ...     return Structure.named(name, np.array([[inside]], bool), grid)
    >>> drawn = [mask("Liver", 1, 1, 1, 1, 1, 1), mask("S8", 1, 1, 1, 0, 0, 0)]
    >>> found = place_of(mask("Tumor 1", 1, 1, 0, 0, 0, 0), drawn)
    >>> found.center_mm, found.side, found.within
    ((5.0, 0.0, 0.0), 'right', ('Liver', 'S8'))
    """
    center = centroid_mm(one)
    livers = with_role(drawn, Role.LIVER)
    side = ""
    if livers:
        # The patient's left is where x grows.
        side = "left" if center[0] > centroid_mm(union(livers))[0] else "right"
    holding = [
        other.name
        for other in drawn
        if (one & other).volume_ml >= _HOLDS * one.volume_ml
    ]
    return Place(center, side, tuple(holding))


def uptake_in(one: Structure, image: Volume) -> UptakeIn:
    """What the image shows in a structure on its grid, partial voxels by their part.

    Raises
    ------
    StructureError
        No part of it lies in the image.

    Examples
    --------
    >>> import numpy as np
    >>> from sirtdose.model.grid import Grid
    >>> from sirtdose.model.volume import Quantity
    >>> grid = Grid.regular((1, 1, 3), spacing_mm=(10.0, 10.0, 10.0))
    >>> image = Volume(np.array([[[2.0, 6.0, 8.0]]]), grid, Quantity.COUNTS)
    >>> mask = Structure.named("T", np.array([[[0, 1, 1]]], bool), grid)
    >>> uptake_in(mask, image)
    UptakeIn(mean=7.0, maximum=8.0, part=0.875)
    """
    values, parts = one.values_in(image)
    if not values.size:
        raise StructureError(f"structure '{one.name}' has no voxel in the image")
    total = image.total()
    inside = float((values * parts).sum())
    return UptakeIn(
        inside / float(parts.sum()),
        float(values.max()),
        inside / total if total > 0 else None,
    )
