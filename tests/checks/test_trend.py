"""Control charts of calibration ratios: limits, runs, drift, by hand."""

from datetime import datetime, timedelta

import pytest

from sirtdose.checks.trend import trend_findings, unused_findings
from sirtdose.dosimetry.image.calibration_trend import (
    RatioOfCase,
    Trend,
    ratio_standard,
)
from sirtdose.model.finding import Severity

START = datetime(2026, 1, 5, 9)
# Median 1.00, deviations 0.01 0.02 0.03 0.04 twice each: their median is 0.025.
STEADY = (0.99, 1.02, 0.97, 1.04, 1.01, 0.98, 1.03, 0.96)


def trend(ratios: tuple[float, ...], days: float | None = 14) -> Trend:
    """Cases c0, c1 ... so many days apart, or without a date."""
    cases = [
        RatioOfCase(f"c{n}", one, START + timedelta(days=days * n) if days else None)
        for n, one in enumerate(ratios)
    ]
    return Trend.of_cases(cases, camera="room 2", of="SPECT")


def warned(found: Trend) -> list[str]:
    return [
        one.message for one in trend_findings(found) if one.severity is Severity.WARN
    ]


def test_limits_are_three_robust_standard_deviations_from_the_median() -> None:
    found = trend(STEADY)
    # 1.4826 x 8 / 7.2 x 0.025 = 0.0411833; three of them 0.12355.
    assert found.median == pytest.approx(1.0)
    assert found.spread == pytest.approx(0.0411833, rel=1e-5)
    assert found.limits == pytest.approx((0.87645, 1.12355), abs=1e-5)
    assert warned(found) == []


def test_a_case_outside_is_named_and_moves_no_limit() -> None:
    # Nine: the median is 1.01, deviations 0 .01 .02 .02 .03 .03 .04 .05 .49: 0.03.
    found = trend((*STEADY, 1.5))
    assert found.median == pytest.approx(1.01)
    assert found.spread == pytest.approx(1.4826 * 9 / 8.2 * 0.03)
    [said] = warned(found)
    assert "case 'c8' has a ratio of 1.500, outside" in said
    assert "0.864 to 1.156" in said


def test_fewer_than_eight_cases_say_how_many_more() -> None:
    [one] = trend_findings(trend(STEADY[:5]))
    assert one.severity is Severity.NOTE
    assert one.message == "room 2, SPECT: 5 cases, and limits need 8: 3 more"
    assert trend(STEADY[:7]).limits is None


def test_seven_in_a_row_on_one_side_warn_where_the_last_case_is_among_them() -> None:
    low, high = (tuple(one + 0.01 * n for n in range(7)) for one in (0.91, 1.03))
    # Seven below, one at the median, seven above: the median is 1.
    found = trend((*low, 1.0, *high))
    [said] = [one for one in warned(found) if "lie" in one]
    assert "the last 7 cases lie above the median of 1.000, 'c8' to 'c14'" in said
    # One more below: the median is (0.97 + 1) / 2 = 0.985, and 8 lay above it before.
    ended = trend((*low, 1.0, *high, 0.9))
    assert not [one for one in warned(ended) if "lie" in one]
    [noted] = [one for one in trend_findings(ended) if "lie" in one.message]
    assert noted.severity is Severity.NOTE
    assert "8 earlier cases lie above the median of 0.985, 'c7' to 'c14'" in (
        noted.message
    )
    # Six are no run.
    assert not [
        one
        for one in trend_findings(trend((*low[:6], *high[:6])))
        if "lie" in one.message
    ]


def test_a_steady_fall_is_a_drift() -> None:
    # 0.01 every month exactly: every slope is -0.01, and so is their interval.
    month = 365.25 / 12
    found = trend(tuple(1.0 - 0.01 * n for n in range(9)), days=month)
    assert found.drift is not None
    assert found.drift.per_month == pytest.approx(-0.01)
    assert (found.drift.low, found.drift.high) == pytest.approx((-0.01, -0.01))
    # Of the median 0.96: -1.04 % in a month.
    [said] = [one for one in warned(found) if "in a month" in one]
    assert "changes by -1.04% in a month" in said


def test_no_drift_is_noted_and_without_dates_it_is_not_checked() -> None:
    said = [one.message for one in trend_findings(trend(STEADY))]
    assert any("in a month (95 % interval" in one for one in said)
    [last] = [one.message for one in trend_findings(trend(STEADY, days=None))]
    assert "drift not checked: needs 8 cases with the date" in last
    assert trend(STEADY, days=0.01).drift is None


def test_half_of_the_cases_alike_give_no_limits() -> None:
    found = trend((1.0,) * 6 + (0.9, 1.1))
    assert found.limits is None
    assert any("have the same ratio, 1, so no limits" in one for one in warned(found))


def test_cases_on_no_chart_are_named_by_their_reason() -> None:
    [one] = unused_findings({"a": "no factor", "b": "no factor"})
    assert one.message == "not on the chart: a, b: no factor"


def test_the_own_uncertainty_of_a_ratio() -> None:
    # 5 % of 2 GBq and 20 % of 0.4 GBq: sqrt(0.01 + 0.0064) = 0.128062 of 1.6 GBq:
    # 0.080039. Shunt 10 % to 30 %: 0.03 / 0.9 = 0.033333. Factor 3 %.
    # sqrt(0.0064062 + 0.0011111 + 0.0009) = 0.0917460.
    found = ratio_standard(
        administered_gbq=2.0,
        residual_gbq=0.4,
        lung_shunt_fraction=0.1,
        components={
            "administered": 0.05,
            "residual": 0.2,
            "lung_shunt": 0.3,
            "factor": 0.03,
        },
    )
    assert found == pytest.approx(0.0917460, rel=1e-5)
