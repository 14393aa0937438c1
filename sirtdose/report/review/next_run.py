"""The run that uses what is accepted: kept in review.json, and as it is typed."""

import shlex
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from sirtdose.io.place import find_place, place_of
from sirtdose.model.next_run import NextRun, Typed

_ACTIVITIES = ("--administered", "--assay", "--injection")
_FOLDER = "FOLDER"


def next_run_document(run: NextRun, *, source: Path, salt: str) -> dict[str, Any]:
    """The run as review.json keeps it: files by name and place, seen from the image."""

    def told(one: Typed) -> dict[str, Any]:
        place, value = None, one.text
        if one.file is not None and value is not None:
            place = place_of(one.file, seen_from=source, salt=salt)
            # Folders are often named after patients.
            name = one.file.name if one.file.is_file() else _FOLDER
            value = f"{one.reader}={name}" if one.reader else name
        known = {"option": one.option, "value": value, "place": place}
        return known | {"reader": one.reader}

    site = run.site and told(Typed("--site", str(run.site), run.site))
    return {
        "command": run.command,
        "options": [told(one) for one in run.options],
        "site": site,
    }


def read_next_run(
    told: Mapping[str, Any], *, source: Path, salt: str
) -> tuple[NextRun, list[str]]:
    """The run, its files where they are now; and the names of those that are not."""
    missing: list[str] = []

    def typed(one: Mapping[str, Any]) -> Typed:
        option, value, place = one["option"], one["value"], one["place"]
        if place is None:
            return Typed(option, value)
        file = find_place(place, seen_from=source, salt=salt)
        if file is None:
            missing.append(f"{value} ({option})")
            return Typed(option, value)
        reader = one["reader"]
        text = f"{reader}={file}" if reader else str(file)
        return Typed(option, text, file, reader)

    options = tuple(typed(one) for one in told["options"])
    site = typed(told["site"]) if told["site"] else None
    named = None if site is None else site.file or Path(str(site.text))
    return NextRun(told["command"], options, named), missing


def next_command(
    run: NextRun, source: Path, *, drawn: Sequence[Path], accepted: Path
) -> str:
    """What to type to compute with accepted structures, and with what was drawn.

    The files that were `drawn` beside the image are named where none was typed.

    >>> run = NextRun("post", (Typed("--lung-shunt", "5%"), Typed("--out", "doses")))
    >>> next_command(run, Path("a b"), drawn=[], accepted=Path("t.dcm")).split(" --")
    ["sirtdose post 'a b'", 'lung-shunt 5%', 'out doses', 'administered ACTIVITY', \
'structures t.dcm']
    """
    words = ["sirtdose", *(["--site", str(run.site)] if run.site else [])]
    words += [*run.command.split(), str(source)]
    for one in run.options:
        words += [one.option] if one.text is None else [one.option, one.text]
    if run.command == "post" and not any(one in words for one in _ACTIVITIES):
        words += ["--administered", "ACTIVITY"]
    if "--out" not in words:
        words += ["--out", "doses"]
    beside = () if "--structures" in words else drawn
    for path in (*beside, accepted):
        words += ["--structures", str(path)]
    return shlex.join(words)
