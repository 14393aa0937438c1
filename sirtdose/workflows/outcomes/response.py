"""Response of many patients, from a table of their lesions over time."""

from pathlib import Path
from typing import cast

from sirtdose.errors import InputError, said_at
from sirtdose.outcomes.percist import assess_pets, best_metabolic
from sirtdose.outcomes.percist import unmeasurable as of_percist
from sirtdose.outcomes.recist import (
    STABLE_BETWEEN,
    Criteria,
    assess_scans,
    best_overall,
)
from sirtdose.outcomes.recist import unmeasurable as of_recist
from sirtdose.outcomes.response import Best, CaseResponse, TimePoint
from sirtdose.workflows.outcomes.diameters import diameter_cases
from sirtdose.workflows.outcomes.uptakes import UptakeCase, uptake_cases


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
        reason = case.unmeasured or of_recist(
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
    _require_one([case.where for case in cases], found)
    return found, sum(case.not_counted for case in cases)


def response_by_uptake(path: Path, *, lesions_max: int) -> list[CaseResponse]:
    """Metabolic response of each case of a table.

    A case whose baseline cannot be followed is not evaluable, and says why.

    Parameters
    ----------
    path : Path
        Of the csv.
    lesions_max : int
        How many of the hottest lesions of each scan are summed; 1 in PERCIST 1.0.

    Raises
    ------
    InputError
        A table that cannot be read, with its line and column, or none of whose cases
        can be followed.
    """
    cases = uptake_cases(path)
    found = []
    for case in cases:
        first = case.scans[0]
        reason = of_percist(first)
        points: list[TimePoint] = []
        best = Best("NE", reason)
        if not reason:
            with said_at(case.where):
                points = assess_pets(case.scans, lesions_max=lesions_max)
            best = best_metabolic(points)
        partial = any(one.response == "PMR" for one in points)
        found.append(
            CaseResponse(
                case_id=case.case_id,
                baseline_day=first.day,
                baseline=None if first.unmeasured else sum(first.sul[:lesions_max]),
                lesions=case.lesions,
                timepoints=tuple(points),
                best=best,
                unmeasurable=reason,
                not_given=("diameter_mm",) if partial and not _has_sizes(case) else (),
            )
        )
    _require_one([case.where for case in cases], found)
    return found


def _has_sizes(case: UptakeCase) -> bool:
    """Whether the size of every lesion of the baseline is known at every scan."""
    judged = [scan for scan in case.scans if not scan.unmeasured]
    return all(
        name in scan.sizes_mm for scan in judged for name in case.scans[0].by_lesion
    )


def _require_one(places: list[str], found: list[CaseResponse]) -> None:
    """Refuse a table of which nothing can be judged."""
    reasons = [_refused(one) for one in found]
    if all(reasons):
        raise InputError(f"{places[0]}: {reasons[0]}")


def _refused(case: CaseResponse) -> str:
    """Why nothing of a case can be judged; empty where something can."""
    why = [one.unmeasured if one.response == "NE" else "" for one in case.timepoints]
    return case.unmeasurable or (why[0] if why and all(why) else "")
