"""Which of a treatment's plans holds, and which is newer and approved by nobody."""

from collections.abc import Sequence
from dataclasses import dataclass

from sirtdose.model.standing import Result


@dataclass(frozen=True)
class Versions:
    """A treatment's plans: the one that holds, newer drafts, and rivals of it.

    `rivals` are approved too, and neither updates the other.
    """

    every: tuple[Result, ...] = ()
    current: Result | None = None
    newer: tuple[Result, ...] = ()
    rivals: tuple[Result, ...] = ()

    def named(self, key: str) -> Result | None:
        """The version of a hash."""
        return next((one for one in self.every if one.hash == key), None)

    def is_replaced(self, key: str) -> bool:
        """Whether the plan that holds updates the one of a hash."""
        return self.current is not None and key in self.current.updates


def versions_of(plans: Sequence[Result]) -> Versions:
    """The plans of one treatment, each content once.

    The one approved last holds; without any, the draft written last.
    """
    every = _each_once(plans)
    if not every:
        return Versions()
    replaced = {key for one in every for key in one.updates}
    approved = [one for one in every if one.approved]
    ends = [one for one in approved if one.hash not in _replaced_by(approved)]
    if not approved:
        left = [one for one in every if one.hash not in replaced] or every
        return Versions(tuple(every), max(left, key=lambda one: one.written))
    current = max(ends or approved, key=_when)
    newer = [
        one
        for one in every
        if not one.approved
        and (current.hash in one.updates or one.written > _when(current))
    ]
    rivals = tuple(one for one in ends if one is not current)
    return Versions(tuple(every), current, tuple(newer), rivals)


def _each_once(plans: Sequence[Result]) -> list[Result]:
    """Of copies the approved one, else the first."""
    found: dict[str, Result] = {}
    for one in plans:
        kept = found.setdefault(one.hash, one)
        if one.approved and not kept.approved:
            found[one.hash] = one
    return list(found.values())


def _replaced_by(plans: Sequence[Result]) -> set[str]:
    return {key for one in plans for key in one.updates}


def _when(one: Result) -> float:
    return one.approved_at.timestamp() if one.approved_at else one.written
