"""What a worker does: one case, or one look, from its files to its folder."""

import sys
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field, replace
from pathlib import Path
from time import perf_counter
from traceback import extract_tb
from typing import Any, Protocol

from sirtdose import __version__
from sirtdose.errors import FileFormatError, InputError, foreseen
from sirtdose.io.output.folder import output_folder
from sirtdose.model.request import PostRequest
from sirtdose.report.documents import document_text
from sirtdose.report.inspection import inspection_document
from sirtdose.report.run_record import (
    changed_results,
    is_as_seen,
    read_run_record,
)
from sirtdose.workflows.inspect import inspect_folder
from sirtdose.workflows.post.inputs import named_files
from sirtdose.workflows.post.kept_names import without_file_names
from sirtdose.workflows.post.results import (
    Wanted,
    assess_into,
    fingerprint,
    seen_mark,
)
from sirtdose.workflows.segment.unseen import shown_if_unseen


class Named(Protocol):
    """Whatever a worker is given."""

    @property
    def case_id(self) -> str:
        """The name of its outcome."""


@dataclass(frozen=True)
class Case:
    """What is to be assessed, under which name, and where its results go.

    `asked` is the request as it was typed, for run.json. With `resume` a case whose
    inputs and options are those of the results that are there is left alone; `force`
    replaces results. What it finds itself and nobody has seen is shown in its folder,
    or where `shown_in` says. A worker of another `version` refuses it.
    """

    case_id: str
    request: PostRequest
    folder: Path
    wanted: Wanted = field(default_factory=lambda: Wanted(thumbnail=True))
    asked: Mapping[str, Any] | None = None
    resume: bool = False
    force: bool = False
    shown_in: Path | None = None
    version: str = __version__


@dataclass(frozen=True, slots=True)
class Outcome:
    """What became of a case.

    Parameters
    ----------
    case_id : str
    state : str
        ``"done"``, ``"unchanged"`` (its results stood already), ``"failed"``, or
        ``"not run"`` where the batch was ended before.
    exit_code : int
        What `sirtdose post` would have ended with.
    error : str
        Why it failed; empty otherwise.
    seconds : float
    peak_memory_mib : float or None
        Of the process that ran it, where the system tells.
    """

    case_id: str
    state: str
    exit_code: int = 0
    error: str = ""
    seconds: float = 0.0
    peak_memory_mib: float | None = None

    @property
    def has_results(self) -> bool:
        """Whether the case's folder holds what its request asks for."""
        return self.state in ("done", "unchanged")


INSPECTION_FILE = "inspection.json"


def run_case(case: Case) -> Outcome:
    """Assess one case into its folder; a refusal is its outcome, not an error.

    Only a bug raises.
    """
    outcome = outcome_of(case.case_id, lambda: _run(case))
    if not case.request.privacy.nameless or not outcome.error:
        return outcome

    # The batch's tables stand beside results that are to name nobody.
    return replace(
        outcome,
        error=without_file_names(
            outcome.error, case.request.image, named_files(case.request).values()
        ),
    )


@dataclass(frozen=True)
class Look:
    """What is to be looked at, under which name, and where to write what was seen."""

    case_id: str
    source: Path
    folder: Path


def run_look(look: Look) -> Outcome:
    """Write inspection.json of a folder, as `sirtdose inspect --json` prints it.

    Only a bug raises.
    """
    return outcome_of(look.case_id, lambda: _look(look))


def _look(look: Look) -> str:
    text = document_text(inspection_document(inspect_folder(look.source), paths=False))
    with output_folder(look.folder, [INSPECTION_FILE]) as aside:
        (aside / INSPECTION_FILE).write_text(text, "utf-8")
    return "done"


def outcome_of(case_id: str, task: Callable[[], str]) -> Outcome:
    """What becomes of a task that returns its state; only a bug raises."""
    started = perf_counter()
    state, exit_code, said = "done", 0, ""
    try:
        state = task()
    except Exception as error:
        known = foreseen(error)
        if known is None:
            error.add_note(_where(error))
            raise
        state, (said, exit_code) = "failed", known
    return Outcome(
        case_id,
        state,
        exit_code,
        said,
        perf_counter() - started,
        peak_memory_mib(),
    )


def _run(case: Case) -> str:
    if case.version != __version__:
        raise InputError(
            f"the worker has sirtdose {__version__}, but the batch {case.version}: "
            "install the same version on both"
        )

    asked, source = (case.request, case.wanted), case.request.image.source
    seen = seen_mark(asked, source)
    record = _record(case) if case.resume else None
    # What has the size and time it had is not read again.
    if record and is_as_seen(case.folder, record, seen):
        return "unchanged"
    mark = fingerprint(asked, source)
    if record and _stands(case, record, mark):
        return "unchanged"
    force = case.force or case.resume
    with shown_if_unseen(
        case.request, case.shown_in or case.folder, run=None, force=force
    ):
        assess_into(
            case.request,
            case.folder,
            case.wanted,
            force=force,
            asked=case.asked,
            fingerprint=mark,
            seen=seen,
        )
    return "done"


def _record(case: Case) -> dict[str, Any] | None:
    try:
        return read_run_record(case.folder)
    except FileFormatError:
        return None


def _stands(case: Case, record: Mapping[str, Any], mark: str) -> bool:
    """Whether the results there are of the same inputs and options, and unchanged."""
    return record["fingerprint"] == mark and not changed_results(case.folder, record)


def _where(error: BaseException) -> str:
    """The line of sirtdose that raised; the message is not told: it may name people."""
    own = [one for one in extract_tb(error.__traceback__) if "sirtdose" in one.filename]
    return f"{Path(own[-1].filename).name}:{own[-1].lineno}" if own else ""


def unforeseen(case: Named, error: BaseException) -> Outcome:
    """A case that ended without an outcome: its process died, or a bug."""
    if type(error).__name__ == "KilledWorker":
        said = "its process was killed from outside, or ran out of memory"
    else:
        where = " in ".join(["", *getattr(error, "__notes__", [])])
        said = f"a bug, please report it: {type(error).__name__}{where}"
    return Outcome(case.case_id, "failed", 1, said)


def peak_memory_mib() -> float | None:
    """The most memory that this process has held; None where the system is silent."""
    try:
        # What `resource` tells there, a process inherits from the one that started it.
        status = Path("/proc/self/status").read_text("ascii")
        return int(status.partition("VmHWM:")[2].split()[0]) / 2**10
    except (OSError, IndexError, ValueError):
        pass
    try:
        import resource
    except ImportError:
        return None
    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    # Bytes on macOS, KiB elsewhere.
    return float(peak / (2**20 if sys.platform == "darwin" else 2**10))
