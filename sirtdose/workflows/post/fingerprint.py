"""Whether inputs and options of a case are those that results were made from."""

import json
from collections.abc import Mapping
from dataclasses import fields, is_dataclass
from hashlib import sha256
from pathlib import Path
from typing import Any

from sirtdose import __version__
from sirtdose.io.hashing import sha256_of
from sirtdose.model.request import PostRequest
from sirtdose.report.batch import BATCH_FILES
from sirtdose.report.run_record import RUN_RECORD, result_names
from sirtdose.workflows.post.results import Wanted


def fingerprint(request: PostRequest, wanted: Wanted) -> str:
    """A hash of version, options and the content of every file that they name.

    Where files lie does not enter, so results stand when a folder is moved as a whole.
    Everything in the source counts, as a file more may change what is chosen; only
    results and hidden files do not.

    Raises
    ------
    OSError
        A file that cannot be read.
    """
    told = [
        __version__,
        _told(request, request.image.source),
        _told(wanted, request.image.source),
    ]
    return sha256(json.dumps(told, sort_keys=True).encode()).hexdigest()


def _told(value: Any, source: Path) -> Any:
    if isinstance(value, Path):
        inside = source / value
        return _content(value if value.exists() or not inside.exists() else inside)
    if isinstance(value, bytes):
        return sha256(value).hexdigest()
    if is_dataclass(value) and not isinstance(value, type):
        return {
            one.name: _told(getattr(value, one.name), source) for one in fields(value)
        }
    if isinstance(value, Mapping):
        return {str(key): _told(one, source) for key, one in value.items()}
    if isinstance(value, (list, tuple)):
        return [_told(one, source) for one in value]
    plain = value is None or isinstance(value, (bool, int, float))
    return value if plain else str(value)


def _content(path: Path) -> Any:
    """The digest of a file, or of every file of a folder by its name in there."""
    if not path.is_dir():
        return sha256_of([path]) if path.is_file() else f"no file: {path.name}"
    results = _results_below(path)
    found = sorted(one for one in path.rglob("*") if one.is_file())
    return [
        [one.relative_to(path).as_posix(), sha256_of([one])]
        for one in found
        if one not in results
        and not any(part.startswith(".") for part in one.relative_to(path).parts)
    ]


def _results_below(path: Path) -> set[Path]:
    """The files of results and batches that lie in a folder."""
    found = {
        batch.with_name(name)
        for batch in path.rglob("batch.json")
        for name in BATCH_FILES
    }
    for record in path.rglob(RUN_RECORD):
        found.update(record.with_name(name) for name in result_names(record.parent))
    return found
