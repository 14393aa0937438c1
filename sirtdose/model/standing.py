"""Where a treatment stands: its results, and which step of it is done."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import date, datetime
from enum import StrEnum
from pathlib import Path
from typing import Any

from sirtdose.model.finding import Finding

STEPS = ("scout", "shunt", "plan", "approval", "order", "given", "post", "follow-up")
# What many patients share: the same file says nothing of whose a result is.
_SHARED = (
    *("camera", "site", "nuclide", "budget", "radiobiology"),
    *("recovery coefficients", "densities"),
)


class State(StrEnum):
    """What is to be said of a step."""

    DONE = "done"
    MISSING = "missing"
    OUTDATED = "OUTDATED"
    NOT_NEEDED = "not needed"


@dataclass(frozen=True)
class Input:
    """A file or series that a result was made from, as the result lists it.

    `sha256` is empty where results are by pseudonym; `files` is how many it has.
    """

    kind: str
    file: str
    sha256: str
    files: int = 1
    series: str = ""

    @property
    def is_shared(self) -> bool:
        """Whether it is of a site, not of a patient.

        >>> Input("camera", "camera.toml", "a").is_shared
        True
        """
        return self.kind in _SHARED or self.kind.startswith("dose kernel")


@dataclass(frozen=True)
class Session:
    """An earlier session that a plan counts: of which content, planned or delivered."""

    kind: str
    hash: str
    includes: tuple[str, ...] = ()


@dataclass(frozen=True, eq=False)
class Result:
    """One document of results, as far as it tells of its step.

    Parameters
    ----------
    kind : str
        Of its schema: plan, order, vial, post, scan, lsf, lesions, suv or response.
    path : Path
    place : str
        From the folder that was looked through.
    sha256 : str
        Of the file.
    written : float
        The file's time, in seconds; a copy may have another.
    version : str
        Of sirtdose, that made it.
    hash : str
        Of its content, where it keeps one.
    damaged : str
        Why it is not what was written; empty where it is, or nobody can tell.
    inputs : tuple of Input
    of_plan : str
        Hash of the plan that it was made from.
    updates : tuple of str
        Hashes of the plans that it updates, the nearest first.
    after : tuple of Session
    refers : frozenset of str
        SHA-256 of other results that it holds.
    maps : frozenset of str
        SHA-256 of its dose maps, which may be the earlier dose of another.
    patient_key, case_id : str
    day : date, optional
        Of the treatment, or of the scan.
    at : datetime, optional
        The same, with its time.
    approved_at : datetime, optional
    approved : bool
    method : str
    activities_gbq : mapping
        By injection: planned, drawn on the day, ordered at use, or given.
    given_gbq : float, optional
        All that was given, before the residual.
    shunt_fraction : float, optional
    is_shunt_typed : bool
    vessel : str
    follow_ups : tuple of date
        Of a follow-up, the days that it is of; without days, of several visits one.
    follow_up_days : tuple of int
        Days from the first treatment to each, where no dates are kept.
    deidentified : bool
    is_drawn : bool
        Whether it holds activities that were measured on the day.
    unchecked : str
        Why nobody can tell whether its files were changed.
    typed : mapping
        What the next command needs of it.
    """

    kind: str
    path: Path
    place: str
    sha256: str
    written: float
    version: str = ""
    hash: str = ""
    damaged: str = ""
    inputs: tuple[Input, ...] = ()
    of_plan: str = ""
    updates: tuple[str, ...] = ()
    after: tuple[Session, ...] = ()
    refers: frozenset[str] = frozenset()
    maps: frozenset[str] = frozenset()
    patient_key: str = ""
    case_id: str = ""
    day: date | None = None
    at: datetime | None = None
    approved_at: datetime | None = None
    approved: bool = False
    method: str = ""
    activities_gbq: Mapping[str, float] = field(default_factory=dict)
    given_gbq: float | None = None
    shunt_fraction: float | None = None
    is_shunt_typed: bool = False
    vessel: str = ""
    follow_ups: tuple[date, ...] = ()
    follow_up_days: tuple[int, ...] = ()
    deidentified: bool = False
    is_drawn: bool = False
    unchecked: str = ""
    typed: Mapping[str, Any] = field(default_factory=dict)

    @property
    def image(self) -> str:
        """SHA-256 of the activity image, which is the first file that is listed."""
        return self.inputs[0].sha256 if self.inputs else ""


@dataclass(frozen=True)
class Step:
    """A step with its state, why it is so, and what to type next.

    `results` are the documents that it rests on, by their place.
    """

    name: str
    state: State
    why: tuple[str, ...] = ()
    results: tuple[str, ...] = ()
    next: str = ""


@dataclass(frozen=True)
class Standing:
    """A treatment with all of its steps.

    `results` are its documents; those `not_checked` were made from files that are not
    where they were.
    """

    label: str
    day: date | None
    injections: tuple[str, ...]
    steps: tuple[Step, ...]
    results: tuple[str, ...]
    not_checked: tuple[str, ...] = ()
    notes: tuple[str, ...] = ()
    findings: tuple[Finding, ...] = ()

    def step(self, name: str) -> Step:
        """The step of a name."""
        return next(one for one in self.steps if one.name == name)


@dataclass(frozen=True)
class PatientStanding:
    """A patient with the treatments that are known.

    `known_by` says what the results are held together by, `unplaced` which documents
    belong to the patient and to no treatment, `identity` whom they name.
    """

    label: str
    known_by: tuple[str, ...]
    treatments: tuple[Standing, ...]
    unplaced: tuple[str, ...] = ()
    notes: tuple[str, ...] = ()
    findings: tuple[Finding, ...] = ()
    identity: Mapping[str, str] = field(default_factory=dict)


@dataclass(frozen=True)
class Unread:
    """A file or folder that says nothing, and why."""

    place: str
    why: str
