"""`sirtdose report`: saved results as a page, a sheet, FHIR, or tables."""

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
@click.argument("path", type=_PATH, metavar="RESULT")
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
@click.option(
    "--fhir",
    is_flag=True,
    help="Write observations.json (FHIR R4) of post.json to --out, and no page. "
    "Contains the PatientID of dose_plan.dcm.",
)
@click.option(
    "--csv",
    "as_csv",
    is_flag=True,
    help="Read structured reports: a DICOM SR, or all in a folder. Writes "
    "measurements.csv and measured_structures.csv to --out; no page.",
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
    fhir: bool,
    as_csv: bool,
    force: bool,
) -> None:
    """Make the page of saved results, a one-page sheet, FHIR, or tables from SR.

    RESULT is post.json, lesions.json, plan.json, compare.json, vial.json or order.json;
    with --csv, dose_report.dcm or a folder of such reports. Results that were
    edited since they were computed are refused.

    Example: sirtdose report doses/post.json --figures

    Example: sirtdose report archive/ --csv --out tables
    """
    from sirtdose.report.again import Wanted, page_name, page_of, saved_data
    from sirtdose.report.pdf import page_pdf, pdf_name, require_pdf
    from sirtdose.report.run_record import RUN_RECORD

    if fhir or as_csv:
        folder = _folder_alone(out, fhir=fhir, csv=as_csv)
        write = _write_observations if fhir else _write_tables
        write(path, folder, force=force)
        return
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


def _folder_alone(out: Path | None, **asked: bool) -> Path:
    """Where files go that are no pages; refuses what is of pages beside them."""
    given = click.get_current_context().params
    pages = ("show_patient", "figures", "sheet", "deidentify")
    ours = [f"--{name}" for name, wanted in asked.items() if wanted]
    others = [f"--{one.replace('_', '-')}" for one in pages if given[one]]
    if len(ours) > 1 or others:
        raise click.UsageError(
            f"{ours[0]} cannot be combined with {', '.join([*ours[1:], *others])}"
        )
    if out is None:
        raise click.UsageError(f"{ours[0]} needs --out, a folder for its files")
    return out


def _write_observations(path: Path, out: Path, *, force: bool) -> None:
    """Results after treatment as FHIR."""
    from sirtdose.report.again import saved_post
    from sirtdose.report.post.fhir import OBSERVATIONS_FILE, Subject, observations_text

    document = saved_post(path)
    plan = path.with_name("dose_plan.dcm")
    subject = Subject.of(_patient(path) if plan.is_file() else None)
    text = observations_text(document, subject)
    with output_folder(out, [OBSERVATIONS_FILE], force=force) as aside:
        (aside / OBSERVATIONS_FILE).write_text(text, "utf-8")
    click.echo(f"Written to {out}: {OBSERVATIONS_FILE}", err=True)


def _write_tables(path: Path, out: Path, *, force: bool) -> None:
    """Structured reports as tables."""
    from sirtdose.report.measurements import (
        MEASURED_STRUCTURES_FILE,
        MEASUREMENTS_FILE,
        measurements_csv,
        reported_structures_csv,
    )
    from sirtdose.workflows.reports import read_reports

    found = read_reports(path)
    for name, why in found.passed:
        click.echo(f"not used: {name}, {why}", err=True)
    tables = {MEASUREMENTS_FILE: measurements_csv(found.read)}
    if any(one.own for _, one in found.read):
        tables[MEASURED_STRUCTURES_FILE] = reported_structures_csv(found.read)
    every = (MEASUREMENTS_FILE, MEASURED_STRUCTURES_FILE)
    with output_folder(out, every, force=force) as aside:
        for name, text in tables.items():
            (aside / name).write_text(text, "utf-8")
    count = len(found.read)
    click.echo(
        f"{count} report{'s' * (count != 1)} read. Written to {out}: "
        f"{', '.join(tables)}",
        err=True,
    )


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
