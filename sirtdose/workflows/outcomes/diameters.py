"""Response by diameters: a table of lesions over time, as RECIST takes them."""

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import date
from pathlib import Path
from typing import cast

from sirtdose.errors import InputError, said_at
from sirtdose.io.tables.csv import Line, read_table
from sirtdose.outcomes.recist import (
    STABLE_BETWEEN,
    Criteria,
    Lesion,
    NonTargets,
    Scan,
    assess_scans,
    best_overall,
    unmeasurable,
)
from sirtdose.outcomes.response import Best, CaseResponse, TimePoint
from sirtdose.workflows.outcomes.case_lines import (
    Days,
    UnfollowedError,
    by_case,
    measured,
    needed,
    place,
    require_one,
)

REQUIRED = ("case_id", "date", "lesion", "organ", "kind", "diameter_mm")
OPTIONAL = ("state", "slice_mm")
DIAMETER_COLUMNS = (*REQUIRED, *OPTIONAL)
_TARGETS = ("target", "target-node")
_KINDS = (*_TARGETS, "non-target", "new")
_STATES = ("absent", "present", "progressed", "not evaluated")
# No lesion of a person is larger.
_MOST_MM = 1000.0
_MOST_SLICE_MM = 50.0


@dataclass(frozen=True)
class DiameterCase:
    """A case's targets, its scans after baseline, and how many diameters count not.

    `unmeasured` says why its baseline cannot be followed.
    """

    case_id: str
    where: str
    baseline_day: date
    targets: tuple[Lesion, ...]
    scans: tuple[Scan, ...]
    not_counted: int
    unmeasured: str = ""


def response_by_diameters(
    path: Path,
    *,
    criteria: str,
    targets_max: int,
    confirmed: bool = False,
    stable_between: int = STABLE_BETWEEN,
    stable_from_d: int | None = None,
) -> tuple[list[CaseResponse], int]:
    """Response by RECIST 1.1 or mRECIST of each case of a table.

    A case whose targets cannot be followed is not evaluable, and says why.

    Parameters
    ----------
    path : Path
        Of the csv.
    criteria : {"RECIST 1.1", "mRECIST"}
    targets_max : int
    confirmed : bool
        Complete and partial responses need to be seen again 28 days later or more.
    stable_between : int
        At how many scans between the two the disease may be stable.
    stable_from_d : int, optional
        Days from baseline from which stable disease counts.

    Returns
    -------
    list of CaseResponse
    int
        How many diameters were read that decide nothing: of non-targets and new
        lesions.

    Raises
    ------
    InputError
        A table that cannot be read, with its line and column, or none of whose cases
        can be followed.
    """
    kind = cast("Criteria", criteria)
    cases = diameter_cases(path)
    found = []
    for case in cases:
        reason = case.unmeasured or unmeasurable(
            case.targets, criteria=kind, targets_max=targets_max
        )
        points: list[TimePoint] = []
        best = Best("NE", reason)
        if not reason:
            with said_at(case.where):
                points = assess_scans(
                    case.targets, case.scans, criteria=kind, targets_max=targets_max
                )
            best = best_overall(
                points,
                confirmed=confirmed,
                stable_between=stable_between,
                stable_d=stable_from_d,
                start=case.baseline_day,
            )
        has_sum = bool(case.targets) and not case.unmeasured
        thick = any(not one.node and one.slice_mm is None for one in case.targets)
        found.append(
            CaseResponse(
                case_id=case.case_id,
                baseline_day=case.baseline_day,
                baseline=sum(x.baseline_mm for x in case.targets) if has_sum else None,
                lesions=tuple(one.name for one in case.targets),
                timepoints=tuple(points),
                best=best,
                unmeasurable=reason,
                not_given=("slice_mm",) if thick and not reason else (),
            )
        )
    require_one([case.where for case in cases], found)
    return found, sum(case.not_counted for case in cases)


def diameter_cases(path: Path) -> list[DiameterCase]:
    """Read a table of diameters; a scan that cannot be judged says why, with its line.

    Raises
    ------
    InputError
        What cannot be read, is unknown or there twice, with its line.
    """
    lines = read_table(
        path,
        required=REQUIRED,
        optional=OPTIONAL,
        what="a table of diameters",
        extra=True,
    )
    return [
        _case(f"{path.name}, case '{case_id}'", case_id, days)
        for case_id, days in by_case(lines, item="lesion").items()
    ]


def _case(where: str, case_id: str, days: Days) -> DiameterCase:
    first, *later = days
    known = {line.text("lesion").casefold(): line for line in days[first]}
    targets: dict[str, Lesion] = {}
    organs: dict[str, str] = {}
    reasons: list[str] = []
    for line in days[first]:
        kind = _kind(line)
        try:
            _require_baseline(line, kind)
            if kind in _TARGETS:
                targets[line.text("lesion").casefold()] = _target(line, kind, organs)
        except UnfollowedError as error:
            reasons.append(str(error))
    followed = [
        name for name, line in known.items() if line.text("kind") == "non-target"
    ]
    scans = [
        _scan(day, days[day], known=known, targets=targets, followed=followed)
        for day in later
    ]
    extra = sum(
        bool(line.text("diameter_mm"))
        for lines in days.values()
        for line in lines
        if line.text("kind") not in _TARGETS
    )
    return DiameterCase(
        case_id,
        where,
        first,
        tuple(targets.values()),
        tuple(scans),
        extra,
        unmeasured=reasons[0] if reasons else "",
    )


def _kind(line: Line) -> str:
    kind = line.required("kind")
    if kind not in _KINDS:
        raise InputError(f"{line.at('kind')} is '{kind[:40]}': use {', '.join(_KINDS)}")
    return kind


def _require_baseline(line: Line, kind: str) -> None:
    if kind == "new":
        raise UnfollowedError(
            f"{place(line, 'kind')}: a new lesion on {line.text('date')}, the "
            "earliest date of its case, which is its baseline: write target or "
            "non-target"
        )
    state = _state(line, kind)
    if kind == "non-target" and state != "present":
        raise UnfollowedError(
            f"{place(line, 'state')} is '{state}' at baseline, where a non-target "
            "must be present"
        )


def _target(line: Line, kind: str, organs: dict[str, str]) -> Lesion:
    needed(line, "diameter_mm")
    organ = needed(line, "organ")
    return Lesion(
        line.text("lesion"),
        organs.setdefault(organ.casefold(), organ),
        _diameter(line) or 0.0,
        kind == "target-node",
        measured(line, "slice_mm", most=_MOST_SLICE_MM, unit="mm") or None,
    )


def _diameter(line: Line) -> float | None:
    return measured(line, "diameter_mm", most=_MOST_MM, unit="mm")


def _state(line: Line, kind: str) -> str:
    """The state of a lesion that is not measured; of a target empty."""
    state = line.text("state")
    if state and state not in _STATES:
        raise InputError(
            f"{line.at('state')} is '{state[:40]}': use {', '.join(_STATES)}"
        )
    _diameter(line)
    if kind in _TARGETS:
        if state and (state != "not evaluated" or line.text("diameter_mm")):
            raise UnfollowedError(
                f"{place(line, 'state')} is '{state}': give a target its diameter, 0 "
                "where it has disappeared, or write not evaluated and no diameter"
            )
        return state
    if kind == "new":
        if state not in ("", "present"):
            raise UnfollowedError(
                f"{place(line, 'state')} is '{state}': write a new lesion as present, "
                "or leave it out of the table"
            )
        return "present"
    return needed(line, "state")


def _scan(
    day: date,
    lines: Iterable[Line],
    *,
    known: dict[str, Line],
    targets: dict[str, Lesion],
    followed: list[str],
) -> Scan:
    diameters: dict[str, float | None] = {}
    states: dict[str, str] = {}
    reasons: list[str] = []
    new = False
    for line in lines:
        name, kind = line.text("lesion").casefold(), _kind(line)
        try:
            state = _state(line, kind)
            _require_same(line, kind, known)
        except UnfollowedError as error:
            reasons.append(str(error))
            continue
        if kind == "new":
            new = True
        elif kind == "non-target":
            states[name] = state
        elif name in targets:
            diameters[targets[name].name] = _diameter(line)
    return Scan(
        day, diameters, _together(states, followed), new, reasons[0] if reasons else ""
    )


def _require_same(line: Line, kind: str, known: dict[str, Line]) -> None:
    """A lesion keeps its kind and organ; one that is first seen later is new."""
    name = line.text("lesion")
    before = known.get(name.casefold())
    if before is None and kind != "new":
        raise UnfollowedError(
            f"{place(line, 'kind')} is {kind}, but '{name}' is not at its case's "
            "baseline: write new, or enter it there"
        )
    before = known.setdefault(name.casefold(), line)
    if before.text("kind") != kind:
        raise UnfollowedError(
            f"{place(line, 'kind')} is {kind}, but '{name}' is {before.text('kind')} "
            f"in {before.where.rpartition(', ')[2]}: a lesion keeps its kind"
        )
    organ, first = line.text("organ"), before.text("organ")
    if kind in _TARGETS and organ and organ.casefold() != first.casefold():
        raise UnfollowedError(
            f"{place(line, 'organ')} is '{organ}', but '{name}' is in '{first}' in "
            f"{before.where.rpartition(', ')[2]}"
        )


def _together(states: dict[str, str], followed: list[str]) -> NonTargets:
    """All non-targets as one; what is not in the table is not evaluated."""
    if not followed:
        return "none"
    found = {states.get(name, "not evaluated") for name in followed}
    worst = ("progressed", "not evaluated", "present")
    return cast("NonTargets", next((one for one in worst if one in found), "absent"))
