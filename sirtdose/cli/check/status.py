"""`sirtdose status`: where each patient stands."""

from pathlib import Path

import click

from sirtdose.cli.words.command import command
from sirtdose.cli.words.option import Option
from sirtdose.cli.words.options import (
    force_option,
    json_option,
    out_option,
    verbose_option,
)
from sirtdose.cli.words.show import show_document
from sirtdose.errors import InputError


@command("status")
@click.argument("folder", type=click.Path(path_type=Path), metavar="FOLDER")
@click.option(
    "--inputs",
    type=click.Path(path_type=Path),
    multiple=True,
    metavar="FOLDER_OR_FILE",
    help="Folder or file of images or structures that were moved; may be repeated.",
)
@Option(
    "show-patients",
    bool,
    "Show patient IDs, names and keys, and folders by their full names.",
)
@out_option(required=False)
@force_option
@verbose_option
@json_option
def status_command(
    *,
    folder: Path,
    inputs: tuple[Path, ...],
    show_patients: bool,
    out: Path | None,
    force: bool,
    as_json: bool,
) -> None:
    """Show which step of each treatment is done, missing or outdated.

    FOLDER holds results of any commands, in any folders. A step is outdated if a file
    that it was made from has changed since. The exit code is 3 if a step is outdated,
    a file cannot be read, or results contradict each other.

    Example: sirtdose status results

    Example: sirtdose status results --inputs scans --out worklist
    """
    from sirtdose.report.documents import rounded
    from sirtdose.report.status.document import (
        is_current,
        status_csv,
        status_document,
        status_screen,
    )
    from sirtdose.workflows.status.run import StatusRequest, status_of

    lost = [one for one in inputs if not one.exists()]
    if lost:
        raise InputError(f"--inputs: there is no file or folder {lost[0].name}")
    found = status_of(StatusRequest(folder, inputs, show_patients))
    document = rounded(
        status_document(
            found.patients,
            unread=found.unread,
            copies=found.copies,
            results=found.results,
        )
    )
    show_document(
        document,
        status_screen(document),
        name="status.json",
        out=out,
        force=force,
        as_json=as_json,
        pages={"status.csv": status_csv(document)},
    )
    if not is_current(document):
        click.get_current_context().exit(3)
