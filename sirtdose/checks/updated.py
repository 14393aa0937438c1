"""A plan that is computed again for what the day of treatment brings."""

from collections.abc import Mapping, Sequence

from sirtdose.checks.scout import catheter_findings
from sirtdose.model.finding import Finding, Severity
from sirtdose.model.guard_rails import rail
from sirtdose.model.rounded import amount

_BY_SCOUT = ("partition", "image")


def update_findings(
    *,
    planned_gbq: Mapping[str, float],
    now_gbq: Mapping[str, float],
    method: str,
    same_catheter: bool | None,
    not_predicted: Sequence[str],
) -> list[Finding]:
    """All that is to be said of what changed since the plan."""
    return [
        *_activity_findings(planned_gbq, now_gbq),
        *(
            catheter_findings(same_catheter=same_catheter)
            if method in _BY_SCOUT
            else ()
        ),
        *_goal_findings(not_predicted),
    ]


def draft_findings(status: str) -> list[Finding]:
    """Update of a plan that nobody approved (H02)."""
    if status == "approved":
        return []
    return [
        Finding.of(
            "H02",
            f"the plan is a {status}: approve it with `sirtdose plan approve`, or give "
            "the approved one",
            severity=Severity.ASK,
            subject="the plan",
            accepted=f"the update is compared with the {status}",
        )
    ]


def map_findings(why: str) -> list[Finding]:
    """Update of a plan by an image that has no dose map (H02)."""
    if not why:
        return []
    said = (
        f"the update has no dose map to compare with after treatment: {why}; "
        "`sirtdose plan image --activity` writes one"
    )
    return [Finding.of("H02", said, severity=Severity.NOTE)]


def _activity_findings(
    planned_gbq: Mapping[str, float], now_gbq: Mapping[str, float]
) -> list[Finding]:
    """Activity on the day that differs from the planned activity (H08)."""
    found = []
    for name, planned in planned_gbq.items():
        off = now_gbq[name] / planned - 1
        said = (
            f"'{name}': {amount(now_gbq[name])} will be injected, "
            f"{round(off, 3) + 0:+.1%} of the {amount(planned)} planned"
        )
        if abs(off) >= rail("delivered_activity", "reportable"):
            said += ": 20 % or more may be reportable"
        near = abs(off) <= rail("delivered_activity")
        severity = Severity.NOTE if near else Severity.WARN
        found.append(Finding.of("H08", said, severity=severity, subject=name))
    return found


def _goal_findings(names: Sequence[str]) -> list[Finding]:
    """Goals that only the image gives for the activities of the day (H24)."""
    if not names:
        return []
    return [
        Finding.of(
            "H24",
            f"{', '.join(names)} cannot be predicted from plan.json for these "
            "activities: plan again with `sirtdose plan image --activity` to know them",
        )
    ]
