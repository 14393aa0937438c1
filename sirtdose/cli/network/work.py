"""What `sirtdose listen` runs over a study, in a process of its own."""

from collections.abc import Callable
from contextlib import closing
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from sirtdose.cli.network.worklist import FromWorklist
from sirtdose.cli.post.command import post_command, post_request
from sirtdose.cli.post.files import wanted_of
from sirtdose.cli.words.manifest import case_options
from sirtdose.cli.words.outcomes import refusal_of
from sirtdose.cli.words.typed import (
    located,
    parsed_options,
    request_asked,
    with_environment,
)
from sirtdose.errors import InputError, SirtdoseError
from sirtdose.io.hashing import sha256_of
from sirtdose.network.listen import NotYet
from sirtdose.network.records import Ended
from sirtdose.network.store import INCOMING

if TYPE_CHECKING:
    from sirtdose.batch.work import Case, Named, Outcome

# Options of single studies, by the names of these.
CASES = "cases"


class Inspecting:
    """Look at what came."""

    name = "inspect"

    def options_of(self, study: str, used_by: Callable[[str], str | None]) -> str:
        """There are none."""
        del study, used_by
        return ""

    def run(self, study: str, source: Path, folder: Path) -> "Ended":
        """Write inspection.json."""
        from sirtdose.batch.work import Look, run_look

        return _ended(Look(study, source, folder), run_look)


class Assessing:
    """Doses of what came: `sirtdose post` with the options of a file.

    Who was given which activity is not in the images. A file of options is of one
    treatment, so the common one serves one study, unless it is for every one.
    """

    name = "post"

    def __init__(
        self,
        out: Path,
        common: Path | None,
        *,
        for_every: bool = False,
        worklist: FromWorklist | None = None,
    ) -> None:
        self._cases = out / CASES
        self._incoming = out / INCOMING
        self._common = common
        self._for_every = for_every
        self._worklist = worklist
        if common is not None and worklist is None:
            # What is wrong with it is said before anything comes.
            _case("check", out, out, (case_options(common, post_command), common))

    def options_of(self, study: str, used_by: Callable[[str], str | None]) -> str:
        """SHA-256 of a study's own file, or of the common one if that is free.

        With a worklist, of the study's treatment.
        """
        if self._worklist is not None and not self._own(study).is_file():
            source = self._incoming / study
            return self._worklist.digest(study, source, used_by)
        return sha256_of([self._file_of(study, used_by)])

    def run(self, study: str, source: Path, folder: Path) -> "Ended":
        """Assess."""
        from sirtdose.batch.work import run_case

        own = self._own(study)
        try:
            case = _case(study, source, folder, self._options(study, source))
        except NotYet as waiting:
            return Ended(InputError.exit_code, str(waiting))
        except click.ClickException as error:
            return Ended(error.exit_code, f"{own.name}: {error.format_message()}")
        except SirtdoseError as error:
            said, code = refusal_of(error)
            return Ended(code, said)
        # A folder of results is whole or not there: what is to be seen lies beside it.
        shown_in = self._cases.parent / f"review-{study}"
        return _ended(replace(case, shown_in=shown_in.absolute()), run_case)

    def _options(self, study: str, source: Path) -> tuple[dict[str, Any], Path]:
        """A study's options, and the file that they are of."""
        own = self._own(study)
        if self._worklist is not None and not own.is_file():
            return self._worklist.options(study, source), self._worklist.path
        file = own if own.is_file() else self._common
        if file is None:
            raise InputError(f"{own.name} was removed")
        return case_options(file, post_command), file

    def _own(self, study: str) -> Path:
        return self._cases / f"{study}.toml"

    def _file_of(self, study: str, used_by: Callable[[str], str | None]) -> Path:
        own = self._own(study)
        if own.is_file():
            return own
        write = f"write {CASES}/{own.name} with its options"
        if self._common is None:
            raise NotYet(write)
        other = used_by(sha256_of([self._common]))
        if other is not None and not self._for_every:
            raise NotYet(
                f"{self._common.name} was used for study {other}, and an activity "
                f"belongs to one treatment: {write}"
            )
        return self._common


def _case(
    study: str, source: Path, folder: Path, given: tuple[dict[str, Any], Path]
) -> "Case":
    from sirtdose.batch.work import Case

    typed, file = given
    options = with_environment(post_command, typed)
    options = located(options, (source, file.parent), post_command)
    params = parsed_options(post_command, source, options, where=file.name)
    return Case(
        study,
        post_request(source, params),
        folder.absolute(),
        wanted_of(params),
        asked=request_asked(source, options, post_command),
    )


def _ended(case: "Named", work: "Callable[[Any], Outcome]") -> "Ended":
    from sirtdose.batch.run import run_cases

    with closing(run_cases([case], work=work)) as finished:
        outcome = next(finished)
    return Ended(outcome.exit_code, outcome.error, outcome.seconds)
