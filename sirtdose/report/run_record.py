"""run.json: when and how results were made, and the hash of each of their files.

The only file of a result that differs from run to run.
"""

import json
import os
import platform
from collections.abc import Callable, Iterable, Mapping, Sequence
from datetime import UTC, datetime
from pathlib import Path
from typing import Any, TypeGuard

from sirtdose import __version__
from sirtdose.errors import FileFormatError
from sirtdose.io.hashing import sha256_of, state_of
from sirtdose.io.output.unfinished import finish
from sirtdose.io.place import find_by_name, find_place, place_of

RUN_RECORD = "run.json"
_SCHEMA = "sirtdose.run/1"
# Files of these kinds that a run did not write are told of.
_ENDINGS = (".json", ".csv", ".html", ".dcm", ".nii.gz", ".tfm")
_PACKAGES = ("numpy", "scipy", "pydicom", "nibabel", "SimpleITK")


def write_run_record(
    folder: Path,
    *,
    started: datetime,
    asked: Mapping[str, Any] | None,
    fingerprint: str | None,
    seen: str | None = None,
    nuclide: Mapping[str, Any] | None,
    kept_in: Path,
) -> None:
    """Write run.json beside the results that are in a folder.

    `nuclide` is that of post.json or scan.json. `seen` tells of the inputs by their
    sizes and times; those of the results are kept with it. Of what was `asked` every
    Path is told as a place, without the names of folders, seen from where the results
    will be `kept_in`.
    """
    files = [one for one in sorted(folder.iterdir()) if one.name != RUN_RECORD]
    from importlib.metadata import version

    salt = os.urandom(8).hex()
    record = {
        "schema": _SCHEMA,
        "sirtdose_version": __version__,
        "run": {
            "started_at": started.isoformat(timespec="seconds"),
            "seconds": round((datetime.now(UTC) - started).total_seconds(), 2),
            "versions": {"python": platform.python_version()}
            | {name: version(name) for name in _PACKAGES},
        },
        "salt": salt,
        "asked": _placed(asked, kept_in, salt),
        "fingerprint": fingerprint,
        "seen": seen
        and {"inputs": seen, "results": {p.name: _state(p) for p in files}},
        "nuclide": nuclide,
        "results": {path.name: sha256_of([path]) for path in files},
    }
    text = json.dumps(record, indent=1, ensure_ascii=False) + "\n"
    (folder / RUN_RECORD).write_text(text, "utf-8")


def _state(path: Path) -> str:
    return " ".join(str(one) for one in state_of(path))


def states_of(folder: Path, names: Iterable[str]) -> dict[str, str]:
    """Size and time of each of some results."""
    return {name: _state(folder / name) for name in names}


def is_as_seen(folder: Path, record: Mapping[str, Any], seen: str | None) -> bool:
    """Whether inputs and results have the sizes and times that they had: none is read.

    `seen` is what the inputs are now; the record of an older version has none.
    """
    told = record.get("seen")
    if seen is None or not isinstance(told, dict) or told.get("inputs") != seen:
        return False
    return not changed_results(
        folder, {"results": told["results"]}, lambda paths: _state(paths[0])
    )


def read_run_record(folder: Path) -> dict[str, Any]:
    """Read the run.json of a folder of results.

    Raises
    ------
    FileFormatError
        None there, or something else.
    """
    finish(folder)
    path = folder / RUN_RECORD
    try:
        record = json.loads(path.read_text("utf-8"))
    except FileNotFoundError:
        raise FileFormatError(
            f"there is no {RUN_RECORD} in {folder.name or 'this folder'}: give one "
            "that `sirtdose post` or `sirtdose batch` wrote"
        ) from None
    except OSError as error:
        raise FileFormatError(f"cannot read {RUN_RECORD}: {error.strerror}") from None
    except ValueError:
        raise FileFormatError(
            f"{RUN_RECORD} is damaged: run `sirtdose post` again"
        ) from None
    if not _is_record(record):
        raise FileFormatError(f"{RUN_RECORD} is none of sirtdose: run `sirtdose post`")
    return record


def _is_record(record: Any) -> TypeGuard[dict[str, Any]]:
    """Whether every part is of its kind: a record can be edited."""
    if not isinstance(record, dict) or record.get("schema") != _SCHEMA:
        return False
    results, asked = record.get("results"), record.get("asked")
    if not (
        isinstance(results, dict)
        and ("post.json" in results or "scan.json" in results)
        and all(isinstance(one, str) and one == Path(one).name for one in results)
        and isinstance(record.get("fingerprint"), (str, type(None)))
        and isinstance(record.get("sirtdose_version"), str)
    ):
        return False
    return asked is None or (
        isinstance(asked, dict)
        and isinstance(asked.get("options"), dict)
        and isinstance(asked.get("source"), dict)
    )


def result_names(folder: Path) -> list[str]:
    """The files that a run wrote to a folder; none where no record can be read."""
    try:
        return [RUN_RECORD, *read_run_record(folder)["results"]]
    except FileFormatError:
        return []


def changed_results(
    folder: Path,
    record: Mapping[str, Any],
    digest: Callable[[Sequence[Path]], str] = sha256_of,
) -> dict[str, str]:
    """Files of a result that are not as they were written: what is wrong by name.

    `digest` is another way to the same SHA-256, such as one that knows files already.
    """
    said = {
        path.name: "new"
        for path in sorted(folder.iterdir())
        if path.name.endswith(_ENDINGS)
        and path.name not in {RUN_RECORD, *record["results"]}
    }
    for name, written in record["results"].items():
        path = folder / name
        if not path.is_file():
            said[name] = "missing"
        elif digest([path]) != written:
            said[name] = "changed"
    return said


def asked_again(
    folder: Path, record: Mapping[str, Any], *, moved_to: Sequence[Path] = ()
) -> dict[str, Any] | None:
    """What was asked, with files where they are found now, None for those that are not.

    A file that is not where it was is looked for by its name below `moved_to`, and
    taken where only one has it. None altogether where the request is not kept.
    """
    asked = record["asked"]
    if asked is None:
        return None
    salt = str(record.get("salt"))

    def found(value: Any) -> Any:
        if isinstance(value, dict) and "reader" in value:
            here = found(value.get("file"))
            return None if here is None else f"{value['reader']}={here}"
        if isinstance(value, dict):
            place = value.get("place")
            here = find_place(place, seen_from=folder, salt=salt)
            if here is None:
                named = find_by_name(place, below=moved_to, salt=salt)
                here = named[0] if len(named) == 1 else None
            return here
        return [found(one) for one in value] if isinstance(value, list) else value

    source = asked.get("source")
    place = source.get("place") if isinstance(source, dict) else None
    return {
        "source": find_place(place, seen_from=folder, salt=salt),
        "options": {key: found(value) for key, value in asked["options"].items()},
        "site": found(asked.get("site")),
        "site_options": tuple(asked.get("site_options", ())),
    }


def _placed(value: Any, kept_in: Path, salt: str) -> Any:
    if isinstance(value, Path):
        return {"place": place_of(value, seen_from=kept_in, salt=salt)}
    if isinstance(value, Mapping):
        return {key: _placed(one, kept_in, salt) for key, one in value.items()}
    if isinstance(value, (list, tuple)):
        return [_placed(one, kept_in, salt) for one in value]
    return value
