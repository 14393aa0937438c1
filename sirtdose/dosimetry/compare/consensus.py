"""What several readers agree on: by majority, and by STAPLE."""

from collections.abc import Sequence
from dataclasses import replace

import numpy as np
from numpy.typing import NDArray

from sirtdose.dosimetry.derived import union
from sirtdose.model.grid import Grid, box_at
from sirtdose.model.structure import Structure

# STAPLE's answer hangs on who drew a voxel alone: so many tell each reader's quality.
_VOXELS = 2_000_000


def majority(drawn: Sequence[Structure]) -> Structure:
    """Every voxel that more than half of the readers drew.

    One that exactly half of them drew is half inside: of two readers the consensus has
    their mean volume.

    Parameters
    ----------
    drawn : sequence of Structure
        One structure by each reader, on one lattice.

    Examples
    --------
    >>> grid = Grid.regular((1, 1, 4), spacing_mm=(10.0, 10.0, 10.0))
    >>> one, two, three = (
    ...     Structure.named("T", np.array([[row]], bool), grid)
    ...     for row in ([1, 1, 0, 0], [0, 1, 1, 0], [0, 1, 1, 1]))
    >>> majority([one, two, three]).volume_ml, majority([one, two]).volume_ml
    (2.0, 2.0)
    """
    box, inside = _stacked(drawn)
    votes = np.zeros(box.shape, np.uint8)
    for one in inside:
        votes += one
    whole = 2 * votes > len(drawn)
    half = 2 * votes == len(drawn)
    occupancy = whole + np.float32(0.5) * half if half.any() else whole
    return replace(drawn[0], occupancy=occupancy, grid=box).cropped()


def staple(drawn: Sequence[Structure]) -> Structure:
    """The voxels that are probably inside, by readers weighted by their own agreement.

    Parameters
    ----------
    drawn : sequence of Structure
        One structure by each reader, on one lattice.

    Notes
    -----
    SimpleITK's filter on the box around all of them, with a margin of a voxel; of a
    large structure on every so many voxels. Its probability hangs on which readers drew
    a voxel and on nothing else, so that it is known for all of them.

    References
    ----------
    Warfield et al., IEEE Trans Med Imaging 2004;23:903.
    """
    import SimpleITK

    box, inside = _stacked(drawn)
    step = int(np.ceil((np.prod(box.shape) / _VOXELS) ** (1 / 3)))
    few = [
        np.ascontiguousarray(np.pad(one, 1)[::step, ::step, ::step]) for one in inside
    ]
    images = [SimpleITK.GetImageFromArray(one.astype(np.uint8)) for one in few]
    probable = SimpleITK.GetArrayFromImage(SimpleITK.STAPLE(images, 1.0))
    # Who drew a voxel, as a bit each.
    seen, all_of = _patterns(few), _patterns(inside)
    known = np.bincount(seen.ravel(), minlength=256)
    summed = np.bincount(seen.ravel(), np.ravel(probable), minlength=256)
    votes = np.array([2 * one.bit_count() > len(drawn) for one in range(256)])
    is_in = np.where(known > 0, summed >= 0.5 * known, votes)
    is_in[0] = False
    return replace(drawn[0], occupancy=is_in[all_of], grid=box).cropped()


def _patterns(inside: Sequence[NDArray[np.bool_]]) -> NDArray[np.uint8]:
    found = np.zeros(inside[0].shape, np.uint8)
    for bit, one in enumerate(inside):
        found |= one.astype(np.uint8) << bit
    return found


def _stacked(
    drawn: Sequence[Structure],
) -> tuple[Grid, list[NDArray[np.bool_]]]:
    """The box around all, and whether each voxel is half inside or more."""
    masks = [replace(one, occupancy=one.occupancy >= 0.5) for one in drawn]
    box = union(masks).grid
    inside = []
    for one in masks:
        held = one.cropped()
        whole = np.zeros(box.shape, bool)
        offset = held.grid.offset_in(box)
        if offset is not None and not held.empty:
            whole[box_at(offset, held.grid.shape)] = held.occupancy
        inside.append(whole)
    return box, inside
