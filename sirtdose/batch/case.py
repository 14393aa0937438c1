"""One case of a batch, and what became of it."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Protocol

from sirtdose import __version__
from sirtdose.model.request import PostRequest
from sirtdose.workflows.post.results import Wanted


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
    replaces results. A worker of another `version` refuses it.
    """

    case_id: str
    request: PostRequest
    folder: Path
    wanted: Wanted = field(default_factory=lambda: Wanted(thumbnail=True))
    asked: Mapping[str, Any] | None = None
    resume: bool = False
    force: bool = False
    version: str = __version__


@dataclass(frozen=True)
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
