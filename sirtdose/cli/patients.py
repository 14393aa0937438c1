"""The patients of a batch, each with the options of `sirtdose lesions`."""

from collections.abc import Callable, Collection, Generator, Mapping, Sequence
from contextlib import ExitStack, closing
from pathlib import Path
from typing import TYPE_CHECKING

import click

from sirtdose.cli.outcomes.lesions import lesions_command, lesions_request
from sirtdose.cli.words.manifest import Row, patient_rows
from sirtdose.cli.words.outcomes import refusal_of, say_outcome, with_progress
from sirtdose.cli.words.typed import file_named, parsed_options, split_reader
from sirtdose.errors import InputError, SirtdoseError

if TYPE_CHECKING:
    from sirtdose.batch.histories import Patient
    from sirtdose.batch.tables import Written
    from sirtdose.batch.work import Case, Outcome

# Their values are a file, or what it is, an equals sign, and the file.
_OF_FILES = ("follow_up", "measurements", "structures", "registration")


def read_patients(path: Path, cases: Collection[str]) -> list[Row]:
    """The rows of a table of patients, whose results are of these `cases`, or files.

    Raises
    ------
    InputError
        No such table, or one that names what is not there.
    """
    if not path.is_file():
        raise InputError(
            f"there is no {path.name} (--lesions): give a table with a row for each "
            "patient, with the columns case_id and input"
        )
    rows = patient_rows(path, lesions_command)
    for row in rows:
        if not row.options["input"]:
            raise InputError(
                f"{row.where}: input is empty: name the cases of the patient, in the "
                "order of time, between bars (|)"
            )
        for name in row.options["input"]:
            if name not in cases and file_named(name, (path.parent,)) is None:
                raise InputError(
                    f"{row.where}: '{name}' in input is no case of this batch, nor a "
                    "folder beside the table"
                )
    return rows


def patients_of(
    rows: Sequence[Row], cases: "Mapping[str, Case | None]", out: Path, *, force: bool
) -> "tuple[list[Patient], list[Outcome]]":
    """Patients to follow, and those that are refused before any case is computed.

    `cases` are those of the batch; None for one that is refused itself.
    """
    from sirtdose.batch.work import Outcome

    patients, refused = [], []
    for row in rows:
        try:
            patients.append(_patient(row, cases, out, force=force))
        except (click.ClickException, SirtdoseError) as error:
            said, code = refusal_of(error)
        else:
            continue
        refused.append(Outcome(row.case_id, "failed", code, f"{row.where}: {said}"))
    return patients, refused


def without_results(row: Row, outcomes: "Mapping[str, Outcome]") -> "Outcome | None":
    """The refusal of a patient of whom a case of this batch has no results."""
    from sirtdose.batch.work import Outcome

    for name in row.options["input"]:
        case = outcomes.get(name)
        if case is not None and not case.has_results:
            said = f"{row.where}: {name} has no results in this batch: see its row"
            return Outcome(row.case_id, "failed", InputError.exit_code, said)
    return None


def _patient(
    row: Row, cases: "Mapping[str, Case | None]", out: Path, *, force: bool
) -> "Patient":
    from sirtdose.batch.histories import Patient
    from sirtdose.report.batch import LESIONS_FOLDER

    beside = row.source.parent
    results = [_result(one, cases, out, beside) for one in row.options["input"]]
    typed = {
        key: [_located(one, beside, key) for one in value]
        if key in _OF_FILES
        else value
        for key, value in row.options.items()
        if key != "input"
    }
    typed |= {"case_label": row.case_id}
    params = parsed_options(lesions_command, row.source, typed, where="the table")
    return Patient(
        row.case_id,
        lesions_request({**params, "results": tuple(results)}),
        (out / LESIONS_FOLDER / row.case_id).absolute(),
        force,
    )


def _result(
    name: str, cases: "Mapping[str, Case | None]", out: Path, beside: Path
) -> Path:
    """The folder of a case of this batch, or a folder beside the table."""
    if name not in cases:
        return file_named(name, (beside,)) or beside / name
    case = cases[name]
    if case is not None and case.request.given.administered_at is None:
        raise InputError(
            f"{name} does not say when the treatment was: give it administered_at in "
            "the manifest"
        )
    return (out / name).absolute()


def _located(text: str, beside: Path, column: str) -> str:
    """A file beside the table by its whole path, and what stands before it."""
    what, name = split_reader(text, beside)
    if what is None and column != "follow_up":
        # Refused in the option's own words, which say what it lacks.
        return text
    here = file_named(name, (beside,))
    if here is None:
        # Its path may hold a patient's name, and results show this text.
        raise InputError(f"the path in column {column} does not exist")
    return str(here) if what is None else f"{what}={here}"


def with_lesions(
    tables: "Callable[..., Written]",
    people: Sequence[Row],
    following: "Generator[Outcome, None, None]",
) -> "Written":
    """Follow the lesions and write the tables; whatever happens, those of the cases."""
    from sirtdose.batch.work import Outcome

    found: dict[str, Outcome] = {}

    def every() -> list[Outcome]:
        missing = (Outcome(one.case_id, "not run") for one in people)
        return [found.get(one.case_id, one) for one in missing]

    with ExitStack() as otherwise:
        otherwise.callback(_keep, tables, every)
        with closing(following):
            for one in following:
                found[one.case_id] = one
        written = tables(patients=every())
        otherwise.pop_all()
    return written


def _keep(
    tables: "Callable[..., Written]", every: "Callable[[], list[Outcome]]"
) -> None:
    """Write the tables of a batch whose last step ended before its end, and say so."""
    patients = every()
    count = sum(one.state == "done" for one in patients)
    try:
        tables(patients=patients)
        lesions = f"the lesions of {count} of {len(patients)} patients"
    except (SirtdoseError, OSError):
        # What cannot be told of the patients is not to take the cases along.
        tables()
        lesions = "no lesions"
    click.echo(
        f"\nEnded while lesions were followed; the tables hold every case and "
        f"{lesions}: go on with --resume",
        err=True,
    )


def followed(
    people: Sequence[Row],
    patients: "Sequence[Patient]",
    refused: "Sequence[Outcome]",
    outcomes: "Mapping[str, Outcome]",
    *,
    jobs: int | None,
) -> "Generator[Outcome, None, None]":
    """Follow the lesions of every patient, on this machine: it takes seconds."""
    from sirtdose.batch.histories import run_patient
    from sirtdose.batch.run import cores, run_cases

    yield from refused
    out_of_it = {one.case_id for one in refused}
    for row in people:
        lacking = without_results(row, outcomes)
        if row.case_id not in out_of_it and lacking is not None:
            say_outcome(lacking)
            out_of_it.add(row.case_id)
            yield lacking
    fit = [one for one in patients if one.case_id not in out_of_it]
    running = run_cases(fit, jobs=jobs or cores(), work=run_patient)
    with closing(running):
        yield from with_progress(running, len(fit))
