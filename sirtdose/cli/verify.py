"""`sirtdose verify`: whether results are as they were, and would come out again."""

from collections.abc import Iterator, Mapping
from contextlib import chdir
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from sirtdose.cli.option_words import asked_options, parsed_options
from sirtdose.cli.options import json_option
from sirtdose.cli.post import post_command, post_request
from sirtdose.errors import FileFormatError, InputError, SirtdoseError, foreseen

if TYPE_CHECKING:
    pass

_PATH = click.Path(path_type=Path)
_SHOWN_MAX = 8
_GOOD = ("unchanged", "the same")


@click.command("verify")
@click.argument("folder", type=_PATH, metavar="RESULT_DIR")
@click.option(
    "--inputs",
    type=_PATH,
    metavar="FOLDER_OR_FILE",
    help="Where the input lies now, if it was moved or its place is not kept.",
)
@click.option(
    "--rerun",
    is_flag=True,
    help="Compute again, and compare every number of post.json.",
)
@click.option("--patient-key", metavar="KEY", help="As given to post: it is not kept.")
@json_option
def verify_command(
    *,
    folder: Path,
    inputs: Path | None,
    rerun: bool,
    patient_key: str | None,
    as_json: bool,
) -> None:
    """Check that results are as they were written, of inputs that have not changed.

    RESULT_DIR is what `sirtdose post` or `sirtdose batch` wrote. The hash of each
    result and input is computed again; with --rerun the doses too. The exit code is 3
    where anything differs.

    Example: sirtdose verify doses --rerun
    """
    from sirtdose.report.documents import document_text

    cases = _cases(folder)
    if inputs is not None and len(cases) > 1:
        raise click.UsageError("--inputs is of one case: give that case's folder")
    documents = []
    for case in cases:
        document = _verified(case, inputs, patient_key, rerun=rerun)
        documents.append(document)
        for line in _lines(document):
            click.echo(line, err=True)
    if as_json:
        told = {"schema": "sirtdose.verify/1", "cases": documents}
        click.echo(document_text(told), nl=False)
    if not all(one["good"] for one in documents):
        click.get_current_context().exit(3)


def _cases(folder: Path) -> list[Path]:
    """The folder itself, or of a batch those of its cases that have results."""
    import json

    if not folder.is_dir():
        raise FileFormatError(f"there is no folder {folder.name}")
    batch = folder / "batch.json"
    if not batch.is_file():
        return [folder]
    try:
        listed = json.loads(batch.read_text("utf-8"))["cases"]
        names = [one["case_id"] for one in listed if one["state"] == "done"]
    except (OSError, ValueError, KeyError, TypeError):
        raise FileFormatError("batch.json is damaged: run the batch again") from None
    if not names:
        raise InputError("no case of this batch has results")
    return [folder / Path(str(name)).name for name in names]


def _verified(
    folder: Path, inputs: Path | None, patient_key: str | None, *, rerun: bool
) -> dict[str, Any]:
    from sirtdose import __version__
    from sirtdose.report.run_record import changed_results, read_run_record

    record = read_run_record(folder)
    changed = changed_results(folder, record)
    document: dict[str, Any] = {
        "case": folder.name,
        "made_by": record["sirtdose_version"],
        "checked_by": __version__,
        "results": {name: changed.get(name, "unchanged") for name in record["results"]},
        "inputs": [],
        "inputs_said": "",
        "rerun": None,
        "rerun_said": "",
        "differences": [],
    }
    if "post.json" in changed:
        document["inputs_said"] = (
            "not checked: post.json, which lists them, was changed"
        )
    else:
        _check_inputs(document, folder, record, inputs, patient_key, rerun=rerun)
    document["good"] = _is_good(document)
    return document


def _is_good(document: Mapping[str, Any]) -> bool:
    states = [*document["results"].values()]
    states += [one["state"] for one in document["inputs"]]
    states += [document["rerun"]] if document["rerun"] else []
    refused = document["inputs_said"].startswith("cannot") or document["rerun_said"]
    return all(state in _GOOD for state in states) and not refused


def _check_inputs(
    document: dict[str, Any],
    folder: Path,
    record: Mapping[str, Any],
    inputs: Path | None,
    patient_key: str | None,
    *,
    rerun: bool,
) -> None:
    from sirtdose.workflows.verify import (
        input_states,
        read_result,
        rerun_differences,
    )

    post = read_result(folder)
    try:
        options = _options(record, inputs)
        if patient_key is not None:
            options["patient_key"] = patient_key
    except InputError as error:
        document["inputs_said"] = f"not checked: {error}"
        document["rerun_said"] = "not possible: the request is not known" * rerun
        return
    where = record["asked"]["folder"]
    try:
        with chdir(where if where and Path(where).is_dir() else "."):
            source = inputs or Path(record["asked"]["source"])
            params = parsed_options(post_command, source, options, where="run.json")
            request = post_request(source, params)
            document["inputs"] = input_states(post, request)
            if rerun:
                found = rerun_differences(post, request)
                mattering = [one for one in found if one.matters]
                document["rerun"] = "differs" if mattering else "the same"
                document["differences"] = [
                    {"where": one.where, "before": one.before, "now": one.now}
                    for one in found
                ]
    except (click.ClickException, SirtdoseError, OSError) as error:
        known = foreseen(error) if not isinstance(error, click.ClickException) else None
        said = known[0] if known else str(error)
        after = "rerun_said" if document["inputs"] else "inputs_said"
        document[after] = f"cannot be checked: {said}"


def _options(record: Mapping[str, Any], inputs: Path | None) -> dict[str, Any]:
    """The options of a run as they were typed, if its record tells all of them."""
    asked = record.get("asked")
    if not isinstance(asked, Mapping):
        raise InputError("results that name nobody keep no request")
    if inputs is None and not asked.get("source"):
        raise InputError(
            "the input's place names the patient and is not kept: --inputs"
        )
    options = dict(asked["options"])
    known = asked_options(post_command)
    for key, value in options.items():
        parts = value if isinstance(value, list) else [value]
        if key not in known or None in parts:
            raise InputError(f"the request's {key} is not kept, or no option any more")
    return options


def _lines(document: Mapping[str, Any]) -> Iterator[str]:
    by = f"made by sirtdose {document['made_by']}"
    if document["made_by"] != document["checked_by"]:
        by += f", checked by {document['checked_by']}"
    how = "as it was" if document["good"] else "NOT as it was"
    yield f"{document['case']}: {how} ({by})"
    bad = {n: s for n, s in document["results"].items() if s != "unchanged"}
    yield f"  results: {len(document['results']) - len(bad)} files unchanged"
    yield from (f"  result {name}: {state}" for name, state in bad.items())
    for one in document["inputs"]:
        yield f"  input {one['kind']} {one['file']}: {one['state']}"
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
        for one in found[:_SHOWN_MAX]:
            yield f"    {one['where']}: was {one['before']}, is {one['now']}"
        if len(found) > _SHOWN_MAX:
            yield f"    and {len(found) - _SHOWN_MAX} more"
