"""Read a review and what was accepted of it, refusing what is not as it was written."""

import json
from pathlib import Path
from typing import Any

from sirtdose.errors import FileFormatError, InputError
from sirtdose.io.hashing import sha256_of
from sirtdose.io.output.unfinished import finish
from sirtdose.report.plan.hash import require_unchanged
from sirtdose.report.review.accepted import ACCEPTED_FILE, ACCEPTED_SEG, step_folder
from sirtdose.report.review.document import REVIEW_FILE, REVIEW_PAGE


def read_review(folder: Path) -> dict[str, Any]:
    """The review of a folder, with every file as it was written.

    Raises
    ------
    FileFormatError
        There is no review.
    InputError
        One of its files changed, or is missing.
    """
    finish(folder)
    document = _document(folder / REVIEW_FILE, "review")
    try:
        page = (folder / REVIEW_PAGE).read_text("utf-8")
    except (OSError, UnicodeDecodeError):
        page = ""
    changed = [
        name
        for name, digest in document["files"].items()
        if not (folder / name).is_file() or sha256_of([folder / name]) != digest
    ]
    changed += [REVIEW_PAGE] if document["hash"] not in page else []
    if changed:
        raise InputError(
            f"{', '.join(changed)} of the review changed or is missing (H31): what was "
            "looked at is not what would be accepted; run `sirtdose segment` again"
        )
    return document


def accepted_steps(folder: Path, review: dict[str, Any]) -> list[dict[str, Any]]:
    """What was accepted of a review before, in its order.

    Raises
    ------
    InputError
        One of the steps changed, or is of another review.
    """
    steps: list[dict[str, Any]] = []
    while (step_folder(folder, len(steps) + 1) / ACCEPTED_FILE).exists():
        place = step_folder(folder, len(steps) + 1)
        document = _document(place / ACCEPTED_FILE, "accepted")
        same = (
            (place / ACCEPTED_SEG).is_file()
            and sha256_of([place / ACCEPTED_SEG]) == document["sha256"]
            and document["review"]["hash"] == review["hash"]
        )
        if not same:
            raise InputError(
                f"{place.name} in the review is not what was accepted of it (H31): "
                f"{ACCEPTED_SEG} changed, or is of another review; run `sirtdose "
                "segment` into a new folder"
            )
        steps.append(document)
    return steps


def _document(path: Path, kind: str) -> dict[str, Any]:
    try:
        document = json.loads(path.read_text("utf-8"))
    except FileNotFoundError:
        raise FileFormatError(
            f"there is no {path.name} in {path.parent.name or 'this folder'}: give the "
            "folder that `sirtdose segment` wrote"
        ) from None
    except NotADirectoryError:
        raise FileFormatError(
            f"{path.parent.name} is a file: give the folder that `sirtdose segment` "
            "wrote"
        ) from None
    except OSError as error:
        raise FileFormatError(f"cannot read {path.name}: {error.strerror}") from None
    except (ValueError, RecursionError):
        document = None
    if not isinstance(document, dict) or document.get("schema") != f"sirtdose.{kind}/1":
        raise FileFormatError(f"{path.name} is none of sirtdose, or is damaged")
    require_unchanged(document, path.name)
    return document
