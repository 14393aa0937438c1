"""Vials as ordered, compared with the planned injections."""

from collections.abc import Mapping, Sequence
from itertools import combinations

from sirtdose.checks.activity import mixed_units_finding
from sirtdose.checks.vials import order_severity
from sirtdose.model.finding import Finding, Severity
from sirtdose.model.names import by_own_names

_ASK_ABOVE = 0.10
_SAME_ORDER = 0.005


def order_findings(
    ordered_gbq: Mapping[str, float],
    planned_gbq: Mapping[str, float],
    *,
    part_is_drawn: bool = False,
) -> list[Finding]:
    """Ordered activity at use that differs from the plan, by injection (H03 to H05).

    Parameters
    ----------
    ordered_gbq : mapping
        Activity of each vial at the time of use.
    planned_gbq : mapping
        Activity to draw up for each injection.
    part_is_drawn : bool
        Whether only part of a vial is drawn (resin): it may then contain more.

    Raises
    ------
    InputError
        If an order names no injection of the plan.

    Examples
    --------
    10 GBq are ordered for each of two injections, but one needs only 3 GBq.

    >>> found = order_findings({"right": 10.0, "left": 10.0},
    ...                        {"right": 10.0, "left": 3.0})
    >>> [(one.code, str(one.severity)) for one in found]
    [('H03', 'note'), ('H03', 'stop'), ('H04', 'warn'), ('H04', 'stop')]
    """
    ordered_gbq = by_own_names(
        ordered_gbq, planned_gbq, "'{}' is ordered, but is not an injection of the plan"
    )
    findings = [
        finding
        for name, gbq in ordered_gbq.items()
        for finding in _one(name, gbq, planned_gbq[name], part_is_drawn=part_is_drawn)
    ]
    findings += [
        Finding.of(
            "H04",
            f"'{a}' and '{b}' are ordered with the same activity, {x:.4g} GBq: was "
            "one order form used twice?",
        )
        for (a, x), (b, y) in combinations(ordered_gbq.items(), 2)
        if abs(x - y) <= _SAME_ORDER * max(x, y) and not part_is_drawn
    ]
    total, wanted = sum(ordered_gbq.values()), sum(planned_gbq.values())
    if total > wanted * (1 + _ASK_ABOVE) and not part_is_drawn:
        findings.append(
            Finding.of(
                "H04",
                f"{total:.4g} GBq are ordered in total, but the plan has {wanted:.4g} "
                "GBq",
                severity=Severity.STOP,
            )
        )
    missing = [name for name in planned_gbq if name not in ordered_gbq]
    if missing:
        findings.append(
            Finding.of("H04", f"no activity is ordered for {', '.join(missing)}")
        )
    return findings


def _one(
    name: str, gbq: float, wanted_gbq: float, *, part_is_drawn: bool
) -> list[Finding]:
    """Ordered activity that differs from the activity to draw up by more than 10 %."""
    off = gbq / wanted_gbq - 1
    said = (
        f"'{name}' is ordered with {gbq:.4g} GBq at use, {off:+.1%} from the "
        f"{wanted_gbq:.4g} GBq to draw up"
    )
    severity = order_severity(-off if part_is_drawn else abs(off))
    mixed = mixed_units_finding(
        gbq, wanted_gbq, f"order and plan of '{name}'", subject=name
    )
    found = Finding.of("H03", said, severity=severity, subject=name)
    return [found, *([mixed] if mixed else [])]


def unapproved_findings(status: str, unmet: Sequence[Finding] = ()) -> list[Finding]:
    """Vials for a plan that is not approved (H04), or that passes a limit (H42)."""
    if status == "approved":
        return []
    said = f"the plan is {status}: approve it with `sirtdose plan approve`"
    return [
        Finding.of("H04", said, severity=Severity.NOTE),
        *(
            Finding.of(
                one.code,
                f"the plan cannot be approved, as nobody accepted this: {one.message}",
                severity=Severity.WARN,
                subject=one.subject,
            )
            for one in unmet
        ),
    ]
