"""`sirtdose fetch`: studies from an archive into a folder."""

from pathlib import Path

import click

from sirtdose.cli.network.asked import Modalities, require_uids, studies_in
from sirtdose.cli.network.node import from_option, node_named
from sirtdose.cli.network.options import SIZE
from sirtdose.cli.words.command import command
from sirtdose.cli.words.option import Option
from sirtdose.cli.words.options import json_option, out_option
from sirtdose.cli.words.show import print_document, say
from sirtdose.errors import require_extra
from sirtdose.model.units import DURATION
from sirtdose.network.archive.choose import extra_of, opened
from sirtdose.network.archive.fetch import Fetching, fetch_studies
from sirtdose.network.archive.listing import Wanted

_NOT_ALL = 5


@command("fetch")
@click.argument("studies", nargs=-1, required=True, metavar="STUDY...")
@from_option
@Option(
    "only",
    str,
    "Number or key of a study in the file that `sirtdose find` wrote; may be repeated.",
    metavar="NUMBER|KEY",
    many=True,
)
@Option(
    "modality",
    Modalities(),
    "Modalities of the series to fetch.  [default: all that sirtdose reads]",
)
@Option(
    "series-uid",
    str,
    "SeriesInstanceUID of a series to fetch; may be repeated.  [default: all]",
    metavar="UID",
    many=True,
    about="secret",
)
@Option(
    "retries",
    click.IntRange(0, 100),
    "How often missing objects are requested again.",
    default="2",
)
@Option("wait", DURATION, "Waiting time before each retry.", default="5s")
@Option("timeout", DURATION, "Maximum waiting time for each answer.", default="60s")
@Option(
    "reserve",
    SIZE,
    "Disk space that must stay free; fetching ends when less is left.",
    default="1GB",
)
@out_option(required=True)
@json_option
def fetch_command(
    *,
    studies: tuple[str, ...],
    node: str,
    only: tuple[str, ...],
    modality: tuple[str, ...] | None,
    series_uid: tuple[str, ...],
    retries: int,
    wait: float,
    timeout: float,
    reserve: float,
    out: Path,
    as_json: bool,
) -> None:
    """Fetch studies from an archive, by C-GET, C-MOVE or DICOMweb.

    A STUDY is a StudyInstanceUID, a file that `sirtdose find` wrote, a file with a UID
    on each line, or - for standard input. Each study gets a folder in DIR, named by its
    key. It appears when all objects that the archive lists are there. After an
    interruption, the same command fetches only what is missing. The exit code is 0 if
    every study is complete, otherwise 5.

    Example: sirtdose fetch found/studies.csv --from pacs --out scans

    Example: sirtdose fetch found/studies.csv --only 3 --from pacs --out scans
    """
    archive_node = node_named(node, "--from")
    require_extra(extra_of(archive_node), "sirtdose fetch")
    require_uids(series_uid, "--series-uid")
    wanted = [
        Wanted(uid, modality or (), series_uid)
        for uid in studies_in(studies, {one.strip() for one in only})
    ]
    how = Fetching(out, round(reserve * 1e6), retries, round(wait * 3600, 3))
    with opened(archive_node, timeout_s=timeout * 3600, say=say) as archive:
        fetched = fetch_studies(archive, wanted, how, say)
    from sirtdose.network.archive.documents import fetch_document, fetch_screen

    document = fetch_document(fetched, node)
    print_document(document, fetch_screen(document), as_json=as_json)
    if not all(one.is_complete for one in fetched):
        click.get_current_context().exit(_NOT_ALL)
