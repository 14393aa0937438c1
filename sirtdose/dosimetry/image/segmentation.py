"""Candidates for tumors and the perfused volume on a SPECT or PET, to be looked at."""

from collections.abc import Collection, Mapping
from dataclasses import dataclass
from itertools import chain, count

import numpy as np
from numpy.typing import NDArray

from sirtdose.data.load import table
from sirtdose.dosimetry.grid.resample import placed_on
from sirtdose.dosimetry.image.local_contrast import (
    Contrast,
    adapted_to,
    background_of,
    by_watershed,
)
from sirtdose.dosimetry.image.peaks import peaks_in
from sirtdose.dosimetry.image.regions import (
    Region,
    between_means,
    maximum_of,
    region_at,
    regions,
)
from sirtdose.errors import StructureError
from sirtdose.model.accepted import CANDIDATE
from sirtdose.model.guard_rails import rail
from sirtdose.model.role import Role
from sirtdose.model.segmentation import Segmentation
from sirtdose.model.structure import Structure
from sirtdose.model.volume import Volume

_TUMORS_MAX = 20
# Neighbors of a seed to each side: 27 voxels in all.
_BESIDE = 1
# A gradient begins at the border half-way above the background.
_HALF = 0.5


@dataclass(frozen=True, eq=False)
class Candidate:
    """A structure that somebody has to look at, and the threshold that found it.

    `threshold` and `maximum` are in the image's unit; a method without has None.
    `number` is the one in its name, where there are several.
    """

    structure: Structure
    threshold: float | None
    maximum: float | None
    number: int = 1


@dataclass(frozen=True, eq=False)
class _Found:
    region: Region
    threshold: float | None
    maximum: float
    how: str


def candidates(
    volume: Volume,
    within: Structure | None,
    asked: Segmentation,
    *,
    taken: Collection[str] = (),
) -> list[Candidate]:
    """Find tumors, or the perfused volume, by a method's name.

    Parameters
    ----------
    volume : Volume
        Counts or activity per volume.
    within : Structure, optional
        Liver or perfused volume that tumors are looked for in, on the volume's grid;
        the whole image without one.
    asked : Segmentation
    taken : collection of str
        Names that structures have already.

    Returns
    -------
    list of Candidate
        The largest first, or in the order of the seeds; none under 2 mL.

    Raises
    ------
    StructureError
        Nothing is found; the message has the threshold and the maximum.
    RangeError
        A seed that is not in the image.

    Examples
    --------
    >>> from sirtdose.model.grid import Grid
    >>> from sirtdose.model.volume import Quantity
    >>> data = np.full((8, 20, 20), 10.0)
    >>> data[2:6, 5:11, 8:14] = 80.0
    >>> grid = Grid.regular(data.shape, spacing_mm=(4.0, 4.0, 4.0))
    >>> [one] = candidates(Volume(data, grid, Quantity.COUNTS), None, Segmentation())
    >>> one.structure.name, round(one.structure.volume_ml, 3), round(one.threshold, 1)
    ('Tumor 1 (candidate)', 9.216, 32.8)
    """
    inside = (
        np.ones(volume.grid.shape, bool)
        if within is None
        else placed_on(within, volume.grid) >= 0.5
    )
    if asked.method == "region-growing":
        found = _grown(volume, inside, asked, named=within)
    elif asked.find == "perfused":
        return _of_a_liver([_perfused(volume, asked, taken)])
    else:
        found = _tumors(volume, inside, asked)
        _require_tumors(found, volume, inside, named=within)
    if asked.find == "perfused":
        return _of_a_liver([_as_perfused(one, volume, taken) for one in found])
    numbers = [
        k
        for k in range(1, 1 + len(found) + len(taken))
        if f"tumor {k}" not in _folded(taken)
    ]
    return _of_a_liver(
        [
            Candidate(
                Structure(
                    f"Tumor {number} {CANDIDATE}",
                    Role.TUMOR,
                    one.region.mask,
                    volume.grid.crop(one.region.box),
                    one.how,
                ).cropped(),
                one.threshold,
                one.maximum,
                number,
            )
            for number, one in zip(numbers, found[:_TUMORS_MAX], strict=False)
        ]
    )


def _of_a_liver(found: list[Candidate]) -> list[Candidate]:
    """The candidates, unless one is larger than any liver: no threshold found it."""
    most_ml = rail("liver_ml", "high")
    for one in found:
        volume_ml = one.structure.volume_ml
        if volume_ml > most_ml:
            raise StructureError(
                f"what was found is {volume_ml:.0f} mL ({one.structure.definition}), "
                f"and no liver is larger than {most_ml:g} mL: draw it, or give another "
                "method or a higher threshold"
            )
    return found


def _folded(names: Collection[str]) -> set[str]:
    return {one.casefold().removesuffix(f" {CANDIDATE}") for one in names}


def _tumors(
    volume: Volume, inside: NDArray[np.bool_], asked: Segmentation
) -> list[_Found]:
    maximum = maximum_of(volume.data[inside])
    least_ml = table("segmentation")["least_ml"]["value"]
    least = least_ml / volume.grid.voxel_volume_ml
    if asked.method != "fixed-fraction":
        found = _by_surroundings(volume, inside, asked)
        return [one for one in found if one.region.voxels >= least]
    fraction = asked.used_fraction or 0.0
    threshold = fraction * maximum
    how = f"above {fraction:.4g} of the maximum of {maximum:.4g}"
    first = regions(inside & (volume.data >= threshold), least=least)
    if not first:
        raise StructureError(
            f"no region of at least {least_ml:g} mL is above the threshold of "
            f"{threshold:.4g} {volume.quantity.unit} (maximum {maximum:.4g}, "
            f"{asked.method}): draw the tumors, or give another threshold"
        )
    return [_Found(one, threshold, maximum, how) for one in first]


def _by_surroundings(
    volume: Volume, inside: NDArray[np.bool_], asked: Segmentation
) -> list[_Found]:
    """Each maximum that stands out, by its own surroundings; the largest first."""
    peaks = peaks_in(volume, inside)
    others = ~inside
    for one in peaks:
        others[one.core.box] |= one.core.mask
    found = []
    for one in peaks:
        own = np.zeros(volume.grid.shape, bool)
        own[one.near.box] = one.near.mask
        part = asked.used_fraction or _HALF
        adapted = adapted_to(one, volume, own, others=others, part=part)
        if adapted is None:
            continue
        border, contrast, threshold = adapted
        said = (
            f"peak {contrast.maximum:.4g}, background {contrast.background:.4g} "
            f"{volume.quantity.unit}"
        )
        if asked.method == "gradient":
            steepest = by_watershed(border, volume, own, contrast)
            if steepest is not None:
                how = f"steepest fall, {said}"
                found.append(_Found(steepest, None, contrast.maximum, how))
            continue
        how = f"above the background and {part:.4g} of the contrast, {said}"
        found.append(_Found(border, threshold, contrast.maximum, how))
    return sorted(found, key=lambda one: -one.region.voxels)


def _require_tumors(
    found: list[_Found],
    volume: Volume,
    inside: NDArray[np.bool_],
    *,
    named: Structure | None,
) -> None:
    """Something stands out, and it is not most of the liver."""
    where = "the image" if named is None else f"'{named.name}'"
    if not found:
        raise StructureError(
            f"no tumor of at least {table('segmentation')['least_ml']['value']:g} mL "
            f"stands out in {where} (maximum {maximum_of(volume.data[inside]):.4g} "
            f"{volume.quantity.unit}): draw the tumors, or try another method"
        )
    whole = table("segmentation")["most_of_region"]["value"]
    if named is not None and found[0].region.voxels > whole * np.count_nonzero(inside):
        one = found[0]
        raise StructureError(
            f"most of {where} is {one.how}, so no tumor stands out: draw the tumors, "
            "or give a higher threshold"
        )


def _perfused(volume: Volume, asked: Segmentation, taken: Collection[str]) -> Candidate:
    """The largest region above a part of the image's maximum, or between two means."""
    from scipy.ndimage import binary_fill_holes

    positive = volume.data[volume.data > 0]
    maximum = maximum_of(positive)
    if asked.method == "fixed-fraction":
        fraction = asked.used_fraction or 0.0
        threshold = fraction * maximum
        how = f"largest region above {fraction:.4g} of the maximum of {maximum:.4g}"
    else:
        threshold = between_means(positive)
        how = f"largest region above {threshold:.4g}, half-way between two means"
    found = regions(volume.data >= threshold)
    if not found:
        raise StructureError(
            f"no voxel is above the threshold of {threshold:.4g} "
            f"{volume.quantity.unit} (maximum {maximum:.4g})"
        )
    filled = Region(np.asarray(binary_fill_holes(found[0].mask), bool), found[0].box)
    if asked.method == "gradient":
        nowhere = np.zeros(volume.grid.shape, bool)
        contrast = Contrast(
            maximum_of(filled.values(volume)), background_of(filled, volume, nowhere)
        )
        border = by_watershed(
            filled, volume, np.ones(volume.grid.shape, bool), contrast
        )
        if border is not None:
            how = "steepest fall around the largest region above half-way"
            return _as_perfused(_Found(border, None, maximum, how), volume, taken)
    return _as_perfused(_Found(filled, threshold, maximum, how), volume, taken)


def _as_perfused(one: _Found, volume: Volume, taken: Collection[str]) -> Candidate:
    every = chain(("Perfused volume",), (f"Perfused volume {k}" for k in count(2)))
    name = next(one for one in every if one.casefold() not in _folded(taken))
    structure = Structure(
        f"{name} {CANDIDATE}",
        Role.PERFUSED,
        one.region.mask,
        volume.grid.crop(one.region.box),
        one.how,
    )
    return Candidate(structure.cropped(), one.threshold, one.maximum)


def _grown(
    volume: Volume,
    inside: NDArray[np.bool_],
    asked: Segmentation,
    *,
    named: Structure | None,
) -> list[_Found]:
    from sirtdose.dosimetry.image.seeds import seed_index

    fraction = asked.used_fraction or 0.0
    least_ml = table("segmentation")["least_ml"]["value"]
    found: list[_Found] = []
    before: dict[str, Region] = {}
    for seed_mm in asked.seeds_mm:
        at = seed_index(seed_mm, volume.grid, inside, named=named)
        around = tuple(slice(max(0, a - _BESIDE), a + _BESIDE + 1) for a in at)
        maximum = float(volume.data[around].max())
        threshold = fraction * maximum
        said = (
            f"the threshold of {threshold:.4g} {volume.quantity.unit} ({fraction:.4g} "
            f"of the maximum of {maximum:.4g} beside the seed)"
        )
        place = ",".join(f"{x:g}" for x in seed_mm)
        grown = region_at(inside & (volume.data >= threshold), at)
        if not threshold > 0 or grown is None:
            raise StructureError(
                f"nothing grows from the seed {place}: its voxel is not above {said}"
            )
        if grown.voxels * volume.grid.voxel_volume_ml < least_ml:
            raise StructureError(
                f"what grows from the seed {place} above {said} is under {least_ml:g} "
                "mL: give a seed inside a lesion, or a lower fraction"
            )
        _require_apart(grown, place, before, volume)
        before[place] = grown
        found.append(
            _Found(grown, threshold, maximum, f"grown from a seed above {said}")
        )
    if asked.find == "tumors":
        _require_tumors(found, volume, inside, named=named)
    return found


def _require_apart(
    grown: Region, place: str, before: Mapping[str, Region], volume: Volume
) -> None:
    """One lesion is one tumor, from however many seeds it would grow."""
    inside = np.zeros(volume.grid.shape, bool)
    inside[grown.box] = grown.mask
    for other, region in before.items():
        shared = int(np.count_nonzero(inside[region.box] & region.mask))
        if shared:
            ml = shared * volume.grid.voxel_volume_ml
            raise StructureError(
                f"what grows from the seed {place} shares {ml:.1f} mL with what grows "
                f"from the seed {other}: leave the seed {place} out if it is one "
                "lesion, or give a higher --fraction if they are two"
            )
