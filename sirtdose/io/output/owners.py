"""Whose the files in a folder of results are: --force takes nobody else's."""

import json
import os
import re
from collections.abc import Collection, Iterable, Mapping
from pathlib import Path
from typing import Any

from sirtdose.errors import OutputError
from sirtdose.io.hashing import sha256_of

RUN, _PLAN = "run.json", "plan.json"
# Files of an image that a plan and an assessment both have.
IMAGED = ("structures.csv", "dvh.csv", "report_data.json")
_MAP = r"(local|kernel|collapsed_cone)"
IMAGED_MAP = re.compile(rf"dose_{_MAP}(_with_prior)?\.nii\.gz")
# What other documents say is theirs by being there.
BESIDE: Mapping[str, tuple[str, ...]] = {
    _PLAN: ("plan.html", "plan.pdf", "uncertainty.csv"),
    "compare.json": ("compare.html", "compare.pdf"),
    "vial.json": (
        *("vial.html", "vial.pdf", "order.json", "order.html", "order.pdf"),
        "order.csv",
    ),
    "dvh.json": ("structures.csv", "dvh.csv"),
    "register.json": ("registration.tfm", "register.html"),
    # A record is of one run: of doses, or of a scan without structures.
    "post.json": (RUN,),
    "scan.json": ("scan.html", RUN),
    "review.json": ("review.html", "candidates.dcm", "planes"),
    "accepted.json": ("accepted.dcm",),
}
# What this program writes into folders of these names.
_INSIDE = {
    "per_gbq": re.compile(
        rf"structures\.csv|dvh\.csv|dose_(\d+_[A-Za-z0-9-]*_)?{_MAP}\.nii\.gz"
    ),
    "figures": re.compile(r"(planes|dvh)\.(png|svg)"),
    "planes": re.compile(r"candidate_\d+\.png"),
}
# Its run.json lists what is in it.
_LISTED = "recomputed"


def document_in(folder: Path, name: str) -> dict[str, Any]:
    """A document of a folder; empty where none can be read."""
    try:
        found = json.loads((folder / name).read_text("utf-8"))
    except (OSError, ValueError):
        return {}
    return found if isinstance(found, dict) else {}


def of_others(folder: Path, ours: Collection[str]) -> dict[str, str]:
    """Files that other documents of a folder list as theirs: by name, that document.

    `ours` are names of this run's files and documents: what those list is its own.
    """
    found: dict[str, str] = {}
    for name, beside in BESIDE.items():
        if name not in ours and (folder / name).is_file():
            found |= dict.fromkeys(beside, name)
    if _PLAN not in ours:
        found |= dict.fromkeys(_maps_of_plan(folder), _PLAN)
    listed = document_in(folder, RUN).get("results")
    listed = listed if isinstance(listed, dict) else {}
    if RUN not in ours:
        # Pictures of the page are of a run where there is one.
        return found | dict.fromkeys([*listed, *(["figures"] if listed else [])], RUN)
    return {
        name: of
        for name, of in found.items()
        if name not in listed or not _is_as_listed(folder / name, listed[name])
    }


def _maps_of_plan(folder: Path) -> list[str]:
    plan = document_in(folder, _PLAN)
    if plan.get("method") != "image" and not plan.get("doses"):
        return []
    maps = (one.name for one in folder.iterdir() if IMAGED_MAP.fullmatch(one.name))
    return [*IMAGED, *maps]


def _is_as_listed(path: Path, digest: object) -> bool:
    return path.is_file() and sha256_of([path]) == digest


def unrecorded(folder: Path, names: Iterable[str]) -> set[str]:
    """Of a run's names those that the earlier run there did not write, by its record.

    None where the names are of no run that keeps a record, or where the results of one
    have lost theirs.
    """
    names = set(names)
    listed = document_in(folder, RUN).get("results")
    if RUN not in names or (not listed and (folder / "post.json").exists()):
        return set()
    return names - {RUN, "figures", *(listed if isinstance(listed, dict) else ())}


def require_not_of_others(
    folder: Path, names: Iterable[str], ours: Collection[str]
) -> None:
    """Refuse to write in the place of what another document's result is made of.

    Raises
    ------
    OutputError
        One of the names is such a file.
    """
    others = of_others(folder, ours)
    taken = [one for one in names if one in others and os.path.lexists(folder / one)]
    if taken:
        raise OutputError(
            f"{folder} contains {', '.join(taken)} of another result, that of "
            f"{others[taken[0]]}: give another folder"
        )


def strange_in(folder: Path) -> list[Path]:
    """What is in a folder of results, and is none: somebody put it there."""
    if folder.is_symlink() or not folder.is_dir():
        return []
    if folder.name == _LISTED:
        listed = document_in(folder, RUN).get("results")
        known = {RUN, *listed} if isinstance(listed, dict) else set()
        return [one for one in folder.iterdir() if one.name not in known]
    inside = _INSIDE.get(folder.name)
    if inside is None:
        return []
    return [one for one in folder.iterdir() if not inside.fullmatch(one.name)]


def with_strange(new: Path, folder: Path, names: Iterable[str]) -> list[str]:
    """Give new folders of results what somebody put into the old ones.

    Returns
    -------
    list of str
        The names without those folders that hold nothing else, which stay as they are.
    """
    kept = []
    for name in names:
        strange = strange_in(folder / name)
        if not strange:
            kept.append(name)
            continue
        has_ours = len(strange) < len([*(folder / name).iterdir()])
        if not has_ours and not (new / name).exists():
            continue
        (new / name).mkdir(exist_ok=True)
        for one in strange:
            _link(one, new / name / one.name)
        kept.append(name)
    return kept


def _link(one: Path, new: Path) -> None:
    """In both places; a copy where a file system has no links."""
    import shutil

    def linked(old: str, place: str) -> str:
        try:
            os.link(old, place, follow_symlinks=False)
        except (OSError, NotImplementedError):
            shutil.copy2(old, place, follow_symlinks=False)
        return place

    if one.is_dir() and not one.is_symlink():
        shutil.copytree(one, new, symlinks=True, copy_function=linked)
    else:
        linked(str(one), str(new))
