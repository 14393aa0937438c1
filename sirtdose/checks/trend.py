"""Ratios of calibrations over many cases: control limits, runs and drift (H13)."""

from sirtdose.dosimetry.image.calibration_trend import (
    CASES_MIN,
    LIMIT_SPREADS,
    RUN,
    RatioOfCase,
    Trend,
)
from sirtdose.model.finding import Bound, Finding, Severity

_NAMED_MAX = 12
_CHECK = "check camera factor, dose calibrator, residual and dead time"


def trend_findings(trend: Trend) -> list[Finding]:
    """All that a control chart of calibration ratios shows (H13)."""
    if trend.needed:
        return too_few_findings(trend)
    return [
        *outside_findings(trend),
        *run_findings(trend),
        *drift_findings(trend),
        *spread_findings(trend),
    ]


def too_few_findings(trend: Trend) -> list[Finding]:
    """Too few cases for control limits (H13)."""
    count = len(trend.cases)
    said = (
        f"{trend.name}: {count} case{'s' * (count != 1)}, and limits need "
        f"{CASES_MIN}: {trend.needed} more"
    )
    return [Finding.of("H13", said, severity=Severity.NOTE, subject=trend.name)]


def outside_findings(trend: Trend) -> list[Finding]:
    """Cases whose calibration ratio lies outside the control limits (H13)."""
    if trend.limits is None:
        return []
    low, high = trend.limits
    return [
        Finding.of(
            "H13",
            f"{trend.name}: case '{one.key}' has a ratio of {one.ratio:.3f}, outside "
            f"the control limits of {low:.3f} to {high:.3f}",
            severity=Severity.WARN,
            subject=one.key,
            value=one.ratio,
            bound=Bound(
                low if one.ratio < low else high,
                "",
                f"median and {LIMIT_SPREADS:g} robust standard deviations of "
                f"{len(trend.cases)} cases",
            ),
            remedy=_CHECK,
        )
        for one in trend.outside
    ]


def run_findings(trend: Trend) -> list[Finding]:
    """Consecutive cases on one side of the median (H13).

    One that ends with the last case warns; an earlier one is noted.
    """
    last = trend.run
    if len(last) >= RUN:
        return [_run_finding(trend, last, latest=True)]
    longest = trend.longest_run
    if len(longest) >= RUN:
        return [_run_finding(trend, longest, latest=False)]
    return []


def _run_finding(
    trend: Trend, run: tuple[RatioOfCase, ...], *, latest: bool
) -> Finding:
    """The run of cases on one side of the median (H13)."""
    side = "above" if run[0].ratio > trend.median else "below"
    which = f"the last {len(run)} cases" if latest else f"{len(run)} earlier cases"
    return Finding.of(
        "H13",
        f"{trend.name}: {which} lie {side} the median of {trend.median:.3f}, "
        f"'{run[0].key}' to '{run[-1].key}'",
        severity=Severity.WARN if latest else Severity.NOTE,
        subject=trend.name,
        value=float(len(run)),
        bound=Bound(RUN, "cases", "our choice; Western Electric takes 8"),
        remedy=f"has the factor shifted? {_CHECK[0].upper()}{_CHECK[1:]}"
        if latest
        else "",
    )


def drift_findings(trend: Trend) -> list[Finding]:
    """Calibration ratio that changes with time (H13)."""
    drift, of = trend.drift, trend.median
    if drift is None:
        return [
            Finding.not_checked(
                "H13",
                f"{trend.name}: drift",
                needs=f"{CASES_MIN} cases with the date of their scan, of more than "
                f"one day; there are {len(trend.dated)}",
            )
        ]
    said = (
        f"{trend.name}: the ratio changes by {drift.per_month / of:+.2%} in a month "
        f"(95 % interval {drift.low / of:+.2%} to {drift.high / of:+.2%})"
    )
    if not drift.significant:
        return [Finding.of("H13", said, severity=Severity.NOTE, subject=trend.name)]
    return [
        Finding.of(
            "H13",
            said,
            severity=Severity.WARN,
            subject=trend.name,
            value=drift.per_month,
            bound=Bound(0.0, "in a month", "no drift"),
            remedy=_CHECK,
        )
    ]


def spread_findings(trend: Trend) -> list[Finding]:
    """Half of the cases have one ratio, so no limits can be drawn (H13)."""
    if trend.deviation > 0:
        return []
    said = (
        f"{trend.name}: half of the cases have the same ratio, {trend.median:.4g}, so "
        "no limits are drawn"
    )
    return [
        Finding.of(
            "H13",
            said,
            severity=Severity.WARN,
            subject=trend.name,
            remedy="is it one scan under several names?",
        )
    ]


def unused_findings(unused: dict[str, str]) -> list[Finding]:
    """Cases that cannot be on the chart (H13)."""
    by_reason: dict[str, list[str]] = {}
    for key, why in unused.items():
        by_reason.setdefault(why, []).append(key)
    found = []
    for why, keys in by_reason.items():
        more = f" and {len(keys) - _NAMED_MAX} more" if len(keys) > _NAMED_MAX else ""
        names = ", ".join(keys[:_NAMED_MAX])
        said = f"not on the chart: {names}{more}: {why}"
        found.append(Finding.of("H13", said, severity=Severity.NOTE))
    return found
