"""`sirtdose cohort`: doses of many patients against their outcomes."""

from collections.abc import Callable
from pathlib import Path
from typing import Any, TypeVar

import click

from sirtdose.cli.outcomes.shared import pool, require_one_task, share
from sirtdose.cli.words.command import command
from sirtdose.cli.words.options import (
    force_option,
    json_option,
    out_option,
    verbose_option,
)
from sirtdose.cli.words.show import print_document
from sirtdose.cohort.analysis import analyze_cohort
from sirtdose.cohort.columns import RESPONSES
from sirtdose.cohort.request import CohortRequest
from sirtdose.cohort.times import DAYS_PER_MONTH
from sirtdose.io.output.folder import output_folder, require_free
from sirtdose.model.units import DOSE
from sirtdose.phantom.cohort import SIMULATED_COLUMNS, SIMULATED_FILES, write_cohort
from sirtdose.report.cohort.lines import cohort_screen
from sirtdose.report.cohort.page import COHORT_FILES, cohort_page
from sirtdose.report.cohort.paper_files import PAPER_FILES, paper_files
from sirtdose.report.cohort.tables import cohort_table
from sirtdose.report.documents import document_text, rounded

_Command = TypeVar("_Command", bound=Callable[..., Any])
_PATH = click.Path(path_type=Path)
# Options that may be repeated, and what a request calls them.
_SEVERAL = {
    "covariate": "covariates",
    "describe": "describe",
    "stratum": "strata",
    "by": "by",
    "toxicity": "toxicity",
}


def _column(
    name: str, text: str, *, multiple: bool = False
) -> Callable[[_Command], _Command]:
    return click.option(
        name, metavar="COLUMN", callback=_lowered, help=text, multiple=multiple
    )


def _lowered(_context: click.Context, _option: click.Parameter, value: Any) -> Any:
    """Columns are compared as tables are read, without regard to case."""
    if isinstance(value, tuple):
        return tuple(one.strip().casefold() for one in value)
    return None if value is None else value.strip().casefold()


def _columns(_context: click.Context, _option: click.Parameter, value: Any) -> Any:
    """Columns between bars."""
    names = [] if value is None else [one.strip() for one in value.split("|")]
    if not all(names):
        raise click.BadParameter(
            f"'{value}' names a column that is empty: write 'death_date|last_seen'"
        )
    return tuple(one.casefold() for one in names)


@command("cohort")
@click.argument(
    "doses",
    type=_PATH,
    nargs=-1,
    metavar="[TABLE.csv|BATCH_DIR|LESIONS_DIR|SHARED.json]...",
)
@click.option(
    "--outcomes",
    type=_PATH,
    multiple=True,
    metavar="OUTCOMES.csv",
    help="Table of outcomes by case, or by lesion if it has a column lesion. May be "
    "repeated, e.g. best.csv of `sirtdose response` and patients.csv of "
    "`sirtdose toxicity`.",
)
@_column(
    "--response",
    "Column with the response: yes or no, or CR, PR, SD, PD, CMR, PMR, SMD, PMD, NE.",
)
@click.option(
    "--responders",
    default="CR,PR,CMR,PMR",
    show_default=True,
    help="Responses that count as responders, separated by commas.",
)
@_column(
    "--toxicity",
    "Column with the toxicity: yes or no, or grades 0 to 5 if its name ends in _grade. "
    "May be repeated: a patient with any of them has it, e.g. grades of bilirubin, AST "
    "and ALT, and ascites that needed intervention.",
    multiple=True,
)
@click.option(
    "--toxic-from",
    type=click.IntRange(1, 5),
    default=3,
    show_default=True,
    help="Lowest grade that counts as a toxicity.",
)
@_column(
    "--dose",
    "Column with the dose to a patient's tumors.  [default: tumors_mean_gy, or the "
    "only column whose name contains tumor]",
)
@_column(
    "--lesion-dose",
    "Column with the dose to a lesion.  [default: mean_gy, or the only column in Gy]",
)
@_column(
    "--liver-dose",
    "Column with the dose to compare with toxicity.  [default: normal_whole_mean_gy, "
    "or the only column whose name contains liver]",
)
@click.option(
    "--threshold",
    metavar="DOSE",
    help="Dose threshold chosen beforehand, e.g. 79.5Gy, that divides patients and "
    "lesions into two groups.",
)
@_column(
    "--time",
    "Column with the time to the event; its name ends in _days, _weeks, _months or "
    "_years.",
)
@_column(
    "--event", "Column that says whether the event occurred: 1 or 0, dead or alive."
)
@click.option(
    "--from",
    "start",
    metavar="COLUMN",
    callback=_lowered,
    help="Column with the date from which months are counted, e.g. workup_date, "
    f"if no column of --time holds them. A month is {DAYS_PER_MONTH:g} days.",
)
@click.option(
    "--to",
    "end",
    metavar="COLUMN|COLUMN",
    callback=_columns,
    help="Columns with the date of the event and, where it is empty, of the last "
    "contact, e.g. 'death_date|last_seen'. One column needs --event.",
)
@_column(
    "--by",
    "Column that groups the survival curves; may be repeated.  [default: the response]",
    multiple=True,
)
@_column(
    "--stratum",
    "Column within whose groups log-rank tests and Cox models compare; may be "
    "repeated.",
    multiple=True,
)
@click.option(
    "--landmark",
    type=click.FloatRange(min=0),
    default=0.0,
    help="Time at which the survival curves by group start, in the unit of --time; "
    "patients with a shorter follow-up are excluded.",
)
@_column(
    "--covariate",
    "Column for Cox models and comparisons; may be repeated.",
    multiple=True,
)
@_column(
    "--describe",
    "Column for the table of patients and comparisons, not for Cox models; may be "
    "repeated.",
    multiple=True,
)
@click.option(
    "--interval",
    type=click.Choice(["log-log", "log", "plain", "spss"]),
    default="log-log",
    show_default=True,
    help="Method of the confidence interval of survival and its median. spss is the "
    "symmetric interval of the median that SPSS prints.",
)
@click.option(
    "--ties",
    type=click.Choice(["efron", "breslow"]),
    default="efron",
    show_default=True,
    help="How a Cox model handles tied event times.",
)
@click.option(
    "--paragraph",
    "as_paragraph",
    is_flag=True,
    help="Also write the results as a paper's text, each number linked to its table, "
    "and each table as CSV and HTML for Word.",
)
@click.option(
    "--simulated",
    is_flag=True,
    help="Analyze 64 simulated patients, drawn from published figures, instead of "
    "tables; their tables are written too.",
)
@click.option(
    "--share",
    type=_PATH,
    metavar="FILE.json",
    help="Write what other centers need to fit the models together, and nothing of "
    "single patients.",
)
@click.option(
    "--center", metavar="NAME", help="Name of this center in shared files, e.g. Lyon."
)
@click.option(
    "--at",
    type=_PATH,
    metavar="POINT.json",
    help="From the second round: the point that --pool wrote, the same in every "
    "center.",
)
@click.option(
    "--pool",
    is_flag=True,
    help="Pool the shared files of several centers, given as the arguments.",
)
@out_option(required=False)
@force_option
@verbose_option
@json_option
@click.pass_context
def cohort_command(
    context: click.Context,
    /,
    *,
    out: Path | None,
    force: bool,
    as_json: bool,
    **options: Any,
) -> None:
    """Compare doses with response, toxicity and survival.

    TABLE.csv has a row for each case, with the columns case_id and doses (…_gy). With a
    column lesion it has a row for each lesion. BATCH_DIR is the --out folder of a
    batch, LESIONS_DIR that of `sirtdose lesions`: give one for each patient, as doses
    and as --outcomes. Without doses, outcomes and survival are analyzed alone. Writes
    cohort.json, tables.csv and cohort.html. Missing values are counted. Lesions of one
    patient are treated as correlated.

    For several centers, --share writes a file without any patient's row, and --pool
    gives the logistic and Cox models of all centers together.

    Example: sirtdose cohort batch/ --outcomes best.csv --response best_response --out
    cohort

    Example: sirtdose cohort --outcomes patients.csv --from workup_date --to
    'death_date|last_seen' --by lobes --covariate lobes --paragraph --out cohort
    """
    require_one_task(context)
    file, center, at = (options.pop(one) for one in ("share", "center", "at"))
    is_pool = options.pop("pool")
    if file is not None:
        for one in ("simulated", "as_paragraph"):
            options.pop(one)
        _require_tables(options, simulated=False)
        request = _request(options, simulated=False)
        share(request, file=file, center=center, at=at, force=force, as_json=as_json)
        return
    if out is None:
        out_parameter = next(one for one in context.command.params if one.name == "out")
        raise click.MissingParameter(ctx=context, param=out_parameter)
    if is_pool:
        pool(options["doses"], out=out, force=force, as_json=as_json)
        return
    _analyze(options, out=out, force=force, as_json=as_json)


def _analyze(options: dict[str, Any], *, out: Path, force: bool, as_json: bool) -> None:
    """Analyze the patients of this center."""
    simulated, as_paragraph = options.pop("simulated"), options.pop("as_paragraph")
    # Tables of an earlier simulation would lie beside patients who exist.
    names = (*COHORT_FILES, *PAPER_FILES, *SIMULATED_FILES)
    _require_tables(options, simulated=simulated)
    require_free(out, names, force=force)
    with output_folder(out, names, force=force) as folder:
        if simulated:
            options = _simulated(folder, options)
        document = rounded(analyze_cohort(_request(options, simulated=simulated)))
        text = document_text(document)
        (folder / "cohort.json").write_text(text, "utf-8")
        (folder / "tables.csv").write_text(cohort_table(document), "utf-8")
        (folder / "cohort.html").write_text(cohort_page(text), "utf-8")
        for name, own in paper_files(document) if as_paragraph else ():
            (folder / name).write_text(own, "utf-8")
        written = [one for one in names if (folder / one).is_file()]
    print_document(
        document, cohort_screen(document), names=written, out=out, as_json=as_json
    )


def _require_tables(options: dict[str, Any], *, simulated: bool) -> None:
    given = bool(options["doses"]), bool(options["outcomes"])
    if simulated and any(given):
        raise click.UsageError(
            "--simulated makes its own tables: leave out TABLE.csv and --outcomes"
        )
    if not simulated and not options["outcomes"]:
        raise click.UsageError(
            "give --outcomes, with doses (TABLE.csv or the folder of a batch) or "
            "without, or --simulated"
        )


def _simulated(folder: Path, options: dict[str, Any]) -> dict[str, Any]:
    """Draw the tables, and ask of them what was asked, or all they hold."""
    write_cohort(folder)
    doses, outcomes, lesion_doses, lesion_outcomes = SIMULATED_FILES
    usual = {
        name: value for name, value in SIMULATED_COLUMNS.items() if not options[name]
    }
    return (
        options
        | usual
        | {
            "doses": (folder / doses, folder / lesion_doses),
            "outcomes": (folder / outcomes, folder / lesion_outcomes),
        }
    )


def _request(options: dict[str, Any], *, simulated: bool) -> Any:
    threshold = options.pop("threshold")
    responders = options.pop("responders")
    several: dict[str, Any] = {
        field: tuple(dict.fromkeys(options[name])) for name, field in _SEVERAL.items()
    }
    return CohortRequest(
        **{name: value for name, value in options.items() if name not in _SEVERAL},
        **several,
        responders=_responders(responders),
        threshold_gy=None if threshold is None else DOSE.parse(threshold),
        simulated=simulated,
    )


def _responders(text: str) -> tuple[str, ...]:
    known = {one.casefold(): one for one in RESPONSES}
    words = [one.strip().casefold() for one in text.split(",")]
    unknown = [one for one in words if one not in known]
    if unknown:
        raise click.BadParameter(
            f"'{unknown[0]}' is not a response: use {', '.join(RESPONSES)}",
            param_hint="--responders",
        )
    return tuple(known[one] for one in words)
