"""`sirtdose register`: see how an activity image is registered before doses."""

from pathlib import Path
from typing import Any

import click

from sirtdose.cli.words.command import command
from sirtdose.cli.words.image import (
    image_request,
    reading_options,
)
from sirtdose.cli.words.option import Option
from sirtdose.cli.words.options import (
    force_option,
    json_option,
    out_option,
    verbose_option,
)
from sirtdose.cli.words.show import print_document
from sirtdose.io.output.folder import output_folder, require_free
from sirtdose.io.output.owners import require_not_of_others


@command("register")
@click.argument("source", type=click.Path(path_type=Path), metavar="FOLDER")
@reading_options
@Option(
    "drawn-on",
    Path,
    "CT or MR on which the structures were drawn, or another camera's SPECT or PET.",
    required=True,
)
@out_option(required=True)
@force_option
@verbose_option
@json_option
def register_command(
    *,
    source: Path,
    out: Path,
    force: bool,
    as_json: bool,
    **options: Any,
) -> None:
    """Register a SPECT or PET without its own CT by the liver's outline, to look at.

    FOLDER holds the activity image and structures with a liver, and what is perfused
    of it. Writes register.json, registration.tfm and register.html with the pictures.
    `sirtdose post` registers in the same way, and asks whether it was looked at.

    Example: sirtdose register scan --drawn-on ct --out registered

    Example: sirtdose register spect.dcm --structures rs.dcm --drawn-on mr --out seen
    """
    from sirtdose.report.register.document import (
        REGISTER_FILES,
        register_document,
        register_screen,
        write_register,
    )
    from sirtdose.workflows.register import register_image

    require_not_of_others(out, REGISTER_FILES, REGISTER_FILES)
    require_free(out, REGISTER_FILES, force=force)
    request = image_request(source, {**options, "registration": "liver"})
    found, findings, inputs = register_image(request)
    document = register_document(found, findings, inputs)
    with output_folder(out, REGISTER_FILES, force=force) as folder:
        write_register(found, document, folder)
    screen = register_screen(document)
    print_document(document, screen, names=REGISTER_FILES, out=out, as_json=as_json)
