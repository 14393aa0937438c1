"""Lesions from visit to visit: what is asked, and what is said."""

from datetime import date

import pytest

from sirtdose.checks import lesions as checks
from sirtdose.model.finding import Finding, Severity
from sirtdose.model.history import Match, Visit

JUNE = Visit("follow-up 1", "follow-up", date(2026, 6, 1))


def one_of(found: list[Finding], severity: Severity, code: str = "H48") -> str:
    [one] = found
    assert (one.code, one.severity) == (code, severity)
    return one.message


def test_only_doubtful_matches_ask() -> None:
    sure, doubtful = Match("T1", "A", "overlap"), Match("T2", "B", "place", doubt="far")
    said = one_of(checks.match_findings(JUNE, [sure, doubtful]), Severity.ASK)
    assert said.startswith("is 'B' of follow-up 1 'T2'? Far. If it is 'T2', give")
    assert '--match "T2=follow-up 1:B"; if it is new, --new "follow-up 1:B"' in said
    assert said.endswith("If accepted, it is taken as 'T2'")


def test_a_new_one_on_another_asks() -> None:
    match = Match("B", "B", "new", doubt="it lies on 'T1'")
    said = one_of(checks.match_findings(JUNE, [match]), Severity.ASK)
    assert 'give --new "follow-up 1:B"' in said


def test_new_and_gone_are_said_once_a_visit() -> None:
    assert checks.new_lesion_findings(JUNE, []) == []
    assert checks.gone_findings(JUNE, []) == []
    said = one_of(checks.new_lesion_findings(JUNE, ["B", "A"]), Severity.WARN)
    assert said == "new at follow-up 1: 'B', 'A', in none of the visits before"
    said = one_of(checks.gone_findings(JUNE, ["T3"]), Severity.WARN)
    assert said.startswith("not at follow-up 1: 'T3'")


def test_a_name_of_a_table_alone_asks() -> None:
    found = checks.unmatched_findings("mm.csv", {"S4": '"T1=S4"'})
    assert '--match "T1=S4"' in one_of(found, Severity.ASK)


@pytest.mark.parametrize(("day", "asks"), [(1, False), (2, False), (3, True)])
def test_a_baseline_is_not_after_treatment(day: int, asks: bool) -> None:
    treated = date(2026, 3, 2)
    found = checks.baseline_findings("mrecist", date(2026, 3, day), treated)
    assert bool(found) is asks
    if asks:
        assert "is 1 days after" not in one_of(found, Severity.ASK)


def test_another_date_in_the_file_asks() -> None:
    assert checks.date_findings(JUNE, None) == []
    assert checks.date_findings(JUNE, date(2026, 6, 1)) == []
    said = one_of(checks.date_findings(JUNE, date(2026, 7, 1)), Severity.ASK)
    assert "given as of 2026-06-01, but its file states 2026-07-01" in said


def test_no_sum_is_noted_with_its_reason() -> None:
    assert checks.sum_findings("") == []
    assert "other frames" in one_of(checks.sum_findings("other frames"), Severity.NOTE)


def test_an_unknown_patient_is_noted() -> None:
    assert checks.patient_unknown_findings([]) == []
    found = checks.patient_unknown_findings(["plan", "follow-up 1"])
    said = one_of(found, Severity.NOTE, "H01")
    assert said.startswith("patient of plan, follow-up 1 not checked")


def test_plans_with_two_keys_are_of_two_patients() -> None:
    assert checks.key_findings([("plan 1", "D-2"), ("plan 2", "D-2")]) == []
    [one] = checks.key_findings([("plan 1", "D-2"), ("plan 2", "D-3")])
    assert one.code == "H01"
    assert one.severity in (Severity.STOP, Severity.ASK)


def test_a_treatment_by_another_plan_asks() -> None:
    assert checks.other_plan_findings([], {"treatment": "ab"}) == []
    assert checks.other_plan_findings(["ab"], {"treatment": "ab"}) == []
    found = checks.other_plan_findings(["cd"], {"treatment": "ab"})
    assert one_of(found, Severity.ASK).startswith("treatment was compared with another")


def test_a_treatment_without_its_record_is_warned_of() -> None:
    assert checks.unrecorded_findings("a/post.json", "") == []
    found = checks.unrecorded_findings("a/post.json", "no run.json")
    assert "cannot be checked" in one_of(found, Severity.WARN, "H02")
