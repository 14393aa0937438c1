"""Write the candidates of an image for somebody to look at, whole or not at all."""

from pathlib import Path
from typing import Any

from sirtdose.errors import InputError, OutputError
from sirtdose.io.dicom.write_structures import write_seg
from sirtdose.io.hashing import sha256_of
from sirtdose.io.output.folder import claimed, require_free
from sirtdose.report.documents import document_text, rounded
from sirtdose.report.review.accepted import step_folders
from sirtdose.report.review.document import (
    CANDIDATES_FILE,
    PICTURES,
    REVIEW_FILE,
    REVIEW_FILES,
    REVIEW_PAGE,
    review_document,
)
from sirtdose.report.review.page import Picture, review_page, review_pictures
from sirtdose.report.review.read import read_review
from sirtdose.report.review.review import Review
from sirtdose.workflows.segment.find import review_of
from sirtdose.workflows.segment.request import SegmentRequest


def review_into(
    request: SegmentRequest, folder: Path, *, force: bool = False, again: bool = False
) -> dict[str, Any]:
    """Find candidates, and write them as SEG, pictures, page and review.json.

    Where it is made `again`, a review of the same candidates is no obstacle.

    Returns
    -------
    dict
        The document, as review.json holds it.

    Raises
    ------
    InputError
        Whatever cannot be used; SafetyStop where a check stops or asks.
    StructureError
        Nothing is found.
    OutputError
        Something would be overwritten, or could not be written.
    """
    before = _before(folder) if again else None
    with claimed(folder) as claim:
        require_free(folder, REVIEW_FILES, force=force or before is not None)
        kept = step_folders(folder)
        if kept:
            raise OutputError(
                f"{folder} contains what was accepted of an earlier review "
                f"({kept[0].name}), which is kept with it: give another folder"
            )
        review = review_of(request, kept_as=folder.name)
        same = before is not None and _is_same(review, before, folder)
        with claim.writing(REVIEW_FILES, force=force or same) as aside:
            return _written(review, aside, folder)


def _before(folder: Path) -> dict[str, Any] | None:
    """The review that is there, if it is as it was written."""
    try:
        return read_review(folder)
    except InputError:
        return None


def _is_same(review: Review, before: dict[str, Any], folder: Path) -> bool:
    """Whether a review shows what another shows, whatever is done with it next."""
    other = ("hash", "files", "next_run")
    now = rounded(review_document(review, before["files"], folder))
    pair = ({k: v for k, v in one.items() if k not in other} for one in (now, before))
    return document_text(next(pair)) == document_text(next(pair))


def _written(review: Review, aside: Path, folder: Path) -> dict[str, Any]:
    write_seg(
        [one.candidate.structure for one in review.candidates],
        aside / CANDIDATES_FILE,
        review.link,
        made_by="AUTOMATIC" if review.asked.method == "liver" else "SEMIAUTOMATIC",
        on=review.lattice,
    )
    pictures = review_pictures(review)
    _write_pictures(pictures, aside / PICTURES)
    digests = {
        one.relative_to(aside).as_posix(): sha256_of([one])
        for one in sorted(aside.rglob("*"))
        if one.is_file()
    }
    document: dict[str, Any] = rounded(review_document(review, digests, folder))
    text = document_text(document)
    (aside / REVIEW_FILE).write_text(text, "utf-8")
    page = review_page(text, document, pictures)
    (aside / REVIEW_PAGE).write_text(page, "utf-8")
    return document


def _write_pictures(pictures: list[Picture], folder: Path) -> None:
    folder.mkdir()
    for one in pictures:
        (folder / one.name).write_bytes(one.png())
