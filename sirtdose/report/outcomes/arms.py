"""Toxicity by arm as parts of a document, tables and a summary."""

from collections.abc import Collection, Sequence
from typing import Any

from sirtdose.outcomes.adverse_events import PatientToxicity
from sirtdose.outcomes.arms import (
    HEPATOTOXICITY,
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
        "treated_without_values": "treated, but without any value, so that every term "
        "has no value",
        "allocated_not_treated": "allocated, but not treated in the arm",
        "treated_not_allocated": "treated in an arm to which they were not allocated: "
        "counted among its treated patients only",
    }
    lists = {
        key: [f"{case} ({one['arm']})" for one in found["arms"] for case in one[key]]
        for key in said
    }
    return [
        found["attribution"],
        "an event that lasts counts after each treatment that has a line of it; the "
        "baseline of all is the one before the first treatment",
        *(
            f"{words}: {_cases(lists[key])}"
            for key, words in said.items()
            if lists[key]
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
    """n/N by grade and arm, for a terminal: a table for each window and denominator."""
    lines = []
    for label in dict.fromkeys(one["window"] for one in found["counts"]):
        rows = [one for one in found["counts"] if one["window"] == label]
        for key, words in found["denominators"].items():
            if key == "treated" or found["arms"][0]["allocated"] is not None:
                header = f"{label}: worst grade per patient and arm, n/N of {words}"
                lines += ["", header, *_table(rows, found["arms"], key)]
    ended = found["windows_ended_by_next_treatment"]
    cut = f"; so the next treatment ended a window of {_cases(ended)}" if ended else ""
    return [*lines, "", f"Attribution: {found['attribution']}{cut}"]


def _table(
    rows: Sequence[dict[str, Any]], arms: Sequence[dict[str, Any]], key: str
) -> list[str]:
    by_row: dict[tuple[str, str], list[dict[str, Any]]] = {}
    for one in rows:
        by_row.setdefault((one["term"], one["grade"]), []).append(one)
    occur = {
        name for name, own in by_row.items() if any(one[f"{key}_n"] for one in own)
    }
    shown = []
    for (term, grade), own in by_row.items():
        worse = {g for t, g in occur if t == term and g not in ("0", "no", *_ALSO)}
        zero = grade == ("no" if term == HEPATOTOXICITY else "0")
        if (term, grade) in occur and not (zero and worse):
            cells = [f"{one[f'{key}_n']}/{one[f'{key}_of']}" for one in own]
            shown.append([term, grade, *cells])
    for n in range(len(shown) - 1, 0, -1):
        if shown[n][0] == shown[n - 1][0]:
            shown[n][0] = ""
    header = ["term", "grade", *(one["arm"] for one in arms)]
    return table(header, shown, left=(0, 1)).split("\n")
