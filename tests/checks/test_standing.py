"""Results of one treatment that contradict each other."""

from datetime import UTC, date, datetime, timedelta, timezone

import pytest

from sirtdose.checks import standing
from sirtdose.model.finding import Severity

MORNING = datetime(2026, 3, 2, 9, tzinfo=UTC)
DAY = date(2026, 3, 2)


def test_results_of_two_patients_stop() -> None:
    [found] = standing.several_people_findings(2)
    assert (found.code, found.severity) == ("H01", Severity.STOP)
    assert "name 2 patients" in found.message
    assert standing.several_people_findings(1) == []


@pytest.mark.parametrize(("same", "severity"), [(True, "stop"), (False, "warn")])
def test_two_approved_plans(same: bool, severity: str) -> None:
    [found] = standing.rival_plans_findings(
        ["a/plan.json", "b/plan.json"], same_patient=same
    )
    assert (found.code, str(found.severity)) == ("H02", severity)
    assert "a/plan.json, b/plan.json" in found.message
    assert standing.rival_plans_findings(["a/plan.json"], same_patient=same) == []


def test_a_plan_approved_after_its_treatment() -> None:
    late = MORNING + timedelta(minutes=1)
    [found] = standing.approved_late_findings(late, MORNING, "plan.json")
    assert (found.code, found.severity) == ("H02", Severity.ASK)
    assert standing.approved_late_findings(MORNING, MORNING, "plan.json") == []
    assert standing.approved_late_findings(None, MORNING, "plan.json") == []
    assert standing.approved_late_findings(late, None, "plan.json") == []


def test_times_in_other_zones_are_one_moment() -> None:
    # 09:30 in Brussels is before 09:00 UTC.
    brussels = datetime(2026, 3, 2, 9, 30, tzinfo=timezone(timedelta(hours=1)))
    assert standing.approved_late_findings(brussels, MORNING, "plan.json") == []
    # Without a zone only another day is later.
    bare = datetime(2026, 3, 2, 23)
    assert standing.approved_late_findings(bare, MORNING, "plan.json") == []
    next_day = bare + timedelta(days=1)
    assert standing.approved_late_findings(next_day, MORNING, "plan.json")


@pytest.mark.parametrize(("same", "severity"), [(True, "stop"), (False, "warn")])
def test_a_post_with_another_plan(same: bool, severity: str) -> None:
    [found] = standing.other_plan_findings(
        "post.json", "old.json", "new.json", same_patient=same
    )
    assert (found.code, str(found.severity)) == ("H02", severity)
    assert found.message == (
        "post.json was assessed with old.json, but new.json is the approved plan"
    )


def test_an_order_of_a_draft() -> None:
    [found] = standing.ordered_before_approval_findings("order.json")
    assert (found.code, found.severity) == ("H04", Severity.WARN)


@pytest.mark.parametrize(
    ("ordered", "given", "part", "severity"),
    [
        (2.0, 2.19, False, None),
        (2.0, 2.22, False, "ask"),
        (2.0, 1.78, False, "ask"),
        (2.0, 2.42, False, "stop"),
        # Of resin less than the vial holds is drawn; never more.
        (3.0, 1.2, True, None),
        (3.0, 3.4, True, "ask"),
        (0.0, 1.2, False, None),
    ],
)
def test_given_and_ordered(
    ordered: float, given: float, part: bool, severity: str | None
) -> None:
    found = standing.given_findings(
        {"right": ordered}, {"Right ": given}, part_is_drawn=part
    )
    assert [(one.code, str(one.severity)) for one in found] == (
        [("H03", severity)] if severity else []
    )


def test_an_injection_that_was_not_ordered_is_not_compared() -> None:
    assert (
        standing.given_findings({"right": 2.0}, {"left": 3.0}, part_is_drawn=False)
        == []
    )


def test_two_records_of_one_treatment() -> None:
    near = standing.two_records_findings({"a": 2.0, "b": 2.1})
    assert [(one.code, one.severity) for one in near] == [("H08", Severity.WARN)]
    far = standing.two_records_findings({"a": 2.0, "b": 2.5})
    assert [(one.code, one.severity) for one in far] == [("H08", Severity.ASK)]
    assert standing.two_records_findings({"a": 2.0, "b": 2.005}) == []


def test_a_follow_up_before_its_treatment() -> None:
    days = [DAY, DAY - timedelta(days=30), DAY + timedelta(days=30)]
    found = standing.early_follow_up_findings(days, DAY, "lesions.json")
    assert [(one.code, one.severity) for one in found] == [("H09", Severity.ASK)] * 2
    assert standing.early_follow_up_findings(days, None, "lesions.json") == []


def test_a_shunt_that_the_plan_has_otherwise() -> None:
    [found] = standing.other_shunt_findings(0.12, 0.05, "lsf.json")
    assert (found.code, found.severity) == ("H22", Severity.WARN)
    assert "5.0%" in found.message
    assert "12.0%" in found.message
    # One percent more, or a quarter of it, may be another region drawn.
    assert standing.other_shunt_findings(0.058, 0.05, "lsf.json") == []
    assert standing.other_shunt_findings(0.12, 0.10, "lsf.json") == []
