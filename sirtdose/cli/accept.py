"""`sirtdose accept`: a person's name under what was segmented."""

from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from sirtdose.cli.words.command import command
from sirtdose.cli.words.image import probability_option
from sirtdose.cli.words.option import Option
from sirtdose.cli.words.options import json_option, verbose_option
from sirtdose.cli.words.show import print_document

if TYPE_CHECKING:
    from sirtdose.workflows.segment.accept import Taken


@command("accept")
@click.argument("review", type=click.Path(path_type=Path), metavar="REVIEW")
@Option(
    "lesion",
    str,
    "Candidates to accept, by number or name, e.g. 1,3; may be repeated. Others stay "
    "not accepted.",
    many=True,
    required=True,
    metavar="NUMBER|NAME",
    into="lesions",
)
@Option(
    "by",
    str,
    "Name of the person who accepts them.",
    required=True,
    metavar="NAME",
)
@Option(
    "edit",
    Path,
    "Edited contours of the lesions, under their names: SEG, RTSTRUCT, .seg.nrrd or "
    "label image.",
)
@probability_option
@Option("image", Path, "Where the image is now, if it was moved.")
@verbose_option
@json_option
def accept_command(
    *, review: Path, lesions: tuple[str, ...], as_json: bool, **options: Any
) -> None:
    """Accept candidates of a review, as they are or as they were edited.

    REVIEW is the folder that `sirtdose segment` wrote. The accepted structures go to
    REVIEW/accepted-1/accepted.dcm (SEG), the next ones to accepted-2, together with
    those before; accepted.json says who accepted what, when, of which review and
    image. Give the SEG to `sirtdose post --structures`.

    Example: sirtdose accept review --lesion 1,3 --by "A. Physicist"

    Example: sirtdose accept review --lesion "Tumor 2" --edit edited.dcm --by "A.
    Physicist"
    """
    from datetime import datetime

    from sirtdose.report.review.accepted import (
        ACCEPTED_FILES,
        ACCEPTED_SEG,
        accepted_screen,
    )
    from sirtdose.workflows.segment.accept import AcceptRequest, accept_into

    names = tuple(one for text in lesions for one in text.split(",") if one.strip())
    request = AcceptRequest(
        review,
        names,
        by=options["by"],
        at=datetime.now().astimezone().isoformat(timespec="seconds"),
        edit=options["edit"],
        image=options["image"],
        probability_threshold=options["probability_threshold"],
    )
    taken = accept_into(request)
    command, elsewhere = _next(taken, taken.place / ACCEPTED_SEG)
    print_document(
        taken.document,
        accepted_screen(
            taken.document,
            command,
            warnings=taken.warnings,
            elsewhere=elsewhere,
        ),
        names=ACCEPTED_FILES,
        out=taken.place,
        as_json=as_json,
    )


def _next(taken: "Taken", accepted: Path) -> tuple[str, Sequence[str]]:
    """What to type next, and the files that this cannot name."""
    from sirtdose.report.review.next_run import next_command, read_next_run

    told = taken.review["next_run"]
    if told is None:
        return f"add {accepted} to the structures of that case", ()
    run, missing = read_next_run(
        told, source=taken.source, salt=taken.review["source"]["salt"]
    )
    command = next_command(run, taken.source, drawn=taken.drawn, accepted=accepted)
    typed = any(one.option == "--structures" for one in run.options)
    return command, [*missing, *(() if typed else taken.elsewhere)]
