"""Read the documents of a folder, each as far as it tells of its step."""

import json
from collections.abc import Callable
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

from sirtdose.errors import InputError, SirtdoseError
from sirtdose.io.documents_below import documents_below
from sirtdose.io.hashing import Hashes
from sirtdose.model.bounds import printable
from sirtdose.model.field import Field
from sirtdose.model.progress import counted
from sirtdose.model.standing import Result, Unread
from sirtdose.report.plan.hash import plan_of_text, require_unchanged
from sirtdose.report.run_record import (
    RUN_RECORD,
    asked_again,
    changed_results,
    read_run_record,
)
from sirtdose.workflows.status import facts
from sirtdose.workflows.status.runs import cases_of, failures_of

_FACTS: dict[str, Callable[[Field], dict[str, Any]]] = {
    "plan": facts.of_plan,
    "order": facts.of_order,
    "vial": facts.of_vial,
    "post": facts.of_post,
    "scan": facts.of_post,
    "lsf": facts.of_shunt,
    "lesions": facts.of_lesions,
    "suv": facts.of_uptake,
}
_OF_CASES = "response"
_RUNS = ("batch", "listen")
_VERSION = "1"
_MAX_BYTES = 50_000_000


@dataclass(frozen=True)
class Folder:
    """What a folder holds: results, and files that say nothing, with the reason.

    `copies` are files with the content of a result before them.
    """

    results: tuple[Result, ...]
    unread: tuple[Unread, ...]
    copies: tuple[str, ...] = ()


def read_folder(root: Path, hashes: Hashes) -> Folder:
    """Every result below a folder, in the order of their places."""
    below = documents_below(root, (*_FACTS, _OF_CASES, *_RUNS))
    unread = [
        Unread(place_in(root, path), why) for path, why in sorted(below.closed.items())
    ]
    unread += [
        Unread(
            place_in(root, path.parent),
            "a run writes here, or was killed: wait, or run it again",
        )
        for path in sorted(below.half)
    ]
    results: dict[str, list[Result]] = {}
    cases: dict[Path, str] = {}
    copies: list[str] = []
    for path in counted("results", below.documents):
        place = place_in(root, path)
        try:
            parsed = _parsed(path)
            unread += [Unread(place, why) for why in failures_of(parsed[1])]
            cases |= {path.parent / one: one for one in cases_of(parsed[1])}
            found = _read(path, place, parsed, hashes)
        except SirtdoseError as error:
            unread.append(Unread(place, str(error)))
        except OSError as error:
            unread.append(Unread(place, f"cannot be read: {error.strerror}"))
        else:
            if found and results.setdefault(found[0].sha256, found) is not found:
                copies.append(place)
    named = (
        replace(one, case_id=one.case_id or cases.get(one.path.parent, ""))
        for own in results.values()
        for one in own
    )
    return Folder(tuple(named), tuple(unread), tuple(copies))


def place_in(root: Path, path: Path) -> str:
    """Where a file is, seen from a folder.

    >>> place_in(Path("results"), Path("results/p1/plan.json"))
    'p1/plan.json'
    """
    return printable(path.relative_to(root).as_posix())


def _read(
    path: Path, place: str, parsed: tuple[str, Any], hashes: Hashes
) -> list[Result]:
    """A result, or one of each case; none of a document of another kind.

    Raises
    ------
    InputError
        It is damaged, of a newer version, or none of sirtdose.
    """
    text, document = parsed
    kind, version = _kind_of(document)
    if kind not in (*_FACTS, _OF_CASES):
        return []
    if version != _VERSION:
        raise InputError(
            f"sirtdose.{kind}/{printable(version)} is of another version of sirtdose: "
            "use that version, or make it again"
        )
    field = Field(document, f"{path.name}:")
    result = Result(
        kind=kind,
        path=path,
        place=place,
        sha256=hashes.sha256_of([path]),
        written=path.stat().st_mtime,
        version=printable(field["sirtdose_version"].text()),
    )
    own = facts.of_responses(field) if kind == _OF_CASES else [_FACTS[kind](field)]
    return [_checked(replace(result, **each), text, document, hashes) for each in own]


def _parsed(path: Path) -> tuple[str, Any]:
    """Its text and its document."""
    if path.stat().st_size > _MAX_BYTES:
        raise InputError("larger than any document of sirtdose")
    try:
        text = path.read_text("utf-8")
        return text, json.loads(text)
    except (ValueError, RecursionError):
        raise InputError("damaged or half-written: it is no whole JSON") from None


def _kind_of(document: Any) -> tuple[str, str]:
    schema = document.get("schema") if isinstance(document, dict) else None
    if not isinstance(schema, str) or not schema.startswith("sirtdose."):
        raise InputError("none of sirtdose")
    kind, _, version = schema.removeprefix("sirtdose.").partition("/")
    return kind, version


def _checked(result: Result, text: str, document: Any, hashes: Hashes) -> Result:
    """The same, and whether it is what was written."""
    try:
        if result.kind == "plan":
            plan_of_text(text)
        elif "hash" in document:
            require_unchanged(document, result.path.name)
    except InputError as error:
        return replace(result, damaged=str(error))
    if result.kind in ("post", "scan"):
        return _recorded(result, hashes)
    return result


def _recorded(result: Result, hashes: Hashes) -> Result:
    """The same, held against its run.json."""
    folder = result.path.parent
    if not (folder / RUN_RECORD).is_file():
        said = f"there is no {RUN_RECORD} beside it, which keeps its hash"
        return replace(result, unchecked=said)
    try:
        record = read_run_record(folder)
    except SirtdoseError as error:
        return replace(result, unchecked=str(error))
    changed = changed_results(folder, record, hashes.sha256_of)
    # Notes that a person put beside results are no change of theirs.
    bad = {name: state for name, state in changed.items() if state != "new"}
    said = ", ".join(f"{printable(name)} {state}" for name, state in bad.items())
    return replace(
        result,
        damaged=said and f"files differ from what was written: {said}",
        maps=frozenset(
            str(digest)
            for name, digest in record["results"].items()
            if name.startswith("dose_")
        ),
    )


def sources_of(result: Result) -> tuple[Path | None, list[Path]]:
    """Where a result's source and the files of its options are, by its run.json.

    None and nothing where they are not there any more, or are not kept.
    """
    folder = result.path.parent
    if result.kind not in ("post", "scan") or result.unchecked:
        return None, []
    try:
        asked = asked_again(folder, read_run_record(folder))
    except SirtdoseError:
        return None, []
    if asked is None:
        return None, []
    named = [*asked["options"].values(), asked["site"]]
    each = [one for it in named for one in (it if isinstance(it, list) else [it])]
    # Of a reader's contours it is NAME=FILE.
    files = [
        Path(one.partition("=")[2]) if isinstance(one, str) else one for one in each
    ]
    others = [
        one
        for one in files
        if isinstance(one, Path) and one.is_absolute() and one.exists()
    ]
    return asked["source"], others
