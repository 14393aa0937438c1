"""Where a file lies, told so that only who has the folders can find it again.

Folders are often named after patients. A place is the way to a file with a digest in
place of every name: whoever stands where it began, and sees the same folders, can walk
it; whoever has the place alone reads no name.
"""

import hmac
import os
from collections.abc import Sequence
from hashlib import sha256
from pathlib import Path
from typing import Any

_DIGITS = 24
_UP = ".."


def place_of(path: Path, *, seen_from: Path, salt: str) -> dict[str, Any]:
    """The way to a file, from a folder and from the root.

    Parameters
    ----------
    path : Path
    seen_from : Path
        The folder that the place will be kept in.
    salt : str
        Of one record: the same name has another digest in the next.
    """
    whole = _whole(path)
    try:
        relative = Path(os.path.relpath(whole, _whole(seen_from))).parts
    except ValueError:
        # Another drive.
        relative = ()
    return {
        "from_here": [_step(name, salt) for name in relative],
        "root": whole.anchor,
        "from_root": [_step(name, salt) for name in whole.parts[1:]],
    }


def find_place(place: Any, *, seen_from: Path, salt: str) -> Path | None:
    """The file that a place leads to; None where the way ends.

    What was moved together with the folder is found first.
    """
    if not isinstance(place, dict):
        return None
    for start, steps in (
        (_whole(seen_from), place.get("from_here")),
        (Path(str(place.get("root"))), place.get("from_root")),
    ):
        if isinstance(steps, list) and steps:
            found = _walked(start, steps, salt)
            if found is not None:
                return found
    return None


def find_by_name(place: Any, *, below: Sequence[Path], salt: str) -> list[Path]:
    """Files or folders of a place's own name, wherever they lie below some folders."""
    steps = place.get("from_root") if isinstance(place, dict) else None
    if not isinstance(steps, list) or not steps:
        return []
    found = {
        one
        for folder in below
        for one in (folder, *sorted(folder.rglob("*")))
        if _step(one.name, salt) == steps[-1]
    }
    return sorted(found)


def _whole(path: Path) -> Path:
    """From the root, without a way back; links stay what they are."""
    return Path(os.path.normpath(path.absolute()))


def _step(name: str, salt: str) -> str:
    told = hmac.new(salt.encode(), name.encode(), sha256).hexdigest()[:_DIGITS]
    return name if name in (_UP, ".") else told


def _walked(start: Path, steps: Sequence[Any], salt: str) -> Path | None:
    at = start
    for step in steps:
        if step == _UP:
            at = at.parent
        elif step != ".":
            try:
                at = next(
                    x for x in sorted(at.iterdir()) if _step(x.name, salt) == step
                )
            except (OSError, StopIteration):
                return None
    return at
