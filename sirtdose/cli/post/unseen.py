"""Show what a run found itself, where it stops as nobody has seen it (H35)."""

import shlex
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING

from sirtdose.cli.post.remembering import words_typed
from sirtdose.errors import InputError, OutputError, SafetyStop
from sirtdose.model.request import PostRequest

if TYPE_CHECKING:
    from sirtdose.workflows.segment.unseen import Unseen

_FOUND_BY = {"perfused": "--segment-perfused", "tumors": "--segment-tumors"}


@contextmanager
def shown_if_unseen(request: PostRequest, out: Path, *, force: bool) -> Iterator[None]:
    """Where a run stops for candidates of its own, write a review of them in out.

    Raises
    ------
    SafetyStop
        The one that stopped the run; its text ends with the commands to go on by, or
        with why there is no review.
    """
    try:
        yield
    except SafetyStop as stop:
        from sirtdose.workflows.segment.unseen import is_unseen, review_unseen

        if not is_unseen(stop, request):
            raise
        try:
            said = _shown(review_unseen(request, out, force=force), request)
        except (InputError, OutputError) as error:
            said = f"No review is written: {_news(error, stop)}"
        raise SafetyStop(f"{stop}\n{said}", stop.beside) from None


def _news(error: Exception, stop: SafetyStop) -> str:
    """What a review was refused for, without what stopped the run as well."""
    known = str(stop).splitlines()
    lines = [one for one in str(error).splitlines() if one not in known]
    return "\n".join(lines) or "what is said above stops it, too"


def _shown(unseen: "Unseen", request: PostRequest) -> str:
    """Where the review is, and what to type when it was looked at."""
    from sirtdose.report.review.accepted import ACCEPTED_SEG, step_folder
    from sirtdose.report.review.document import REVIEW_PAGE, accept_command

    drawn = () if request.image.structures else unseen.drawn
    accepted = step_folder(unseen.folder, 1) / ACCEPTED_SEG
    found = _FOUND_BY[unseen.asked.find]
    return "\n".join(
        (
            f"What {found} found is shown in {unseen.folder / REVIEW_PAGE}, as by "
            "`sirtdose segment`. Look at it, accept those that are right, under your "
            "name, and compute with them:",
            accept_command(unseen.document, str(unseen.folder)),
            _going_on(words_typed(), found, (*drawn, accepted)),
            *["Tumors are shown by that run, in the same way"]
            * (len(request.image.segmentations) > 1),
        )
    )


def _going_on(words: Sequence[str], without: str, structures: Sequence[Path]) -> str:
    """What was typed, with structures in the place of the option that finds them.

    >>> words = ["patient", "--segment-tumors=40%", "--out", "doses"]
    >>> _going_on(words, "--segment-tumors", [Path("accepted.dcm")])
    'sirtdose post patient --out doses --structures accepted.dcm'
    """
    kept: list[str] = []
    rest = iter(words)
    for word in rest:
        name, equals, _ = word.partition("=")
        if name == without:
            _ = equals or next(rest)
        elif name == "--patient-key":
            _ = equals or next(rest)
            kept += [name, "KEY"]
        else:
            kept.append(word)
    for one in structures:
        kept += ["--structures", str(one)]
    return shlex.join(["sirtdose", "post", *kept])
