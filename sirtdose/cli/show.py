"""Print a document's summary, and write the document where a folder is given."""

from pathlib import Path
from typing import Any

import click


def show_document(
    document: dict[str, Any],
    summary: str,
    *,
    name: str,
    out: Path | None,
    force: bool,
    as_json: bool,
) -> None:
    """Write `name` into the folder `out`, whole or not at all, and say so."""
    from sirtdose.io.output_folder import output_folder
    from sirtdose.report.documents import document_text

    text = document_text(document)
    if out is not None:
        with output_folder(out, (name,), force=force) as folder:
            (folder / name).write_text(text, "utf-8")
    click.echo(summary, err=True)
    if out is not None:
        click.echo(f"\nWritten to {out / name}", err=True)
    if as_json:
        click.echo(text, nl=False)
