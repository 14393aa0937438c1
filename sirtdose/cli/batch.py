"""`sirtdose batch`: many cases, each apart from the others."""

import os
from collections import Counter
from collections.abc import Callable, Generator, Mapping, Sequence
from contextlib import closing
from copy import copy
from functools import partial
from pathlib import Path
from time import perf_counter
from typing import TYPE_CHECKING, Any

import click

from sirtdose.cli.interrupted import INTERRUPTED
from sirtdose.cli.patients import (
    followed,
    patients_of,
    read_patients,
    with_lesions,
)
from sirtdose.cli.post.command import post_command, post_request
from sirtdose.cli.post.files import wanted_of
from sirtdose.cli.typed_cases import (
    LOADED,
    command_named,
    options_for_all,
    require_possible,
    run_typed,
    typed_cases,
)
from sirtdose.cli.words.command import command as as_command
from sirtdose.cli.words.manifest import (
    Row,
    folder_of,
    folder_rows,
    manifest_rows,
)
from sirtdose.cli.words.options import (
    force_option,
    json_option,
    out_option,
    verbose_option,
)
from sirtdose.cli.words.outcomes import refusal_of, say_outcome, with_progress
from sirtdose.cli.words.show import say
from sirtdose.cli.words.typed import (
    asked_options,
    located,
    options_about,
    parsed_options,
    request_asked,
)
from sirtdose.errors import InputError, OutputError, SirtdoseError, require_extra
from sirtdose.io.output.folder import claimed, require_free

if TYPE_CHECKING:
    from sirtdose.batch.tables import Written
    from sirtdose.batch.waiting import Waiting
    from sirtdose.batch.work import Outcome

_PATH = click.Path(path_type=Path)
_FAILED = 6
# Reading the options of a thousand cases takes seconds, in which nothing else is said.
_MANY = 1000
_COMMANDS = {"post": "post", "plan": "plan image", "suv": "suv"}


def _common_options() -> list[click.Parameter]:
    """The options of `sirtdose post` as typed: each case's own are read with it.

    Who answers for a check has looked at that case: never for all of them.
    """
    found: list[click.Parameter] = []
    for option in options_about(post_command, "case", "secret").values():
        common = copy(option)
        if not option.is_flag:
            common.metavar = option.make_metavar(click.Context(post_command))
            common.type, common.default = click.STRING, None
            common.show_default = False
        found.append(common)
    return found


@as_command("batch", params=_common_options())
@click.argument("source", type=_PATH, metavar="MANIFEST.csv|ROOT")
@click.option(
    "--run",
    "name",
    type=click.Choice(["post", "plan", "suv"]),
    default="post",
    show_default=True,
    help="Command to run for each case: plan is `sirtdose plan image`.",
)
@click.option(
    "--jobs",
    type=click.IntRange(min=1),
    help="Number of cases to run at the same time on this machine.  [default: one per "
    "core]",
)
@click.option(
    "--scheduler",
    metavar="ADDRESS",
    help="Address of a dask cluster to run on, e.g. tcp://host:8786; replaces --jobs.",
)
@click.option(
    "--resume",
    is_flag=True,
    help="Skip cases whose files, options and results are unchanged.",
)
@click.option(
    "--folder-names",
    is_flag=True,
    help="For a ROOT: allow folder names that contain a patient ID, e.g. a pseudonym.",
)
@click.option(
    "--lesions",
    type=_PATH,
    metavar="PATIENTS.csv",
    help="Table with a row for each patient, to follow their lesions: case_id, input "
    "(the patient's cases of this batch, in the order of time, between bars) and "
    "options of `sirtdose lesions`.",
)
@click.option(
    "--parquet",
    is_flag=True,
    help="Also write cases.parquet, structures.parquet and, with --lesions, "
    "lesions.parquet, for DuckDB or pandas.",
)
@out_option(required=True)
@force_option
@verbose_option
@json_option
def batch_command(
    *,
    source: Path,
    out: Path,
    name: str,
    jobs: int | None,
    scheduler: str | None,
    resume: bool,
    folder_names: bool,
    lesions: Path | None,
    parquet: bool,
    force: bool,
    as_json: bool,
    **common: Any,
) -> None:
    """Assess many cases: `sirtdose post` for each row of a table, or each folder.

    MANIFEST.csv has the columns case_id and input, and options of `sirtdose post` with
    underscores for hyphens. An empty cell means not given; several values are separated
    by bars (|). In a ROOT every folder is a case, with the [options] of its own
    case.toml. The options below apply to every case that does not have its own.

    Writes a folder for each case, cases.csv, summary.csv (one row per structure),
    index.html and batch.json. A case that fails does not stop the others; the exit code
    is then 6. --resume continues a batch that was interrupted. With --lesions, also
    lesions/ with the results of `sirtdose lesions` for each patient, and lesions.csv of
    all of them for `sirtdose cohort`.

    --run plan and --run suv do the same with `sirtdose plan image` and `sirtdose suv`,
    whose options are then the columns; their tables are plans.csv and
    plan_structures.csv, or scans.csv and suv_lesions.csv.

    Example: sirtdose batch cases.csv --lesions patients.csv --out doses --resume

    Example: sirtdose batch patients/ --out doses --jobs 4 --device resin
    """
    from sirtdose.batch.run import cores

    command = _COMMANDS[name]
    require_possible(name, {"jobs": jobs, "scheduler": scheduler, **common}, lesions)
    if parquet and name != "post":
        raise click.UsageError("--parquet is for the doses of --run post: leave it out")
    if parquet:
        require_extra("parquet", "--parquet")
    if scheduler is None:
        jobs = jobs or cores()
    rows = _rows(source, out, command_named(command), by_name=folder_names)
    names = [row.case_id for row in rows]
    people = read_patients(lesions, set(names)) if lesions else []
    if len(rows) > _MANY:
        click.echo(f"Reading the options of {len(rows)} cases", err=True)
    cases, refused = _cases(
        rows, command, _typed(common), out, resume=resume, force=force
    )
    # Of thousands only what is still needed stays in memory.
    del rows
    _require_out(out, cases, force=force or resume)
    known = dict.fromkeys(names) | {
        case.case_id: case for case in (cases if people else ())
    }
    patients = patients_of(people, known, out, force=force or resume)
    with claimed(out) as claim:
        tables = partial(_tables, names, out, command, jobs=jobs, claim=claim)
        tables = partial(tables, parquet=parquet)
        for one in (*refused, *patients[1]):
            say_outcome(one)
        follow = partial(followed, people, *patients, jobs=jobs)
        running = _run(cases, command, jobs, scheduler)
        written = _finished(
            len(cases), refused, tables, running, people=people, follow=follow
        )
    _conclude(written, command, out, as_json=as_json)


def _finished(
    count: int,
    refused: "Sequence[Outcome]",
    tables: "Callable[..., Written]",
    running: "Generator[Outcome, None, None]",
    *,
    people: Sequence[Row],
    follow: "Callable[[Mapping[str, Outcome]], Generator[Outcome, None, None]]",
) -> "Written":
    """Run them all and write the tables, of those that ended where it is cut short.

    Lesions of `people` are followed where it is not.
    """
    outcomes = {one.case_id: one for one in refused}
    started = perf_counter()

    def kept() -> "Generator[Outcome, None, None]":
        # Before it is said: what is said to be done is in the tables.
        for one in running:
            outcomes[one.case_id] = one
            yield one

    try:
        with closing(running):
            for _ in with_progress(kept(), count):
                pass
    except (KeyboardInterrupt, SystemExit, SirtdoseError) as error:
        if isinstance(error, SirtdoseError) and len(outcomes) == len(refused):
            raise
        tables(outcomes, seconds=round(perf_counter() - started, 2))
        said = f"{len(outcomes)} of {count + len(refused)} cases"
        click.echo(f"\nEnded after {said}: go on with --resume", err=True)
        if isinstance(error, KeyboardInterrupt):
            raise SystemExit(INTERRUPTED) from None
        raise
    tables = partial(tables, outcomes, seconds=round(perf_counter() - started, 2))
    return with_lesions(tables, people, follow(outcomes)) if people else tables()


def _rows(
    source: Path, out: Path, command: click.Command, *, by_name: bool
) -> list[Row]:
    if source.is_dir():
        return folder_rows(source, command, leave_out=out, by_name=by_name)
    if not source.is_file():
        raise InputError(
            f"there is no {source.name}: give a manifest.csv, or a folder of patients' "
            "folders"
        )
    return manifest_rows(source, command)


def _typed(common: Mapping[str, Any]) -> dict[str, Any]:
    """Options for every case that were given, by their names in a table."""
    return {
        key: list(value) if isinstance(value, tuple) else value
        for key, option in asked_options(post_command).items()
        for value in [common.get(str(option.name))]
        if value not in (None, (), False)
    }


def _cases(
    rows: Sequence[Row],
    command: str,
    common: Mapping[str, Any],
    out: Path,
    *,
    resume: bool,
    force: bool,
) -> "tuple[Waiting, list[Outcome]]":
    """Cases to run, and those whose options are refused already."""
    from sirtdose.batch.waiting import Waiting
    from sirtdose.batch.work import Case, Outcome

    if command != "post":
        own = options_for_all(command_named(command), common)
        return typed_cases(rows, command, own, out, resume=resume, force=force)

    cases, refused = Waiting(), []
    for row in rows:
        # A file for all of them is looked for in each one's own folder first.
        options = {
            **located(common, (folder_of(row.source),), post_command),
            **row.options,
        }
        try:
            if row.error:
                raise InputError(row.error)
            if not row.source.exists():
                # Its path may hold a patient's name, and results show this text.
                raise InputError("the path in column input does not exist")
            params = parsed_options(
                post_command, row.source, options, where="the manifest"
            )
            case = Case(
                row.case_id,
                post_request(row.source, params),
                (out / row.case_id).absolute(),
                wanted_of(params, thumbnail=True),
                asked=request_asked(row.source, options, post_command),
                resume=resume,
                force=force,
            )
        except (click.ClickException, SirtdoseError) as error:
            said, code = refusal_of(error)
        else:
            cases.append(case)
            continue
        refused.append(Outcome(row.case_id, "failed", code, _at(row, said)))
    return cases, refused


def _at(row: Row, said: str) -> str:
    return f"{row.where}: {said}" if row.where else said


def _require_out(out: Path, cases: "Waiting", *, force: bool) -> None:
    """Refuse before the first case what the first would be refused for."""
    from sirtdose.report.batch import BATCH_FILES

    there = next(one for one in (out, *out.absolute().parents) if one.exists())
    if not os.access(there, os.W_OK):
        raise OutputError(f"cannot write to {out}: the folder is read-only")
    try:
        require_free(out, BATCH_FILES, force=force, folders=cases.case_ids)
    except OutputError as error:
        hint = "; --resume goes on with a batch and leaves what is unchanged"
        raise OutputError(f"{error}{hint if out.is_dir() else ''}") from None


def _run(
    cases: "Waiting", command: str, jobs: int | None, scheduler: str | None
) -> "Generator[Outcome, None, None]":
    from sirtdose.batch.run import run_cases, run_cases_on_cluster
    from sirtdose.batch.work import run_case

    work = run_case if command == "post" else run_typed
    if scheduler is not None:
        return run_cases_on_cluster(cases, scheduler, work=work)
    loads = ("sirtdose.cli.main", *LOADED.get(command, ()))
    return run_cases(cases, jobs=jobs or 1, work=work, loads=loads)


def _tables(
    names: Sequence[str],
    out: Path,
    command: str,
    outcomes: "Mapping[str, Outcome]",
    **given: Any,
) -> "Written":
    """Write the tables of every case, of those that were not reached too."""
    from sirtdose.batch.tables import write_tables_of
    from sirtdose.batch.work import Outcome

    every = [outcomes.get(one) or Outcome(one, "not run") for one in names]
    return write_tables_of(command, every, out, **given)


def _conclude(written: "Written", command: str, out: Path, *, as_json: bool) -> None:
    from sirtdose.batch.tables import left_out

    every = {
        "case": Counter(one.state for one in written.cases),
        "patient": Counter(one["state"] for one in written.patients),
    }
    said = "; ".join(
        f"{counts.total()} {what}{'' if counts.total() == 1 else 's'}: "
        + ", ".join(f"{count} {state}" for state, count in counts.items())
        for what, counts in every.items()
        if counts
    )
    say(f"\n{said}. See {out / 'index.html'}")
    if others := left_out(written, command, out):
        some = ", ".join(others[:3]) + (", ..." if len(others) > 3 else "")
        say(
            f"Not in these tables: earlier results in {out} of cases that are not in "
            f"this batch, {len(others)} in all: {some}"
        )
    if as_json:
        click.echo((out / "batch.json").read_text("utf-8"), nl=False)
    if any(counts["failed"] for counts in every.values()):
        click.get_current_context().exit(_FAILED)
