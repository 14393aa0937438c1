"""The patients of a batch, each with the options of `sirtdose lesions`."""

from collections.abc import Collection, Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from sirtdose.cli.outcomes.lesions import lesions_command, lesions_request
from sirtdose.cli.words.manifest import Row, patient_rows
from sirtdose.cli.words.typed import file_named, parsed_options
from sirtdose.errors import InputError, SirtdoseError, foreseen

if TYPE_CHECKING:
    from sirtdose.batch.histories import Patient
    from sirtdose.batch.work import Outcome

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
    rows: Sequence[Row],
    outcomes: "Mapping[str, Outcome]",
    out: Path,
    *,
    force: bool,
) -> "tuple[list[Patient], list[Outcome]]":
    """Patients to follow, and those whose cases or options are refused already."""
    from sirtdose.batch.work import Outcome

    patients, refused = [], []
    for row in rows:
        try:
            patients.append(_patient(row, outcomes, out, force=force))
        except click.ClickException as error:
            said, code = error.format_message(), error.exit_code
        except SirtdoseError as error:
            said, code = foreseen(error) or (str(error), 1)
        else:
            continue
        refused.append(Outcome(row.case_id, "failed", code, f"{row.where}: {said}"))
    return patients, refused


def _patient(
    row: Row, outcomes: "Mapping[str, Outcome]", out: Path, *, force: bool
) -> "Patient":
    from sirtdose.batch.histories import Patient
    from sirtdose.report.batch import LESIONS_FOLDER

    beside = row.source.parent
    results = [_result(one, outcomes, out, beside) for one in row.options["input"]]
    typed = {
        key: [_located(one, beside) for one in value] if key in _OF_FILES else value
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
    name: str, outcomes: "Mapping[str, Outcome]", out: Path, beside: Path
) -> Path:
    """The folder of a case of this batch, or a folder beside the table."""
    case = outcomes.get(name)
    if case is None:
        return file_named(name, (beside,)) or beside / name
    if not case.has_results:
        raise InputError(f"{name} has no results in this batch: see its row")
    return (out / name).absolute()


def _located(text: Any, beside: Path) -> str:
    """A file beside the table by its whole path, and what stands before it."""
    whole = file_named(str(text), (beside,))
    if whole is not None:
        return str(whole)
    what, equals, name = str(text).partition("=")
    here = file_named(name.strip(), (beside,)) if equals else None
    return str(text) if here is None else f"{what}={here}"
