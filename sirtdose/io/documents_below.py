"""The documents of sirtdose below a folder, found by their first words."""

import os
import re
from collections.abc import Collection, Iterator
from dataclasses import dataclass, field
from pathlib import Path

from sirtdose.io.output.unfinished import PREFIX

_HEAD_BYTES = 400
_SCHEMA = re.compile(rb'"schema"\s*:\s*"sirtdose\.([a-z_]+)')


@dataclass
class Below:
    """JSON files below a folder, and what could not be looked into.

    `closed` are folders and files with the reason; `half` are folders with a run that
    goes on, or that was killed.
    """

    root: Path
    documents: list[Path] = field(default_factory=list)
    closed: dict[Path, str] = field(default_factory=dict)
    half: list[Path] = field(default_factory=list)


def documents_below(root: Path, kinds: Collection[str]) -> Below:
    """Find the documents of some kinds, by the schema that stands at their beginning.

    A file that is called as one of them counts whatever is in it. Links to folders are
    followed, each folder once.
    """
    found, names = Below(root), {f"{one}.json" for one in kinds}
    for folder, files in _folders(root, found):
        for name in files:
            path = folder / name
            if not name.endswith(".json"):
                continue
            kind = _kind_of(path, found)
            if kind in kinds or (kind == "" and name in names):
                found.documents.append(path)
    return found


def _folders(root: Path, found: Below) -> Iterator[tuple[Path, list[str]]]:
    seen: set[tuple[int, int]] = set()

    def closed(error: OSError) -> None:
        found.closed[Path(error.filename)] = error.strerror or "cannot be opened"

    for name, folders, files in os.walk(root, onerror=closed, followlinks=True):
        folder = Path(name)
        try:
            state = folder.stat()
        except OSError as error:
            closed(error)
            folders.clear()
            continue
        key = (state.st_dev, state.st_ino)
        if key in seen:
            folders.clear()
            continue
        seen.add(key)
        found.half += [folder / one for one in folders if one.startswith(PREFIX)]
        folders[:] = sorted(one for one in folders if not one.startswith("."))
        yield folder, sorted(one for one in files if not one.startswith("."))


def _kind_of(path: Path, found: Below) -> str | None:
    """The kind of a document; empty where it says none, None where it is closed."""
    try:
        # A pipe or a socket would never end.
        if not path.is_file():
            return None
        with path.open("rb") as stream:
            said = _SCHEMA.search(stream.read(_HEAD_BYTES))
    except OSError as error:
        found.closed[path] = error.strerror or "cannot be opened"
        return None
    return said[1].decode() if said else ""
