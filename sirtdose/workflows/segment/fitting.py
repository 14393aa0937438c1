"""Whether edited contours are still their lesion, and lesions are apart."""

from collections.abc import Sequence
from itertools import combinations

from sirtdose.data.load import table
from sirtdose.dosimetry.derived import whole_voxels, with_role
from sirtdose.errors import InputError
from sirtdose.model.accepted import without_mark
from sirtdose.model.role import Role
from sirtdose.model.structure import Structure


def require_same_lesion(candidate: Structure, edited: Structure) -> float:
    """The Dice coefficient of edited contours with their candidate.

    Raises
    ------
    InputError
        They do not touch, share too little, or differ too much in volume: what a
        review showed is then no longer what is accepted.
    """
    name = without_mark(candidate.name)
    both = (candidate & edited).volume_ml
    overlap = 2 * both / (candidate.volume_ml + edited.volume_ml)
    if not overlap > 0:
        raise InputError(
            f"the edited '{name}' does not touch its candidate: it is another lesion, "
            "or lies in another place"
        )
    least = table("segmentation")["edited_dice"]["value"]
    most = table("segmentation")["edited_volume_ratio"]["value"]
    volumes = f"{candidate.volume_ml:.1f} mL as found, {edited.volume_ml:.1f} mL edited"
    instead = (
        "it is no longer what the review showed; find candidates anew, or give it as a "
        "structure that you drew, to `sirtdose post --structures`"
    )
    ratio = edited.volume_ml / candidate.volume_ml
    if not 1 / most <= ratio <= most:
        raise InputError(
            f"the edited '{name}' has {ratio:.2g} times the volume of its candidate "
            f"({volumes}; at most {most:g} times more or less): {instead}"
        )
    if overlap < least:
        raise InputError(
            f"the edited '{name}' shares too little with its candidate (Dice "
            f"{overlap:.2f}, under {least:g}; {volumes}): {instead}"
        )
    return overlap


def require_apart(accepted: Sequence[Structure]) -> None:
    """No two tumors hold the same voxels, but for their borders.

    Raises
    ------
    InputError
        Names both, and how much they share.
    """
    most = table("segmentation")["shared_part"]["value"]
    whole = [whole_voxels(one) for one in with_role(accepted, Role.TUMOR)]
    for one, other in combinations(whole, 2):
        shared = (one & other).volume_ml
        if shared > most * min(one.volume_ml, other.volume_ml):
            raise InputError(
                f"'{one.name}' and '{other.name}' share {shared:.1f} mL, which both "
                "would count: give the voxels to one of them, or accept one"
            )
