"""`sirtdose inspect`: what is in a folder."""

from pathlib import Path

import click

from sirtdose.cli.options import json_option


@click.command("inspect")
@click.argument("source", type=click.Path(path_type=Path), metavar="FOLDER_OR_FILE")
@json_option
def inspect_command(*, source: Path, as_json: bool) -> None:
    """Say what is in a folder, what would be used, and what is wrong with it.

    Example: sirtdose inspect scans/
    """
    from sirtdose.report.documents import document_text
    from sirtdose.report.inspection import inspection_document, inspection_summary
    from sirtdose.workflows.inspect import inspect_folder

    found, choice, problem = inspect_folder(source)
    document = inspection_document(found, choice, problem)
    click.echo(inspection_summary(document), err=True)
    if as_json:
        click.echo(document_text(document), nl=False)
