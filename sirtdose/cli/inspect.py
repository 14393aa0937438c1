"""`sirtdose inspect`: what is in a folder."""

from pathlib import Path

import click

from sirtdose.cli.words.command import command
from sirtdose.cli.words.image import languages_option
from sirtdose.cli.words.options import json_option, verbose_option
from sirtdose.cli.words.show import print_document


@command("inspect")
@click.argument("source", type=click.Path(path_type=Path), metavar="FOLDER_OR_FILE")
@click.option(
    "--paths",
    is_flag=True,
    help="Also print the path of each item; folders may be named after patients.",
)
@languages_option
@verbose_option
@json_option
def inspect_command(
    *, source: Path, paths: bool, languages: tuple[str, ...] | None, as_json: bool
) -> None:
    """List what a folder holds, what would be used, and what is wrong with it.

    Example: sirtdose inspect scans/

    Example: sirtdose inspect scans/ --languages en,nl --json
    """
    from sirtdose.report.inspection import inspection_document, inspection_summary
    from sirtdose.workflows.inspect import inspect_folder

    document = inspection_document(
        inspect_folder(source, languages=languages or ()), paths=paths
    )
    print_document(document, inspection_summary(document), as_json=as_json)
