"""`sirtdose report`: the page of saved results, made again."""

from pathlib import Path

import click

from sirtdose.cli.words.command import command
from sirtdose.cli.words.options import force_option
from sirtdose.errors import FileFormatError
from sirtdose.io.output.folder import output_folder
from sirtdose.model.patient_link import PatientLink
from sirtdose.report.figures import write_figures

_PATH = click.Path(path_type=Path)


@command("report")
@click.argument("path", type=_PATH, metavar="RESULT.JSON")
@click.option(
    "--out",
    type=_PATH,
    metavar="DIR",
    help="Folder for the page.  [default: that of the results, replacing the page "
    "there]",
)
@click.option(
    "--show-patient",
    is_flag=True,
    help="Show the patient's name, read from dose_plan.dcm beside post.json.",
)
@click.option(
    "--figures",
    is_flag=True,
    help="Also write figures/ with the pictures and curves as PNG and SVG.",
)
@click.option(
    "--sheet",
    is_flag=True,
    help="One A4 page for the tumor board: sheet.html.",
)
@click.option(
    "--pdf",
    "as_pdf",
    is_flag=True,
    help="Also write the page as PDF, such as report.pdf or plan.pdf.",
)
@click.option(
    "--deidentify",
    is_flag=True,
    help="Leave the case label, the patient key and all dates out.",
)
@force_option
def report_command(
    *,
    path: Path,
    out: Path | None,
    show_patient: bool,
    figures: bool,
    sheet: bool,
    as_pdf: bool,
    deidentify: bool,
    force: bool,
) -> None:
    """Make the page of saved results, or a one-page sheet.

    RESULT.JSON is post.json, lesions.json, plan.json, compare.json, vial.json or
    order.json. Results that were changed since they were computed are refused.

    Example: sirtdose report doses/post.json --figures

    Example: sirtdose report plan/plan.json --sheet
    """
    from sirtdose.report.again import Wanted, page_name, page_of, saved_data
    from sirtdose.report.pdf import page_pdf, pdf_name, require_pdf
    from sirtdose.report.run_record import RUN_RECORD

    if deidentify and show_patient:
        raise click.UsageError("--show-patient names the patient: leave it out")
    if deidentify and figures:
        raise click.UsageError("--figures are not de-identified: leave --figures out")
    if as_pdf:
        require_pdf("--pdf")
    name = page_name(path, sheet=sheet)
    page = page_of(
        path, Wanted(_patient(path) if show_patient else None, sheet, deidentify)
    )
    folder = path.parent if out is None else out
    names = [name, *([pdf_name(name)] * as_pdf), *(["figures"] * figures)]
    # Beside its document, the page is that document's.
    beside = folder.resolve() == path.parent.resolve()
    own = (path.name, RUN_RECORD) if beside else ()
    with output_folder(folder, names, force=force or out is None, of=own) as aside:
        (aside / name).write_text(page, "utf-8")
        if as_pdf:
            (aside / pdf_name(name)).write_bytes(page_pdf(page))
        if figures:
            case, data = saved_data(path)
            write_figures(data, case, aside / "figures")
    click.echo(f"Written to {folder}: {', '.join(names)}", err=True)


def _patient(path: Path) -> PatientLink:
    from sirtdose.io.dicom.link import read_patient
    from sirtdose.report.again import saved_data
    from sirtdose.report.page_data import require_own_plan_file

    plan = path.with_name("dose_plan.dcm")
    if not plan.is_file():
        raise FileFormatError(
            "the patient's name is not known: there is no dose_plan.dcm beside the "
            "results, which `sirtdose post` writes for DICOM images"
        )
    require_own_plan_file(saved_data(path)[1], plan)
    return read_patient(plan)
