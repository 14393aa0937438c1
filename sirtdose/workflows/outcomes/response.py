"""Response of many patients, from a table of their lesions over time."""

from datetime import date
from pathlib import Path
from typing import cast

from sirtdose.errors import InputError
from sirtdose.outcomes.percist import (
    Metabolic,
    assess_pets,
    best_metabolic,
    livers_agree,
)
from sirtdose.outcomes.percist import unmeasurable as of_percist
from sirtdose.outcomes.recist import (
    STABLE_BETWEEN,
    Assessed,
    Criteria,
    assess_scans,
    best_overall,
)
from sirtdose.outcomes.recist import unmeasurable as of_recist
from sirtdose.outcomes.response import CaseResponse, TimePoint
from sirtdose.workflows.outcomes.case_lines import said_at
from sirtdose.workflows.outcomes.diameters import DiameterCase, diameter_cases
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
        if reason := case.unmeasured or of_recist(
            case.targets, criteria=kind, targets_max=targets_max
        ):
            names = tuple(one.name for one in case.targets)
            day, total = case.baseline_day, None if case.unmeasured else _sum(case)
            found.append(_unmeasurable(case.case_id, day, total, names, reason))
            continue
        with said_at(case.where):
            assessed = assess_scans(
                case.targets, case.scans, criteria=kind, targets_max=targets_max
            )
        best = best_overall(
            assessed,
            confirmed=confirmed,
            stable_between=stable_between,
            stable_d=stable_from_d,
            start=case.baseline_day,
        )
        thick = any(not one.node and one.slice_mm is None for one in case.targets)
        found.append(
            CaseResponse(
                case_id=case.case_id,
                baseline_day=case.baseline_day,
                baseline=_sum(case),
                lesions=tuple(one.name for one in case.targets),
                timepoints=_by_diameter(case, assessed),
                best_response=best.response,
                best_rule=best.rule,
                best_day=best.day,
                not_given=("slice_mm",) if thick else (),
            )
        )
    _require_one([(case.where, one) for case, one in zip(cases, found, strict=True)])
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
        total = None if first.unmeasured else sum(first.sul[:lesions_max])
        if reason := of_percist(first):
            found.append(
                _unmeasurable(case.case_id, first.day, total, case.lesions, reason)
            )
            continue
        with said_at(case.where):
            assessed = assess_pets(case.scans, lesions_max=lesions_max)
        best = best_metabolic(assessed)
        partial = any(one.response == "PMR" for one in assessed)
        found.append(
            CaseResponse(
                case_id=case.case_id,
                baseline_day=first.day,
                baseline=total,
                lesions=case.lesions,
                timepoints=_by_uptake(case, assessed),
                best_response=best.response,
                best_rule=best.rule,
                best_day=best.day,
                not_given=("diameter_mm",) if partial and not _has_sizes(case) else (),
            )
        )
    _require_one([(case.where, one) for case, one in zip(cases, found, strict=True)])
    return found


def _has_sizes(case: UptakeCase) -> bool:
    """Whether the size of every lesion of the baseline is known at every scan."""
    judged = [scan for scan in case.scans if not scan.unmeasured]
    return all(
        name in scan.sizes_mm for scan in judged for name in case.scans[0].by_lesion
    )


def _unmeasurable(
    case_id: str,
    day: date,
    total: float | None,
    lesions: tuple[str, ...],
    reason: str,
) -> CaseResponse:
    return CaseResponse(
        case_id=case_id,
        baseline_day=day,
        baseline=total,
        lesions=lesions,
        timepoints=(),
        best_response="NE",
        best_rule=reason,
        best_day=None,
        unmeasurable=reason,
    )


def _require_one(found: list[tuple[str, CaseResponse]]) -> None:
    """Refuse a table of which nothing can be judged."""
    reasons = [_refused(one) for _, one in found]
    if all(reasons):
        raise InputError(f"{found[0][0]}: {reasons[0]}")


def _refused(case: CaseResponse) -> str:
    """Why nothing of a case can be judged; empty where something can."""
    why = [one.unmeasured if one.response == "NE" else "" for one in case.timepoints]
    return case.unmeasurable or (why[0] if why and all(why) else "")


def _sum(case: DiameterCase) -> float | None:
    return sum(one.baseline_mm for one in case.targets) if case.targets else None


def _by_diameter(case: DiameterCase, assessed: list[Assessed]) -> tuple[TimePoint, ...]:
    has_targets = bool(case.targets)
    return tuple(
        TimePoint(
            day=one.day,
            days=_days(one.day, case.baseline_day),
            response=one.response,
            rule=one.rule,
            sum=one.sum_mm,
            baseline=one.baseline_mm if has_targets else None,
            nadir=one.nadir_mm if has_targets else None,
            new_lesion=scan.new_lesions,
            unmeasured=scan.unmeasured,
        )
        for one, scan in zip(assessed, case.scans, strict=True)
    )


def _by_uptake(case: UptakeCase, assessed: list[Metabolic]) -> tuple[TimePoint, ...]:
    first, *later = case.scans
    points = []
    nadir = assessed[0].baseline_sul if assessed else 0.0
    for one, scan in zip(assessed, later, strict=True):
        points.append(
            TimePoint(
                day=one.day,
                days=_days(one.day, first.day),
                response=one.response,
                rule=one.rule,
                sum=one.sum_sul,
                baseline=one.baseline_sul,
                nadir=nadir,
                new_lesion=scan.new_lesion,
                liver_differs=bool(scan.liver_mean) and not livers_agree(first, scan),
                unmeasured=scan.unmeasured,
            )
        )
        if one.response != "NE" and one.sum_sul is not None:
            nadir = min(nadir, one.sum_sul)
    return tuple(points)


def _days(day: date, start: date) -> int:
    return (day - start).days
