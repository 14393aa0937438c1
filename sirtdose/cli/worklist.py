"""`sirtdose worklist`: treatments and their scans, and the manifest for `batch`."""

from collections.abc import Mapping, Sequence
from datetime import UTC, datetime
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
from sirtdose.cli.words.typed import site_nodes
from sirtdose.errors import QuantityError
from sirtdose.model.units import offset_in
from sirtdose.report.worklist.document import (
    FETCH_FILE,
    MANIFEST_FILE,
    WORKLIST_FILE,
    manifest_csv,
    worklist_document,
)
from sirtdose.report.worklist.lines import worklist_screen

if TYPE_CHECKING:
    from sirtdose.cli.network.treated import Archived
    from sirtdose.io.treatments.cells import LogFormat
    from sirtdose.model.imaging_study import Studies
    from sirtdose.model.worklist import Entry

_ANY_MOMENT = datetime(2026, 1, 1, tzinfo=UTC)


@command("worklist")
@Option(
    "from",
    str,
    "Studies: a folder of DICOM files, a list that `sirtdose find` wrote, or a "
    "[node.NAME] of your site file to search; may be repeated.",
    many=True,
    required=True,
    metavar="FOLDER|LIST|NODE",
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
    "Column of the log that holds a value, if it has another name, e.g. "
    "'administered=Dose given (MBq)'; may be repeated.",
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
    "Count a treatment as ready without this; may be repeated.",
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
    sources: tuple[str, ...],
    logs: tuple[Path, ...],
    show_patients: bool,
    out: Path | None,
    force: bool,
    as_json: bool,
    **options: Any,
) -> None:
    """Join treatments with their scans, and write the manifest for `sirtdose batch`.

    Treatment logs hold activity, residual and times; study headers hold what was
    scanned and when. They are joined by patient and day. A treatment is ready when it
    has a scan with structures, an activity, a residual and their times, without a
    contradiction. Other treatments are listed, and are not in the manifest.

    Writes manifest.csv with the treatments that are ready, and worklist.json, which
    has the source of each number, and which `sirtdose listen` reads too. For an
    archive, also studies.csv, the list for `sirtdose fetch`.

    Example: sirtdose worklist --from studies/ --log treatments.csv --timezone
    Europe/Rome --out worklist

    Example: sirtdose worklist --from studies/ --log log.csv --dates day-first --decimal
    comma --column 'administered=Dose (MBq)' --out worklist
    """
    from sirtdose.cli.network.treated import archived
    from sirtdose.io.treatments.read import read_logs
    from sirtdose.workflows.worklist.run import Wishes, worklist

    acceptances = acceptances_of(options)
    if acceptances and not options["by"]:
        raise click.UsageError(
            "--accept says that a log or a header is wrong: give --by NAME too"
        )
    wishes = Wishes(options["without"], options["timezone"], acceptances)
    read = read_logs(logs, _format(options))
    asked = [archived(one, read) for one in sources if _is_node(one)]
    studies = [_studies(Path(one)) for one in sources if not _is_node(one)]
    found = worklist(read, [*studies, *(one.studies() for one in asked)], wishes)
    document = worklist_document(
        found,
        show_patients=show_patients,
        without=options["without"],
        timezone=options["timezone"],
    )
    manifest = manifest_csv(found)
    listed = {one.scans[0].key for one in found.entries if _lacks_files(one)}
    fetching = next(filter(None, (one.to_fetch(listed) for one in asked)), "")
    pages = {MANIFEST_FILE: manifest, FETCH_FILE: fetching}
    pages = {name: text for name, text in pages.items() if text}
    show_document(
        document,
        worklist_screen(document, next_steps=_next(out, pages, asked)),
        name=WORKLIST_FILE,
        out=out,
        force=force,
        as_json=as_json,
        pages=pages,
    )


def _is_node(source: str) -> bool:
    """Whether it is to be searched: what is no file or folder is a node's name."""
    return source in site_nodes() or not (
        Path(source).exists() or Path(source).suffix or "/" in source
    )


def _lacks_files(one: "Entry") -> bool:
    return bool(one.scans) and one.scans[0].folder is None


def _next(
    out: Path | None, pages: Mapping[str, str], asked: Sequence["Archived"]
) -> list[str]:
    """What to type with the files that are written."""
    if out is None:
        return []
    steps = {
        MANIFEST_FILE: f"sirtdose batch {out / MANIFEST_FILE} --out doses",
        FETCH_FILE: f"sirtdose fetch {out / FETCH_FILE} --from "
        f"{asked[0].node if asked else ''} --out studies",
    }
    return [f"Next: {line}" for name, line in steps.items() if name in pages]


def _studies(source: Path) -> "Studies":
    from sirtdose.io.studies import read_studies, read_study_list

    is_list = source.is_file() and source.suffix.lower() in (".csv", ".json")
    return read_study_list(source) if is_list else read_studies(source)


def _format(options: dict[str, Any]) -> "LogFormat":
    from sirtdose.io.treatments.cells import LogFormat
    from sirtdose.io.treatments.csv import COLUMNS

    if options["timezone"] is not None:
        # Once, rather than for every line of a log.
        try:
            offset_in(_ANY_MOMENT, options["timezone"])
        except QuantityError as error:
            raise click.BadParameter(str(error), param_hint="--timezone") from None
    columns = {}
    for text in options["columns"]:
        ours, equals, theirs = (one.strip() for one in text.partition("="))
        if not equals or not theirs or ours not in COLUMNS:
            raise click.BadParameter(
                f"'{text}' is not NAME=COLUMN: NAME is one of {', '.join(COLUMNS)}",
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
