"""What a person gives to follow lesions through time."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import date
from pathlib import Path

from sirtdose.errors import InputError
from sirtdose.model.acceptance import Acceptance
from sirtdose.model.history import Source, Visit
from sirtdose.model.names import named
from sirtdose.model.role import Role


@dataclass(frozen=True)
class LesionsRequest:
    """Files by what they are, and what a person says of them.

    Parameters
    ----------
    results : tuple of Path
        Folders with plan.json or post.json, in the order of time.
    follow_ups : tuple of (date or None, Path)
        Structure files; without a date they have to state their own.
    measurements : mapping of str to Path
        Tables of `sirtdose response` by their criteria.
    structures, registrations : mapping of str to Path
        By visits, such as "plan" or "follow-up 1".
    match : tuple of (str, str)
        A lesion, and its name elsewhere, which a visit and a colon may precede.
    new : tuple of str
        Names that are lesions of their own.
    """

    results: tuple[Path, ...]
    follow_ups: tuple[tuple[date | None, Path], ...] = ()
    measurements: Mapping[str, Path] = field(default_factory=dict)
    structures: Mapping[str, Path] = field(default_factory=dict)
    registrations: Mapping[str, Path] = field(default_factory=dict)
    match: tuple[tuple[str, str], ...] = ()
    new: tuple[str, ...] = ()
    roles: Mapping[str, Role] = field(default_factory=dict)
    case_label: str | None = None
    deidentify: bool = False
    acceptances: tuple[Acceptance, ...] = ()


def labeled(sources: tuple[Source, ...]) -> list[tuple[Visit, Source]]:
    """Sources with what they are called: numbered where there are several of a kind.

    >>> kinds = ("plan", "treatment", "treatment")
    >>> sources = tuple(Source(kind, None, (), "file") for kind in kinds)
    >>> [visit.label for visit, _ in labeled(sources)]
    ['plan', 'treatment 1', 'treatment 2']
    """
    kinds = [one.kind for one in sources]
    found, count = [], dict.fromkeys(kinds, 0)
    for one in sources:
        count[one.kind] += 1
        alone = kinds.count(one.kind) == 1 and one.kind != "follow-up"
        label = one.kind if alone else f"{one.kind} {count[one.kind]}"
        found.append((Visit(label, one.kind, one.day), one))
    return found


def by_visit(
    typed: Mapping[str, Path], visits: list[Visit], option: str
) -> dict[str, Path]:
    """What was given for visits by their labels, or by their dates.

    Raises
    ------
    InputError
        Names no visit: lists those there are.
    """
    labels = {one.label: one.label for one in visits}
    labels |= {str(one.day): one.label for one in visits if one.kind == "follow-up"}
    known = [one.label for one in visits]
    found: dict[str, Path] = {}
    for text, path in typed.items():
        said = f"{option} '{text}={path.name}' names no visit"
        label = labels[named(text, labels, said, offered=known)]
        if label in found:
            raise InputError(f"{option} is given twice for {label}: give it once")
        found[label] = path
    return found
