"""A plan's numbers beside the same by hand, as a document and lines."""

from collections.abc import Mapping, Sequence
from dataclasses import asdict, replace
from typing import Any

from sirtdose import __version__
from sirtdose.model.finding import Finding
from sirtdose.planning.hand_check import not_by_hand
from sirtdose.planning.hand_number import ROUNDING, HandNumber
from sirtdose.report.documents import findings_document, rounded
from sirtdose.report.post.summary import basis_words
from sirtdose.report.screen import Screen
from sirtdose.report.wording import significant, spoken, table

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


def hand_check_screen(document: Mapping[str, Any]) -> Screen:
    """The table that a person sees."""
    numbers = document["numbers"]
    agreeing = sum(one["agrees"] for one in numbers)
    doses = [one for one in numbers if not one["agrees"] or _is_dose(one)]
    nuclide = document["nuclide"]
    skipped = document["not_by_hand"]
    said = [
        f"{'PASS' if document['passed'] else 'FAIL'}: plan by {document['method']} "
        f"by hand, from the numbers that it lists: {agreeing} of {len(numbers)} agree",
        "",
        _numbers_table(doses),
        *(["", "Not checked:"] if skipped else []),
        *(f"  {spoken(one)}" for one in skipped),
    ]
    if nuclide["file_sha256"]:
        said += [
            "",
            f"{basis_words(nuclide)}; half-life: {nuclide['half_life_source']}",
            f"K: {nuclide['dose_constant_source']}",
        ]
    if document["failures"]:
        said += ["", *document["failures"]]
    return replace(
        Screen.of(document, said, [_numbers_table(numbers)]),
        last=["Not a medical device: verify with an approved system"],
    )


def _is_dose(number: Mapping[str, Any]) -> bool:
    """Whether it is a dose of this session, which is what a person looks for."""
    name = number["name"]
    return number["unit"] == "Gy" and not (
        name.startswith("limit ") or name.endswith(", all sessions")
    )


def _numbers_table(numbers: Sequence[Mapping[str, Any]]) -> str:
    rows = [
        [
            spoken(one["name"]),
            f"{significant(one['plan'])} {one['unit']}",
            f"{significant(one['by_hand'])} {one['unit']}",
            f"{round(100 * one['difference'], 3) + 0.0:+.3f} %",
            "pass" if one["agrees"] else "FAIL",
            spoken(one["how"]),
        ]
        for one in numbers
    ]
    return table(["", "plan", "by hand", "apart", "", "arithmetic"], rows)
