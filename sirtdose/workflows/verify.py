"""Whether results are as they were written, and would come out again."""

import json
import math
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

from sirtdose.errors import InputError
from sirtdose.io.archive import opened
from sirtdose.model.acceptance import require_accepted
from sirtdose.model.request import PostRequest
from sirtdose.workflows.image.scene import chosen
from sirtdose.workflows.post.inputs import all_inputs, named_files
from sirtdose.workflows.post.results import Wanted, assess_into
from sirtdose.workflows.scan_files import scan_into

# Another processor's instructions move the eighth digit (docs/design.md).
_SAME_WITHIN = 1e-7
_SCAN = "sirtdose.scan/1"
_UNLISTED = {"budget": "budget", "image drawn on": "drawn_on"}


@dataclass(frozen=True)
class Difference:
    """One number or word of a result that a rerun gives otherwise."""

    where: str
    before: Any
    now: Any

    @property
    def relative(self) -> float:
        """By how much of the larger; infinite where either is no number."""
        if not all(
            isinstance(one, (int, float)) and not isinstance(one, bool)
            for one in (self.before, self.now)
        ):
            return math.inf
        larger = max(abs(self.before), abs(self.now))
        return float(abs(self.now - self.before) / larger) if larger else 0.0

    @property
    def matters(self) -> bool:
        """Whether it is more than another processor's rounding."""
        return self.relative > _SAME_WITHIN


def read_result(folder: Path, name: str = "post.json") -> dict[str, Any]:
    """The post.json of a folder of results, or the scan.json.

    Raises
    ------
    InputError
        None there, or something else.
    """
    try:
        document = json.loads((folder / name).read_text("utf-8"))
    except (FileNotFoundError, ValueError):
        document = None
    except OSError as error:
        raise InputError(f"cannot read {name}: {error.strerror}") from None
    inputs = document.get("inputs") if isinstance(document, dict) else None
    known = isinstance(inputs, list) and all(
        isinstance(one, dict) and {"kind", "file", "sha256"} <= set(one)
        for one in inputs
    )
    known = known and isinstance(document.get("schema"), str)
    if not isinstance(document, dict) or not known:
        raise InputError(f"there is no {name} of sirtdose that can be read")
    return document


def input_states(
    document: Mapping[str, Any], request: PostRequest
) -> list[dict[str, str]]:
    """Each input of a result, and whether the file is still what it was.

    Raises
    ------
    InputError
        What was used cannot be found or chosen any more.
    """
    with opened(request.image.source) as source:
        here = replace(request, image=replace(request.image, source=source))
        bare = document["schema"] == _SCAN
        choice, findings = chosen(here.image, named_files(here).values(), bare=bare)
        require_accepted(findings, here.judge.acceptances)
        now = [
            dict(one)
            for one in all_inputs(choice, named_files(here), here.dose.density)
        ]
    before = {one["sha256"] for one in document["inputs"]}
    kinds = {one["kind"] for one in document["inputs"]}
    options = document.get("options") or {}
    # Older results name them among the options alone.
    kinds |= {kind for kind, option in _UNLISTED.items() if options.get(option)}
    return [
        *(
            {"kind": one["kind"], "file": one["file"], "state": input_state(one, now)}
            for one in document["inputs"]
        ),
        *(
            {"kind": one["kind"], "file": one["file"], "state": "new"}
            for one in now
            if one["sha256"] not in before and one["kind"] not in kinds
        ),
    ]


def input_state(one: Mapping[str, Any], now: Sequence[Mapping[str, Any]]) -> str:
    """Whether an input that a result lists is among those that are there now.

    >>> was = {"kind": "CT", "sha256": "a"}
    >>> [input_state(was, now) for now in ([was], [{"kind": "CT", "sha256": "b"}], [])]
    ['unchanged', 'changed', 'missing']
    """
    same = [other["sha256"] for other in now if other["kind"] == one["kind"]]
    if one["sha256"] in same:
        return "unchanged"
    return "changed" if same else "missing"


def rerun_differences(
    document: Mapping[str, Any], request: PostRequest
) -> list[Difference]:
    """What a rerun with the version at hand gives otherwise, largest first.

    Raises
    ------
    InputError
        The case is refused now.
    """
    with TemporaryDirectory() as name:
        folder = Path(name, "again")
        # Read as it was written: both are rounded to the same digits.
        if document["schema"] == _SCAN:
            scan_into(request, folder, report=False)
            now = read_result(folder, "scan.json")
        else:
            assess_into(request, folder, Wanted(report=False, dicom=False))
            now = read_result(folder)
    return sorted(_differences(dict(document), now, ""), key=lambda one: -one.relative)


def _differences(before: Any, now: Any, where: str) -> Iterator[Difference]:
    if isinstance(before, dict) and isinstance(now, dict):
        for key in {**before, **now}:
            place = f"{where}.{key}" if where else key
            yield from _differences(before.get(key), now.get(key), place)
    elif isinstance(before, list) and isinstance(now, list):
        for index in range(max(len(before), len(now))):
            place = f"{where}[{_name(before, now, index)}]"
            yield from _differences(_at(before, index), _at(now, index), place)
    elif before != now:
        yield Difference(where, before, now)


def _at(values: Sequence[Any], index: int) -> Any:
    return values[index] if index < len(values) else None


def _name(before: Sequence[Any], now: Sequence[Any], index: int) -> str:
    """What an element is called, else its number."""
    one = _at(before, index) or _at(now, index)
    name = one.get("name") or one.get("code") if isinstance(one, dict) else None
    return str(name or index)
