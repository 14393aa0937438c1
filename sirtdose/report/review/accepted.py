"""accepted.json, and what a terminal shows of it."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from sirtdose import __version__
from sirtdose.model.structure import Structure
from sirtdose.report.plan.hash import signed
from sirtdose.report.screen import Screen
from sirtdose.report.wording import significant

ACCEPTED_FILE, ACCEPTED_SEG = "accepted.json", "accepted.dcm"
ACCEPTED_FILES = (ACCEPTED_FILE, ACCEPTED_SEG)


@dataclass(frozen=True, eq=False)
class Lesion:
    """One candidate that is accepted now, as it will be used.

    `overlap` is the Dice coefficient with its candidate, None where it is as found.
    """

    row: Mapping[str, Any]
    structure: Structure
    edited: bool
    overlap: float | None


def step_folder(review: Path, step: int) -> Path:
    """Where what is accepted in a step is kept: never in the place of another.

    >>> step_folder(Path("review"), 2).name
    'accepted-2'
    """
    return review / f"accepted-{step}"


def step_folders(review: Path) -> list[Path]:
    """Every folder of an acceptance in a review, whichever of them are left."""
    return sorted(
        one
        for one in review.glob("accepted-*")
        if one.name.removeprefix("accepted-").isdecimal()
        and (not one.is_dir() or any(one.iterdir()))
    )


def accepted_document(
    review: Mapping[str, Any],
    earlier: Sequence[Mapping[str, Any]],
    lesions: Sequence[Lesion],
    *,
    by: str,
    at: str,
    edited_from: Mapping[str, Any] | None,
    sha256: str,
) -> dict[str, Any]:
    """What was accepted so far, as accepted.json holds it; `lesions` are the new ones.

    `sha256` is of the SEG with all of them.
    """
    step = len(earlier) + 1
    rows = [row for one in earlier[-1:] for row in one["lesions"]]
    rows += [_lesion(one, by=by, at=at, step=step) for one in lesions]
    rows.sort(key=lambda row: row["number"])
    taken = {row["number"] for row in rows}
    return signed(
        {
            "schema": "sirtdose.accepted/1",
            "sirtdose_version": __version__,
            "step": step,
            "by": by,
            "at": at,
            "review": {
                "hash": review["hash"],
                "sirtdose_version": review["sirtdose_version"],
                "method": review["method"]["name"],
            },
            "image": {
                key: review["inputs"][0][key] for key in ("file", "kind", "sha256")
            },
            "edited_from": None if edited_from is None else dict(edited_from),
            "lesions": rows,
            "not_accepted": [
                one["name"]
                for one in review["candidates"]
                if one["number"] not in taken
            ],
            "earlier": [{"step": one["step"], "hash": one["hash"]} for one in earlier],
            "sha256": sha256,
        }
    )


def _lesion(one: Lesion, *, by: str, at: str, step: int) -> dict[str, Any]:
    return {
        "number": one.row["number"],
        "candidate": one.row["name"],
        "name": one.structure.name,
        "role": str(one.structure.role),
        "candidate_volume_ml": one.row["volume_ml"],
        "volume_ml": one.structure.volume_ml,
        "edited": one.edited,
        "overlap_dice": one.overlap,
        "by": by,
        "at": at,
        "step": step,
    }


def accepted_screen(
    document: Mapping[str, Any],
    command: str,
    *,
    warnings: Sequence[Mapping[str, Any]] = (),
    elsewhere: Sequence[str] = (),
) -> Screen:
    """Each lesion with its volume and who accepted it, then how to use them.

    `warnings` are the review's of what is accepted now, `elsewhere` the files that it
    was made with and that the command cannot name.
    """
    lines = [f"Accepted by {document['by']}, review {document['review']['hash'][:12]}"]
    for one in document["lesions"]:
        edited = ""
        if one["edited"]:
            edited = (
                f", edited from {significant(one['candidate_volume_ml'])} mL (Dice "
                f"{one['overlap_dice']:.3f})"
            )
        earlier = (
            f", by {one['by']} in step {one['step']}"
            if one["step"] < document["step"]
            else ""
        )
        lines.append(
            f"  {one['number']}  {one['name']}  {significant(one['volume_ml'])} mL"
            f"{edited}{earlier}"
        )
    left = document["not_accepted"]
    lines.append(f"Not accepted, and not used: {', '.join(left) or 'none'}")
    lines += _edited_lines(document["edited_from"])
    last = [f"To compute with them: {command}"]
    if elsewhere:
        last.append(
            "Files of the review that are not where they were, to be given too: "
            + ", ".join(elsewhere)
        )
    return Screen(lines, findings=warnings, last=last)


def _edited_lines(told: Mapping[str, Any] | None) -> list[str]:
    """What a person has to know of the file that contours came back in."""
    if told is None:
        return []
    lines = []
    if told["not_used"]:
        each = ", ".join(
            f"{one['name']} ({significant(one['volume_ml'])} mL)"
            for one in told["not_used"]
        )
        lines.append(
            f"In {told['file']}, but not in the review, so not used: {each}. Give what "
            "you drew to `sirtdose post --structures`"
        )
    if told["patient"] != "same":
        lines.append(
            f"Patient of {told['file']}: not known, as the file names none. That it is "
            "this one's, nothing but the person who accepts it says"
        )
    return lines
