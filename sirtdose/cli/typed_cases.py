"""The cases of a batch of `plan image` or `suv`: each is run as it would be typed."""

import json
from collections.abc import Mapping, Sequence
from contextlib import redirect_stderr, redirect_stdout
from dataclasses import dataclass, replace
from io import StringIO
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from sirtdose import __version__
from sirtdose.cli.words.manifest import Row, folder_of
from sirtdose.cli.words.near import require_options
from sirtdose.cli.words.outcomes import refusal_of
from sirtdose.cli.words.site import with_site
from sirtdose.cli.words.typed import (
    asked_options,
    file_options,
    located,
    option_words,
    request_asked,
    site_used,
)
from sirtdose.errors import InputError, PlanningError, SirtdoseError

if TYPE_CHECKING:
    from sirtdose.batch.waiting import Waiting
    from sirtdose.batch.work import Outcome

# In a case's folder: by what a batch knows that nothing changed. With an ending of its
# own, it is no result.
_MARK = "batch.mark"
# What each case needs, for the process that workers are forked from.
LOADED = {
    "plan image": (
        *("sirtdose.cli.typed_cases", "sirtdose.cli.plan.image"),
        *("sirtdose.workflows.plan.image", "sirtdose.report.plan.image"),
        "sirtdose.report.plan.page",
    ),
    "suv": ("sirtdose.cli.typed_cases", "sirtdose.cli.outcomes.suv"),
}


@dataclass(frozen=True)
class TypedCase:
    """The words of one case, and where its results go.

    `asked` is what was typed with every file as a Path, and `meta` what the context of
    the program holds beside the words, such as the site's file.
    """

    case_id: str
    command: str
    words: Sequence[str]
    folder: Path
    asked: Mapping[str, Any]
    meta: Mapping[str, Any]
    resume: bool
    force: bool
    nameless: bool = False
    version: str = __version__


def command_named(name: str) -> click.Command:
    """`post`, `plan image` or `suv`."""
    if name == "post":
        from sirtdose.cli.post.command import post_command

        return post_command
    if name == "suv":
        from sirtdose.cli.outcomes.suv import suv_command

        return suv_command
    from sirtdose.cli.plan.image import image_command

    return image_command


def require_possible(name: str, given: Mapping[str, Any], lesions: Path | None) -> None:
    """Refuse options that exclude each other, whatever the cases are."""
    if given["jobs"] is not None and given["scheduler"] is not None:
        raise click.UsageError(
            "--jobs and --scheduler exclude each other: give one of them"
        )
    if name != "post":
        if lesions is not None:
            raise click.UsageError(
                "--lesions follows the lesions of treated patients: it is for --run "
                "post"
            )
        return
    if given["deidentify"] and not given["site_key"]:
        raise click.UsageError(
            "--deidentify in a batch needs --site-key, so that one patient has one "
            "pseudonym"
        )
    if given["deidentify"] and lesions is not None:
        raise click.UsageError(
            "--deidentify moves the dates that --lesions needs: leave it out, and "
            f"write yes in a column deidentify of {lesions.name}"
        )


def options_for_all(command: click.Command, typed: Mapping[str, Any]) -> dict[str, Any]:
    """Those of the batch's own options that the command has too.

    What only the site's file gave is left out: it has its own for this command.

    Raises
    ------
    InputError
        One that was typed, and that the command does not have.
    """
    site = site_used()
    own = {
        key: value
        for key, value in typed.items()
        if not site or key not in site.options
    }
    what = f"the options of {command.name}"
    require_options(own, tuple(asked_options(command)), "the command line", what)
    return own


def typed_cases(
    rows: Sequence[Row],
    name: str,
    common: Mapping[str, Any],
    out: Path,
    *,
    resume: bool,
    force: bool,
) -> "tuple[Waiting, list[Outcome]]":
    """Cases to run, and those whose options are refused already."""
    from sirtdose.batch.waiting import Waiting
    from sirtdose.batch.work import Outcome

    command, cases, refused = command_named(name), Waiting(), []
    for row in rows:
        options = {
            **located(common, (folder_of(row.source),), command),
            **row.options,
        }
        if name == "suv":
            options.setdefault("case_label", row.case_id)
        try:
            if row.error:
                raise InputError(row.error)
            if not row.source.exists():
                # Its path may hold a patient's name, and results show this text.
                raise InputError("the path in column input does not exist")
            if name == "plan image" and row.source.suffix.lower() == ".toml":
                raise InputError(
                    "input is a case file, and a batch plans from images: for plans by "
                    "numbers run `sirtdose plan CASE.toml --out DIR` for each"
                )
            cases.append(_case(row, name, options, out=out, resume=resume, force=force))
        except (click.ClickException, SirtdoseError) as error:
            said, code = refusal_of(error)
            said = f"{row.where}: {said}" if row.where else said
            refused.append(Outcome(row.case_id, "failed", code, said))
    return cases, refused


def _case(
    row: Row,
    name: str,
    options: Mapping[str, Any],
    *,
    out: Path,
    resume: bool,
    force: bool,
) -> TypedCase:
    command, context = command_named(name), click.get_current_context()
    words = option_words(
        options, command, where="the manifest", text_of=lambda value, _: str(value)
    )
    words = [str(row.source.absolute()), *with_site(context, command, name, words)]
    folder = (out / row.case_id).absolute()
    words += ["--out", str(folder), *(["--force"] if force or resume else [])]
    # Refused here, what cannot be read is told before any case is run.
    command.make_context(str(command.name), list(words))
    return TypedCase(
        row.case_id,
        name,
        tuple(words),
        folder,
        {"command": name} | request_asked(row.source, options, command),
        {key: one for key, one in context.meta.items() if key.startswith(_SITE)},
        resume=resume,
        force=force,
        nameless=bool(options.get("deidentify")),
    )


_SITE = "sirtdose.site."


def run_typed(case: TypedCase) -> "Outcome":
    """Run one case into its folder; a refusal is its outcome, not an error.

    A plan that is written and does not meet a limit is done, with exit code 4. Only a
    bug raises.
    """
    from sirtdose.batch.work import outcome_of
    from sirtdose.workflows.post.kept_names import without_names_of

    unmet: list[str] = []
    outcome = outcome_of(case.case_id, lambda: _run(case, unmet))
    if unmet:
        code = PlanningError.exit_code
        outcome = replace(outcome, exit_code=code, error=unmet[0])
    if not case.nameless or not outcome.error:
        return outcome
    files = file_options(command_named(case.command))
    typed = {key: one for key, one in case.asked["options"].items() if key in files}
    paths = [*_paths(case.asked), *map(Path, _texts(typed))]
    return replace(outcome, error=without_names_of(outcome.error, paths))


def _run(case: TypedCase, unmet: list[str]) -> str:
    from sirtdose.workflows.post.results import fingerprint, seen_mark

    if case.version != __version__:
        raise InputError(
            f"the worker has sirtdose {__version__}, but the batch {case.version}: "
            "install the same version on both"
        )
    asked, source = (case.asked,), case.asked["source"]
    seen = seen_mark(asked, source)
    record = _record(case) if case.resume else {}
    mark = "" if _is_as_seen(case, record, seen) else fingerprint(asked, source)
    if not mark or _stands(case, record, mark):
        unmet += record.get("unmet", [])
        return "unchanged"
    (case.folder / _MARK).unlink(missing_ok=True)
    before = _written(case)
    try:
        _typed(case)
    except PlanningError as error:
        # Said after a plan was written, of a limit; said before, there is no plan.
        if _written(case) == before:
            raise
        unmet.append(str(error))
    _keep(case, {"fingerprint": mark, "seen": seen, "unmet": unmet})
    return "done"


def _typed(case: TypedCase) -> None:
    """Run the command, with nothing of it on the screen."""
    command = command_named(case.command)
    with redirect_stdout(StringIO()), redirect_stderr(StringIO()):
        try:
            context = command.make_context(str(command.name), list(case.words))
            context.meta.update(case.meta)
            with context:
                command.invoke(context)
        except click.ClickException as error:
            said = InputError(error.format_message())
            said.exit_code = error.exit_code
            raise said from None


def _written(case: TypedCase) -> tuple[int, int] | None:
    """Which plan.json stands there: a new one is another file."""
    try:
        state = (case.folder / "plan.json").stat()
    except OSError:
        return None
    return state.st_ino, state.st_mtime_ns


def _paths(value: Any) -> list[Path]:
    if isinstance(value, Path):
        return [value]
    if isinstance(value, Mapping):
        return [path for one in value.values() for path in _paths(one)]
    many = value if isinstance(value, (list, tuple)) else []
    return [path for one in many for path in _paths(one)]


def _texts(value: Any) -> list[str]:
    if isinstance(value, str):
        return [value]
    if isinstance(value, Mapping):
        return [text for one in value.values() for text in _texts(one)]
    many = value if isinstance(value, (list, tuple)) else []
    return [text for one in many for text in _texts(one)]


def _results(folder: Path) -> list[str]:
    return sorted(
        one.relative_to(folder).as_posix()
        for one in folder.rglob("*")
        if one.is_file() and one.name != _MARK
    )


def _keep(case: TypedCase, record: Mapping[str, Any]) -> None:
    """Write the mark of results that are complete."""
    from sirtdose.io.hashing import sha256_of
    from sirtdose.report.run_record import states_of

    names = _results(case.folder)
    seen = record["seen"]
    told = {
        **record,
        "seen": seen and {"inputs": seen, "results": states_of(case.folder, names)},
        "results": {name: sha256_of([case.folder / name]) for name in names},
    }
    (case.folder / _MARK).write_text(json.dumps(told), "utf-8")


def _record(case: TypedCase) -> dict[str, Any]:
    try:
        found = json.loads((case.folder / _MARK).read_text("utf-8"))
    except (OSError, ValueError):
        return {}
    kept = {"fingerprint", "seen", "results", "unmet"}
    return found if isinstance(found, dict) and kept <= found.keys() else {}


def _is_as_seen(case: TypedCase, record: dict[str, Any], seen: str | None) -> bool:
    from sirtdose.report.run_record import is_as_seen

    return bool(record) and is_as_seen(case.folder, record, seen)


def _stands(case: TypedCase, record: dict[str, Any], mark: str) -> bool:
    from sirtdose.report.run_record import changed_results

    if not record or record["fingerprint"] != mark:
        return False
    return not changed_results(case.folder, record)
