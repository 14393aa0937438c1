"""`sirtdose toxicity`: grades of adverse events, hepatotoxicity, liver function."""

import re
from pathlib import Path

import click

from sirtdose.cli.words.command import command
from sirtdose.cli.words.options import (
    force_option,
    json_option,
    out_option,
    verbose_option,
)
from sirtdose.cli.words.show import show_document
from sirtdose.io.collection import no_collection
from sirtdose.outcomes.adverse_events import Window
from sirtdose.report.outcomes.toxicity import (
    toxicity_document,
    toxicity_pages,
)
from sirtdose.report.outcomes.toxicity_screen import toxicity_screen
from sirtdose.workflows.outcomes.toxicity import toxicity_of

_PATH = click.Path(path_type=Path)
_WINDOW = re.compile(r"(\d{1,5})d?-(?:(\d{1,5})d|)")


@command("toxicity")
@click.argument("laboratory", type=_PATH, metavar="LABORATORY.csv")
@click.option(
    "--ctcae",
    required=True,
    metavar="VERSION",
    help="CTCAE version, 5.0; versions grade the same value differently.",
)
@click.option(
    "--window",
    "windows",
    multiple=True,
    metavar="DAYS",
    help="Days after each treatment to grade, e.g. 0-30d or 31-90d; 91d- has no end. "
    "The next treatment ends it. May be repeated.  [default: all after treatment]",
)
@click.option(
    "--treated",
    type=_PATH,
    metavar="DATES.csv",
    help="Table with the columns case_id and treated, if LABORATORY.csv has no column "
    "treated. With a column arm (or treatment), one line for each treatment.",
)
@click.option(
    "--roster",
    type=_PATH,
    metavar="FILE.csv",
    help="All cases with the arm to which each was allocated: columns case_id and arm; "
    "A|B for two arms.",
)
@click.option(
    "--ascites-from",
    type=click.Choice(("2", "3")),
    default="3",
    show_default=True,
    help="Lowest grade of ascites that needs intervention.",
)
@out_option(required=False)
@force_option
@verbose_option
@json_option
def toxicity_command(
    *,
    laboratory: Path,
    ctcae: str,
    windows: tuple[str, ...],
    treated: Path | None,
    roster: Path | None,
    ascites_from: str,
    out: Path | None,
    force: bool,
    as_json: bool,
) -> None:
    """CTCAE grades, hepatotoxicity, ALBI and Child-Pugh, from a table of values.

    LABORATORY.csv has the columns case_id, date, term, value and unit. If known it also
    has uln, lln, baseline and baseline_uln, in the unit of the row. Further columns are
    treated (a day), arm (or treatment) and anticoagulated (yes or no, for an INR). A
    column grade holds your own grade of fatigue, pain, nausea, vomiting, ulcer, ascites
    or eGFR; a table of grades needs no value and unit. Other columns are named and not
    used. The terms ascites-child-pugh (none, slight, moderate) and
    encephalopathy-child-pugh (none, 1-2, 3-4) have a word as value. A value without its
    unit, or without a limit of normal that decides, is not gradable, never grade 0.

    With arms, the worst grade of each patient and arm is counted as n/N, of the
    patients treated in the arm and, with --roster, of those allocated to it.

    Writes toxicity.json, grades.csv, worst.csv, liver.csv and patients.csv; with arms
    also arms.csv and arms_worst.csv.

    Example: sirtdose toxicity labs.csv --ctcae 5.0 --out toxicity

    Example: sirtdose toxicity labs.csv --ctcae 5.0 --window 0-90d --out toxicity

    Example: sirtdose toxicity labs.csv --ctcae 5.0 --treated days.csv --roster
    roster.csv --out toxicity
    """
    with no_collection():
        found = toxicity_of(
            laboratory,
            version=ctcae,
            windows=_windows(windows),
            treated=treated,
            roster=roster,
            ascites_from=int(ascites_from),
        )
        document = toxicity_document(
            found.patients,
            version=ctcae,
            ascites_from=int(ascites_from),
            study=found.study,
            not_used=found.not_used,
        )
        show_document(
            document,
            toxicity_screen(document),
            name="toxicity.json",
            pages=toxicity_pages(document),
            out=out,
            force=force,
            as_json=as_json,
        )


def _windows(texts: tuple[str, ...]) -> "list[Window]":
    found: list[Window] = []
    for text in texts:
        match = _WINDOW.fullmatch(text.strip())
        last = int(match[2]) if match and match[2] else None
        if match is None or (last is not None and last < int(match[1])):
            raise click.BadParameter(
                f"'{text}' is not a window of days: write the first and the last day, "
                "such as 0-30d, or 91d- without an end",
                param_hint="--window",
            )
        first = int(match[1])
        label = f"{first}d-" if last is None else f"{first}-{last}d"
        if label in [one.label for one in found]:
            raise click.BadParameter(f"'{text}' is given twice", param_hint="--window")
        found.append(Window(label, first, last))
    return found
