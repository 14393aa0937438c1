"""What was found in a folder, and what would be used of it."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path

from sirtdose.io.choose import Choice
from sirtdose.io.found import Found
from sirtdose.model.structure import Structure


@dataclass(frozen=True)
class Inspection:
    """What is in a folder, what would be used, or why nothing can be chosen.

    `unusable` says what of it cannot be read, `structures` what those chosen hold,
    `unused` names the files that are not used, by the reason why, and `noticed` what
    the images' headers say that should be known before they are used.
    `root` is where the items' paths begin; of a zip it is gone.
    """

    root: Path
    found: tuple[Found, ...]
    choice: Choice | None = None
    problem: str = ""
    unusable: tuple[str, ...] = ()
    structures: tuple[Structure, ...] = ()
    unused: Mapping[str, Sequence[str]] = field(default_factory=dict)
    noticed: tuple[str, ...] = ()
