"""`sirtdose worklist`: treatments and their scans, and the manifest for `batch`."""

from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from sirtdose.cli.words.command import command
from sirtdose.cli.words.option import Option
from sirtdose.cli.words.options import (
    acceptance_options,
    by_option,
    force_option,
    json_option,
    out_option,
    timezone_option,
    verbose_option,
)
from sirtdose.cli.words.quantities import acceptances_of
from sirtdose.cli.words.show import show_document
from sirtdose.report.worklist.document import (
    MANIFEST_FILE,
    WORKLIST_FILE,
    manifest_csv,
    worklist_document,
)
from sirtdose.report.worklist.lines import worklist_screen

if TYPE_CHECKING:
    from sirtdose.io.treatments.cells import LogFormat
    from sirtdose.model.imaging_study import Studies


@command("worklist")
@Option(
    "from",
    Path,
    "Studies: a folder of DICOM files, or a list of studies (.csv, .json); may be "
    "repeated.",
    many=True,
    required=True,
    metavar="FOLDER|LIST",
    into="sources",
)
@Option(
    "log",
    Path,
    "Treatment log: a csv table, FHIR MedicationAdministration, a DICOM dose report, "
    "or a folder of them; may be repeated.",
    many=True,
    required=True,
    metavar="FILE",
    into="logs",
)
@Option(
    "column",
    str,
    "Says which column of the log holds what, e.g. 'administered=Dose given (MBq)'; "
    "may be repeated.",
    many=True,
    metavar="NAME=COLUMN",
    into="columns",
)
@Option(
    "dates",
    ("year-first", "day-first", "month-first"),
    "How the log writes dates; 03/04/2026 is refused unless this says what it means.",
    default="year-first",
)
@Option(
    "decimal", ("point", "comma"), "Decimal sign of the log's numbers.", default="point"
)
@Option(
    "identifier-system",
    str,
    "For FHIR: system of the identifier that is the PatientID, if patients have "
    "several.",
    metavar="URI",
)
@timezone_option
@Option(
    "without",
    ("residual", "structures"),
    "Counts a treatment as ready although it lacks this; may be repeated.",
    many=True,
)
@acceptance_options
@by_option
@Option("show-patients", bool, "Show PatientIDs on the terminal and in worklist.json.")
@out_option(required=False)
@force_option
@verbose_option
@json_option
def worklist_command(
    *,
    sources: tuple[Path, ...],
    logs: tuple[Path, ...],
    show_patients: bool,
    out: Path | None,
    force: bool,
    as_json: bool,
    **options: Any,
) -> None:
    """Join treatments with their scans, and write the manifest for `sirtdose batch`.

    Treatment logs say activity, residual and times, the headers of studies what was
    scanned and when. They are joined by patient and day. A treatment is ready when it
    has a scan with structures, an activity, a residual and their times, and nothing
    contradicts. What is missing or contradicts is listed, and is not in the manifest.

    Writes manifest.csv with the treatments that are ready, and worklist.json, which
    says for each number where it is from, and is for `sirtdose listen --worklist`.

    Example: sirtdose worklist --from studies/ --log treatments.csv --timezone
    Europe/Rome --out worklist

    Example: sirtdose worklist --from studies/ --log log.csv --dates day-first --decimal
    comma --column 'administered=Dose (MBq)' --out worklist
    """
    from sirtdose.io.treatments.read import read_logs
    from sirtdose.workflows.worklist.run import Wishes, worklist

    acceptances = acceptances_of(options)
    if acceptances and not options["by"]:
        raise click.UsageError(
            "--accept says that a log or a header is wrong: give --by NAME too"
        )
    wishes = Wishes(options["without"], options["timezone"], acceptances)
    found = worklist(
        read_logs(logs, _format(options)), [_studies(one) for one in sources], wishes
    )
    document = worklist_document(
        found,
        show_patients=show_patients,
        without=options["without"],
        timezone=options["timezone"],
    )
    manifest = manifest_csv(found)
    written = str(out / MANIFEST_FILE) if out is not None and manifest else ""
    show_document(
        document,
        worklist_screen(document, written=written),
        name=WORKLIST_FILE,
        out=out,
        force=force,
        as_json=as_json,
        pages={MANIFEST_FILE: manifest} if manifest else {},
    )


def _studies(source: Path) -> "Studies":
    from sirtdose.io.studies import read_studies, read_study_list

    is_list = source.is_file() and source.suffix.lower() in (".csv", ".json")
    return read_study_list(source) if is_list else read_studies(source)


def _format(options: dict[str, Any]) -> "LogFormat":
    from sirtdose.io.treatments.cells import LogFormat
    from sirtdose.io.treatments.csv import COLUMNS

    columns = {}
    for text in options["columns"]:
        ours, equals, theirs = (one.strip() for one in text.partition("="))
        if not equals or not theirs or ours not in COLUMNS:
            raise click.BadParameter(
                f"'{text}' names no column: write NAME=COLUMN with a NAME of "
                f"{', '.join(COLUMNS)}",
                param_hint="--column",
            )
        columns[ours] = theirs
    return LogFormat(
        options["dates"],
        options["decimal"],
        options["timezone"],
        columns,
        options["identifier_system"],
    )
