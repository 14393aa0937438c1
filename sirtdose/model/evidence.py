"""Whether what was found in one group of patients can be held against another."""

from collections.abc import Mapping
from dataclasses import dataclass

CONDITIONS = ("nuclide", "device", "disease", "imaging", "method")


@dataclass(frozen=True)
class Match:
    """What differs between a study and a case, and what one of them leaves open."""

    differs: tuple[str, ...]
    unstated: tuple[str, ...]

    @property
    def holds(self) -> bool:
        """Whether nothing that both state differs."""
        return not self.differs


def match(study: Mapping[str, str | None], case: Mapping[str, str | None]) -> Match:
    """Compare a study's conditions with a case's.

    Examples
    --------
    >>> found = match({"device": "glass", "imaging": "MAA"},
    ...               {"device": "glass", "imaging": "PET"})
    >>> found.differs, found.unstated
    (('imaging: MAA, here PET',), ('nuclide', 'disease', 'method'))
    """
    differs, unstated = [], []
    for key in CONDITIONS:
        theirs, ours = study.get(key), case.get(key)
        if theirs is None or ours is None:
            unstated.append(key)
        elif theirs != ours:
            differs.append(f"{key}: {theirs}, here {ours}")
    return Match(tuple(differs), tuple(unstated))
