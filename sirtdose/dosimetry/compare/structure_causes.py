"""Which of our structures another system's number is really of."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass

from sirtdose.dosimetry.derived import union, with_role
from sirtdose.dosimetry.histogram.dvh import Dvh
from sirtdose.errors import StructureError
from sirtdose.model.role import Role
from sirtdose.model.structure import Structure

# What another structure is known by: its mean, and its volume where that is told.
MEAN_WITHIN, VOLUME_WITHIN = 0.01, 0.03
# Up to here a number is taken to be of the structure whose name it has.
_OWN_MEAN_WITHIN, _OWN_VOLUME_WITHIN = 0.03, 0.05
_BY_VOLUME = (0.05, 0.005)
_NEARER = 0.5


@dataclass(frozen=True, eq=False)
class Candidate:
    """A region made of our structures, and their dose in it."""

    structure: Structure
    dvh: Dvh

    @property
    def says(self) -> str:
        """Its name and, where it was made here, of what."""
        name, made = self.structure.name, self.structure.definition
        return f"'{name}' ({made})" if made else f"'{name}'"


@dataclass(frozen=True)
class Reported:
    """A structure as the other system reports it."""

    name: str
    mean_gy: float | None
    volume_ml: float | None = None


@dataclass(frozen=True)
class StructureCause:
    """What another system's structure is, by mean (and volume) in their own dose."""

    reported: Reported
    says: str
    before_fraction: float
    after_fraction: float


def combinations(structures: Sequence[Structure]) -> list[Structure]:
    """Regions that are taken for each other: with tumors and without, whole and part.

    Parameters
    ----------
    structures : sequence of Structure
        On one lattice of voxels.
    """
    liver, perfused, tumors = (
        _one(structures, role) for role in (Role.LIVER, Role.PERFUSED, Role.TUMOR)
    )
    made = [*structures]
    for name, whole in (("liver", liver), ("perfused volume", perfused)):
        if whole and tumors:
            made.append(_named(whole - tumors, f"{name} without its tumors"))
            made.append(_named(whole | tumors, f"{name} with its tumors"))
    if liver and perfused:
        made.append(_named(liver - perfused, "liver that is not perfused"))
        if tumors:
            made.append(
                _named(liver - perfused - tumors, "liver neither perfused nor tumor")
            )
    return [one for one in made if not one.empty]


def candidates(
    structures: Sequence[Structure], histogram: Callable[[Structure], Dvh]
) -> list[Candidate]:
    """Each region with its histogram, without those that have none."""
    found = []
    for one in combinations(structures):
        try:
            found.append(Candidate(one, histogram(one)))
        except StructureError:
            continue
    return found


def structure_cause(
    reported: Reported, own: Candidate | None, every: Sequence[Candidate]
) -> StructureCause | None:
    """What a reported number is of, where it is not of our structure of that name.

    Parameters
    ----------
    reported : Reported
        Mean by their own table or contours.
    own : Candidate or None
        Our structure of that name, with their dose in it.
    every : sequence of Candidate
        What it may be instead.

    Returns
    -------
    StructureCause or None
        None where the number is of our structure of that name.
    """
    if reported.mean_gy is None:
        return None
    before = _apart(reported, own) if own else float("inf")
    if own and _is_of(reported, own, _OWN_MEAN_WITHIN, _OWN_VOLUME_WITHIN):
        return None
    others = [one for one in every if one is not own]
    near = [one for one in others if _is_of(reported, one)]
    if not near and reported.volume_ml is not None:
        # A volume that fits closely stands for a mean that fits less.
        near = [one for one in others if _is_of(reported, one, *_BY_VOLUME)]
    # A region that fits no better than our own of that name explains nothing.
    near = [one for one in near if _apart(reported, one) < _NEARER * before]
    if not near:
        said = (
            f"their '{reported.name}' ({reported.mean_gy:.4g} Gy) matches none of our "
            "structures, nor a combination of them, in their own dose"
        )
        return StructureCause(reported, said, before, before)
    best = min(near, key=lambda one: _apart(reported, one))
    here = (
        f", not our '{own.structure.name}' of {own.dvh.mean_gy:.4g} Gy" if own else ""
    )
    said = (
        f"their '{reported.name}' ({reported.mean_gy:.4g} Gy"
        f"{_ml(reported.volume_ml)}) is our {best.says}: "
        f"{best.dvh.mean_gy:.4g} Gy{_ml(best.structure.volume_ml)} in their own dose"
        f"{here}"
    )
    return StructureCause(reported, said, before, _apart(reported, best))


def _is_of(
    reported: Reported,
    one: Candidate,
    mean_within: float = MEAN_WITHIN,
    volume_within: float = VOLUME_WITHIN,
) -> bool:
    volume = reported.volume_ml
    other = volume is not None and (
        abs(volume / one.structure.volume_ml - 1) > volume_within
    )
    return not other and _apart(reported, one) <= mean_within


def _apart(reported: Reported, one: Candidate) -> float:
    mean, theirs = one.dvh.mean_gy, reported.mean_gy or 0.0
    return abs(theirs - mean) / max(abs(mean), 1e-9)


def _one(structures: Sequence[Structure], role: Role) -> Structure | None:
    found = [one for one in with_role(structures, role) if not one.empty]
    return union(found) if found else None


def _named(structure: Structure, definition: str) -> Structure:
    return structure.renamed(definition, Role.OTHER, "")


def _ml(volume_ml: float | None) -> str:
    return "" if volume_ml is None else f", {volume_ml:.4g} mL"
