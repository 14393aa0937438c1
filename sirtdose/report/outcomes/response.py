"""Response of patients as a document, tables and a summary."""

from collections.abc import Mapping, Sequence
from typing import Any

from sirtdose import __version__
from sirtdose.data.load import table as data_table
from sirtdose.outcomes.percist import LIVERS_AGREE
from sirtdose.outcomes.recist import THICK_SLICE_MM
from sirtdose.outcomes.response import CaseResponse
from sirtdose.report.outcomes.columns import not_used_document, not_used_lines
from sirtdose.report.screen import Screen
from sirtdose.report.tables import rows_csv
from sirtdose.report.wording import significant, table

TIMEPOINT_COLUMNS = (
    *("case_id", "date", "days", "response", "rule", "sum", "baseline", "nadir"),
    *("change_from_baseline", "change_from_nadir", "new_lesion"),
)
BEST_COLUMNS = (
    *("case_id", "best_response", "date", "rule", "objective_response", "scans"),
)
_ORDER = (*("CR", "CMR", "PR", "PMR", "SD", "SMD", "non-CR/non-PD", "PD", "PMD", "NE"),)


def response_document(
    cases: Sequence[CaseResponse],
    *,
    criteria: str,
    settings: dict[str, Any],
    not_counted: int = 0,
    not_used: Mapping[str, Sequence[str]] | None = None,
) -> dict[str, Any]:
    """What response.json holds.

    Parameters
    ----------
    cases : sequence of CaseResponse
    criteria : str
        A key of ``data/response_criteria.json``.
    settings : dict
        What was chosen: the most targets or lesions, confirmation, stable disease.
    not_counted : int
        Diameters that were read and decide nothing.
    not_used : mapping of str to sequence of str, optional
        By file, the columns that nothing reads.
    """
    rules = data_table("response_criteria")[criteria]
    evaluable = [one for one in cases if one.objective is not None]
    return {
        "schema": "sirtdose.response/1",
        "sirtdose_version": __version__,
        "criteria": {
            "name": rules["name"],
            "source": rules["source"],
            "verified": rules["verified"],
            **settings,
        },
        "sum_unit": "mm" if rules["measures"] == "diameters" else "g/mL (SULpeak)",
        "baseline": "the earliest day of each case",
        "notes": _notes(cases, rules, settings, not_counted),
        "columns_not_used": not_used_document(not_used or {}),
        "counts": {
            "cases": len(cases),
            "evaluable": len(evaluable),
            "objective_response": sum(bool(one.objective) for one in evaluable),
            "best": _counts(cases),
        },
        "cases": [_case(one) for one in cases],
    }


def _counts(cases: Sequence[CaseResponse]) -> dict[str, int]:
    found = [one.best.response for one in cases]
    return {name: found.count(name) for name in _ORDER if name in found}


def _case(case: CaseResponse) -> dict[str, Any]:
    return {
        "case_id": case.case_id,
        "baseline": {
            "date": case.baseline_day.isoformat(),
            "sum": case.baseline,
            "lesions": list(case.lesions),
        },
        "timepoints": [
            {
                "date": point.day.isoformat(),
                "days": (point.day - case.baseline_day).days,
                "response": point.response,
                "rule": point.rule,
                "sum": point.sum,
                "baseline": point.baseline,
                "nadir": point.nadir,
                "change_from_baseline": point.change_from_baseline,
                "change_from_nadir": point.change_from_nadir,
                "new_lesion": point.new_lesion,
                "liver_differs": point.liver_differs,
            }
            for point in case.timepoints
        ],
        "best": {
            "response": case.best.response,
            "date": case.best.day.isoformat() if case.best.day else None,
            "rule": case.best.rule,
            "objective_response": case.objective,
            "scans": len(case.timepoints),
        },
    }


def _notes(
    cases: Sequence[CaseResponse],
    rules: dict[str, Any],
    settings: dict[str, Any],
    not_counted: int,
) -> list[str]:
    left_out = [one.case_id for one in cases if one.unmeasurable]
    differ = [
        case.case_id
        for case in cases
        if any(one.liver_differs for one in case.timepoints)
    ]
    notes = (
        (not rules["verified"], f"{rules['name']} is not verified: {rules['source']}"),
        *((True, said) for said in _of_method(cases, rules, settings)),
        (
            left_out,
            f"not evaluable, as the baseline cannot be followed: {', '.join(left_out)}",
        ),
        *(
            (
                one.unmeasured,
                f"{case.case_id} is {one.response} on {one.day}: {one.unmeasured}",
            )
            for case in cases
            for one in case.timepoints
        ),
        (
            not_counted,
            f"{not_counted} diameters of non-targets or new lesions decide nothing",
        ),
        (
            differ,
            f"the liver differs from baseline's in {', '.join(differ)}: PERCIST asks "
            f"for normal liver {LIVERS_AGREE} of baseline's, so that scans may be "
            "compared; such a scan is NE, but for a new lesion",
        ),
    )
    return [said for holds, said in notes if holds]


def _of_method(
    cases: Sequence[CaseResponse], rules: dict[str, Any], settings: dict[str, Any]
) -> list[str]:
    """What diameters, or uptakes, are taken to mean."""
    if rules["measures"] != "diameters":
        hottest = settings["lesions_max"]
        return [
            "of each scan the hottest lesion counts"
            if hottest == 1
            else f"of each scan the {hottest} hottest lesions count, by their sum",
            "responses are from baseline: the nadir decides nothing",
            *_not_checked(
                cases,
                "diameter_mm",
                "PMR without sizes of every lesion (diameter_mm): that none grew by "
                "more than 30 % was not checked",
            ),
        ]
    any_day = settings["stable_from_d"] is None
    unconfirmed = "complete and partial responses count unconfirmed"
    return [
        "a target that is not measured at a date is not evaluated there; a "
        "non-target likewise",
        *(["stable disease counts from any day: no --stable-from"] if any_day else []),
        *([] if settings["confirmed"] else [unconfirmed]),
        *_not_checked(
            cases,
            "slice_mm",
            "slice thickness is not given (slice_mm), and taken as "
            f"{THICK_SLICE_MM:g} mm or less, so that a target has 10 mm",
        ),
    ]


def _not_checked(cases: Sequence[CaseResponse], column: str, words: str) -> list[str]:
    """What could not be checked without a column, and of whom."""
    names = [one.case_id for one in cases if column in one.not_given]
    who = "every case" if len(names) == len(cases) else ", ".join(names)
    return [f"{words}: {who}"] if names else []


def timepoints_csv(document: dict[str, Any]) -> str:
    """A row per case and scan after baseline."""
    return rows_csv(
        TIMEPOINT_COLUMNS,
        (
            {"case_id": case["case_id"], **point}
            for case in document["cases"]
            for point in case["timepoints"]
        ),
    )


def best_csv(document: dict[str, Any]) -> str:
    """A row per case, to be joined with others by its case_id."""
    return rows_csv(
        BEST_COLUMNS,
        (
            {
                "case_id": case["case_id"],
                "best_response": case["best"]["response"],
                **case["best"],
            }
            for case in document["cases"]
        ),
    )


def response_screen(document: dict[str, Any]) -> Screen:
    """Time points and best responses, as tables for a terminal."""
    criteria, counts = document["criteria"], document["counts"]
    unit = document["sum_unit"].split()[0]
    points = [
        [
            case["case_id"],
            point["date"],
            str(point["days"]),
            point["response"],
            "-" if point["sum"] is None else significant(point["sum"]),
            _percent(point["change_from_baseline"]),
            _percent(point["change_from_nadir"]),
        ]
        for case in document["cases"]
        for point in case["timepoints"]
    ]
    best = [
        [case["case_id"], one["response"], one["date"] or "-", one["rule"]]
        for case in document["cases"]
        for one in [case["best"]]
    ]
    header = ["case", "date", "days", "response", f"sum {unit}", "baseline", "nadir"]
    rate = ""
    if counts["evaluable"]:
        share = counts["objective_response"] / counts["evaluable"]
        rate = (
            f"Objective response in {counts['objective_response']} of "
            f"{counts['evaluable']} evaluable cases ({share:.0%}); "
        )
    said = ", ".join(f"{name} {number}" for name, number in counts["best"].items())
    return Screen(
        [
            f"Response by {criteria['name']}{_chosen(criteria)}, baseline "
            f"{document['baseline']}",
            "",
            *([table(header, points), ""] if points else []),
            table(["case", "best", "date", "rule"], best, left=True),
            "",
            f"{rate}best: {said}",
            *not_used_lines(document),
        ],
        remarks=document["notes"],
    )


def _chosen(criteria: dict[str, Any]) -> str:
    most = criteria.get("targets_max")
    if most is not None:
        stable = criteria["stable_from_d"]
        return (
            f", at most {most} targets"
            f"{_confirmed(criteria)}"
            f"{'' if stable is None else f', stable from {stable} d'}"
        )
    return f", at most {criteria['lesions_max']} of the hottest lesions"


def _confirmed(criteria: dict[str, Any]) -> str:
    if not criteria["confirmed"]:
        return ""
    between = criteria["stable_between"]
    return (
        f", confirmed with at most {between} stable scan{'s' * (between != 1)} between"
    )


def _percent(change: float | None) -> str:
    return "-" if change is None else f"{round(change, 6) + 0:+.1%}"
