"""Which lesion of a visit is which one known: by name, overlap or place."""

from collections.abc import Collection, Mapping, Sequence
from dataclasses import replace

import numpy as np
from numpy.typing import NDArray

from sirtdose.data.load import table
from sirtdose.dosimetry.grid.resample import occupancy_on
from sirtdose.errors import InputError, StructureError
from sirtdose.model.history import Likeness, Match, MatchedBy, Seen
from sirtdose.model.names import alike
from sirtdose.model.structure import Structure

_RULES = {
    key: one.get("min", one.get("max")) for key, one in table("lesion_match").items()
}


def likeness(one: Structure, other: Structure) -> Likeness | None:
    """How two contours lie to each other; None in different frames of reference.

    Examples
    --------
    >>> from sirtdose.model.grid import Grid
    >>> grid = Grid.regular((1, 1, 4), spacing_mm=(1.0, 1.0, 2.0),
    ...                     frame_of_reference_uid="1.2")
    >>> a = Structure.named("A", np.array([[[1, 1, 0, 0]]], bool), grid)
    >>> b = Structure.named("B", np.array([[[0, 1, 0, 0]]], bool), grid)
    >>> found = likeness(a, b)
    >>> round(found.dice, 3), found.part, found.apart_mm
    (0.667, 1.0, 1.0)
    """
    if not one.grid.shares_frame(other.grid):
        return None
    one, other = one.cropped(), other.cropped()
    both_ml = _shared_ml(one, other)
    volumes = one.volume_ml, other.volume_ml
    frames = one.grid.frame_of_reference_uid, other.grid.frame_of_reference_uid
    return Likeness(
        dice=2 * both_ml / sum(volumes),
        part=min(both_ml / min(volumes), 1.0),
        apart_mm=float(np.linalg.norm(center_mm(one) - center_mm(other))),
        assumed=None in frames,
    )


def _shared_ml(one: Structure, other: Structure) -> float:
    """Volume of both, on the voxels of the finer."""
    fine, coarse = sorted((one, other), key=lambda it: it.grid.voxel_volume_ml)
    try:
        placed = occupancy_on(coarse, fine.grid)
    except StructureError:
        # Outside of the box that holds it.
        return 0.0
    return (fine & placed).volume_ml


def center_mm(structure: Structure) -> NDArray[np.float64]:
    """Center of a structure's volume, (x, y, z) in mm.

    Examples
    --------
    >>> from sirtdose.model.grid import Grid
    >>> grid = Grid.regular((1, 1, 3), spacing_mm=(1.0, 1.0, 2.0))
    >>> one = Structure.named("T", np.array([[[1, 0, 1]]], bool), grid)
    >>> center_mm(one).tolist()
    [2.0, 0.0, 0.0]
    """
    shadow = structure.occupancy.sum(axis=0, dtype=float)
    sums = (
        structure.occupancy.sum(axis=(1, 2), dtype=float),
        shadow.sum(axis=1),
        shadow.sum(axis=0),
    )
    index = [float(s @ np.arange(s.size) / s.sum()) for s in sums]
    return structure.grid.world_mm(np.array(index))


def matched(
    known: Mapping[str, Sequence[Structure]],
    seen: Sequence[Seen],
    *,
    given: Mapping[str, str],
    new: Collection[str] = (),
) -> list[Match]:
    """Match what a visit sees with lesions that are known.

    Names come first, then overlap, then place. A name says nothing of place: where both
    can be compared and disagree, that is a doubt.

    Parameters
    ----------
    known : mapping
        Contours of each lesion at earlier visits, the latest first; none where there
        are none.
    seen : sequence of Seen
    given : mapping of str to str
        What a person says: the lesion by the name at this visit.
    new : collection of str
        Names that a person says are of no lesion that is known.

    Raises
    ------
    InputError
        Two names of the visit that would be one lesion.
    """
    names = [one.name for one in seen]
    found: dict[str, Match] = {name: Match(name, name, "new") for name in new}
    said = {*new, *given}
    found |= {name: Match(lesion, name, "match") for name, lesion in given.items()}
    taken = {one.lesion for one in found.values() if one.by != "new"}
    for name in (one for one in names if one not in found):
        same = alike(name, known)
        if len(same) == 1 and same[0] in taken:
            _require_apart([*found.values(), Match(same[0], name, "name")])
        if len(same) == 1:
            found[name] = Match(same[0], name, "name")
            taken.add(same[0])
    pairs = _pairs(known, seen)
    for name, lesion in _by_place(
        {
            pair: one
            for pair, one in pairs.items()
            if pair[0] not in found and pair[1] not in taken
        }
    ):
        by: MatchedBy = "overlap" if pairs[name, lesion].dice > 0 else "place"
        found[name] = Match(lesion, name, by)
    for name in names:
        found.setdefault(name, Match(name, name, "new"))
    # What is new and has the name of a known lesion will be given another.
    _require_apart(
        [it for it in found.values() if it.by != "new" or it.name not in known]
    )
    lesions = {match.lesion: name for name, match in found.items()}
    judged = (_judged(found[name], pairs, lesions, said=name in said) for name in names)
    unseen = [one for one in known if one not in lesions]
    return [
        it if it.name in said else _unplaced(it, structure, known, unseen)
        for it, structure in zip(judged, (one.structure for one in seen), strict=True)
    ]


def _require_apart(matches: Collection[Match]) -> None:
    by_lesion: dict[str, str] = {}
    for one in (it for it in matches if it.by != "new" or it.lesion in by_lesion):
        other = by_lesion.setdefault(one.lesion, one.name)
        if other != one.name:
            raise InputError(
                f"'{one.lesion}' would be both '{other}' and '{one.name}' of one "
                "visit, but a lesion is one: say of each with --match which lesion it "
                "is, or with --new that it is another"
            )


def _pairs(
    known: Mapping[str, Sequence[Structure]], seen: Sequence[Seen]
) -> dict[tuple[str, str], Likeness]:
    """How each name lies to each lesion, by the latest contours that can be compared.

    Those in a frame of reference that is known go before those where it is assumed.
    """
    found = {}
    for one in seen:
        if one.structure is None or one.structure.empty:
            continue
        for lesion, contours in known.items():
            each = [likeness(one.structure, c) for c in contours if not c.empty]
            some = [it for it in each if it is not None]
            best = next((it for it in some if not it.assumed), None)
            best = best or next(iter(some), None)
            if best is not None:
                found[one.name, lesion] = best
    return found


def _by_place(pairs: Mapping[tuple[str, str], Likeness]) -> list[tuple[str, str]]:
    """Names and lesions that go together: those that share most first."""
    near = [
        (-one.part - one.dice, one.apart_mm, *pair)
        for pair, one in pairs.items()
        if one.dice > 0 or one.apart_mm <= _RULES["apart_mm"]
    ]
    found: dict[str, str] = {}
    for _, _, name, lesion in sorted(near):
        if name not in found and lesion not in found.values():
            found[name] = lesion
    return list(found.items())


def _judged(
    match: Match,
    pairs: Mapping[tuple[str, str], Likeness],
    lesions: Mapping[str, str],
    *,
    said: bool,
) -> Match:
    """A match with how its contours lie, and whether that leaves a doubt.

    None where a person `said` it.
    """
    own = pairs.get((match.name, match.lesion))
    others = {
        lesion: one
        for (name, lesion), one in pairs.items()
        if name == match.name and lesion != match.lesion and one.dice > 0
    }
    match = replace(match, likeness=own)
    if said:
        return match
    other = max(others, key=lambda one: others[one].part, default="")
    if other and others[other].part <= _RULES["other_part"]:
        other = ""
    if match.by == "new" and other:
        taken = lesions.get(other)
        doubt = f"it lies on '{other}' ({others[other].words}), which is '{taken}'"
        return replace(match, doubt=doubt)
    if match.by == "new" or own is None:
        return match
    doubt = _doubt(match, own, other, others.get(other))
    if not doubt:
        return match
    # What lies on another lesion is rather that one.
    first = other and others[other].dice > own.dice
    likely = (other, match.lesion) if first else (match.lesion, other)
    return replace(match, doubt=doubt, likely=tuple(one for one in likely if one))


def _doubt(match: Match, own: Likeness, other: str, rival: Likeness | None) -> str:
    if match.by == "name":
        return _doubt_of_name(own, other, rival)
    if match.by == "place":
        return f"nothing but its place is alike: {own.words}"
    if own.assumed:
        return f"{own.words}, where a frame of reference is not stated"
    if not _fits(own):
        return f"they share little: {own.words}"
    if rival is not None:
        return f"it lies on '{other}' as well ({rival.words}), on this by {own.words}"
    return ""


def _doubt_of_name(own: Likeness, other: str, rival: Likeness | None) -> str:
    """Where contours disagree with a name; unstated frames tell nothing."""
    if own.assumed:
        return ""
    if rival is not None and rival.dice > own.dice:
        return f"of one name, but it lies on '{other}' ({rival.words}): {own.words}"
    if not _fits(own):
        return f"of one name, but {own.words}"
    return ""


def _unplaced(
    match: Match,
    drawn: Structure | None,
    known: Mapping[str, Sequence[Structure]],
    unseen: Sequence[str],
) -> Match:
    """A match of which place tells nothing, as frames of reference differ or may.

    What has a name of its own may then be any lesion that is `unseen` here.
    """
    if drawn is None or drawn.empty or match.doubt:
        return match
    if match.by == "new":
        apart = tuple(one for one in unseen if _apart(drawn, known[one]))
        return replace(match, unplaced=apart)
    own = match.likeness
    unknown = own is not None and own.assumed and not _fits(own)
    if match.by == "name" and (unknown or _apart(drawn, known[match.lesion])):
        return replace(match, unplaced=(match.lesion,))
    return match


def _apart(drawn: Structure, contours: Sequence[Structure]) -> bool:
    """Whether there are contours, and none of them in a frame that is shared."""
    there = [one for one in contours if not one.empty]
    return bool(there) and not any(drawn.grid.shares_frame(it.grid) for it in there)


def _fits(own: Likeness) -> bool:
    return bool(own.dice >= _RULES["dice"] or own.part >= _RULES["part"])
