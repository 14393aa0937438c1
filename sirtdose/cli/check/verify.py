"""`sirtdose verify`: whether results are as they were, and would come out again."""

import json
from collections.abc import Iterator, Mapping
from os.path import lexists
from pathlib import Path
from typing import Any

import click

from sirtdose import __version__
from sirtdose.cli.post.again import request_again
from sirtdose.cli.words.command import command
from sirtdose.cli.words.options import json_option, verbose_option
from sirtdose.cli.words.show import is_verbose, show
from sirtdose.errors import FileFormatError, InputError, SirtdoseError, foreseen
from sirtdose.io.output.unfinished import finish
from sirtdose.model.bounds import printable
from sirtdose.report.documents import document_text
from sirtdose.report.run_record import asked_again, changed_results, read_run_record
from sirtdose.report.screen import Screen

_PATH = click.Path(path_type=Path)
_SHOWN_MAX = 8
_GOOD = ("unchanged", "the same")
_CANNOT, _NOT_POSSIBLE = "cannot be checked", "not possible"
_HEADLINES = {
    "good": "as it was",
    "bad": "NOT as it was",
}


@command("verify")
@click.argument("folder", type=_PATH, metavar="RESULT_DIR")
@click.option(
    "--inputs",
    type=_PATH,
    multiple=True,
    metavar="FOLDER_OR_FILE",
    help="Where the input is now, if it was moved, or the files that options named; "
    "may be repeated.",
)
@click.option(
    "--rerun",
    is_flag=True,
    help="Compute the doses again and compare every number of post.json or scan.json.",
)
@click.option(
    "--patient-key",
    metavar="KEY",
    help="Key given to `sirtdose post`, which does not store it.",
)
@verbose_option
@json_option
def verify_command(
    *,
    folder: Path,
    inputs: tuple[Path, ...],
    rerun: bool,
    patient_key: str | None,
    as_json: bool,
) -> None:
    """Check that results are as written, and that their inputs are unchanged.

    RESULT_DIR was written by `sirtdose post` or `sirtdose batch`. The hash of each
    result and input is computed again; with --rerun the doses too. The exit code is 3
    if anything differs, or cannot be checked although it was asked for.

    Example: sirtdose verify doses

    Example: sirtdose verify doses --rerun
    """
    cases = _cases(folder)
    # Another folder is entered below.
    inputs = tuple(one.absolute() for one in inputs)
    lost = [one for one in inputs if not one.exists()]
    if lost:
        raise InputError(f"--inputs: there is no file or folder {lost[0].name}")
    if inputs and len(cases) > 1:
        raise click.UsageError("--inputs is for one case: give the folder of that case")
    documents = []
    for case in cases:
        # Every done case of a batch has results, and a record of them.
        recorded = case != folder or _is_recorded(case)
        document = _verified(case, inputs, patient_key, rerun=rerun, recorded=recorded)
        documents.append(document)
        show(Screen(list(_lines(document))))
    if as_json:
        told = {"schema": "sirtdose.verify/1", "cases": documents}
        click.echo(document_text(told), nl=False)
    if any(one["state"] == "bad" or _refused(one) for one in documents):
        click.get_current_context().exit(3)


def _refused(document: Mapping[str, Any]) -> bool:
    """Whether something that was asked for could not be checked."""
    said = (document["inputs_said"], document["rerun_said"])
    return any(one.startswith((_CANNOT, _NOT_POSSIBLE)) for one in said)


def _cases(folder: Path) -> list[Path]:
    """The folder itself, or of a batch those of its cases that have results."""
    finish(folder)
    if not folder.is_dir():
        raise FileFormatError(f"there is no folder {folder.name}")
    batch = folder / "batch.json"
    if not batch.is_file():
        return [folder]
    try:
        listed = json.loads(batch.read_text("utf-8"))["cases"]
        names = [one["case_id"] for one in listed if one["state"] == "done"]
    except OSError as error:
        raise FileFormatError(f"cannot read batch.json: {error.strerror}") from None
    except (ValueError, KeyError, TypeError):
        raise FileFormatError("batch.json is damaged: run the batch again") from None
    if not names:
        raise InputError("no case of this batch has results")
    return [folder / Path(str(name)).name for name in names]


def _is_recorded(folder: Path) -> bool:
    """Whether a folder has a run.json, or results of a command that writes one."""
    return any(
        lexists(folder / name) for name in ("run.json", "post.json", "scan.json")
    )


def _verified(
    folder: Path,
    inputs: tuple[Path, ...],
    patient_key: str | None,
    *,
    rerun: bool,
    recorded: bool,
) -> dict[str, Any]:
    """What is found of one case; `state` is good, unknown or bad."""
    document: dict[str, Any] = {
        "case": printable(folder.resolve().name),
        "state": "bad" if recorded else "unknown",
        "made_by": "",
        "checked_by": __version__,
        "results": {},
        "inputs": [],
        "inputs_said": "",
        "rerun": None,
        "rerun_said": "",
        "differences": [],
    }
    try:
        record = read_run_record(folder)
        changed = changed_results(folder, record)
        document["made_by"] = printable(record["sirtdose_version"])
        document["results"] = {
            name: changed.get(name, "unchanged")
            for name in (*record["results"], *changed)
        }
        name = _result_of(record)
        if name in changed:
            document["inputs_said"] = (
                f"not checked: {name}, which lists them, was changed"
            )
        else:
            checked = _check_inputs(
                document, folder, record, inputs, patient_key=patient_key, rerun=rerun
            )
            document["state"] = _state(document, checked=checked)
    except SirtdoseError as error:
        document["inputs_said"] = f"{_CANNOT}: {error}"
        # Without a readable record something of the results is gone.
        if document["results"]:
            document["state"] = _state(document, checked=False)
    return document


def _result_of(record: Mapping[str, Any]) -> str:
    """The document that a record is of: of doses, or of a scan without structures."""
    return "post.json" if "post.json" in record["results"] else "scan.json"


def _state(document: Mapping[str, Any], *, checked: bool) -> str:
    """Good, bad, or unknown where not all could be looked at and all else is good."""
    states = [*document["results"].values()]
    states += [one["state"] for one in document["inputs"]]
    states += [document["rerun"]] if document["rerun"] else []
    if not all(state in _GOOD for state in states):
        return "bad"
    return "good" if checked else "unknown"


def _check_inputs(
    document: dict[str, Any],
    folder: Path,
    record: Mapping[str, Any],
    inputs: tuple[Path, ...],
    *,
    patient_key: str | None,
    rerun: bool,
) -> bool:
    """Whether all that was asked for could be looked at."""
    from sirtdose.workflows.verify import (
        input_states,
        read_result,
        rerun_differences,
    )

    post = read_result(folder, _result_of(record))
    asked = asked_again(folder, record, moved_to=inputs)
    if asked is None:
        document["inputs_said"] = "not checked: the request is not kept with results"
        document["rerun_said"] = f"{_NOT_POSSIBLE}: the request is not known" * rerun
        return False
    try:
        with request_again(
            folder,
            record,
            asked,
            inputs=inputs,
            patient_key=patient_key,
            no_structures=_result_of(record) == "scan.json",
        ) as request:
            document["inputs"] = input_states(post, request)
            if rerun:
                found = rerun_differences(post, request)
                mattering = [one for one in found if one.matters]
                document["rerun"] = "differs" if mattering else "the same"
                document["differences"] = [
                    {"where": one.where, "before": one.before, "now": one.now}
                    for one in found
                ]
    except click.ClickException as error:
        said = error.format_message()
    except (SirtdoseError, OSError) as error:
        said, _ = foreseen(error) or (str(error), 1)
    else:
        return True
    after = "rerun_said" if document["inputs"] else "inputs_said"
    document[after] = f"{_CANNOT}: {said}"
    return False


def _headline(document: Mapping[str, Any]) -> str:
    """What cannot be checked is not called changed."""
    if document["state"] in _HEADLINES:
        return _HEADLINES[document["state"]]
    if not document["results"]:
        return f"{_CANNOT}: there is no run.json"
    if document["inputs"]:
        return "results and inputs as they were, not computed again"
    return "results as they were, inputs not checked"


def _lines(document: Mapping[str, Any]) -> Iterator[str]:
    by = f" (made by sirtdose {document['made_by']}" if document["made_by"] else ""
    if by and document["made_by"] != document["checked_by"]:
        by += f", checked by {document['checked_by']}"
    by += ")" if by else ""
    yield f"{document['case']}: {_headline(document)}{by}"
    bad = {n: s for n, s in document["results"].items() if s != "unchanged"}
    if document["results"]:
        yield f"  results: {len(document['results']) - len(bad)} files unchanged"
    yield from (f"  result {name}: {state}" for name, state in bad.items())
    same = [one for one in document["inputs"] if one["state"] in _GOOD]
    if same and not is_verbose():
        yield f"  inputs: {len(same)} files unchanged"
    yield from (
        f"  input {one['kind']} {one['file']}: {one['state']}"
        for one in document["inputs"]
        if one not in same or is_verbose()
    )
    if document["inputs_said"]:
        yield f"  inputs: {document['inputs_said']}"
    if document["rerun_said"]:
        yield f"  rerun: {document['rerun_said']}"
    if document["rerun"]:
        yield from _rerun_lines(document)


def _rerun_lines(document: Mapping[str, Any]) -> Iterator[str]:
    found, differs = document["differences"], document["rerun"] == "differs"
    rounding = ", but for rounding" if found and not differs else ""
    yield f"  rerun: {document['rerun']}{rounding}"
    if differs:
        yield from (
            f"    {one['where']}: was {one['before']}, is {one['now']}"
            for one in found[:_SHOWN_MAX]
        )
        if len(found) > _SHOWN_MAX:
            yield f"    and {len(found) - _SHOWN_MAX} more"
