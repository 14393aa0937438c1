"""Print a document's summary, and write the document where a folder is given."""

from collections.abc import Mapping
from pathlib import Path
from typing import Any

import click

from sirtdose.io.output.folder import output_folder
from sirtdose.report.documents import document_text


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
    text = document_text(document)
    if out is not None:
        files = {name: text, **(pages or {})}
        with output_folder(out, files, force=force) as folder:
            for own, content in files.items():
                (folder / own).write_text(content, "utf-8")
    click.echo(summary, err=True)
    if out is not None:
        click.echo(f"\nWritten to {out}: {', '.join(files)}", err=True)
    if as_json:
        click.echo(text, nl=False)
