"""`sirtdose check --engine`: the doses of a result by an engine that is not ours."""

from pathlib import Path
from typing import Any

import click
from click.core import ParameterSource

from sirtdose.batch.run import cores
from sirtdose.cli.post.again import request_again
from sirtdose.cli.words.quantities import by_name, quantity
from sirtdose.cli.words.show import show_document
from sirtdose.errors import InputError, RangeError, require_extra
from sirtdose.io.hashing import sha256_of
from sirtdose.io.output.folder import require_free
from sirtdose.model.units import FRACTION
from sirtdose.report.check.engine_page import second_engine_page
from sirtdose.report.check.second_engine import (
    ENGINE_CSV,
    ENGINE_FILE,
    ENGINE_PAGE,
    second_engine_csv,
    second_engine_document,
    second_engine_screen,
)
from sirtdose.report.documents import document_text
from sirtdose.report.run_record import asked_again, changed_results, read_run_record

OPTIONS = ("known_to", "time_limit", "jobs", "seed", "inputs", "patient_key")
_OF_OTHERS = (
    *("against", "image", "case", "structures", "roles", "their_structures"),
    *("their_table", "gamma", "gamma_kind", "dose_cutoff", "metrics", "above"),
)


def require_engine(options: dict[str, Any]) -> None:
    """Refuse options of a simulation where none is asked for."""
    asked = click.get_current_context().get_parameter_source
    idle = [one for one in OPTIONS if asked(one) is ParameterSource.COMMANDLINE]
    if idle:
        named = " and ".join(f"--{one.replace('_', '-')}" for one in idle)
        raise click.UsageError(f"{named}: only for --engine, so give that too")
    for one in OPTIONS:
        options.pop(one)


def of_engine(options: dict[str, Any]) -> dict[str, Any]:
    """Simulate the doses of a folder of results, show and write what came out."""
    require_extra("ompmc", "--engine ompmc")
    folder, out = options["theirs"], options["out"]
    _require_alone(options)
    if not 0 < options["known_to"] < 1:
        raise RangeError(
            f"--known-to is {100 * options['known_to']:g} %: it must be above 0 % and "
            "below 100 %, such as 0.5%"
        )
    tolerance = by_name(
        [text.lower() for text in options["tolerances"]],
        "--tolerance",
        "mean=3%",
        lambda part: quantity(part, FRACTION, "--tolerance"),
    )
    if set(tolerance) - {"mean"}:
        raise click.UsageError(
            "--engine compares mean doses alone: of --tolerance give only mean=3%"
        )
    if out is not None:
        names = (ENGINE_FILE, ENGINE_CSV, ENGINE_PAGE)
        require_free(out, names, force=options["force"])
    document = _simulated(folder, options, tolerance.get("mean"))
    show_document(
        document,
        second_engine_screen(document),
        name=ENGINE_FILE,
        out=out,
        force=options["force"],
        as_json=options["as_json"],
        pages={
            ENGINE_CSV: second_engine_csv(document),
            ENGINE_PAGE: second_engine_page(document_text(document)),
        },
    )
    return document


def _require_alone(options: dict[str, Any]) -> None:
    if options["theirs"] is None:
        raise click.UsageError(
            "--engine needs DOSES, the --out of `sirtdose post`: sirtdose check doses "
            "--engine ompmc"
        )
    asked = click.get_current_context().get_parameter_source
    idle = [one for one in _OF_OTHERS if asked(one) is ParameterSource.COMMANDLINE]
    if idle:
        named = " and ".join(f"--{one.replace('_', '-')}" for one in idle)
        raise click.UsageError(
            f"--engine takes activity, densities and structures from DOSES: leave out "
            f"{named}"
        )


def _simulated(
    folder: Path, options: dict[str, Any], tolerance: float | None
) -> dict[str, Any]:
    from sirtdose.workflows.check.second_engine import second_engine
    from sirtdose.workflows.check.simulated import SimulationRequest
    from sirtdose.workflows.verify import input_states, read_result

    if not folder.is_dir():
        raise InputError(
            f"{folder.name} is not a folder of results: give the --out of a "
            "`sirtdose post`"
        )
    record = read_run_record(folder)
    if "post.json" not in record["results"]:
        raise InputError(
            f"{folder.name} contains a scan without structures and no doses: give the "
            "--out of a `sirtdose post` with structures"
        )
    if "post.json" in changed_results(folder, record):
        raise InputError(
            "post.json was changed since it was written: run `sirtdose post` again"
        )
    post = read_result(folder)
    inputs = tuple(one.absolute() for one in options["inputs"])
    asked = asked_again(folder, record, moved_to=inputs)
    if asked is None:
        raise InputError(
            f"{folder.name} does not keep how it was asked for, so its activity cannot "
            "be computed again: run `sirtdose post` without --deidentify (results of "
            "`sirtdose demo` do not keep it either)"
        )
    simulation = SimulationRequest(
        known_to=options["known_to"],
        time_limit_s=3600 * options["time_limit"],
        processes=options["jobs"] or cores(),
        seed=options["seed"],
    )
    where = folder.absolute()
    key = options["patient_key"]
    with request_again(folder, record, asked, inputs=inputs, patient_key=key) as again:
        changed = [one for one in input_states(post, again) if _differs(one)]
        if changed:
            first = changed[0]
            raise InputError(
                f"the {first['kind']} {first['file']} is {first['state']} since the "
                "doses were computed: run `sirtdose post` again"
            )
        found = second_engine(
            again, post, simulation, method=options["method"], tolerance=tolerance
        )
    digest = sha256_of([where / "post.json"])
    return second_engine_document(
        found, [{"what": "our doses", "file": "post.json", "sha256": digest}]
    )


def _differs(one: dict[str, str]) -> bool:
    return one["state"] != "unchanged"
