"""What a person says of lesions' names: --match and --new."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from sirtdose.errors import InputError
from sirtdose.model.history import Seen, Visit
from sirtdose.model.names import alike
from sirtdose.outcomes.history import Measured
from sirtdose.workflows.lesions.placed import Labeled
from sirtdose.workflows.lesions.request import LesionsRequest


@dataclass(frozen=True)
class Typed:
    """Matches and new lesions by visit and name; an empty visit stands for any."""

    matches: Mapping[tuple[str, str], str]
    new: frozenset[tuple[str, str]]

    def given(self, visit: Visit, seen: Sequence[Seen]) -> dict[str, str]:
        """The lesions that were typed for names of a visit."""
        return {
            one.name: lesion
            for one in seen
            for lesion in [self._lesion(visit.label, one.name)]
            if lesion is not None
        }

    def new_at(self, visit: Visit, seen: Sequence[Seen]) -> list[str]:
        """Names of a visit that are lesions of their own."""
        each = {(visit.label, ""), ("", "")}
        return [
            one.name
            for one in seen
            if any((label, one.name) in self.new for label, _ in each)
        ]

    def measured(self, name: str) -> str | None:
        """The lesion that was typed for a name of a table."""
        return self._lesion("", name)

    def is_new(self, name: str) -> bool:
        """Whether a name of a table is a lesion of its own."""
        return ("", name) in self.new

    def _lesion(self, label: str, name: str) -> str | None:
        return self.matches.get((label, name)) or self.matches.get(("", name))


def typed_of(
    request: LesionsRequest, visits: Labeled, measured: Sequence[Measured]
) -> Typed:
    """What was typed, by names as they are spelled.

    Raises
    ------
    InputError
        A name that is nowhere, or one that would be two lesions.
    """
    by_label = {
        visit.label: [one.name for one in source.seen] for visit, source in visits
    }
    tables = list(dict.fromkeys(name for one in measured for name in one.names))
    by_label[""] = list(
        dict.fromkeys([*(n for some in by_label.values() for n in some), *tables])
    )
    matches: dict[tuple[str, str], str] = {}
    for lesion, name in request.match:
        typed = f'--match "{lesion}={name}"'
        own = _spelled(lesion, by_label[""], typed)
        place = _place(name, by_label, typed)
        before = matches.setdefault(place, own)
        if before != own:
            raise InputError(
                f"{typed}: '{place[1]}' is matched with '{before}' already, but is one "
                "lesion: keep one of the two"
            )
    new = frozenset(_place(name, by_label, f'--new "{name}"') for name in request.new)
    both = sorted(set(matches) & new)
    if both:
        raise InputError(
            f"'{both[0][1]}' is given with --match and with --new: keep one of the two"
        )
    return Typed(matches, new)


def _place(
    text: str, by_label: Mapping[str, Sequence[str]], typed: str
) -> tuple[str, str]:
    """The visit and the name of "follow-up 1:A", or of "A"."""
    label, colon, name = text.partition(":")
    own = alike(label, [one for one in by_label if one])
    if colon and own:
        return own[0], _spelled(name, by_label[own[0]], typed)
    return "", _spelled(text, by_label[""], typed)


def _spelled(name: str, known: Sequence[str], typed: str) -> str:
    same = alike(name, known)
    if len(same) == 1:
        return same[0]
    what = (
        f"may be {' or '.join(same)}"
        if same
        else f"there is no lesion '{name.strip()}'"
    )
    there = ", ".join(known) or "none"
    raise InputError(f"{typed}: {what}; there are {there}")
