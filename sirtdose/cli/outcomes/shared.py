"""What `sirtdose cohort` does for several centers: share, and pool."""

from pathlib import Path
from typing import Any

import click

from sirtdose.cli.words.families import FAMILIES
from sirtdose.cli.words.show import print_document
from sirtdose.cohort.ledger import LEDGER, ledger_of, with_share
from sirtdose.cohort.pool import pooled_document
from sirtdose.cohort.request import CohortRequest
from sirtdose.cohort.share import share_document
from sirtdose.io.output.folder import output_folder, require_free
from sirtdose.report.cohort.pooled_lines import (
    point_screen,
    pooled_screen,
    share_screen,
)
from sirtdose.report.cohort.pooled_page import pooled_page
from sirtdose.report.cohort.pooled_table import pooled_table
from sirtdose.report.documents import document_text, rounded

_POOLED = ("pooled.json", "point.json")
# What a pooled cohort is given: everything else is of one center's patients.
_OF_POOL = {"pool", "doses", "out", "force", "as_json", "verbose"}


def require_one_task(context: click.Context) -> None:
    """Refuse options that do not go together: those of a share and of a pool.

    Raises
    ------
    click.UsageError
        Says which, and what to leave out.
    """
    given = {
        one.name: one.opts[0]
        for one in context.command.params
        if one.name
        and context.get_parameter_source(one.name)
        is click.core.ParameterSource.COMMANDLINE
    }
    if "pool" in given:
        others = [option for name, option in given.items() if name not in _OF_POOL]
        if others:
            raise click.UsageError(
                f"--pool takes the shared files of centers, --out, --force and --json: "
                f"leave out {', '.join(others)}"
            )
        return
    if "share" in given:
        useless = [
            given[one] for one in ("out", "as_paragraph", "simulated") if one in given
        ]
        if useless:
            raise click.UsageError(
                f"--share writes its own file alone: leave out {', '.join(useless)}"
            )
        if "center" not in given:
            raise click.UsageError(
                "--share needs the name of this center: give --center, e.g. --center "
                "Lyon"
            )
        return
    for name in ("center", "at"):
        if name in given:
            raise click.UsageError(
                f"--{name} has no effect without --share: give both, or leave it out"
            )


def share(
    request: CohortRequest,
    *,
    file: Path,
    center: str,
    at: Path | None,
    force: bool,
    as_json: bool,
) -> None:
    """Write what a center shares, and that it did into the ledger beside it."""
    if file.name == LEDGER or file.suffix != ".json":
        raise click.UsageError(
            f"--share writes a json file: name it such as {center.casefold()[:20]}.json"
        )
    require_free(file.parent, [file.name], force=force)
    document, shared, why = share_document(request, center, at)
    document = rounded(document)
    # Read where no other run can write to it.
    with output_folder(file.parent, (file.name, LEDGER), force=True) as folder:
        ledger = with_share(ledger_of(file.parent), document, shared.rows, file.name)
        (folder / file.name).write_text(document_text(document), "utf-8")
        (folder / LEDGER).write_text(document_text(ledger), "utf-8")
    print_document(
        document,
        share_screen(document, left_out=shared.left_out, failed=why),
        names=[file.name, LEDGER],
        out=file.parent,
        as_json=as_json,
    )


def pool(files: tuple[Path, ...], *, out: Path, force: bool, as_json: bool) -> None:
    """Pool shared files: the result, or the point of the next round."""
    names = (*_POOLED, *FAMILIES["pooled.json"])
    require_free(out, names, force=force)
    document: dict[str, Any] = rounded(pooled_document(files))
    text = document_text(document)
    if document["schema"] == "sirtdose.point/1":
        pages = {"point.json": text}
        screen = point_screen(document, out / "point.json")
    else:
        pages = {
            "pooled.json": text,
            "pooled.csv": pooled_table(document),
            "pooled.html": pooled_page(text),
        }
        screen = pooled_screen(document)
    with output_folder(out, names, force=force) as folder:
        for name, own in pages.items():
            (folder / name).write_text(own, "utf-8")
    print_document(document, screen, names=pages, out=out, as_json=as_json)
