"""`sirtdose plan approve`: a person's name under a plan."""

from contextlib import suppress
from pathlib import Path
from typing import Any

import click

from sirtdose.cli.words.command import command
from sirtdose.cli.words.option import Option
from sirtdose.cli.words.options import json_option, verbose_option
from sirtdose.cli.words.show import print_document
from sirtdose.cli.words.typed import site_used
from sirtdose.errors import InputError
from sirtdose.io.output.folder import output_folder
from sirtdose.io.output.unfinished import finish
from sirtdose.io.tables.site import read_site
from sirtdose.model.names import alike
from sirtdose.report.documents import document_text
from sirtdose.report.plan.hash import approved
from sirtdose.report.plan.lines import approved_screen
from sirtdose.report.plan.page import plan_page


@command("approve")
@click.argument("path", type=click.Path(path_type=Path), metavar="PLAN.JSON")
@Option(
    "by",
    str,
    "Name of the person who approves the plan.",
    required=True,
    metavar="NAME",
)
@verbose_option
@json_option
def approve_command(*, path: Path, by: str, as_json: bool) -> None:
    """Approve a plan as it was computed; a plan edited since then is refused.

    The name, the time and their hash are written into the file.

    Example: sirtdose plan approve plan.json --by "A. Physicist"

    Example: sirtdose plan approve plan/plan.json --by "A. Physicist" --json
    """
    from datetime import datetime

    _require_approver(by)
    finish(path.parent)
    try:
        text = path.read_text("utf-8")
    except OSError as error:
        raise InputError(f"cannot read {path.name}: {error.strerror}") from error
    except UnicodeDecodeError as error:
        raise InputError(f"{path.name} cannot be read: give a plan.json") from error
    now = datetime.now().astimezone().isoformat(timespec="seconds")
    document = approved(text, by=by, at=now)
    files = {path.name: document_text(document), **_page(path, document)}
    with output_folder(path.parent, files, force=True, of=("plan.json",)) as folder:
        for name, content in files.items():
            (folder / name).write_text(content, "utf-8")
    print_document(document, approved_screen(document), as_json=as_json)


def _require_approver(by: str) -> None:
    """Refuse a name that the site's file does not list, where it lists any."""
    used = site_used()
    people = read_site(used.path).approvers if used and used.path else ()
    if people and not alike(by, people):
        raise InputError(
            f"'{by}' may not approve plans by the site file, only {', '.join(people)}"
        )


def _page(path: Path, document: dict[str, Any]) -> dict[str, str]:
    """The plan's page beside it, by its name, saying so too, where there is one.

    Its pictures are left out where they are lost: the name under a plan counts more.
    """
    from sirtdose.report.again import page_data

    if path.name != "plan.json" or not path.with_name("plan.html").is_file():
        return {}
    data = None
    if "doses" in document:
        with suppress(InputError):
            data = page_data(path, document["hash"])
    return {"plan.html": plan_page(document_text(document), data)}
