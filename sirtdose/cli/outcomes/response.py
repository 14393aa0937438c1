"""`sirtdose response`: response of tumors over time."""

from pathlib import Path
from typing import Any

import click

from sirtdose.cli.words.command import command
from sirtdose.cli.words.option import WordType
from sirtdose.cli.words.options import (
    force_option,
    json_option,
    out_option,
    verbose_option,
)
from sirtdose.cli.words.quantities import DaysType
from sirtdose.cli.words.show import show_document
from sirtdose.data.load import table
from sirtdose.outcomes.recist import STABLE_BETWEEN
from sirtdose.report.outcomes.response import (
    best_csv,
    response_document,
    response_screen,
    timepoints_csv,
)
from sirtdose.workflows.outcomes.diameters import response_by_diameters
from sirtdose.workflows.outcomes.uptakes import response_by_uptake

_CRITERIA = ("recist-1.1", "mrecist", "percist", "mpercist")
_OF_DIAMETERS = ("targets_max", "confirmed", "stable_between", "stable_from")


@command("response")
@click.argument(
    "measurements", type=click.Path(path_type=Path), metavar="MEASUREMENTS.csv"
)
@click.option(
    "--criteria",
    type=WordType(_CRITERIA),
    required=True,
    help="Criteria by which response is judged.",
)
@click.option(
    "--targets-max",
    type=click.IntRange(min=1, max=5),
    help="Maximum number of target lesions, up to 5.  [default: RECIST 1.1 5, mRECIST "
    "2]",
)
@click.option(
    "--lesions-max",
    type=click.IntRange(min=1, max=50),
    help="Number of hottest lesions of each scan that are summed; required for "
    "mpercist, as studies differ.  [default: PERCIST 1]",
)
@click.option(
    "--confirmed",
    is_flag=True,
    help="CR and PR must be confirmed by a scan 28 days later or more.",
)
@click.option(
    "--stable-between",
    type=click.IntRange(min=0, max=50),
    help="With --confirmed: number of scans with stable disease allowed between the "
    "two; 0 allows none.  [default: 1, as in the RECIST 1.1 paper's answers]",
)
@click.option(
    "--stable-from",
    type=DaysType(),
    help="Time from baseline after which stable disease counts, e.g. 42d.",
)
@out_option(required=False)
@force_option
@verbose_option
@json_option
def response_command(
    *,
    measurements: Path,
    criteria: str,
    out: Path | None,
    force: bool,
    as_json: bool,
    **options: Any,
) -> None:
    """Response of each case, from a table of its lesions at each scan.

    The earliest date of a case is its baseline. RECIST 1.1 and mRECIST read the columns
    case_id, date, lesion, organ, kind (target, target-node, non-target, new),
    diameter_mm, state (of non-targets: absent, present, progressed, not evaluated) and
    slice_mm (slice thickness at baseline). PERCIST reads case_id, date, lesion,
    sul_peak, liver_mean, liver_sd (g/mL), tlg, new (yes or no) and diameter_mm. A case
    whose baseline cannot be followed is NE, with the reason.

    Writes response.json, timepoints.csv and best.csv.

    Example: sirtdose response lesions.csv --criteria recist-1.1 --out response

    Example: sirtdose response lesions.csv --criteria mrecist --confirmed --out response
    """
    rules = table("response_criteria")[criteria]
    judge = _by_diameters if rules["measures"] == "diameters" else _by_uptake
    document = judge(measurements, criteria, rules, options)
    show_document(
        document,
        response_screen(document),
        name="response.json",
        pages={
            "timepoints.csv": timepoints_csv(document),
            "best.csv": best_csv(document),
        },
        out=out,
        force=force,
        as_json=as_json,
    )


def _by_diameters(
    path: Path, criteria: str, rules: dict[str, Any], options: dict[str, Any]
) -> dict[str, Any]:
    if options["lesions_max"] is not None:
        raise click.UsageError(
            f"--lesions-max is for percist and mpercist: for {criteria} use "
            "--targets-max"
        )
    between = options["stable_between"]
    if between is not None and not options["confirmed"]:
        raise click.UsageError("--stable-between needs --confirmed")
    settings = {
        "targets_max": options["targets_max"] or rules["targets_max"],
        "confirmed": options["confirmed"],
        "stable_between": STABLE_BETWEEN if between is None else between,
        "stable_from_d": options["stable_from"],
    }
    cases, not_counted = response_by_diameters(path, criteria=rules["name"], **settings)
    return response_document(
        cases,
        criteria=criteria,
        settings={
            **settings,
            "targets_per_organ_max": rules["targets_per_organ_max"],
        },
        not_counted=not_counted,
    )


def _by_uptake(
    path: Path, criteria: str, rules: dict[str, Any], options: dict[str, Any]
) -> dict[str, Any]:
    for name in _OF_DIAMETERS:
        if options[name] not in (None, False):
            raise click.UsageError(
                f"--{name.replace('_', '-')} is for recist-1.1 and mrecist, not for "
                f"{criteria}"
            )
    own, given = rules["lesions_max"], options["lesions_max"]
    if own is None and given is None:
        raise click.UsageError(
            "mpercist needs --lesions-max: studies differ in the number of lesions "
            "that are summed"
        )
    if own is not None and given not in (None, own):
        raise click.UsageError(
            f"PERCIST 1.0 follows {own} lesion, the hottest of each scan: for {given} "
            "use --criteria mpercist"
        )
    settings = {"lesions_max": given or own}
    return response_document(
        response_by_uptake(path, **settings), criteria=criteria, settings=settings
    )
