"""One density for all of a tissue, in place of what each voxel of a CT says."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace

import numpy as np

from sirtdose.dosimetry.derived import union, with_role, without
from sirtdose.dosimetry.grid.resample import occupancy_on
from sirtdose.errors import InputError, StructureError
from sirtdose.model.grid import Grid
from sirtdose.model.names import alike, named
from sirtdose.model.role import Role
from sirtdose.model.structure import Structure
from sirtdose.model.usual import LIVER_DENSITY_G_PER_ML
from sirtdose.model.volume import Volume

LIVERS = (Role.LIVER, Role.PERFUSED, Role.NORMAL_GIVEN)
# Words for all structures of a role, beside the names of structures.
_WORDS = {
    "liver": "liver",
    **dict.fromkeys(("tumor", "tumors", "tumour", "tumours"), "tumors"),
    **dict.fromkeys(("lung", "lungs"), "lungs"),
}
_ROLES = {"liver": LIVERS, "tumors": (Role.TUMOR,), "lungs": (Role.LUNGS,)}
# What a liver or a tumor can have, from severe steatosis to fibrosis. Beyond are gas,
# fat, contrast and metal.
LIGHTEST_G_PER_ML, DENSEST_G_PER_ML = 1.0, 1.15
# Noise of 30 HU leaves the median of as many 8 HU, 0.5 % of the density: as much as
# a tumor differs from its liver.
_FEWEST_VOXELS = 20
_WHOLLY = 0.99
# 2.5 standard deviations of 30 HU, a noisy CT, below fat of -100 HU; and above contrast
# in vessels, up to 350 HU. Beyond are gas, lung and streaks; coils, lipiodol and bone.
ODD_BELOW_G_PER_ML, ODD_ABOVE_G_PER_ML = 0.85, 1.25
_MOST = 0.5
# What may lie beside a region in one voxel: from air to compact bone.
_AIR_G_PER_ML, _BONE_G_PER_ML = 0.00121, 1.92


@dataclass(frozen=True, eq=False)
class Region:
    """A tissue: where it is, what the voxels say of it, and the density it is given.

    `given_g_per_ml` was typed; `g_per_ml` is None where each voxel keeps its own. The
    medians are of those `voxels` wholly inside that may be soft tissue; `odd_fraction`
    is the part of all that may not, with the extremes.
    """

    name: str
    structure: Structure
    given_g_per_ml: float | None = None
    voxels: int = 0
    median_g_per_ml: float | None = None
    median_hu: float | None = None
    odd_fraction: float = 0.0
    extremes_g_per_ml: tuple[float, float] = (0.0, 0.0)
    g_per_ml: float | None = None
    origin: str = ""

    @property
    def role(self) -> Role:
        """Of its structure."""
        return self.structure.role


def densities_by_name(
    typed: Mapping[str, float], structures: Sequence[Structure]
) -> tuple[dict[str | None, float], list[str]]:
    """What was typed, by name of structure, None for the liver; and words of nothing.

    ``liver`` is all liver tissue, ``tumors`` every tumor and ``lungs`` both lungs; a
    structure's own name outranks them.

    Raises
    ------
    InputError
        A name that is no structure's, or one that is given two densities.
    """
    names = [one.name for one in structures]
    livers = [one.name for one in with_role(structures, Role.LIVER)] or [
        one.name for one in structures if one.role in LIVERS
    ]
    of_groups: dict[str | None, float] = {}
    own: dict[str | None, float] = {}
    idle = []
    for text, value in typed.items():
        word = _WORDS.get(text.strip().casefold(), "")
        members = [one.name for one in structures if one.role in _ROLES.get(word, ())]
        if word and not members and not alike(text, names):
            idle.append(word)
            continue
        into, meant = of_groups, members
        if not members:
            said = f"--density-in names '{text}', which is not a structure here"
            into = own
            meant = [named(text, names, said, offered=[*_ROLES, *names])]
        found = [None] if (word == "liver" and members) or meant == livers else meant
        if not into.keys().isdisjoint(found):
            raise InputError(
                f"--density-in gives '{text}' two densities, perhaps by another name: "
                "give one"
            )
        into |= dict.fromkeys(found, value)
    return of_groups | own, idle


def regions_in(
    fine: Volume,
    structures: Sequence[Structure],
    typed: Mapping[str | None, float],
    *,
    ct: Volume | None,
) -> list[Region]:
    """The liver, what has a typed density, and the tumors: in this order.

    Parameters
    ----------
    fine : Volume
        Densities, g/mL, on their own voxels.
    structures : sequence of Structure
        As drawn, on any grid.
    typed : mapping
        From :func:`densities_by_name`.
    ct : Volume, optional
        The CT numbers that `fine` is made of, which then has each region's median.
        Without it, only what was typed is given a density.
    """
    placed = [
        there
        for one in structures
        if one.role in (*LIVERS, Role.TUMOR)
        or one.role.excluded_from_liver
        or one.name in typed
        for there in _placed(one, fine.grid)
    ]
    tumors = with_role(placed, Role.TUMOR)
    excluded = [one for one in placed if one.role.excluded_from_liver]
    livers = [one for one in placed if one.role in LIVERS]
    found = []
    for whole in [without(union(livers), excluded)] if livers else []:
        names = dict.fromkeys(
            one.name
            for one in with_role(livers, Role.LIVER)
            or with_role(livers, Role.PERFUSED)
            or livers
        )
        whole = replace(whole, name=", ".join(names))
        found.append(_told(whole, typed.get(None), fine, ct, but=tumors))
    liver = found[0].g_per_ml if found else None
    others = [one for one in placed if one.name in typed and one not in tumors]
    for one in (*others, *tumors):
        found.append(_told(one, typed.get(one.name), fine, ct, liver=liver))
    return found


def with_regions(fine: Volume, regions: Sequence[Region]) -> Volume:
    """The densities with each region's own in it; a later region outranks an earlier.

    A voxel that is partly in regions keeps its density, within what tissue beside
    them, from air to bone, can make of it: so mass is conserved at borders.

    Examples
    --------
    A voxel half in a liver of 1.05 g/mL and half in lung of 0.25, with 0.65, is right;
    one of 0.1 g/mL, a streak, has at least 0.525.

    >>> from sirtdose.model.volume import Quantity
    >>> grid = Grid.regular((1, 1, 3), spacing_mm=(1.0, 1.0, 1.0))
    >>> fine = Volume(np.array([[[0.1, 0.65, 0.1]]]), grid, Quantity.DENSITY)
    >>> half = Structure("Liver", Role.LIVER, np.array([[[1, 0.5, 0.5]]]), grid)
    >>> with_regions(fine, [Region("Liver", half, g_per_ml=1.05)]).data.round(3)
    array([[[1.05 , 0.65 , 0.526]]])
    """
    given = [one for one in regions if one.g_per_ml is not None]
    if not given:
        return fine
    everywhere = union([one.structure for one in given])
    part = np.zeros(everywhere.grid.shape, np.float32)
    mass = np.zeros_like(part)
    for one in given:
        box = one.structure.box_on(everywhere.grid)
        inside = one.structure.occupancy.astype(np.float32)
        before = part[box]
        # A tumor's border is the liver's, other organs lie beside it.
        whole = (
            np.maximum(before, inside)
            if one.role in (*LIVERS, Role.TUMOR)
            else np.minimum(before + inside, 1)
        )
        left = np.divide(
            whole - inside, before, out=np.zeros_like(whole), where=before > 0
        )
        mass[box] = mass[box] * left + inside * np.float32(one.g_per_ml)
        part[box] = whole
    data = fine.data.copy()
    here = everywhere.box_on(fine.grid)
    rest = 1 - part
    data[here] = np.clip(
        data[here], mass + rest * _AIR_G_PER_ML, mass + rest * _BONE_G_PER_ML
    )
    return fine.with_data(data)


def _placed(structure: Structure, grid: Grid) -> list[Structure]:
    """On a grid; none where it lies outside, of which others speak."""
    try:
        return [occupancy_on(structure, grid)]
    except StructureError:
        return []


def _told(
    structure: Structure,
    given: float | None,
    fine: Volume,
    ct: Volume | None,
    *,
    but: Sequence[Structure] = (),
    liver: float | None = None,
) -> Region:
    """The median of the voxels wholly inside, and the density it is given."""
    bare = without(structure, but)
    bare = replace(bare, occupancy=bare.occupancy >= _WHOLLY)
    values, _ = bare.values_in(fine)
    region = Region(structure.name, structure, given, len(values))
    if len(values):
        odd = (values < ODD_BELOW_G_PER_ML) | (values > ODD_ABOVE_G_PER_ML)
        # Gas, metal and streaks say nothing of the rest, unless they are most of it.
        told = ~odd if odd.mean() < _MOST else np.ones_like(odd)
        hu = None if ct is None else float(np.median(bare.values_in(ct)[0][told]))
        region = replace(
            region,
            voxels=int(told.sum()),
            median_g_per_ml=float(np.median(values[told])),
            median_hu=hu,
            odd_fraction=float(odd.mean()),
            extremes_g_per_ml=(float(values.min()), float(values.max())),
        )
    if given is not None:
        return replace(region, g_per_ml=given, origin="given")
    if ct is None:
        return region
    if region.median_g_per_ml is None or region.voxels < _FEWEST_VOXELS:
        few = f"only {region.voxels} of its voxels lie wholly inside"
        if liver is None:
            return replace(
                region, g_per_ml=LIVER_DENSITY_G_PER_ML, origin=f"the usual, {few}"
            )
        return replace(region, g_per_ml=liver, origin=f"the liver's, {few}")
    median = region.median_g_per_ml
    held = min(max(median, LIGHTEST_G_PER_ML), DENSEST_G_PER_ML)
    said = f"median of {region.voxels} voxels"
    if held != median:
        said += f", {median:.3f}, limited to {held:.2f}"
    return replace(region, g_per_ml=held, origin=said)
