"""`sirtdose view`: the planes of any dose, in a page."""

from dataclasses import replace
from pathlib import Path

import click

from sirtdose.cli.words.command import command
from sirtdose.cli.words.image import (
    ct_option,
    probability_option,
    role_options,
    roles_of,
    structures_option,
)
from sirtdose.cli.words.options import force_option, out_option, verbose_option
from sirtdose.cli.words.show import show
from sirtdose.io.output.folder import output_folder, require_free
from sirtdose.report.render import view_page
from sirtdose.report.screen import Screen


@command("view")
@click.argument("dose", type=click.Path(path_type=Path), metavar="DOSE")
@replace(ct_option, help="CT to show under the dose.")
@structures_option(required=False)
@probability_option
@role_options
@replace(out_option(required=False), help="Folder for view.html.", default=".")
@force_option
@verbose_option
def view_command(
    *,
    dose: Path,
    ct: Path | None,
    structures: tuple[Path, ...],
    roles: tuple[str, ...],
    languages: tuple[str, ...] | None,
    probability_threshold: float | None,
    out: Path,
    force: bool,
) -> None:
    """Show a dose map in three planes that can be moved, on one page.

    DOSE is an RTDOSE, or NIfTI, NRRD or MetaImage in Gy. The page needs no network.

    Example: sirtdose view dose.dcm

    Example: sirtdose view dose.nii.gz --ct ct/ --structures contours.dcm
    """
    from sirtdose.workflows.dose_view import dose_view

    require_free(out, ("view.html",), force=force)
    data = dose_view(
        dose,
        ct,
        structures,
        roles=roles_of(roles),
        languages=languages or (),
        probability_threshold=probability_threshold,
    )
    with output_folder(out, ("view.html",), force=force) as folder:
        (folder / "view.html").write_text(view_page("Dose", data), "utf-8")
    show(Screen.of(data, [f"Written to {out / 'view.html'}"]))
