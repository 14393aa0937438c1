"""A plan's numbers beside the same by hand, as a document and lines."""

from collections.abc import Mapping, Sequence
from dataclasses import asdict
from typing import Any

from sirtdose import __version__
from sirtdose.model.finding import Finding
from sirtdose.planning.hand_check import not_by_hand
from sirtdose.planning.hand_number import ROUNDING, HandNumber
from sirtdose.report.documents import findings_document, rounded
from sirtdose.report.post.summary import basis_words
from sirtdose.report.wording import significant, table

HAND_CHECK_FILE = "plan_check.json"


def hand_check_document(
    plan: Mapping[str, Any],
    numbers: Sequence[HandNumber],
    findings: Sequence[Finding] = (),
) -> dict[str, Any]:
    """Every number twice, and what the checks say of the plan's doses."""
    failures = [
        f"{one.name}: {one.plan:.6g} {one.unit} in the plan, {one.by_hand:.6g} "
        f"{one.unit} by hand ({one.how}), {one.difference:+.2%} (H07)"
        for one in numbers
        if not one.agrees
    ]
    found: dict[str, Any] = rounded(
        {
            "schema": "sirtdose.plan_check/1",
            "sirtdose_version": __version__,
            "plan_hash": plan["hash"],
            "method": plan["method"],
            "nuclide": {"file_sha256": None, **plan["nuclide"]},
            "passed": not failures,
            "failures": failures,
            "rounding": ROUNDING,
            "numbers": [
                {**asdict(one), "difference": one.difference, "agrees": one.agrees}
                for one in numbers
            ],
            "warnings": findings_document(findings),
            "not_by_hand": not_by_hand(plan, numbers),
            "method_doses": [
                {"name": one["name"], "role": one["role"], "dose_gy": one["dose_gy"]}
                for one in plan["compartments"]
            ],
        }
    )
    return found


def hand_check_summary(document: Mapping[str, Any]) -> str:
    """The table that a person sees."""
    rows = [
        [
            one["name"],
            f"{significant(one['plan'])} {one['unit']}",
            f"{significant(one['by_hand'])} {one['unit']}",
            f"{round(100 * one['difference'], 3) + 0.0:+.3f} %",
            "pass" if one["agrees"] else "FAIL",
            one["how"],
        ]
        for one in document["numbers"]
    ]
    nuclide = document["nuclide"]
    skipped = document["not_by_hand"]
    said = [
        f"{'PASS' if document['passed'] else 'FAIL'}: plan by {document['method']} "
        "by hand, from the numbers that it lists",
        "",
        table(["", "plan", "by hand", "apart", "", "arithmetic"], rows),
        *(["", f"Not checked: {', '.join(skipped)}"] if skipped else []),
        "",
        *(
            f"{one['severity'].upper():<5}{one['code']}  {one['message']}"
            for one in document["warnings"]
            if one["severity"] != "note"
        ),
    ]
    if nuclide["file_sha256"]:
        said += [
            "",
            f"{basis_words(nuclide)}; half-life: {nuclide['half_life_source']}",
            f"K: {nuclide['dose_constant_source']}",
        ]
    if document["failures"]:
        said += ["", *document["failures"]]
    return "\n".join(
        [*said, "", "Not a medical device: verify with an approved system"]
    )
