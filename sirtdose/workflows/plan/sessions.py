"""Read what earlier sessions gave, from a plan.json or from a post.json."""

import json
from collections.abc import Sequence
from itertools import combinations
from pathlib import Path
from typing import Any

from sirtdose.errors import FileFormatError, InputError
from sirtdose.io.hashing import sha256_of
from sirtdose.model.bounds import printable
from sirtdose.model.field import Field
from sirtdose.planning.sessions import EarlierSession
from sirtdose.report.plan.hash import plan_of_file
from sirtdose.report.run_record import RUN_RECORD, read_run_record
from sirtdose.workflows.plan.delivered import delivered_sessions
from sirtdose.workflows.plan.planned import planned_sessions


def read_sessions(paths: Sequence[Path]) -> tuple[EarlierSession, ...]:
    """The sessions before a plan: of each file its own, then those that it holds.

    Raises
    ------
    InputError
        No plan.json and no post.json, one that was edited, or one session twice.
    """
    names = _told_apart(paths)
    several = len(paths) > 1
    found = [
        session
        for i, (path, name) in enumerate(zip(paths, names, strict=True), start=1)
        for session in _read(
            path,
            name,
            called=f"earlier session {i}" if several else "the earlier session",
            given=i,
        )
    ]
    for one, other in combinations(found, 2):
        if one.given != other.given and one.known_as & other.known_as:
            first, second = (
                f"--after {names[each.given - 1]} ({each.called})"
                for each in (one, other)
            )
            raise InputError(
                f"{first} and {second} count the same session: one is, updates, "
                "delivered or holds the other, both do so with a third, or both are of "
                "the same image. Give only the later one"
                + _as_delivered(one, other, names)
            )
    return tuple(found)


def _as_delivered(
    one: EarlierSession, other: EarlierSession, names: Sequence[str]
) -> str:
    """How a session counts as delivered that a later file holds as planned."""
    for holds, delivered in ((one, other), (other, one)):
        planned = holds.held and holds.kind == "planned"
        if planned and delivered.kind == "delivered" and not delivered.held:
            later, post = (names[each.given - 1] for each in (holds, delivered))
            return (
                f". {later} holds that session as planned: to count it as delivered, "
                f"plan the session of {later} again with --after {post} in place of "
                "the plan, and give the new plan.json alone, or the post.json of that "
                "session by `sirtdose post --plan` with it"
            )
    return ""


def _told_apart(paths: Sequence[Path]) -> list[str]:
    """Names of files; with their folders where two have the same.

    >>> _told_apart([Path("one/plan.json"), Path("two/plan.json")])
    ['one/plan.json', 'two/plan.json']
    """
    for parts in range(1, max((len(one.absolute().parts) for one in paths), default=0)):
        names = [
            printable(Path(*one.absolute().parts[-parts:]).as_posix()) for one in paths
        ]
        if len(set(names)) == len(names):
            return names
    return [printable(one.name) for one in paths]


def _read(path: Path, name: str, *, called: str, given: int) -> list[EarlierSession]:
    try:
        text = path.read_text("utf-8")
    except OSError as error:
        raise FileFormatError(f"cannot read {name}: {error.strerror}") from None
    except UnicodeDecodeError:
        text = ""
    try:
        document: Any = json.loads(text)
    except (ValueError, RecursionError):
        document = None
    schema = document.get("schema") if isinstance(document, dict) else None
    if schema == "sirtdose.plan/1":
        plan = Field(plan_of_file(path), f"{name}:")
        return planned_sessions(plan, called, given=given)
    if schema != "sirtdose.post/1":
        raise InputError(
            f"--after {name} is neither a plan.json nor a post.json of sirtdose"
        )
    return delivered_sessions(
        Field(document, f"{name}:"),
        called,
        given=given,
        digest=sha256_of([path]),
        unverified=unverified(path, name),
    )


def unverified(path: Path, name: str) -> str:
    """Why a post.json cannot be held against its record; empty where it fits.

    Raises
    ------
    InputError
        It was changed after it was written.
    """
    if not path.with_name(RUN_RECORD).is_file():
        return f"there is no {RUN_RECORD} beside it, which keeps its hash"
    results = read_run_record(path.resolve().parent)["results"]
    if results.get(path.name) != sha256_of([path]):
        raise InputError(
            f"{name} is not what was computed: its content does not fit its hash in "
            f"{RUN_RECORD}; run `sirtdose post` again, do not edit it"
        )
    return ""
