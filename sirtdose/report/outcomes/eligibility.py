"""Eligibility as a document and a summary."""

from collections.abc import Sequence
from typing import Any

from sirtdose import __version__
from sirtdose.outcomes.eligibility import CriteriaSet, Judged
from sirtdose.report.screen import Screen
from sirtdose.report.wording import significant, table

_OPERATORS = {"<": "under", "<=": "at most", ">": "above", ">=": "at least"}


def eligibility_document(
    criteria: CriteriaSet,
    judged: Sequence[Judged],
    *,
    answer: str,
    case_id: str | None = None,
    sha256: str | None = None,
    not_used: Sequence[str] = (),
) -> dict[str, Any]:
    """What eligibility.json holds.

    Parameters
    ----------
    criteria : CriteriaSet
    judged : sequence of Judged
    answer : str
        Of all of them together.
    case_id : str, optional
        As the user wrote it.
    sha256 : str, optional
        Of the user's own file of criteria.
    not_used : sequence of str
        Values that no criterion asks for.
    """
    return {
        "schema": "sirtdose.eligibility/1",
        "sirtdose_version": __version__,
        "case_id": case_id,
        "criteria": {
            "title": criteria.title,
            "source": criteria.source,
            "verified": criteria.verified,
            "sha256": sha256,
        },
        "overall": answer,
        "met_means": "the condition for inclusion holds; of a reason for exclusion, "
        "that it is absent",
        "failed": [one.criterion.id for one in judged if one.answer == "failed"],
        "unknown": [one.criterion.id for one in judged if one.answer == "unknown"],
        "not_used": list(not_used),
        "results": judged_documents(judged),
    }


def judged_documents(judged: Sequence[Judged]) -> list[dict[str, Any]]:
    """Each criterion with its answer, value and bound."""
    return [
        {
            "id": one.criterion.id,
            "kind": one.criterion.kind,
            "must_hold": one.criterion.must_hold,
            "result": one.answer,
            "why": one.why or None,
            "name": one.criterion.value,
            "value": one.value,
            "operator": one.criterion.operator,
            "bound": one.criterion.bound,
            "unit": "x ULN" if one.criterion.of_uln else one.criterion.unit or None,
            "value_as_written": one.given.written if one.given else None,
            "uln_as_written": (one.given.uln_written or None) if one.given else None,
        }
        for one in judged
    ]


def eligibility_screen(document: dict[str, Any]) -> Screen:
    """A line a criterion, and what they say together, for a terminal."""
    criteria = document["criteria"]
    verified = "" if criteria["verified"] else " (not verified)"
    unused = document["not_used"]
    return Screen(
        [
            f"Eligibility by {criteria['title']}{verified}",
            f"source: {criteria['source']}",
            "",
            judged_table(document["results"]),
            "",
            f"By these criteria: {document['overall'].upper()}{_reasons(document)}",
            f"Met means that {document['met_means']}",
        ],
        remarks=[f"not asked for: {', '.join(unused)}"] if unused else [],
    )


def _reasons(document: dict[str, Any]) -> str:
    parts = [
        f"{word} {', '.join(document[key])}"
        for word, key in (("failed", "failed"), ("not known", "unknown"))
        if document[key]
    ]
    return f" ({'; '.join(parts)})" if parts else ""


def judged_table(results: Sequence[dict[str, Any]]) -> str:
    """Criteria as rows, the answer first.

    >>> print(judged_table([{"id": "age", "kind": "exclusion", "result": "met",
    ...     "must_hold": "age above 18 years", "why": None, "value": 54.0,
    ...     "operator": ">", "bound": 18.0, "unit": "years", "uln_as_written": None,
    ...     "value_as_written": "54"}]))
    result  criterion  must hold           value     bound
    met     age        age above 18 years  54 years  above 18 years
    """
    rows = [
        [
            one["result"],
            one["id"],
            one["must_hold"],
            one["why"] if one["value"] is None else _value(one),
            _bound(one),
        ]
        for one in results
    ]
    return table(
        ["result", "criterion", "must hold", "value", "bound"], rows, left=True
    )


def _value(one: dict[str, Any]) -> str:
    if isinstance(one["value"], bool):
        return f"{one['name']}: {'yes' if one['value'] else 'no'}"
    as_written = f" ({one['value_as_written']} of {one['uln_as_written']})"
    of_uln = as_written if one["unit"] == "x ULN" else ""
    return f"{_number(one['value'])}{_unit(one)}{of_uln}"


def _bound(one: dict[str, Any]) -> str:
    if isinstance(one["bound"], bool):
        return "yes" if one["bound"] else "no"
    return f"{_OPERATORS[one['operator']]} {_number(one['bound'])}{_unit(one)}"


def _unit(one: dict[str, Any]) -> str:
    return f" {one['unit']}" if one["unit"] and one["unit"] != "1" else ""


def _number(value: float) -> str:
    """At most five digits that count, without zeros that say nothing."""
    text = significant(value, 5)
    return text.rstrip("0").rstrip(".") if "." in text else text
