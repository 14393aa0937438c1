"""Findings on pages: questions apart from warnings, accepted ones no open questions."""

from typing import Any

from sirtdose.report.findings import (
    accepted_limits,
    answered,
    count_words,
    first_page,
    in_short,
    limit_accepted,
)


def said(severity: str, code: str = "H20", **own: Any) -> dict[str, Any]:
    usual = {"message": "small", "subject": "", "bound": None, "remedy": ""}
    return {"severity": severity, "code": code, **usual, **own}


PASSED = said("ask", "H42", subject="normal perfused", bound=40.0, message="60 Gy")
OTHER = said("ask", "H42", subject="whole liver", bound=50.0, message="70 Gy")
YES = {"code": "H42", "subject": "normal perfused", "reason": "segment only"}


def test_questions_and_warnings_are_counted_apart() -> None:
    findings = [PASSED, *(said("warn") for _ in range(6)), said("note")]
    assert count_words(findings, []) == "1 question, 6 warnings"
    assert count_words(findings, [YES]) == "1 accepted, 6 warnings"
    assert count_words([said("note")], []) == "No warnings"


def test_each_question_has_its_own_answer() -> None:
    found = answered([said("warn"), PASSED, OTHER], [YES], by="A. Physicist")
    assert [one["severity"] for one in found] == ["ask", "accepted", "warn"]
    assert found[0]["subject"] == "whole liver"
    assert (found[1]["reason"], found[1]["by"]) == ("segment only", "A. Physicist")
    assert found[2]["reason"] == ""


def test_an_answer_without_a_name_is_to_the_only_question() -> None:
    yes = {"code": "H42", "subject": "", "reason": "segment only"}
    [one] = answered([PASSED], [yes])
    assert one["severity"] == "accepted"
    both = answered([PASSED, OTHER], [yes])
    assert [one["severity"] for one in both] == ["ask", "ask"]


def test_only_a_limit_that_is_not_met_was_accepted() -> None:
    subjects = accepted_limits({"warnings": [PASSED, OTHER], "accepted": [YES]})
    assert subjects == {"normal perfused"}
    limit = {"name": "normal", "value_of": "normal perfused", "met": False}
    assert limit_accepted(limit, subjects)
    assert not limit_accepted({**limit, "met": True}, subjects)
    assert not limit_accepted({**limit, "value_of": "whole liver"}, subjects)


def test_limits_accepted_for_one_reason_are_told_as_one() -> None:
    more = {**YES, "subject": "whole liver"}
    [one] = in_short(answered([PASSED, OTHER], [YES, more]))
    assert one["message"].startswith("normal perfused liver (40 Gy), whole liver (50")
    assert (one["count"], one["reason"]) == (2, "segment only")
    two = in_short(answered([PASSED, OTHER], [YES, {**more, "reason": "small"}]))
    assert [each["reason"] for each in two] == ["segment only", "small"]


def test_page_one_holds_the_gravest_and_the_rest_follows_in_order() -> None:
    long = [said("warn", f"H{20 + n}", message="x" * 300) for n in range(12)]
    asks = [said("ask", f"H{50 + n}", message="y" * 300) for n in range(8)]
    first, rest = first_page(answered([*long, *asks, said("note")], []), 8)
    assert [one["code"] for one in first] == [f"H{50 + n}" for n in range(8)]
    assert [one["code"] for one in rest] == [f"H{20 + n}" for n in range(12)]
    first, rest = first_page(answered(long[:2], []), 8)
    assert (len(first), len(rest)) == (2, 0)
