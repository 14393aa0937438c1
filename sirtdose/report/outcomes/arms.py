"""Toxicity by arm as parts of a document, tables and a summary."""

from collections.abc import Collection, Sequence
from typing import Any

from sirtdose.outcomes.adverse_events import PatientToxicity
from sirtdose.outcomes.arms import (
    NO_VALUE,
    NOT_GRADABLE,
    NOT_TREATED,
    Study,
    counts,
)
from sirtdose.report.tables import rows_csv
from sirtdose.report.wording import table

ARM_COLUMNS = (
    *("window", "arm", "term", "grade", "treated_n", "treated_of"),
    *("allocated_n", "allocated_of"),
)
ARM_WORST_COLUMNS = (
    *("case_id", "arm", "window", "term", "worst_grade", "date", "days", "rule"),
    *("value", "unit", "values", "not_gradable"),
)
_ATTRIBUTED = (
    "a value counts for the last treatment before its day, in the arm that its line "
    "names if it names one; laboratory values of a day of treatment count as before it"
)
_DENOMINATORS = {
    "treated": "patients treated in the arm",
    "allocated": "patients allocated to the arm",
}
# What a terminal shows beside the grades that occur.
_ALSO = (NOT_GRADABLE, NO_VALUE, NOT_TREATED, "unknown")
_SHOWN_CASES = 5


def arms_document(
    study: Study | None, patients: Sequence[PatientToxicity], *, version: str
) -> dict[str, Any] | None:
    """The denominators and n of N by window, term, grade and arm."""
    if study is None:
        return None
    with_values = {one.case_id for one in patients}
    ended = [
        one.case_id for one in patients if any(own.ended_by_next for own in one.arms)
    ]
    return {
        "attribution": _ATTRIBUTED,
        "in_no_arm": [one.case_id for one in patients if not one.arms],
        "denominators": dict(_DENOMINATORS),
        "windows_ended_by_next_treatment": ended,
        "arms": [_arm(study, arm, with_values) for arm in study.arms],
        "counts": [vars(one) for one in counts(patients, study, version=version)],
    }


def _arm(study: Study, arm: str, with_values: Collection[str]) -> dict[str, Any]:
    treated = study.treated[arm]
    allocated = None if study.allocated is None else study.allocated[arm]
    return {
        "arm": arm,
        "treated": len(treated),
        "allocated": None if allocated is None else len(allocated),
        "treated_without_values": sorted(treated.difference(with_values)),
        "allocated_not_treated": sorted((allocated or treated).difference(treated)),
        "treated_not_allocated": sorted(
            treated.difference(treated if allocated is None else allocated)
        ),
    }


def arms_notes(found: dict[str, Any] | None) -> list[str]:
    """What n and N rest on."""
    if found is None:
        return []
    said = {
        "treated_without_values": "treated, but without a value of any term",
        "allocated_not_treated": "allocated, but not treated in the arm",
        "treated_not_allocated": "treated in an arm to which they were not allocated: "
        "counted among its treated patients only",
    }
    lists = {
        key: [f"{case} ({one['arm']})" for one in found["arms"] for case in one[key]]
        for key in said
    }
    outside = found["in_no_arm"]
    return [
        "an event that lasts counts after each treatment that has a line of it; the "
        "baseline of all is the one before the first treatment",
        *(f"{said[key]}: {_cases(own)}" for key, own in lists.items() if own),
        *(
            [f"no treatment, so counted in no arm: {_cases(outside)}"]
            if outside
            else []
        ),
    ]


def _cases(names: Sequence[str]) -> str:
    more = len(names) - _SHOWN_CASES
    shown = ", ".join(names[:_SHOWN_CASES])
    return f"{shown} and {more} more" if more > 0 else shown


def arms_pages(document: dict[str, Any]) -> dict[str, str]:
    """The csv files of arms, by their names; none where there are no arms."""
    if document["arms"] is None:
        return {}
    worst = (
        {"case_id": case["case_id"], "arm": own["arm"], "window": one["window"], **row}
        for case in document["cases"]
        for own in case["arms"]
        for one in own["windows"]
        for row in one["worst"]
    )
    return {
        "arms.csv": rows_csv(ARM_COLUMNS, document["arms"]["counts"]),
        "arms_worst.csv": rows_csv(ARM_WORST_COLUMNS, worst),
    }


def arms_lines(found: dict[str, Any]) -> list[str]:
    """n/N by grade and arm, for a terminal: a table for each window."""
    words = found["denominators"]
    second = f" (in parentheses: of {words['allocated']})" * _has_roster(found)
    lines = [f"n/N of {words['treated']}{second}"]
    for label in dict.fromkeys(one["window"] for one in found["counts"]):
        rows = [one for one in found["counts"] if one["window"] == label]
        lines += ["", *_table(label, rows, found)]
    ended = found["windows_ended_by_next_treatment"]
    if ended:
        cut = "A window that reaches past the next treatment of a patient ends there"
        lines += ["", f"{cut}: {_cases(ended)}"]
    said = found["attribution"]
    return [*lines, *([] if ended else [""]), f"{said[0].upper()}{said[1:]}"]


def _has_roster(found: dict[str, Any]) -> bool:
    return found["arms"][0]["allocated"] is not None


def _table(
    label: str, rows: Sequence[dict[str, Any]], found: dict[str, Any]
) -> list[str]:
    """The grades that occur; grade 0 of a term only where there is no other."""
    by_row: dict[tuple[str, str], list[dict[str, Any]]] = {}
    for one in rows:
        by_row.setdefault((one["term"], one["grade"]), []).append(one)
    occur = {row for row, own in by_row.items() if any(one["treated_n"] for one in own)}
    worse = {term for term, grade in occur if grade not in ("0", "no", *_ALSO)}
    keys = ("treated", "allocated") if _has_roster(found) else ("treated",)
    shown = [
        [
            "patients" * (key == "treated"),
            key,
            *(str(one[key]) for one in found["arms"]),
        ]
        for key in keys
    ]
    before = ""
    for (term, grade), own in by_row.items():
        if (term, grade) in occur and not (grade in ("0", "no") and term in worse):
            shown.append([term * (term != before), grade, *map(_cell, own)])
            before = term
    header = [label, "grade", *(one["arm"] for one in found["arms"])]
    return table(header, shown, left=(0, 1)).split("\n")


def _cell(one: dict[str, Any]) -> str:
    allocated = f" ({one['allocated_n']}/{one['allocated_of']})"
    second = allocated * (one["allocated_of"] is not None)
    return f"{one['treated_n']}/{one['treated_of']}{second}"
