"""Structures the program always builds itself, by one rule, and where they lie.

``normal_whole = liver - tumors - excluded`` and ``normal_perfused = perfused -
tumors - excluded``, excluded being every gallbladder, vessel or other organ:
whether a liver was drawn with or without its tumors no longer matters.
"""

from collections.abc import Iterable, Sequence
from dataclasses import replace
from functools import reduce
from operator import or_

import numpy as np

from sirtdose.model.grid import three
from sirtdose.model.role import Role
from sirtdose.model.structure import Structure

_DERIVED = (
    (Role.LIVER, Role.NORMAL_WHOLE, "liver - tumors - excluded"),
    (Role.PERFUSED, Role.NORMAL_PERFUSED, "perfused - tumors - excluded"),
)


def with_role(structures: Sequence[Structure], role: Role) -> list[Structure]:
    """The structures of one role, in their order."""
    return [structure for structure in structures if structure.role is role]


def union(structures: Sequence[Structure]) -> Structure:
    """Everything inside any of the structures."""
    return reduce(or_, structures)


def without(structure: Structure, others: Iterable[Structure]) -> Structure:
    """What of a structure lies in none of the others."""
    held = list(others)
    return structure.without(held) if held else structure


def whole_voxels(structure: Structure) -> Structure:
    """The voxels of which more than half lies inside: neighbors share none of these.

    >>> from sirtdose.model.grid import Grid
    >>> grid = Grid.regular((1, 1, 2), spacing_mm=(10.0, 10.0, 10.0))
    >>> parts = np.array([[[0.5, 0.9]]], np.float32)
    >>> whole_voxels(Structure("T", Role.TUMOR, parts, grid)).volume_ml
    1.0
    """
    return replace(structure, occupancy=structure.occupancy > 0.5)


def treated_ml(
    structures: Sequence[Structure], perfused: Sequence[str] = ()
) -> tuple[float, float] | None:
    """How much of the liver is perfused, and the whole liver; None if one is not drawn.

    Parameters
    ----------
    structures : sequence of Structure
        On one lattice of voxels.
    perfused : sequence of str
        The volumes that were injected into; all that are drawn, where none is named.

    Examples
    --------
    >>> import numpy as np
    >>> from sirtdose.model.grid import Grid
    >>> grid = Grid.regular((1, 1, 4), spacing_mm=(10.0, 10.0, 10.0))
    >>> liver = Structure.named("Liver", np.array([[[1, 1, 1, 0]]], bool), grid)
    >>> lobe = Structure.named("Perfused", np.array([[[0, 0, 1, 1]]], bool), grid)
    >>> treated_ml([liver, lobe]), treated_ml([liver])
    ((1.0, 3.0), None)
    """
    livers = with_role(structures, Role.LIVER)
    volumes = [
        one
        for one in with_role(structures, Role.PERFUSED)
        if not perfused or one.name in perfused
    ]
    if not livers or not volumes:
        return None
    liver = union(livers)
    return liver.volume_ml - without(liver, volumes).volume_ml, liver.volume_ml


def derived_structures(structures: Sequence[Structure]) -> list[Structure]:
    """Normal liver, whole and perfused, where liver or perfused volume is drawn.

    Parameters
    ----------
    structures : sequence of Structure
        On one lattice of voxels, none empty.

    Returns
    -------
    list of Structure
        Without one that would be empty.

    Examples
    --------
    >>> import numpy as np
    >>> from sirtdose.model.grid import Grid
    >>> grid = Grid.regular((1, 1, 4), spacing_mm=(10.0, 10.0, 10.0))
    >>> liver = Structure.named("Liver", np.array([[[1, 1, 1, 0]]], bool), grid)
    >>> tumor = Structure.named("Tumor", np.array([[[0, 0, 1, 1]]], bool), grid)
    >>> [normal] = derived_structures([liver, tumor])
    >>> normal.name, normal.volume_ml
    ('normal_whole', 2.0)
    """
    taken = [
        structure
        for structure in structures
        if structure.role is Role.TUMOR or structure.role.excluded_from_liver
    ]
    derived = []
    for source, role, definition in _DERIVED:
        whole = with_role(structures, source)
        if not whole:
            continue
        normal = without(union(whole), taken)
        if not normal.empty:
            derived.append(normal.renamed(str(role), role, definition))
    return derived


def tumors_together(
    structures: Sequence[Structure], *, of_one: bool = False
) -> Structure | None:
    """All tumors of the liver as one, each voxel once; None of fewer than two.

    Parameters
    ----------
    structures : sequence of Structure
        On one lattice of voxels.
    of_one : bool
        Of a single tumor too, beside contours that have several.

    Examples
    --------
    >>> from sirtdose.model.grid import Grid
    >>> grid = Grid.regular((1, 1, 4), spacing_mm=(10.0, 10.0, 10.0))
    >>> one, two = (Structure.named(name, np.array([[row]], bool), grid)
    ...     for name, row in (("Tumor 1", [1, 1, 0, 0]), ("Tumor 2", [0, 1, 1, 0])))
    >>> tumors_together([one, two]).volume_ml, tumors_together([one])
    (3.0, None)
    >>> tumors_together([one], of_one=True).volume_ml
    2.0
    >>> half = np.full((1, 1, 4), 0.5, np.float32)
    >>> halves = [Structure(name, Role.TUMOR, half, grid) for name in ("a", "b")]
    >>> tumors_together(halves).volume_ml
    4.0
    """
    tumors = with_role(structures, Role.TUMOR)
    if len(tumors) < (1 if of_one else 2):
        return None
    role, every = Role.ALL_TUMORS, union(tumors)
    # Parts of a voxel add up, as they are taken from the normal liver.
    whole = replace(every, occupancy=np.ones_like(every.occupancy))
    together = whole - without(whole, tumors)
    return together.renamed(str(role), role, "tumors, each voxel once")


def with_parts_beside(structures: Sequence[Structure]) -> list[Structure]:
    """The structures in their order, but each part of a tumor behind its lesion."""
    parts = with_role(structures, Role.TUMOR_PART)
    lesions = {one.name.strip().casefold() for one in structures if one.role.is_tumor}

    def of(part: Structure) -> str:
        return part.name.rpartition("/")[0].strip().casefold()

    found = []
    for one in structures:
        if one.role is not Role.TUMOR_PART or of(one) not in lesions:
            found.append(one)
        if one.role.is_tumor:
            own = one.name.strip().casefold()
            found += [part for part in parts if of(part) == own]
    return found


def centroid_mm(structure: Structure) -> tuple[float, float, float]:
    """Center of a structure's volume: x, y, z (LPS).

    Examples
    --------
    >>> from sirtdose.model.grid import Grid
    >>> grid = Grid.regular((1, 1, 4), spacing_mm=(2.0, 2.0, 2.0))
    >>> mask = Structure.named("T", np.array([[[0, 1, 1, 0]]], bool), grid)
    >>> centroid_mm(mask)
    (3.0, 0.0, 0.0)
    """
    # Axis by axis: a list of a whole lung's voxels would take hundreds of MB.
    by_slice = structure.occupancy.sum(axis=(1, 2), dtype=np.float64)
    plane = structure.occupancy.sum(axis=0, dtype=np.float64)
    sums = (by_slice, plane.sum(axis=1), plane.sum(axis=0))
    center = [(np.arange(one.size) * one).sum() / one.sum() for one in sums]
    return three(structure.grid.world_mm(center).tolist())


def from_liver_mm(structures: Sequence[Structure]) -> dict[str, list[float]]:
    """Each tumor's center less the liver's, by name; empty without a liver."""
    livers = with_role(structures, Role.LIVER)
    if not livers:
        return {}
    # With its tumors, however it was drawn.
    tumors = with_role(structures, Role.TUMOR)
    origin = np.array(centroid_mm(union([*livers, *tumors])))
    return {
        tumor.name: (np.array(centroid_mm(tumor)) - origin).round(2).tolist()
        for tumor in tumors
    }
