"""`sirtdose response`: response of tumors over time."""

from pathlib import Path
from typing import Any

import click

from sirtdose.cli.words.command import command
from sirtdose.cli.words.option import Option, WordType, together
from sirtdose.cli.words.options import (
    acceptance_options,
    force_option,
    json_option,
    out_option,
    verbose_option,
)
from sirtdose.cli.words.quantities import DaysType, acceptances_of, named_value
from sirtdose.cli.words.show import show_document
from sirtdose.data.load import table
from sirtdose.io.tables.csv import columns_not_used
from sirtdose.outcomes.recist import STABLE_BETWEEN
from sirtdose.report.documents import rounded
from sirtdose.report.outcomes.response import (
    best_csv,
    response_document,
    response_screen,
    timepoints_csv,
)
from sirtdose.report.outcomes.scans import (
    scans_document,
    scans_screen,
    variants_csv,
)
from sirtdose.workflows.outcomes.diameters import (
    DIAMETER_COLUMNS,
    response_by_diameters,
)
from sirtdose.workflows.outcomes.scans import ScansRequest, response_of_scans
from sirtdose.workflows.outcomes.uptakes import UPTAKE_COLUMNS, response_by_uptake

_CRITERIA = ("recist-1.1", "mrecist", "percist", "mpercist")
_OF_DIAMETERS = ("targets_max", "confirmed", "stable_between", "stable_from")


_scans = together(
    Option(
        "scans",
        bool,
        "What is given are not tables but scans of one patient: the --out folders of "
        "`sirtdose suv`, the baseline first.",
    ),
    Option(
        "targeted",
        str,
        "Lesion that was treated, judged apart from the others; may be repeated.",
        many=True,
        metavar="NAME",
    ),
    Option(
        "node",
        str,
        "Lesion that is a lymph node, for RECIST by its short axis; may be repeated.",
        many=True,
        metavar="NAME",
        into="nodes",
    ),
    Option(
        "organ",
        str,
        "Organ of a lesion outside the liver, e.g. 'L5=bone'; may be repeated.",
        many=True,
        metavar="NAME=ORGAN",
        into="organs",
    ),
    Option(
        "match",
        str,
        "Says that a lesion has another name at a scan, e.g. 'T1=scan 2:Lesion A'; may "
        "be repeated.",
        many=True,
        metavar="LESION=NAME",
    ),
    Option(
        "new",
        str,
        "Says that a lesion is new, e.g. 'scan 2:T4'; may be repeated.",
        many=True,
        metavar="NAME",
    ),
    Option(
        "gone",
        str,
        "Says that nothing of a lesion is seen any more, e.g. 'scan 2:T1'; may be "
        "repeated.",
        many=True,
        metavar="NAME",
    ),
    Option(
        "case-label",
        str,
        "Your label of the patient, for --scans: case_id in the tables.",
        metavar="TEXT",
    ),
)
_OF_SCANS = ("targeted", "nodes", "organs", "match", "new", "gone", "case_label")


@command("response")
@click.argument(
    "measurements",
    type=click.Path(path_type=Path),
    nargs=-1,
    required=True,
    metavar="MEASUREMENTS.csv | SCAN...",
)
@_scans
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
@acceptance_options
@out_option(required=False)
@force_option
@verbose_option
@json_option
def response_command(
    *,
    measurements: tuple[Path, ...],
    scans: bool,
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

    With --scans the response is that of one patient whose PETs `sirtdose suv` measured:
    by the criteria, by every variant of PERCIST, and by region (whole patient, liver,
    --targeted lesions and the others, outside the liver).

    Writes response.json, timepoints.csv and best.csv; of scans also variants.csv.

    Example: sirtdose response lesions.csv --criteria recist-1.1 --out response

    Example: sirtdose response --scans suv1 suv2 --criteria percist --out response
    """
    if scans:
        document = _of_scans(measurements, criteria, options)
        show_document(
            document,
            scans_screen(document),
            name="response.json",
            pages={
                "timepoints.csv": timepoints_csv(document),
                "best.csv": best_csv(document),
                "variants.csv": variants_csv(document),
            },
            out=out,
            force=force,
            as_json=as_json,
        )
        return
    _require_table(measurements, options)
    rules = table("response_criteria")[criteria]
    judge = _by_diameters if rules["measures"] == "diameters" else _by_uptake
    document = judge(measurements[0], criteria, rules, options)
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


def _require_table(paths: tuple[Path, ...], options: dict[str, Any]) -> None:
    """A table stands alone, without what is said of scans."""
    if len(paths) > 1:
        raise click.UsageError(
            f"{len(paths)} inputs: give one table, or --scans with the folders of "
            "`sirtdose suv`"
        )
    for name in _OF_SCANS:
        if options[name]:
            option = {"nodes": "node", "organs": "organ"}.get(name, name)
            raise click.UsageError(
                f"--{option.replace('_', '-')} is for --scans: leave it out with a "
                "table"
            )


def _of_scans(
    folders: tuple[Path, ...], criteria: str, options: dict[str, Any]
) -> dict[str, Any]:
    rules = table("response_criteria")[criteria]
    by_diameters = rules["measures"] == "diameters"
    own = "targets_max" if by_diameters else "lesions_max"
    for name in (*_OF_DIAMETERS, "lesions_max"):
        if name != own and options[name] not in (None, False):
            raise click.UsageError(
                f"--{name.replace('_', '-')} is not for {criteria} with --scans"
            )
    if options["nodes"] and not by_diameters:
        raise click.UsageError(f"--node is not for {criteria}, which measures uptake")
    if criteria == "percist" and options["lesions_max"] not in (None, 1):
        raise click.UsageError(
            "PERCIST 1.0 follows 1 lesion, the hottest of each scan: for "
            f"{options['lesions_max']} use --criteria mpercist"
        )
    request = ScansRequest(
        folders=folders,
        criteria=criteria,
        lesions_max=options["lesions_max"],
        targets_max=options["targets_max"],
        targeted=options["targeted"],
        nodes=options["nodes"],
        match=tuple(_pair(one, "--match") for one in options["match"]),
        new=options["new"],
        gone=options["gone"],
        organs=dict(_pair(one, "--organ") for one in options["organs"]),
        case_label=options["case_label"],
        acceptances=acceptances_of(options),
    )
    settings: dict[str, Any] = (
        {
            "targets_max": options["targets_max"] or rules["targets_max"],
            "targets_per_organ_max": rules["targets_per_organ_max"],
            "confirmed": False,
            "stable_between": STABLE_BETWEEN,
            "stable_from_d": None,
        }
        if by_diameters
        else {"lesions_max": options["lesions_max"] or rules["lesions_max"]}
    )
    found = response_of_scans(request)
    document: dict[str, Any] = rounded(
        scans_document(found, criteria=criteria, settings=settings)
    )
    return document


def _pair(text: str, option: str) -> tuple[str, str]:
    example = "'T1=bone'" if option == "--organ" else "'T1=Lesion A'"
    return named_value(text, option, example)


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
        not_used=columns_not_used(path, DIAMETER_COLUMNS),
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
        response_by_uptake(path, **settings),
        criteria=criteria,
        settings=settings,
        not_used=columns_not_used(path, UPTAKE_COLUMNS),
    )
