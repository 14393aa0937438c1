"""Print a document's summary, and write the document where a folder is given."""

from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import Any

import click

from sirtdose.errors import has_extra
from sirtdose.io.output.folder import output_folder
from sirtdose.report.documents import document_text

_SLOWER = "sirtdose.slower"


def show_document(
    document: dict[str, Any],
    summary: str,
    *,
    name: str,
    out: Path | None,
    force: bool,
    as_json: bool,
    pages: Mapping[str, str] | None = None,
) -> None:
    """Write `name`, and pages by their names, into a folder, whole or not at all."""
    files = {name: document_text(document), **(pages or {})}
    if out is not None:
        with output_folder(out, files, force=force) as folder:
            for own, content in files.items():
                (folder / own).write_text(content, "utf-8")
    print_document(document, summary, names=files, out=out, as_json=as_json)


def print_document(
    document: dict[str, Any],
    summary: str,
    *,
    as_json: bool,
    names: Iterable[str] = (),
    out: Path | None = None,
) -> None:
    """Print a document's summary, which files were written, and itself if wanted."""
    click.echo(summary, err=True)
    if out is not None:
        click.echo(f"\nWritten to {out}: {', '.join(names)}", err=True)
    if as_json:
        click.echo(document_text(document), nl=False)


def say_slower(what: str, times: str) -> None:
    """Say once that a task takes longer here: its loops are not compiled.

    `times` is how much longer, in words.
    """
    told = click.get_current_context().meta
    if has_extra("fast") or _SLOWER in told:
        return
    told[_SLOWER] = True
    click.echo(
        f"{what} takes about {times} as long without numba, for the same numbers: pip "
        'install "sirtdose[fast]"',
        err=True,
    )
