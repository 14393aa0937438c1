"""`sirtdose find`: which studies an archive has."""

from datetime import date
from pathlib import Path

import click

from sirtdose.cli.network.asked import Days, Modalities, patients_in
from sirtdose.cli.network.node import from_option, node_named
from sirtdose.cli.words.command import command
from sirtdose.cli.words.option import Option
from sirtdose.cli.words.options import force_option, json_option, out_option
from sirtdose.cli.words.show import say, show_document
from sirtdose.errors import require_extra
from sirtdose.io.output.folder import require_free
from sirtdose.model.units import DURATION
from sirtdose.network.archive.choose import extra_of, opened
from sirtdose.network.archive.query import Query

_FIND_FILE = "find.json"
_TABLE = "studies.csv"


@command("find")
@from_option
@Option(
    "patient-id",
    str,
    "Patient ID to search by; may be repeated. Your shell's history keeps it; with "
    "--patients it does not.",
    metavar="ID",
    many=True,
    about="secret",
)
@Option(
    "patients",
    str,
    "File with a patient ID on each line, or a table with a column patient_id; - for "
    "standard input.",
    metavar="FILE",
)
@Option(
    "accession",
    str,
    "Accession number to search by; may be repeated.",
    metavar="NUMBER",
    many=True,
    about="secret",
)
@Option("date", Days(), "Day of the study, or first..last day, e.g. 2026-03-01..")
@Option("modality", Modalities(), "Only studies with one of these modalities.")
@Option(
    "description",
    str,
    "Description of the study; * matches any letters, ? one letter.",
    metavar="TEXT",
    default="",
)
@Option(
    "limit",
    click.IntRange(1, 10_000),
    "Maximum number of studies to list.",
    default="500",
)
@Option("timeout", DURATION, "Maximum waiting time for each answer.", default="60s")
@Option(
    "show-patients",
    bool,
    "Show names, IDs, birth dates and accession numbers of patients, and write them.",
    about="results",
)
@out_option(required=False)
@force_option
@json_option
def find_command(
    *,
    node: str,
    patient_id: tuple[str, ...],
    patients: str | None,
    accession: tuple[str, ...],
    date: tuple[date | None, date | None] | None,
    modality: tuple[str, ...] | None,
    description: str,
    limit: int,
    timeout: float,
    show_patients: bool,
    out: Path | None,
    force: bool,
    as_json: bool,
) -> None:
    """Search an archive for studies, by patient, accession number or day.

    The archive is a [node.NAME] of your site file. Each study has a number and a key.
    With --out, find.json and studies.csv are written, for `sirtdose fetch`. No patient
    data is shown unless you give --show-patients. Passwords come from the
    environment or the keyring.

    Example: sirtdose find --from pacs --patients ids.txt --out found

    Example: sirtdose find --from pacs --date 2026-03-02 --modality NM,PT
    """
    archive_node = node_named(node, "--from")
    require_extra(extra_of(archive_node), "sirtdose find")
    ids = [*patient_id, *(patients_in(patients) if patients is not None else ())]
    query = Query(
        patient_ids=tuple(dict.fromkeys(one.strip() for one in ids)),
        dates=date or (None, None),
        modalities=modality or (),
        accession_numbers=tuple(one.strip() for one in accession),
        description=description.strip(),
    )
    if out is not None:
        require_free(out, (_FIND_FILE, _TABLE), force=force)
    with opened(archive_node, timeout_s=timeout * 3600, say=say) as archive:
        answers = archive.find(query, limit)
    from sirtdose.network.archive.documents import (
        find_document,
        find_screen,
        studies_csv,
    )

    document = find_document(answers, node, show_patients=show_patients)
    show_document(
        document,
        find_screen(document),
        name=_FIND_FILE,
        out=out,
        force=force,
        as_json=as_json,
        pages={_TABLE: studies_csv(document)},
    )
