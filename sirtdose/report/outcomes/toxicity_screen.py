"""Toxicity of patients as a summary for a terminal."""

from typing import Any

from sirtdose.report.outcomes.arms import arms_lines
from sirtdose.report.outcomes.columns import not_used_lines
from sirtdose.report.screen import Screen
from sirtdose.report.wording import table


def toxicity_screen(document: dict[str, Any]) -> Screen:
    """Worst grades by arm and window, hepatotoxicity and liver function."""
    labels = dict.fromkeys(
        window["window"] for case in document["cases"] for window in case["windows"]
    )
    by_case = [one for label in labels for one in ("", *_of_window(document, label))]
    by_case += _liver_lines(document)
    arms = document["arms"]
    each = "case" if arms is None else "patient and arm"
    title = f"Toxicity by CTCAE {document['ctcae_version']}, worst grade of each {each}"
    shown = by_case if arms is None else arms_lines(arms)
    return Screen(
        [title, *shown, *not_used_lines(document)],
        details=[] if arms is None else ["All arms together", *by_case],
        remarks=document["notes"],
    )


def _liver_lines(document: dict[str, Any]) -> list[str]:
    liver = [
        [
            case["case_id"],
            one["date"],
            f"{one['albi']:.2f}",
            one["modified_albi_grade"],
            *_child_pugh_cells(one),
        ]
        for case in document["cases"]
        for one in case["liver"]
    ]
    header = ["case", "date", "ALBI", "grade", "Child-Pugh", "points"]
    return ["", table(header, liver, left=True)] if liver else []


def _child_pugh_cells(one: dict[str, Any]) -> list[str]:
    if one["child_pugh"] is None:
        return ["-", f"needs {', '.join(one['child_pugh_missing'])}"]
    names = ("bilirubin", "albumin", "INR", "ascites", "encephalopathy")
    points = ", ".join(f"{name} {one[f'points_{name.casefold()}']}" for name in names)
    return [f"{one['child_pugh']}{one['child_pugh_points']}", points]


def _of_window(document: dict[str, Any], label: str) -> list[str]:
    """How many cases have which worst grade, and what became of the liver."""
    grades: dict[str, list[int | None]] = {}
    liver: dict[str, list[str]] = {"yes": [], "no": [], "unknown": []}
    for case in document["cases"]:
        for window in (one for one in case["windows"] if one["window"] == label):
            for one in window["worst"]:
                grades.setdefault(one["term"], []).append(one["worst_grade"])
            reached = window["hepatotoxicity_grade3"]
            answer = {True: "yes", False: "no", None: "unknown"}[reached]
            why = f" ({window['hepatotoxicity_why']})" if answer != "no" else ""
            liver[answer].append(f"{case['case_id']}{why}")
    rows = [
        [
            term,
            str(len(found)),
            *(str(found.count(n) or "-") for n in (0, 1, 2, 3, 4, 5, None)),
        ]
        for term, found in grades.items()
    ]
    header = [label, "cases", "0", "1", "2", "3", "4", "5", "not gradable"]
    told = [
        f"Hepatotoxicity of grade 3 or above: yes {len(liver['yes'])}, no "
        f"{len(liver['no'])}, unknown {len(liver['unknown'])}",
        *(f"  yes: {one}" for one in liver["yes"]),
        *(f"  unknown: {one}" for one in liver["unknown"]),
    ]
    return [*([table(header, rows), ""] if rows else [f"{label}: no values"]), *told]
